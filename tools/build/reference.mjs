/**
 * Runs a component by jco's transpiled glue alone, without our runtime: the independent reference for the samples.
 */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { transpileBytes } from '@bytecodealliance/jco-transpile';

/**
 * @param {Uint8Array} component
 * @returns {Promise<(imports: object) => Record<string, any>>} makes a fresh instance with these imports; its result is the
 *   component's exports, in jco's shapes. Throws what instantiation throws, such as for an import that is missing.
 */
export async function loadReference(component) {
  const { files } = await transpileBytes(component, { name: 'tool', instantiation: 'sync', wasiShim: false });
  const modules = new Map();
  const folder = await mkdtemp(join(tmpdir(), 'cellblock-reference-'));
  try {
    for (const [name, bytes] of Object.entries(files))
      if (name.endsWith('.wasm')) modules.set(name, new WebAssembly.Module(bytes));
    const file = join(folder, 'tool.mjs');
    await writeFile(file, files['tool.js']);
    const glue = await import(/* @vite-ignore */ pathToFileURL(file).href);
    return (imports) => glue.instantiate((name) => modules.get(name), imports);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/**
 * Calls a function that returns a `result`. jco throws the payload of `err`: as it stands, or inside an error of its own.
 *
 * @param {() => unknown} call
 * @returns {{ ok: unknown } | { err: unknown }}
 * @throws what is neither: a trap, or a mistake of the caller.
 */
export function resultOf(call) {
  try {
    return { ok: call() };
  } catch (error) {
    if (!(error instanceof Error)) return { err: error };
    if ('payload' in error) return { err: error.payload };
    throw error;
  }
}
