import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { linkOf } from '../../../host/audit/chain.ts';
import { segmentName } from '../../../host/audit/segment-reader.ts';
import type { BrokenTrail, VerifyOptions } from '../../../host/audit/verified-trail.ts';
import { verifyTrail } from '../../../host/audit/verify.ts';
import { SAMPLE, T0, writeTrail } from '../../support/trails.ts';

const root = mkdtempSync(join(tmpdir(), 'verify-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let folder: string;
let count = 0;
beforeEach(() => {
  folder = join(root, String(count++));
});

/** The lines of each segment, LF included. */
function linesOf(from: string): Buffer[][] {
  return SAMPLE.map((_, index) => {
    const bytes = readFileSync(join(from, segmentName(index + 1)));
    const lines: Buffer[] = [];
    for (let start = 0; start < bytes.length; ) {
      const end = bytes.indexOf(10, start) + 1;
      lines.push(bytes.subarray(start, end));
      start = end;
    }
    return lines;
  });
}

function write(segments: readonly (readonly Uint8Array[])[]): void {
  segments.forEach((lines, index) => {
    writeFileSync(join(folder, segmentName(index + 1)), Buffer.concat(lines));
  });
}

/** Writes only what differs from the last time: the disk is what these tests wait for. */
function writeChanged(segments: readonly (readonly Uint8Array[])[], written: Map<number, Buffer>): void {
  segments.forEach((lines, index) => {
    const bytes = Buffer.concat(lines);
    if (written.get(index)?.equals(bytes) === true) return;
    writeFileSync(join(folder, segmentName(index + 1)), bytes);
    written.set(index, bytes);
  });
}

/** Joins a record with the one before, as somebody who knows the format can. */
function relink(body: string, previousLink: string): Buffer {
  return Buffer.from(`${body},"link":"${linkOf(previousLink, Buffer.from(body))}"}\n`);
}

async function brokenAt(options: VerifyOptions = {}): Promise<BrokenTrail> {
  const found = await verifyTrail(folder, options);
  if (found.ok) throw new Error('nothing was found');
  return found;
}

const LENGTHS = SAMPLE.map((entries) => entries.length + 1);
const TOTAL = LENGTHS.reduce((sum, length) => sum + length, 0);

/** Segment (from 0) and place in it of a record. */
function placeOf(seq: number): readonly [number, number] {
  let rest = seq - 1;
  for (const [segment, length] of LENGTHS.entries()) {
    if (rest < length) return [segment, rest];
    rest -= length;
  }
  throw new Error('no such record');
}

describe('a trail that nobody changed', () => {
  it('is right, and says what it has', async () => {
    const head = writeTrail(folder, SAMPLE);
    expect(await verifyTrail(folder)).toEqual({
      ok: true,
      records: TOTAL,
      segments: 3,
      firstSeq: 1,
      lastSeq: TOTAL,
      headLink: head.link,
      checkpoints: 0,
      open: { undecided: 0, running: 0, approvals: 0 },
    });
  });

  it('may have calls that are running, and requests that a crash left undecided', async () => {
    writeTrail(folder, [[...SAMPLE[0]!.slice(0, 4), SAMPLE[0]![5]!]]);
    expect(await verifyTrail(folder)).toMatchObject({ ok: true, open: { undecided: 1, running: 1 } });
  });

  it('may end in a torn line, at any byte of it', async () => {
    writeTrail(folder, SAMPLE);
    const bytes = readFileSync(join(folder, segmentName(3)));
    const start = bytes.lastIndexOf(10, bytes.length - 2) + 1;
    for (let cut = start + 1; cut < bytes.length; cut++) {
      writeFileSync(join(folder, segmentName(3)), bytes.subarray(0, cut));
      const torn = { file: segmentName(3), line: LENGTHS[2], bytes: cut - start };
      expect(await verifyTrail(folder)).toMatchObject({ ok: true, records: TOTAL - 1, torn });
    }
  });

  it('may have lines longer than a chunk of the reader, and says how far it is', async () => {
    const long = { ...SAMPLE[0]![1]!, parameters: { text: 'ü'.repeat(2_000_000) } } as never;
    writeTrail(folder, [[SAMPLE[0]![0]!, long, ...SAMPLE[0]!.slice(2)]]);
    const seen: number[] = [];
    const found = await verifyTrail(folder, { onProgress: ({ records }) => seen.push(records) });
    expect(found).toMatchObject({ ok: true, records: LENGTHS[0] });
    expect(seen.at(-1)).toBe(LENGTHS[0]);
  });

  it('is not read where there is none', async () => {
    await expect(verifyTrail(join(root, 'nowhere'))).rejects.toMatchObject({ code: 'audit/unreadable' });
    writeTrail(folder, []);
    expect(await verifyTrail(folder)).toMatchObject({ ok: false, seq: 1 });
  });
});

describe('every change names the first record that does not fit', () => {
  const seqs = fc.integer({ min: 1, max: TOTAL });

  let sample: Buffer[][];
  const written = new Map<number, Buffer>();
  beforeEach(() => {
    writeTrail(folder, SAMPLE);
    sample = linesOf(folder);
    written.clear();
  });

  /** Writes the sample changed by `change`, which returns the record to be named. */
  async function check(change: (segments: Buffer[][]) => number): Promise<void> {
    const segments = sample.map((lines) => [...lines]);
    const seq = change(segments);
    writeChanged(segments, written);
    expect(await brokenAt()).toMatchObject({ ok: false, seq });
  }

  it('a byte that was flipped, any bit of any byte, line ends among them', async () => {
    await fc.assert(
      fc.asyncProperty(seqs, fc.nat(), fc.integer({ min: 0, max: 7 }), async (seq, byte, bit) => {
        await check((segments) => {
          const [segment, place] = placeOf(seq);
          const line = Buffer.from(segments[segment]![place]!);
          line[byte % line.length]! ^= 1 << bit;
          segments[segment]![place] = line;
          return seq;
        });
      }),
      { numRuns: 300 },
    );
  });

  it('the line end of every record, also of the very last', async () => {
    for (let seq = 1; seq <= TOTAL; seq++) {
      await check((segments) => {
        const [segment, place] = placeOf(seq);
        const line = Buffer.from(segments[segment]![place]!);
        line[line.length - 1] = 0x20;
        segments[segment]![place] = line;
        return seq;
      });
    }
  });

  it('one that was left out', async () => {
    for (let seq = 1; seq < TOTAL; seq++) {
      await check((segments) => {
        const [segment, place] = placeOf(seq);
        segments[segment]!.splice(place, 1);
        return seq;
      });
    }
  });

  it('one that was doubled, there or elsewhere', async () => {
    await fc.assert(
      fc.asyncProperty(seqs, seqs, async (seq, to) => {
        await check((segments) => {
          const [segment, place] = placeOf(seq);
          const [intoSegment, intoPlace] = placeOf(to);
          segments[intoSegment]!.splice(intoPlace + 1, 0, segments[segment]![place]!);
          return seq === to + 1 && segment === intoSegment ? seq + 1 : to + 1; // before itself is the same as after itself
        });
      }),
      { numRuns: 100 },
    );
  });

  it('two that were swapped', async () => {
    await fc.assert(
      fc.asyncProperty(seqs, seqs, async (one, other) => {
        fc.pre(one !== other);
        await check((segments) => {
          const [a, b] = [placeOf(one), placeOf(other)];
          const kept = segments[a[0]]![a[1]]!;
          segments[a[0]]![a[1]] = segments[b[0]]![b[1]]!;
          segments[b[0]]![b[1]] = kept;
          return Math.min(one, other);
        });
      }),
      { numRuns: 100 },
    );
  });

  it('one that was put in: anything, a copy with the right number, and one that was linked by somebody who knows how', async () => {
    const linkBefore = (segments: Buffer[][], seq: number): string => {
      const [segment, place] = placeOf(seq - 1);
      return segments[segment]![place]!.toString('latin1').slice(-67, -3);
    };
    for (let seq = 2; seq <= TOTAL; seq++) {
      const [segment, place] = placeOf(seq);
      const forged = `{"seq":${seq},"at":${T0},"kind":"closed","writer":"w0"`;
      await check((segments) => {
        segments[segment]!.splice(place, 0, Buffer.from('{}\n'));
        return seq;
      });
      await check((segments) => {
        segments[segment]!.splice(place, 0, relink(forged, '0'.repeat(64)));
        return seq;
      });
      await check((segments) => {
        segments[segment]!.splice(place, 0, relink(forged, linkBefore(segments, seq)));
        return place === 0 ? seq : seq + 1; // only the chain's next link shows it; at the start of a segment, its kind does
      });
    }
  });

  it('a segment that was taken away, emptied, doubled or swapped', async () => {
    const [first, second, third] = [1, LENGTHS[0]! + 1, LENGTHS[0]! + LENGTHS[1]! + 1];
    const cases: readonly (readonly [number, (trail: Buffer[][]) => Buffer[][]])[] = [
      [second, ([a, , c]) => [a!, [], c!]],
      [second, ([a, b, c]) => [a!, c!, b!]],
      [third, ([a, b]) => [a!, b!, b!]],
      [first, ([, b, c]) => [[], b!, c!]],
      [first, ([, b, c]) => [b!, c!, []]],
    ];
    for (const [seq, change] of cases) {
      writeTrail(folder, SAMPLE);
      write(change(linesOf(folder)));
      expect(await brokenAt()).toMatchObject({ seq });
    }
    for (const [seq, number] of [
      [first, 1],
      [second, 2],
    ] as const) {
      writeTrail(folder, SAMPLE);
      rmSync(join(folder, segmentName(number)));
      expect(await brokenAt()).toMatchObject({ seq, file: segmentName(number), line: 1 });
    }
  });

  it('with file, line and a reason that tells what stands there', async () => {
    writeTrail(folder, SAMPLE);
    const segments = linesOf(folder);
    segments[1]!.splice(2, 1);
    write(segments);
    expect(await brokenAt()).toEqual({
      ok: false,
      seq: 12,
      file: 'trail/000002.jsonl',
      line: 3,
      why: 'is missing: record 13 is in its place',
    });
  });

  it('a whole record at the end whose line end became something else', async () => {
    writeTrail(folder, SAMPLE);
    const path = join(folder, segmentName(3));
    truncateSync(path, readFileSync(path).length - 1);
    expect(await verifyTrail(folder)).toMatchObject({ ok: true, torn: { line: LENGTHS[2] } });
    appendFileSync(path, ' ');
    expect(await brokenAt()).toMatchObject({ seq: TOTAL, why: 'goes on after its end' });
  });
});

describe('what the chain cannot show', () => {
  it('is the end: records cut off at a boundary leave a trail that is right', async () => {
    writeTrail(folder, SAMPLE);
    rmSync(join(folder, segmentName(3)));
    const found = await verifyTrail(folder);
    expect(found).toMatchObject({ ok: true, lastSeq: LENGTHS[0]! + LENGTHS[1]! });
    expect(found).not.toHaveProperty('anchoredSeq');
  });
});

describe('a trail whose beginning was archived', () => {
  it('is right only where the caller says so', async () => {
    writeTrail(folder, SAMPLE);
    rmSync(join(folder, segmentName(1)));
    expect(await brokenAt()).toMatchObject({ seq: 1, file: segmentName(1) });
    expect(await verifyTrail(folder, { partial: true })).toMatchObject({ ok: true, firstSeq: LENGTHS[0]! + 1, lastSeq: TOTAL });
  });

  it('is still held to its chain', async () => {
    writeTrail(folder, SAMPLE);
    const segments = linesOf(folder);
    segments[1]!.splice(2, 1);
    write(segments);
    rmSync(join(folder, segmentName(1)));
    expect(await brokenAt({ partial: true })).toMatchObject({ seq: 12 });
  });
});
