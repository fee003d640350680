import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { CodedError } from '../../../runtime/index.ts';
import type { ToolProject } from '../../project/index.ts';
import type { BuildContext } from '../compile.ts';
import { runCompiler } from '../run-compiler.ts';
import { findBindgen, noBindgen } from './toolchain.ts';

/** A folder of the tool that may keep generated bindings, for those who build it without wit-bindgen. */
const KEPT = 'bindings';

/** Digest of the WIT that kept bindings were made from. */
const DIGEST_FILE = 'wit.sha256';

export interface CBindings {
  /** Absolute; has `NAME.h` and `NAME.c`. */
  readonly folder: string;
  /** Of the files, and of the symbols in them: the world in C, such as `word_count_tool`. */
  readonly name: string;
  /** Version of wit-bindgen; `kept` for bindings that were there. */
  readonly version: string;
}

/**
 * Writes the C bindings of a tool's world by wit-bindgen: anew into `bindings/` where the tool has that folder, else into `out`.
 * Without wit-bindgen, bindings that the tool keeps are used as long as the WIT is the one that they were made from.
 *
 * @throws CodedError `author/no-compiler`; `author/invalid-wit` with what wit-bindgen says.
 */
export async function generateBindings(project: ToolProject, out: string, context: BuildContext): Promise<CBindings> {
  const name = project.world.replaceAll('-', '_');
  const kept = join(project.folder, KEPT);
  const digest = await witDigest(project.wit);
  const bindgen = await findBindgen();
  if (bindgen === undefined) return useKept(kept, name, digest);
  const folder = existsSync(kept) ? kept : join(out, KEPT);
  await mkdir(folder, { recursive: true });
  // The module gets its types from our own embedding, which also has the documentation; so no object file.
  const args = ['c', project.wit, '--world', project.world, '--no-object-file', '--all-features', '--out-dir', folder];
  const end = await runCompiler(bindgen.command, args, { folder: project.folder });
  if (end.code !== 0) {
    context.onOutput?.(end.stderr);
    const why = end.stderr
      .replace(/\s+/g, ' ')
      .trim()
      .replace(/^Error: /, '');
    throw new CodedError('author/invalid-wit', `wit-bindgen does not take the world \`${project.world}\`: ${why}`);
  }
  if (folder === kept) await writeFile(join(kept, DIGEST_FILE), `${digest}\n`);
  return { folder, name, version: bindgen.version };
}

async function useKept(folder: string, name: string, digest: string): Promise<CBindings> {
  if (!existsSync(join(folder, `${name}.h`))) throw noBindgen('');
  const madeFrom = await readFile(join(folder, DIGEST_FILE), 'utf8').catch(() => '');
  if (madeFrom.trim() !== digest) throw noBindgen(`, and those in \`${KEPT}/\` are not of this WIT`);
  return { folder, name, version: 'kept' };
}

/** SHA-256 over the paths and contents of all WIT of the tool. */
async function witDigest(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith('.wit'));
  const hash = createHash('sha256');
  for (const path of files.map((file) => join(file.parentPath, file.name)).sort()) {
    const text = await readFile(path);
    hash.update(`${relative(folder, path).split(sep).join('/')}\0${text.length}\0`).update(text);
  }
  return hash.digest('hex');
}
