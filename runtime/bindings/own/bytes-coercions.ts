import { NAN_32, NAN_64_HIGH } from './bytes-scalars.ts';
import type { CoreType, CoreValue } from './codec.ts';

/*
 * The payloads of a variant share their core values, whose types are wide enough for each of them: a payload that has
 * other types for itself is coerced. Source: CanonicalABI.md, `lift_flat_variant` and `lower_flat_variant`.
 */

/** One change of core value `at`, counted from the payload's first. */
interface Coercion {
  readonly at: number;
  readonly change: (value: CoreValue) => CoreValue;
}

const scratch = new DataView(new ArrayBuffer(8));

// What a number or a bigint is was typed by core wasm or by a lowering of ours: hence each `as` below.
const CHANGES: Readonly<Record<string, (value: CoreValue) => CoreValue>> = {
  'i32 f32': (value) => float32(value as number),
  'i64 f32': (value) => float32(word(value as bigint)),
  'i64 i32': (value) => word(value as bigint),
  'i64 f64': (value) => {
    scratch.setBigUint64(0, value as bigint);
    return scratch.getFloat64(0);
  },
  'f32 i32': (value) => bits32(value as number),
  'f32 i64': (value) => BigInt(bits32(value as number)),
  'i32 i64': (value) => BigInt((value as number) >>> 0),
  'f64 i64': (value) => bits64(value as number),
};

/** Turns values of the types `from` into those of the types `to`, as far as there are both. */
export function coercions(from: readonly CoreType[], to: readonly CoreType[]): readonly Coercion[] {
  const found: Coercion[] = [];
  for (let at = 0; at < Math.min(from.length, to.length); at++) {
    const change = CHANGES[`${from[at]} ${to[at]}`];
    if (change !== undefined) found.push({ at, change });
  }
  return found;
}

/** Changes core values in place. @param start - place of the payload's first. */
export function coerce(values: CoreValue[], start: number, coercions: readonly Coercion[]): void {
  for (const { at, change } of coercions) values[start + at] = change(values[start + at]!);
}

function word(value: bigint): number {
  return Number(BigInt.asUintN(32, value));
}

function float32(bits: number): number {
  scratch.setUint32(0, bits);
  return scratch.getFloat32(0);
}

function bits32(value: number): number {
  if (Number.isNaN(value)) return NAN_32;
  scratch.setFloat32(0, value);
  return scratch.getUint32(0);
}

function bits64(value: number): bigint {
  if (Number.isNaN(value)) return BigInt(NAN_64_HIGH) << 32n;
  scratch.setFloat64(0, value);
  return scratch.getBigUint64(0);
}
