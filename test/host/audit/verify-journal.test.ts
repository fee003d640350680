import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeCheckpoint } from '../../../host/audit/checkpoint.ts';
import type { TrailEntry } from '../../../host/audit/entries.ts';
import { openJournal } from '../../../host/audit/journal.ts';
import { readRecords } from '../../../host/audit/query.ts';
import { listSegments } from '../../../host/audit/segment-reader.ts';
import type { TrailState } from '../../../host/audit/trail.ts';
import { verifyTrail } from '../../../host/audit/verify.ts';
import { decided, intent, outcome, requested } from '../../support/trails.ts';

/* Trails as the journal writes them: rotated, by two writers, with a torn end that was mended. */

const root = mkdtempSync(join(tmpdir(), 'verify-journal-'));
const original = join(root, 'original');
afterAll(() => rmSync(root, { recursive: true, force: true }));

const noState: TrailState = { reset: () => undefined, apply: () => undefined, carry: () => ({ open: [], text: '\u2028' }) };

async function open(folder: string) {
  return openJournal({ folder, state: noState, sync: 'os', segmentBytesMax: 4096, opened: { version: '0.1.0' } });
}

const call = (id: string): readonly TrailEntry[] => [
  requested(id, { justification: `x\n{"seq":9}\u0085 ${id}` }),
  decided(id, 'allow'),
  intent(id),
];

let files: readonly { readonly path: string; readonly lines: readonly Buffer[] }[];
let total: number;

beforeAll(async () => {
  const [one, other] = [await open(original), await open(original)];
  for (let index = 0; index < 12; index++) {
    const id = `a${String(index).padStart(2, '0')}`;
    await (index % 2 === 0 ? one : other).transact(() => call(id), 'written');
    if (index !== 5) await (index % 3 === 0 ? one : other).transact(() => [outcome(id)], 'durable');
  }
  await one.close();
  await other.close();
  const last = (await listSegments(original)).at(-1)!;
  appendFileSync(last.path, '{"seq":99');
  await (await open(original)).close();
  files = (await listSegments(original)).map(({ path }) => ({
    path,
    lines: readFileSync(path, 'latin1')
      .split(/(?<=\n)/)
      .map((line) => Buffer.from(line, 'latin1')),
  }));
  total = files.reduce((sum, { lines }) => sum + lines.length, 0);
});

describe('a trail of the journal', () => {
  it('is right, has several segments and a mended end, and is read', async () => {
    const found = await verifyTrail(original);
    expect(found).toMatchObject({ ok: true, records: total, lastSeq: total, open: { running: 1, undecided: 0 } });
    expect(files.length).toBeGreaterThan(3);
    const kinds: string[] = [];
    for await (const record of readRecords(original)) kinds.push(record.kind);
    expect(kinds).toHaveLength(total);
    expect(kinds).toContain('recovered');
    expect(kinds.filter((kind) => kind === 'outcome')).toHaveLength(11);
  });

  it('shows each change of any record, and names the first that does not fit', async () => {
    const seqs = fc.integer({ min: 1, max: total });
    const kinds = fc.constantFrom('flip', 'leave out', 'double', 'swap', 'put in');
    await fc
      .assert(
        fc.asyncProperty(kinds, seqs, seqs, fc.nat(), async (kind, seq, other, bit) => {
          fc.pre(!(kind === 'leave out' && seq === total) && !(kind === 'swap' && seq === other));
          const lines = files.map((file) => [...file.lines]);
          const expected = change(lines, kind, seq, other, bit);
          write(lines);
          expect(await verifyTrail(original), `${kind} ${seq} ${other}`).toMatchObject({ ok: false, seq: expected });
        }),
        { numRuns: 200 },
      )
      .finally(() => write(files.map(({ lines }) => [...lines])));
  });

  it('goes on after a checkpoint, which shows that it was cut off', async () => {
    const before = await verifyTrail(original);
    if (!before.ok) throw new Error(before.why);
    const anchor = await makeCheckpoint(original, { seq: before.lastSeq, link: before.headLink }, 0);
    const journal = await open(original);
    await journal.transact(() => call('b1'), 'durable');
    await journal.close();
    expect(await verifyTrail(original, { anchor })).toMatchObject({ ok: true, anchoredSeq: total });
    rmSync(join(original, 'checkpoints.jsonl'));
    written.clear(); // the journal has written, too
    write(files.map(({ lines }, index) => (index === files.length - 1 ? lines.slice(0, -1) : [...lines])));
    expect(await verifyTrail(original)).toMatchObject({ ok: true });
    expect(await verifyTrail(original, { anchor })).toMatchObject({ ok: false, seq: total });
  });
});

function placeOf(seq: number): readonly [number, number] {
  let rest = seq - 1;
  for (const [index, { lines }] of files.entries()) {
    if (rest < lines.length) return [index, rest];
    rest -= lines.length;
  }
  throw new Error('no such record');
}

/** @returns the record to be named. */
function change(lines: Buffer[][], kind: string, seq: number, other: number, bit: number): number {
  const [segment, place] = placeOf(seq);
  const [otherSegment, otherPlace] = placeOf(other);
  const line = lines[segment]![place]!;
  switch (kind) {
    case 'flip': {
      const flipped = Buffer.from(line);
      flipped[(bit >> 3) % line.length]! ^= 1 << (bit & 7);
      lines[segment]![place] = flipped;
      return seq;
    }
    case 'leave out':
      lines[segment]!.splice(place, 1);
      return seq;
    case 'double':
      lines[segment]!.splice(place + 1, 0, line);
      return seq + 1;
    case 'swap':
      lines[segment]![place] = lines[otherSegment]![otherPlace]!;
      lines[otherSegment]![otherPlace] = line;
      return Math.min(seq, other);
    default:
      lines[segment]!.splice(
        place,
        0,
        Buffer.from(`{"seq":${seq},"at":1,"kind":"closed","writer":"w","link":"${'0'.repeat(64)}"}\n`),
      );
      return seq;
  }
}

const written = new Map<string, Buffer>();

/** Only what differs from the last time: the disk is what these tests wait for. */
function write(lines: readonly (readonly Buffer[])[]): void {
  for (const [index, { path }] of files.entries()) {
    const bytes = Buffer.concat(lines[index]!);
    if (written.get(path)?.equals(bytes) !== true) writeFileSync(path, bytes);
    written.set(path, bytes);
  }
}
