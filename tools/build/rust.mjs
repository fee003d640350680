/**
 * Compiles a tool that is written in Rust.
 *
 * A toolchain with the target `wasm32-unknown-unknown` is used as it is (`rustup target add wasm32-unknown-unknown`). One
 * with the source of `std` instead, such as Debian's `rustc-web` with `rust-web-src`, builds `std` on the way.
 */

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const TARGET = 'wasm32-unknown-unknown';
/** Oldest major version of LLVM's linker that takes what today's Rust gives it. */
const LLD_MAJOR_MIN = 17;

const exec = promisify(execFile);

/**
 * @param {{ folder: string, out: string, name: string }} tool - absolute paths; `out` is cargo's target folder.
 * @returns {Promise<{ core: Uint8Array, toolchain: Record<string, string> } | { missing: string }>} the core module with
 *   its WIT embedded, or why no toolchain can be used.
 * @throws Error with the compiler's messages, where the source does not compile.
 */
export async function buildRust({ folder, out, name }) {
  const toolchain = await findToolchain();
  if (toolchain === undefined) return { missing: `no Rust toolchain: rustup target add ${TARGET}` };
  const args = ['build', '--release', '--locked', '--target', TARGET, ...toolchain.args];
  await exec(toolchain.cargo, args, { cwd: folder, maxBuffer: 1 << 26, env: environment(toolchain, folder, out) });
  const core = await readFile(join(out, TARGET, 'release', `${name.replaceAll('-', '_')}.wasm`));
  const { stdout } = await exec(toolchain.rustc, ['--version']);
  const lock = await readFile(join(folder, 'Cargo.lock'), 'utf8');
  const bindgen = /name = "wit-bindgen"\nversion = "([^"]+)"/.exec(lock)?.[1] ?? 'unknown';
  return { core, toolchain: { rustc: stdout.trim().replace(/^rustc /, ''), 'wit-bindgen': bindgen } };
}

/** Paths of this machine must not end up in the panic messages of a published binary. */
function environment(toolchain, folder, target) {
  const cargoHome = process.env.CARGO_HOME ?? join(homedir(), '.cargo');
  const renames = [
    [cargoHome, 'cargo'],
    [join(toolchain.sysroot, 'lib/rustlib/src/rust'), 'rust'],
    [target, 'target'],
    [folder, '.'],
  ];
  const flags = renames.map(([from, to]) => `--remap-path-prefix=${from}=${to}`);
  return {
    ...process.env,
    ...toolchain.env,
    RUSTC: toolchain.rustc,
    CARGO_TARGET_DIR: target,
    CARGO_ENCODED_RUSTFLAGS: flags.join('\u001f'),
  };
}

async function findToolchain() {
  const candidates = await listCandidates();
  for (const candidate of candidates) {
    if (existsSync(join(candidate.sysroot, 'lib/rustlib', TARGET))) return { ...candidate, args: [], env: {} };
  }
  for (const candidate of candidates) {
    const source = existsSync(join(candidate.sysroot, 'lib/rustlib/src/rust/library'));
    const linker = source ? await findLinker(candidates) : undefined;
    if (linker !== undefined) return { ...candidate, args: buildStdArgs(linker), env: { RUSTC_BOOTSTRAP: '1' } };
  }
  return undefined;
}

function buildStdArgs(linker) {
  return ['-Zbuild-std=std,panic_abort', '--config', `target.${TARGET}.linker=${JSON.stringify(linker)}`];
}

/** Every compiler we can find with its cargo: the one on the PATH, then rustup's, then Debian's. */
async function listCandidates() {
  const compilers = [{ rustc: 'rustc', cargo: 'cargo' }];
  for (const line of await lines('rustup', ['toolchain', 'list'])) {
    const rustc = (await lines('rustup', ['which', '--toolchain', line.split(' ')[0], 'rustc']))[0];
    if (rustc !== undefined) compilers.push({ rustc, cargo: join(dirname(rustc), 'cargo') });
  }
  const debian = await Promise.all(['rustc', 'cargo'].map((name) => debianBinary(name)));
  if (debian[0] !== undefined && debian[1] !== undefined) compilers.push({ rustc: debian[0], cargo: debian[1] });
  const found = [];
  for (const compiler of compilers) {
    const sysroot = (await lines(compiler.rustc, ['--print', 'sysroot']))[0];
    if (sysroot !== undefined) found.push({ ...compiler, sysroot });
  }
  return found;
}

async function debianBinary(name) {
  return (await lines('dpkg', ['-L', `${name}-web`])).find((path) => path.endsWith(`/usr/bin/${name}`));
}

/** The linker of any Rust toolchain, else a recent `wasm-ld` on the PATH. */
async function findLinker(candidates) {
  for (const { rustc, sysroot } of candidates) {
    const host = (await lines(rustc, ['-vV'])).find((line) => line.startsWith('host: '))?.slice(6);
    const linker = host === undefined ? '' : join(sysroot, 'lib/rustlib', host, 'bin/rust-lld');
    if (existsSync(linker)) return linker;
  }
  const version = /LLD (\d+)\./.exec((await lines('wasm-ld', ['--version'])).join(' '))?.[1];
  return version !== undefined && Number(version) >= LLD_MAJOR_MIN ? 'wasm-ld' : undefined;
}

/** Lines a command writes; none where it is not installed or fails. */
async function lines(command, args) {
  try {
    return (await exec(command, args)).stdout.split('\n').filter((line) => line !== '');
  } catch {
    return [];
  }
}
