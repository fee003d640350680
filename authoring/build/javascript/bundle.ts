import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { SourceMap } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import type { BuildFailure, BuildResult, Message, Plugin } from 'esbuild';
import type { ToolProject } from '../../project/index.ts';
import type { WitWorld } from '../../wit/index.ts';
import { type Diagnostic, doesNotCompile } from '../diagnostic.ts';
import type { InstalledPackage } from '../npm-package.ts';

/** One module that holds all of a tool's code. */
export interface Bundle {
  /** Its path relative to the folder of intermediate files; what stack traces say. */
  readonly path: string;
  /** Where a place in it is in the tool's own sources; lines and columns from 1. */
  readonly placeOf: (line: number, column: number) => Pick<Diagnostic, 'file' | 'line' | 'column'>;
}

/** Name of the bundle. */
const BUNDLE = 'bundle.js';

const NODE_ADVICE =
  'a tool reaches out only through what its world imports: `cellblock:host/files` for files, `cellblock:host/http` for the network';

/** A name of WIT, such as `cellblock:host/log@0.1.0`. */
const WIT_NAME = /^[a-z][a-z0-9-]*:[a-z][a-z0-9-]*\//;

/**
 * Puts the tool's module, and all that it imports, into one file. A single file of JavaScript is left as it is, so that stack
 * traces have the author's own lines.
 *
 * @param entry - relative to the tool's folder.
 * @param out - an existing folder, where the bundle is written.
 * @throws CodedError `author/does-not-compile` for syntax, imports that are not there, and imports that the world does not have.
 */
export async function bundleSource(
  project: ToolProject,
  world: WitWorld,
  entry: string,
  out: string,
  compiler: InstalledPackage,
): Promise<Bundle> {
  const { build } = (await import(compiler.url)) as typeof import('esbuild'); // found by its name
  const result = await build({
    entryPoints: [entry],
    absWorkingDir: project.folder,
    outfile: join(out, BUNDLE),
    bundle: true,
    write: false,
    metafile: true,
    sourcemap: 'external',
    sourcesContent: false,
    format: 'esm',
    target: 'es2023',
    charset: 'utf8',
    // The engine is neither a browser with a document nor Node.
    platform: 'neutral',
    mainFields: ['module', 'main'],
    conditions: ['worker'],
    define: { 'process.env.NODE_ENV': '"production"' },
    logLevel: 'silent',
    plugins: [witImports(world)],
  }).catch((failure: BuildFailure) => {
    throw doesNotCompile(project, failure.errors.map(toDiagnostic), failure.message);
  });
  const inputs = Object.keys(result.metafile.inputs);
  return inputs.length === 1 && /\.m?js$/.test(entry) ? keepSource(project, entry, out) : writeBundle(result, out);
}

async function keepSource(project: ToolProject, entry: string, out: string): Promise<Bundle> {
  await mkdir(dirname(join(out, entry)), { recursive: true });
  await writeFile(join(out, entry), await readFile(join(project.folder, entry)));
  return { path: entry, placeOf: (line, column) => ({ file: entry, line, column }) };
}

async function writeBundle(result: BuildResult, out: string): Promise<Bundle> {
  const textOf = (end: string): string => result.outputFiles?.find(({ path }) => path.endsWith(end))?.text ?? '';
  await writeFile(join(out, BUNDLE), textOf('.js'));
  const map = new SourceMap(JSON.parse(textOf('.map')));
  const placeOf: Bundle['placeOf'] = (line, column) => {
    const found = map.findEntry(line - 1, column - 1);
    if (!('originalSource' in found)) return { file: BUNDLE, line, column };
    const file = resolve(out, found.originalSource); // the map's paths start at the folder of the bundle
    return { file, line: found.originalLine + 1, column: found.originalColumn + 1 };
  };
  return { path: BUNDLE, placeOf };
}

/** Leaves imports of the world to the engine, and refuses those of other worlds. */
function witImports(world: WitWorld): Plugin {
  const names = new Set(world.component.imports.map(({ name }) => name));
  return {
    name: 'wit-imports',
    setup(build) {
      build.onResolve({ filter: /./ }, ({ path }) => {
        if (names.has(path)) return { path, external: true };
        if (path.startsWith('node:'))
          return {
            errors: [{ text: `\`${path}\` is a module of Node.js, which is not in a component`, notes: [{ text: NODE_ADVICE }] }],
          };
        if (!WIT_NAME.test(path)) return undefined;
        return {
          errors: [{ text: `world \`${world.name}\` does not import \`${path}\``, notes: [{ text: adviceFor(path, names) }] }],
        };
      });
    },
  };
}

function adviceFor(path: string, names: ReadonlySet<string>): string {
  const versioned = [...names].find((name) => name.startsWith(`${path}@`));
  if (versioned !== undefined) return `write it with its version: \`${versioned}\``;
  return names.size === 0
    ? 'the world imports nothing; add `import` to it in the WIT'
    : `it imports ${[...names].map((name) => `\`${name}\``).join(', ')}; add \`import\` to it in the WIT for more`;
}

function toDiagnostic({ text, location, notes }: Message): Diagnostic {
  const said = notes.map((note) => note.text).filter((note) => note !== '');
  return {
    message: text.replaceAll('"', '`'),
    ...(location === null
      ? {}
      : { file: location.file, line: location.line, column: charsBefore(location.lineText, location.column) + 1 }),
    ...(said.length === 0 ? {} : { notes: said }),
  };
}

/** esbuild counts columns in bytes. */
function charsBefore(line: string, bytes: number): number {
  return Buffer.from(line).subarray(0, bytes).toString().length;
}
