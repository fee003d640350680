import { Buffer, isAscii, isUtf8, transcode } from 'node:buffer';
import { isWellFormed } from '../../value/wit-value.ts';

/*
 * Text to and from bytes in memory, by whichever of Node's ways is fastest for its length (measured on Node 20 to 26).
 * All offsets are in bytes; the caller has checked the ranges.
 */

/** Methods of `Buffer` that its types leave out; they take any `Uint8Array`. */
interface TextMethods {
  latin1Slice(this: Uint8Array, start: number, end: number): string;
  utf8Slice(this: Uint8Array, start: number, end: number): string;
  ucs2Slice(this: Uint8Array, start: number, end: number): string;
  /** @param length - of the room, in bytes; only whole characters are written. */
  latin1Write(this: Uint8Array, text: string, offset: number, length: number): number;
  utf8Write(this: Uint8Array, text: string, offset: number, length: number): number;
  ucs2Write(this: Uint8Array, text: string, offset: number, length: number): number;
}

const methods = Buffer.prototype as unknown as TextMethods; // they exist in every Node since 0.12
const { latin1Slice, utf8Slice, ucs2Slice, latin1Write, utf8Write, ucs2Write } = methods;

/**
 * Up to here, characters one by one are faster than a call out of JavaScript. Longer text than 12 characters V8 would also
 * keep as a tree of its pieces, which the next reader has to flatten.
 */
const SHORT_READ_MAX = 12;
const SHORT_WRITE_MAX = 16;

/** Up to here, a loop over the bytes is faster than a look through the text that they gave. */
const ASCII_LOOP_MAX = 256;

/** From here on, it pays to look at the whole first. */
const LONG_READ_MIN = 1024;

/** Before Node 24, V8 decodes UTF-8 that is not ASCII at 150 MB/s, and `transcode` ten times faster. */
const SLICE_DECODES_FAST = Number.parseInt(process.versions.node, 10) >= 24;

/** What a decoder puts where the bytes are no UTF-8. */
const REPLACEMENT = '\ufffd';

/** @returns undefined when the bytes are not valid UTF-8. */
export function readUtf8(bytes: Uint8Array, start: number, length: number): string | undefined {
  if (length <= SHORT_READ_MAX) {
    const text = readShortAscii(bytes, start, length);
    if (text !== undefined) return text;
  }
  const end = start + length;
  if (length >= LONG_READ_MIN) return readLongUtf8(bytes, start, end);
  if (length <= ASCII_LOOP_MAX && isAsciiRange(bytes, start, end)) return latin1Slice.call(bytes, start, end);
  const text = utf8Slice.call(bytes, start, end);
  // Each invalid sequence becomes a replacement character, so that text without one is what the bytes say.
  return !text.includes(REPLACEMENT) || isUtf8(bytes.subarray(start, end)) ? text : undefined;
}

function isAsciiRange(bytes: Uint8Array, start: number, end: number): boolean {
  let bits = 0;
  let at = start;
  for (; at + 4 <= end; at += 4) bits |= bytes[at]! | bytes[at + 1]! | bytes[at + 2]! | bytes[at + 3]!;
  for (; at < end; at++) bits |= bytes[at]!;
  return bits <= 0x7f;
}

function readLongUtf8(bytes: Uint8Array, start: number, end: number): string | undefined {
  const range = bytes.subarray(start, end);
  if (isAscii(range)) return latin1Slice.call(bytes, start, end);
  if (!isUtf8(range)) return undefined;
  if (SLICE_DECODES_FAST) return utf8Slice.call(bytes, start, end);
  const wide = transcode(range, 'utf8', 'utf16le');
  return ucs2Slice.call(wide, 0, wide.length);
}

function readShortAscii(bytes: Uint8Array, start: number, length: number): string | undefined {
  const end = start + length;
  let text = '';
  let at = start;
  for (; at + 4 <= end; at += 4) {
    const a = bytes[at]!;
    const b = bytes[at + 1]!;
    const c = bytes[at + 2]!;
    const d = bytes[at + 3]!;
    if ((a | b | c | d) > 0x7f) return undefined;
    text += String.fromCharCode(a, b, c, d);
  }
  for (; at < end; at++) {
    const byte = bytes[at]!;
    if (byte > 0x7f) return undefined;
    text += String.fromCharCode(byte);
  }
  return text;
}

export function readLatin1(bytes: Uint8Array, start: number, length: number): string {
  return latin1Slice.call(bytes, start, start + length);
}

/**
 * @param length - in bytes; even.
 * @returns undefined when there is a lone surrogate.
 */
export function readUtf16(bytes: Uint8Array, start: number, length: number): string | undefined {
  const text = ucs2Slice.call(bytes, start, start + length);
  return isWellFormed(text) ? text : undefined;
}

/** Bytes of the text in UTF-8. */
export function utf8Length(text: string): number {
  return Buffer.byteLength(text);
}

/** @param length - of the text in UTF-8, in bytes. */
export function writeUtf8(bytes: Uint8Array, offset: number, text: string, length: number): void {
  if (length === text.length) writeLatin1(bytes, offset, text, length);
  else utf8Write.call(bytes, text, offset, length);
}

/** Writes the first `length` characters, which are all below 0x100. */
export function writeLatin1(bytes: Uint8Array, offset: number, text: string, length: number): void {
  if (length > SHORT_WRITE_MAX) {
    latin1Write.call(bytes, text, offset, length);
    return;
  }
  for (let at = 0; at < length; at++) bytes[offset + at] = text.charCodeAt(at);
}

export function writeUtf16(bytes: Uint8Array, offset: number, text: string): void {
  ucs2Write.call(bytes, text, offset, 2 * text.length);
}

/** Whether all characters are below 0x100. */
export function isLatin1(text: string): boolean {
  return firstAbove(text, 0xff) === text.length;
}

/** Index of the first code unit above `max`, which is 0x7f or 0xff; the text's length where there is none. */
export function firstAbove(text: string, max: 0x7f | 0xff): number {
  const length = text.length;
  if (length > LONG_READ_MIN) {
    const found = text.search(max === 0x7f ? ABOVE_ASCII : ABOVE_LATIN1);
    return found === -1 ? length : found;
  }
  for (let at = 0; at < length; at++) if (text.charCodeAt(at) > max) return at;
  return length;
}

const ABOVE_ASCII = /[\u0080-\uffff]/;
const ABOVE_LATIN1 = /[\u0100-\uffff]/;
