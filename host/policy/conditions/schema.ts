import { z } from 'zod';
import { CodedError, isCoded } from '../../../runtime/index.ts';
import { quote } from '../quote.ts';
import { expected, fields, listOf, parsedBy } from '../schema-parts.ts';
import type { ConditionMode } from './condition-scope.ts';
import { compileHostname } from './hostname.ts';
import { parseParameterPath } from './parameter-path.ts';
import { compilePattern, PATTERN_CHARS_MAX } from './pattern.ts';
import { compileTextDemand } from './text-demand.ts';
import { compileWindow, END_OF_WINDOW, TIME_OF_DAY, WEEKDAYS } from './time-window.ts';
import { checkWhole } from './value-condition.ts';
import { compileWhen, WHEN_CHARS_MAX } from './when.ts';
import { compileWithin } from './within.ts';
import { zoneClock } from './zone-clock.ts';

/** Longest length that can be asked for: what a list or text can have at most. */
const LENGTH_MAX = 2 ** 32 - 1;
/** Digits, and a fraction where there is one: what `min` and `max` take in quotes. */
const NUMBER_TEXT = /^-?(?:0|[1-9][0-9]{0,39})(?:\.[0-9]{1,39})?$/;

/** Runs a compiler of ours, and leaves what was written; a value that is known to be wrong already is not looked at. */
function checked<Schema extends z.ZodType>(schema: Schema, check: (value: z.output<Schema>) => unknown): Schema {
  return schema.superRefine((value, context) => {
    if (context.issues.length > 0) return;
    try {
      check(value);
    } catch (error) {
      if (!isCoded(error)) throw error;
      context.addIssue({ code: 'custom', message: error.message, input: value });
    }
  });
}

const text = (what: string) => z.string({ error: expected(what) });

const pattern = checked(text('a pattern in RE2 syntax'), (written) => compilePattern(written)).meta({
  maxLength: PATTERN_CHARS_MAX,
});

function someOf<Item extends z.ZodType<string>>(item: Item, what: string) {
  return listOf(item, what).min(1, { error: `expected ${what}, got an empty one, which nothing can match` });
}

// The package may already have rounded a number past 2^53 - 1, so the message must not repeat it.
const scalarError = ({ input }: { readonly input?: unknown }): string =>
  typeof input === 'number'
    ? 'expected a whole number up to 2^53 - 1; above that `min` and `max` take digits in quotes'
    : expected('text, a whole number up to 2^53 - 1, `true` or `false`')({ input });
const scalar = z.union([z.string(), z.int({ error: scalarError }), z.boolean()], { error: scalarError });

const scalars = checked(
  z
    .array(scalar, { error: expected('a list of one or more values') })
    .min(1, { error: 'expected a list of one or more values, got an empty one, which nothing can match' }),
  // A set keeps text and numbers apart: `1` and `"1"` are two values.
  (values) => {
    const twice = values.find((value, index) => values.indexOf(value) !== index);
    if (twice !== undefined) throw new CodedError('usage/invalid-argument', `${quote(String(twice))} is listed twice`);
  },
).meta({ uniqueItems: true });

const BOUND = 'a whole number, or in quotes one above 2^53 - 1 or with a fraction';
const boundError = ({ input }: { readonly input?: unknown }): string =>
  typeof input === 'number' ? `expected ${BOUND}` : expected(BOUND)({ input });
const bound = z
  .union([z.int({ error: boundError }), z.string().meta({ pattern: NUMBER_TEXT.source })], { error: boundError })
  .transform(parsedBy(parseBound));

function parseBound(written: number | string): number | bigint {
  if (typeof written === 'number') return written;
  if (!NUMBER_TEXT.test(written)) throw new CodedError('usage/invalid-argument', `expected ${BOUND}, got text ${quote(written)}`);
  return written.includes('.') ? Number(written) : BigInt(written);
}

const lengthError = expected(`a whole number from 0 to ${LENGTH_MAX}`);
const length = z.int({ error: lengthError }).min(0, { error: lengthError }).max(LENGTH_MAX, { error: lengthError });

const PATTERNS = 'a list of one or more patterns';

