import type { PrimitiveKind, ValueType } from '../../component/types.ts';
import { CodedError } from '../../error.ts';
import { kindWords, typeWords } from '../../value/words.ts';
import type { CoreValue } from './codec.ts';
import { abiTrap } from './trap.ts';

/*
 * Values without parts as the one core value that each of them is outside of memory.
 *
 * Source: CanonicalABI.md, Flat Lifting, Flat Lowering. Core i32 may be signed or not, in both directions.
 */

/** To be thrown when a value that a host function gave is not of its type. */
export function mismatch(type: ValueType, value: unknown): CodedError {
  return new CodedError('capability/failed', `a host function gave ${gotWords(value)} where ${typeWords(type)} is expected`);
}

function gotWords(value: unknown): string {
  switch (typeof value) {
    case 'number':
    case 'bigint':
    case 'string':
      return `a ${typeof value} that does not fit`;
    default:
      return kindWords(value);
  }
}

/** The number, with the one NaN that both sides may see. */
export function canonicalNan(value: number): number {
  return Number.isNaN(value) ? Number.NaN : value;
}

const T = (kind: PrimitiveKind): ValueType => ({ kind });
const [BOOL, S8, U8, S16, U16, S32, U32] = [T('bool'), T('s8'), T('u8'), T('s16'), T('u16'), T('s32'), T('u32')];
const [S64, U64, F32, F64, CHAR] = [T('s64'), T('u64'), T('f32'), T('f64'), T('char')];

export function bool(value: unknown): 0 | 1 {
  if (typeof value !== 'boolean') throw mismatch(BOOL, value);
  return value ? 1 : 0;
}

export function s8(value: unknown): number {
  if (typeof value !== 'number' || (value << 24) >> 24 !== value) throw mismatch(S8, value);
  return value;
}

export function u8(value: unknown): number {
  if (typeof value !== 'number' || (value & 0xff) !== value) throw mismatch(U8, value);
  return value;
}

export function s16(value: unknown): number {
  if (typeof value !== 'number' || (value << 16) >> 16 !== value) throw mismatch(S16, value);
  return value;
}

export function u16(value: unknown): number {
  if (typeof value !== 'number' || (value & 0xffff) !== value) throw mismatch(U16, value);
  return value;
}

export function s32(value: unknown): number {
  if (typeof value !== 'number' || (value | 0) !== value) throw mismatch(S32, value);
  return value;
}

export function u32(value: unknown): number {
  if (typeof value !== 'number' || value >>> 0 !== value) throw mismatch(U32, value);
  return value;
}

export function s64(value: unknown): bigint {
  if (typeof value !== 'bigint' || BigInt.asIntN(64, value) !== value) throw mismatch(S64, value);
  return value;
}

export function u64(value: unknown): bigint {
  if (typeof value !== 'bigint' || BigInt.asUintN(64, value) !== value) throw mismatch(U64, value);
  return value;
}

export function f32(value: unknown): number {
  if (typeof value !== 'number') throw mismatch(F32, value);
  return canonicalNan(Math.fround(value));
}

export function f64(value: unknown): number {
  if (typeof value !== 'number') throw mismatch(F64, value);
  return canonicalNan(value);
}

export function char(value: unknown): number {
  const point = typeof value === 'string' ? value.codePointAt(0) : undefined;
  if (point === undefined || (value as string).length !== (point > 0xffff ? 2 : 1) || (point & ~0x7ff) === 0xd800) {
    throw mismatch(CHAR, value);
  }
  return point;
}

/** `convert_i32_to_char`. */
export function charOf(point: number): string {
  if (point >= 0x11_0000 || (point & ~0x7ff) === 0xd800) throw abiTrap('a char is no Unicode scalar value');
  return String.fromCodePoint(point);
}

/** The kinds whose values are one core value. */
export type ScalarKind = Exclude<PrimitiveKind, 'string'>;

export interface Scalar {
  /** @param core - of the core type that goes with the kind. */
  lift(core: CoreValue): unknown;
  /** @throws CodedError `capability/failed` when the value is not of the kind. */
  lower(value: unknown): CoreValue;
}

// The casts: bigint stands for i64 and number for all other core types.
export const SCALARS: Readonly<Record<ScalarKind, Scalar>> = {
  bool: { lift: (core) => core !== 0, lower: bool },
  s8: { lift: (core) => ((core as number) << 24) >> 24, lower: s8 },
  u8: { lift: (core) => (core as number) & 0xff, lower: u8 },
  s16: { lift: (core) => ((core as number) << 16) >> 16, lower: s16 },
  u16: { lift: (core) => (core as number) & 0xffff, lower: u16 },
  s32: { lift: (core) => (core as number) | 0, lower: s32 },
  u32: { lift: (core) => (core as number) >>> 0, lower: u32 },
  s64: { lift: (core) => BigInt.asIntN(64, core as bigint), lower: s64 },
  u64: { lift: (core) => BigInt.asUintN(64, core as bigint), lower: u64 },
  f32: { lift: (core) => canonicalNan(core as number), lower: f32 },
  f64: { lift: (core) => canonicalNan(core as number), lower: f64 },
  char: { lift: (core) => charOf((core as number) >>> 0), lower: char },
};

/** True for the kinds whose values are one core value. */
export function isScalarKind(kind: ValueType['kind']): kind is ScalarKind {
  return Object.hasOwn(SCALARS, kind);
}
