/** Compiles a tool that is written in AssemblyScript. */

import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { componentEmbed } from '@bytecodealliance/jco-transpile/wasm-tools';

/**
 * @param {{ root: string, folder: string, out: string, world: string }} tool - absolute paths; `out` is a folder to write to.
 * @returns {Promise<{ core: Uint8Array, toolchain: Record<string, string> } | { missing: string }>} the core module with
 *   its WIT embedded, or why the compiler cannot be used.
 * @throws Error with the compiler's messages, where the source does not compile.
 */
export async function buildAssemblyScript({ root, folder, out, world }) {
  const asc = await import('assemblyscript/asc').catch(() => undefined);
  if (asc === undefined) return { missing: 'no AssemblyScript compiler: npm install' };
  const file = join(out, 'core.wasm');
  const source = relative(root, join(folder, 'assembly/index.ts'));
  // The compiler names its functions after the path of their file, which `export-names.mjs` must know: build from the folder.
  const { error, stderr } = await asc.main([
    'assembly/index.ts',
    ...['--baseDir', folder, '--outFile', relative(folder, file)],
    ...['--runtime', 'stub', '--use', 'abort=', '--transform', join(folder, 'export-names.mjs')],
    ...['-O3', '--shrinkLevel', '1', '--noColors'],
  ]);
  if (error !== null) throw new Error(`${source}: ${error.message}\n${stderr.toString()}`);
  const core = await componentEmbed({
    binary: await readFile(file),
    witSource: await readFile(join(folder, 'wit', `${world.replace(/-tool$/, '')}.wit`), 'utf8'),
    world,
    stringEncoding: 'utf16',
  });
  return { core, toolchain: { assemblyscript: asc.version } };
}
