import type { PrimitiveKind, ValueType } from '../component/types.ts';
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { Mismatch } from './mismatch.ts';
import { isWellFormed, type WitValue } from './wit-value.ts';
import { INTEGER_RANGES, kindWords, typeWords } from './words.ts';

/** How values of one type are written as bytes and read back. Both directions refuse what the other cannot give. */
export interface Codec {
  /** Size in bytes of the shortest encoding. */
  readonly bytesMin: number;
  /** Types inside each other: 1 for a type without parts. */
  readonly depth: number;
  /**
   * Slots charged when a value of the type is the payload of a case. 1 for variants, options and results: a hundred of them
   * inside each other are a hundred objects, of as few bytes.
   */
  readonly payloadSlots?: 1;
  /** @throws Mismatch when the value is not one of the type; CodedError `params/too-large`. */
  write(writer: ByteWriter, value: unknown): void;
  /** @throws CodedError `params/invalid`, `params/too-large`. */
  read(reader: ByteReader): WitValue;
}

// The one NaN of each width; see canonicalisation of NaN in the Canonical ABI.
const NAN_32 = 0x7fc0_0000;
const NAN_64 = 0x7ff8_0000_0000_0000n;

export const bytesCodec: Codec = {
  bytesMin: 4,
  depth: 2,
  write(writer, value) {
    if (!(value instanceof Uint8Array)) throw new Mismatch('list<u8>', kindWords(value));
    writer.u32(value.byteLength);
    writer.raw(value);
  },
  read: (reader) => reader.raw(reader.u32()),
};

const bool: Codec = {
  bytesMin: 1,
  depth: 1,
  write(writer, value) {
    if (typeof value !== 'boolean') throw new Mismatch('bool', kindWords(value));
    writer.u8(value ? 1 : 0);
  },
  read(reader) {
    const byte = reader.u8();
    if (byte > 1) throw reader.malformed('a bool that is neither 0 nor 1');
    return byte === 1;
  },
};

const text: Codec = {
  bytesMin: 4,
  depth: 1,
  write(writer, value) {
    if (typeof value !== 'string') throw new Mismatch('string', kindWords(value));
    if (!isWellFormed(value)) throw new Mismatch('string', 'string with a lone surrogate');
    writer.text(value);
  },
  read: (reader) => reader.text(),
};

const char: Codec = {
  bytesMin: 4,
  depth: 1,
  write(writer, value) {
    if (typeof value !== 'string') throw new Mismatch('char', kindWords(value));
    const point = value.codePointAt(0);
    if (point === undefined || value.length !== (point > 0xffff ? 2 : 1) || isSurrogate(point)) {
      throw new Mismatch('char', 'string that is not one Unicode scalar value');
    }
    writer.u32(point);
  },
  read(reader) {
    const point = reader.u32();
    if (point > 0x10ffff || isSurrogate(point)) throw reader.malformed('a char that is no Unicode scalar value');
    return String.fromCodePoint(point);
  },
};

const f32: Codec = {
  bytesMin: 4,
  depth: 1,
  write(writer, value) {
    if (typeof value !== 'number') throw new Mismatch('f32', kindWords(value));
    if (Number.isNaN(value)) return writer.u32(NAN_32);
    if (Math.fround(value) !== value) throw new Mismatch('f32', 'number that needs more than 32 bits');
    writer.f32(value);
  },
  read(reader) {
    const start = reader.mark();
    const value = reader.f32();
    if (Number.isNaN(value) && reader.u32From(start) !== NAN_32) throw reader.malformed('a NaN that is not the canonical one');
    return value;
  },
};

const f64: Codec = {
  bytesMin: 8,
  depth: 1,
  write(writer, value) {
    if (typeof value !== 'number') throw new Mismatch('f64', kindWords(value));
    if (Number.isNaN(value)) return writer.u64(NAN_64);
    writer.f64(value);
  },
  read(reader) {
    const start = reader.mark();
    const value = reader.f64();
    if (Number.isNaN(value) && reader.u64From(start) !== NAN_64) throw reader.malformed('a NaN that is not the canonical one');
    return value;
  },
};

/** Codecs of the types without parts, by kind. */
export const SCALAR_CODECS: Readonly<Record<PrimitiveKind, Codec>> = {
  bool,
  s8: narrow(
    's8',
    1,
    (writer, value) => writer.u8(value & 0xff),
    (reader) => (reader.u8() << 24) >> 24,
  ),
  u8: narrow(
    'u8',
    1,
    (writer, value) => writer.u8(value),
    (reader) => reader.u8(),
  ),
  s16: narrow(
    's16',
    2,
    (writer, value) => writer.u16(value & 0xffff),
    (reader) => (reader.u16() << 16) >> 16,
  ),
  u16: narrow(
    'u16',
    2,
    (writer, value) => writer.u16(value),
    (reader) => reader.u16(),
  ),
  s32: narrow(
    's32',
    4,
    (writer, value) => writer.u32(value >>> 0),
    (reader) => reader.u32() | 0,
  ),
  u32: narrow(
    'u32',
    4,
    (writer, value) => writer.u32(value),
    (reader) => reader.u32(),
  ),
  s64: wide('s64', (reader) => BigInt.asIntN(64, reader.u64())),
  u64: wide('u64', (reader) => reader.u64()),
  f32,
  f64,
  char,
  string: text,
};

function narrow(
  kind: 's8' | 'u8' | 's16' | 'u16' | 's32' | 'u32',
  bytesMin: number,
  put: (writer: ByteWriter, value: number) => void,
  read: (reader: ByteReader) => number,
): Codec {
  const min = Number(INTEGER_RANGES[kind][0]);
  const max = Number(INTEGER_RANGES[kind][1]);
  return {
    bytesMin,
    depth: 1,
    read,
    write(writer, value) {
      if (typeof value !== 'number') throw new Mismatch(kind, kindWords(value));
      if (!Number.isInteger(value) || value < min || value > max) throw new Mismatch(kind, 'number out of range');
      put(writer, value);
    },
  };
}

function wide(kind: 's64' | 'u64', read: (reader: ByteReader) => bigint): Codec {
  const [min, max] = INTEGER_RANGES[kind];
  return {
    bytesMin: 8,
    depth: 1,
    read,
    write(writer, value) {
      if (typeof value !== 'bigint') throw new Mismatch(kind, kindWords(value));
      if (value < min || value > max) throw new Mismatch(kind, 'integer out of range');
      writer.u64(value); // keeps the low 64 bits, so two's complement
    },
  };
}

function isSurrogate(point: number): boolean {
  return point >= 0xd800 && point <= 0xdfff;
}

/** The mismatch of a value that is of another kind than the type. */
export function wrongKind(type: ValueType, value: unknown): Mismatch {
  return new Mismatch(typeWords(type), kindWords(value));
}
