import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BytesCodec, bytesCodec } from '../../../runtime/bindings/own/bytes-codec.ts';
import type { CoreValue, FlatValues } from '../../../runtime/bindings/own/codec.ts';
import type { StringEncoding } from '../../../runtime/component/definitions.ts';
import { ByteReader } from '../../../runtime/value/byte-reader.ts';
import { ByteWriter } from '../../../runtime/value/byte-writer.ts';
import { decodeValue, encodeValue } from '../../../runtime/value/index.ts';
import { arbType, arbTypeAndValue } from '../../support/arbitrary-types.ts';
import { FakeGuest } from './bytes-guest.ts';
import {
  alignment,
  BumpGuest,
  type CoreV,
  elemSize,
  flattenType,
  load,
  lowerFlat,
  store,
  Trap,
} from './value-codec-reference.ts';

const SLOTS = 1_048_576;
const arbEncoding = fc.constantFrom<StringEncoding>('utf8', 'utf16', 'latin1+utf16');

function written(write: (out: ByteWriter) => void): Uint8Array {
  const out = new ByteWriter();
  out.reset(2 ** 24, SLOTS);
  write(out);
  return out.finish();
}

/** Stores bytes in a guest's memory. @returns where. */
function stored(guest: FakeGuest, codec: BytesCodec, bytes: Uint8Array): number {
  const pointer = guest.place(codec.layout.alignment, codec.layout.size);
  const input = new ByteReader(bytes, SLOTS);
  codec.store(guest.abi, pointer, input);
  input.finish();
  return pointer;
}

function lowered(guest: FakeGuest, codec: BytesCodec, bytes: Uint8Array): CoreValue[] {
  const flat: FlatValues = { values: [], at: 0 };
  const input = new ByteReader(bytes, SLOTS);
  codec.lower(guest.abi, flat, input);
  input.finish();
  expect(flat.at).toBe(flat.values.length);
  return flat.values;
}

/** What core wasm passes on: its i64 are signed. */
const throughCore = (value: CoreValue): CoreValue => (typeof value === 'bigint' ? BigInt.asIntN(64, value) : value);

/** As the reference has core values. */
function asReference(value: CoreValue, core: string | undefined): CoreV {
  if (typeof value === 'bigint') return BigInt.asUintN(64, value);
  return core === 'i32' ? BigInt(value >>> 0) : value;
}

