import { ByteReader } from './reader.ts';

const HEADER_BYTES = 8;
const NAME_BYTES_MAX = 4096;

/**
 * The same component without the custom sections of its root: names, producers and docs, which change nothing that runs.
 *
 * For tools that read more into such sections than they should: jco refuses components whose `package-docs` is newer
 * than its own parser.
 *
 * @param bytes - a component that was decoded before; read only.
 * @returns new bytes, or `bytes` itself where there is nothing to take out.
 */
export function withoutCustomSections(bytes: Uint8Array): Uint8Array {
  const kept: Uint8Array[] = [bytes.subarray(0, HEADER_BYTES)];
  const reader = new ByteReader(bytes, HEADER_BYTES, bytes.length, NAME_BYTES_MAX);
  while (reader.remaining > 0) {
    const start = reader.position;
    const id = reader.byte('a section id');
    reader.range(reader.u32('the size of a section'), 'a section');
    if (id !== 0) kept.push(bytes.subarray(start, reader.position));
  }
  const size = kept.reduce((sum, part) => sum + part.length, 0);
  if (size === bytes.length) return bytes;
  const out = new Uint8Array(size);
  let at = 0;
  for (const part of kept) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
