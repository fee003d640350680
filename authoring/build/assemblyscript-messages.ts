import type { ToolProject } from '../project/index.ts';
import { entryMismatch } from './assemblyscript-entry.ts';
import { AUTHORS_FILE, BINDINGS } from './assemblyscript-files.ts';
import type { Diagnostic } from './diagnostic.ts';
import { declarationNotes } from './wit-declaration.ts';

/** One message of the compiler, as it prints it. */
interface AscMessage {
  readonly level: string;
  readonly code: string;
  readonly message: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** What it underlines in the source. */
  readonly marked: string;
  /** The whole of it. */
  readonly text: string;
}

const HEAD = /^(ERROR|WARNING|INFO|PEDANTIC) (\w+): (.*)$/m;
const PLACE = /└─ in (.+)\((\d+),(\d+)\)/;
const MARKED = /^ *\d+ │ (.*)\n +│ ( *)([~^]+)/m;

/** Reads what the compiler writes to standard error, without colours. Text that has another form is passed over. */
function readMessages(text: string): readonly AscMessage[] {
  return text.split(/\n(?=ERROR |WARNING |INFO |PEDANTIC |FAILURE )/).flatMap((part) => {
    const [, level, code, message] = HEAD.exec(part) ?? [];
    if (level === undefined || code === undefined || message === undefined) return [];
    const [, file = '', line = '0', column = '0'] = PLACE.exec(part) ?? [];
    const [, source = '', before = '', marks = ''] = MARKED.exec(part) ?? [];
    const marked = source.slice(before.length, before.length + marks.length);
    return [{ level, code, message, file, line: Number(line), column: Number(column), marked, text: part }];
  });
}

/** What the compiler wrote, without what it says about generated code that works. */
export function withoutBindingWarnings(text: string): string {
  const kept = readMessages(text).filter(({ level, file }) => level === 'ERROR' || !file.startsWith(`${BINDINGS}/`));
  return kept.map((message) => `${message.text.trimEnd()}\n\n`).join('');
}

/**
 * Reads the errors of the compiler. Where the author's classes do not fit the interfaces that were generated from WIT, the notes say
 * which function of the WIT that is, and where.
 */
export async function assemblyScriptDiagnostics(project: ToolProject, text: string): Promise<readonly Diagnostic[]> {
  const errors = readMessages(text).filter(({ level }) => level === 'ERROR');
  const isMissing = errors.some(isMissingClass);
  const found: Diagnostic[] = [];
  for (const error of errors) {
    // After a class that is not there, the generated code cannot find it either.
    if (isMissing && !isMissingClass(error) && error.file === `${BINDINGS}/entry.ts`) continue;
    found.push((await entryDiagnostic(project, error)) ?? (await diagnosticOf(project, error)));
  }
  // Where the source does not implement the WIT, other messages mostly follow from that.
  return found.sort((a, b) => Number(b.notes !== undefined) - Number(a.notes !== undefined));
}

/** Generated code tells by a message of its own that the author's class is not there. */
function isMissingClass({ code, message }: AscMessage): boolean {
  return code === 'AS102' && message.includes('index.ts');
}

/** An error in generated code that is about the author's constructor or static function, told where that is. */
async function entryDiagnostic(project: ToolProject, error: AscMessage): Promise<Diagnostic | undefined> {
  if (error.file !== `${BINDINGS}/entry.ts` || isMissingClass(error)) return undefined;
  const mismatch = await entryMismatch(project, error.line);
  if (mismatch === undefined) return undefined;
  const { what, expected, place, declaration } = mismatch;
  const wit = declaration === undefined ? [] : await declarationNotes(project, declaration.name, declaration.resource);
  return { message: `${what}: ${plainMessage(error)}`, ...place, notes: [expected, ...wit] };
}

async function diagnosticOf(project: ToolProject, error: AscMessage): Promise<Diagnostic> {
  const notes = (await Promise.all(functionNames(error).map((name) => declarationNotes(project, name)))).flat();
  const place = isMissingClass(error)
    ? { file: AUTHORS_FILE }
    : error.file === ''
      ? {}
      : { file: error.file, line: error.line, column: error.column };
  return {
    message: plainMessage(error),
    ...place,
    ...(notes.length === 0 ? {} : { notes }),
  };
}

/** Functions that the author's class lacks, or has with another signature. */
function functionNames(error: AscMessage): readonly string[] {
  if (isMissingClass(error)) return [...error.message.matchAll(/[{;.] ?(?:static )?(\w+)\(/g)].map((match) => match[1] ?? '');
  if (error.code === 'TS2515') return [/member '(\w+)'/.exec(error.message)?.[1] ?? ''];
  // A method has another type than the one it stands for; both are shown with their class as `this`.
  if (error.code === 'TS2322' && error.message.includes('(this: ')) return [error.marked];
  return [];
}

function plainMessage(error: AscMessage): string {
  return shortNames(error.message.replace(/^User-defined: '(.*)'$/, '$1')).replace(/\.$/, '');
}

/** `Report` for `assembly/bindings/exports/words/Report`, `String` for `~lib/string/String`. */
function shortNames(message: string): string {
  return message.replace(/(?:~lib|[\w-]+)(?:\/[\w.-]+)*\/(\w+)(?![\w./])/g, '$1');
}
