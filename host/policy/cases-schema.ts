import { z } from 'zod';
import { type Document, readDocument } from './document.ts';
import { expected, fields } from './schema-parts.ts';

const text = (what: string) => z.string({ error: expected(what) });

/** RFC 3339 with a zone: a time without one is another instant on another host. */
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})$/;

const instant = text('an instant in quotes such as `"2026-01-31T12:00:00Z"`').refine(
  (written) => INSTANT.test(written) && !Number.isNaN(Date.parse(written)),
  { error: expected('an instant in quotes such as `"2026-01-31T12:00:00Z"`') },
);

const countError = expected('a whole number of calls');
const count = z.int({ error: countError }).min(0, { error: countError }).max(1_000_000, { error: countError });

const request = fields('the fields of a request', {
  agent: text('the name of an agent'),
  tool_name: text('`tool` or `tool.function`'),
  parameters: z
    .record(z.string(), z.unknown(), { error: expected('a mapping of parameters') })
    .optional()
    .describe('As in JSON: 64-bit integers above 2^53 - 1 and bytes (base64) in quotes. Default none.'),
  justification: text('text').optional(),
  source: text('text').optional(),
  session: text('text').optional(),
});

const expectation = fields('the fields of what is expected', {
  effect: z.enum(['allow', 'ask', 'deny'], { error: expected('`allow`, `ask` or `deny`') }),
  code: text('a code such as `denied/forbidden`').optional().describe('With `deny`: the code of the denial.'),
  rule: text('the id of a rule').optional().describe('A rule that is part of the decision.'),
}).superRefine(({ effect, code }, context) => {
  if (code !== undefined && effect !== 'deny')
    context.addIssue({ code: 'custom', path: ['code'], message: 'only a denial has a code' });
});

const usage = z.record(
  text('the id of a rule'),
  fields('what was used', {
    calls: count.optional().describe('Calls that its budget has counted in its period.'),
    concurrent: count.optional().describe('Of those, calls in flight.'),
  }),
  { error: expected('a mapping from ids of rules to what their budgets have counted') },
);

const policyCase = fields('the fields of a case', {
  name: text('the name of the case').min(1, { error: 'expected the name of the case, got an empty one' }),
  request,
  at: instant.optional().describe('Instant of the request; needed where the decision depends on the time.'),
  usage: usage.optional().describe('What was used of budgets, by id of the rule. Default nothing.'),
  expect: expectation,
});

const casesSchema = fields('`version` and `cases`', {
  version: z.literal(1, { error: expected('1') }),
  cases: z.array(policyCase, { error: expected('a list of cases') }).min(1, { error: 'expected one or more cases, got none' }),
});

/** One case: a request, and what a policy has to say to it. */
export type PolicyCase = z.output<typeof policyCase>;

/**
 * Reads a file of cases for `cellblock policy test`: `version: 1` and `cases`, in the same plain part of YAML as policies.
 *
 * @throws CodedError `policy/invalid-document`.
 */
export function readCases(
  fileText: string,
  file: string,
): Document<{ readonly version: 1; readonly cases: readonly PolicyCase[] }> {
  return readDocument(fileText, file, casesSchema);
}
