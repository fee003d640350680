import { z } from 'zod';
import { isCoded } from '../../runtime/index.ts';
import { isName, NAME_CHARS_MAX } from './names.ts';
import { quote } from './quote.ts';

/** Reason of an issue about a value, by what stands there: `missing; expected X` or `expected X, got Y`. */
export function expected(what: string): (issue: { readonly input?: unknown }) => string {
  return ({ input }) => (input === undefined ? `missing; expected ${what}` : `expected ${what}, got ${describeValue(input)}`);
}

function describeValue(value: unknown): string {
  if (value === null) return 'nothing';
  if (typeof value === 'string') return `text ${quote(value)}`;
  if (typeof value === 'object') return Array.isArray(value) ? 'a list' : 'a mapping';
  return String(value);
}

/** A mapping with these fields and no others. */
export function fields<Shape extends z.core.$ZodShape>(what: string, shape: Shape) {
  const known = Object.keys(shape).map(quote).join(', ');
  return z.strictObject(shape, {
    // The loader puts the field's name in front of this.
    error: (issue) =>
      issue.code === 'unrecognized_keys' ? `the fields here are ${known}` : expected(`a mapping of ${what}`)(issue),
  });
}

/** Text that is a name of this form: plain ASCII, at most `NAME_CHARS_MAX` characters. */
export function name(pattern: RegExp, what: string) {
  const error = expected(what);
  return z
    .string({ error })
    .refine((text) => isName(pattern, text), { error })
    .meta({ pattern: pattern.source, maxLength: NAME_CHARS_MAX });
}

/** A list in which nothing is there twice: a second entry is most often a slip for another name. */
export function listOf<Item extends z.ZodType<string>>(item: Item, what: string) {
  return z
    .array(item, { error: expected(what) })
    .superRefine((items, context) => {
      const seen = new Set<string>();
      items.forEach((text, index) => {
        if (seen.has(text)) context.addIssue({ code: 'custom', path: [index], message: `${quote(text)} is listed twice` });
        seen.add(text);
      });
    })
    .meta({ uniqueItems: true });
}

/** Runs a parser of ours inside the schema; its refusal becomes an issue with the same words. */
export function parsedBy<In, Out>(parse: (input: In) => Out) {
  return (input: In, context: z.core.$RefinementCtx<In>): Out => {
    try {
      return parse(input);
    } catch (error) {
      if (!isCoded(error)) throw error;
      context.addIssue({ code: 'custom', message: error.message, input });
      return z.NEVER;
    }
  };
}
