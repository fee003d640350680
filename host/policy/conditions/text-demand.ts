import { CodedError } from '../../../runtime/index.ts';
import { conditionError } from './condition-error.ts';
import { codePoints } from './length.ts';
import { compilePattern } from './pattern.ts';

/** UTF-16 units of a justification or source that are looked at. */
const TEXT_CHARS_MAX = 65_536;

/** What a justification or source must be. `required`: there is something in it that can be seen. */
export type TextDemandSpec =
  | 'required'
  | {
      /** Code points, without what cannot be seen at either end. Default 1, and never less. */
      readonly lengthMin?: number | undefined;
      readonly lengthMax?: number | undefined;
      /** RE2, for the whole text as it came. */
      readonly pattern?: string | undefined;
    };

export type TextDemandFailure = 'missing' | 'lengthMin' | 'lengthMax' | 'pattern';

/**
 * What the text lacks; undefined when it will do. White space and invisible characters alone are `missing`.
 *
 * @throws CodedError `denied/condition-failed` for a text of more than 65,536 UTF-16 units, or one too long for the pattern.
 */
export type TextDemand = (text: string | undefined) => TextDemandFailure | undefined;

// Letters without a glyph are letters to Unicode: fillers of Hangul, and the Braille pattern without dots.
const VISIBLE = /[^\s\p{C}\p{Z}\u115f\u1160\u2800\u3164\uffa0]/u;

/** @throws CodedError `usage/invalid-argument` for a bad pattern or bounds that nothing meets. */
export function compileTextDemand(spec: TextDemandSpec): TextDemand {
  const { lengthMin = 1, lengthMax = Number.POSITIVE_INFINITY, pattern } = spec === 'required' ? {} : spec;
  if (lengthMax < Math.max(lengthMin, 1)) {
    throw new CodedError(
      'usage/invalid-argument',
      `expected a \`lengthMax\` of at least ${Math.max(lengthMin, 1)}, got ${lengthMax}`,
    );
  }
  const compiled = pattern === undefined ? undefined : compilePattern(pattern);
  return (text) => {
    if (typeof text !== 'string') return 'missing';
    if (text.length > TEXT_CHARS_MAX) throw conditionError('text', `it is longer than ${TEXT_CHARS_MAX} UTF-16 units`);
    const length = codePoints(visiblePart(text));
    if (length === 0) return 'missing';
    if (length < lengthMin) return 'lengthMin';
    if (length > lengthMax) return 'lengthMax';
    return compiled === undefined || compiled.matches(text) ? undefined : 'pattern';
  };
}

function visiblePart(text: string): string {
  const start = text.search(VISIBLE);
  if (start < 0) return '';
  let end = text.length;
  for (let last = lastCodePoint(text, end); !VISIBLE.test(last); last = lastCodePoint(text, end)) end -= last.length;
  return text.slice(start, end);
}

function lastCodePoint(text: string, end: number): string {
  const pair = text.slice(Math.max(0, end - 2), end);
  return pair.codePointAt(0)! > 0xffff ? pair : text.slice(end - 1, end);
}
