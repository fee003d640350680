import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromJco, toJco } from '../../../runtime/bindings/jco-value.ts';
import type { CoreValue } from '../../../runtime/bindings/own/codec.ts';
import { layoutOf } from '../../../runtime/bindings/own/layout.ts';
import { jcoShape, type Shape, witShape } from '../../../runtime/bindings/own/shape.ts';
import { valueCodec } from '../../../runtime/bindings/own/value-codec.ts';
import type { StringEncoding } from '../../../runtime/component/definitions.ts';
import type { ValueType } from '../../../runtime/component/types.ts';
import type { WitValue } from '../../../runtime/value/index.ts';
import { arbType, arbTypeAndValue } from '../../support/arbitrary-types.ts';
import { fill, type Guest, makeGuest } from './value-codec-guest.ts';
import * as reference from './value-codec-reference.ts';

const arbEncoding = fc.constantFrom<StringEncoding>('utf8', 'utf16', 'latin1+utf16');
const arbSource = fc.option(arbEncoding, { nil: undefined });

/** Both shapes, each with its way from and to the values that the reference knows. */
const shapes: readonly { shape: Shape; to(v: WitValue, t: ValueType): unknown; from(v: unknown, t: ValueType): WitValue }[] = [
  { shape: witShape, to: (value) => value, from: (value) => value as WitValue },
  { shape: jcoShape, to: toJco, from: fromJco },
];
const arbShape = fc.constantFrom(0, 1).map((index) => shapes[index]!);

/** As the reference has core values: integers unsigned. */
function normal(values: readonly CoreValue[], type: ValueType): reference.CoreV[] {
  return reference.flattenType(type).map((core, at) => {
    const value = values[at]!;
    if (core === 'f32' || core === 'f64') return value;
    return BigInt.asUintN(core === 'i64' ? 64 : 32, BigInt(value));
  });
}

/** As JavaScript hands them over: i32 signed. */
function fromCore(values: readonly reference.CoreV[], type: ValueType): CoreValue[] {
  return reference.flattenType(type).map((core, at) => {
    const value = values[at]!;
    if (core === 'i32') return Number(BigInt.asIntN(32, BigInt(value)));
    return core === 'i64' ? BigInt.asIntN(64, BigInt(value)) : value;
  });
}

function expectSameMemory(guest: Guest): void {
  expect(guest.calls).toEqual(guest.cx.guest.calls);
  const used = guest.cx.guest.next;
  expect(Buffer.compare(new Uint8Array(guest.memory.buffer, 0, used), guest.cx.guest.memory.subarray(0, used))).toBe(0);
}

test('sizes, alignments and core types are those of the reference', () => {
  fc.assert(
    fc.property(arbType(), (type) => {
      const flat = reference.flattenType(type).slice(0, 17);
      const layout = layoutOf(type);
      expect({ ...layout, flat: layout.flat.slice(0, 17) }).toEqual({
        size: reference.elemSize(type),
        alignment: reference.alignment(type),
        flat,
      });
    }),
    { numRuns: 500 },
  );
});

test('stores the bytes of the reference by the same calls of realloc, and loads the value back', () => {
  fc.assert(
    fc.property(arbTypeAndValue(), arbEncoding, arbSource, arbShape, ({ type, value }, encoding, sourceEncoding, form) => {
      const guest = makeGuest(encoding, sourceEncoding === undefined ? {} : { sourceEncoding });
      const codec = valueCodec(type, form.shape);
      const pointer = 1024;
      codec.store(guest.abi, pointer, form.to(value, type));
      reference.store(guest.cx, value, type, pointer);
      expectSameMemory(guest);
      expect(form.from(codec.load(guest.abi, pointer), type)).toEqual(value);
    }),
    { numRuns: 1500 },
  );
});

