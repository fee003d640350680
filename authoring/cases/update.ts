import { CodedError } from '../../runtime/index.ts';
import type { EndedCase } from './expectations.ts';
import { type CaseFile, type PlacedCase, parseCaseFile } from './read-cases.ts';

/** What one case lacks, and the values that it got. */
export interface Missing {
  readonly one: PlacedCase;
  /** Fields of `expect` with their values, in their order. */
  readonly fields: readonly (readonly [name: string, value: unknown])[];
}

/** What the expectations of a case do not say and its call gave: kind, value and code. Undefined where nothing is missing. */
export function missingOf(one: PlacedCase, { outcome }: EndedCase): Missing | undefined {
  const { kind, value, valueMatches, code } = one.spec.expect ?? {};
  const hasKind = kind !== undefined && kind !== outcome.kind; // it expects something else: that is a failure, not a gap
  if (hasKind) return undefined;
  const fields: (readonly [string, unknown])[] = [];
  if (kind === undefined) fields.push(['kind', outcome.kind]);
  if (outcome.value !== undefined && value === undefined && valueMatches === undefined) fields.push(['value', outcome.value]);
  if (outcome.error !== undefined && outcome.kind !== 'tool-error' && code === undefined)
    fields.push(['code', outcome.error.code]);
  return fields.length === 0 ? undefined : { one, fields };
}

/**
 * The text of a file of cases with what was missing, in its place; nothing that stands there is changed.
 *
 * @throws CodedError `usage/invalid-argument` where a case stands on one line, so that there is no place for more lines.
 */
export function updatedText(file: CaseFile, missing: readonly Missing[]): string {
  const lines = file.text.split('\n');
  // From the last case to the first: lines before it keep their numbers.
  for (const { one, fields } of [...missing].sort((a, b) => b.one.index - a.one.index)) insert(file, lines, one, fields);
  const text = lines.join('\n');
  checkUpdated(file, text, missing);
  return text;
}

function insert(file: CaseFile, lines: string[], one: PlacedCase, fields: Missing['fields']): void {
  const path = ['cases', one.index, 'expect'];
  const [first] = Object.keys(one.spec.expect ?? {});
  // The first field on a line of its own tells how far in fields are. What is written on one line has no such line.
  if (first !== undefined) {
    const indent = indentOf(lines, file.document.lineOf([...path, first]), file.document.lineOf(path));
    if (indent === undefined) throw onOneLine(file, one);
    lines.splice(endOf(lines, lineAfter(file, one, file.document.lineOf(path))), 0, ...written(fields, indent));
    return;
  }
  const keys = ['call', 'name'].map((name) => file.document.lineOf(['cases', one.index, name]));
  const indent = keys.map((line) => indentOf(lines, line, one.line)).find((found) => found !== undefined);
  if (one.spec.expect !== undefined || indent === undefined) throw onOneLine(file, one); // `expect: {}`
  lines.splice(endOf(lines, lineAfter(file, one, Infinity)), 0, `${indent}expect:`, ...written(fields, `${indent}  `));
}

/** The spaces before a field that begins its line, below another line. Lines count from 1. */
function indentOf(lines: readonly string[], line: number, above: number): string | undefined {
  return line > above ? /^( *)[a-zA-Z]/.exec(lines[line - 1] ?? '')?.[1] : undefined;
}

/** The line of what follows: the next field of the case below `line`, else the next case. */
function lineAfter({ document }: CaseFile, { index, spec }: PlacedCase, line: number): number {
  const fields = Object.keys(spec).map((name) => document.lineOf(['cases', index, name]));
  const next = index + 1 < document.data.cases.length ? document.lineOf(['cases', index + 1]) : Infinity;
  return Math.min(next, ...fields.filter((of) => of > line));
}

/** How many lines there are before that one, without the blank ones and comments at their end. */
function endOf(lines: readonly string[], line: number): number {
  let count = Math.min(line - 1, lines.length);
  while (count > 0 && /^\s*(#.*)?$/.test(lines[count - 1]!)) count--;
  return count;
}

/** JSON is YAML; the lines of a longer value are further in than its name. */
function written(fields: Missing['fields'], indent: string): string[] {
  return fields.flatMap(([name, value]) => {
    if (name !== 'value') return [`${indent}${name}: ${String(value)}`]; // a kind or a code: plain in YAML
    const short = JSON.stringify(value);
    const json = short.length <= 100 ? short : JSON.stringify(value, null, 2);
    return `${name}: ${json}`.split('\n').map((line) => `${indent}${line}`);
  });
}

/** INVARIANT: what is written back says what stood there and what was missing, and nothing else. */
function checkUpdated(file: CaseFile, text: string, missing: readonly Missing[]): void {
  const before = file.document.data.cases.map((spec, index) => {
    const fields = missing.find(({ one }) => one.index === index)?.fields ?? [];
    return { ...spec, ...(fields.length === 0 ? {} : { expect: { ...spec.expect, ...Object.fromEntries(fields) } }) };
  });
  const after = parseCaseFile(text, file.path).document.data.cases;
  if (sorted(before) === sorted(after)) return;
  throw new CodedError('internal/invariant', `what would be written to \`${file.path}\` is not what was meant`);
}

function sorted(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part === 'bigint') return String(part);
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

function onOneLine({ path }: CaseFile, { line, spec }: PlacedCase): CodedError {
  return new CodedError(
    'usage/invalid-argument',
    `${path}:${line}: the case \`${spec.name}\` has no line of its own for what is missing`,
    {
      help: 'write the fields of the case, and those of `expect`, below each other',
    },
  );
}
