import { isCoded } from '../../runtime/index.ts';
import { printable } from './quote.ts';
import type { PolicyIssue } from './source.ts';

/** Issues printed; a file with more is most often not a policy at all. */
const ISSUES_SHOWN_MAX = 10;
const PATH_CHARS_MAX = 512;
const MESSAGE_CHARS_MAX = 2_000;

/**
 * An error as text for a terminal: the code and how many problems, then each with its source line and a caret below it.
 *
 * The excerpts come from the operator's file; show this to the operator, not to an agent.
 *
 * @param error - any thrown value; one that is not about a policy file gets its code and message, and its help.
 * @returns lines without a final line break, no colours, nothing unprintable; some ten issues at most.
 */
export function formatPolicyError(error: unknown): string {
  if (!isCoded(error)) return printable(error instanceof Error ? error.message : String(error), MESSAGE_CHARS_MAX);
  const help = typeof error.help === 'string' ? [`help: ${printable(error.help, MESSAGE_CHARS_MAX)}`] : [];
  const data: unknown = error.data;
  const { file, issues, omitted } = (typeof data === 'object' && data !== null ? data : {}) as {
    readonly file?: unknown;
    readonly issues?: unknown;
    readonly omitted?: unknown;
  };
  const known = Array.isArray(issues) ? issues.filter(isIssue) : [];
  if (known.length === 0) return [`${error.code}: ${printable(error.message, MESSAGE_CHARS_MAX)}`, ...help].join('\n');

  const shown = known.slice(0, ISSUES_SHOWN_MAX);
  const count = known.length + (typeof omitted === 'number' ? omitted : 0);
  const more = count > shown.length ? [`and ${count - shown.length} more`] : [];
  const name = printable(typeof file === 'string' ? file : 'policy', PATH_CHARS_MAX);
  const head = `${error.code}: ${count === 1 ? 'one problem' : `${count} problems`} in ${name}`;
  return [head, ...shown.map((issue) => formatIssue(name, issue)), ...more, ...help].join('\n');
}

function formatIssue(file: string, issue: PolicyIssue): string {
  const path = issue.path === '' ? '' : `${printable(issue.path, PATH_CHARS_MAX)}: `;
  const margin = String(issue.line);
  const blank = ' '.repeat(margin.length);
  return [
    '',
    `${file}:${issue.line}:${issue.column}: ${path}${printable(issue.message, MESSAGE_CHARS_MAX)}`,
    `  ${margin} | ${printable(issue.excerpt.text, MESSAGE_CHARS_MAX)}`.trimEnd(),
    `  ${blank} | ${' '.repeat(Math.max(0, Math.min(issue.excerpt.column, MESSAGE_CHARS_MAX) - 1))}^`,
  ].join('\n');
}

// The error may come from another thread, as plain data.
function isIssue(value: unknown): value is PolicyIssue {
  if (typeof value !== 'object' || value === null) return false;
  const { path, line, column, message, excerpt } = value as Partial<Record<keyof PolicyIssue, unknown>>;
  if (typeof excerpt !== 'object' || excerpt === null) return false;
  const { text, column: at } = excerpt as Partial<Record<keyof PolicyIssue['excerpt'], unknown>>;
  return (
    [path, message, text].every((part) => typeof part === 'string') && [line, column, at].every((part) => Number.isInteger(part))
  );
}
