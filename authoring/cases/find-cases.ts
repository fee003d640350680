import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { CodedError } from '../../runtime/index.ts';
import { MANIFEST, readProject } from '../project/manifest.ts';
import { type CaseFile, readCaseFile } from './read-cases.ts';

/** Files of cases of one tool. */
const FILES_MAX = 1000;

/** One file of cases and the component that it is for. */
export interface FoundCases {
  readonly cases: CaseFile;
  /** Path, relative to the current folder where it is below it. */
  readonly component: string;
}

/**
 * Finds the cases of a tool.
 *
 * @param where - a tool's folder, whose `cases/*.yaml` are read in the order of their names, its `cases`, or one file.
 * @param component - in place of what files and `tool.yaml` say.
 * @throws CodedError `usage/unreadable-file`, `author/invalid-file`, `usage/invalid-argument` where no component is known.
 */
export async function caseFilesOf(where: string, component?: string): Promise<readonly FoundCases[]> {
  const paths = await pathsOf(where);
  const found: FoundCases[] = [];
  for (const path of paths) {
    const cases = await readCaseFile(path);
    found.push({ cases, component: component ?? (await componentOf(cases)) });
  }
  return found;
}

/** Whether a folder has cases that `caseFilesOf` would find. */
export async function hasCases(folder: string): Promise<boolean> {
  return (await namesIn(folder)).length > 0;
}

async function pathsOf(where: string): Promise<readonly string[]> {
  const info = await stat(where).catch(() => undefined);
  if (info === undefined) throw new CodedError('usage/unreadable-file', `there is no file or folder \`${where}\``);
  if (!info.isDirectory()) return [where];
  const paths = await namesIn(where);
  if (paths.length <= FILES_MAX) return paths;
  throw new CodedError('usage/invalid-argument', `\`${where}\` has more than ${FILES_MAX} files of cases`);
}

/** Of a tool's folder, or of the folder `cases` itself. */
async function namesIn(where: string): Promise<readonly string[]> {
  const folder = basename(resolve(where)) === 'cases' ? where : join(where, 'cases');
  const names = await readdir(folder).catch(() => []);
  return names
    .filter((name) => /\.ya?ml$/.test(name))
    .sort()
    .map((name) => join(folder, name));
}

/** What the file says, else the `tool.yaml` of the folder that it is in, or of the one above. */
async function componentOf({ path, folder, document }: CaseFile): Promise<string> {
  const named = document.data.component;
  if (named !== undefined) return shown(resolve(folder, named));
  for (const candidate of basename(resolve(folder)) === 'cases'
    ? [dirname(resolve(folder))]
    : [resolve(folder), dirname(resolve(folder))]) {
    const isTool = await stat(join(candidate, MANIFEST)).then(
      (info) => info.isFile(),
      () => false,
    );
    if (isTool) return shown((await readProject(candidate)).component);
  }
  throw new CodedError('usage/invalid-argument', `\`${path}\` does not say which component it is for`, {
    help: `name one with \`--component\`, or by \`component:\` in the file, or have a \`${MANIFEST}\` in the folder of the tool`,
  });
}

function shown(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith('..') ? path : short;
}
