import { CodedError } from '../../../runtime/index.ts';
import { quote } from '../../policy/quote.ts';

/** Characters of one pattern, in UTF-16 units. */
const PATTERN_CHARS_MAX = 200;

/** Which files of a tree are meant. Paths are lists of names, relative to the mount or the target. */
export interface NameFilter {
  /** True when the file is meant. */
  matches(parts: readonly string[]): boolean;
  /** True when a directory may hold files that are meant. */
  mayHold(parts: readonly string[]): boolean;
}

/**
 * Checks one pattern: names separated by `/`, for the whole path. `*` stands for any part of one name, `?` for one character, and `**` for any
 * number of names. A wildcard never stands for the dot that a name begins with: hidden files are meant only where a pattern has that dot.
 *
 * @returns the text.
 * @throws CodedError `usage/invalid-argument`.
 */
export function checkPattern(text: string): string {
  const refuse = (why: string): never => {
    throw new CodedError(
      'usage/invalid-argument',
      `expected a pattern of names such as \`*.csv\` or \`**/*.json\`, got ${quote(text)}${why}`,
    );
  };
  if (text === '' || text.length > PATTERN_CHARS_MAX) refuse(`: it has 1 to ${PATTERN_CHARS_MAX} characters`);
  if (/[\p{C}\p{Zl}\p{Zp}]/u.test(text)) refuse(': control characters cannot be seen');
  // Other globs know these; here they would be letters, which is not what somebody means who writes them.
  if (/[[\]{}\\]|^!/.test(text)) refuse(': the wildcards are `*`, `?` and `**`');
  for (const part of text.split('/')) {
    if (part === '' || part === '.' || part === '..') refuse(': it begins at the mount and has a name between two `/`');
    if (part !== '**' && part.includes('**')) refuse(': `**` is a name of its own');
  }
  return text;
}

/**
 * Compiles patterns; linear in the path, whatever both are.
 *
 * @param patterns - as `checkPattern` takes them; undefined: everything but hidden files and what is in hidden directories.
 */
export function compileNames(patterns: readonly string[] = ['**']): NameFilter {
  const compiled = patterns.map((text) => text.split('/'));
  return {
    matches: (parts) => compiled.some((pattern) => positionsAfter(pattern, parts).has(pattern.length)),
    mayHold: (parts) =>
      compiled.some((pattern) => [...positionsAfter(pattern, parts)].some((position) => position < pattern.length)),
  };
}

/** Where in the pattern one may be after these names: a small automaton instead of backtracking. */
function positionsAfter(pattern: readonly string[], parts: readonly string[]): ReadonlySet<number> {
  let positions = withSkips(pattern, [0]);
  for (const part of parts) {
    const next: number[] = [];
    for (const position of positions) {
      const step = pattern[position];
      if (step === '**' && !part.startsWith('.')) next.push(position);
      else if (step !== undefined && step !== '**' && nameMatches(step, part)) next.push(position + 1);
    }
    if (next.length === 0) return new Set();
    positions = withSkips(pattern, next);
  }
  return positions;
}

/** `**` may stand for no name at all. */
function withSkips(pattern: readonly string[], positions: readonly number[]): ReadonlySet<number> {
  const reached = new Set<number>();
  for (const start of positions) {
    for (let position = start; !reached.has(position); position++) {
      reached.add(position);
      if (pattern[position] !== '**') break;
    }
  }
  return reached;
}

/** One name against one step; goes back to the last `*` only, so at most the product of both lengths. */
function nameMatches(step: string, name: string): boolean {
  if (name.startsWith('.') && !step.startsWith('.')) return false;
  const wanted = [...step];
  const given = [...name];
  let star = -1;
  let starAt = 0;
  let at = 0;
  let index = 0;
  while (index < given.length) {
    if (wanted[at] === '*') {
      star = at++;
      starAt = index;
    } else if (at < wanted.length && (wanted[at] === '?' || wanted[at] === given[index])) {
      at++;
      index++;
    } else if (star >= 0) {
      at = star + 1;
      index = ++starAt;
    } else return false;
  }
  while (wanted[at] === '*') at++;
  return at === wanted.length;
}
