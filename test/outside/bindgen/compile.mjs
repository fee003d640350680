import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import asc from 'assemblyscript/asc';
import { generateAssemblyScript } from '../../../dist/authoring/bindgen/assemblyscript/index.js';
import { componentize } from '../../../dist/authoring/componentize.js';

/**
 * Generates the bindings of a world and compiles them with an author's module, as the documentation says.
 *
 * @param {object} options
 * @param {import('../../../authoring/wit/index.ts').WitWorld} options.world
 * @param {string} options.wit - path of its WIT.
 * @param {string} [options.source] - the author's `index.ts`; without one the generator gives it, as `../index.ts`.
 * @param {string} options.folder - to write in; what is in it is removed.
 * @param {(world: object) => ReadonlyMap<string, string>} [options.generate] - another generator, for the harness's own tests.
 * @param {boolean} [options.optimize] - false saves time where nobody runs it.
 * @returns {Promise<Uint8Array>} the component.
 * @throws CodedError; Error with the compiler's messages.
 */
export async function compileGuest({ world, wit, source, folder, generate = generateAssemblyScript, optimize = true }) {
  const files = generate(world);
  await rm(folder, { recursive: true, force: true });
  for (const [name, text] of files) await write(join(folder, 'assembly/bindings', name), text);
  if (source !== undefined) await write(join(folder, 'assembly/index.ts'), source);
  const core = await compileCore(folder, optimize);
  return componentize(core, { wit, world: world.name });
}

async function write(file, text) {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}

async function compileCore(folder, optimize) {
  const { error, stderr } = await asc.main([
    'assembly/bindings/entry.ts',
    ...['--baseDir', folder, '--outFile', 'core.wasm', '--runtime', 'incremental', '--exportStart', '_initialize'],
    ...['--use', 'abort=assembly/bindings/canonical/abort', '--noColors', ...(optimize ? ['--optimize'] : [])],
  ]);
  const said = stderr.toString();
  if (error !== null) throw new Error(`asc: ${firstError(said) ?? error.message}`);
  return readFile(join(folder, 'core.wasm'));
}

/** `ERROR TS2322: Type ... in assembly/index.ts(4,3)` */
function firstError(text) {
  const lines = text.split('\n').map((line) => line.trim());
  const at = lines.findIndex((line) => /^(ERROR|FAILURE)\b/.test(line));
  if (at === -1) return undefined;
  const place = lines.slice(at).find((line) => /^(in|└─ in|│?\s*└─ in) .*\(\d+,\d+\)/.test(line)) ?? '';
  return `${lines[at]} ${place.replace(/^└─ /, '')}`.trim();
}
