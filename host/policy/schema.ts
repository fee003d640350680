import { z } from 'zod';
import { CodedError, isCoded, LIMIT_CEILINGS } from '../../runtime/index.ts';
import { AGENT_NAME, FUNCTION_NAME, GRANT_NAME, isName, NAME_CHARS_MAX, TOOL_ENTRY, TOOL_NAME } from './names.ts';
import { quote } from './quote.ts';
import {
  DURATION_FORM,
  DURATION_PATTERN,
  FUEL_FORM,
  FUEL_PATTERN,
  PAGE_BYTES,
  parseDuration,
  parseFuel,
  parseSize,
  SIZE_FORM,
  SIZE_PATTERN,
} from './units.ts';

/** Pages of one memory: all that 32-bit addresses reach (4 GiB). */
const MEMORY_PAGES_MAX = 65_536;
/** Elements of one table: V8 makes no larger one. */
const TABLE_ELEMENTS_MAX = 10_000_000;

/** Reason of an issue about a value, by what stands there: `missing; expected X` or `expected X, got Y`. */
function expected(what: string): (issue: { readonly input?: unknown }) => string {
  return ({ input }) => (input === undefined ? `missing; expected ${what}` : `expected ${what}, got ${describeValue(input)}`);
}

function describeValue(value: unknown): string {
  if (value === null) return 'nothing';
  if (typeof value === 'string') return `text ${quote(value)}`;
  if (typeof value === 'object') return Array.isArray(value) ? 'a list' : 'a mapping';
  return String(value);
}

/** A mapping with these fields and no others. */
function fields<Shape extends z.core.$ZodShape>(what: string, shape: Shape) {
  const known = Object.keys(shape).map(quote).join(', ');
  return z.strictObject(shape, {
    // The loader puts the field's name in front of this.
    error: (issue) =>
      issue.code === 'unrecognized_keys' ? `the fields here are ${known}` : expected(`a mapping of ${what}`)(issue),
  });
}

function name(pattern: RegExp, what: string) {
  const error = expected(what);
  return z
    .string({ error })
    .refine((text) => isName(pattern, text), { error })
    .meta({ pattern: pattern.source, maxLength: NAME_CHARS_MAX });
}

