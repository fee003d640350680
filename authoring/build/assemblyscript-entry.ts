/**
 * Errors of the compiler that stand in the generated `entry.ts`: there the author's classes are used as the WIT says, and no type
 * can ask for a constructor or a static function where they are written.
 */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ToolProject } from '../project/index.ts';
import { AUTHORS_FILE, BINDINGS } from './assemblyscript-files.ts';

/** What the author's source has, and what it must have. */
export interface EntryMismatch {
  /** Beginning of a message: `constructor(owner: i32)` of class `Cart` does not fit the WIT. */
  readonly what: string;
  /** The other side, in AssemblyScript. */
  readonly expected: string;
  /** Where the author's declaration is; without a line where it is in another file than `index.ts`. */
  readonly place: { readonly file: string; readonly line?: number; readonly column?: number };
  /** Name of the function as the WIT has it, and of its resource; undefined for an interface's class as a whole. */
  readonly declaration: { readonly name: string; readonly resource: string } | undefined;
}

/** What the entry file uses at a line: a class of the author's, and a static function or the constructor of it. */
interface Use {
  readonly author: string;
  readonly member: string;
  readonly expected: string;
  readonly declaration: EntryMismatch['declaration'];
}

/**
 * Finds what of the author's source an error in the entry file is about.
 *
 * @param line - of the error in `entry.ts`, from 1.
 * @returns undefined where it is about neither a constructor nor a static function.
 */
export async function entryMismatch(project: ToolProject, line: number): Promise<EntryMismatch | undefined> {
  const [entry, source] = await Promise.all(
    [`${BINDINGS}/entry.ts`, AUTHORS_FILE].map((file) => readFile(join(project.folder, file), 'utf8').catch(() => '')),
  );
  const use = useAt((entry ?? '').split('\n'), line);
  if (use === undefined) return undefined;
  const { author, member, expected, declaration } = use;
  const found = declarationIn(source ?? '', author, member);
  return {
    what: `${found?.text === undefined ? '' : `\`${found.text}\` of `}class \`${author}\` does not fit the WIT`,
    expected: `index.ts must have, in class ${author}: ${expected}`,
    place: { file: AUTHORS_FILE, ...(found === undefined ? {} : placeOf(source ?? '', found.at)) },
    declaration,
  };
}

function useAt(lines: readonly string[], line: number): Use | undefined {
  const guest = /^const \w+: [\w.]+ = new user\.(\w+)\(\);$/.exec(lines[line - 1] ?? '')?.[1];
  if (guest !== undefined)
    return { author: guest, member: 'constructor', expected: 'a constructor without parameters', declaration: undefined };
  // Each function of the entry file has a comment before it that names the function of the WIT.
  const head = lines.slice(0, line).findLastIndex((text) => text.startsWith('// '));
  const [, resource, name = 'constructor'] = /#?\[(?:constructor|static)\]([^.]+)(?:\.(.+))?$/.exec(lines[head] ?? '') ?? [];
  if (resource === undefined) return undefined;
  const end = lines.indexOf('}', head);
  const call = /\bnew user\.(\w+)\(|\buser\.(\w+)\.(\w+)\(/.exec(lines.slice(head, end).join('\n'));
  const author = call?.[1] ?? call?.[2];
  const member = call?.[3] ?? 'constructor';
  if (author === undefined) return undefined;
  const expected = membersOf(lines, author).find((one) => one.replace(/^static /, '').startsWith(`${member}(`));
  return expected === undefined ? undefined : { author, member, expected, declaration: { name, resource } };
}

/** What the entry file says of a class that is not there: all that it must have. */
function membersOf(lines: readonly string[], author: string): readonly string[] {
  const line = lines.find((text) => text.startsWith(`if (!isDefined(user.${author})) `)) ?? '';
  return (/ extends \w+ \{ (.*) \} - its types are in /.exec(line)?.[1] ?? '').split('; ');
}

/** A constructor or static function in the author's source; the class itself where it has none. */
function declarationIn(source: string, author: string, member: string): { at: number; text?: string } | undefined {
  const start = new RegExp(`\\bclass\\s+${author}\\b`).exec(source)?.index;
  if (start === undefined) return undefined;
  const next = /^(?:export\s+)?(?:abstract\s+)?class\s/m.exec(source.slice(start + 1))?.index;
  const body = source.slice(start, next === undefined ? undefined : start + 1 + next);
  const pattern = member === 'constructor' ? '\\bconstructor\\s*\\(' : `\\bstatic\\s+${member}\\s*\\(`;
  const within = new RegExp(pattern).exec(body)?.index;
  if (within === undefined) return { at: start };
  const text = /^[^{;]*/.exec(body.slice(within))?.[0] ?? '';
  return { at: start + within, text: text.replace(/\s+/g, ' ').trim() };
}

function placeOf(source: string, at: number): { line: number; column: number } {
  const before = source.slice(0, at);
  return { line: before.split('\n').length, column: at - before.lastIndexOf('\n') };
}
