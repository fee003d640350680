// The kernels of the fuel benchmark, compiled when it runs: modules without imports that export `run`, which returns an i32.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';
import wabt from 'wabt';

const HERE = fileURLToPath(new URL('.', import.meta.url));

/** What may be in a kernel; the names are wabt's. */
const FEATURES = { bulk_memory: true, simd: true, sign_extension: true, mutable_globals: true, sat_float_to_int: true };

/**
 * Compiles the project's kernels into a folder, and adds those of another folder as they are.
 *
 * @param folder - where the compiled files go. @param outside - a folder of .wasm files of the same shape, if any.
 * @returns jobs of `{name, set, kind, file}`: set `kernel` (AssemblyScript -O3), `worst` (text) or `outside`.
 * @throws Error with the compiler's messages.
 */
export async function compileKernels(folder, outside) {
  const jobs = [];
  for (const name of names(join(HERE, 'kernels'), '.ts')) {
    jobs.push(kernel(name, 'kernel', save(folder, name, await compileAssemblyScript(name))));
  }
  const { parseWat } = await wabt();
  for (const name of names(join(HERE, 'worst'), '.wat')) {
    const text = readFileSync(join(HERE, 'worst', `${name}.wat`), 'utf8');
    jobs.push(kernel(name, 'worst', save(folder, name, parseWat(name, text, FEATURES).toBinary({}).buffer)));
  }
  if (outside === undefined) return jobs;
  return [...jobs, ...names(outside, '.wasm').map((name) => kernel(name, 'outside', join(outside, `${name}.wasm`)))];
}

function kernel(name, set, file) {
  return { name, set, kind: 'kernel', file };
}

function names(folder, extension) {
  return readdirSync(folder)
    .filter((file) => file.endsWith(extension))
    .map((file) => basename(file, extension))
    .sort();
}

function save(folder, name, bytes) {
  const file = join(folder, `${name}.wasm`);
  writeFileSync(file, bytes);
  return file;
}

async function compileAssemblyScript(name) {
  const out = mkdtempSync(join(tmpdir(), 'cellblock-bench-asc-'));
  try {
    const file = join(out, 'out.wasm');
    const source = ['--baseDir', join(HERE, 'kernels'), `${name}.ts`, '--outFile', file];
    const { error, stderr } = await asc.main([...source, '-O3', '--runtime', 'stub', '--use', 'abort=', '--noColors']);
    if (error !== null) throw new Error(`${name}.ts: ${error.message}\n${stderr.toString()}`);
    return readFileSync(file);
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}
