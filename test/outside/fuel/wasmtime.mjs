import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { moduleTypes } from './module-types.mjs';
import { standInModule, standInNames } from './stand-ins.mjs';

const SCRIPT = fileURLToPath(new URL('./record-wasmtime.py', import.meta.url));
const OUTPUT_BYTES_MAX = 2 ** 30;

/**
 * Lets Wasmtime run calls.
 *
 * @param python - a Python interpreter that has the package `wasmtime`.
 * @param modules - `{ bytes, calls: [{ export, args }] }` each, `args` as decimal strings of bits.
 * @returns `{ version, answers }`, an answer for each module, see `record-wasmtime.py`.
 */
export function askWasmtime(python, modules) {
  const input = modules.map((module) => `${JSON.stringify(jobOf(module))}\n`).join('');
  const { stdout, stderr, status, error } = spawnSync(python, [SCRIPT], { input, encoding: 'utf8', maxBuffer: OUTPUT_BYTES_MAX });
  if (error !== undefined) throw error;
  const [first, ...answers] = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
  if (status !== 0 || answers.length !== modules.length)
    throw new Error(
      `${python} ended with ${status} after ${answers.length} modules of ${modules.length}:\n${stderr.slice(-2000)}`,
    );
  return { version: first.wasmtime, answers };
}

function jobOf({ bytes, calls }) {
  const types = moduleTypes(bytes);
  const names = standInNames(types);
  return {
    wasm: base64(bytes),
    stand_ins: base64(standInModule(types, false)),
    imports: types.imports.map(({ signature }, at) =>
      signature === undefined ? { export: names[at] } : { results: signature.results },
    ),
    memory: types.memory ?? null,
    calls: calls.map(({ export: name, args }) => {
      const { params, results } = types.exports.get(name);
      return { export: name, args: params.map((type, at) => [type, args[at]]), results: results.length };
    }),
  };
}

function base64(bytes) {
  return Buffer.from(bytes).toString('base64');
}
