import { isAbsolute, relative, sep } from 'node:path';
import { CodedError } from '../../runtime/index.ts';
import type { ToolProject } from '../project/index.ts';

/** One thing that a compiler has to say about a place in the source. */
export interface Diagnostic {
  /** The compiler's words: no line break, no final stop. */
  readonly message: string;
  /** As the compiler names it: absolute, or relative to the tool's folder. */
  readonly file?: string;
  /** From 1. */
  readonly line?: number;
  /** From 1, in characters as the compiler counts. */
  readonly column?: number;
  /** The other side, such as the line of the WIT that is not implemented; whole lines for people. */
  readonly notes?: readonly string[];
}

/** Diagnostics that one error keeps; all are counted. The compiler's own output has all of them. */
const DIAGNOSTICS_KEPT_MAX = 20;

/** Characters of a compiler's output that an error keeps: the end, where compilers summarise. */
const OUTPUT_CHARS_MAX = 100_000;

/**
 * The error for a source that its compiler refuses.
 *
 * The message is the first diagnostic, `src/lib.rs:12:5: expected ...`, and says how many follow. `data.diagnostics` has the first 20
 * with paths relative to the tool's folder, `data.output` what the compiler wrote.
 *
 * @param diagnostics - errors only; may be none where the compiler's output could not be understood.
 * @param output - what the compiler wrote, for people.
 */
export function doesNotCompile(
  project: Pick<ToolProject, 'folder' | 'name'>,
  diagnostics: readonly Diagnostic[],
  output: string,
): CodedError {
  const kept = diagnostics.slice(0, DIAGNOSTICS_KEPT_MAX).map((diagnostic) => ({
    ...diagnostic,
    ...(diagnostic.file === undefined ? {} : { file: fileInTool(project.folder, diagnostic.file) }),
  }));
  const more = diagnostics.length - 1;
  const first = kept[0] === undefined ? `the source of \`${project.name}\` does not compile` : diagnosticText(kept[0]);
  return new CodedError('author/does-not-compile', more > 0 ? `${first} (and ${more} more)` : first, {
    data: { diagnostics: kept, output: output.slice(-OUTPUT_CHARS_MAX) },
    ...(kept[0]?.notes === undefined ? {} : { help: kept[0].notes.join('\n') }),
  });
}

/** `file:line:column: message`, as far as they are known. */
export function diagnosticText({ file, line, column, message }: Diagnostic): string {
  const place = [file, line, column].filter((part) => part !== undefined).join(':');
  return place === '' ? message : `${place}: ${message}`;
}

/** A path as an author would type it in the tool's folder; one that lies elsewhere stays whole. */
export function fileInTool(folder: string, file: string): string {
  if (!isAbsolute(file)) return file.split(sep).join('/');
  const inside = relative(folder, file);
  return inside.startsWith('..') ? file : inside.split(sep).join('/');
}
