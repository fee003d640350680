import { basename } from 'node:path';
import { LineCounter } from 'yaml';
import { CodedError } from '../../runtime/index.ts';
import { printable } from './quote.ts';

/** One thing that is wrong with a policy file. */
export interface PolicyIssue {
  /** Place in the document, such as `tools.redact.limits.fuel`; empty for the document as a whole. */
  readonly path: string;
  /** Counted from 1. */
  readonly line: number;
  /** Counted from 1, in UTF-16 code units as editors do. */
  readonly column: number;
  /** The reason alone, without place or path. */
  readonly message: string;
  /** Part of the line around the place, printable; `column` is the place inside `text`, from 1. */
  readonly excerpt: { readonly text: string; readonly column: number };
}

/** Issues kept in an error; the rest is only counted, in `data.omitted`. */
const ISSUES_MAX = 100;
/** Code units of a source line kept before and after the place of an issue. */
const EXCERPT_SIDE_MAX = 60;

/** The text of a policy file and where each of its lines starts. Immutable. */
export class Source {
  readonly text: string;
  /** Path as the operator gave it, for `data.file`. */
  readonly file: string;
  /** Last part of the path, printable: what messages and rules name the file by. */
  readonly fileName: string;
  readonly #lines = new LineCounter();
  /** Where the first line starts: after the byte-order mark, which editors do not count as a column. */
  readonly #start: number;

  constructor(text: string, file: string) {
    this.text = text;
    this.file = file;
    this.fileName = printable(basename(file));
    this.#start = text.startsWith('\ufeff') ? 1 : 0;
    this.#lines.addNewLine(this.#start);
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.#lines.addNewLine(at + 1);
  }

  /** @returns the line, from 1, that holds the code unit at `offset`. */
  lineAt(offset: number): number {
    return this.#lines.linePos(Math.max(offset, this.#start)).line;
  }

  /** @param offset - code unit of `text` that the issue is about. */
  issue(offset: number, path: string, message: string): PolicyIssue {
    const at = Math.max(offset, this.#start);
    const { line, col } = this.#lines.linePos(at);
    const end = this.text.indexOf('\n', at);
    const from = Math.max(at - (col - 1), at - EXCERPT_SIDE_MAX);
    const to = Math.min(end < 0 ? this.text.length : end, at + EXCERPT_SIDE_MAX);
    const before = oneLine(this.text.slice(from, at));
    const text = before + oneLine(this.text.slice(at, to).trimEnd());
    return { path, line, column: col, message, excerpt: { text, column: before.length + 1 } };
  }
}

// A tab becomes one space, so that the caret below a line stands under its character.
const oneLine = (text: string): string => printable(text.replaceAll('\t', ' '), 2 * EXCERPT_SIDE_MAX);

/**
 * The error for a policy file that cannot be used. The message has the first issue of the file, `data.issues` all of
 * them in the order of the file.
 *
 * @param issues - at least one.
 */
export function invalidDocument(source: Source, issues: readonly PolicyIssue[], cause?: unknown): CodedError {
  const sorted = [...issues].sort((a, b) => a.line - b.line || a.column - b.column);
  const first = sorted[0]!;
  const where = `${source.fileName}:${first.line}:${first.column}: ${first.path === '' ? '' : `${first.path}: `}`;
  return new CodedError('policy/invalid-document', `${where}${first.message}`, {
    data: { file: source.file, issues: sorted.slice(0, ISSUES_MAX), omitted: Math.max(0, sorted.length - ISSUES_MAX) },
    ...(cause === undefined ? {} : { cause }),
  });
}

/** A document path as people write it: `agents.triage.tools[1]`; a key with other characters goes in `["..."]`. */
export function formatPath(path: readonly PropertyKey[]): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else if (/^[\w-]{1,128}$/.test(String(part))) text += text === '' ? String(part) : `.${String(part)}`;
    else text += `[${JSON.stringify(printable(String(part)))}]`;
  }
  return text;
}
