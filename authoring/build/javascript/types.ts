import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import type { ToolProject } from '../../project/index.ts';
import { guestTypes } from '../../wasm-tools.ts';
import type { WitWorld } from '../../wit/index.ts';
import { type Diagnostic, doesNotCompile } from '../diagnostic.ts';
import { findPackage } from '../npm-package.ts';
import { runCompiler } from '../run-compiler.ts';

/** Folder of the generated declarations, in the tool's folder. */
const TYPES = 'types';

/** In every generated declaration: a module by the name of a world or an interface. Without it, a file is the author's. */
const GENERATED = /^declare module '[a-z][a-z0-9-]*:[a-z][^']*' \{$/m;

/** A line of the TypeScript compiler: `src/index.js(3,5): error TS2322: Type ...`. */
const ERROR_LINE = /^(.+?)\((\d+),(\d+)\): error (TS\d+: .*)$/;

/**
 * Writes the types of the tool's world into `types/`: what editors and `tsc` know of its imports and exports. A file that is as it
 * should be is not touched, so that nobody who watches the folder is woken. Those of interfaces that are no longer there go; an author's own stay.
 */
export async function writeTypes(project: ToolProject, world: WitWorld): Promise<void> {
  const folder = join(project.folder, TYPES);
  const wanted = await guestTypes(world.source.text, world.name);
  for (const [path, text] of wanted) {
    const file = join(folder, path);
    if ((await readFile(file, 'utf8').catch(() => undefined)) === text) continue;
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
  for (const path of await readdir(folder, { recursive: true })) {
    if (!path.endsWith('.d.ts') || wanted.has(path.split(sep).join('/'))) continue;
    const file = join(folder, path);
    if (GENERATED.test(await readFile(file, 'utf8'))) await rm(file);
  }
}

/**
 * Checks the tool's source by its `tsconfig.json`, where it has one and TypeScript is installed.
 *
 * @throws CodedError `author/does-not-compile`.
 */
export async function checkTypes(project: ToolProject, onOutput: ((text: string) => void) | undefined): Promise<void> {
  if (!existsSync(join(project.folder, 'tsconfig.json'))) return;
  const typescript = findPackage('typescript', project.folder);
  if (typescript === undefined) {
    onOutput?.('types are not checked: `typescript` is not installed in the folder\n');
    return;
  }
  const args = [join(typescript.folder, 'bin', 'tsc'), '--noEmit', '--pretty', 'false', '-p', 'tsconfig.json'];
  const { code, stdout, stderr } = await runCompiler(process.execPath, args, { folder: project.folder });
  if (code !== 0) throw doesNotCompile(project, diagnosticsOf(stdout), stdout + stderr);
}

/** Indented lines say more about the error before them. */
function diagnosticsOf(output: string): Diagnostic[] {
  const found: (Diagnostic & { notes: string[] })[] = [];
  for (const text of output.split(/\r?\n/)) {
    const [, file, line, column, message] = ERROR_LINE.exec(text) ?? [];
    if (file !== undefined)
      found.push({ file, line: Number(line), column: Number(column), message: (message ?? '').replace(/\.$/, ''), notes: [] });
    else if (text.trim() !== '') found.at(-1)?.notes.push(text.trim());
  }
  return found.map(({ notes, ...diagnostic }) => (notes.length === 0 ? diagnostic : { ...diagnostic, notes }));
}
