import { isAbsolute, normalize } from 'node:path';
import { z } from 'zod';
import { expected, fields, parsedBy } from '../../host/policy/schema-parts.ts';
import { filePath, grants, limits, size } from '../../host/policy/tool-schema.ts';
import { FUEL_FORM, FUEL_PATTERN, parseFuel, parseSize } from '../../host/policy/units.ts';

/* What a file of `cases/` says. The shape of values is checked later, by the types of the function that they are for. */

/** Cases of one file; more take another file. */
const CASES_MAX = 1000;
/** Mocks of one case. */
const MOCKS_MAX = 1000;
/** Calls that one mock answers. */
const TIMES_MAX = 1_000_000;
/** UTF-16 units of a case's name. */
const NAME_CHARS_MAX = 200;

const text = (what: string) => z.string({ error: expected(what) });

/** A path inside the tool's folder or beside it: relative, so that a case means the same on another machine. */
const relativePath = (what: string) =>
  filePath(what).refine((path) => !isAbsolute(path), { error: 'expected a path that is relative to the file of the case' });

const FUNCTION_FORM = 'the id of a function, such as `redact` or `cellblock:samples/redact#redact`';

const functionId = text(FUNCTION_FORM).min(1, { error: `expected ${FUNCTION_FORM}, got an empty one` });

const PARAMS_FORM = 'a mapping of parameters, or `"@file.json"` relative to the file of the case';

const params = z
  .union([
    z.record(z.string(), z.unknown(), { error: expected(PARAMS_FORM) }),
    text(PARAMS_FORM).refine((path) => path.length > 1 && path.startsWith('@') && !isAbsolute(normalize(path.slice(1))), {
      error: expected(PARAMS_FORM),
    }),
  ])
  .describe(
    'Parameters by name, in the JSON form of docs/values.md; or "@file.json". Where text or bytes are wanted, {$file: "input.log"} has them from a file, {$text: "..."} bytes from text, {$json: ...} JSON.',
  );

const timesError = expected(`a whole number from 1 to ${TIMES_MAX}`);

/** `http.send`, or a function of an interface that no capability has: `acme:db/store@1.0.0#get`. */
const MOCKED_FORM = 'a function of the host: `capability.function` such as `http.send`, or `interface#function`';

