import { CodedError } from '../../error.ts';
import type { CoreValue } from './codec.ts';
import { canonicalNan, charOf, type ScalarKind } from './scalars.ts';

/** How a scalar's canonical bytes become its core value, and the other way round. */
export interface ScalarBytes {
  /** Bytes of the encoding. */
  readonly size: number;
  /** @param bytes - written by our own encoder. */
  read(bytes: Uint8Array, at: number): CoreValue;
  /** @throws CodedError `trap/abi` when the core value stands for no value of the kind. */
  write(bytes: Uint8Array, at: number, core: CoreValue): void;
}

const word = new DataView(new ArrayBuffer(8));

function getWord(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

function putWord(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >> 8;
  bytes[at + 2] = value >> 16;
  bytes[at + 3] = value >> 24;
}

/** Puts 8 bytes into the scratch word. */
function getDouble(bytes: Uint8Array, at: number): DataView {
  word.setInt32(0, getWord(bytes, at), true);
  word.setInt32(4, getWord(bytes, at + 4), true);
  return word;
}

/** Takes 8 bytes out of the scratch word. */
function putDouble(bytes: Uint8Array, at: number): void {
  putWord(bytes, at, word.getInt32(0, true));
  putWord(bytes, at + 4, word.getInt32(4, true));
}

// The casts: bigint stands for i64 and number for all other core types.
const BYTE: ScalarBytes = {
  size: 1,
  read: (bytes, at) => bytes[at]!,
  write: (bytes, at, core) => {
    bytes[at] = core as number;
  },
};
const HALF: ScalarBytes = {
  size: 2,
  read: (bytes, at) => bytes[at]! | (bytes[at + 1]! << 8),
  write: (bytes, at, core) => {
    bytes[at] = core as number;
    bytes[at + 1] = (core as number) >> 8;
  },
};
const WORD: ScalarBytes = { size: 4, read: getWord, write: (bytes, at, core) => putWord(bytes, at, core as number) };
const LONG: ScalarBytes = {
  size: 8,
  read: (bytes, at) => getDouble(bytes, at).getBigInt64(0, true),
  write: (bytes, at, core) => {
    word.setBigInt64(0, core as bigint, true);
    putDouble(bytes, at);
  },
};

/** By kind. Signed kinds of less than 32 bits are extended when read; what is written is cut to size, as the ABI wraps. */
export const SCALAR_BYTES: Readonly<Record<ScalarKind, ScalarBytes>> = {
  bool: {
    ...BYTE,
    write: (bytes, at, core) => {
      bytes[at] = core === 0 ? 0 : 1;
    },
  },
  u8: BYTE,
  s8: { ...BYTE, read: (bytes, at) => (bytes[at]! << 24) >> 24 },
  u16: HALF,
  s16: { ...HALF, read: (bytes, at) => ((bytes[at]! | (bytes[at + 1]! << 8)) << 16) >> 16 },
  u32: WORD,
  s32: WORD,
  char: {
    ...WORD,
    write: (bytes, at, core) => {
      charOf((core as number) >>> 0);
      putWord(bytes, at, core as number);
    },
  },
  u64: LONG,
  s64: LONG,
  f32: {
    size: 4,
    read: (bytes, at) => {
      word.setInt32(0, getWord(bytes, at), true);
      return word.getFloat32(0, true);
    },
    write: (bytes, at, core) => {
      word.setFloat32(0, canonicalNan(core as number), true);
      putWord(bytes, at, word.getInt32(0, true));
    },
  },
  f64: {
    size: 8,
    read: (bytes, at) => getDouble(bytes, at).getFloat64(0, true),
    write: (bytes, at, core) => {
      word.setFloat64(0, canonicalNan(core as number), true);
      putDouble(bytes, at);
    },
  },
};

/** To be thrown when an encoding has not the size that its type says. */
export function wrongSize(bytes: number, size: number): CodedError {
  return new CodedError('params/invalid', `the encoded value has ${bytes} bytes, not ${size}`, { data: { offset: bytes } });
}
