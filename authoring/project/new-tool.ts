import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { CodedError } from '../../runtime/index.ts';
import type { Language } from './language.ts';
import { packageRoot } from './package-root.ts';
import { fillTemplate, templateFileName, templateValues } from './template-text.ts';
import { whyNoNewTool } from './tool-name.ts';

export interface NewTool {
  /** Absolute. */
  readonly folder: string;
  readonly name: string;
  readonly language: Language;
  /** What was written, relative to the folder, with `/`, sorted. */
  readonly files: readonly string[];
}

/** Where a template puts the interfaces of the host, for WIT's `import cellblock:host/...`. */
const HOST_WIT = 'wit/deps/cellblock-host';

/**
 * Writes the folder of a new tool: WIT, source, cases, policy, readme. It builds, and its cases pass, as it stands.
 *
 * @param name - of the tool and its folder: a label of WIT in lower case.
 * @param parent - an existing folder that gets the new one.
 * @throws CodedError `usage/invalid-argument` for a name that cannot be used, or a folder that is there already: nothing is ever
 *   written over. `usage/unreadable-file` where the parent cannot be written to.
 */
export async function newTool(name: string, language: Language, parent: string): Promise<NewTool> {
  const why = whyNoNewTool(name, language);
  if (why !== undefined) throw new CodedError('usage/invalid-argument', `\`${name}\` ${why}`, { help: 'choose another name' });
  const files = await toolFiles(name, language);
  const folder = resolve(parent, name);
  await makeFolder(folder);
  try {
    for (const [path, text] of files) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text, { flag: 'wx' });
    }
  } catch (error) {
    // The folder is ours alone: half a tool would only stand in the way of the next try.
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  return { folder, name, language, files: [...files.keys()].sort() };
}

/** The files of a new tool, by path relative to its folder: what all languages share, then what the language adds or has instead. */
async function toolFiles(name: string, language: Language): Promise<ReadonlyMap<string, string>> {
  const values = templateValues(name, language);
  const root = packageRoot();
  const files = new Map<string, string>();
  for (const template of ['shared', language]) {
    for (const [path, text] of await readTexts(join(root, 'authoring', 'templates', template)))
      files.set(templateFileName(path, values), fillTemplate(text, values));
  }
  for (const [path, text] of await readTexts(join(root, 'wit', 'host'))) files.set(`${HOST_WIT}/${path}`, text);
  return files;
}

/** All files below a folder, by path with `/`. */
async function readTexts(folder: string): Promise<readonly (readonly [string, string])[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(
    paths.map(async (path) => [relative(folder, path).split(sep).join('/'), await readFile(path, 'utf8')] as const),
  );
}

async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder).catch((cause: unknown) => {
    const { code } = cause as NodeJS.ErrnoException; // what file functions reject with
    if (code === 'EEXIST') {
      const message = `\`${folder}\` is there already, and nothing is written over`;
      throw new CodedError('usage/invalid-argument', message, { help: 'choose another name, or remove it', cause });
    }
    throw new CodedError('usage/unreadable-file', `\`${folder}\` cannot be made: ${code ?? 'unknown reason'}`, { cause });
  });
}
