import { ModuleReader } from '../instrument/reader.ts';

const HEADER_BYTES = 8;
const utf8 = new TextDecoder();

/** The custom sections of a core module by name, the first of each; views. What comes behind damage is not in it. */
export function customSections(bytes: Uint8Array): ReadonlyMap<string, Uint8Array> {
  const found = new Map<string, Uint8Array>();
  const reader = new ModuleReader(bytes, HEADER_BYTES);
  try {
    while (reader.position < bytes.length) {
      const id = reader.byte();
      const size = reader.u32();
      const start = reader.position;
      reader.skip(size);
      if (id !== 0) continue;
      const section = new ModuleReader(bytes, start, start + size);
      const name = utf8.decode(section.name());
      if (!found.has(name)) found.set(name, bytes.subarray(section.position, start + size));
    }
  } catch {
    return found;
  }
  return found;
}
