import { expect, test } from 'vitest';
import type { CoreValue } from '../../../runtime/bindings/own/codec.ts';
import { jcoShape, type Shape, witShape } from '../../../runtime/bindings/own/shape.ts';
import { valueCodec } from '../../../runtime/bindings/own/value-codec.ts';
import type { PrimitiveKind, ResourceType, ValueType } from '../../../runtime/component/types.ts';
import { codeOf, fill, type Guest, HEAP, makeGuest, PAGE } from './value-codec-guest.ts';

const of = (kind: PrimitiveKind): ValueType => ({ kind });
const list = (element: ValueType): ValueType => ({ kind: 'list', element });
const option = (some: ValueType): ValueType => ({ kind: 'option', some });
const names = (count: number) => Array.from({ length: count }, (_, at) => `n${at}`);

function load(type: ValueType, guest: Guest, shape: Shape = witShape, pointer = 64): unknown {
  return valueCodec(type, shape).load(guest.abi, pointer);
}

function lift(type: ValueType, values: CoreValue[], guest = makeGuest('utf8')): unknown {
  return valueCodec(type, witShape).lift(guest.abi, { values, at: 0 });
}

/** Memory that begins at 64 with 32-bit words. */
function words(...list: number[]): Guest {
  const guest = makeGuest('utf8');
  fill(guest, new Uint8Array(Uint32Array.from(list).buffer), 64);
  return guest;
}

const END = 4 * PAGE;
const trap = (message: string) =>
  expect.objectContaining({ code: 'trap/abi', message: `the guest broke the canonical ABI: ${message}` });

test.each<[string, ValueType, number[], string]>([
  ['a char above Unicode', of('char'), [0x110000], 'a char is no Unicode scalar value'],
  ['the first surrogate', of('char'), [0xd800], 'a char is no Unicode scalar value'],
  ['the last surrogate', of('char'), [0xdfff], 'a char is no Unicode scalar value'],
  ['the largest u32 as char', of('char'), [0xffff_ffff], 'a char is no Unicode scalar value'],
  [
    'an enum without that name',
    { kind: 'enum', names: ['a', 'b'] },
    [2],
    'a variant has the number of a case that does not exist',
  ],
  [
    'a variant without that case',
    { kind: 'variant', cases: [{ name: 'x' }] },
    [255],
    'a variant has the number of a case that does not exist',
  ],
  ['an option that is neither', option(of('u8')), [2], 'a variant has the number of a case that does not exist'],
  ['a result that is neither', { kind: 'result' }, [3], 'a variant has the number of a case that does not exist'],
  ['an unaligned empty list', list(of('u32')), [2, 0], 'a list has an unaligned pointer'],
  ['an empty list outside', list(of('u8')), [0xdead_beef, 0], 'a list has a pointer out of bounds of memory'],
  ['a list one byte too long', list(of('u8')), [END - 1, 2], 'a list has a pointer out of bounds of memory'],
  [
    'records that wrap around',
    list({ kind: 'tuple', items: [of('u64'), of('u64')] }),
    [8, 0x1000_0000],
    'a list has 4294967296 bytes, which is more than 268435455',
  ],
  ['a list beyond the longest', list(of('u16')), [0, 2 ** 27], 'a list has 268435456 bytes, which is more than 268435455'],
  ['bytes beyond the longest', list(of('u8')), [0, 2 ** 28], 'a list has 268435456 bytes, which is more than 268435455'],
])('traps on %s', (_, type, core, message) => {
  for (const shape of [witShape, jcoShape]) {
    expect(() => load(type, words(...core), shape)).toThrow(trap(message));
    const flat = { values: core.map((word) => word | 0), at: 0 };
    expect(() => valueCodec(type, shape).lift(makeGuest('utf8').abi, flat)).toThrow(trap(message));
  }
});

test('takes chars and empty lists at the edges', () => {
  expect(load(of('char'), words(0x10ffff))).toBe('\u{10ffff}');
  expect(load(of('char'), words(0xd7ff))).toBe('\ud7ff');
  expect(load(of('char'), words(0xe000))).toBe('\ue000');
  expect(load(list(of('u64')), words(END, 0))).toEqual([]);
  expect(load(list(of('u8')), words(END, 0))).toEqual(new Uint8Array(0));
});

