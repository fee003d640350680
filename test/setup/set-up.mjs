// What the README's commands do first, so that they work on a fresh clone: dependencies where missing, then the build.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Runs a command with this terminal; ends the process where it fails. */
export function run(command, args, env = {}) {
  const { status, error } = spawnSync(command, args, {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, ...env },
    shell: process.platform === 'win32',
  });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

/** Installs exactly what the lock file says, unless that was done since it last changed. */
export function install() {
  const installed = `${ROOT}node_modules/.package-lock.json`;
  const wanted = Object.keys(JSON.parse(readFileSync(`${ROOT}package-lock.json`, 'utf8')).packages).filter((name) => name !== '');
  const have = existsSync(installed) ? JSON.parse(readFileSync(installed, 'utf8')).packages : {};
  const lock = JSON.parse(readFileSync(`${ROOT}package-lock.json`, 'utf8')).packages;
  const missing = wanted.filter((name) => have[name]?.version !== lock[name].version && lock[name].optional !== true);
  if (missing.length === 0) return;
  console.error(`installing ${wanted.length} packages ...`);
  run('npm', ['ci', '--no-audit', '--no-fund']);
}

export function build() {
  console.error('building ...');
  run('npm', ['run', '--silent', 'build']);
}

const NOBODY = 65_534;

/**
 * Runner processes of root run as nobody, who may not read every checkout: then those of this command run as its own user, and it
 * says so. An installation has the same choice (SECURITY.md).
 */
export function chooseRunnerUser() {
  if (process.getuid?.() !== 0 || process.env.CELLBLOCK_RUNNER_USER !== undefined) return;
  const reads = `require('fs').readFileSync(${JSON.stringify(`${ROOT}package.json`)}); require('fs').readdirSync(${JSON.stringify(`${ROOT}node_modules`)})`;
  const { status } = spawnSync(process.execPath, ['-e', reads], { uid: NOBODY, gid: NOBODY, cwd: '/', env: {}, stdio: 'ignore' });
  if (status === 0) return;
  process.env.CELLBLOCK_RUNNER_USER = `${process.getuid()}:${process.getgid()}`;
  console.error(`nobody may not read ${ROOT}: runner processes run as ${process.env.CELLBLOCK_RUNNER_USER}`);
}
