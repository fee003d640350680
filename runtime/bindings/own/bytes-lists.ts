import type { ValueType } from '../../component/types.ts';
import type { ByteReader } from '../../value/byte-reader.ts';
import type { ByteWriter } from '../../value/byte-writer.ts';
import type { Abi } from './abi.ts';
import type { BytesCodec } from './bytes-codec.ts';
import { checkChar, NAN_32, NAN_64_HIGH, nextWord } from './bytes-scalars.ts';
import { checkListRange } from './codec-lists.ts';
import { layoutOf } from './layout.ts';
import { abiTrap } from './trap.ts';

/** What `realloc` can be asked for. Source: CanonicalABI.md, `REALLOC_I32_MAX`. */
const REALLOC_BYTES_MAX = 2 ** 32 - 1;

/** Appends elements whose range was checked and that were charged for. */
type Append = (abi: Abi, pointer: number, count: number, out: ByteWriter) => void;
/** Takes elements that were charged for; their range was checked. */
type Place = (abi: Abi, pointer: number, count: number, input: ByteReader) => void;

/**
 * The codec of a list. Elements whose canonical bytes are as in memory are copied all at once.
 *
 * @param kind - of the elements.
 * @param bytesMin - of the shortest encoding of an element.
 */
export function listCodec(kind: ValueType['kind'], element: BytesCodec, bytesMin: number): BytesCodec {
  // As `codecFor` charges: the bytes of a `list<u8>` are free. What is copied at once is charged for with its parts.
  const slots = kind === 'u8' ? 0 : 1;
  const load = listLoader(kind, element, bytesMin, slots);
  const store = listStorer(element, slots);
  return {
    layout: LIST_LAYOUT,
    load: (abi, pointer, out) => load(abi, abi.view.getUint32(pointer, true), abi.view.getUint32(pointer + 4, true), out),
    store(abi, pointer, input) {
      const count = input.count(bytesMin);
      const found = store(abi, count, input);
      abi.view.setUint32(pointer, found, true);
      abi.view.setUint32(pointer + 4, count, true);
    },
    lift(abi, flat, out) {
      const pointer = nextWord(flat);
      load(abi, pointer, nextWord(flat), out);
    },
    lower(abi, flat, input) {
      const count = input.count(bytesMin);
      flat.values[flat.at++] = store(abi, count, input);
      flat.values[flat.at++] = count;
    },
  };
}

/** Appends the elements' number and the elements, after checking their range and charging `slots` and more for each. */
function listLoader(kind: ValueType['kind'], element: BytesCodec, bytesMin: number, slots: number): Append {
  const { size, alignment } = element.layout;
  const { image } = element;
  const loadSlots = image?.exact ? slots + image.slots : slots;
  const append = image?.exact ? appendImage(size) : (APPENDS[kind] ?? appendEach(element));
  return (abi, pointer, count, out) => {
    checkListRange(abi, pointer, count, size, alignment);
    if (loadSlots > 0) out.charge(count * loadSlots);
    out.expect(4 + count * bytesMin);
    out.u32(count);
    append(abi, pointer, count, out);
  };
}

/** Charges for elements, allocates and places them. The function that it makes returns where they are. */
function listStorer(element: BytesCodec, slots: number): (abi: Abi, count: number, input: ByteReader) => number {
  const { size, alignment } = element.layout;
  const { image } = element;
  const storeSlots = slots + (image?.slots ?? 0);
  const place = image === undefined ? placeEach(element) : placeImage(size);
  return (abi, count, input) => {
    if (storeSlots > 0) input.charge(count * storeSlots);
    const bytes = count * size;
    if (bytes > REALLOC_BYTES_MAX) throw abiTrap('a list takes more bytes than any memory has');
    const pointer = abi.allocate(alignment, bytes);
    place(abi, pointer, count, input);
    return pointer;
  };
}

const LIST_LAYOUT = layoutOf({ kind: 'list', element: { kind: 'u8' } });

function appendImage(size: number): Append {
  return (abi, pointer, count, out) => out.rawFrom(abi.bytes, pointer, count * size);
}

function appendEach({ layout: { size }, load }: BytesCodec): Append {
  return (abi, pointer, count, out) => {
    for (let index = 0; index < count; index++) load(abi, pointer + index * size, out);
  };
}

/** Scalars whose bytes must be looked at, and then are copied or mended. */
const APPENDS: { readonly [K in ValueType['kind']]?: Append } = {
  bool(abi, pointer, count, out) {
    const { bytes } = abi;
    const room = out.room(count);
    for (let index = 0; index < count; index++) room[index] = bytes[pointer + index] === 0 ? 0 : 1;
  },
  char(abi, pointer, count, out) {
    const { view } = abi;
    for (let index = 0; index < count; index++) checkChar(view.getUint32(pointer + 4 * index, true));
    out.rawFrom(abi.bytes, pointer, 4 * count);
  },
  f32(abi, pointer, count, out) {
    const { view } = abi;
    const mark = out.mark();
    out.rawFrom(abi.bytes, pointer, 4 * count);
    for (let at = 0; at < 4 * count; at += 4) {
      if (Number.isNaN(view.getFloat32(pointer + at, true))) out.u32At(mark + at, NAN_32);
    }
  },
  f64(abi, pointer, count, out) {
    const { view } = abi;
    const mark = out.mark();
    out.rawFrom(abi.bytes, pointer, 8 * count);
    for (let at = 0; at < 8 * count; at += 8) {
      if (!Number.isNaN(view.getFloat64(pointer + at, true))) continue;
      out.u32At(mark + at, 0);
      out.u32At(mark + at + 4, NAN_64_HIGH);
    }
  },
};

function placeImage(size: number): Place {
  return (abi, pointer, count, input) => input.copyTo(abi.bytes, pointer, count * size);
}

function placeEach({ layout: { size }, store }: BytesCodec): Place {
  return (abi, pointer, count, input) => {
    for (let index = 0; index < count; index++) store(abi, pointer + index * size, input);
  };
}
