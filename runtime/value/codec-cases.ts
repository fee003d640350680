import type { Case, ValueType } from '../component/types.ts';
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { type Codec, wrongKind } from './codec-scalars.ts';
import { Mismatch, within } from './mismatch.ts';
import { nameIndex } from './name-index.ts';
import type { WitValue } from './wit-value.ts';
import { typeWords } from './words.ts';

// Codecs of the types whose values choose between names or cases. `codec.ts` gives them the codecs of their parts.

type OfKind<K extends ValueType['kind']> = Extract<ValueType, { kind: K }>;
type Shape = { readonly [key: string]: unknown };

/** @param payloads - codec of each case's payload, in order. */
export function variantCodec(type: OfKind<'variant'>, payloads: readonly (Codec | undefined)[]): Codec {
  const index = nameIndex(type);
  const tags = discriminant(payloads.length);
  return {
    bytesMin: tags.bytes + payloads.reduce((least, payload) => Math.min(least, payload?.bytesMin ?? 0), Number.MAX_SAFE_INTEGER),
    depth: 1 + payloads.reduce((most, payload) => Math.max(most, payload?.depth ?? 0), 0),
    payloadSlots: 1,
    write(writer, value) {
      const tag = typeof value === 'object' && value !== null ? (value as Shape).tag : undefined; // checked again below
      const position = typeof tag === 'string' ? index.get(tag) : undefined;
      if (position === undefined) throw wrongKind(type, value);
      const payload = payloads[position];
      const { value: inner } = shapeOf(value, payload === undefined ? 1 : 2, type);
      tags.write(writer, position);
      if (payload !== undefined) writePart(writer, inner, payload, '.value');
    },
    read(reader) {
      const position = tags.read(reader);
      const found: Case = type.cases[position]!;
      const payload = payloads[position];
      return payload === undefined ? { tag: found.name } : { tag: found.name, value: readPart(reader, payload) };
    },
  };
}

export function enumCodec(type: OfKind<'enum'>): Codec {
  const index = nameIndex(type);
  const tags = discriminant(type.names.length);
  return {
    bytesMin: tags.bytes,
    depth: 1,
    write(writer, value) {
      const position = typeof value === 'string' ? index.get(value) : undefined;
      if (position === undefined) throw wrongKind(type, value);
      tags.write(writer, position);
    },
    read: (reader) => type.names[tags.read(reader)]!,
  };
}

interface Discriminant {
  readonly bytes: number;
  write(writer: ByteWriter, index: number): void;
  /** @throws CodedError `params/invalid` for an index that there is no case for. */
  read(reader: ByteReader): number;
}

/** Sizes as in the Canonical ABI: `discriminant_type`. */
function discriminant(count: number): Discriminant {
  const checkedIndex = (reader: ByteReader, index: number): number => {
    if (index >= count) throw reader.malformed('the index of a case that does not exist');
    return index;
  };
  if (count <= 0x100)
    return { bytes: 1, write: (writer, index) => writer.u8(index), read: (reader) => checkedIndex(reader, reader.u8()) };
  if (count <= 0x1_0000) {
    return { bytes: 2, write: (writer, index) => writer.u16(index), read: (reader) => checkedIndex(reader, reader.u16()) };
  }
  return { bytes: 4, write: (writer, index) => writer.u32(index), read: (reader) => checkedIndex(reader, reader.u32()) };
}

/** Slots that a value of flags with so many names is charged: what is made for it may have as many names. */
export function flagsSlots(names: number): number {
  return names >> 3;
}

export function flagsCodec(type: OfKind<'flags'>): Codec {
  const count = type.names.length;
  const bytes = Math.ceil(count / 8);
  const index = nameIndex(type);
  const slots = flagsSlots(count);
  return {
    bytesMin: bytes,
    depth: 1,
    write(writer, value) {
      if (!Array.isArray(value)) throw wrongKind(type, value);
      writer.charge(slots);
      const set = new Uint8Array(bytes);
      let last = -1;
      for (let item = 0; item < value.length; item++) {
        const position = index.get(value[item]);
        if (position === undefined || position <= last) {
          throw new Mismatch(typeWords(type), position === undefined ? 'an unknown name' : 'names out of order').within(
            `[${item}]`,
          );
        }
        set[position >> 3]! |= 1 << (position & 7);
        last = position;
      }
      writer.raw(set);
    },
    read(reader) {
      reader.charge(slots);
      const set = reader.raw(bytes);
      if (count % 8 !== 0 && set[bytes - 1]! >> (count % 8) !== 0) throw reader.malformed('a flag that does not exist');
      return type.names.filter((_, position) => (set[position >> 3]! >> (position & 7)) & 1);
    },
  };
}

export function optionCodec(some: Codec, type: ValueType): Codec {
  return {
    bytesMin: 1,
    depth: 1 + some.depth,
    payloadSlots: 1,
    write(writer, value) {
      if (value === null) return writer.u8(0);
      const { some: inner } = shapeOf(value, 1, type);
      writer.u8(1);
      writePart(writer, inner, some, '.some');
    },
    read(reader) {
      const byte = reader.u8();
      if (byte > 1) throw reader.malformed('an option that is neither 0 nor 1');
      return byte === 0 ? null : { some: readPart(reader, some) };
    },
  };
}

export function resultCodec(type: OfKind<'result'>, ok: Codec | undefined, err: Codec | undefined): Codec {
  const part = (payload: Codec | undefined, reader: ByteReader): WitValue =>
    payload === undefined ? null : readPart(reader, payload);
  return {
    bytesMin: 1 + Math.min(ok?.bytesMin ?? 0, err?.bytesMin ?? 0),
    depth: 1 + Math.max(ok?.depth ?? 0, err?.depth ?? 0),
    payloadSlots: 1,
    write(writer, value) {
      const fields = shapeOf(value, 1, type);
      const side = fields.ok === undefined ? 'err' : 'ok';
      const payload = side === 'ok' ? ok : err;
      writer.u8(side === 'ok' ? 0 : 1);
      if (payload !== undefined) writePart(writer, fields[side], payload, `.${side}`);
      else if (fields[side] !== null) throw wrongKind(type, value);
    },
    read(reader) {
      const byte = reader.u8();
      if (byte > 1) throw reader.malformed('a result that is neither 0 nor 1');
      return byte === 0 ? { ok: part(ok, reader) } : { err: part(err, reader) };
    },
  };
}

function readPart(reader: ByteReader, codec: Codec): WitValue {
  if (codec.payloadSlots !== undefined) reader.charge(codec.payloadSlots);
  return codec.read(reader);
}

function writePart(writer: ByteWriter, value: unknown, codec: Codec, step: string): void {
  if (codec.payloadSlots !== undefined) writer.charge(codec.payloadSlots);
  try {
    codec.write(writer, value);
  } catch (error) {
    throw within(error, step);
  }
}

/** An object with exactly as many own keys; each key that the type has is asked for next, so none can be another. */
export function shapeOf(value: unknown, keys: number, type: ValueType): Shape {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrongKind(type, value);
  const prototype = Object.getPrototypeOf(value);
  if ((prototype !== null && prototype !== Object.prototype) || Object.keys(value).length !== keys) throw wrongKind(type, value);
  return value as Shape; // what Object.keys has just seen
}
