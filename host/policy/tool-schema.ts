import { z } from 'zod';
import { CodedError, LIMIT_CEILINGS } from '../../runtime/index.ts';
import { parseParameterPath } from './conditions/index.ts';
import { FUNCTION_NAME, GRANT_NAME, TOOL_NAME } from './names.ts';
import { quote } from './quote.ts';
import { expected, fields, listOf, name, parsedBy } from './schema-parts.ts';
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

function atMost(bytes: number, bytesMax: number, shown: string): number {
  if (bytes > bytesMax) throw new CodedError('usage/invalid-argument', `expected a size of at most ${shown}, got ${bytes} bytes`);
  return bytes;
}

function parsePages(text: string): number {
  const bytes = atMost(parseSize(text), MEMORY_PAGES_MAX * PAGE_BYTES, '4GiB');
  if (bytes % PAGE_BYTES === 0) return bytes / PAGE_BYTES;
  throw new CodedError('usage/invalid-argument', `expected a whole multiple of 64KiB, got ${quote(text)}`);
}

/** Text with a unit. */
export const unitText = (form: string, pattern: RegExp, example: string) =>
  z.string({ error: expected(form) }).meta({ pattern: pattern.source, examples: [example] });

export const size = (example: string) => unitText(SIZE_FORM, SIZE_PATTERN, example);

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

/** Limits of a call: those of a tool, and those that a ceiling sets. */
export const limits = fields('limits', {
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

/** Text that is a path: a space at an end or a control character is a slip that cannot be seen. */
export function filePath(what: string) {
  return z
    .string({ error: expected(what) })
    .refine((path) => path !== '' && path.trim() === path && !/\p{C}/u.test(path), { error: expected(what) });
}

/** One entry of `grants`: the scope is there where one is written, and checked by the capability's own schema later. */
export interface GrantDocument {
  readonly name: string;
  readonly scope?: unknown;
}

const grantName = name(GRANT_NAME, 'the name of a capability');

/** What stands for the scopes in the JSON Schema, which `policyJsonSchema` fills in. */
export const SCOPED_GRANT_ID = 'scoped-grant';

const scopedGrant = z
  .record(grantName, z.unknown(), { error: expected('`name: scope` of a capability') })
  .refine((mapping) => Object.keys(mapping).length === 1, {
    error: 'expected one capability with its scope, got several or none',
  })
  .meta({ id: SCOPED_GRANT_ID });

const grant = z
  .union([grantName, scopedGrant], { error: expected('the name of a capability, or a mapping of it to a scope') })
  .transform((entry): GrantDocument => {
    if (typeof entry === 'string') return { name: entry };
    const [[name = '', scope] = []] = Object.entries(entry);
    return { name, scope };
  });

/** Capabilities by name, some with a scope; each of them once. */
export const grants = z
  .array(grant, { error: expected('a list of capabilities') })
  .superRefine((items, context) => {
    const seen = new Set<string>();
    items.forEach(({ name: text }, index) => {
      if (seen.has(text)) context.addIssue({ code: 'custom', path: [index], message: `${quote(text)} is listed twice` });
      seen.add(text);
    });
  })
  .meta({ uniqueItems: true });

const parameterPath = z.string({ error: expected('the path of a parameter') }).transform(parsedBy(parseParameterPath));

/** One tool. */
export const tool = fields('the fields of a tool', {
  component: filePath('the path of a component').describe("Path of the component; a relative one starts at this file's folder."),
  digest: name(/^sha256:[0-9a-f]{64}$/, '`sha256:` and 64 lower-case hex digits')
    .optional()
    .describe('The component is refused when its bytes have another digest.'),
  functions: listOf(name(FUNCTION_NAME, 'a function name or `interface#function`'), functions)
    .min(1, { error: `expected ${functions}, got an empty one` })
    .describe('Functions that this policy offers to agents; others cannot be called.'),
  grants: grants.optional().describe('Capabilities that the component gets, some with a scope (`http: {...}`); none if absent.'),
  isolation: z
    .enum(['thread', 'process'], { error: expected('`thread` or `process`') })
    .optional()
    .describe(
      'What stands between the tool and its host: a process of its own, the default, or for a tool that is trusted a thread.',
    ),
  group: name(TOOL_NAME, 'a group name in kebab-case')
    .optional()
    .describe('Tools of one group share a runner process; a tool without one has its own.'),
  secrets: z
    .array(parameterPath, { error: expected('a list of parameter paths') })
    .optional()
    .describe('Parameters that the trail and approvals keep as keyed digests only, such as `token` or `headers[*].value`.'),
  limits: limits.optional().describe('Limits of each call; what is absent has the default of the runtime.'),
});
