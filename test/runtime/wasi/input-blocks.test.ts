import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputBlocks } from '../../../runtime/wasi/input-blocks.ts';

const MIB = 1024 * 1024;

/** Blocks over files in memory, with what was asked for them. */
function blocksOf(
  files: Readonly<Record<string, Uint8Array>>,
  hostCallBytesMax: number,
  answerBytesMax = Number.MAX_SAFE_INTEGER,
) {
  const asked: { path: string; offset: number; length: number }[] = [];
  const blocks = new InputBlocks((_mount, path, offset, length) => {
    asked.push({ path, offset, length });
    return files[path]!.slice(offset, offset + Math.min(length, answerBytesMax));
  }, hostCallBytesMax);
  return { asked, blocks };
}

describe('blocks of inputs', () => {
  it('keep at most 8 MiB of bytes, those that were used last', () => {
    const { asked, blocks } = blocksOf({ big: new Uint8Array(40 * MIB) }, MIB);
    const origin = blocks.origin(0, 'big', 40 * MIB);
    for (let at = 0; at < 40 * MIB; at += 65_536) {
      origin.read(at, 65_536);
      expect(blocks.bytes).toBeLessThanOrEqual(8 * MIB);
    }
    expect(asked.length).toBe(43);
    origin.read(40 * MIB - 1, 1);
    expect(asked.length).toBe(43);
    origin.read(0, 1);
    expect(asked.length).toBe(44);
  });

  it('keep a block that is used again and again', () => {
    const { asked, blocks } = blocksOf({ big: new Uint8Array(20 * MIB) }, MIB);
    const origin = blocks.origin(0, 'big', 20 * MIB);
    for (let at = 0; at < 20 * MIB; at += MIB) {
      origin.read(at, 1);
      origin.read(0, 1);
    }
    expect(asked.filter(({ offset }) => offset === 0).length).toBe(1);
  });

  it('keep no more than so many blocks of small files', () => {
    const files = Object.fromEntries(Array.from({ length: 5000 }, (_, at) => [`f${at}`, new Uint8Array(1)]));
    const { blocks } = blocksOf(files, MIB);
    for (const path of Object.keys(files)) blocks.origin(0, path, 1).read(0, 1);
    expect(blocks.bytes).toBe(4096);
  });

  it('never ask for more than one answer can carry, and give every range as it is', () => {
    const range = fc.record({ from: fc.nat(400_000), length: fc.nat(200_000) });
    const limits = fc.record({
      hostCallBytesMax: fc.integer({ min: 80_000, max: 300_000 }),
      answerBytesMax: fc.integer({ min: 9000 }),
    });
    const bytes = Uint8Array.from({ length: 400_000 }, (_, at) => (at * 7919) >> 5);
    fc.assert(
      fc.property(limits, fc.array(range, { maxLength: 8 }), ({ hostCallBytesMax, answerBytesMax }, ranges) => {
        const { asked, blocks } = blocksOf({ a: bytes }, hostCallBytesMax, answerBytesMax);
        const origin = blocks.origin(0, 'a', bytes.length);
        for (const { from, length } of ranges) {
          const within = Math.min(length, bytes.length - from);
          expect(Buffer.compare(origin.read(from, within), bytes.subarray(from, from + within))).toBe(0);
        }
        for (const { length } of asked) expect(length).toBeLessThanOrEqual(hostCallBytesMax - 64);
      }),
      { numRuns: 60 },
    );
  });

  it('work with the smallest host calls', () => {
    const { blocks } = blocksOf({ a: Uint8Array.of(1, 2, 3) }, 10);
    expect([...blocks.origin(0, 'a', 3).read(0, 3)]).toEqual([1, 2, 3]);
  });
});
