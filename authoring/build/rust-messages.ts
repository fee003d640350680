import type { ToolProject } from '../project/index.ts';
import type { Diagnostic } from './diagnostic.ts';
import { declarationNotes } from './wit-declaration.ts';

/** What is read of one line that cargo writes with `--message-format=json`. */
export interface CargoMessage {
  readonly reason: string;
  readonly message?: RustMessage;
  readonly target?: { readonly kind: readonly string[] };
  readonly filenames?: readonly string[];
}

interface RustMessage {
  readonly level: string;
  readonly message: string;
  readonly rendered: string | null;
  readonly code: { readonly code: string } | null;
  readonly spans: readonly RustSpan[];
  readonly children: readonly { readonly level: string; readonly message: string }[];
}

interface RustSpan {
  readonly file_name: string;
  readonly line_start: number;
  readonly column_start: number;
  readonly is_primary: boolean;
  readonly label: string | null;
}

/** Messages about a trait that was generated from WIT: something is missing, has another type or number of parameters, or is too much. */
const TRAIT_CODES = new Set(['E0046', 'E0050', 'E0053', 'E0185', 'E0186', 'E0277', 'E0407']);

/** One line that cargo writes to standard output; undefined where it is no message. */
export function cargoMessage(line: string): CargoMessage | undefined {
  if (!line.startsWith('{')) return undefined;
  return JSON.parse(line) as CargoMessage; // cargo's own format
}

/**
 * Reads what the compiler says. Where the source does not implement the WIT, the notes have both sides: what the WIT declares and
 * where, and the two signatures as the compiler sees them.
 */
export async function rustDiagnostics(project: ToolProject, messages: readonly CargoMessage[]): Promise<readonly Diagnostic[]> {
  const found = new Map<string, Diagnostic>();
  for (const { message } of messages) {
    if (message?.level !== 'error' || message.spans.length === 0) continue;
    const diagnostic = await diagnosticOf(project, message);
    found.set(JSON.stringify(diagnostic), diagnostic); // a macro repeats itself for each function
  }
  // Where the source does not implement the WIT, other messages mostly follow from that.
  return [...found.values()].sort((a, b) => Number(b.notes !== undefined) - Number(a.notes !== undefined));
}

async function diagnosticOf(project: ToolProject, message: RustMessage): Promise<Diagnostic> {
  const span = message.spans.find((one) => one.is_primary) ?? message.spans[0];
  const label = span?.label ?? '';
  const text = label.startsWith('expected ') ? `${message.message}: ${label}` : message.message;
  const notes = await traitNotes(project, message);
  return {
    message: text.replace(/\s*\n\s*/g, ' '),
    ...(span === undefined ? {} : { file: span.file_name, line: span.line_start, column: span.column_start }),
    ...(notes.length === 0 ? {} : { notes }),
  };
}

async function traitNotes(project: ToolProject, message: RustMessage): Promise<readonly string[]> {
  if (message.code === null || !TRAIT_CODES.has(message.code.code)) return [];
  const said = [message.message, ...message.children.map((child) => child.message)];
  const names = new Set(said.flatMap(functionNames));
  const declared = (await Promise.all([...names].map((name) => declarationNotes(project, name)))).flat();
  if (declared.length === 0) return [];
  const signatures = said.flatMap((text) => [...text.matchAll(/(expected|found) signature `([^`]*)`/g)]);
  const missing = said.flatMap((text) => /implement the missing item: `([^`]*?) \{/.exec(text)?.[1] ?? []);
  return [
    ...declared,
    ...signatures.map(([, side, text]) => `${side === 'expected' ? 'in Rust that is' : 'the source has'}: ${text}`),
    ...missing.map((text) => `in Rust that is: ${text}`),
  ];
}

/** Names that may be functions of the WIT: in backticks, or inside a function that was generated for one. */
function functionNames(text: string): readonly string[] {
  return [...text.matchAll(/`([a-z_][a-z0-9_]*)`/g)]
    .map((match) => match[1] ?? '')
    .map((name) => /^_export_(?:static_|method_)?(.*)_cabi$/.exec(name)?.[1] ?? name);
}
