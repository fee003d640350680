import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** A file as it is, or every `.wasm` below a folder, without those in folders named `p3`: the asynchronous ABI. */
export function wasmBelow(path) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.wasm'))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((found) => !/[/\\]p3[/\\]/.test(found));
}
