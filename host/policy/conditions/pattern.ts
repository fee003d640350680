import { RE2JS, RE2JSSyntaxException } from 're2js';
import { CodedError } from '../../../runtime/index.ts';
import { quote } from '../quote.ts';
import { conditionError } from './condition-error.ts';

/** Characters of one pattern, in UTF-16 units. */
export const PATTERN_CHARS_MAX = 1_000;
/** Instructions of one compiled pattern. `[a-z]{1,1000}` has about 2,000, `[a-z0-9-]{1,40}` 80. */
const PROGRAM_SIZE_MAX = 2_048;
/** UTF-16 units of a value, whatever the pattern. */
const VALUE_CHARS_MAX = 65_536;
/** Instructions times characters of the slowest road through RE2, about 12 ns each: 0.1 s at most. */
const STEPS_MAX = 2 ** 23;
/** Remembered states of one pattern, in re2js's own estimate of bytes; its default is 8 MiB, which 1,000 patterns cannot all have. */
const STATE_BYTES_MAX = 2 ** 20;

/**
 * What `.` takes. `line`: all but a line break, as in RE2. `any`: line breaks, too, for patterns that deny: a line break in a text must not be a way
 * around `.*evil.*`.
 */
export type Dot = 'line' | 'any';

/**
 * A pattern that was checked and compiled. RE2 syntax, for the whole text; linear in the text, whatever both are. It sees code points: `.`
 * is one, a lone surrogate is one, too. Case counts, unless `(?i)` asks for Unicode's simple folding (then `k`
 * is also the Kelvin sign). Nothing is normalised: `é` and `e` with an accent differ. `\d`, `\w`, `\s`, `\b` are ASCII.
 */
export interface Pattern {
  readonly text: string;
  /** UTF-16 units of the longest value that it judges: at most 65,536, fewer for large patterns (4,096 for the largest). */
  readonly valueCharsMax: number;
  /**
   * True when the whole value matches.
   *
   * @throws CodedError `denied/condition-failed` when the value is longer than `valueCharsMax`.
   */
  matches(value: string): boolean;
}

/**
 * Compiles a pattern. Takes about 0.1 ms, so that it is done once, when a policy is loaded.
 *
 * @param dot - default `line`; `(?s)` and `(?-s)` inside the pattern go before it.
 * @throws CodedError `usage/invalid-argument` for what RE2 does not take (look-around, back references, counts above 1,000), for a pattern of more
 *   than 1,000 characters, and for one that compiles to more than 2,048 instructions.
 */
export function compilePattern(text: string, dot: Dot = 'line'): Pattern {
  if (text.length > PATTERN_CHARS_MAX) throw refused(`of at most ${PATTERN_CHARS_MAX} characters, got ${text.length}`);
  if (/\p{Surrogate}/u.test(text)) throw refused('that is valid Unicode');
  const compiled = compileRe2(text, dot === 'any' ? RE2JS.DOTALL : 0);
  const size = compiled.programSize();
  if (size > PROGRAM_SIZE_MAX) {
    throw refused(
      `of at most ${PROGRAM_SIZE_MAX} instructions, got ${quote(text)}, which has ${size}: its counted repeats are large`,
    );
  }
  const engine = compiled.re2();
  if (engine.onepass === null) {
    engine.dfa.stateBudget = STATE_BYTES_MAX;
    engine.dfa.memBudget = STATE_BYTES_MAX;
  }
  const valueCharsMax = Math.min(VALUE_CHARS_MAX, Math.floor(STEPS_MAX / size));
  return Object.freeze({
    text,
    valueCharsMax,
    matches: (value: string): boolean => {
      if (value.length > valueCharsMax) throw conditionError('pattern', `the text is longer than ${valueCharsMax} UTF-16 units`);
      return compiled.testExact(value);
    },
  });
}

function refused(what: string, cause?: unknown): CodedError {
  return new CodedError('usage/invalid-argument', `expected a pattern ${what}`, cause === undefined ? {} : { cause });
}

function compileRe2(text: string, flags: number): RE2JS {
  try {
    return RE2JS.compile(text, flags);
  } catch (cause) {
    const reason =
      cause instanceof RE2JSSyntaxException ? `: ${cause.getDescription()} at ${quote(cause.getPattern() ?? '')}` : '';
    throw refused(`in RE2 syntax, got ${quote(text)}${reason}`, cause);
  }
}
