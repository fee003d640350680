import { isMapping } from './written-value.ts';

/** One thing that is not as a case expects it. */
export interface Difference {
  /** What it is about: `kind`, `fuel`, `value.lines[2].text`, `mock 1`. */
  readonly what: string;
  /** In words, or as JSON. Absent where nothing was expected in that place. */
  readonly expected?: string;
  readonly actual?: string;
  /** In place of the two. */
  readonly message?: string;
}

/** Differences shown of one value; more are counted. */
const DIFFERENCES_MAX = 20;
/** UTF-16 units shown of one side. */
const SHOWN_CHARS_MAX = 160;
/** Of these, before the place in which two texts differ. */
const CONTEXT_CHARS = 30;

/** Two texts, both cut around the place in which they begin to differ. */
export function textDifference(what: string, expected: string, actual: string): Difference {
  let at = 0;
  while (at < expected.length && expected[at] === actual[at]) at++;
  const from = at > SHOWN_CHARS_MAX - CONTEXT_CHARS ? at - CONTEXT_CHARS : 0;
  const shown = (text: string): string => {
    const part = text.slice(from, from + SHOWN_CHARS_MAX);
    return `${from === 0 ? '' : '…'}${part}${from + SHOWN_CHARS_MAX < text.length ? '…' : ''}`;
  };
  const cut = from === 0 ? '' : ` from character ${at + 1}`;
  return { what: `${what}${cut}`, expected: JSON.stringify(shown(expected)), actual: JSON.stringify(shown(actual)) };
}

/** JSON of a part, cut. */
export function shownJson(value: unknown): string {
  const json = JSON.stringify(value) ?? 'nothing';
  return json.length > SHOWN_CHARS_MAX ? `${json.slice(0, SHOWN_CHARS_MAX)}…` : json;
}

/** What differs between two pieces of plain JSON, part by part. */
export function jsonDifferences(what: string, expected: unknown, actual: unknown): readonly Difference[] {
  const found: Difference[] = [];
  collect(what, expected, actual, found);
  return capped(found);
}

/** At most so many, and the count of the rest. */
export function capped(found: readonly Difference[]): readonly Difference[] {
  if (found.length <= DIFFERENCES_MAX) return found;
  const message = `and ${found.length - DIFFERENCES_MAX} more differences`;
  return [...found.slice(0, DIFFERENCES_MAX), { what: '…', message }];
}

function collect(what: string, expected: unknown, actual: unknown, found: Difference[]): void {
  if (Object.is(expected, actual)) return;
  if (typeof expected === 'string' && typeof actual === 'string') {
    found.push(textDifference(what, expected, actual));
    return;
  }
  if (Array.isArray(expected) && Array.isArray(actual)) {
    for (let at = 0; at < Math.max(expected.length, actual.length); at++) {
      side(`${what}[${at}]`, at < expected.length, expected[at], at < actual.length, actual[at], found);
    }
    return;
  }
  if (isMapping(expected) && isMapping(actual)) {
    for (const key of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
      side(`${what}.${key}`, Object.hasOwn(expected, key), expected[key], Object.hasOwn(actual, key), actual[key], found);
    }
    return;
  }
  found.push({ what, expected: shownJson(expected), actual: shownJson(actual) });
}

function side(
  what: string,
  isExpected: boolean,
  expected: unknown,
  isThere: boolean,
  actual: unknown,
  found: Difference[],
): void {
  if (isExpected && isThere) collect(what, expected, actual, found);
  else if (isExpected) found.push({ what, expected: shownJson(expected), actual: 'nothing' });
  else found.push({ what, expected: 'nothing', actual: shownJson(actual) });
}
