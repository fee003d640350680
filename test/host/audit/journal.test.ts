import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TrailEntry } from '../../../host/audit/entries.ts';
import { type JournalFiles, nodeFiles } from '../../../host/audit/files.ts';
import { segmentNumbers } from '../../../host/audit/segments.ts';
import { segmentPath } from './forgetful-files.ts';
import { alert, codeOf, foldPlainly, freshFolder, type ListState, open, readPlainly } from './plain-trail.ts';

let folder: string;
beforeEach(() => {
  folder = freshFolder();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const segments = () =>
  segmentNumbers(readdirSync(join(folder, 'trail'))).map((number) => readFileSync(segmentPath(folder, number)));
const plain = () => readPlainly(segments());

describe('a journal', () => {
  it('writes the lines that docs/trail.md describes', async () => {
    const { journal, state } = await open(folder);
    await journal.transact(() => [alert('a'), alert('b')], 'durable');
    await journal.close();
    const records = plain();
    expect(records.map(({ seq, kind }) => `${seq} ${kind}`)).toEqual(['1 segment', '2 opened', '3 alert', '4 alert', '5 closed']);
    expect(records[0]).toMatchObject({ format: 1, number: 1, previous: { seq: 0, link: '0'.repeat(64) }, state: [] });
    expect(records[1]).toMatchObject({ writer: journal.writer, pid: process.pid, version: '1', at: 1_767_225_600_000 });
    expect(foldPlainly(records)).toEqual(state.seen);
    const [line] = segments()[0]!.toString().split('\n').slice(2);
    expect(line).toMatch(/^\{"seq":3,"at":1767225600000,"kind":"alert",.*,"link":"[0-9a-f]{64}"\}$/);
  });

  it('is private: folders 0700, files 0600', async () => {
    const below = join(folder, 'a', 'b');
    const { journal } = await open(below);
    const mode = (...path: string[]) => statSync(join(below, ...path)).mode & 0o777;
    expect([mode(), mode('trail'), mode('writers')]).toEqual([0o700, 0o700, 0o700]);
    expect([mode('trail', '000001.jsonl'), mode('lock.db'), mode('writers', journal.writer)]).toEqual([0o600, 0o600, 0o600]);
    await journal.close();
  });

  it('refuses a folder that others may write to, and one that is none', async () => {
    const { chmodSync } = await import('node:fs');
    chmodSync(folder, 0o777);
    await expect(open(folder)).rejects.toMatchObject({
      code: 'failed/audit-unavailable',
      help: expect.stringContaining('chmod'),
    });
    writeFileSync(join(folder, 'file'), '');
    await expect(open(join(folder, 'file', 'x'))).rejects.toMatchObject({ code: 'failed/audit-unavailable' });
  });

  it('keeps hostile text in its record: one line for every reader, and the same text again', async () => {
    const text = 'x\n{"seq":9,"decision":"allow"}\r\n\u2028\u2029\u0085\u007f\u0000\u001b[2J\ud800 ","link":"00"}';
    const { journal } = await open(folder);
    await journal.transact(() => [alert('a', text)], 'durable');
    await journal.close();
    const [segment] = segments();
    const lines = segment!.toString('utf8').split(/[\n\r\v\f\x1c-\x1e\u0085\u2028\u2029]/);
    expect(lines).toHaveLength(5);
    expect(segment!.toString('utf8')).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
    expect(plain()[2]).toMatchObject({ rule: text });
    expect((await open(folder)).state.alerts).toEqual(['a']);
  });

  it('keeps the instant of an entry that has one, once', async () => {
    const { journal } = await open(folder);
    await journal.transact(() => [{ kind: 'approval', event: 'expired', approval: 'p', at: 7 }], 'durable');
    await journal.close();
    expect(segments()[0]!.toString()).toContain('{"seq":3,"at":7,"kind":"approval","event":"expired","approval":"p","link"');
  });

  it('builds in order, each on what those before it recorded, and appends nothing of one that throws', async () => {
    const { journal, state } = await open(folder);
    const counts: number[] = [];
    const counting = (name: string) => () => {
      counts.push(state.alerts.length);
      return [alert(name)];
    };
    const wrong = journal.transact(() => {
      throw new Error('no');
    }, 'durable');
    const unwritable = journal.transact(() => [alert('x'), { kind: 'alert', big: 1n } as unknown as TrailEntry], 'durable');
    const reserved = journal.transact(() => [alert('x'), { ...alert('y'), link: '' } as unknown as TrailEntry], 'durable');
    const good = ['a', 'b', 'c'].map((name) => journal.transact(counting(name), 'durable'));
    await expect(wrong).rejects.toThrow('no');
    await expect(unwritable).rejects.toThrow('BigInt');
    expect(await codeOf(reserved)).toBe('internal/invariant');
    await Promise.all(good);
    await journal.close();
    expect(counts).toEqual([0, 1, 2]);
    expect(foldPlainly(plain())).toEqual(state.seen);
    expect(state.alerts).toEqual(['a', 'b', 'c']);
  });

  it('ends: later calls are refused, what was begun is written, the lock of the writer is gone', async () => {
    const { journal } = await open(folder);
    const begun = journal.transact(() => [alert('a')], 'durable');
    const closed = journal.close();
    expect(journal.close()).toBe(closed);
    expect(await codeOf(journal.transact(() => [alert('b')], 'durable'))).toBe('usage/closed');
    await Promise.all([begun, closed]);
    expect(plain().at(-1)).toMatchObject({ kind: 'closed', writer: journal.writer });
    expect(readdirSync(join(folder, 'writers'))).toEqual([]);
  });
});

/** The real files; each sync is written down with the bytes that the file had when it began. */
function watched(events: string[]): JournalFiles {
  return {
    ...nodeFiles,
    open: (path) => {
      const file = nodeFiles.open(path);
      return {
        ...file,
        append: (bytes) => {
          events.push('write');
          file.append(bytes);
        },
        datasync: () => {
          events.push('sync');
          file.datasync();
        },
        datasyncLater: (done) => {
          events.push('sync');
          file.datasyncLater(done);
        },
      };
    },
  };
}

describe('the sync modes', () => {
  const durable = async (sync: 'each' | 'group' | 'os') => {
    const events: string[] = [];
    const { journal } = await open(folder, { sync, files: watched(events) });
    events.length = 0;
    await Promise.all([1, 2, 3, 4].map((name) => journal.transact(() => [alert(`${name}`)], 'durable')));
    const seen = events.join(' ');
    await journal.close();
    expect(plain()).toHaveLength(7);
    return seen;
  };

  it('each: one sync for each durable transaction, before the next is written', async () => {
    expect(await durable('each')).toBe('write sync write sync write sync write sync');
  });

  it('group: one write and one sync for all who ask at once', async () => {
    expect(await durable('group')).toBe('write sync');
  });

  it('each of them: whoever opens a trail syncs what others left', async () => {
    for (const sync of ['each', 'group', 'os'] as const) {
      const events: string[] = [];
      const { journal } = await open(folder, { sync, files: watched(events) });
      await journal.close();
      expect(events.slice(0, 2)).toEqual(['sync', 'write']);
    }
  });

  it('os: no sync until the end', async () => {
    expect(await durable('os')).toBe('write');
  });

  it('resolves `written` without any sync, and `durable` of nothing once what was seen is synced', async () => {
    const events: string[] = [];
    const { journal } = await open(folder, { files: watched(events) });
    events.length = 0;
    await journal.transact(() => [alert('a')], 'written');
    expect(events).toEqual(['write']);
    await journal.transact(() => [], 'durable');
    await journal.transact(() => [], 'durable');
    expect(events).toEqual(['write', 'sync']);
    await journal.close();
  });

  it('group: writes the next batch while a sync is under way, which does not vouch for it', async () => {
    const events: string[] = [];
    const { files, syncs, letGo } = held(() => events.push('sync'));
    const { journal } = await open(folder, { files });
    const durable = (name: string) => journal.transact(() => [alert(name)], 'durable').then(() => events.push(name));
    const first = [durable('a'), durable('b')];
    await until(() => syncs.length === 1);
    const next = [durable('c'), durable('d'), journal.transact(() => [alert('e')], 'written').then(() => events.push('e'))];
    await next[2];
    syncs[0]!();
    await until(() => syncs.length === 2);
    expect(events.splice(0)).toEqual(['sync', 'e', 'sync', 'a', 'b']);
    syncs[1]!();
    await Promise.all([...first, ...next]);
    expect(events).toEqual(['c', 'd']);
    letGo();
    await journal.close();
  });
});

/** The real files, whose syncs for many end when a test says so, until it lets go of them. */
function held(onSync: () => void = () => undefined): { files: JournalFiles; syncs: (() => void)[]; letGo(): void } {
  const syncs: (() => void)[] = [];
  let holds = true;
  const open = (path: string) => {
    const file = nodeFiles.open(path);
    const datasyncLater: typeof file.datasyncLater = (done) => {
      if (!holds) return file.datasyncLater(done);
      onSync();
      syncs.push(() => done(null));
    };
    return { ...file, datasyncLater };
  };
  const letGo = () => {
    holds = false;
  };
  return { files: { ...nodeFiles, open }, syncs, letGo };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(setImmediate);
}

describe('segments', () => {
  const small = { segmentBytesMax: 1000 };

  it('go on in the next file: chained, numbered, with the state carried over', async () => {
    const { journal, state } = await open(folder, small);
    for (let at = 0; at < 40; at += 1) await journal.transact(() => [alert(`${at}`)], at % 3 === 0 ? 'durable' : 'written');
    await journal.close();
    const files = segments();
    expect(files.length).toBeGreaterThan(5);
    const records = plain();
    const headers = records.filter(({ kind }) => kind === 'segment');
    headers.forEach((header, at) => {
      const previous = records[header.seq - 2];
      expect(header).toMatchObject({ number: at + 1, previous: { seq: header.seq - 1, link: previous?.link ?? '0'.repeat(64) } });
      expect(header.state).toEqual(foldPlainly(records.slice(0, header.seq - 1)));
    });
    expect(state.seen).toEqual(foldPlainly(records));
    const again = await open(folder, small);
    expect(again.state.seen.slice(0, state.seen.length)).toEqual(state.seen);
    await again.journal.close();
  });

  it('do not follow each other only since the state is large', async () => {
    const { journal } = await open(folder, small);
    for (let at = 0; at < 60; at += 1) await journal.transact(() => [alert(`${at}`)], 'written');
    await journal.close();
    expect(statSync(segmentPath(folder, segments().length)).size).toBeGreaterThan(1000);
    expect(segments().length).toBeLessThan(20);
  });

  it('are followed by other journals, and one that was never finished is made again', async () => {
    const one = await open(folder, small);
    const two = await open(folder, small);
    writeFileSync(`${segmentPath(folder, 2)}.new`, 'half a heade');
    for (let at = 0; at < 30; at += 1) {
      const { journal } = at % 2 === 0 ? one : two;
      await journal.transact(() => [alert(`${at}`)], 'durable');
    }
    await one.journal.catchUp();
    await two.journal.catchUp();
    expect(one.state.seen).toEqual(two.state.seen);
    expect(one.state.alerts).toEqual(Array.from({ length: 30 }, (_, at) => `${at}`));
    expect(foldPlainly(plain())).toEqual(one.state.seen);
    expect(existsSync(`${segmentPath(folder, 2)}.new`)).toBe(false);
    await Promise.all([one.journal.close(), two.journal.close()]);
  });
});

describe('a segment that is full', () => {
  it('is not left while a sync of it is under way, whoever filled it', async () => {
    const { files, syncs, letGo } = held();
    const one = await open(folder, { files, segmentBytesMax: 2000 });
    const two = await open(folder, { files, segmentBytesMax: 2000 });
    const durable = ['a', 'b'].map((name) => one.journal.transact(() => [alert(name)], 'durable'));
    await until(() => syncs.length === 1);
    await two.journal.transact(() => [alert('x'.repeat(2000))], 'written');
    let written = false;
    const next = one.journal
      .transact(() => [alert('c')], 'written')
      .then(() => {
        written = true;
      });
    for (let at = 0; at < 5; at += 1) await new Promise(setImmediate);
    expect([written, segments().length]).toEqual([false, 1]);
    syncs[0]!();
    letGo();
    await Promise.all([...durable, next]);
    expect(segments()).toHaveLength(2);
    await Promise.all([one.journal.close(), two.journal.close()]);
  });
});

describe('several journals on one folder', () => {
  it('decide one after the other: nobody takes what another took', async () => {
    const all = await Promise.all([open(folder), open(folder), open(folder)]);
    const taken: string[] = [];
    const take = ({ journal, state }: { journal: (typeof all)[0]['journal']; state: ListState }, until: 'written' | 'durable') =>
      journal.transact(() => {
        const name = `${state.alerts.length}`;
        taken.push(name);
        return [alert(name)];
      }, until);
    await Promise.all(Array.from({ length: 300 }, (_, at) => take(all[at % 3]!, at % 2 === 0 ? 'written' : 'durable')));
    await Promise.all(all.map(({ journal }) => journal.catchUp()));
    expect(taken.map(Number).sort((one, other) => one - other)).toEqual(Array.from({ length: 300 }, (_, at) => at));
    for (const { state } of all) expect(state.seen).toEqual(foldPlainly(plain()));
    await Promise.all(all.map(({ journal }) => journal.close()));
  });

  it('know who writes', async () => {
    const one = await open(folder);
    const two = await open(folder);
    expect([one.journal.isWriting(two.journal.writer), two.journal.isWriting(one.journal.writer)]).toEqual([true, true]);
    expect([one.journal.isWriting(one.journal.writer), two.journal.isWriting(two.journal.writer)]).toEqual([true, true]);
    for (const id of ['0011223344556677', '', '../lock.db', '..']) expect(one.journal.isWriting(id)).toBe(false);
    await two.journal.close();
    expect(one.journal.isWriting(two.journal.writer)).toBe(false);
    await one.journal.close();
  });

  it('clean up after writers that are gone, and only after them', async () => {
    const one = await open(folder);
    writeFileSync(join(folder, 'writers', '00000000deadbeef'), '');
    writeFileSync(join(folder, 'writers', 'note.txt'), '');
    const two = await open(folder);
    expect(readdirSync(join(folder, 'writers')).sort()).toEqual([one.journal.writer, two.journal.writer, 'note.txt'].sort());
    await Promise.all([one.journal.close(), two.journal.close()]);
  });
});