test('ignores bits that the type has no use for', () => {
  expect(load({ kind: 'flags', names: ['a', 'b'] }, words(0xfe))).toEqual(['b']);
  expect(lift({ kind: 'flags', names: ['a', 'b'] }, [-1])).toEqual(['a', 'b']);
  expect(lift(of('u8'), [0x1234_56ff])).toBe(255);
  expect(lift(of('s8'), [0x1234_56ff])).toBe(-1);
  expect(lift(of('u16'), [-1])).toBe(65535);
  expect(lift(of('s16'), [0xff_8000])).toBe(-32768);
  expect(lift(of('u32'), [-1])).toBe(0xffff_ffff);
  expect(lift(of('u64'), [-1n])).toBe(2n ** 64n - 1n);
  expect(lift(of('bool'), [256])).toBe(true);
  expect(load(of('bool'), words(0x80))).toBe(true);
});

test('carries the bits of the chosen case in slots that cases share', () => {
  const mix: ValueType = {
    kind: 'variant',
    cases: [
      { name: 'f', type: of('f32') },
      { name: 'l', type: of('u64') },
      { name: 'd', type: of('f64') },
      { name: 'i', type: of('s32') },
      { name: 'n' },
    ],
  };
  expect(lift(mix, [0, -0xbf_b6f0_2500_0000_00n | 0x40490fdbn])).toEqual({ tag: 'f', value: Math.fround(Math.PI) });
  expect(lift(mix, [1, -2n])).toEqual({ tag: 'l', value: 2n ** 64n - 2n });
  expect(lift(mix, [2, 0x4009_21fb_5444_2d18n])).toEqual({ tag: 'd', value: Math.PI });
  expect(lift(mix, [3, 0xff_ffff_fffen])).toEqual({ tag: 'i', value: -2 });
  expect(lift(mix, [4, 77n])).toEqual({ tag: 'n' });
  const lower = (value: unknown) => {
    const flat = { values: [] as CoreValue[], at: 0 };
    valueCodec(mix, witShape).lower(makeGuest('utf8').abi, flat, value);
    return flat.values;
  };
  expect(lower({ tag: 'f', value: Number.NaN })).toEqual([0, 0x7fc00000n]);
  expect(lower({ tag: 'f', value: -0 })).toEqual([0, 0x80000000n]);
  expect(lower({ tag: 'd', value: Number.NaN })).toEqual([2, 0x7ff8000000000000n]);
  expect(lower({ tag: 'i', value: -2 })).toEqual([3, 0xfffffffen]);
  expect(lower({ tag: 'n' })).toEqual([4, 0n]);
});

test.each([300, 70_000])('an enum of %i names', (count) => {
  const type: ValueType = { kind: 'enum', names: names(count) };
  const guest = words(count - 1);
  expect(load(type, guest)).toBe(`n${count - 1}`);
  valueCodec(type, witShape).store(guest.abi, 72, `n${count - 2}`);
  expect(load(type, guest, witShape, 72)).toBe(`n${count - 2}`);
  expect(codeOf(() => load(type, words(count)))).toBe('trap/abi');
});

/** Bits of NaN with a payload and a sign, twice: one of each width. */
const NANS = [0xffc1_2345, 0x7f80_0001, 0x0000_0001, 0xfff0_0000];

