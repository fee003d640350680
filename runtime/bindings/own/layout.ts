import type { ValueType } from '../../component/types.ts';
import { CodedError } from '../../error.ts';
import type { CoreType, Layout } from './codec.ts';

/*
 * Where values of a type lie in memory, and as which core values they travel outside it.
 * Source: CanonicalABI.md, Alignment, Element Size, Flattening. Memories are 32 bits wide.
 */

/** Core parameters beyond which all parameters go through memory. */
export const MAX_FLAT_PARAMS = 16;

/** Core results beyond which the result goes through memory. */
export const MAX_FLAT_RESULTS = 1;

/** Sizes of a variant's discriminant, and of flags, in bytes. */
export type WordSize = 1 | 2 | 4;

const layouts = new WeakMap<ValueType, Layout>();

/**
 * The layout of a type; one object for each node of the type tree.
 *
 * `flat` is exact up to `MAX_FLAT_PARAMS + 1` core types and ends there: a value with more of them goes through memory, and
 * all of them could be exponentially many, as nodes of a type tree are shared.
 *
 * @throws CodedError `component/unsupported` for types of the asynchronous ABI.
 */
export function layoutOf(type: ValueType): Layout {
  let layout = layouts.get(type);
  if (layout === undefined) {
    layout = build(type);
    layouts.set(type, layout);
  }
  return layout;
}

/** The layout of values that follow each other: fields of a record, items of a tuple, parameters of a function. */
export function sequenceLayout(types: readonly ValueType[]): Layout {
  let size = 0;
  let alignment = 1;
  const flat: CoreType[] = [];
  for (const type of types) {
    const part = layoutOf(type);
    size = alignTo(size, part.alignment) + part.size;
    alignment = Math.max(alignment, part.alignment);
    for (let at = 0; at < part.flat.length && flat.length <= MAX_FLAT_PARAMS; at++) flat.push(part.flat[at]!);
  }
  return { size: alignTo(size, alignment), alignment, flat };
}

/** The place of each part of a sequence, in bytes from its start. */
export function sequenceOffsets(types: readonly ValueType[]): readonly number[] {
  let end = 0;
  return types.map((type) => {
    const part = layoutOf(type);
    const offset = alignTo(end, part.alignment);
    end = offset + part.size;
    return offset;
  });
}

/** Where the payloads of a variant begin, in bytes from its start. @param payloads - of its cases. */
export function payloadOffset(payloads: readonly (ValueType | undefined)[]): number {
  return alignTo(discriminantSize(payloads.length), payloadAlignment(payloads));
}

/** Bytes of the discriminant of a variant or enum with so many cases. */
export function discriminantSize(cases: number): WordSize {
  if (cases <= 0x100) return 1;
  return cases <= 0x1_0000 ? 2 : 4;
}

/** The tightest core type that can carry the bits of both. */
export function joinCore(a: CoreType, b: CoreType): CoreType {
  if (a === b) return a;
  return (a === 'i32' && b === 'f32') || (a === 'f32' && b === 'i32') ? 'i32' : 'i64';
}

/** The payload types of everything that is a variant in the Canonical ABI; undefined for all other types. */
export function payloadsOf(type: ValueType): readonly (ValueType | undefined)[] | undefined {
  switch (type.kind) {
    case 'variant':
      return type.cases.map((item) => item.type);
    case 'enum':
      return type.names.map(() => undefined);
    case 'option':
      return [undefined, type.some];
    case 'result':
      return [type.ok, type.err];
    default:
      return undefined;
  }
}

/** @param alignment - 1 or larger; no need to be a power of two. */
export function alignTo(offset: number, alignment: number): number {
  return Math.ceil(offset / alignment) * alignment;
}

function scalar(size: number, core: CoreType): Layout {
  return { size, alignment: size, flat: [core] };
}

const POINTER_AND_LENGTH: Layout = { size: 8, alignment: 4, flat: ['i32', 'i32'] };
const WORDS: Readonly<Record<WordSize, Layout>> = { 1: scalar(1, 'i32'), 2: scalar(2, 'i32'), 4: scalar(4, 'i32') };

function build(type: ValueType): Layout {
  switch (type.kind) {
    case 'bool':
    case 's8':
    case 'u8':
      return WORDS[1];
    case 's16':
    case 'u16':
      return WORDS[2];
    case 's32':
    case 'u32':
    case 'char':
    case 'own':
    case 'borrow':
      return WORDS[4];
    case 's64':
    case 'u64':
      return scalar(8, 'i64');
    case 'f32':
      return scalar(4, 'f32');
    case 'f64':
      return scalar(8, 'f64');
    case 'string':
    case 'list':
      return POINTER_AND_LENGTH;
    case 'record':
      return sequenceLayout(type.fields.map((field) => field.type));
    case 'tuple':
      return sequenceLayout(type.items);
    case 'flags':
      return WORDS[flagsSize(type.names.length)];
    case 'enum':
      return WORDS[discriminantSize(type.names.length)];
    case 'unsupported':
      throw new CodedError('component/unsupported', `values of type \`${type.what}\` cannot cross`);
    default:
      return variantLayout(payloadsOf(type)!); // the kinds that are left are those that it knows
  }
}

/** Bytes of flags with so many names, of which there are at most 32. */
export function flagsSize(names: number): WordSize {
  if (names <= 8) return 1;
  return names <= 16 ? 2 : 4;
}

function variantLayout(payloads: readonly (ValueType | undefined)[]): Layout {
  let size = 0;
  const joined: CoreType[] = [];
  for (const payload of payloads) {
    if (payload === undefined) continue;
    const part = layoutOf(payload);
    size = Math.max(size, part.size);
    for (let at = 0; at < part.flat.length && at < MAX_FLAT_PARAMS; at++) {
      const found = joined[at];
      joined[at] = found === undefined ? part.flat[at]! : joinCore(found, part.flat[at]!);
    }
  }
  const alignment = Math.max(discriminantSize(payloads.length), payloadAlignment(payloads));
  return { size: alignTo(payloadOffset(payloads) + size, alignment), alignment, flat: ['i32', ...joined] };
}

function payloadAlignment(payloads: readonly (ValueType | undefined)[]): number {
  return payloads.reduce((most, payload) => (payload === undefined ? most : Math.max(most, layoutOf(payload).alignment)), 1);
}
