import type { Field, ValueType } from '../component/types.ts';
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { enumCodec, flagsCodec, optionCodec, resultCodec, shapeOf, variantCodec } from './codec-cases.ts';
import { bytesCodec, type Codec, SCALAR_CODECS, wrongKind } from './codec-scalars.ts';
import { within } from './mismatch.ts';
import { emptyRecord, type WitValue } from './wit-value.ts';
import { notCallable } from './words.ts';

export type { Codec };

type OfKind<K extends ValueType['kind']> = Extract<ValueType, { kind: K }>;

const codecs = new WeakMap<ValueType, Codec>();

/**
 * The codec of a type, built once for each node of the type tree.
 *
 * @throws CodedError `component/not-callable` for types that data cannot stand for.
 */
export function codecFor(type: ValueType): Codec {
  let codec = codecs.get(type);
  if (codec === undefined) {
    codec = build(type);
    codecs.set(type, codec);
  }
  return codec;
}

function build(type: ValueType): Codec {
  switch (type.kind) {
    case 'list':
      return type.element.kind === 'u8' ? bytesCodec : listCodec(codecFor(type.element), type);
    case 'record':
      return recordCodec(type);
    case 'tuple':
      return tupleCodec(type);
    case 'variant':
      return variantCodec(
        type,
        type.cases.map((item) => partCodec(item.type)),
      );
    case 'enum':
      return enumCodec(type);
    case 'flags':
      return flagsCodec(type);
    case 'option':
      return optionCodec(codecFor(type.some), type);
    case 'result':
      return resultCodec(type, partCodec(type.ok), partCodec(type.err));
    case 'own':
    case 'borrow':
    case 'unsupported':
      throw notCallable(type);
    default:
      return SCALAR_CODECS[type.kind];
  }
}

function partCodec(type: ValueType | undefined): Codec | undefined {
  return type === undefined ? undefined : codecFor(type);
}

function listCodec(element: Codec, type: ValueType): Codec {
  return {
    bytesMin: 4,
    depth: 1 + element.depth,
    write(writer, value) {
      if (!Array.isArray(value)) throw wrongKind(type, value);
      const count = value.length;
      writer.charge(count);
      writer.u32(count);
      let index = 0;
      try {
        for (; index < count; index++) element.write(writer, value[index]);
      } catch (error) {
        throw within(error, `[${index}]`);
      }
    },
    read(reader) {
      const count = reader.count(element.bytesMin);
      reader.charge(count);
      const values: WitValue[] = [];
      for (let index = 0; index < count; index++) values.push(element.read(reader));
      return values;
    },
  };
}

/** Codecs of fields or parameters in their order, one after the other. */
export function fieldCodecs(fields: readonly Field[]): readonly Codec[] {
  return fields.map((field) => codecFor(field.type));
}

function recordCodec(type: OfKind<'record'>): Codec {
  const names = type.fields.map((field) => field.name);
  const parts = fieldCodecs(type.fields);
  return {
    ...sequence(parts),
    write(writer, value) {
      const fields = shapeOf(value, names.length, type);
      writer.charge(names.length);
      let index = 0;
      try {
        for (; index < parts.length; index++) parts[index]!.write(writer, fields[names[index]!]);
      } catch (error) {
        throw within(error, `.${names[index]}`);
      }
    },
    read(reader) {
      reader.charge(names.length);
      const record = emptyRecord();
      for (let index = 0; index < parts.length; index++) record[names[index]!] = parts[index]!.read(reader);
      return record;
    },
  };
}

function tupleCodec(type: OfKind<'tuple'>): Codec {
  const parts = type.items.map(codecFor);
  return {
    ...sequence(parts),
    write(writer, value) {
      if (!Array.isArray(value) || value.length !== parts.length) throw wrongKind(type, value);
      writeItems(writer, value, parts);
    },
    read: (reader) => readItems(reader, parts),
  };
}

/** @param values - as many as there are parts. */
function writeItems(writer: ByteWriter, values: readonly unknown[], parts: readonly Codec[]): void {
  writer.charge(parts.length);
  let index = 0;
  try {
    for (; index < parts.length; index++) parts[index]!.write(writer, values[index]);
  } catch (error) {
    throw within(error, `[${index}]`);
  }
}

/** Reads one value by each codec. */
export function readItems(reader: ByteReader, parts: readonly Codec[]): WitValue[] {
  reader.charge(parts.length);
  const values: WitValue[] = [];
  for (const part of parts) values.push(part.read(reader));
  return values;
}

function sequence(parts: readonly Codec[]): { readonly bytesMin: number; readonly depth: number } {
  return {
    bytesMin: parts.reduce((sum, part) => sum + part.bytesMin, 0),
    depth: 1 + parts.reduce((most, part) => Math.max(most, part.depth), 0),
  };
}
