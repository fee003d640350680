// What runs the jobs of the fuel benchmark: Node of one version or more, and Wasmtime with its own fuel.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const JOB = fileURLToPath(new URL('../fuel-job.mjs', import.meta.url));
const PREPARE = fileURLToPath(new URL('../fuel-prepare.mjs', import.meta.url));
const COMPILE = fileURLToPath(new URL('../fuel-compile.mjs', import.meta.url));
const WASMTIME = fileURLToPath(new URL('./wasmtime.py', import.meta.url));

/** Longest run of one process. */
const WALL_MS_MAX = 180_000;

export const WASMTIME_MODES = ['plain', 'fuel'];

/**
 * A Node that runs jobs, each in a process of its own.
 *
 * @param path - the binary. @returns `{name, kind, versions, sample, prepare, compile}`; the last three throw where the process
 * fails, with what it printed.
 */
export function nodeEngine(path) {
  const versions = JSON.parse(output(path, ['-p', 'JSON.stringify(process.versions)']));
  return {
    name: `Node ${versions.node}`,
    kind: 'node',
    versions: { node: versions.node, v8: versions.v8 },
    sample: (task) => JSON.parse(lastLine(output(path, [JOB, JSON.stringify(task)]))),
    // Without threads of its own, V8 compiles, collects and validates on the one core that the rewriter has.
    prepare: (task) => JSON.parse(lastLine(output(path, ['--single-threaded', PREPARE, JSON.stringify(task)]))),
    // The same for compiling. By default V8 leaves functions for their first call: `whole` is all of them at once.
    compile: (task, whole) => {
      const flags = whole ? ['--single-threaded', '--no-wasm-lazy-compilation'] : ['--single-threaded'];
      return JSON.parse(lastLine(output(path, [...flags, COMPILE, JSON.stringify(task)])));
    },
  };
}

/** Wasmtime, by its Python package. @param python - a Python that has it. */
export function wasmtimeEngine(python) {
  const version = output(python, [WASMTIME, 'version']).trim();
  return {
    name: `Wasmtime ${version}`,
    kind: 'wasmtime',
    versions: { wasmtime: version },
    sample: ({ job, mode, warmMs, runsMin }) => {
      const task = { file: job.file, fuel: mode === 'fuel', warmMs, runsMin };
      return JSON.parse(lastLine(output(python, [WASMTIME, JSON.stringify(task)])));
    },
  };
}

function lastLine(text) {
  return text.trim().split('\n').at(-1);
}

function output(command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    timeout: WALL_MS_MAX,
    maxBuffer: 2 ** 26,
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`a process ended with ${status}\n${stderr.slice(-2000)}`);
  return stdout;
}
