import { isCoded } from '../../runtime/index.ts';
import { findAccess } from '../policy/access.ts';
import { type ConditionScope, compileParameterConditions } from '../policy/conditions/index.ts';
import { type Decision, type DecisionRequest, decide, type Policy, type RuleRef, type Usage } from '../policy/index.ts';
import type { Rule } from '../policy/rule.ts';
import { outcomeOf } from '../policy/rule-outcome.ts';
import type { RequestSnapshot } from '../request.ts';
import { modeOf } from './never.ts';
import { UNUSED } from './part-of-decision.ts';
import { knownFunction, type ToolComponents } from './tool-components.ts';
import { recordFromJson } from './typed-parameters.ts';

/** One condition of a rule, and what the request is to it. */
export interface ConditionReport {
  /** `parameters`, `during`, `source`, `justification`, `when` or `budget`. */
  readonly part: string;
  /** Of a parameter, as the rule has it. */
  readonly path?: string;
  /** What the rule asks for, as JSON or text of the policy. */
  readonly asks: string;
  readonly holds: boolean;
  /** The condition that does not hold, by name. */
  readonly failed?: string;
  /** It cannot be evaluated, which denies. */
  readonly error?: string;
}

/** What one rule says to a request. */
export interface RuleExplanation {
  readonly ref: RuleRef;
  readonly effect: Rule['effect'];
  readonly isEnforced: boolean;
  readonly outcome: 'holds' | 'unmet' | 'used-up' | 'failed';
  /** Each of its conditions, also those after the first that does not hold. */
  readonly conditions: readonly ConditionReport[];
}

/** What is known of the decision on one request, and why. */
export interface Explanation {
  readonly policy: string;
  readonly agent: string;
  readonly tool: string;
  readonly at: string;
  /** Names of the parameters that came. */
  readonly parameters: readonly string[];
  readonly hasJustification: boolean;
  readonly hasSource: boolean;
  readonly isTyped: boolean;
  /** Rules about this agent and this function, in the order in which they are asked; empty where the names alone were refused. */
  readonly rules: readonly RuleExplanation[];
  /** Rules of the policy about others. */
  readonly rulesElsewhere: number;
  readonly decision: Decision;
}

/** The parts of a decision, for people who wonder about it. Values of parameters are not in it. */
export function explainRequest(
  policy: Policy,
  request: DecisionRequest,
  instantMs: number,
  { isTyped, usage = UNUSED }: { readonly isTyped: boolean; readonly usage?: Usage },
): Explanation {
  const access = findAccess(policy, request.agent, request.toolName);
  const candidates = access.effect === 'access' ? [...access.candidates.allows, ...access.candidates.others] : [];
  const toolName = access.effect === 'access' ? access.tool.name : request.toolName;
  return {
    policy: policy.digest,
    agent: request.agent,
    tool: access.effect === 'access' ? `${access.tool.name}.${access.functionName}` : request.toolName,
    at: new Date(instantMs).toISOString(),
    parameters: Object.keys(request.parameters),
    hasJustification: request.justification !== undefined,
    hasSource: request.source !== undefined,
    isTyped,
    rules: candidates.map((rule) => explainRule(rule, request, instantMs, usage, toolName)),
    rulesElsewhere: policy.ruleSet.all.length - candidates.length,
    decision: decide(policy, request, instantMs, usage),
  };
}

/**
 * Explains a request as it is filed.
 *
 * @throws CodedError `params/invalid` for parameters that are not of the types of the function: the warden refuses them before any rule is asked.
 */
export function explainSnapshot(
  policy: Policy,
  components: ToolComponents,
  snapshot: RequestSnapshot,
  instantMs: number,
): Explanation {
  const { agent, toolName, justification, source, session } = snapshot;
  const access = findAccess(policy, agent, toolName);
  const params =
    access.effect === 'access' ? knownFunction(components, access.tool.name, access.functionName)?.type.params : undefined;
  const parameters = recordFromJson(snapshot.parameters, params);
  const request = { agent, toolName, parameters, justification, source, session };
  return explainRequest(policy, request, instantMs, { isTyped: params !== undefined || access.effect === 'deny' });
}

function explainRule(rule: Rule, request: DecisionRequest, instantMs: number, usage: Usage, toolName: string): RuleExplanation {
  const outcome = outcomeOf(rule, request, instantMs, usage, toolName);
  return {
    ref: rule.ref,
    effect: rule.effect,
    isEnforced: rule.isEnforced,
    outcome: outcome.kind,
    conditions: [...pathReports(rule, request), ...otherReports(rule, request, instantMs), ...budgetReport(rule, outcome.kind)],
  };
}

/** Each path by itself: a rule names only the first that fails. */
function pathReports(rule: Rule, request: DecisionRequest): ConditionReport[] {
  const scope: ConditionScope = request;
  return Object.entries(rule.spec.parameters ?? {}).map(([path, spec]) => {
    const conditions = compileParameterConditions({ [path]: spec }, modeOf(rule));
    return reported(
      { part: 'parameters', path, asks: text(spec) },
      () => conditions.failure(request.parameters, scope)?.condition,
    );
  });
}

function otherReports(rule: Rule, request: DecisionRequest, instantMs: number): ConditionReport[] {
  const { spec, during, source, justification, when } = rule;
  const reports: ConditionReport[] = [];
  const add = (part: string, asked: unknown, failure: () => string | undefined): void => {
    reports.push(reported({ part, asks: typeof asked === 'string' ? asked : text(asked) }, failure));
  };
  if (during !== undefined) add('during', spec.during, () => (during.contains(instantMs) ? undefined : 'during'));
  if (source !== undefined) add('source', spec.source, () => source(request.source));
  if (justification !== undefined) add('justification', spec.justification, () => justification(request.justification));
  if (when !== undefined) add('when', spec.when, () => (when(request, instantMs) ? undefined : 'when'));
  return reports;
}

/** A budget counts only where all else holds. */
function budgetReport({ budget }: Rule, outcome: RuleExplanation['outcome']): ConditionReport[] {
  if (budget === undefined || (outcome !== 'holds' && outcome !== 'used-up')) return [];
  return [
    { part: 'budget', asks: text(budget), ...(outcome === 'holds' ? { holds: true } : { holds: false, failed: 'budget' }) },
  ];
}

function reported(
  condition: Omit<ConditionReport, 'holds' | 'failed' | 'error'>,
  failure: () => string | undefined,
): ConditionReport {
  try {
    const failed = failure();
    return failed === undefined ? { ...condition, holds: true } : { ...condition, holds: false, failed };
  } catch (error) {
    // Only our own words: those of others may have a value in them.
    return { ...condition, holds: false, error: isCoded(error) ? error.message : 'it cannot be evaluated' };
  }
}

/** A part of the policy as JSON. */
function text(spec: unknown): string {
  return JSON.stringify(spec, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
}

/** What `cellblock policy explain --json` prints: the explanation as plain data, in which the tool of a decision is its name. */
export function explanationJson(explanation: Explanation): { readonly [field: string]: unknown } {
  const { decision } = explanation;
  return { ...explanation, decision: decision.effect === 'deny' ? decision : { ...decision, tool: decision.tool.name } };
}
