import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CodedError } from '../../../runtime/index.ts';

/** The version of wit-bindgen that we try this with, and that help names. */
const BINDGEN_VERSION = '0.63.0';

const exec = promisify(execFile);

/** A C compiler that can build for WebAssembly, with its C library. */
export interface CToolchain {
  readonly clang: string;
  readonly target: string;
  /** What `clang --version` says on its first line. */
  readonly version: string;
}

/**
 * Finds clang with wasm-ld, wasi-libc and compiler-rt for wasm32: in the wasi-sdk that `WASI_SDK_PATH` names, else on the PATH.
 *
 * @throws CodedError `author/no-compiler`.
 */
export async function findClang(): Promise<CToolchain> {
  const sdk = process.env.WASI_SDK_PATH;
  const clang = sdk === undefined || sdk === '' ? 'clang' : join(sdk, 'bin', 'clang');
  const version = (await lines(clang, ['--version']))[0];
  if (version === undefined) throw noCompiler(`there is no C compiler \`${clang}\``);
  // The older name of the target is the newer one's alias, as long as the library is installed under it.
  for (const target of ['wasm32-wasip1', 'wasm32-wasi']) {
    if (await hasLibraries(clang, target)) return { clang, target, version };
  }
  throw noCompiler(`\`${clang}\` has no C library for WebAssembly`);
}

/** Where clang would find what every module is linked with; it gives a name back as it is when it knows no such file. */
async function hasLibraries(clang: string, target: string): Promise<boolean> {
  const asked = [
    '-print-file-name=crt1-reactor.o',
    '-print-file-name=libc.a',
    '-print-libgcc-file-name',
    '-print-prog-name=wasm-ld',
  ];
  const found = await Promise.all(asked.map(async (argument) => (await lines(clang, [`--target=${target}`, argument]))[0]));
  return found.every((path) => path !== undefined && existsSync(path));
}

function noCompiler(message: string): CodedError {
  return new CodedError('author/no-compiler', message, {
    help: 'on Debian, `apt install clang lld wasi-libc libclang-rt-dev-wasm32`; elsewhere, set WASI_SDK_PATH to the folder of a wasi-sdk',
  });
}

/** The generator of C bindings, and its version. */
export interface Bindgen {
  readonly command: string;
  readonly version: string;
}

/** Finds wit-bindgen on the PATH, else where cargo installs programs. */
export async function findBindgen(): Promise<Bindgen | undefined> {
  const cargo = process.env.CARGO_HOME ?? join(homedir(), '.cargo');
  for (const command of ['wit-bindgen', join(cargo, 'bin', 'wit-bindgen')]) {
    const version = /^wit-bindgen(?:-cli)? (\S+)/.exec((await lines(command, ['--version']))[0] ?? '')?.[1];
    if (version !== undefined) return { command, version };
  }
  return undefined;
}

/** @param why - what could not be done without it. */
export function noBindgen(why: string): CodedError {
  return new CodedError('author/no-compiler', `there is no \`wit-bindgen\`, which writes the C headers of a world${why}`, {
    help: `\`cargo install wit-bindgen-cli --locked --version ${BINDGEN_VERSION}\``,
  });
}

/** Lines a command writes; none where it is not installed or fails. */
async function lines(command: string, args: readonly string[]): Promise<readonly string[]> {
  try {
    return (await exec(command, args)).stdout.split('\n').filter((line) => line !== '');
  } catch {
    return [];
  }
}
