import { isAscii } from 'node:buffer';
import { CodedError } from '../../error.ts';
import { isWellFormed } from '../../value/wit-value.ts';
import type { Abi } from './abi.ts';
import { storeTranscoded, UTF16_TAG } from './string-transcode.ts';
import { isLatin1, readLatin1, readUtf8, readUtf16, utf8Length, writeLatin1, writeUtf8, writeUtf16 } from './text-bytes.ts';
import { abiTrap } from './trap.ts';

/*
 * Strings in a guest's memory. Source: CanonicalABI.md, `load_string_from_range`, `store_string_into_range`.
 *
 * A length is in code units of the guest's encoding; with `latin1+utf16` its highest bit is set when they are UTF-16
 * ("tagged"). Pointers and lengths may come as signed or unsigned i32.
 */

/** The longest string that may be lifted, in bytes of the guest's memory. */
export const STRING_BYTES_MAX = 2 ** 28 - 1;

/**
 * Where the last string went: set by `storeString` and `storeUtf8` when they return, to be read at once.
 * `units` is tagged. Both are unsigned.
 */
export const stored = { pointer: 0, units: 0 };

/**
 * Lifts a string. An empty one is checked like any other: its pointer must be aligned and inside the memory.
 *
 * @throws CodedError `trap/abi`; `limit/result` before anything is built.
 */
export function loadString(abi: Abi, pointer: number, taggedUnits: number): string {
  const start = pointer >>> 0;
  const units = taggedUnits >>> 0;
  switch (abi.encoding) {
    case 'utf8': {
      charge(abi, start, units, 1);
      return valid(readUtf8(abi.bytes, start, units), 'UTF-8');
    }
    case 'utf16':
      return loadUtf16(abi, start, units);
    case 'latin1+utf16':
      if (units >= UTF16_TAG) return loadUtf16(abi, start, units - UTF16_TAG);
      charge(abi, start, units, 2);
      return readLatin1(abi.bytes, start, units);
  }
}

function loadUtf16(abi: Abi, start: number, units: number): string {
  charge(abi, start, 2 * units, 2);
  return valid(readUtf16(abi.bytes, start, 2 * units), 'UTF-16');
}

/**
 * Lowers a string; calls the guest's `realloc`, for an empty string too. The place is in `stored`.
 *
 * With `abi.sourceEncoding` the calls of `realloc` are those of the specification; a string from the host takes one, of
 * the exact size.
 *
 * @throws CodedError `trap/abi`; `capability/failed` when there is a lone surrogate.
 */
export function storeString(abi: Abi, text: string): void {
  if (abi.sourceEncoding !== undefined) {
    storeTranscoded(abi, text, abi.sourceEncoding, stored);
    return;
  }
  if (!isWellFormed(text)) throw new CodedError('capability/failed', 'a host function gave a string with a lone surrogate');
  switch (abi.encoding) {
    case 'utf8': {
      const length = utf8Length(text);
      const pointer = abi.allocate(1, length);
      writeUtf8(abi.bytes, pointer, text, length);
      put(pointer, length);
      return;
    }
    case 'utf16':
      storeUtf16(abi, text, 0);
      return;
    case 'latin1+utf16':
      if (isLatin1(text)) storeLatin1(abi, text);
      else storeUtf16(abi, text, UTF16_TAG);
  }
}

/**
 * Lowers a string that is there as UTF-8; like `storeString` of one from the host.
 *
 * @param utf8 - valid UTF-8; not a view of this guest's memory.
 */
export function storeUtf8(abi: Abi, utf8: Uint8Array): void {
  if (abi.encoding === 'utf8' || (abi.encoding === 'latin1+utf16' && isAscii(utf8))) {
    const pointer = abi.allocate(abi.encoding === 'utf8' ? 1 : 2, utf8.length);
    abi.bytes.set(utf8, pointer);
    put(pointer, utf8.length);
    return;
  }
  const text = valid(readUtf8(utf8, 0, utf8.length), 'UTF-8');
  if (abi.encoding === 'latin1+utf16' && isLatin1(text)) storeLatin1(abi, text);
  else storeUtf16(abi, text, abi.encoding === 'utf16' ? 0 : UTF16_TAG);
}

function storeLatin1(abi: Abi, text: string): void {
  const pointer = abi.allocate(2, text.length);
  writeLatin1(abi.bytes, pointer, text, text.length);
  put(pointer, text.length);
}

function storeUtf16(abi: Abi, text: string, tag: number): void {
  const pointer = abi.allocate(2, 2 * text.length);
  writeUtf16(abi.bytes, pointer, text);
  put(pointer, text.length + tag);
}

function put(pointer: number, units: number): void {
  stored.pointer = pointer;
  stored.units = units;
}

/** Checks a string's range, then charges it. */
function charge(abi: Abi, start: number, byteLength: number, alignment: number): void {
  if (byteLength > STRING_BYTES_MAX) throw abiTrap(`a string has ${byteLength} bytes, which is more than ${STRING_BYTES_MAX}`);
  abi.check(start, alignment, byteLength, 'a string has');
  abi.budget.chargeBytes(byteLength);
}

function valid(text: string | undefined, encoding: string): string {
  if (text === undefined) throw invalid(encoding);
  return text;
}

function invalid(encoding: string): CodedError {
  return abiTrap(`a string is not valid ${encoding}`);
}
