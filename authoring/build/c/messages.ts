import type { Diagnostic } from '../diagnostic.ts';

const PLACE = /^(.+?):(\d+):(\d+): (fatal error|error|note): (.*)$/;

/**
 * Errors that clang wrote, each with the notes that follow it. One about a function of the world has its declaration, too.
 *
 * @param header - text of the generated header.
 */
export function clangDiagnostics(output: string, header: string): readonly Diagnostic[] {
  const found: { message: string; file: string; line: number; column: number; notes: string[] }[] = [];
  for (const line of output.split('\n')) {
    const match = PLACE.exec(line);
    if (match === null) continue;
    const [, file = '', row, column, kind, message = ''] = match;
    if (kind !== 'note') {
      const declaration = declarationOf(/^conflicting types for '(\w+)'/.exec(message)?.[1], header);
      const notes = declaration === undefined ? [] : [`the world asks for \`${declaration}\``];
      found.push({ message, file, line: Number(row), column: Number(column), notes });
    } else found.at(-1)?.notes.push(`${file}:${row}:${column}: ${message}`);
  }
  return found.map(({ notes, ...diagnostic }) => (notes.length === 0 ? diagnostic : { ...diagnostic, notes }));
}

/**
 * What the linker could not do. A function of the world that no source has is said with its declaration.
 *
 * @param header - text of the generated header, which has the declarations.
 */
export function linkDiagnostics(output: string, header: string): readonly Diagnostic[] {
  const missing = new Set([...output.matchAll(/undefined symbol: (\w+)/g)].map((match) => match[1] ?? ''));
  const mismatched = new Set([...output.matchAll(/function signature mismatch: (\w+)/g)].map((match) => match[1] ?? ''));
  return [
    ...[...missing].map((symbol) => diagnosticOf(symbol, header, 'no source has')),
    ...[...mismatched].map((symbol) => diagnosticOf(symbol, header, 'the source has other parameters or another result for')),
  ];
}

function diagnosticOf(symbol: string, header: string, what: string): Diagnostic {
  const declaration = declarationOf(symbol, header);
  if (declaration === undefined) return { message: `${what} \`${symbol}\`` };
  return { message: `${what} \`${symbol}\`, which the world asks for`, notes: [`write \`${declaration}\``] };
}

function declarationOf(symbol: string | undefined, header: string): string | undefined {
  if (symbol === undefined) return undefined;
  return new RegExp(`^(?:extern )?([\\w ]+[ *]+${symbol}\\([^;]*\\));`, 'm').exec(header)?.[1];
}
