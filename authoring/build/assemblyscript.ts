import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { generateAssemblyScript } from '../bindgen/assemblyscript/index.ts';
import { componentize } from '../componentize.ts';
import { readWorld } from '../wit/index.ts';
import { BINDINGS } from './assemblyscript-files.ts';
import { assemblyScriptDiagnostics, withoutBindingWarnings } from './assemblyscript-messages.ts';
import type { Compile } from './compile.ts';
import { doesNotCompile } from './diagnostic.ts';
import { writeGenerated } from './generated-files.ts';
import { findNpmPackage } from './npm-package.ts';

/** What is used of `assemblyscript/asc`. Its types are not: an author may have another version. */
interface Asc {
  main(argv: readonly string[]): Promise<{ readonly error: Error | null; readonly stderr: { toString(): string } }>;
}

/**
 * Compiles a tool that is written in AssemblyScript, by `asc` as npm has it: writes the bindings of its world, compiles them with the
 * author's `assembly/index.ts`, and makes a component of the module. An `asconfig.json` in the folder may add options.
 */
export const compileAssemblyScript: Compile = async (project, out, context) => {
  const installed = findNpmPackage(project.folder, 'assemblyscript');
  const asc = (await import(pathToFileURL(join(installed.folder, 'dist', 'asc.js')).href)) as Asc; // a path is typed `any`
  const world = await readWorld(relative('', project.wit), project.world);
  await writeGenerated(join(project.folder, BINDINGS), generateAssemblyScript(world));
  const file = join(out, 'core.wasm');
  // The compiler names functions and types after the path of their file, so it gets paths that are the same everywhere.
  const { error, stderr } = await asc.main([
    `${BINDINGS}/entry.ts`,
    ...['--baseDir', project.folder, '--outFile', relative(project.folder, file)],
    ...['--exportStart', '_initialize', '--use', `abort=${BINDINGS}/canonical/abort`],
    ...['-O3', '--shrinkLevel', '1', '--noColors'],
  ]);
  const output = withoutBindingWarnings(stderr.toString());
  context.onOutput?.(output);
  if (error !== null) {
    const diagnostics = await assemblyScriptDiagnostics(project, stderr.toString());
    throw doesNotCompile(project, diagnostics, output === '' ? `${error.message}\n` : output);
  }
  const component = await componentize(await readFile(file), { wit: project.wit, world: project.world, stringEncoding: 'utf16' });
  return { component, toolchain: { assemblyscript: installed.version } };
};
