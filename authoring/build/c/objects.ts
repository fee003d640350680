import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ToolProject } from '../../project/index.ts';
import type { BuildContext } from '../compile.ts';
import { runCompiler } from '../run-compiler.ts';

/** One source file on its way to an object file. */
export interface Unit {
  /** Absolute. */
  readonly source: string;
  /** For clang, without input and output. */
  readonly flags: readonly string[];
}

export interface CompiledUnit {
  /** Absolute. */
  readonly object: string;
  /** What clang said, warnings too; empty where the object file was there already. */
  readonly output: string;
  readonly ok: boolean;
}

/** What an object file was made from, kept beside it. */
interface Made {
  readonly command: string;
  /** Digests of the source and all headers, by path. */
  readonly files: Readonly<Record<string, string>>;
}

/**
 * Compiles one file, unless its object file is there and nothing that it was made from has changed: a large library is compiled once.
 *
 * @param out - folder for object files.
 */
export async function compileUnit(
  clang: { readonly clang: string; readonly version: string },
  unit: Unit,
  project: ToolProject,
  out: string,
  context: BuildContext,
): Promise<CompiledUnit> {
  const folder = join(out, 'objects');
  await mkdir(folder, { recursive: true });
  const object = join(folder, `${digestOf(unit.source).slice(0, 16)}.o`);
  const command = JSON.stringify([clang.version, unit.flags]);
  if (await isFresh(object, command)) return { object, output: '', ok: true };
  const dependencies = `${object}.d`;
  const args = [...unit.flags, '-MD', '-MF', dependencies, '-c', unit.source, '-o', object];
  const end = await runCompiler(clang.clang, args, { folder: project.folder, onOutput: context.onOutput });
  if (end.code === 0) await remember(object, command, await readFile(dependencies, 'utf8'), project.folder);
  return { object, output: end.stderr, ok: end.code === 0 };
}

async function isFresh(object: string, command: string): Promise<boolean> {
  if (!existsSync(object)) return false;
  const text = await readFile(`${object}.json`, 'utf8').catch(() => undefined);
  if (text === undefined) return false;
  const made = JSON.parse(text) as Made; // our own file, written below
  if (made.command !== command) return false;
  const now = await Promise.all(Object.keys(made.files).map(fileDigest));
  return Object.values(made.files).every((digest, index) => digest === now[index]);
}

async function remember(object: string, command: string, rule: string, folder: string): Promise<void> {
  // `object: source header ...` as make has it: lines end in a backslash to go on, and spaces in a path have one before them.
  const paths =
    rule
      .replace(/\\\n/g, ' ')
      .replace(/^.*?:\s/, '')
      .match(/(?:\\.|[^\s\\])+/g) ?? [];
  const files = await Promise.all(
    paths.map(async (path) => {
      const plain = path.replace(/\\(.)/g, '$1');
      const absolute = plain.startsWith('/') ? plain : join(folder, plain);
      return [absolute, await fileDigest(absolute)] as const;
    }),
  );
  await writeFile(`${object}.json`, JSON.stringify({ command, files: Object.fromEntries(files) } satisfies Made));
}

async function fileDigest(path: string): Promise<string> {
  return digestOf(await readFile(path).catch(() => ''));
}

function digestOf(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
