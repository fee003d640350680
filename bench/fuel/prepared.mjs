// Modules in files, named by their content: what jobs compile is metered once, in a process that measures nothing else.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export function digestOf(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}

function fileOf(folder, digest, mode) {
  return join(folder, `${digest.slice(0, 32)}.${mode.replaceAll(/\W+/g, '-')}.wasm`);
}

/** Keeps a module's bytes in a mode. @param digest - of the plain bytes. */
export function keep(folder, digest, mode, bytes) {
  writeFileSync(fileOf(folder, digest, mode), bytes);
}

/** @returns the module's bytes in a mode; undefined where it was not kept. */
export function kept(folder, digest, mode) {
  const file = fileOf(folder, digest, mode);
  return existsSync(file) ? new Uint8Array(readFileSync(file)) : undefined;
}
