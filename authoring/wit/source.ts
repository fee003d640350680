import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError } from '../../runtime/index.ts';
import { type WitToken, witTokens } from './tokens.ts';

/** One WIT file, and where its text begins in the merged source. */
export interface WitFile {
  readonly path: string;
  readonly text: string;
  readonly start: number;
}

/** All WIT of a tool as one source, which the WIT reader takes: packages of `deps` are nested packages in it. */
export interface WitSource {
  readonly text: string;
  readonly files: readonly WitFile[];
}

interface Loaded {
  readonly path: string;
  readonly text: string;
  readonly header: PackageHeader | undefined;
}

/** The statement `package a:b@1.0.0;` of a file, with the docs before it. */
interface PackageHeader {
  readonly name: string;
  /** From the first doc comment, or the word `package`. */
  readonly from: number;
  /** Offset of the `;`. */
  readonly semicolon: number;
}

/**
 * Reads one WIT file, or a folder as `wit-parser` reads it: the `*.wit` files in it are one package, and in `deps/` each file
 * or folder is one.
 *
 * @throws CodedError `usage/unreadable-file`; `author/invalid-wit` for a folder without WIT.
 */
export async function readWitSource(path: string): Promise<WitSource> {
  const isFolder = (await stat(path).catch((cause: unknown) => unreadable(path, cause))).isDirectory();
  if (!isFolder) return merge([[await load(path)]]);
  const root = await loadFolder(path);
  if (root.length === 0)
    throw new CodedError('author/invalid-wit', `\`${path}\` has no file that ends in \`.wit\``, {
      help: 'name a WIT file, or a folder with the WIT files of one package and a folder `deps` for those it uses',
    });
  return merge([root, ...(await loadDependencies(join(path, 'deps')))]);
}

/** `file:line:col` of an offset in the merged source. Lines and columns count from 1, columns in UTF-16 units. */
export function placeOf(source: WitSource, offset: number): string {
  const file = source.files.findLast((one) => one.start <= offset) ?? source.files[0];
  if (file === undefined) return '';
  const before = file.text.slice(0, Math.min(offset - file.start, file.text.length));
  const line = before.split('\n').length;
  return `${file.path}:${line}:${before.length - before.lastIndexOf('\n')}`;
}

async function loadDependencies(folder: string): Promise<Loaded[][]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const packages: Loaded[][] = [];
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if ((await stat(path)).isDirectory()) packages.push(await loadFolder(path));
    else if (entry.name.endsWith('.wit')) packages.push([await load(path)]);
    else if (/\.wa(sm|t)$/.test(entry.name))
      throw new CodedError('author/invalid-wit', `\`${path}\` is a package in binary form, which is not read`, {
        help: `put its text there instead: \`wasm-tools component wit ${path} -o ${path.replace(/\.\w+$/, '.wit')}\``,
      });
  }
  return packages.filter((files) => files.length > 0);
}

async function loadFolder(folder: string): Promise<Loaded[]> {
  const names = await readdir(folder).catch((cause: unknown) => unreadable(folder, cause));
  const files = await Promise.all(
    names
      .filter((name) => name.endsWith('.wit'))
      .sort()
      .map((name) => load(join(folder, name))),
  );
  // The one that states the package comes first: in the merged source its statement opens the package.
  return files.sort((a, b) => Number(b.header !== undefined) - Number(a.header !== undefined));
}

async function load(path: string): Promise<Loaded> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => unreadable(path, cause));
  return { path, text, header: headerOf(witTokens(text)) };
}

function unreadable(path: string, cause: unknown): never {
  const { code } = cause as { readonly code?: string }; // of Node's errors
  throw new CodedError('usage/unreadable-file', `\`${path}\` cannot be read: ${code ?? 'unknown reason'}`, { cause });
}

function headerOf(tokens: readonly WitToken[]): PackageHeader | undefined {
  const first = tokens.findIndex((token) => token.kind !== 'docs');
  const [keyword, name, end] = tokens.slice(first, first + 3);
  if (keyword?.text !== 'package' || name === undefined || end?.text !== ';') return undefined;
  return { name: name.text, from: tokens[0]?.at ?? keyword.at, semicolon: end.at };
}

/**
 * Puts packages behind each other; the first is the root. Every character keeps its line and column within its file, so
 * that messages can be about files.
 */
function merge(packages: readonly (readonly Loaded[])[]): WitSource {
  const files: WitFile[] = [];
  let text = '';
  packages.forEach((loaded, at) => {
    let isOpen = false;
    for (const [index, { path, text: own, header }] of loaded.entries()) {
      files.push({ path, text: own, start: text.length });
      if (header === undefined) text += own;
      else if (index > 0)
        text += own.slice(0, header.from) + blank(own.slice(header.from, header.semicolon + 1)) + own.slice(header.semicolon + 1);
      else if (at === 0) text += own;
      else {
        text += `${own.slice(0, header.semicolon)}{${own.slice(header.semicolon + 1)}`;
        isOpen = true;
      }
      text += '\n';
    }
    if (isOpen) text += '}\n';
  });
  return { text, files };
}

function blank(text: string): string {
  return text.replace(/[^\n]/g, ' ');
}
