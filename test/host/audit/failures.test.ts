import { rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { segmentNumbers } from '../../../host/audit/segments.ts';
import { type Failure, ForgetfulFiles, segmentPath } from './forgetful-files.ts';
import { alert, codeOf, foldPlainly, freshFolder, type Opened, open, readPlainly } from './plain-trail.ts';

let folder: string;
let files: ForgetfulFiles;
beforeEach(() => {
  folder = freshFolder();
  files = new ForgetfulFiles();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const plain = () =>
  readPlainly(segmentNumbers(files.list(`${folder}/trail`)).map((number) => files.content(segmentPath(folder, number))));

/** A journal that works, then has this failure, then a disk that works again. */
async function failing(failure: Failure): Promise<{ code: unknown; kinds: string[]; alerts: string[] }> {
  const { journal, state } = await open(folder, { files });
  await journal.transact(() => [alert('before')], 'durable');
  files.fail(failure);
  const code = await codeOf(journal.transact(() => [alert('lost')], 'durable'));
  files.healthy();
  await journal.transact(() => [alert('after')], 'durable');
  await journal.close();
  const records = plain();
  expect(state.seen).toEqual(foldPlainly(records));
  return { code, kinds: records.map(({ kind }) => kind), alerts: state.alerts };
}

describe('a disk that fails', () => {
  for (const code of ['ENOSPC', 'EROFS', 'EACCES'] as const) {
    it(`${code} at a write: the call is refused, nothing of it stays, and the next one is served`, async () => {
      const { code: got, kinds, alerts } = await failing({ call: 1, code, only: 'append' });
      expect(got).toBe('failed/audit-unavailable');
      expect(alerts).toEqual(['before', 'after']);
      expect(kinds).toEqual(['segment', 'opened', 'alert', 'recovered', 'alert', 'closed']);
    });
  }

  it('EIO at a sync: the call is refused though its record stays, and it is written once more before anything is acknowledged', async () => {
    const { code, kinds } = await failing({ call: 1, code: 'EIO', only: 'datasync' });
    expect(code).toBe('failed/audit-unavailable');
    expect(kinds).toEqual(['segment', 'opened', 'alert', 'alert', 'recovered', 'alert', 'closed']);
    // What is on the disk is what was acknowledged, with no hole where the failed sync was: a power cut now changes nothing.
    const before = plain();
    files.crash();
    files.restart();
    expect(plain()).toEqual(before);
  });

  it('is refused again and again while it lasts, by small records, and nobody is acknowledged', async () => {
    const { journal, state } = await open(folder, { files });
    for (const only of ['append', 'datasync'] as const) {
      files.fail({ call: 1, code: 'EIO', only, times: 1000 });
      for (let at = 0; at < 5; at += 1) {
        const all = ['x', 'y'].map((name) => codeOf(journal.transact(() => [alert(name)], 'durable')));
        expect(await Promise.all(all)).toEqual(['failed/audit-unavailable', 'failed/audit-unavailable']);
      }
      files.healthy();
      await journal.transact(() => [alert(only)], 'durable');
    }
    await journal.close();
    expect(state.seen).toEqual(foldPlainly(plain()));
    expect(state.alerts.filter((name) => name.length > 1)).toEqual(['append', 'datasync']);
  });

  it('says what to do, and never what the records hold', async () => {
    const { journal } = await open(folder, { files });
    files.fail({ call: 1, code: 'ENOSPC', only: 'append' });
    await expect(journal.transact(() => [alert('secret')], 'durable')).rejects.toMatchObject({
      message: expect.stringMatching(/^the trail in `.*` cannot be written, so nothing runs: ENOSPC/),
      help: 'make room on the file system of the folder',
    });
    await journal.close();
  });

  it('keeps a trail from being opened, and its locks free', async () => {
    for (const only of ['list', 'create', 'append', 'datasync', 'rename', 'syncFolder', 'open'] as const) {
      files.fail({ call: 1, code: 'EROFS', only, times: 1000 });
      expect(await codeOf(open(folder, { files }))).toBe('failed/audit-unavailable');
      files.healthy();
    }
    await (await open(folder, { files })).journal.close();
    expect(plain().filter(({ kind }) => kind === 'closed')).toHaveLength(1);
  });

  it('fails at the start of a segment, at whichever call: no record is lost or doubled', async () => {
    for (let call = 1; call <= 16; call += 1) {
      files = new ForgetfulFiles();
      const { journal, state } = await open(folder, { files, segmentBytesMax: 10 });
      files.fail({ call, code: 'ENOSPC' });
      const served: string[] = [];
      for (let at = 0; at < 4; at += 1) {
        if ((await codeOf(journal.transact(() => [alert(`${at}`)], 'durable'))) === undefined) served.push(`${at}`);
      }
      await journal.close();
      const records = plain();
      expect(state.seen).toEqual(foldPlainly(records));
      expect(served.length).toBeGreaterThanOrEqual(3);
      expect(served.every((name) => state.alerts.filter((other) => other === name).length === 1)).toBe(true);
    }
  });

  it('lets a journal close that cannot write its end, with an error and without its locks', async () => {
    const { journal } = await open(folder, { files });
    files.fail({ call: 1, code: 'EIO', times: 1000 });
    expect(await codeOf(journal.close())).toBe('failed/audit-unavailable');
    files.healthy();
    const other = await open(folder, { files });
    expect(other.journal.isWriting(journal.writer)).toBe(false);
    await other.journal.close();
  });

  it('takes back a whole batch of which only a part was written', async () => {
    files = new ForgetfulFiles(() => 0.7);
    const { journal, state } = await open(folder, { files });
    files.fail({ call: 1, code: 'ENOSPC', only: 'append' });
    const all = await Promise.all(
      ['a', 'b', 'c', 'd', 'e'].map((name) => codeOf(journal.transact(() => [alert(name)], 'written'))),
    );
    expect(all).toEqual(Array(5).fill('failed/audit-unavailable'));
    await journal.transact(() => [alert('f')], 'durable');
    await journal.close();
    expect(plain().map(({ kind, audit }) => audit ?? kind)).toEqual(['segment', 'opened', 'recovered', 'f', 'closed']);
    expect(plain()[2]!.droppedBytes).toBeGreaterThan(400);
    expect(state.seen).toEqual(foldPlainly(plain()));
  });

  it('keeps what is whole of a batch that can neither be written nor be taken back', async () => {
    files = new ForgetfulFiles(() => 0.7);
    const { journal, state } = await open(folder, { files });
    files.fail({ call: 1, code: 'EIO', only: 'append' });
    files.fail({ call: 1, code: 'EIO', only: 'truncate' });
    const all = await Promise.all(
      ['a', 'b', 'c', 'd', 'e'].map((name) => codeOf(journal.transact(() => [alert(name)], 'written'))),
    );
    expect(all).toEqual(Array(5).fill('failed/audit-unavailable'));
    await journal.transact(() => [alert('f')], 'durable');
    await journal.close();
    expect(plain().map(({ kind, audit }) => audit ?? kind)).toEqual([
      'segment',
      'opened',
      'a',
      'b',
      'c',
      'recovered',
      'f',
      'closed',
    ]);
    expect(state.seen).toEqual(foldPlainly(plain()));
  });

  it('EIO at a sync that others wait behind: all of them are refused', async () => {
    const { journal } = await open(folder, { files });
    files.fail({ call: 1, code: 'EIO', only: 'datasync' });
    const first = ['a', 'b'].map((name) => codeOf(journal.transact(() => [alert(name)], 'durable')));
    await new Promise(setImmediate);
    const behind = codeOf(journal.transact(() => [alert('c')], 'durable'));
    expect(await Promise.all([...first, behind])).toEqual(Array(3).fill('failed/audit-unavailable'));
    await journal.close();
  });

  /** Loses `lost` at a failed sync of the first journal, and has another one acknowledge `kept` behind it. Then the power is cut. */
  const behindFailedSync = async (other: (lose: (call: number) => Promise<void>) => Promise<Opened>): Promise<string[]> => {
    files = new ForgetfulFiles(() => 0);
    const one = await open(folder, { files, segmentBytesMax: 400 });
    const two = await other(async (call) => {
      files.fail({ call, code: 'EIO', only: 'datasync' });
      expect(await codeOf(one.journal.transact(() => [alert('lost')], 'durable'))).toBe('failed/audit-unavailable');
    });
    await two.journal.transact(() => [alert('kept')], 'durable');
    files.crash();
    for (const { journal } of [one, two]) await journal.close().catch(() => undefined);
    files.restart();
    const { journal, state } = await open(folder, { files });
    await journal.close();
    return state.alerts;
  };

  it('EIO at a sync: who opens the trail after it writes the lost record once more', async () => {
    const alerts = await behindFailedSync(async (lose) => {
      await lose(1);
      return open(folder, { files });
    });
    expect(alerts).toEqual(['lost', 'kept']);
  });

  it('EIO at a sync: so does who comes to that segment later', async () => {
    const alerts = await behindFailedSync(async (lose) => {
      const two = await open(folder, { files });
      // Fills the first segment, so that the first journal goes on in the second one.
      await two.journal.transact(() => [alert('full')], 'durable');
      expect(two.state.seen.length).toBe(3);
      // Syncs of the first segment, of the start of the second one, and of the record.
      await lose(3);
      expect(files.list(`${folder}/trail`)).toContain('000002.jsonl');
      return two;
    });
    expect(alerts).toEqual(['full', 'lost', 'kept']);
  });
});