test('there is one NaN of each width, in both directions', () => {
  for (const shape of [witShape, jcoShape]) {
    const guest = words(80, 2, 88, 1, ...NANS);
    const singles = load(list(of('f32')), guest, shape) as ArrayLike<number>;
    const doubles = load(list(of('f64')), guest, shape, 72) as ArrayLike<number>;
    expect(Array.from(singles)).toEqual([Number.NaN, Number.NaN]);
    expect(Array.from(doubles)).toEqual([Number.NaN]);
    expect(new Uint32Array(Float32Array.from(singles).buffer)).toEqual(Uint32Array.of(0x7fc00000, 0x7fc00000));
    expect(new BigUint64Array(Float64Array.from(doubles).buffer)).toEqual(BigUint64Array.of(0x7ff8n << 48n));
  }
  const bits = new Uint8Array(Uint32Array.from(NANS).buffer);
  const store = (type: ValueType, shape: Shape, value: unknown): Uint8Array => {
    const { abi } = makeGuest('utf8');
    valueCodec(type, shape).store(abi, 64, value);
    return abi.bytes.slice(HEAP, HEAP + 8);
  };
  const single = Uint8Array.of(0, 0, 0xc0, 0x7f, 0, 0, 0xc0, 0x7f);
  const double = Uint8Array.of(0, 0, 0, 0, 0, 0, 0xf8, 0x7f);
  const singles = new Float32Array(bits.buffer, 0, 2);
  const doubles = new Float64Array(bits.buffer, 8, 1);
  expect(store(list(of('f32')), jcoShape, singles)).toEqual(single);
  expect(store(list(of('f64')), jcoShape, doubles)).toEqual(double);
  expect(store(list(of('f32')), witShape, [...singles])).toEqual(single);
  expect(store(list(of('f64')), witShape, [...doubles])).toEqual(double);
});

const TYPED: readonly [PrimitiveKind, ArrayLike<number | bigint>][] = [
  ['s8', Int8Array.of(-1, 2)],
  ['u8', Uint8Array.of(255, 2)],
  ['s16', Int16Array.of(-1, 300)],
  ['u16', Uint16Array.of(65535, 300)],
  ['s32', Int32Array.of(-1, 70000)],
  ['u32', Uint32Array.of(2 ** 32 - 1, 70000)],
  ['s64', BigInt64Array.of(-1n, 7n)],
  ['u64', BigUint64Array.of(2n ** 64n - 1n, 7n)],
  ['f32', Float32Array.of(0.5, -0)],
  ['f64', Float64Array.of(Math.PI, -0)],
];

test.each(TYPED)('a list of %s is a typed array in jco shape, and may be given as an array', (kind, values) => {
  const codec = valueCodec(list(of(kind)), jcoShape);
  for (const given of [values, Array.from(values)]) {
    const { abi } = makeGuest('utf8');
    codec.store(abi, 64, given);
    const back = codec.load(abi, 64);
    expect(back).toEqual(values);
    expect((back as Uint8Array).buffer).not.toBe(abi.bytes.buffer);
    expect(valueCodec(list(of(kind)), witShape).load(abi, 64)).toEqual(kind === 'u8' ? values : Array.from(values));
  }
});

const point: ValueType = { kind: 'record', typeName: { name: 'point' }, fields: [{ name: 'x-y', type: of('u8') }] };
const flags: ValueType = { kind: 'flags', names: ['a-b', 'c'] };
const result: ValueType = { kind: 'result', ok: of('u8') };
const variant: ValueType = { kind: 'variant', cases: [{ name: 'a', type: of('u8') }, { name: 'b' }] };

