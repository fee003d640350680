import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError } from '../../runtime/index.ts';
import { componentize } from '../componentize.ts';
import type { ToolProject } from '../project/index.ts';
import { type CBindings, generateBindings } from './c/bindings.ts';
import { closedWasi } from './c/closed-wasi.ts';
import { clangDiagnostics, linkDiagnostics } from './c/messages.ts';
import { type CompiledUnit, compileUnit, type Unit } from './c/objects.ts';
import { fetchPackage } from './c/packages.ts';
import { type CSettings, readSettings } from './c/settings.ts';
import { type CToolchain, findClang } from './c/toolchain.ts';
import type { BuildContext, Compile } from './compile.ts';
import { doesNotCompile } from './diagnostic.ts';
import { runCompiler } from './run-compiler.ts';

/**
 * Features that every engine has which runs components; the compiler does not use them unless told. Without bulk memory: with it, clang 14
 * takes variables of threads, of which `errno` is one, for what the C library was not compiled for.
 */
const FEATURES = ['-msign-ext', '-mnontrapping-fptoint', '-mmutable-globals'];

/** Compilers that run at one time: a build must leave a machine usable. */
const COMPILERS_MAX = 4;

/**
 * Compiles a tool that is written in C, by clang with wasi-libc, against the header that wit-bindgen writes for its world.
 *
 * All `*.c` in `src/` and its folders are compiled. The C library finds neither files nor a clock in here: the component imports what its
 * world names. Constructors (`__attribute__((constructor))`) run when an instance starts.
 */
export const compileC: Compile = async (project, out, context) => {
  const [settings, clang] = await Promise.all([readSettings(project.folder), findClang()]);
  const bindings = await generateBindings(project, out, context);
  const units = await unitsOf(project, out, { settings, clang, bindings, context });
  const compiled = await compileAll(clang, units, project, out, context);
  const failed = compiled.filter(({ ok }) => !ok);
  if (failed.length > 0) {
    const output = failed.map((unit) => unit.output.replaceAll(`${project.folder}/`, '')).join('');
    throw doesNotCompile(project, clangDiagnostics(output, await headerOf(bindings)), output);
  }
  const core = await link(clang, compiled, { project, out, settings, bindings, context });
  const component = await componentize(core, { wit: project.wit, world: project.world, stringEncoding: 'utf8' });
  return { component, toolchain: { clang: clang.version, 'wit-bindgen': bindings.version } };
};

interface Parts {
  readonly settings: CSettings;
  readonly clang: CToolchain;
  readonly bindings: CBindings;
  readonly context: BuildContext;
}

/** Everything that is compiled: the tool's sources, its packages', the bindings, and what stands in for WASI. */
async function unitsOf(project: ToolProject, out: string, parts: Parts): Promise<readonly Unit[]> {
  const { settings, clang, bindings, context } = parts;
  const folders = await Promise.all(settings.packages.map((wanted) => fetchPackage(wanted, out, context)));
  const packaged = settings.packages.flatMap(({ include }, index) => include.map((path) => join(folders[index] ?? '', path)));
  // What headers of others say is for others to read.
  const includes = [`-I${join(project.folder, 'src')}`, `-I${bindings.folder}`, ...packaged.map((path) => `-isystem${path}`)];
  const wasi = join(out, 'closed-wasi.c');
  await writeFile(wasi, closedWasi(bindings.name));
  const base = [`--target=${clang.target}`, ...FEATURES, '-std=gnu11', '-O2', '-ffunction-sections', '-fdata-sections'];
  // The last one that fits is taken; no path of this machine gets into the bytes.
  const renames = [
    [project.folder, '.'],
    [out, 'target'],
  ].map(([from, to]) => `-ffile-prefix-map=${from}=${to}`);
  const flags = [...base, ...renames, ...includes];
  const own = await sourcesOf(project);
  const others = settings.packages.flatMap(({ sources }, index) => sources.map((path) => join(folders[index] ?? '', path)));
  return [
    ...own.map((source) => ({ source, flags: [...flags, '-Wall', '-Werror=implicit-function-declaration', ...settings.flags] })),
    ...[...others, join(bindings.folder, `${bindings.name}.c`), wasi].map((source) => ({
      source,
      flags: [...flags, ...settings.flags, '-w'],
    })),
  ];
}

async function sourcesOf(project: ToolProject): Promise<readonly string[]> {
  const folder = join(project.folder, 'src');
  const entries = existsSync(folder) ? await readdir(folder, { recursive: true, withFileTypes: true }) : [];
  const found = entries.filter((entry) => entry.isFile() && entry.name.endsWith('.c'));
  if (found.length > 0) return found.map((entry) => join(entry.parentPath, entry.name)).sort();
  throw new CodedError('author/does-not-compile', `\`${project.name}\` has no source`, {
    help: 'write C into `src/`, such as `src/tool.c`',
  });
}

/** In the order of the units, some at a time. */
async function compileAll(
  clang: CToolchain,
  units: readonly Unit[],
  project: ToolProject,
  out: string,
  context: BuildContext,
): Promise<readonly CompiledUnit[]> {
  const compiled: CompiledUnit[] = [];
  const waiting = units.entries();
  const work = async () => {
    for (const [index, unit] of waiting) compiled[index] = await compileUnit(clang, unit, project, out, context);
  };
  await Promise.all(Array.from({ length: COMPILERS_MAX }, work));
  return compiled;
}

interface LinkParts extends Omit<Parts, 'clang'> {
  readonly project: ToolProject;
  readonly out: string;
}

/** One core module of all object files. */
async function link(clang: CToolchain, units: readonly CompiledUnit[], parts: LinkParts): Promise<Uint8Array> {
  const { project, out, settings, bindings, context } = parts;
  const file = join(out, 'core.wasm');
  // The stack lies first, so that what overflows it leaves memory and traps, and does not write over data. Function names stay: stack
  // traces and profiles need them.
  const options = [
    '--gc-sections',
    '--strip-debug',
    '--fatal-warnings',
    '--stack-first',
    '-z',
    `stack-size=${settings.stackKiB * 1024}`,
  ];
  const args = [
    `--target=${clang.target}`,
    '-mexec-model=reactor',
    ...units.map(({ object }) => object),
    ...['-o', file, `-Wl,${options.join(',')}`],
  ];
  await mkdir(out, { recursive: true });
  const end = await runCompiler(clang.clang, args, { folder: project.folder, onOutput: context.onOutput });
  if (end.code === 0) return readFile(file);
  throw doesNotCompile(project, linkDiagnostics(end.stderr, await headerOf(bindings)), end.stderr);
}

/** Text of the generated header. */
function headerOf({ folder, name }: CBindings): Promise<string> {
  return readFile(join(folder, `${name}.h`), 'utf8');
}
