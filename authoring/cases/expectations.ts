import { type Outcome, payloadType } from '../../host/receipt.ts';
import { type CellOutcome, encodeValue, isCoded, type PreparedCall, toJson } from '../../runtime/index.ts';
import { capped, type Difference, jsonDifferences, shownJson, textDifference } from './difference.ts';
import { fileDifferences } from './left-files.ts';
import { differencesFrom } from './match.ts';
import type { Expectation, TextPattern } from './schema.ts';
import { valueFrom, withFiles } from './written-value.ts';

/** How a call of a case ended. */
export interface EndedCase {
  readonly outcome: Outcome;
  readonly cell: CellOutcome;
  /** Undefined where the call was refused before it was prepared. */
  readonly call: PreparedCall | undefined;
  /** By the guest's path. */
  readonly left: ReadonlyMap<string, Uint8Array>;
}

/** What is not as the case expects it. @param folder - of the file of the case. */
export async function unexpected(expect: Expectation, ended: EndedCase, folder: string): Promise<readonly Difference[]> {
  const { outcome } = ended;
  const kind = expectedKind(expect);
  const isKind = kind === undefined || kind === outcome.kind;
  return [
    ...(isKind ? [] : [{ what: 'kind', expected: kind, actual: kindWords(outcome) }]),
    ...codeDifferences(expect, outcome, isKind),
    ...(isKind ? await valueDifferences(expect, ended, folder) : []),
    ...logDifferences(expect.log, outcome.log ?? []),
    ...textDifferences('stdout', expect.stdout, outcome.stdout ?? ''),
    ...textDifferences('stderr', expect.stderr, outcome.stderr ?? ''),
    ...(expect.files === undefined ? [] : await fileDifferences(expect.files, ended.left, folder)),
    ...ceilingDifferences(expect, ended.cell),
  ];
}

/** A case that expects nothing of the end means that the call ends well. */
function expectedKind({ kind, code, message }: Expectation): Expectation['kind'] {
  return kind ?? (code === undefined && message === undefined ? 'ok' : undefined);
}

function kindWords({ kind, error }: Outcome): string {
  return error === undefined ? kind : `${kind}: ${error.message} [${error.code}]`;
}

function codeDifferences({ code, message }: Expectation, { error }: Outcome, isKind: boolean): readonly Difference[] {
  const found: Difference[] = [];
  // The kind was told with the code already.
  if (code !== undefined && isKind && code !== error?.code)
    found.push({ what: 'code', expected: code, actual: error?.code ?? 'no error' });
  if (message !== undefined) found.push(...textDifferences('message', message, error?.message ?? ''));
  return found;
}

function textDifferences(what: string, pattern: TextPattern | undefined, text: string): readonly Difference[] {
  if (pattern === undefined) return [];
  if (typeof pattern === 'string') return pattern === text ? [] : [textDifference(what, pattern, text)];
  if (text.includes(pattern.$contains)) return [];
  return [{ what, expected: `text with ${shownJson(pattern.$contains)}`, actual: shownJson(text) }];
}

async function valueDifferences(expect: Expectation, { cell, call }: EndedCase, folder: string): Promise<readonly Difference[]> {
  const { value, valueMatches } = expect;
  if (value === undefined && valueMatches === undefined) return [];
  const type = payloadType(cell, call);
  if (type === undefined || cell.value === undefined) {
    return value === null ? [] : [{ what: 'value', expected: shownJson(value ?? valueMatches), actual: 'nothing is returned' }];
  }
  if (value === undefined) return capped(differencesFrom(await withFiles(valueMatches, folder), cell.value, type, 'value'));
  try {
    const expected = valueFrom(await withFiles(value, folder), type);
    if (Buffer.from(encodeValue(expected, type)).equals(encodeValue(cell.value, type))) return [];
    return jsonDifferences('value', toJson(expected, type), toJson(cell.value, type));
  } catch (error) {
    if (!isCoded(error) || !error.code.startsWith('params/')) throw error;
    const why = error.message.replace('`$.value', '`value');
    return [
      {
        what: 'value',
        message: `what is expected is no value of the result's type: ${why}; the result is ${shownJson(toJson(cell.value, type))}`,
      },
    ];
  }
}

type Line = { readonly level: string; readonly message: string };

function logDifferences(expected: Expectation['log'], lines: readonly Line[]): readonly Difference[] {
  if (expected === undefined) return [];
  const found = expected.flatMap((pattern, index): readonly Difference[] => {
    const [[level, text] = ['', '']] = Object.entries(pattern);
    const line = lines[index];
    const what = `log[${index}]`;
    if (line === undefined) return [{ what, expected: `${level}: ${shownJson(text)}`, actual: 'no line' }];
    if (line.level !== level) return [{ what, expected: level, actual: `${line.level}: ${line.message}` }];
    return textDifferences(what, text, line.message);
  });
  const more = lines.slice(expected.length).map(({ level, message }, at) => ({
    what: `log[${expected.length + at}]`,
    expected: 'no line',
    actual: `${level}: ${message}`,
  }));
  return capped([...found, ...more]);
}

function ceilingDifferences({ fuelMax, memoryMax }: Expectation, { usage }: CellOutcome): readonly Difference[] {
  const found: Difference[] = [];
  if (fuelMax !== undefined && usage.fuel > fuelMax) {
    found.push({ what: 'fuel', expected: `at most ${fuelMax}`, actual: `${usage.fuel}` });
  }
  if (memoryMax !== undefined && usage.memoryBytesPeak > memoryMax) {
    found.push({ what: 'memory', expected: `at most ${memoryMax} bytes`, actual: `${usage.memoryBytesPeak} bytes` });
  }
  return found;
}