const mock = fields('the fields of a mock', {
  function: text(MOCKED_FORM)
    .regex(/^(?:[a-z][a-z0-9-]*\.[a-z][a-z0-9.-]*|[^\s#]+#[a-z][a-z0-9-]*)$/, { error: expected(MOCKED_FORM) })
    .describe(`The function that it stands for: ${MOCKED_FORM}.`),
  with: z
    .record(z.string(), z.unknown(), { error: expected('a mapping of arguments') })
    .optional()
    .describe('Arguments that it answers, by name; parts that are not written may be anything. Default any arguments.'),
  answer: z
    .unknown()
    .optional()
    .describe(
      'What it answers, in the JSON form of the result: {ok: ...} or {err: ...} for a `result`. None where the function returns nothing.',
    ),
  fails: text('why the host function fails')
    .min(1, { error: 'expected why the host function fails, got an empty text' })
    .optional()
    .describe('In place of an answer: the host function fails with these words, which ends the call as `capability/failed`.'),
  times: z
    .int({ error: timesError })
    .min(1, { error: timesError })
    .max(TIMES_MAX, { error: timesError })
    .optional()
    .describe('How many calls it answers, exactly. Default one or more.'),
}).superRefine(({ answer, fails }, context) => {
  if (answer !== undefined && fails !== undefined)
    context.addIssue({ code: 'custom', path: ['fails'], message: 'a mock answers or fails, not both' });
});

const textPattern = z.union([text('text, or `{$contains: text}`'), fields('`$contains`', { $contains: text('text') })], {
  error: expected('text, or `{$contains: text}`'),
});

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;

const logLine = z
  .partialRecord(z.enum(LEVELS), textPattern, { error: expected('one level and its text, such as `info: started`') })
  .refine((line) => Object.keys(line).length === 1, { error: 'expected one level and its text, such as `info: started`' });

const KINDS = ['ok', 'tool-error', 'refused', 'trapped', 'limited', 'failed'] as const;
const KINDS_FORM = KINDS.map((kind) => `\`${kind}\``).join(', ');

const expectation = fields('the fields of what is expected', {
  kind: z
    .enum(KINDS, { error: expected(`one of ${KINDS_FORM}`) })
    .optional()
    .describe('How the call ends. Default: `ok` where only a value is expected.'),
  value: z
    .unknown()
    .optional()
    .describe('The whole result in the JSON form of docs/values.md; for `tool-error` what `err` carries.'),
  valueMatches: z
    .unknown()
    .optional()
    .describe(
      'A part of the result: fields that are not written may be anything; lists have as many items as here. {$contains: "text"} stands for any text with it, {$contains: [...]} for a list with these among its items, {$any: true} for anything.',
    ),
  code: text('a code such as `tool/error` or `limit/fuel`').optional().describe('The code of the error.'),
  message: textPattern.optional().describe('The message of the error.'),
  log: z
    .array(logLine, { error: expected('a list of log lines') })
    .optional()
    .describe('All log lines in their order, such as `- info: started`.'),
  stdout: textPattern.optional().describe('All that was written to standard output.'),
  stderr: textPattern.optional().describe('All that was written to standard error.'),
  files: z
    .record(filePath('a path as the guest has it, such as `/out/report.txt`'), z.unknown(), {
      error: expected('a mapping from paths to what is in the files'),
    })
    .optional()
    .describe(
      'All files that leave through `copyOut`, by the path that the guest has for them: text, {$contains: "text"}, {$base64: "..."}, {$file: "expected.txt"} or {$any: true}. {} for none.',
    ),
  fuelMax: z
    .union([z.int({ error: expected(FUEL_FORM) }).meta({ minimum: 1 }), text(FUEL_FORM).meta({ pattern: FUEL_PATTERN.source })], {
      error: expected(FUEL_FORM),
    })
    .transform(parsedBy(parseFuel))
    .optional()
    .describe('The most fuel that the call may use.'),
  memoryMax: size('4MiB')
    .transform(parsedBy(parseSize))
    .optional()
    .describe('The most memory that the call may use at its peak.'),
}).superRefine(({ value, valueMatches, kind }, context) => {
  const refuse = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message });
  if (value !== undefined && valueMatches !== undefined) refuse('valueMatches', 'expect `value` or `valueMatches`, not both');
  const hasValue = value !== undefined || valueMatches !== undefined;
  if (hasValue && kind !== undefined && kind !== 'ok' && kind !== 'tool-error') {
    refuse(value === undefined ? 'valueMatches' : 'value', `a call that ends \`${kind}\` has no value`);
  }
});

const toolCase = fields('the fields of a case', {
  name: text('the name of the case')
    .min(1, { error: 'expected the name of the case, got an empty one' })
    .max(NAME_CHARS_MAX, { error: `expected a name of at most ${NAME_CHARS_MAX} characters` })
    .describe('What the case shows, such as `hides an address`.'),
  call: functionId.describe(`The function that is called: ${FUNCTION_FORM}.`),
  params: params.optional(),
  grants: grants
    .optional()
    .describe(
      'Capabilities that the tool gets, as a policy has them (`http: {...}`). Relative paths start at the file of the case.',
    ),
  mocks: z
    .array(mock, { error: expected('a list of mocks') })
    .max(MOCKS_MAX, { error: `expected at most ${MOCKS_MAX} mocks` })
    .optional()
    .describe('What answers in place of capabilities. The first one that fits and has calls left answers; each has to be used.'),
  real: z
    .array(text('the name of a granted capability'), { error: expected('a list of granted capabilities') })
    .optional()
    .describe(
      'Granted capabilities that serve the call themselves: files are read and left (in a folder that is thrown away), kv is empty and in a folder of its own. Those without an effect outside of the call, such as log, need no word.',
    ),
  limits: limits.optional().describe('Limits of the call, as a policy has them; what is absent has the default of the runtime.'),
  expect: expectation
    .optional()
    .describe('How it ends. What is not written is not looked at; `cellblock test --update` writes what is absent.'),
});

/** The schema of a file of cases. */
export const casesSchema = fields('`version` and `cases`', {
  version: z.literal(1, { error: expected('1') }),
  component: relativePath('the path of a component')
    .optional()
    .describe('Component that the cases are for. Default: what `tool.yaml` in the folder of the tool says.'),
  cases: z
    .array(toolCase, { error: expected('a list of cases') })
    .min(1, { error: 'expected one or more cases, got none' })
    .max(CASES_MAX, { error: `expected at most ${CASES_MAX} cases in one file` }),
});

/** One case as it is written. */
export type ToolCase = z.output<typeof toolCase>;
export type Mock = z.output<typeof mock>;
export type Expectation = z.output<typeof expectation>;
export type TextPattern = z.output<typeof textPattern>;
export type CasesDocument = z.output<typeof casesSchema>;
