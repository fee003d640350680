/**
 * wit-bindgen's own test harness (`wit-bindgen test`), built from the checkout, and the Rust that compiles its runners.
 *
 * The harness compiles each runner with `rustc` from the PATH: it gets one that knows where `std` for WebAssembly is, which
 * a toolchain without that target builds here, once.
 */

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, cp, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { findRust } from '../../../dist/authoring/build/rust-toolchain.js';

const exec = promisify(execFile);
const TARGET = 'wasm32-unknown-unknown';
const GUEST_SCRIPT = fileURLToPath(new URL('./guest-script.mjs', import.meta.url));
/** The first run builds `std`. */
const TIMEOUT_MS_MAX = 1_800_000;

/**
 * Builds the harness and its Rust, or finds them built in the cache.
 *
 * @param {{ path: string, cache: string, progress: (text: string) => void }} options - `path`: a checkout, only read.
 * @returns {Promise<{ run: (folder: string, files: object) => Promise<{ failed?: string, composed: string }> }>}
 * @throws CodedError `author/no-compiler`.
 */
export async function openSuite({ path, cache, progress }) {
  const toolchain = await findRust();
  // A copy, since cargo writes its lock file.
  const source = join(cache, 'source');
  const filter = (name) => !/[/\\](\.git|target)$/.test(name);
  await cp(path, source, { recursive: true, preserveTimestamps: true, dereference: true, filter });
  progress('building wit-bindgen; some minutes, the first time');
  await cargo(toolchain, ['build', '--no-default-features', '--features', 'rust'], source, join(cache, 'harness'));
  const bin = await writeTools(toolchain, cache);
  return { run: (folder, files) => runHarness({ source, cache, bin }, folder, files) };
}

function cargo({ cargo: program, rustc }, args, cwd, target) {
  const env = { ...process.env, RUSTC: rustc, CARGO_TARGET_DIR: target, CARGO_PROFILE_DEV_DEBUG: '0' };
  return exec(program, args, { cwd, env, maxBuffer: 1 << 26 });
}

/** What the harness calls by name: `cargo` and `rustc`, the compiler of AssemblyScript guests, and a runner that writes down names. */
async function writeTools(toolchain, cache) {
  const bin = join(cache, 'bin');
  // One folder for each compiler: two builds of `std` in one would be two candidates for it.
  const digest = createHash('sha256')
    .update(JSON.stringify([toolchain.version, toolchain.args]))
    .digest('hex')
    .slice(0, 12);
  const [target, sysroot] = [join(cache, `rust-${digest}`), join(cache, 'sysroot')];
  await mkdir(bin, { recursive: true });
  const built = { ...toolchain.env, RUSTC: toolchain.rustc, CARGO_TARGET_DIR: target, CARGO_PROFILE_DEV_DEBUG: '0' };
  const std = linkerAndStd(toolchain);
  if (std.builds) {
    const libraries = join(sysroot, 'lib/rustlib', TARGET);
    await mkdir(libraries, { recursive: true });
    await rm(join(libraries, 'lib'), { force: true });
    await symlink(join(target, TARGET, 'debug/deps'), join(libraries, 'lib'));
  }
  const sysrootFlags = std.builds ? ` --sysroot ${quoted(sysroot)} -Clinker=${quoted(std.linker)}` : '';
  await writeScript(join(bin, 'rustc'), `exec ${quoted(toolchain.rustc)}${sysrootFlags} -Cstrip=debuginfo "$@"`);
  const variables = Object.entries(built).map(([name, value]) => `${name}=${quoted(value)}`);
  const cargoArgs = toolchain.args.map(quoted).join(' ');
  await writeScript(
    join(bin, 'cargo'),
    `verb=$1; shift\n${variables.join(' ')} exec ${quoted(toolchain.cargo)} "$verb" ${cargoArgs} "$@"`,
  );
  await writeScript(join(bin, 'guest'), `exec ${quoted(process.execPath)} ${quoted(GUEST_SCRIPT)} "$@"`);
  await writeScript(
    join(bin, 'note'),
    '[ "$1" = --version ] && exit\nfor last; do :; done\necho "$last" >> "$CELLBLOCK_COMPOSED"',
  );
  return bin;
}

/** From the flags by which `std` is built, the linker. */
function linkerAndStd({ args }) {
  const linker = args.map((arg) => /\.linker=(.*)$/.exec(arg)?.[1]).find((text) => text !== undefined);
  return linker === undefined ? { builds: false } : { builds: true, linker: JSON.parse(linker) };
}

async function writeScript(file, text) {
  await writeFile(file, `#!/bin/sh\n${text}\n`);
  await chmod(file, 0o755);
}

function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Compiles and composes the components of one folder. */
async function runHarness({ source, cache, bin }, folder, { languages, composed }) {
  const args = [
    ...['test', folder, '--artifacts', join(cache, 'artifacts'), '--languages', languages.join(',')],
    ...['--custom', `ts=${join(bin, 'guest')}`, '--runner', join(bin, 'note'), '--color', 'never'],
    ...['--rust-target', TARGET, '--rust-wit-bindgen-path', join(source, 'crates/guest-rust')],
  ];
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH}`, CELLBLOCK_COMPOSED: composed };
  try {
    await exec(join(cache, 'harness/debug/wit-bindgen'), args, { cwd: cache, env, maxBuffer: 1 << 26, timeout: TIMEOUT_MS_MAX });
    return {};
  } catch (error) {
    return { failed: `${error.stdout ?? ''}\n${error.stderr ?? error.message}` };
  }
}
