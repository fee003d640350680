import { isAscii, transcode } from 'node:buffer';
import type { ByteWriter } from '../../value/byte-writer.ts';
import type { Abi } from './abi.ts';
import { stored, storeUtf8 } from './strings.ts';
import { readLatin1, readUtf16 } from './text-bytes.ts';
import { abiTrap } from './trap.ts';

/* Text of guests that have it as UTF-16, or as Latin-1 where that is enough (`latin1+utf16`), to and from UTF-8. */

/** Up to this many code units a loop beats any call out of JavaScript. */
const SHORT_UNITS = 32;
/** From this many on, `transcode` beats the way through a JavaScript string; up to three times. */
const LONG_UNITS = 512;

/** Appends Latin-1 as UTF-8, with its length. The range was checked. @throws CodedError `params/too-large` */
export function appendLatin1(abi: Abi, pointer: number, length: number, out: ByteWriter): void {
  const range = abi.bytes.subarray(pointer, pointer + length);
  if (!isAscii(range)) return out.text(readLatin1(abi.bytes, pointer, length));
  out.u32(length);
  out.raw(range);
}

/** Appends UTF-16 as UTF-8, with its length. The range was checked. @throws CodedError `trap/abi`, `params/too-large` */
export function appendUtf16(abi: Abi, pointer: number, units: number, out: ByteWriter): void {
  if (units <= SHORT_UNITS && isAsciiUtf16(abi, pointer, units)) {
    out.u32(units);
    for (let at = 0; at < units; at++) out.u8(abi.bytes[pointer + 2 * at]!);
  } else if (units < LONG_UNITS) {
    const text = readUtf16(abi.bytes, pointer, 2 * units);
    if (text === undefined) throw notUtf16();
    out.text(text);
  } else {
    const utf8 = longUtf16(abi.bytes.subarray(pointer, pointer + 2 * units));
    out.u32(utf8.length);
    out.raw(utf8);
  }
}

function isAsciiUtf16({ view }: Abi, pointer: number, units: number): boolean {
  let bits = 0;
  for (let at = pointer; at < pointer + 2 * units; at += 2) bits |= view.getUint16(at, true);
  return bits < 0x80;
}

function longUtf16(utf16: Uint8Array): Uint8Array {
  try {
    return transcode(utf16, 'utf16le', 'utf8');
  } catch {
    throw notUtf16(); // it replaces nothing: a lone surrogate is an error
  }
}

function notUtf16() {
  return abiTrap('a string is not valid UTF-16');
}

/**
 * Stores text that is there as valid UTF-8. One allocation of the exact size; the place is in `stored`.
 *
 * @throws CodedError `trap/abi`
 */
export function placeTranscoded(abi: Abi, utf8: Uint8Array): void {
  if (abi.encoding !== 'utf16' || utf8.length < LONG_UNITS) return storeUtf8(abi, utf8);
  const utf16 = transcode(utf8, 'utf8', 'utf16le');
  stored.pointer = abi.allocate(2, utf16.length);
  stored.units = utf16.length / 2;
  abi.bytes.set(utf16, stored.pointer);
}
