import type { PrimitiveKind } from '../../component/types.ts';
import type { ByteWriter } from '../../value/byte-writer.ts';
import type { BytesCodec } from './bytes-codec.ts';
import type { FlatValues } from './codec.ts';
import { layoutOf } from './layout.ts';
import { abiTrap } from './trap.ts';

/*
 * Types without parts, but for `string`. In memory and in canonical bytes they have the same width, little-endian in both.
 */

/** The upper half of the one NaN of 64 bits; the lower half is 0. */
export const NAN_64_HIGH = 0x7ff8_0000;
/** The one NaN of 32 bits. Source: CanonicalABI.md, `CANONICAL_FLOAT32_NAN`. */
export const NAN_32 = 0x7fc0_0000;

/** Takes a core value of type i32, f32 or f64. */
export function nextNumber(flat: FlatValues): number {
  return flat.values[flat.at++] as number; // core wasm has typed it
}

/** Takes a pointer, a length or another unsigned i32. */
export function nextWord(flat: FlatValues): number {
  return nextNumber(flat) >>> 0;
}

function nextBigint(flat: FlatValues): bigint {
  return flat.values[flat.at++] as bigint; // core wasm has typed it
}

/** @throws CodedError `trap/abi` @param point - unsigned. */
export function checkChar(point: number): void {
  if (point > 0x10_ffff || (point >= 0xd800 && point <= 0xdfff)) throw abiTrap('a char is no Unicode scalar value');
}

const EXACT = { slots: 0, exact: true };
const CHECKED = { slots: 0, exact: false };

const bool: BytesCodec = {
  layout: layoutOf({ kind: 'u8' }),
  image: CHECKED,
  load: (abi, pointer, out) => out.u8(abi.bytes[pointer] === 0 ? 0 : 1),
  store(abi, pointer, input) {
    abi.bytes[pointer] = input.u8();
  },
  lift: (_, flat, out) => out.u8(nextNumber(flat) === 0 ? 0 : 1),
  lower(_, flat, input) {
    flat.values[flat.at++] = input.u8();
  },
};

/** @param shift - 32 minus the bits of a signed type, 0 for an unsigned one: core values are sign-extended. */
function byte(shift: number): BytesCodec {
  return {
    layout: layoutOf({ kind: 'u8' }),
    image: EXACT,
    load: (abi, pointer, out) => out.u8(abi.bytes[pointer]!),
    store(abi, pointer, input) {
      abi.bytes[pointer] = input.u8();
    },
    lift: (_, flat, out) => out.u8(nextNumber(flat)), // keeps the low bits, as the ABI wants
    lower(_, flat, input) {
      flat.values[flat.at++] = (input.u8() << shift) >> shift;
    },
  };
}

function half(shift: number): BytesCodec {
  return {
    layout: layoutOf({ kind: 'u16' }),
    image: EXACT,
    load: (abi, pointer, out) => out.u16(abi.view.getUint16(pointer, true)),
    store: (abi, pointer, input) => abi.view.setUint16(pointer, input.u16(), true),
    lift: (_, flat, out) => out.u16(nextNumber(flat)),
    lower(_, flat, input) {
      flat.values[flat.at++] = (input.u16() << shift) >> shift;
    },
  };
}

const word: BytesCodec = {
  layout: layoutOf({ kind: 'u32' }),
  image: EXACT,
  load: (abi, pointer, out) => out.u32(abi.view.getUint32(pointer, true)),
  store: (abi, pointer, input) => abi.view.setUint32(pointer, input.u32(), true),
  lift: (_, flat, out) => out.u32(nextNumber(flat)),
  lower(_, flat, input) {
    flat.values[flat.at++] = input.u32();
  },
};

const wide: BytesCodec = {
  layout: layoutOf({ kind: 'u64' }),
  image: EXACT,
  load: (abi, pointer, out) => out.u64(abi.view.getBigUint64(pointer, true)),
  store: (abi, pointer, input) => abi.view.setBigUint64(pointer, input.u64(), true),
  lift: (_, flat, out) => out.u64(nextBigint(flat)),
  lower(_, flat, input) {
    flat.values[flat.at++] = input.u64();
  },
};

const char: BytesCodec = {
  layout: layoutOf({ kind: 'u32' }),
  image: CHECKED,
  load(abi, pointer, out) {
    const point = abi.view.getUint32(pointer, true);
    checkChar(point);
    out.u32(point);
  },
  store: word.store,
  lift(_, flat, out) {
    const point = nextWord(flat);
    checkChar(point);
    out.u32(point);
  },
  lower: word.lower,
};

// Floats in memory are moved as integers: an engine may change a NaN that it holds as a number.
const f32: BytesCodec = {
  layout: layoutOf({ kind: 'f32' }),
  image: CHECKED,
  load(abi, pointer, out) {
    const bits = abi.view.getUint32(pointer, true);
    out.u32((bits & 0x7fff_ffff) > 0x7f80_0000 ? NAN_32 : bits);
  },
  store: word.store,
  lift(_, flat, out) {
    const value = nextNumber(flat);
    if (Number.isNaN(value)) out.u32(NAN_32);
    else out.f32(value);
  },
  lower(_, flat, input) {
    flat.values[flat.at++] = input.f32();
  },
};

const f64: BytesCodec = {
  layout: layoutOf({ kind: 'f64' }),
  image: CHECKED,
  load: (abi, pointer, out) => float64(abi.view.getFloat64(pointer, true), out),
  store(abi, pointer, input) {
    const low = input.u32();
    abi.view.setUint32(pointer, low, true);
    abi.view.setUint32(pointer + 4, input.u32(), true);
  },
  lift: (_, flat, out) => float64(nextNumber(flat), out),
  lower(_, flat, input) {
    flat.values[flat.at++] = input.f64();
  },
};

function float64(value: number, out: ByteWriter): void {
  if (!Number.isNaN(value)) return out.f64(value);
  out.u32(0);
  out.u32(NAN_64_HIGH);
}

/** Codecs of the types without parts, by kind. */
export const SCALAR_BYTES: Readonly<Record<Exclude<PrimitiveKind, 'string'>, BytesCodec>> = {
  bool,
  s8: byte(24),
  u8: byte(0),
  s16: half(16),
  u16: half(0),
  s32: word,
  u32: word,
  s64: wide,
  u64: wide,
  f32,
  f64,
  char,
};
