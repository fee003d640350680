import type { PrimitiveKind, ValueType } from '../../component/types.ts';
import { CodedError } from '../../error.ts';
import type { Abi } from './abi.ts';
import type { Layout, ValueCodec } from './codec.ts';
import { mismatch } from './scalars.ts';
import { abiTrap } from './trap.ts';

/*
 * Codecs of lists. Source: CanonicalABI.md, `load_list_from_range`, `store_list_into_range`.
 *
 * An empty list is treated like any other: its pointer must be aligned and inside the memory, and `realloc` is called for it.
 */

type ListType = Extract<ValueType, { kind: 'list' }>;

/** The longest list that may be lifted, in bytes of the guest's memory. */
export const LIST_BYTES_MAX = 2 ** 28 - 1;

/** Where values begin that do not fit the guest's memory at all. */
const ALLOCATION_BYTES_MAX = 2 ** 32 - 1;

/** How the elements of one list type are had; everything else is the same for all of them. */
interface Elements {
  readonly size: number;
  readonly alignment: number;
  /** What a lifted list is charged, before anything is made. */
  charge(abi: Abi, count: number): void;
  /** The range was checked. */
  load(abi: Abi, pointer: number, count: number): unknown;
  /** @throws CodedError `capability/failed` when the value is no list of the type. */
  countOf(value: unknown): number;
  store(abi: Abi, pointer: number, count: number, value: unknown): void;
}

/**
 * Checks where a list is said to be.
 *
 * @param pointer - unsigned, as is `count`.
 * @throws CodedError `trap/abi`
 */
export function checkListRange(abi: Abi, pointer: number, count: number, size: number, alignment: number): void {
  const byteLength = count * size;
  if (byteLength > LIST_BYTES_MAX) throw abiTrap(`a list has ${byteLength} bytes, which is more than ${LIST_BYTES_MAX}`);
  abi.check(pointer, alignment, byteLength, 'a list has');
}

function listOf(layout: Layout, elements: Elements): ValueCodec {
  const { size, alignment } = elements;
  const load = (abi: Abi, pointer: number, count: number): unknown => {
    checkListRange(abi, pointer, count, size, alignment);
    elements.charge(abi, count);
    return elements.load(abi, pointer, count);
  };
  const store = (abi: Abi, count: number, value: unknown): number => {
    const byteLength = count * size;
    if (byteLength > ALLOCATION_BYTES_MAX) throw new CodedError('capability/failed', 'a host function gave a list beyond 4 GiB');
    const pointer = abi.allocate(alignment, byteLength);
    elements.store(abi, pointer, count, value);
    return pointer;
  };
  return {
    layout,
    load: (abi, pointer) => load(abi, abi.view.getUint32(pointer, true), abi.view.getUint32(pointer + 4, true)),
    store: (abi, pointer, value) => {
      const count = elements.countOf(value);
      const start = store(abi, count, value);
      const { view } = abi;
      view.setUint32(pointer, start, true);
      view.setUint32(pointer + 4, count, true);
    },
    lift: (abi, flat) => {
      const pointer = (flat.values[flat.at++] as number) >>> 0; // both are i32
      return load(abi, pointer, (flat.values[flat.at++] as number) >>> 0);
    },
    lower: (abi, flat, value) => {
      const count = elements.countOf(value);
      flat.values[flat.at++] = store(abi, count, value);
      flat.values[flat.at++] = count;
    },
  };
}

/** Lists that are arrays, in the shape of their elements. */
export function arrayCodec(type: ListType, layout: Layout, element: ValueCodec): ValueCodec {
  const { size, alignment } = element.layout;
  return listOf(layout, {
    size,
    alignment,
    charge: chargeElements,
    load: (abi, pointer, count) => {
      // Growing it by pushes takes several times as long. The count was charged.
      const values = new Array<unknown>(count);
      for (let at = 0; at < count; at++) values[at] = element.load(abi, pointer + at * size);
      return values;
    },
    countOf: (value) => {
      if (!Array.isArray(value)) throw mismatch(type, value);
      return value.length;
    },
    store: (abi, pointer, count, value) => {
      const values = value as readonly unknown[]; // as counted
      for (let at = 0; at < count; at++) element.store(abi, pointer + at * size, values[at]);
    },
  });
}

function chargeElements(abi: Abi, count: number): void {
  abi.budget.chargeElements(count);
}

type TypedArray =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Float64Array;

interface TypedArrayClass {
  new (count: number): TypedArray;
  new (buffer: ArrayBufferLike, offset: number, count: number): TypedArray;
}

const CLASSES = {
  s8: Int8Array,
  u8: Uint8Array,
  s16: Int16Array,
  u16: Uint16Array,
  s32: Int32Array,
  u32: Uint32Array,
  s64: BigInt64Array,
  u64: BigUint64Array,
  f32: Float32Array,
  f64: Float64Array,
} as const satisfies Partial<Record<PrimitiveKind, TypedArrayClass>>;

type NumericKind = keyof typeof CLASSES;

export function isNumeric(type: ValueType): type is ValueType & { kind: NumericKind } {
  return Object.hasOwn(CLASSES, type.kind);
}

/** What a typed array takes beside its elements, roughly: a million empty ones would not be free. */
const TYPED_ARRAY_BYTES = 256;

/** Typed arrays hold numbers in the machine's order, guests in little-endian. */
const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** A list that is a typed array: copied as a whole. Takes arrays too where `arrays` says so. */
export function typedArrayCodec(
  type: ListType & { readonly element: ValueType & { kind: NumericKind } },
  layout: Layout,
  element: ValueCodec,
  arrays: boolean,
): ValueCodec {
  const { size, alignment } = element.layout;
  const Class: TypedArrayClass = CLASSES[type.element.kind];
  const floats = type.element.kind === 'f32' || type.element.kind === 'f64';
  const ofBytes = type.element.kind === 'u8';
  const bulk = LITTLE_ENDIAN || size === 1;
  return listOf(layout, {
    size,
    alignment,
    charge: (abi, count) => {
      abi.budget.chargeBytes(ofBytes ? TYPED_ARRAY_BYTES + count : TYPED_ARRAY_BYTES);
      if (!ofBytes) abi.budget.chargeElements(count);
    },
    load: (abi, pointer, count) => {
      let values: TypedArray;
      if (bulk) values = new Class(abi.bytes.buffer, pointer, count).slice();
      else {
        values = new Class(count);
        for (let at = 0; at < count; at++) values[at] = element.load(abi, pointer + at * size) as number; // or bigint, as the class wants
      }
      if (floats) canonicalNans(values);
      return values;
    },
    countOf: (value) => {
      if (value instanceof Class || (arrays && Array.isArray(value))) return value.length;
      throw mismatch(type, value);
    },
    store: (abi, pointer, count, value) => {
      const values = value as TypedArray | unknown[]; // as counted
      if (bulk && !Array.isArray(values)) {
        abi.bytes.set(asBytes(values), pointer);
        if (floats) canonicalNans(new Class(abi.bytes.buffer, pointer, count));
      } else for (let at = 0; at < count; at++) element.store(abi, pointer + at * size, values[at]);
    },
  });
}

function asBytes(values: TypedArray): Uint8Array {
  return values instanceof Uint8Array ? values : new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function canonicalNans(values: TypedArray): void {
  for (let at = 0; at < values.length; at++) {
    if (Number.isNaN(values[at])) values[at] = Number.NaN;
  }
}
