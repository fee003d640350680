import type { ParameterValue } from '../parameter-value.ts';

/** True or false; undefined for what has no length: numbers, booleans, null, records. */
type LengthTest = (value: ParameterValue) => boolean | undefined;

/** Code points of text, bytes of `list<u8>`, items of other lists. */
export function lengthAtLeast(min: number): LengthTest {
  return (value) => {
    if (typeof value !== 'string') return itemCount(value, (count) => count >= min);
    // A code point has one or two code units, so most texts need no counting.
    if (value.length < min) return false;
    return value.length >= 2 * min || codePoints(value) >= min;
  };
}

/** Code points of text, bytes of `list<u8>`, items of other lists. */
export function lengthAtMost(max: number): LengthTest {
  return (value) => {
    if (typeof value !== 'string') return itemCount(value, (count) => count <= max);
    if (value.length <= max) return true;
    return value.length <= 2 * max && codePoints(value) <= max;
  };
}

function itemCount(value: ParameterValue, fits: (count: number) => boolean): boolean | undefined {
  if (Array.isArray(value) || value instanceof Uint8Array) return fits(value.length);
  return undefined;
}

/** Code points of a text; a lone surrogate counts as one. */
export function codePoints(text: string): number {
  let count = text.length;
  for (let index = 1; index < text.length; index++) {
    if ((text.charCodeAt(index) & 0xfc00) !== 0xdc00 || (text.charCodeAt(index - 1) & 0xfc00) !== 0xd800) continue;
    count--;
    index++; // the low half cannot also be the first half of a pair
  }
  return count;
}
