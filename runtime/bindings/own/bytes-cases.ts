import { CodedError } from '../../error.ts';
import type { ByteReader } from '../../value/byte-reader.ts';
import type { ByteWriter } from '../../value/byte-writer.ts';
import { flagsSlots } from '../../value/codec-cases.ts';
import type { BytesCodec } from './bytes-codec.ts';
import { coerce, coercions } from './bytes-coercions.ts';
import { nextNumber, nextWord } from './bytes-scalars.ts';
import type { CoreType, Layout } from './codec.ts';
import { alignTo, discriminantSize, flagsSize, type WordSize } from './layout.ts';
import { loadWord, storeWord } from './memory-words.ts';
import { abiTrap } from './trap.ts';

/*
 * Types whose values choose between cases, and flags. The index of a case takes as many bytes in canonical bytes as in
 * memory, and for an option or a result its index is the byte that the canonical encoding has.
 */

/**
 * The codec of a variant, enum, option or result.
 *
 * @param isObject - whether values are objects in JavaScript: all but those of an enum.
 * @param payloads - codec of each case's payload, in order.
 */
export function casesCodec(isObject: boolean, layout: Layout, payloads: readonly (BytesCodec | undefined)[]): BytesCodec {
  if (payloads.some((payload) => payload !== undefined)) return variantCodec(layout, payloads);
  const codec = enumCodec(layout, payloads.length);
  return isObject ? { ...codec, payloadSlots: 1 } : codec;
}

function enumCodec(layout: Layout, count: number): BytesCodec {
  const size = discriminantSize(count);
  return {
    layout,
    image: { slots: 0, exact: false },
    load: (abi, pointer, out) => writeWord(out, size, checkCase(loadWord(abi, pointer, size), count)),
    store: (abi, pointer, input) => storeWord(abi, pointer, size, readCase(input, size, count)),
    lift: (_, flat, out) => writeWord(out, size, checkCase(nextWord(flat), count)),
    lower(_, flat, input) {
      flat.values[flat.at++] = readCase(input, size, count);
    },
  };
}

function variantCodec(layout: Layout, payloads: readonly (BytesCodec | undefined)[]): BytesCodec {
  const slots = payloads.map((payload) => payload?.payloadSlots ?? 0);
  const { load, store } = variantInMemory(payloads, slots);
  const { lift, lower } = variantInFlat(layout.flat.slice(1), payloads, slots);
  return { layout, payloadSlots: 1, load, store, lift, lower };
}

function variantInMemory(
  payloads: readonly (BytesCodec | undefined)[],
  slots: readonly number[],
): Pick<BytesCodec, 'load' | 'store'> {
  const count = payloads.length;
  const size = discriminantSize(count);
  const offset = alignTo(
    size,
    payloads.reduce((most, payload) => Math.max(most, payload?.layout.alignment ?? 1), 1),
  );
  const loads = payloads.map((payload) => payload?.load);
  const stores = payloads.map((payload) => payload?.store);
  return {
    load(abi, pointer, out) {
      const index = checkCase(loadWord(abi, pointer, size), count);
      out.charge(slots[index]!);
      writeWord(out, size, index);
      loads[index]?.(abi, pointer + offset, out);
    },
    store(abi, pointer, input) {
      const index = readCase(input, size, count);
      input.charge(slots[index]!);
      storeWord(abi, pointer, size, index);
      stores[index]?.(abi, pointer + offset, input);
    },
  };
}

/** @param joined - core types that the payloads of all cases share. */
function variantInFlat(
  joined: readonly CoreType[],
  payloads: readonly (BytesCodec | undefined)[],
  slots: readonly number[],
): Pick<BytesCodec, 'lift' | 'lower'> {
  const count = payloads.length;
  const size = discriminantSize(count);
  const zeros = joined.map((core) => (core === 'i64' ? 0n : 0));
  const lifts = payloads.map((payload) => payload?.lift);
  const lowers = payloads.map((payload) => payload?.lower);
  const whenLifted = payloads.map((payload) => coercions(joined, payload?.layout.flat ?? []));
  const whenLowered = payloads.map((payload) => coercions(payload?.layout.flat ?? [], joined));
  return {
    lift(abi, flat, out) {
      const index = checkCase(nextWord(flat), count);
      out.charge(slots[index]!);
      writeWord(out, size, index);
      const start = flat.at;
      coerce(flat.values, start, whenLifted[index]!);
      lifts[index]?.(abi, flat, out);
      flat.at = start + zeros.length; // over what other cases have more
    },
    lower(abi, flat, input) {
      const index = readCase(input, size, count);
      input.charge(slots[index]!);
      flat.values[flat.at++] = index;
      const start = flat.at;
      lowers[index]?.(abi, flat, input);
      coerce(flat.values, start, whenLowered[index]!);
      for (let part = flat.at - start; part < zeros.length; part++) flat.values[start + part] = zeros[part]!;
      flat.at = start + zeros.length;
    },
  };
}

/**
 * The codec of flags. In memory they take 1, 2 or 4 bytes, in canonical bytes as few as hold them. Bits without a name
 * mean nothing: guests may set them, and they are cleared.
 */
export function flagsCodec(layout: Layout, count: number): BytesCodec {
  if (count > 32) throw new CodedError('component/unsupported', `flags with ${count} names, which is more than 32`);
  const mask = count === 32 ? 0xffff_ffff : 2 ** count - 1;
  const inMemory = flagsSize(count);
  const inBytes = Math.ceil(count / 8);
  const slots = flagsSlots(count);
  const write = (out: ByteWriter, bits: number): void => {
    out.charge(slots);
    writeFlags(out, inBytes, bits & mask);
  };
  const read = (input: ByteReader): number => {
    input.charge(slots);
    return readFlags(input, inBytes);
  };
  return {
    layout,
    ...(inMemory === inBytes ? { image: { slots, exact: count === 8 * inBytes } } : {}),
    load: (abi, pointer, out) => write(out, loadWord(abi, pointer, inMemory)),
    store: (abi, pointer, input) => storeWord(abi, pointer, inMemory, read(input)),
    lift: (_, flat, out) => write(out, nextNumber(flat)),
    lower(_, flat, input) {
      flat.values[flat.at++] = read(input);
    },
  };
}

function writeFlags(out: ByteWriter, bytes: number, bits: number): void {
  for (let at = 0; at < bytes; at++) out.u8(bits >>> (8 * at));
}

function readFlags(input: ByteReader, bytes: number): number {
  let bits = 0;
  for (let at = 0; at < bytes; at++) bits |= input.u8() << (8 * at);
  return bits >>> 0;
}

/** @throws CodedError `trap/abi` */
function checkCase(index: number, count: number): number {
  if (index >= count) throw abiTrap('a value has a case that its type does not have');
  return index;
}

/** @throws CodedError `params/invalid` */
function readCase(input: ByteReader, size: WordSize, count: number): number {
  const index = size === 1 ? input.u8() : size === 2 ? input.u16() : input.u32();
  if (index >= count) throw input.malformed('the index of a case that does not exist');
  return index;
}

function writeWord(out: ByteWriter, size: WordSize, value: number): void {
  if (size === 1) out.u8(value);
  else if (size === 2) out.u16(value);
  else out.u32(value);
}