/** A list in which nothing is there twice: a second entry is most often a slip for another name. */
function listOf<Item extends z.ZodType<string>>(item: Item, what: string) {
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
function parsedBy<In, Out>(parse: (input: In) => Out) {
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

function atMost(bytes: number, bytesMax: number, shown: string): number {
  if (bytes > bytesMax) throw new CodedError('usage/invalid-argument', `expected a size of at most ${shown}, got ${bytes} bytes`);
  return bytes;
}

function parsePages(text: string): number {
  const bytes = atMost(parseSize(text), MEMORY_PAGES_MAX * PAGE_BYTES, '4GiB');
  if (bytes % PAGE_BYTES === 0) return bytes / PAGE_BYTES;
  throw new CodedError('usage/invalid-argument', `expected a whole multiple of 64KiB, got ${quote(text)}`);
}

const unitText = (form: string, pattern: RegExp, example: string) =>
  z.string({ error: expected(form) }).meta({ pattern: pattern.source, examples: [example] });

const size = (example: string) => unitText(SIZE_FORM, SIZE_PATTERN, example);

const outputBytes = (example: string, ceiling: number) =>
  size(example).transform(parsedBy((text) => atMost(parseSize(text), ceiling, `${ceiling / 2 ** 20}MiB`)));

// The package may already have rounded a number past 2^53 - 1, so the message must not repeat it.
const fuelError = ({ input }: { readonly input?: unknown }): string =>
  typeof input === 'number' && input > Number.MAX_SAFE_INTEGER
    ? `expected ${FUEL_FORM}; above 2^53 - 1 they go in quotes`
    : expected(FUEL_FORM)({ input });

const fuel = z
  .union(
    [z.int({ error: fuelError }).meta({ minimum: 1 }), z.string({ error: fuelError }).meta({ pattern: FUEL_PATTERN.source })],
    { error: fuelError },
  )
  .transform(parsedBy(parseFuel));

const elements = expected(`a whole number from 1 to ${TABLE_ELEMENTS_MAX}`);

const limits = fields('limits', {
  fuel: fuel.optional().describe('Units of fuel for one call; above 2^53 - 1 in quotes.'),
  memory: size('64MiB').transform(parsedBy(parsePages)).optional().describe('Memory of one call, a whole multiple of 64KiB.'),
  tableElements: z
    .int({ error: elements })
    .min(1, { error: elements })
    .max(TABLE_ELEMENTS_MAX, { error: elements })
    .optional()
    .describe('Elements of the tables of one call.'),
  timeout: unitText(DURATION_FORM, DURATION_PATTERN, '2s')
    .transform(parsedBy(parseDuration))
    .optional()
    .describe('Wall time of one call, in ms, s or m.'),
  result: outputBytes('1MiB', LIMIT_CEILINGS.resultBytesMax).optional().describe('Size of the result.'),
  stdout: outputBytes('64KiB', LIMIT_CEILINGS.stdioBytesMax)
    .optional()
    .describe('Bytes kept of standard output, and of standard error.'),
});

const functions = 'a list of one or more function names';

const tool = fields('the fields of a tool', {
  component: z
    .string({ error: expected('the path of a component') })
    // A space at an end is a slip that cannot be seen; a control character can cut the path short further down.
    .refine((path) => path !== '' && path.trim() === path && !/\p{C}/u.test(path), { error: expected('the path of a component') })
    .describe("Path of the component; a relative one starts at this file's folder."),
  digest: name(/^sha256:[0-9a-f]{64}$/, '`sha256:` and 64 lower-case hex digits')
    .optional()
    .describe('The component is refused when its bytes have another digest.'),
  functions: listOf(name(FUNCTION_NAME, 'a function name or `interface#function`'), functions)
    .min(1, { error: `expected ${functions}, got an empty one` })
    .describe('Functions that this policy offers to agents; others cannot be called.'),
  grants: listOf(name(GRANT_NAME, 'the name of a capability'), 'a list of capabilities')
    .optional()
    .describe('Capabilities that the component gets; none if absent.'),
  isolation: z
    .enum(['thread', 'process'], { error: expected('`thread` or `process`') })
    .optional()
    .describe(
      'What stands between the tool and its host: a process of its own, the default, or for a tool that is trusted a thread.',
    ),
  group: name(TOOL_NAME, 'a group name in kebab-case')
    .optional()
    .describe('Tools of one group share a runner process; a tool without one has its own.'),
  limits: limits.optional().describe('Limits of each call; what is absent has the default of the runtime.'),
});

const agent = fields('the fields of an agent', {
  tools: listOf(name(TOOL_ENTRY, '`tool` or `tool.function`'), 'a list of tools').describe(
    'What this agent may call: `tool` for all functions that it offers, or `tool.function`.',
  ),
});

/** Shape of a policy file, version 1; its output has limits in plain units. References are checked by the loader. */
export const policySchema = fields('`version`, `tools` and `agents`', {
  version: z.literal(1, { error: expected('1') }).describe('Version of this format.'),
  tools: z
    .record(name(TOOL_NAME, 'a tool name in kebab-case: lower-case letters, digits and single hyphens'), tool, {
      error: expected('a mapping of tools'),
    })
    .describe('Tools by name.'),
  agents: z
    .record(name(AGENT_NAME, 'an agent name of letters, digits and `.`, `_`, `@`, `-`'), agent, {
      error: expected('a mapping of agents'),
    })
    .describe('Agents by name; an agent that is not here may call nothing.'),
});

/** A policy file as it is written, before units are read. */
export type PolicyInput = z.input<typeof policySchema>;
/** A policy file that passed the schema. */
export type PolicyDocument = z.output<typeof policySchema>;