test.each<[Shape, ValueType, unknown, string]>([
  [witShape, of('bool'), 1, 'a number that does not fit where bool'],
  [witShape, of('u8'), 256, 'a number that does not fit where u8'],
  [witShape, of('u8'), '5', 'a string that does not fit where u8'],
  [witShape, of('u8'), 5n, 'a bigint that does not fit where u8'],
  [witShape, of('s8'), 128, 'a number that does not fit where s8'],
  [witShape, of('u16'), -1, 'a number that does not fit where u16'],
  [witShape, of('s16'), 32768, 'a number that does not fit where s16'],
  [witShape, of('s32'), 0.5, 'a number that does not fit where s32'],
  [witShape, of('u32'), Number.NaN, 'a number that does not fit where u32'],
  [witShape, of('s64'), 2n ** 63n, 'a bigint that does not fit where s64'],
  [witShape, of('u64'), 5, 'a number that does not fit where u64'],
  [witShape, of('u64'), -1n, 'a bigint that does not fit where u64'],
  [witShape, of('f32'), null, 'null where f32'],
  [witShape, of('f64'), undefined, 'nothing where f64'],
  [witShape, of('char'), 'ab', 'a string that does not fit where char'],
  [witShape, of('char'), '', 'a string that does not fit where char'],
  [witShape, of('char'), '\ud800', 'a string that does not fit where char'],
  [witShape, of('string'), 5, 'a number that does not fit where string'],
  [witShape, list(of('u8')), [1], 'array of 1 where list<u8>'],
  [witShape, list(of('u16')), Uint16Array.of(1), 'object with 1 key where list<u16>'],
  [jcoShape, list(of('u16')), Uint8Array.of(1), 'bytes where list<u16>'],
  [witShape, list(of('bool')), [true, 0], 'a number that does not fit where bool'],
  [witShape, point, null, 'null where record `point`'],
  [witShape, point, {}, 'nothing where u8'],
  [jcoShape, point, { 'x-y': 1 }, 'nothing where u8'],
  [witShape, { kind: 'tuple', items: [of('u8')] }, [1, 2], 'array of 2 where tuple<u8>'],
  [witShape, { kind: 'enum', names: ['a'] }, 'constructor', 'a string that does not fit where enum'],
  [witShape, flags, ['c', 'a-b'], 'array of 2 where flags'],
  [witShape, flags, ['c', 'c'], 'array of 2 where flags'],
  [witShape, flags, ['d'], 'array of 1 where flags'],
  [jcoShape, flags, true, 'boolean where flags'],
  [witShape, option(of('u8')), undefined, 'nothing where option<u8>'],
  [witShape, option(of('u8')), {}, 'object with 0 keys where option<u8>'],
  [witShape, result, { ok: 1, err: null }, 'object with 2 keys where result<u8, _>'],
  [witShape, result, { err: 1 }, 'object with 1 key where result<u8, _>'],
  [witShape, result, {}, 'object with 0 keys where result<u8, _>'],
  [jcoShape, result, { tag: 'okay' }, 'object with 1 key where result<u8, _>'],
  [witShape, variant, { tag: 'c' }, 'object with 1 key where variant'],
  [witShape, variant, { tag: 'a' }, 'object with 1 key where variant'],
  [witShape, variant, { tag: 'b', value: 1 }, 'object with 2 keys where variant'],
  [jcoShape, variant, { tag: 'a' }, 'nothing where u8'],
])('%o: refuses from a host function for %o: %o', (shape, type, value, message) => {
  const expected = expect.objectContaining({
    code: 'capability/failed',
    message: `a host function gave ${message} is expected`,
  });
  const codec = valueCodec(type, shape);
  expect(() => codec.store(makeGuest('utf8').abi, 64, value)).toThrow(expected);
  expect(() => codec.lower(makeGuest('utf8').abi, { values: [], at: 0 }, value)).toThrow(expected);
});

test('jco shape: flags may miss, null is none, options inside options are boxed', () => {
  const { abi } = makeGuest('utf8');
  const back = (type: ValueType, value: unknown): unknown => {
    const codec = valueCodec(type, jcoShape);
    codec.store(abi, 64, value);
    return codec.load(abi, 64);
  };
  expect(back(flags, { aB: true })).toEqual({ aB: true, c: false });
  expect(back(flags, undefined)).toEqual({ aB: false, c: false });
  expect(back(option(of('u8')), null)).toBeUndefined();
  expect(back(option(of('u8')), 5)).toBe(5);
  expect(back(option(option(of('u8'))), { tag: 'some', val: undefined })).toEqual({ tag: 'some', val: undefined });
  expect(back(option(option(option(of('u8')))), { tag: 'some', val: 3 })).toEqual({ tag: 'some', val: 3 });
  expect(back(result, { tag: 'err', val: undefined })).toEqual({ tag: 'err', val: undefined });
});

const resource: ResourceType = { kind: 'resource', name: 'file' };

