import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { CodedError } from '../../runtime/index.ts';

export const RUST_TARGET = 'wasm32-unknown-unknown';

/** Oldest major version of LLVM's linker that takes what today's Rust gives it. */
const LLD_MAJOR_MIN = 17;

const exec = promisify(execFile);

interface Candidate {
  readonly rustc: string;
  readonly cargo: string;
  readonly sysroot: string;
}

/** A compiler that can build for `wasm32-unknown-unknown`. */
export interface RustToolchain extends Candidate {
  /** What `rustc --version` says after its name. */
  readonly version: string;
  /** Arguments for cargo beyond the target. */
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Finds a Rust compiler with its cargo: the one on the PATH, then rustup's, then Debian's.
 *
 * One that has the target is taken as it is (`rustup target add wasm32-unknown-unknown`). One with the source of `std` instead, such as
 * Debian's `rustc-web` with `rust-web-src`, builds `std` on the way.
 *
 * @throws CodedError `author/no-compiler`.
 */
export async function findRust(): Promise<RustToolchain> {
  const candidates = await listCandidates();
  for (const candidate of candidates) {
    if (existsSync(join(candidate.sysroot, 'lib/rustlib', RUST_TARGET))) return finish(candidate, [], {});
  }
  for (const candidate of candidates) {
    const hasSource = existsSync(join(candidate.sysroot, 'lib/rustlib/src/rust/library'));
    const linker = hasSource ? await findLinker(candidates) : undefined;
    if (linker !== undefined) return finish(candidate, buildStdArgs(linker), { RUSTC_BOOTSTRAP: '1' });
  }
  throw new CodedError('author/no-compiler', noCompilerMessage(candidates), {
    help:
      candidates.length > 0
        ? `\`rustup target add ${RUST_TARGET}\`; on Debian, \`apt install rustc-web cargo-web rust-web-src lld\``
        : `install Rust from https://rustup.rs, then \`rustup target add ${RUST_TARGET}\``,
  });
}

function noCompilerMessage(candidates: readonly Candidate[]): string {
  return candidates.length === 0
    ? 'no Rust compiler was found'
    : `the Rust compiler has no target \`${RUST_TARGET}\`, and no source of \`std\` to build it from`;
}

async function finish(candidate: Candidate, args: readonly string[], env: NodeJS.ProcessEnv): Promise<RustToolchain> {
  const version = (await lines(candidate.rustc, ['--version']))[0]?.replace(/^rustc /, '') ?? 'unknown';
  return { ...candidate, version, args, env };
}

function buildStdArgs(linker: string): readonly string[] {
  return ['-Zbuild-std=std,panic_abort', '--config', `target.${RUST_TARGET}.linker=${JSON.stringify(linker)}`];
}

async function listCandidates(): Promise<readonly Candidate[]> {
  const compilers = [{ rustc: 'rustc', cargo: 'cargo' }];
  for (const line of await lines('rustup', ['toolchain', 'list'])) {
    const rustc = (await lines('rustup', ['which', '--toolchain', line.split(' ')[0] ?? '', 'rustc']))[0];
    if (rustc !== undefined) compilers.push({ rustc, cargo: join(dirname(rustc), 'cargo') });
  }
  const [rustc, cargo] = await Promise.all(['rustc', 'cargo'].map(debianBinary));
  if (rustc !== undefined && cargo !== undefined) compilers.push({ rustc, cargo });
  const found: Candidate[] = [];
  for (const compiler of compilers) {
    const sysroot = (await lines(compiler.rustc, ['--print', 'sysroot']))[0];
    if (sysroot !== undefined) found.push({ ...compiler, sysroot });
  }
  return found;
}

/** Debian keeps the compiler for the web beside its usual one, under the same names. */
async function debianBinary(name: string): Promise<string | undefined> {
  return (await lines('dpkg', ['-L', `${name}-web`])).find((path) => path.endsWith(`/usr/bin/${name}`));
}

/** The linker of any Rust toolchain, else a recent `wasm-ld` on the PATH. */
async function findLinker(candidates: readonly Candidate[]): Promise<string | undefined> {
  for (const { rustc, sysroot } of candidates) {
    const host = (await lines(rustc, ['-vV'])).find((line) => line.startsWith('host: '))?.slice(6);
    const linker = host === undefined ? '' : join(sysroot, 'lib/rustlib', host, 'bin/rust-lld');
    if (existsSync(linker)) return linker;
  }
  const version = /LLD (\d+)\./.exec((await lines('wasm-ld', ['--version'])).join(' '))?.[1];
  return version !== undefined && Number(version) >= LLD_MAJOR_MIN ? 'wasm-ld' : undefined;
}

/**
 * Environment of cargo. Paths of this machine must not end up in the panic messages of a published binary, nor change its bytes.
 *
 * @param folder - of the crate. @param target - cargo's target folder.
 */
export function rustEnvironment(toolchain: RustToolchain, folder: string, target: string): NodeJS.ProcessEnv {
  const cargoHome = process.env.CARGO_HOME ?? join(homedir(), '.cargo');
  // The last one that fits is taken, so the folder comes after those that may hold it.
  const renames = [
    [folder, '.'],
    [cargoHome, 'cargo'],
    [join(toolchain.sysroot, 'lib/rustlib/src/rust'), 'rust'],
    [target, 'target'],
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

/** Lines a command writes; none where it is not installed or fails. */
async function lines(command: string, args: readonly string[]): Promise<readonly string[]> {
  try {
    return (await exec(command, args)).stdout.split('\n').filter((line) => line !== '');
  } catch {
    return [];
  }
}
