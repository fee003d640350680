import type { ValueType } from '../../component/types.ts';
import type { ByteReader } from '../../value/byte-reader.ts';
import type { ByteWriter } from '../../value/byte-writer.ts';
import { codecFor } from '../../value/codec.ts';
import { notCallable } from '../../value/words.ts';
import type { Abi } from './abi.ts';
import { casesCodec, flagsCodec } from './bytes-cases.ts';
import { listCodec } from './bytes-lists.ts';
import { SCALAR_BYTES } from './bytes-scalars.ts';
import { textCodec } from './bytes-text.ts';
import type { FlatValues, Layout } from './codec.ts';
import { layoutOf, payloadsOf, sequenceLayout, sequenceOffsets } from './layout.ts';

/**
 * Carries values of one type between a guest and their canonical encoding (docs/values.md), without making them in
 * JavaScript. What comes from a guest is checked, and is written exactly as `encodeValue` would write the value. What goes
 * to a guest was written by an encoder of ours: of it the sizes, counts and case indices are checked, so that no input can
 * reach outside its place, and the rest is copied.
 */
export interface BytesCodec {
  readonly layout: Layout;
  readonly image?: Image;
  /** Slots charged when a value of the type is the payload of a case; as `Codec.payloadSlots`. */
  readonly payloadSlots?: 1;
  /** Memory to bytes. The range `pointer`, `layout.size` was checked. @throws CodedError `trap/abi`, `params/too-large`. */
  load(abi: Abi, pointer: number, out: ByteWriter): void;
  /**
   * Bytes to memory; may call the guest's `realloc`. The range was checked.
   *
   * @throws CodedError `trap/abi`; `params/invalid` and `params/too-large` when the bytes are not of the type.
   */
  store(abi: Abi, pointer: number, input: ByteReader): void;
  /** Core values, taken from `flat` with `at` advancing, to bytes. `flat.values` may change. @throws as `load`. */
  lift(abi: Abi, flat: FlatValues, out: ByteWriter): void;
  /** Bytes to core values, put into `flat` at `at`, which advances. @throws as `store`. */
  lower(abi: Abi, flat: FlatValues, input: ByteReader): void;
}

/** Said of types whose canonical bytes have the same size and places as their bytes in memory. */
export interface Image {
  /** Slots that one value is charged. */
  readonly slots: number;
  /** True when the bytes are the same whatever they are: there is nothing to check, no bit to clear. */
  readonly exact: boolean;
}

const codecs = new WeakMap<ValueType, BytesCodec>();

/**
 * The codec of a type, built once for each node of the type tree.
 *
 * @throws CodedError `component/not-callable` for types that data cannot stand for.
 */
export function bytesCodec(type: ValueType): BytesCodec {
  let codec = codecs.get(type);
  if (codec === undefined) {
    codec = build(type);
    codecs.set(type, codec);
  }
  return codec;
}

function build(type: ValueType): BytesCodec {
  switch (type.kind) {
    case 'string':
      return textCodec;
    case 'list':
      return listCodec(type.element.kind, bytesCodec(type.element), codecFor(type.element).bytesMin);
    case 'record':
      return sequenceCodec(type.fields.map((field) => field.type));
    case 'tuple':
      return sequenceCodec(type.items);
    case 'flags':
      return flagsCodec(layoutOf(type), type.names.length);
    case 'own':
    case 'borrow':
    case 'unsupported':
      throw notCallable(type);
    case 'variant':
    case 'enum':
    case 'option':
    case 'result': {
      const payloads = payloadsOf(type) ?? [];
      const parts = payloads.map((payload) => (payload === undefined ? undefined : bytesCodec(payload)));
      return casesCodec(type.kind !== 'enum', layoutOf(type), parts);
    }
    default:
      return SCALAR_BYTES[type.kind];
  }
}

/** The codec of values that follow each other: fields of a record, items of a tuple, parameters of a function. */
export function sequenceCodec(types: readonly ValueType[]): BytesCodec {
  const layout = sequenceLayout(types);
  const offsets = sequenceOffsets(types);
  const parts = types.map(bytesCodec);
  const count = parts.length;
  // Arrays of functions: calling one is a third faster than looking a method up on parts of many shapes.
  const loads = parts.map((part) => part.load);
  const stores = parts.map((part) => part.store);
  const lifts = parts.map((part) => part.lift);
  const lowers = parts.map((part) => part.lower);
  return {
    layout,
    ...imageOf(layout, parts),
    load(abi, pointer, out) {
      out.charge(count);
      for (let index = 0; index < count; index++) loads[index]!(abi, pointer + offsets[index]!, out);
    },
    store(abi, pointer, input) {
      input.charge(count);
      for (let index = 0; index < count; index++) stores[index]!(abi, pointer + offsets[index]!, input);
    },
    lift(abi, flat, out) {
      out.charge(count);
      for (let index = 0; index < count; index++) lifts[index]!(abi, flat, out);
    },
    lower(abi, flat, input) {
      input.charge(count);
      for (let index = 0; index < count; index++) lowers[index]!(abi, flat, input);
    },
  };
}

/** The image of a sequence, when all of its parts have one and there is no padding between or behind them. */
function imageOf(layout: Layout, parts: readonly BytesCodec[]): { readonly image?: Image } {
  let size = 0;
  let slots = parts.length;
  let exact = true;
  for (const { image, layout: part } of parts) {
    if (image === undefined) return {};
    size += part.size;
    slots += image.slots;
    exact &&= image.exact;
  }
  return size === layout.size ? { image: { slots, exact } } : {};
}