test('handles go through the table of the instance', () => {
  const seen: unknown[] = [];
  const note = (what: string) => (given: unknown, type: ResourceType) => {
    seen.push(what, given, type);
    return 0xffff_fff0;
  };
  const handles = { liftOwn: note('lo'), liftBorrow: note('lb'), lowerOwn: note('wo'), lowerBorrow: note('wb') };
  const { abi } = makeGuest('utf8', { handles });
  for (const kind of ['own', 'borrow'] as const) {
    const codec = valueCodec({ kind, resource }, jcoShape);
    codec.store(abi, 64, 'file');
    expect(codec.load(abi, 64)).toBe(0xffff_fff0);
    const flat = { values: [-2] as CoreValue[], at: 0 };
    codec.lift(abi, flat);
    codec.lower(abi, flat, 'flat');
    expect(flat).toEqual({ values: [-2, 0xffff_fff0], at: 2 });
  }
  expect(seen.filter((_, at) => at % 3 !== 2)).toEqual(
    ['wo', 'file', 'lo', 0xffff_fff0, 'lo', 0xffff_fffe, 'wo', 'flat'].concat([
      'wb',
      'file',
      'lb',
      0xffff_fff0,
      'lb',
      0xffff_fffe,
      'wb',
      'flat',
    ] as string[]),
  );
  expect(seen.every((item, at) => at % 3 !== 2 || item === resource)).toBe(true);
});

test('refuses types of the asynchronous ABI when the codec is made', () => {
  const type: ValueType = list({ kind: 'record', fields: [{ name: 's', type: { kind: 'unsupported', what: 'stream' } }] });
  expect(codeOf(() => valueCodec(type, witShape))).toBe('component/unsupported');
});

test.each<[string, ValueType, number]>([
  ['elements', list(of('bool')), 100],
  ['fields of records', list({ kind: 'record', fields: [{ name: 'a', type: of('bool') }] }), 200],
  ['items of tuples', list({ kind: 'tuple', items: [of('bool'), of('bool')] }), 300],
  ['options inside options, but not the outer one', list(option(option(option(of('bool'))))), 300],
  ['flags of many names', list({ kind: 'flags', names: names(32) }), 500],
])('charges %s', (_, type, elements) => {
  for (const shape of [witShape, jcoShape]) {
    const bytes = new Uint8Array(4096).fill(1);
    bytes.set(Uint8Array.of(0, 1, 0, 0, 100, 0, 0, 0), 64);
    const run = (elementsMax: number) => {
      const guest = makeGuest('utf8', { elementsMax });
      fill(guest, bytes);
      return () => load(type, guest, shape);
    };
    expect(codeOf(run(elements))).toBeUndefined();
    expect(codeOf(run(elements - 1))).toBe('limit/result');
  }
});

test('charges a list before it makes anything of it', () => {
  const guest = makeGuest('utf8', { pages: 4, bytesMax: 99, elementsMax: 99 });
  fill(guest, Uint8Array.of(0, 0, 0, 0, 100, 0, 0, 0), 64);
  for (const kind of ['u8', 'char', 'string', 'f64'] as const) {
    expect(codeOf(() => load(list(of(kind)), guest))).toBe('limit/result');
    expect(codeOf(() => load(list(of(kind)), guest, jcoShape))).toBe('limit/result');
  }
});

test('takes types as deep as the decoder lets them be', () => {
  let type: ValueType = of('u8');
  let value: unknown = 7;
  for (let depth = 0; depth < 100; depth++) {
    type = depth % 2 ? option(type) : list(type);
    value = depth % 2 ? { some: value } : depth === 0 ? Uint8Array.of(7) : [value];
  }
  const { abi } = makeGuest('utf8');
  const codec = valueCodec(type, witShape);
  codec.store(abi, 64, value);
  expect(codec.load(abi, 64)).toEqual(value);
});

test('makes one codec for each node of the type tree and shape', () => {
  const type = list(of('u8'));
  expect(valueCodec(type, witShape)).toBe(valueCodec(type, witShape));
  expect(valueCodec(type, witShape)).not.toBe(valueCodec(type, jcoShape));
});
