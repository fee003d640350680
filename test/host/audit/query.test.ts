import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { callText, recordLine } from '../../../host/audit/call-text.ts';
import { RecordEncoder } from '../../../host/audit/chain.ts';
import type { TrailFilter } from '../../../host/audit/filter.ts';
import { type ReadRecord, readRecords, showCall, type TailClock, tail } from '../../../host/audit/query.ts';
import { segmentName } from '../../../host/audit/segment-reader.ts';
import { decided, intent, requested, SAMPLE, T0, writeTrail } from '../../support/trails.ts';

const root = mkdtempSync(join(tmpdir(), 'query-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let folder: string;
let count = 0;
beforeEach(() => {
  folder = join(root, String(count++));
});

async function all<T>(records: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const record of records) list.push(record);
  return list;
}

async function seqs(filter: TrailFilter): Promise<readonly number[]> {
  const plain = (await all(readRecords(folder, filter, { index: 'never' }))).map(({ seq }) => seq);
  expect((await all(readRecords(folder, filter))).map(({ seq }) => seq)).toEqual(plain);
  return plain;
}

describe('records', () => {
  it.each<readonly [TrailFilter, readonly number[]]>([
    [{}, Array.from({ length: 25 }, (_, index) => index + 1)],
    [{ kind: 'segment' }, [1, 10, 15]],
    [{ kind: 'requested' }, [3, 7, 11, 16, 20]],
    [{ audit: 'a1' }, [3, 4, 5, 6]],
    [{ audit: 'a', kind: 'outcome' }, [6, 22, 24]],
    [{ audit: 'x' }, []],
    [{ agent: 'other' }, [20, 21, 23, 24]],
    [{ agent: 'Other' }, []],
    [{ agent: 'triage', kind: 'approval' }, [13, 14, 18]],
    [{ tool: 'shell' }, [7, 8, 9]],
    [{ tool: 'sh' }, []],
    [{ outcome: 'refused' }, [8]],
    [{ outcome: 'pending' }, [12]],
    [{ outcome: 'ok' }, [6]],
    [{ code: 'trap' }, [22]],
    [{ code: 'trap/unreachable' }, [22]],
    [{ code: 'tra' }, []],
    [{ approval: 'p1' }, [12, 13, 14, 17, 18, 19]],
    [{ text: 'HELLO A4' }, [16]],
    [{ text: 'no-shell' }, [9]],
    [{ text: 'no-shell', agent: 'other' }, []],
    [{ since: T0 + 22_000 }, [14, 18, 22, 23, 24, 25]], // approvals have instants of their own
    [{ since: T0 + 22_000, until: T0 + 24_000 }, [22, 23]],
    [{ afterSeq: 23 }, [24, 25]],
    [{ afterSeq: 25 }, []],
    [{ afterSeq: 20, agent: 'other' }, [21, 23, 24]],
  ])('with %j', async (filter, expected) => {
    writeTrail(folder, SAMPLE);
    expect(await seqs(filter)).toEqual(expected);
  });

  it('have their link, and text from outside as it came', async () => {
    const { link } = writeTrail(folder, SAMPLE);
    const records = await all(readRecords(folder));
    expect(records.at(-1)).toEqual({ seq: 25, at: T0 + 25_000, kind: 'closed', writer: 'w1', link });
    expect(records[6]).toMatchObject({ parameters: { command: 'x\n{"seq":9,"decision":"allow"}\u2028\u0085' } });
  });

  it('end where one does not fit, with an error that names it', async () => {
    writeTrail(folder, SAMPLE);
    const path = join(folder, segmentName(2));
    writeFileSync(path, readFileSync(path, 'utf8').replace('hello a3', 'hello a9'));
    const seen: number[] = [];
    const reading = (async () => {
      for await (const { seq } of readRecords(folder)) seen.push(seq);
    })();
    await expect(reading).rejects.toMatchObject({ code: 'audit/broken-chain', data: { seq: 11 } });
    expect(seen).toHaveLength(10);
    await expect(all(readRecords(folder, { kind: 'outcome' }))).rejects.toMatchObject({ code: 'audit/broken-chain' });
  });

  it('are refused where a segment is missing, and go on where the first ones are archived', async () => {
    writeTrail(folder, SAMPLE);
    rmSync(join(folder, segmentName(1)));
    expect((await all(readRecords(folder)))[0]).toMatchObject({ seq: 10, kind: 'segment' });
    writeTrail(folder, SAMPLE);
    rmSync(join(folder, segmentName(2)));
    await expect(all(readRecords(folder))).rejects.toMatchObject({ code: 'audit/broken-chain', data: { seq: 10 } });
  });

  it('leave a torn line for later', async () => {
    writeTrail(folder, SAMPLE);
    appendFileSync(join(folder, segmentName(3)), '{"seq":26,');
    expect(await seqs({ kind: 'closed' })).toEqual([25]);
  });
});

describe('tail', () => {
  it('gives the last records of the last segment, or those that are wanted', async () => {
    writeTrail(folder, SAMPLE);
    expect((await all(tail(folder, { last: 2 }))).map(({ seq }) => seq)).toEqual([24, 25]);
    expect((await all(tail(folder, { last: 0 }))).map(({ seq }) => seq)).toEqual([]);
    expect((await all(tail(folder, { filter: { agent: 'other' } }))).map(({ seq }) => seq)).toEqual([20, 21, 23, 24]);
  });

  it('follows: what is appended, line by line and in new segments, and ends when told', async () => {
    let end = writeTrail(folder, SAMPLE.slice(0, 1));
    const stop = new AbortController();
    const encoder = new RecordEncoder(end);
    const steps: (() => void)[] = [
      () => {
        encoder.add(requested('b1'), T0);
        encoder.add(decided('b1', 'allow'), T0);
        const bytes = Buffer.from(encoder.bytes());
        end = encoder.end;
        appendFileSync(join(folder, segmentName(1)), bytes.subarray(0, bytes.length - 5));
        steps.unshift(() => appendFileSync(join(folder, segmentName(1)), bytes.subarray(bytes.length - 5)));
      },
      () => {
        encoder.begin(end);
        encoder.add({ kind: 'segment', format: 1, number: 2, previous: end }, T0);
        encoder.add(intent('b1'), T0);
        writeFileSync(join(folder, segmentName(2)), encoder.bytes());
      },
      () => stop.abort(),
    ];
    const clock: TailClock = { sleep: async () => steps.shift()?.() };
    const records = await all(tail(folder, { last: 1, follow: { signal: stop.signal, clock } }));
    expect(records.map(({ seq, kind }) => `${seq} ${kind}`)).toEqual([
      '9 alert',
      '10 requested',
      '11 decided',
      '12 segment',
      '13 intent',
    ]);
  });

  it('is refused where there is no trail', async () => {
    await expect(all(tail(folder))).rejects.toMatchObject({ code: 'audit/unreadable' });
  });
});

describe('one call', () => {
  it('has its records, its approval, and who answered', async () => {
    writeTrail(folder, SAMPLE);
    const { audit, records } = await showCall(folder, 'a4');
    expect(audit).toBe('a4');
    expect(records.map(({ seq }) => seq)).toEqual([13, 14, 16, 17, 18, 19, 22]);
    expect((await showCall(folder, 'a3')).records.map(({ seq }) => seq)).toEqual([11, 12, 13, 14, 18]);
  });

  it('is found by the beginning of its id alone, when only one begins so', async () => {
    writeTrail(folder, [[requested('abc1'), requested('abd1'), requested('abd2')]]);
    expect((await showCall(folder, 'abc')).audit).toBe('abc1');
    await expect(showCall(folder, 'ab')).rejects.toMatchObject({
      code: 'usage/ambiguous',
      message: 'more than one audit id begins with `ab`: `abc1`, `abd1`, `abd2`',
    });
    await expect(showCall(folder, 'x')).rejects.toMatchObject({ code: 'usage/not-found' });
    await expect(showCall(folder, '')).rejects.toMatchObject({ code: 'usage/invalid-argument' });
  });

  it('fits on a page', async () => {
    writeTrail(folder, SAMPLE);
    const { audit, records } = await showCall(folder, 'a4');
    expect(callText(audit, records).join('\n')).toBe(
      `a4  trapped: trap/unreachable
  approval    p1 asked 2026-01-01T00:00:00.000Z of ann (terminal), until 2026-01-01T00:15:00.000Z
  approval    p1 approved by ann (cli) 2026-01-01T00:01:00.000Z
  who         triage
  what        redact
  when        2026-01-01T00:00:16.000Z
  why         a pod crashes
  source      FATAL: Database connection failed
  parameters  {"text":"hello a4"}
              sha256:${'a'.repeat(64)}
  decision    allow
  by          agents.triage.tools[0] (cellblock.yaml:9)
  policy      sha256:${'f'.repeat(64)}
  approval    p1 used 2026-01-01T00:02:00.000Z
  began       2026-01-01T00:00:19.000Z
  function    redact
  component   sha256:${'c'.repeat(64)}
  grants      log
  limits      fuelMax 1000, timeoutMsMax 500
  ended       2026-01-01T00:00:22.000Z: trapped: trap/unreachable: unreachable
  used        1.5 ms, 123 fuel, 65536 bytes of memory, 0 host calls
  result      sha256:${'e'.repeat(64)}
  records     13, 14, 16, 17, 18, 19, 22`,
    );
  });

  it('cannot pretend to have other fields, nor fill the screen', async () => {
    const hostile = {
      justification: 'ok\n  decision    allow\u001b[2J\u202e',
      source: 'x'.repeat(5000),
      agent: 'a\tb',
      tool: 't',
    };
    writeTrail(folder, [[requested('b1', hostile), decided('b1', 'deny')]]);
    const { audit, records } = await showCall(folder, 'b1');
    const lines = callText(audit, records);
    expect(lines).toContain('  why         ok\\u{a}  decision    allow\\u{1b}[2J\\u{202e}');
    expect(lines).toContain('  who         a\\u{9}b');
    expect(lines).toContain(`  source      ${'x'.repeat(1000)}...`);
    for (const line of [...lines, ...records.map(recordLine)]) expect(line).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
    expect(lines[0]).toBe('b1  refused: denied/forbidden');
  });
});

describe('one line for each record', () => {
  it('says what matters of it', async () => {
    writeTrail(folder, SAMPLE);
    const lines = (await all(readRecords(folder))).map(recordLine);
    expect(lines[0]).toBe('     1  2026-01-01T00:00:01.000Z  segment    -             segment 1');
    expect(lines[2]).toBe(
      '     3  2026-01-01T00:00:03.000Z  requested  a1            triage asks for redact {"text":"hello a1"}',
    );
    expect(lines[7]).toBe(
      '     8  2026-01-01T00:00:08.000Z  decided    a2            deny denied/forbidden by agents.triage.tools[0] (cellblock.yaml:9)',
    );
    expect(lines[13]).toBe('    14  2026-01-01T00:01:00.000Z  approval   -             approved p1 by ann (cli)');
    expect(lines[21]).toBe('    22  2026-01-01T00:00:22.000Z  outcome    a4            trapped trap/unreachable 1.5 ms 123 fuel');
    expect(recordLine({ seq: 1, at: Number.NaN, kind: 'later\u0007', link: '' } as never as ReadRecord)).not.toMatch(/\p{C}/u);
  });
});
