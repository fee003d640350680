import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError } from '../../runtime/index.ts';
import { withDocs } from '../componentize.ts';
import type { ToolProject } from '../project/index.ts';
import { componentNew } from '../wasm-tools.ts';
import type { BuildContext, Compile } from './compile.ts';
import { doesNotCompile } from './diagnostic.ts';
import { type CompilerEnd, runCompiler } from './run-compiler.ts';
import { type CargoMessage, cargoMessage, rustDiagnostics } from './rust-messages.ts';
import { findRust, RUST_TARGET, rustEnvironment } from './rust-toolchain.ts';

/**
 * Compiles a tool that is written in Rust, by cargo, for `wasm32-unknown-unknown`: no WASI, so that it imports only what its WIT says.
 * The macro of wit-bindgen embeds that WIT in the module.
 */
export const compileRust: Compile = async (project, out, context) => {
  const toolchain = await findRust();
  const args = ['build', '--release', '--target', RUST_TARGET, '--message-format=json', ...toolchain.args];
  if (context.locked === true) args.push('--locked');
  const env = rustEnvironment(toolchain, project.folder, out);
  const end = await runCompiler(toolchain.cargo, args, { folder: project.folder, env, onOutput: context.onOutput });
  const core = await readFile(await moduleOf(project, end, context));
  const component = await withDocs(await componentNew(core), project);
  return { component, toolchain: { rustc: toolchain.version, 'wit-bindgen': await bindgenVersion(project.folder) } };
};

/** The module that cargo says it wrote. */
async function moduleOf(project: ToolProject, end: CompilerEnd, context: BuildContext): Promise<string> {
  const messages = end.stdout.split('\n').flatMap((line) => cargoMessage(line) ?? []);
  const rendered = messages.map(({ message }) => message?.rendered ?? '').join('');
  context.onOutput?.(rendered);
  if (end.code !== 0) throw doesNotCompile(project, await rustDiagnostics(project, messages), rendered + end.stderr);
  const found = messages
    .filter(isLibrary)
    .at(-1)
    ?.filenames?.find((path) => path.endsWith('.wasm'));
  if (found !== undefined) return found;
  throw new CodedError('author/does-not-compile', 'cargo made no WebAssembly module of the crate', {
    help: 'write `crate-type = ["cdylib"]` below `[lib]` in Cargo.toml',
  });
}

/** The last one is the crate of the tool; its dependencies come first. */
function isLibrary({ reason, target }: CargoMessage): boolean {
  return reason === 'compiler-artifact' && target?.kind.includes('cdylib') === true;
}

async function bindgenVersion(folder: string): Promise<string> {
  const lock = await readFile(join(folder, 'Cargo.lock'), 'utf8');
  return /name = "wit-bindgen"\r?\nversion = "([^"]+)"/.exec(lock)?.[1] ?? 'none';
}
