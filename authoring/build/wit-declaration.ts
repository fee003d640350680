import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { ToolProject } from '../project/index.ts';

/** A function as the WIT declares it. */
export interface WitDeclaration {
  /** `wit/word-count.wit:47:3`, relative to the tool's folder. */
  readonly place: string;
  /** `count: func(text: string) -> u32`, on one line. */
  readonly text: string;
}

/** A function in an interface, a resource or a world; or a constructor. */
const FUNCTION =
  /^[ \t]*(?:export\s+)?((?:%?[a-z][\w-]*[ \t]*:[ \t]*(?:static[ \t]+)?(?:async[ \t]+)?func\b|constructor[ \t]*\()[^;]*);/gim;

/**
 * Finds functions in the WIT of a tool that a compiler calls like this. Compilers spell names in their own way, `countWords` or
 * `count_words` for `count-words`; case and separators are not compared.
 *
 * @param name - as the compiler's message has it; `constructor` for one.
 * @param resource - only functions of the resource of this name in WIT.
 * @returns all of that name in the tool's own package; those of `deps/` are not what it implements.
 */
export async function findDeclarations(
  project: ToolProject,
  name: string,
  resource?: string,
): Promise<readonly WitDeclaration[]> {
  const entries = await readdir(project.wit, { withFileTypes: true }).catch(() => []);
  const found: WitDeclaration[] = [];
  for (const entry of entries) {
    if (!entry.isFile() || !entry.name.endsWith('.wit')) continue;
    const path = join(project.wit, entry.name);
    const text = await readFile(path, 'utf8');
    for (const match of text.matchAll(FUNCTION)) {
      const declaration = match[1] ?? '';
      if (plain(/^%?([\w-]+)/.exec(declaration)?.[1] ?? '') !== plain(name)) continue;
      const before = text.slice(0, match.index + match[0].indexOf(declaration));
      if (resource !== undefined && lastResource(before) !== resource) continue;
      const place = `${before.split('\n').length}:${before.length - before.lastIndexOf('\n')}`;
      found.push({
        place: `${relative(project.folder, path).split(sep).join('/')}:${place}`,
        text: declaration
          .replace(/\/\/[^\n]*/g, '')
          .replace(/\s+/g, ' ')
          .trim(),
      });
    }
  }
  return found;
}

/** The side of a mismatch that the WIT has, as lines of a diagnostic. */
export async function declarationNotes(project: ToolProject, name: string, resource?: string): Promise<readonly string[]> {
  return (await findDeclarations(project, name, resource)).map(({ place, text }) => `the WIT says, at ${place}: ${text}`);
}

/** Name of the last resource with functions that begins before the end of a text. */
function lastResource(text: string): string | undefined {
  return [...text.matchAll(/\bresource\s+%?([\w-]+)\s*\{/g)].at(-1)?.[1];
}

function plain(name: string): string {
  return name.replace(/[^a-z0-9]/gi, '').toLowerCase();
}
