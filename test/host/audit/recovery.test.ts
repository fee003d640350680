import { rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ForgetfulFiles, segmentPath } from './forgetful-files.ts';
import { alert, codeOf, foldPlainly, freshFolder, open, readPlainly } from './plain-trail.ts';

let folder: string;
beforeEach(() => {
  folder = freshFolder();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A trail of one segment, in memory: its lines, each with its LF. */
async function trail(): Promise<Buffer[]> {
  const files = new ForgetfulFiles();
  const { journal } = await open(folder, { files });
  for (const name of ['a', 'b', 'c']) await journal.transact(() => [alert(name, `rule \u00e9 ${name}`)], 'durable');
  await journal.close();
  const lines: Buffer[] = [];
  for (let rest = files.content(segmentPath(folder, 1)); rest.length > 0; ) {
    const end = rest.indexOf(0x0a) + 1;
    lines.push(rest.subarray(0, end));
    rest = rest.subarray(end);
  }
  return lines;
}

function filesWith(...bytes: readonly Buffer[]): ForgetfulFiles {
  const files = new ForgetfulFiles();
  files.put(segmentPath(folder, 1), Buffer.concat(bytes));
  return files;
}

describe('a record that was not written to its end', () => {
  it('is cut wherever it was torn; that is noted, and the chain goes on', async () => {
    const lines = await trail();
    const last = lines.at(-1)!;
    const before = lines.slice(0, -1);
    for (let cut = 1; cut < last.length; cut += 1) {
      const files = filesWith(...before, last.subarray(0, cut));
      const { journal, state } = await open(folder, { files });
      await journal.close();
      const records = readPlainly([files.content(segmentPath(folder, 1))]);
      expect(records.slice(before.length).map(({ kind }) => kind)).toEqual(['recovered', 'opened', 'closed']);
      expect(records[before.length]).toMatchObject({
        droppedBytes: cut,
        droppedDigest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      });
      expect(state.seen).toEqual(foldPlainly(records));
      expect(state.alerts).toEqual(['a', 'b', 'c']);
    }
  });

  it('is nothing to note where there is none', async () => {
    const files = filesWith(...(await trail()));
    await (await open(folder, { files })).journal.close();
    expect(readPlainly([files.content(segmentPath(folder, 1))]).filter(({ kind }) => kind === 'recovered')).toEqual([]);
  });

  it('is also one whose pages never got to the disk', async () => {
    const lines = await trail();
    for (const tail of [Buffer.alloc(500), Buffer.concat([Buffer.alloc(50), lines.at(-1)!.subarray(50)])]) {
      const files = filesWith(...lines.slice(0, -1), tail);
      await (await open(folder, { files })).journal.close();
      const records = readPlainly([files.content(segmentPath(folder, 1))]);
      expect(records[lines.length - 1]).toMatchObject({ kind: 'recovered', droppedBytes: tail.length });
    }
  });

  it('is cut by the next writer while others live', async () => {
    const files = filesWith(...(await trail()));
    const one = await open(folder, { files });
    files.put(segmentPath(folder, 1), Buffer.concat([files.content(segmentPath(folder, 1)), Buffer.from('{"seq":99,"at"')]));
    const two = await open(folder, { files });
    await two.journal.close();
    const kinds = readPlainly([files.content(segmentPath(folder, 1))]).map(({ kind }) => kind);
    expect(kinds.slice(-4)).toEqual(['opened', 'recovered', 'opened', 'closed']);
    await one.journal.close().catch(() => undefined);
  });
});

describe('a trail that somebody changed', () => {
  const refused = async (files: ForgetfulFiles): Promise<unknown> => {
    const before = files.content(segmentPath(folder, 1));
    const error = await open(folder, { files }).catch((cause: { code: string; data: { seq?: number } }) => cause);
    expect(files.content(segmentPath(folder, 1)).equals(before)).toBe(true);
    return 'code' in error ? [error.code, error.data.seq] : 'opened';
  };

  it('is refused and left alone, whichever byte was changed', async () => {
    const lines = await trail();
    const bytes = Buffer.concat(lines);
    const starts = lines.map((_, at) => lines.slice(0, at).reduce((sum, line) => sum + line.length, 0));
    for (let at = 0; at < bytes.length - 1; at += 1) {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 1 << (at % 8);
      const seq = starts.findLastIndex((start) => start <= at) + 1;
      // A LF that is gone joins two lines; one that is new parts one: the first line that is no record is named in any case.
      expect([at, await refused(filesWith(changed))]).toEqual([at, ['audit/broken-chain', seq]]);
    }
  });

  it('is refused with a record less, more, twice or in another place', async () => {
    const [first, ...rest] = await trail();
    const [opened, a, b, c, closed] = rest as [Buffer, Buffer, Buffer, Buffer, Buffer];
    const broken = (seq: number) => ['audit/broken-chain', seq];
    expect(await refused(filesWith(first!, opened, b, c, closed))).toEqual(broken(3));
    expect(await refused(filesWith(first!, opened, a, a, b, c, closed))).toEqual(broken(4));
    expect(await refused(filesWith(first!, opened, b, a, c, closed))).toEqual(broken(3));
    expect(await refused(filesWith(first!, opened, a, Buffer.from('{}\n'), b, c, closed))).toEqual(broken(4));
    expect(await refused(filesWith(first!, opened, a, b, Buffer.from('\n')))).toEqual(broken(5));
    expect(await refused(filesWith(opened, a, b, c, closed))).toEqual(broken(1));
  });

  it('is refused for good when it is changed under an open journal', async () => {
    const lines = await trail();
    const files = filesWith(...lines);
    const { journal } = await open(folder, { files });
    const content = files.content(segmentPath(folder, 1));
    const broken = files.open(segmentPath(folder, 1));
    broken.append(Buffer.from(`${lines[2]!.toString()}`));
    for (let at = 0; at < 3; at += 1) {
      expect(await codeOf(journal.transact(() => [alert('x')], 'durable'))).toBe('audit/broken-chain');
    }
    broken.truncate(content.length);
    expect(await codeOf(journal.transact(() => [alert('x')], 'durable'))).toBe('audit/broken-chain');
    expect(await codeOf(journal.close())).toBe('audit/broken-chain');
    await (await open(folder, { files })).journal.close();
  });

  it('is refused when it became shorter under an open journal', async () => {
    const files = filesWith(...(await trail()));
    const { journal } = await open(folder, { files });
    files.open(segmentPath(folder, 1)).truncate(files.content(segmentPath(folder, 1)).length - 10);
    expect(await codeOf(journal.transact(() => [alert('x')], 'durable'))).toBe('audit/broken-chain');
    await journal.close().catch(() => undefined);
  });

  it('is refused when the end of the segment before is another one', async () => {
    const files = new ForgetfulFiles();
    const { journal } = await open(folder, { files, segmentBytesMax: 300 });
    for (const name of ['a', 'b', 'c', 'd']) await journal.transact(() => [alert(name)], 'durable');
    await journal.close();
    const last = files.list(`${folder}/trail`).length;
    const before = files.content(segmentPath(folder, last - 1));
    files.put(segmentPath(folder, last - 1), before.subarray(0, before.lastIndexOf(0x0a, before.length - 2) + 1));
    expect(await codeOf(open(folder, { files }))).toBe('audit/broken-chain');
    files.delete(segmentPath(folder, last - 1));
    await (await open(folder, { files })).journal.close();
  });

  it('of a format that is not known is not read', async () => {
    const { RecordEncoder, CHAIN_START } = await import('../../../host/audit/chain.ts');
    const encoder = new RecordEncoder(CHAIN_START);
    encoder.add({ kind: 'segment', format: 2 as 1, number: 1, previous: CHAIN_START, state: [] }, 0);
    expect(await codeOf(open(folder, { files: filesWith(Buffer.from(encoder.bytes())) }))).toBe('audit/unreadable');
  });
});