test('lowers to the core values of the reference, and lifts the value from them', () => {
  const arbFlat = arbTypeAndValue().filter(({ type }) => reference.flattenType(type).length <= 16);
  fc.assert(
    fc.property(arbFlat, arbEncoding, arbSource, arbShape, ({ type, value }, encoding, sourceEncoding, form) => {
      const guest = makeGuest(encoding, sourceEncoding === undefined ? {} : { sourceEncoding });
      const codec = valueCodec(type, form.shape);
      const flat = { values: [7, 7n] as CoreValue[], at: 2 };
      codec.lower(guest.abi, flat, form.to(value, type));
      const expected = reference.lowerFlat(guest.cx, value, type);
      expect(flat.at).toBe(2 + expected.length);
      expect(normal(flat.values.slice(2), type)).toEqual(expected);
      expectSameMemory(guest);

      const back = { values: [7, ...fromCore(expected, type)] as CoreValue[], at: 1 };
      expect(form.from(codec.lift(guest.abi, back), type)).toEqual(value);
      expect(back.at).toBe(1 + expected.length);
    }),
    { numRuns: 1500 },
  );
});

/** Pseudo-random bytes of which many are small, so that they make pointers and lengths that are inside the memory. */
const arbMemory = fc.integer({ min: 1 }).map((seed) => {
  const bytes = new Uint8Array(1024);
  let state = seed;
  for (let at = 0; at < bytes.length; at++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    const byte = state & 0xff;
    if (at % 4 < 2 || byte > 250) bytes[at] = at % 4 === 1 ? byte & 3 : byte % 7 === 0 ? byte : byte & 0xc;
  }
  return bytes;
});

type Outcome = { value: WitValue } | 'trap';

function outcomeOf(work: () => WitValue): Outcome {
  try {
    return { value: work() };
  } catch (error) {
    if (error instanceof reference.Trap || (error as { code?: string }).code === 'trap/abi') return 'trap';
    throw error;
  }
}

const BUDGET = { bytesMax: 1e5, elementsMax: 2000, pages: 1 };

test('whatever is in memory, it loads what the reference loads or traps where that traps', () => {
  let values = 0;
  fc.assert(
    fc.property(arbType(), arbMemory, arbEncoding, arbShape, (type, memory, encoding, form) => {
      const guest = makeGuest(encoding, BUDGET);
      fill(guest, memory);
      const codec = valueCodec(type, form.shape);
      let found: Outcome;
      try {
        found = outcomeOf(() => form.from(codec.load(guest.abi, 64), type));
      } catch (error) {
        // Lists in lists that overlap: the budget ends what the reference would never get done with.
        expect(error).toMatchObject({ code: 'limit/result' });
        return;
      }
      if (found !== 'trap') values++;
      expect(found).toEqual(outcomeOf(() => reference.load(guest.cx, 64, type)));
    }),
    { numRuns: 1500 },
  );
  expect(values).toBeGreaterThan(100);
});

const arbCore = (core: reference.Core): fc.Arbitrary<reference.CoreV> => {
  switch (core) {
    case 'i32':
      return fc.oneof(fc.bigInt({ min: 0n, max: 4n }), fc.bigInt({ min: 0n, max: 2n ** 32n - 1n }));
    case 'i64':
      return fc.oneof(fc.bigInt({ min: 0n, max: 4n }), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }));
    case 'f32':
      return fc.float();
    case 'f64':
      return fc.double();
  }
};

test('whatever the core values are, it lifts what the reference lifts or traps where that traps', () => {
  const arbLift = arbType()
    .filter((type) => reference.flattenType(type).length <= 16)
    .chain((type) => fc.tuple(fc.constant(type), fc.tuple(...reference.flattenType(type).map(arbCore))));
  let values = 0;
  fc.assert(
    fc.property(arbLift, arbMemory, arbEncoding, arbShape, ([type, core], memory, encoding, form) => {
      const guest = makeGuest(encoding, BUDGET);
      fill(guest, memory);
      const flat = { values: fromCore(core, type), at: 0 };
      let found: Outcome;
      try {
        found = outcomeOf(() => form.from(valueCodec(type, form.shape).lift(guest.abi, flat), type));
      } catch (error) {
        expect(error).toMatchObject({ code: 'limit/result' });
        return;
      }
      const left = [...core];
      expect(found).toEqual(outcomeOf(() => reference.liftFlat(guest.cx, () => left.shift()!, type)));
      if (found === 'trap') return;
      values++;
      expect(flat.at).toBe(core.length);
    }),
    { numRuns: 1500 },
  );
  expect(values).toBeGreaterThan(100);
});
