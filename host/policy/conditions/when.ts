import { type ASTNode, Environment } from '@marcbachmann/cel-js';
import { CodedError } from '../../../runtime/index.ts';
import type { DecisionRequest } from '../decision-request.ts';
import { splitEntry } from '../names.ts';
import { printable, quote } from '../quote.ts';
import { conditionError } from './condition-error.ts';
import { compilePattern, type Pattern } from './pattern.ts';
import { checkExpression, type ExpressionFacts } from './when-expression.ts';
import { checkWork } from './when-work.ts';

/** Characters of an expression, in UTF-16 units. */
export const WHEN_CHARS_MAX = 2_000;

/**
 * True when the expression is true of the request at that instant.
 *
 * @throws CodedError `denied/condition-failed` for any error of the evaluation, a result that is no boolean among them.
 * Thread: any. Pure: no clock but the instant.
 */
export type When = (request: DecisionRequest, instantMs: number) => boolean;

const VARIABLES = {
  parameters: 'map<string, dyn>',
  justification: 'dyn',
  source: 'dyn',
  session: 'dyn',
  agent: 'string',
  tool: 'string',
  now: 'google.protobuf.Timestamp',
} as const;

const LIMITS = { maxAstNodes: 512, maxDepth: 32, maxListElements: 256, maxMapEntries: 64, maxCallArguments: 4 };

/**
 * Compiles a CEL expression over `parameters`, `justification`, `source` and `session` (text or null), `agent`, `tool` (its name, without the function)
 * and `now`. Integers of whatever width are `int`, floats `double`, `list<u8>` is `bytes`.
 *
 * Not all of CEL is there. `matches` is not, since it is a native RegExp: `fits("pattern")` takes the patterns of the rest of the policy, for the
 * whole text. What can make values that are larger than the request is not, nor what depends on the zone of the host (`when-expression.ts`).
 *
 * @throws CodedError `usage/invalid-argument` for what does not parse, a name that is not declared, types that never fit, a result that is no
 *   boolean, and for more than 2,000 characters, 512 parts or 32 levels.
 */
export function compileWhen(source: string): When {
  if (source.length > WHEN_CHARS_MAX) throw refused(`of at most ${WHEN_CHARS_MAX} characters, got ${source.length}`);
  const patterns = new Map<string, Pattern>();
  const expression = parsed(environmentOf(patterns), source);
  const facts = checkExpression(expression.ast);
  for (const text of facts.patterns) patterns.set(text, compilePattern(text));
  const { valid, type, error } = expression.check();
  if (!valid) throw refused(`that fits its types, got ${quote(source)}${reasonOf(error)}`, error);
  if (type !== 'bool' && type !== 'dyn')
    throw refused(`that is true or false, got ${quote(source)}, which is of type ${quote(type ?? '')}`);
  return (request, instantMs) => evaluate(expression, facts, request, instantMs);
}

function environmentOf(patterns: ReadonlyMap<string, Pattern>): Environment {
  const environment = new Environment({ unlistedVariablesAreDyn: false, homogeneousAggregateLiterals: false, limits: LIMITS });
  for (const [name, type] of Object.entries(VARIABLES)) environment.registerVariable(name, type);
  // A pattern that was not compiled at load is not there, and to call undefined is an error like others.
  const fits = (text: string, pattern: string): boolean => patterns.get(pattern)!.matches(text);
  return environment.registerFunction('string.fits(string): bool', fits, { async: false });
}

type Expression = ReturnType<Environment['parse']> & { readonly ast: ASTNode };

function parsed(environment: Environment, source: string): Expression {
  try {
    return environment.parse(source);
  } catch (cause) {
    throw refused(`in CEL, got ${quote(source)}${reasonOf(cause)}`, cause);
  }
}

function evaluate(expression: Expression, facts: ExpressionFacts, request: DecisionRequest, instantMs: number): boolean {
  const now = new Date(instantMs);
  if (Number.isNaN(now.getTime())) throw conditionError('when', 'the instant is none');
  if (facts.degree > 1) checkWork(request, facts);
  let result: unknown;
  try {
    result = expression({
      parameters: request.parameters,
      justification: request.justification ?? null,
      source: request.source ?? null,
      session: request.session ?? null,
      agent: request.agent,
      tool: splitEntry(request.toolName).tool,
      now,
    });
  } catch (cause) {
    // The words of the package name types and keys, but now and then a value: they stay in the cause.
    throw conditionError('when', 'the expression has an error for this request', cause);
  }
  if (typeof result === 'boolean') return result;
  throw conditionError('when', 'its result is neither true nor false');
}

function refused(what: string, cause?: unknown): CodedError {
  return new CodedError('usage/invalid-argument', `expected an expression ${what}`, cause === undefined ? {} : { cause });
}

/** The reason of an error of the package: its first line, where no excerpt of the source is. */
function reasonOf(error: unknown): string {
  const summary = (error as { readonly summary?: unknown } | undefined)?.summary;
  return typeof summary === 'string' ? `: ${printable(summary.replace(/^[A-Z](?![A-Z])/, (first) => first.toLowerCase()))}` : '';
}
