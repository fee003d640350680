import type { StringEncoding } from '../../component/definitions.ts';
import type { Abi } from './abi.ts';
import { firstAbove, isLatin1, utf8Length, writeLatin1, writeUtf8, writeUtf16 } from './text-bytes.ts';

/*
 * Lowering a string that another guest gave: with the calls of `realloc`, and the bytes written between them, that
 * CanonicalABI.md prescribes for each pair of encodings (`store_string_into_range` and below it). A guest can see them.
 *
 * One case differs: whether a `latin1+utf16` guest had text that fits Latin-1 as UTF-16 is not known here, so it is taken to
 * have had it as Latin-1. Pointer and bytes that arrive are right; only the sizes that `realloc` is asked for in between
 * are those for Latin-1.
 */

/** Marks a length of `latin1+utf16` as one of UTF-16. */
export const UTF16_TAG = 0x8000_0000;

/** Where a string went; see `stored` in `strings.ts`. */
export interface Place {
  pointer: number;
  units: number;
}

/**
 * @param text - well-formed, not longer than what may be lifted, so that no size here passes 32 bits.
 * @param place - set on return.
 */
export function storeTranscoded(abi: Abi, text: string, source: StringEncoding, place: Place): void {
  const units = source === 'utf8' ? utf8Length(text) : text.length;
  switch (abi.encoding) {
    case 'utf8':
      if (source === 'utf8') copyUtf8(abi, text, units, place);
      else toUtf8(abi, text, source === 'utf16' || !isLatin1(text) ? 3 * units : 2 * units, place);
      return;
    case 'utf16':
      if (source === 'utf8') utf8ToUtf16(abi, text, units, place);
      else copyUtf16(abi, text, 0, place);
      return;
    case 'latin1+utf16':
      if (source !== 'latin1+utf16') toLatin1OrUtf16(abi, text, units, place);
      else if (isLatin1(text)) copyLatin1(abi, text, place);
      else copyUtf16(abi, text, UTF16_TAG, place);
  }
}

/** `store_string_copy`. */
function copyUtf8(abi: Abi, text: string, length: number, place: Place): void {
  place.pointer = abi.allocate(1, length);
  place.units = length;
  writeUtf8(abi.bytes, place.pointer, text, length);
}

/** `store_string_copy`; with the tag, the part of `store_probably_utf16_to_latin1_or_utf16` for text that is not Latin-1. */
function copyUtf16(abi: Abi, text: string, tag: number, place: Place): void {
  place.pointer = abi.allocate(2, 2 * text.length);
  place.units = text.length + tag;
  writeUtf16(abi.bytes, place.pointer, text);
}

function copyLatin1(abi: Abi, text: string, place: Place): void {
  place.pointer = abi.allocate(2, text.length);
  place.units = text.length;
  writeLatin1(abi.bytes, place.pointer, text, text.length);
}

/** `store_string_to_utf8`: one byte for each code unit, until that proves to be too little. */
function toUtf8(abi: Abi, text: string, worst: number, place: Place): void {
  const units = text.length;
  let pointer = abi.allocate(1, units);
  const ascii = firstAbove(text, 0x7f);
  writeLatin1(abi.bytes, pointer, text, ascii);
  let length = units;
  if (ascii < units) {
    pointer = abi.reallocate(pointer, units, 1, worst);
    const rest = text.slice(ascii);
    const restLength = utf8Length(rest);
    writeUtf8(abi.bytes, pointer + ascii, rest, restLength);
    length = ascii + restLength;
    if (worst > length) pointer = abi.reallocate(pointer, worst, 1, length);
  }
  place.pointer = pointer;
  place.units = length;
}

/** `store_utf8_to_utf16`. @param units - bytes of the text in UTF-8. */
function utf8ToUtf16(abi: Abi, text: string, units: number, place: Place): void {
  const worst = 2 * units;
  const length = 2 * text.length;
  let pointer = abi.allocate(2, worst);
  writeUtf16(abi.bytes, pointer, text);
  if (length < worst) pointer = abi.reallocate(pointer, worst, 2, length);
  place.pointer = pointer;
  place.units = text.length;
}

/** `store_string_to_latin1_or_utf16`. @param units - code units that the source had. */
function toLatin1OrUtf16(abi: Abi, text: string, units: number, place: Place): void {
  let pointer = abi.allocate(2, units);
  const narrow = firstAbove(text, 0xff);
  writeLatin1(abi.bytes, pointer, text, narrow);
  place.units = text.length;
  if (narrow < text.length) {
    const worst = 2 * units;
    const length = 2 * text.length;
    pointer = abi.reallocate(pointer, units, 2, worst);
    widen(abi.bytes, pointer, narrow);
    writeUtf16(abi.bytes, pointer + 2 * narrow, text.slice(narrow));
    if (worst > length) pointer = abi.reallocate(pointer, worst, 2, length);
    place.units += UTF16_TAG;
  } else if (narrow < units) {
    pointer = abi.reallocate(pointer, units, 2, narrow);
  }
  place.pointer = pointer;
}

/** Makes UTF-16 of the Latin-1 that is there, from its end, so that nothing is written over before it is read. */
function widen(bytes: Uint8Array, pointer: number, count: number): void {
  for (let at = count - 1; at >= 0; at--) {
    bytes[pointer + 2 * at] = bytes[pointer + at]!;
    bytes[pointer + 2 * at + 1] = 0;
  }
}
