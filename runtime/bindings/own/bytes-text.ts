import { isUtf8 } from 'node:buffer';
import type { ByteReader } from '../../value/byte-reader.ts';
import type { ByteWriter } from '../../value/byte-writer.ts';
import type { Abi } from './abi.ts';
import type { BytesCodec } from './bytes-codec.ts';
import { nextWord } from './bytes-scalars.ts';
import { appendLatin1, appendUtf16, placeTranscoded } from './bytes-transcode.ts';
import { layoutOf } from './layout.ts';
import { UTF16_TAG } from './string-transcode.ts';
import { STRING_BYTES_MAX, stored } from './strings.ts';
import { abiTrap } from './trap.ts';

/** Up to this many bytes a loop beats the call into the engine's check of UTF-8. */
const SHORT_BYTES = 256;

/** The codec of `string`. Text crosses as UTF-8: for a guest that has it, it is checked and copied once. */
export const textCodec: BytesCodec = {
  layout: layoutOf({ kind: 'string' }),
  load: (abi, pointer, out) => load(abi, abi.view.getUint32(pointer, true), abi.view.getUint32(pointer + 4, true), out),
  store(abi, pointer, input) {
    store(abi, input);
    abi.view.setUint32(pointer, stored.pointer, true);
    abi.view.setUint32(pointer + 4, stored.units, true);
  },
  lift(abi, flat, out) {
    const pointer = nextWord(flat);
    load(abi, pointer, nextWord(flat), out);
  },
  lower(abi, flat, input) {
    store(abi, input);
    flat.values[flat.at++] = stored.pointer;
    flat.values[flat.at++] = stored.units;
  },
};

function load(abi: Abi, pointer: number, tagged: number, out: ByteWriter): void {
  switch (abi.encoding) {
    case 'utf8':
      checkRange(abi, pointer, tagged, 1, out, tagged);
      return appendUtf8(abi, pointer, tagged, out);
    case 'utf16':
      checkRange(abi, pointer, 2 * tagged, 2, out, tagged);
      return appendUtf16(abi, pointer, tagged, out);
    case 'latin1+utf16': {
      const units = tagged % UTF16_TAG;
      const wide = tagged >= UTF16_TAG;
      checkRange(abi, pointer, wide ? 2 * units : units, 2, out, units);
      return wide ? appendUtf16(abi, pointer, units, out) : appendLatin1(abi, pointer, units, out);
    }
  }
}

/** @param bytesMin - that the text takes in UTF-8 at least: no more are looked at than may be written. */
function checkRange(abi: Abi, pointer: number, bytes: number, alignment: number, out: ByteWriter, bytesMin: number): void {
  if (bytes > STRING_BYTES_MAX) throw abiTrap(`a string has ${bytes} bytes, which is more than ${STRING_BYTES_MAX}`);
  abi.check(pointer, alignment, bytes, 'a string has');
  out.expect(4 + bytesMin);
}

function appendUtf8(abi: Abi, pointer: number, length: number, out: ByteWriter): void {
  const short = length <= SHORT_BYTES && isShortAscii(abi, pointer, length);
  if (!short && !isUtf8(abi.bytes.subarray(pointer, pointer + length))) throw abiTrap('a string is not valid UTF-8');
  out.u32(length);
  out.rawFrom(abi.bytes, pointer, length);
}

function isShortAscii({ bytes, view }: Abi, start: number, length: number): boolean {
  const end = start + length;
  let bits = 0;
  let at = start;
  for (; at + 4 <= end; at += 4) bits |= view.getUint32(at);
  for (; at < end; at++) bits |= bytes[at]!;
  return (bits & 0x8080_8080) === 0;
}

/** Puts the next text where `stored` says. */
function store(abi: Abi, input: ByteReader): void {
  const length = input.count(1);
  if (abi.encoding !== 'utf8') return placeTranscoded(abi, input.rawView(length));
  const pointer = abi.allocate(1, length);
  input.copyTo(abi.bytes, pointer, length);
  stored.pointer = pointer;
  stored.units = length;
}
