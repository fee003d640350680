import { isDeepStrictEqual } from 'node:util';
import type { Param } from '../../runtime/index.ts';
import type { ConditionMode, ParameterConditionsSpec, Scalar, ValueConditionSpec } from '../policy/conditions/index.ts';
import { parseParameterPath } from '../policy/conditions/index.ts';
import type { RuleRef } from '../policy/index.ts';
import { quote } from '../policy/quote.ts';
import type { Rule } from '../policy/rule.ts';
import type { Place } from './places.ts';
import { knownFunction, type ToolComponents } from './tool-components.ts';
import { typesAt } from './typed-path.ts';
import { fitValue, satisfies } from './value-fit.ts';

/** Why a rule can never be part of a decision. */
export interface NeverReason {
  readonly reason: string;
  /** Rules that decide first, whenever this one matches. */
  readonly shadowedBy?: readonly RuleRef[];
}

/** What `{session}` and `{agent}` stand for where a rule is tried out. */
export const SESSION = 'session-1';

export function modeOf({ effect }: Pick<Rule, 'effect'>): ConditionMode {
  return effect === 'allow' ? 'allow' : 'restrict';
}

/** Why a rule can never be part of a decision about this function for this agent; undefined when that is not known. */
export function neverAt(rule: Rule, place: Place, components: ToolComponents): NeverReason | undefined {
  const own = impossiblePath(rule, place, components);
  if (own !== undefined) return own;
  if (rule.effect === 'forbid' || rule.effect === 'alert') return undefined; // every one that matches has its say
  const forbids = place.candidates.others.filter((other) => other.effect === 'forbid' && other.isEnforced);
  const shadow = forbids.find((forbid) => isImplied(forbid, rule));
  if (shadow !== undefined) {
    return { reason: `${shadow.ref} forbids whatever it matches`, shadowedBy: [shadow.ref] };
  }
  if (rule.effect === 'allow') return undefined;
  const allows = place.candidates.allows.map((allow) => neverAt(allow, place, components));
  if (allows.some((never) => never === undefined)) return undefined;
  return { reason: 'no rule allows what it is about', shadowedBy: allows.flatMap((never) => never?.shadowedBy ?? []) };
}

/** A path that is not there, or whose conditions nothing can satisfy. */
function impossiblePath(rule: Rule, { agent, tool, functionName }: Place, components: ToolComponents): NeverReason | undefined {
  const params = knownFunction(components, tool.name, functionName)?.type.params;
  const paths = Object.entries(rule.spec.parameters ?? {});
  // A rule that cannot be evaluated raises its alert, and the paths after the first that does not hold are not looked at.
  const looked =
    rule.effect === 'alert' ? paths.slice(0, 1).filter(([, spec]) => params !== undefined && isAlwaysJudged(spec)) : paths;
  for (const [path, spec] of looked) {
    const problem = pathProblem(path, spec, modeOf(rule), params, agent);
    if (problem === undefined || (rule.effect === 'alert' && problem.isUnjudged)) continue;
    const denies = problem.isUnjudged && rule.effect !== 'allow' ? ', so that it cannot be evaluated and denies' : '';
    return { reason: `${quote(path)}: ${problem.reason}${denies}` };
  }
  return undefined;
}

/** Conditions that can tell of each value of the right kind whether it satisfies them. */
function isAlwaysJudged({ pattern, patterns, within, hostname }: ValueConditionSpec): boolean {
  return [pattern, patterns, within, hostname].every((condition) => condition === undefined);
}

function pathProblem(
  path: string,
  spec: ValueConditionSpec,
  mode: ConditionMode,
  params: readonly Param[] | undefined,
  agent: string,
): { readonly reason: string; readonly isUnjudged: boolean } | undefined {
  const mayBeAbsent = spec.optional === true;
  const at = params === undefined ? undefined : typesAt(params, parseParameterPath(path).steps);
  if (at?.kind === 'missing') return mayBeAbsent ? undefined : { reason: at.reason, isUnjudged: false };
  if (at?.kind === 'mistyped') return { reason: at.reason, isUnjudged: true };
  const types = at === undefined ? [undefined] : at.types;
  const fits = types.map((type) => fitValue(spec, { mode, scope: { agent, session: SESSION }, type }));
  const [first] = fits;
  if (first?.kind !== 'never' || fits.some(({ kind }) => kind !== 'never')) return undefined;
  return mayBeAbsent && (at === undefined || at.isOptional) ? undefined : first;
}

/**
 * True when a rule without texts and budget (a forbid, or an allow) holds whenever another one does: each of its conditions is one of the other's,
 * or holds for all values that the other lets through. False when that is not known.
 */
export function isImplied(rule: Rule, by: Rule): boolean {
  const { parameters = {}, during, when, justification, source } = rule.spec;
  if (justification !== undefined || source !== undefined || rule.budget !== undefined) return false;
  if (during !== undefined && !isDeepStrictEqual(during, by.spec.during)) return false;
  if (when !== undefined && when !== by.spec.when) return false;
  return Object.entries(parameters).every(([path, spec]) => isPathImplied(spec, modeOf(rule), by.spec.parameters, path));
}

function isPathImplied(
  spec: ValueConditionSpec,
  mode: ConditionMode,
  by: ParameterConditionsSpec | undefined,
  path: string,
): boolean {
  const other = by !== undefined && Object.hasOwn(by, path) ? by[path] : undefined;
  if (other === undefined || other.optional === true) return false;
  const given = Object.entries(spec).filter(([name, value]) => value !== undefined && name !== 'optional');
  if (given.every(([name, value]) => isDeepStrictEqual(value, other[name as keyof ValueConditionSpec]))) return true;
  const listed: readonly Scalar[] | undefined = other.equals === undefined ? other.oneOf : [other.equals];
  if (listed === undefined || spec.within?.includes('{')) return false;
  return listed.every((value) => satisfies(exact(value), spec, { mode, scope: { agent: 'agent' }, type: undefined }));
}

const exact = (scalar: Scalar): Scalar => (typeof scalar === 'number' && Number.isInteger(scalar) ? BigInt(scalar) : scalar);
