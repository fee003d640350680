/** The two engines that run a composed component: each calls `run`, which traps when an assertion does not hold. */

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const LIMITS = { fuelMax: 100_000_000_000n, memoryPagesMax: 8192, timeoutMsMax: 120_000 };
const WASMTIME_RUN = fileURLToPath(new URL('./wasmtime-run.py', import.meta.url));

/**
 * @param {import('cellblock/runtime').Runtime} runtime
 * @param {string} file - a component that exports `run`.
 * @returns {Promise<{ passed: boolean, why?: string, bindings?: string }>}
 */
export async function runHere(runtime, file) {
  try {
    const call = await runtime.prepare(await runtime.load(await readFile(file)), { function: 'run', limits: LIMITS });
    const outcome = await runtime.invoke(call, []);
    runtime.release(call);
    const { bindings } = call.artifact;
    if (outcome.kind === 'ok') return { passed: true, bindings };
    return { passed: false, bindings, why: `${outcome.kind}: ${outcome.error?.code}: ${outcome.error?.message}` };
  } catch (error) {
    return { passed: false, why: `${error.code ?? error.name}: ${error.message}` };
  }
}

/**
 * @param {string} python - a Python that has the package `wasmtime`.
 * @param {string[]} files
 * @returns {Promise<Map<string, { passed: boolean, why?: string }>>} by file.
 */
export async function runInWasmtime(python, files) {
  const { stdout, error } = await new Promise((resolve) => {
    execFile(python, [WASMTIME_RUN, ...files], { maxBuffer: 1 << 26 }, (error, stdout) => resolve({ error, stdout }));
  });
  const found = new Map(
    stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line))
      .map(({ file, ...answer }) => [file, answer]),
  );
  const why = `wasmtime ended without an answer: ${error?.message ?? 'unknown reason'}`;
  for (const file of files) if (!found.has(file)) found.set(file, { passed: false, why });
  return found;
}
