import { expect, test } from 'vitest';
import {
  discriminantSize,
  layoutOf,
  MAX_FLAT_PARAMS,
  payloadOffset,
  sequenceOffsets,
} from '../../../runtime/bindings/own/layout.ts';
import type { ValueType } from '../../../runtime/component/types.ts';

const u8: ValueType = { kind: 'u8' };
const u32: ValueType = { kind: 'u32' };
const u64: ValueType = { kind: 'u64' };
const f32: ValueType = { kind: 'f32' };
const f64: ValueType = { kind: 'f64' };
const string: ValueType = { kind: 'string' };
const tuple = (...items: ValueType[]): ValueType => ({ kind: 'tuple', items });
const variant = (...types: (ValueType | undefined)[]): ValueType => ({
  kind: 'variant',
  cases: types.map((type, at) => ({ name: `c${at}`, ...(type && { type }) })),
});
const names = (count: number) => Array.from({ length: count }, (_, at) => `n${at}`);

test.each<[string, ValueType, number, number, string]>([
  ['tuple with holes', tuple(u8, u64, u8), 24, 8, 'i32 i64 i32'],
  ['option of u64', { kind: 'option', some: u64 }, 16, 8, 'i32 i64'],
  ['result without payloads', { kind: 'result' }, 1, 1, 'i32'],
  ['i32 and f32 joined', variant(u32, f32), 8, 4, 'i32 i32'],
  ['f32 and f64 joined', variant(f32, f64), 16, 8, 'i32 i64'],
  ['f64 alone', variant(undefined, f64, f64), 16, 8, 'i32 f64'],
  ['payloads of different lengths', variant(tuple(f32, f64), string, u64), 24, 8, 'i32 i64 i64'],
  ['8 flags', { kind: 'flags', names: names(8) }, 1, 1, 'i32'],
  ['9 flags', { kind: 'flags', names: names(9) }, 2, 2, 'i32'],
  ['17 flags', { kind: 'flags', names: names(17) }, 4, 4, 'i32'],
  ['256 names', { kind: 'enum', names: names(256) }, 1, 1, 'i32'],
  ['257 names', { kind: 'enum', names: names(257) }, 2, 2, 'i32'],
  ['65537 names', { kind: 'enum', names: names(65537) }, 4, 4, 'i32'],
])('%s', (_, type, size, alignment, flat) => {
  expect(layoutOf(type)).toEqual({ size, alignment, flat: flat.split(' ') });
});

test('places parts and payloads', () => {
  expect(sequenceOffsets([u8, u64, u8, u32])).toEqual([0, 8, 16, 20]);
  expect(payloadOffset([u8, undefined, u64])).toBe(8);
  expect(payloadOffset(names(300).map(() => undefined))).toBe(2);
  expect([256, 257, 65536, 65537].map(discriminantSize)).toEqual([1, 2, 2, 4]);
});

test('knows 16 core types exactly and stops soon after', () => {
  const wide = tuple(...names(20).map((_, at) => (at % 2 ? f32 : u32)));
  expect(layoutOf(wide).flat).toHaveLength(MAX_FLAT_PARAMS + 1);
  // The sixteenth core value of the variant is the fifteenth of the payload: joined with a case that has f64 there.
  const joined = layoutOf(variant(wide, tuple(...names(15).map(() => f64))));
  expect(joined.flat.slice(0, 16)).toEqual(['i32', ...names(15).map(() => 'i64')]);
});

test('lays out types that share nodes in linear time', () => {
  let type: ValueType = u32;
  for (let depth = 0; depth < 40; depth++) type = variant(type, tuple(type, type));
  expect(layoutOf(type).flat.slice(0, 16)).toEqual(names(16).map(() => 'i32'));
});

test('refuses types of the asynchronous ABI', () => {
  expect(() => layoutOf({ kind: 'option', some: { kind: 'unsupported', what: 'stream' } })).toThrow(
    expect.objectContaining({ code: 'component/unsupported', message: 'values of type `stream` cannot cross' }),
  );
});
