import { CODES, CodedError, EXIT_CODES, isCoded, jsonText } from '../../runtime/index.ts';
import { grouped } from '../approvals/text-lines.ts';
import { useText } from '../audit/call-text.ts';
import { formatPolicyError } from '../policy/error-text.ts';
import { escapeChar } from '../policy/quote.ts';
import type { Outcome, Receipt } from '../receipt.ts';
import { stackLines } from './guest-stack.ts';

/** Characters of what a capability did, in a terminal; `--json` has all. */
const USE_CHARS_MAX = 200;

/** Characters of an audit id, as the commands of the trail show it and take it. */
const AUDIT_CHARS = 12;

/** Prints one outcome and sets the exit code: JSON for machines, or the value on stdout and the rest on stderr for people. */
export function printOutcome(outcome: Outcome, json: boolean): void {
  process.exitCode = exitCodeOf(outcome);
  if (json) return print(jsonText(outcome));
  if (outcome.stdout !== undefined) process.stdout.write(visible(endLine(outcome.stdout)));
  if (outcome.stderr !== undefined) process.stderr.write(visible(endLine(outcome.stderr)));
  for (const { level, message } of outcome.log ?? []) note(`${level}: ${visible(message)}`);
  if (outcome.truncated === true) note('output: cut at its limit');
  if (outcome.value !== undefined) print(visible(JSON.stringify(outcome.value, null, 2)));
  if (outcome.error !== undefined) {
    // A policy error is shown with the line of the file that it is about, and its help.
    if (outcome.error.code === 'policy/invalid-document') note(`${outcome.kind}: ${formatPolicyError(outcome.error)}`);
    else {
      note(`${outcome.kind}: ${visible(outcome.error.message)} [${outcome.error.code}]`);
      for (const line of stackLines(outcome.error.data)) note(visible(line));
      if (outcome.error.help !== undefined) note(`help: ${visible(outcome.error.help)}`);
    }
  }
  if (outcome.approval !== undefined) {
    const { id, expiresAt, channels } = outcome.approval;
    note(
      `pending: a human is asked until ${new Date(expiresAt).toISOString()} (${['cli', ...channels].join(', ')}): approval ${id}`,
    );
    note(`help: \`cellblock approvals show ${id}\`, then \`approve\` or \`deny\`; after that, file the same request again`);
  }
  for (const use of outcome.receipt.uses ?? []) note(`did: ${cut(visible(useText(use)))}`);
  note(receiptLine(outcome.kind, outcome.receipt));
}

/** Usage errors have an exit code of their own; everything else goes by the outcome's kind. */
export function exitCodeOf({ kind, error }: Outcome): number {
  const row = error !== undefined && Object.hasOwn(CODES, error.code) ? CODES[error.code as keyof typeof CODES] : undefined;
  return row?.kind === 'usage' ? EXIT_CODES.usage : EXIT_CODES[kind];
}

/** One line that a person can read: `ok · 12,345 of 1,000,000,000 fuel · 1.1 MiB · 3.2 ms · 2 host calls · sha256:1a2b3c4d5e6f · audit 2ac8692c-42b`. */
function receiptLine(kind: string, receipt: Receipt): string {
  const fuel = grouped(receipt.fuel) + (receipt.fuelMax === undefined ? '' : ` of ${grouped(receipt.fuelMax)}`);
  const parts = [
    kind,
    `${fuel} fuel`,
    mebibytes(receipt.memoryBytesPeak),
    `${receipt.wallMs.toFixed(1)} ms`,
    receipt.hostCalls === 1 ? '1 host call' : `${receipt.hostCalls} host calls`,
  ];
  if (receipt.digest !== undefined) parts.push(receipt.digest.slice(0, 'sha256:'.length + 12));
  if (receipt.audit !== undefined) parts.push(`audit ${receipt.audit.slice(0, AUDIT_CHARS)}`);
  return `receipt: ${parts.join(' · ')}`;
}

function cut(text: string): string {
  return text.length <= USE_CHARS_MAX ? text : `${text.slice(0, USE_CHARS_MAX)}…`;
}

function mebibytes(bytes: number): string {
  return `${(bytes / (1024 * 1024)).toFixed(1)} MiB`;
}

/**
 * Guest text on its way to a terminal: control characters other than tab and line feed become visible, so that a guest
 * cannot move the cursor, recolour or rewrite what the operator sees.
 */
export function visible(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, escapeChar);
}

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

export function note(line: string): void {
  process.stderr.write(`${line}\n`);
}

function endLine(text: string): string {
  return text.endsWith('\n') ? text : `${text}\n`;
}

/** Tells a waiting person after a second what is taking so long; silent for machines. @returns a function that ends it. */
export function progress(what: string): () => void {
  if (!process.stderr.isTTY || process.env.CI) return () => undefined;
  const timer = setTimeout(() => note(`${what} ...`), 1000);
  return () => clearTimeout(timer);
}

/** Turns anything thrown into an error that can be shown. */
export function asCoded(error: unknown): CodedError {
  if (isCoded(error)) return error;
  return new CodedError('internal/invariant', error instanceof Error ? (error.message.split('\n', 1)[0] ?? '') : String(error), {
    cause: error,
  });
}
