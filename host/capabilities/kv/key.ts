/** Bytes of a key in UTF-8. */
export const KEY_BYTES_MAX = 512;

/** True for text of 1 to 512 bytes without control characters. Keys are compared byte by byte: nothing is folded or normalised. */
export function isKey(text: string): boolean {
  return text !== '' && isKeyPart(text);
}

/** As `isKey`, or empty: the beginning of keys. */
export function isKeyPart(text: string): boolean {
  // Cut off by length first: a text may have a megabyte. A lone surrogate would become another character in UTF-8, and so another key.
  return text.length <= KEY_BYTES_MAX && !/[\p{Cc}\p{Cs}]/u.test(text) && Buffer.byteLength(text) <= KEY_BYTES_MAX;
}
