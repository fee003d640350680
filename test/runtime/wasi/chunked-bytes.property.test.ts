import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CHUNK_BYTES, ChunkedBytes } from '../../../runtime/wasi/chunked-bytes.ts';

/* Against one array of bytes that is made anew at each step. */

const near = fc.tuple(fc.nat(3), fc.integer({ min: -3, max: 3 })).map(([chunk, by]) => Math.max(0, chunk * CHUNK_BYTES + by));
const offset = fc.oneof(near, fc.nat(3 * CHUNK_BYTES), fc.nat(2000));
const step = fc.record({
  op: fc.constantFrom('write' as const, 'resize', 'read'),
  offset,
  length: fc.oneof(fc.nat(9), fc.nat(CHUNK_BYTES * 2)),
  byte: fc.integer({ min: 1, max: 255 }),
});

it('chunks hold what one array would', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const bytes = new ChunkedBytes();
      let model = new Uint8Array(0);
      for (const { op, offset: at, length, byte } of steps) {
        if (op === 'read') expect(Buffer.compare(bytes.read(at, length), model.slice(at, at + length))).toBe(0);
        else if (op === 'resize') {
          bytes.resize(at);
          model = resized(model, at);
        } else if (length > 0) {
          bytes.write(at, new Uint8Array(length).fill(byte));
          model = resized(model, Math.max(model.length, at + length)).fill(byte, at, at + length);
        }
        expect(bytes.size).toBe(model.length);
      }
      expect(Buffer.compare(bytes.read(0, bytes.size), model)).toBe(0);
    }),
    { numRuns: 150 },
  );
});

it('gives copies, and keeps none of what it is given', () => {
  const bytes = new ChunkedBytes();
  const given = Uint8Array.of(1, 2, 3);
  bytes.write(0, given);
  given.fill(9);
  bytes.read(0, 3).fill(9);
  expect([...bytes.read(0, 3)]).toEqual([1, 2, 3]);
});

it('is as it was when there is no memory', () => {
  const bytes = new ChunkedBytes();
  bytes.write(0, Uint8Array.of(1, 2, 3));
  const { Uint8Array: real } = globalThis;
  let left = 3;
  class Scarce extends real {
    constructor(length: number) {
      if (left-- === 0) throw new RangeError('Array buffer allocation failed');
      super(length);
    }
  }
  globalThis.Uint8Array = Scarce as unknown as Uint8ArrayConstructor;
  try {
    expect(() => bytes.resize(10 * CHUNK_BYTES)).toThrow('insufficient-space');
  } finally {
    globalThis.Uint8Array = real;
  }
  expect([...bytes.read(0, 99)]).toEqual([1, 2, 3]);
});

function resized(bytes: Uint8Array<ArrayBuffer>, size: number): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(size);
  copy.set(bytes.subarray(0, size));
  return copy;
}
