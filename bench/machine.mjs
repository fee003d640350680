// On what the numbers were measured: they mean nothing without it.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../', import.meta.url));

/** The machine: CPU model, cores that this process may use, memory in bytes, OS, load average over a minute. */
export function machine() {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    os: `${type()} ${release()} ${process.arch}`,
    loadAverage: loadavg()[0],
  };
}

/** Versions of what took part; the commit is absent outside a git checkout, `dirty` says that files differ from it. */
export function versions() {
  const commit = git('rev-parse', '--short=12', 'HEAD');
  const changes = git('status', '--porcelain', '--', 'runtime', 'host', 'bench/*.mjs', 'bench/fuel', 'package-lock.json');
  return {
    node: process.versions.node,
    v8: process.versions.v8,
    jcoTranspile: packageVersion('node_modules/@bytecodealliance/jco-transpile'),
    piscina: packageVersion('node_modules/piscina'),
    cellblock: packageVersion('.'),
    ...(commit === undefined ? {} : { commit, dirty: changes !== '' }),
  };
}

function packageVersion(folder) {
  return JSON.parse(readFileSync(`${ROOT}${folder}/package.json`, 'utf8')).version;
}

function git(...args) {
  const { status, stdout } = spawnSync('git', args, { cwd: ROOT, encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}