describe('a codec between guests and canonical bytes', () => {
  it('places values where the specification does', () => {
    fc.assert(
      fc.property(arbType(), (type) => {
        const { layout } = bytesCodec(type);
        expect([layout.size, layout.alignment]).toEqual([elemSize(type), alignment(type)]);
        expect(layout.flat.slice(0, 17)).toEqual(flattenType(type).slice(0, 17));
      }),
    );
  });

  it('loads the bytes that it stored', () => {
    fc.assert(
      fc.property(arbTypeAndValue(), arbEncoding, ({ type, value }, encoding) => {
        const bytes = encodeValue(value, type);
        const codec = bytesCodec(type);
        const guest = new FakeGuest(encoding);
        const pointer = stored(guest, codec, bytes);
        expectSame(
          written((out) => codec.load(guest.abi, pointer, out)),
          bytes,
        );
      }),
      { numRuns: 500 },
    );
  });

  it('lifts the bytes that it lowered', () => {
    fc.assert(
      fc.property(arbTypeAndValue(), arbEncoding, ({ type, value }, encoding) => {
        const bytes = encodeValue(value, type);
        const codec = bytesCodec(type);
        fc.pre(codec.layout.flat.length <= 16);
        const guest = new FakeGuest(encoding);
        const values = lowered(guest, codec, bytes).map(throughCore);
        const flat: FlatValues = { values, at: 0 };
        expectSame(
          written((out) => codec.lift(guest.abi, flat, out)),
          bytes,
        );
        expect(flat.at).toBe(codec.layout.flat.length);
      }),
      { numRuns: 500 },
    );
  });

  it('stores what the specification stores', () => {
    fc.assert(
      fc.property(arbTypeAndValue(), arbEncoding, ({ type, value }, encoding) => {
        const ours = new FakeGuest(encoding);
        const pointer = stored(ours, bytesCodec(type), encodeValue(value, type));
        const theirs = new BumpGuest(new Uint8Array(ours.memory.buffer.byteLength), pointer + elemSize(type));
        store({ guest: theirs, encoding }, value, type, pointer);
        expect(ours.asked).toEqual(theirs.calls);
        expectSame(ours.abi.bytes, theirs.memory);
      }),
      { numRuns: 500 },
    );
  });

  it('lowers what the specification lowers', () => {
    fc.assert(
      fc.property(arbTypeAndValue(), arbEncoding, ({ type, value }, encoding) => {
        const codec = bytesCodec(type);
        const flat = flattenType(type);
        fc.pre(flat.length <= 16);
        const ours = new FakeGuest(encoding);
        const theirs = new BumpGuest(new Uint8Array(ours.memory.buffer.byteLength), ours.top);
        const values = lowered(ours, codec, encodeValue(value, type));
        const expected = lowerFlat({ guest: theirs, encoding }, value, type);
        expect(values.map((core, index) => asReference(core, flat[index]))).toEqual(expected);
        expectSame(ours.abi.bytes, theirs.memory);
      }),
      { numRuns: 500 },
    );
  });

  it('loads from any memory what the specification loads, or traps where it does', () => {
    let loaded = 0;
    let trapped = 0;
    const arbMemory = fc.record({
      sample: arbTypeAndValue(),
      pokes: fc.array(fc.tuple(fc.nat(), fc.oneof(fc.constantFrom(0, 1, 2, 0x7f, 0x80, 0xc0, 0xd8, 0xf8, 0xff), fc.nat(255))), {
        maxLength: 6,
      }),
    });
    fc.assert(
      fc.property(arbMemory, arbEncoding, ({ sample: { type, value }, pokes }, encoding) => {
        // The reference would look at every one of 2^32 elements without a size.
        fc.pre(!/"(items|fields)":\[\]/.test(JSON.stringify(type)));
        const guest = new FakeGuest(encoding);
        const codec = bytesCodec(type);
        const pointer = stored(guest, codec, encodeValue(value, type));
        for (const [at, byte] of pokes) guest.abi.bytes[pointer + (at % Math.max(1, guest.top - pointer))] = byte;
        const expected = attempt(() => {
          const theirs = new BumpGuest(guest.abi.bytes, 0);
          return encodeValue(load({ guest: theirs, encoding }, pointer, type), type);
        });
        const ours = attempt(() => written((out) => codec.load(guest.abi, pointer, out)));
        expectSame(ours, expected);
        if (typeof expected === 'string') trapped++;
        else loaded++;
      }),
      { numRuns: 1000 },
    );
    expect(Math.min(loaded, trapped)).toBeGreaterThan(50);
  });

  it('writes what decodes again, under the same limits', () => {
    fc.assert(
      fc.property(arbTypeAndValue(), fc.nat(60), fc.nat(12), ({ type, value }, bytesMax, elementsMax) => {
        const guest = new FakeGuest();
        const codec = bytesCodec(type);
        const pointer = stored(guest, codec, encodeValue(value, type));
        const out = new ByteWriter();
        out.reset(bytesMax, elementsMax);
        const ours = attempt(() => {
          codec.load(guest.abi, pointer, out);
          return out.finish();
        });
        const limits = { bytesMax, elementsMax };
        expectSame(
          ours,
          attempt(() => encodeValue(value, type, limits)),
        );
        if (typeof ours !== 'string') expectSame(encodeValue(decodeValue(ours, type, limits), type), ours);
      }),
      { numRuns: 500 },
    );
  });
});

/** As `toEqual`, but quick for long bytes. */
function expectSame(found: Uint8Array | string, expected: Uint8Array | string): void {
  if (!isDeepStrictEqual(found, expected)) expect(found).toEqual(expected);
}

/** The code of what is thrown, instead of a result. */
function attempt(run: () => Uint8Array): Uint8Array | string {
  try {
    return run();
  } catch (error) {
    if (error instanceof Trap) return 'trap/abi';
    return (error as { code: string }).code;
  }
}