/** What all rules may ask of a value. */
const conditions = (mode: ConditionMode) => ({
  equals: scalar.optional().describe('The value is this one; numbers compare exactly.'),
  oneOf: scalars.optional().describe('The value is one of these.'),
  notOneOf: scalars.optional().describe('The value is none of these.'),
  pattern: pattern.optional().describe('RE2; the whole text matches.'),
  patterns: someOf(pattern, PATTERNS).optional().describe('RE2; the whole text matches one of these.'),
  min: bound.optional().describe('The number is at least this.'),
  max: bound.optional().describe('The number is at most this.'),
  lengthMin: length.optional().describe('Code points of a text, bytes of a list<u8>, items of another list: at least this many.'),
  lengthMax: length.optional().describe('Code points of a text, bytes of a list<u8>, items of another list: at most this many.'),
  within: checked(text('a folder'), compileWithin)
    .optional()
    .describe('The text is a path that stays in this folder; `{session}` and `{agent}` stand for those of the request.'),
  hostname: someOf(
    checked(text('a hostname'), (entry) => compileHostname([entry], mode)),
    'a list of one or more hostnames',
  )
    .optional()
    .describe('The text is a hostname or an http(s) URL with one: `example.com`, `*.example.com`, `example.com:8443`.'),
});

const path = checked(text('a parameter path'), parseParameterPath);

function parametersOf<Condition extends z.ZodType>(condition: Condition) {
  const what = 'a mapping of one or more parameter paths';
  return checked(z.record(path, condition, { error: expected(what) }), (paths) => {
    if (Object.keys(paths as object).length === 0)
      throw new CodedError('usage/invalid-argument', `expected ${what}, got an empty one`);
  });
}

/** `parameters` of a rule that allows: a `ParameterConditionsSpec`, of which each part compiles in mode `allow`. */
export const allowParameters = parametersOf(
  checked(
    fields('conditions', {
      ...conditions('allow'),
      deny: someOf(pattern, PATTERNS).optional().describe('RE2; the whole text matches none of these.'),
      optional: z
        .boolean({ error: expected('`true` or `false`') })
        .optional()
        .describe('The path may select nothing.'),
    }),
    checkWhole,
  ),
);

/** `parameters` of a forbid, ask, limit or alert rule: without `deny` and `optional`; each part compiles in mode `restrict`. */
export const restrictParameters = parametersOf(checked(fields('conditions', conditions('restrict')), checkWhole));

const time = (what: string, form: RegExp) =>
  text(what)
    .refine((written) => form.test(written), { error: expected(what) })
    .meta({ pattern: form.source });

/** `during`: a `WindowSpec` that compiles. */
export const timeWindow = checked(
  fields('the fields of a time window', {
    days: listOf(z.enum(WEEKDAYS, { error: expected(`one of ${WEEKDAYS.join(', ')}`) }), 'a list of one or more days')
      .min(1, { error: 'expected a list of one or more days, got an empty one' })
      .optional()
      .describe('Days on which the window starts; absent: all.'),
    from: time('a time in quotes, from `"00:00"` to `"23:59"`', TIME_OF_DAY).optional().describe('Start, inclusive.'),
    to: time('a time in quotes, from `"00:00"` to `"24:00"`', END_OF_WINDOW)
      .optional()
      .describe('End, exclusive; before `from`: on the day after.'),
    zone: checked(text('a time zone such as `Europe/Berlin` or `UTC`'), zoneClock).describe('IANA name of the time zone.'),
  }),
  compileWindow,
);

/** `justification` and `source`: a `TextDemandSpec` that compiles. */
export const textDemand = z.union(
  [
    z.literal('required'),
    checked(
      fields('the fields of a demand', {
        lengthMin: length.optional().describe('Code points at least; default 1.'),
        lengthMax: length.optional().describe('Code points at most.'),
        pattern: pattern.optional().describe('RE2; the whole text matches.'),
      }),
      compileTextDemand,
    ),
  ],
  { error: expected('`required`, or a mapping with any of `lengthMin`, `lengthMax` and `pattern`') },
);

/** `when`: the text of an expression that compiles. */
export const whenSource = checked(text('an expression in CEL'), compileWhen).meta({ maxLength: WHEN_CHARS_MAX });
