import { isCoded, type JsonValue } from '../../runtime/index.ts';
import { findAccess } from '../policy/access.ts';
import type { PolicyCase, readCases } from '../policy/cases-schema.ts';
import { type Decision, type DecisionRequest, decide, type Policy, type RuleRef, type Usage } from '../policy/index.ts';
import { quote } from '../policy/quote.ts';
import { snapshotRequest } from '../request.ts';
import { nearestName } from './nearest-name.ts';
import { UNUSED } from './part-of-decision.ts';
import { knownFunction, type ToolComponents } from './tool-components.ts';
import { recordFromJson } from './typed-parameters.ts';

/** How one case went. */
export interface CaseResult {
  readonly name: string;
  /** File and line of the case. */
  readonly ref: string;
  readonly passed: boolean;
  /** What the policy says. */
  readonly effect: Decision['effect'];
  readonly code?: string;
  readonly rules: readonly RuleRef[];
  /** What differs from what is expected, or keeps the case from being decided. Empty when it passed. */
  readonly problems: readonly string[];
  /** False where the component cannot be read: parameters were taken as their JSON shows them. */
  readonly isTyped: boolean;
}

/** What `cellblock policy test --json` prints. */
export interface CasesReport {
  readonly policy: string;
  readonly passed: number;
  readonly failed: number;
  readonly cases: readonly CaseResult[];
}

/** Decides each case and compares. A case without an instant must not depend on the time: it would fail one day. */
export function runCases(policy: Policy, components: ToolComponents, document: ReturnType<typeof readCases>): CasesReport {
  const cases = document.data.cases.map((one, index) =>
    runCase(policy, components, one, document.refAt(['cases', index], one.name)),
  );
  const passed = cases.filter((one) => one.passed).length;
  return { policy: policy.digest, passed, failed: cases.length - passed, cases };
}

interface Answer {
  readonly effect: Decision['effect'];
  readonly code?: string;
  readonly rules: readonly RuleRef[];
  readonly isTyped: boolean;
  readonly problems: readonly string[];
}

function runCase(policy: Policy, components: ToolComponents, one: PolicyCase, ref: string): CaseResult {
  const unknown = unknownRules(policy, one);
  const answer = answerTo(policy, components, one);
  const problems = [...unknown, ...answer.problems, ...differences(one.expect, answer)];
  const { effect, code, rules, isTyped } = answer;
  return {
    name: one.name,
    ref,
    passed: problems.length === 0,
    effect,
    ...(code === undefined ? {} : { code }),
    rules,
    problems,
    isTyped,
  };
}

/** What the warden would say before it runs anything: the names, then types of parameters, then the rules. */
function answerTo(policy: Policy, components: ToolComponents, { request, at, usage }: PolicyCase): Answer {
  let isTyped = true;
  try {
    const snapshot = snapshotRequest({ parameters: {}, ...request });
    const access = findAccess(policy, snapshot.agent, snapshot.toolName);
    if (access.effect === 'deny') return { effect: 'deny', code: access.code, rules: access.rules, isTyped, problems: [] };
    const params = knownFunction(components, access.tool.name, access.functionName)?.type.params;
    isTyped = params !== undefined;
    const parameters = recordFromJson(snapshot.parameters as JsonValue, params);
    const { agent, toolName, justification, source, session } = snapshot;
    const asked: DecisionRequest = { agent, toolName, parameters, justification, source, session };
    const candidates = [...access.candidates.allows, ...access.candidates.others];
    const timed = candidates.find(({ spec }) => spec.during !== undefined || /\bnow\b/.test(spec.when ?? ''));
    const problems =
      at === undefined && timed !== undefined ? [`the decision depends on the time (${timed.ref}): give the case an \`at\``] : [];
    const decision = decide(policy, asked, at === undefined ? 0 : Date.parse(at), usageOf(usage));
    return { ...shown(decision), isTyped, problems };
  } catch (error) {
    // As the warden: parameters that do not fit are refused before any rule is asked.
    if (isCoded(error)) return { effect: 'deny', code: error.code, rules: [], isTyped, problems: [] };
    throw error;
  }
}

function shown(decision: Decision): Pick<Answer, 'effect' | 'code' | 'rules'> {
  if (decision.effect === 'deny') return { effect: 'deny', code: decision.code, rules: decision.rules };
  const asking = decision.effect === 'ask' ? decision.demand.rules : [];
  return { effect: decision.effect, rules: [...new Set([...decision.rules, ...asking])] };
}

function differences(expect: PolicyCase['expect'], { effect, code, rules }: Answer): string[] {
  const got = `${effect}${code === undefined ? '' : ` [${code}]`}`;
  if (expect.effect !== effect)
    return [`expected ${expect.effect}, got ${got}${rules.length === 0 ? '' : ` by ${rules.join(', ')}`}`];
  if (expect.code !== undefined && expect.code !== code) return [`expected ${quote(expect.code)}, got ${quote(code ?? 'none')}`];
  if (expect.rule !== undefined && !rules.some((ref) => isRefOf(ref, expect.rule!))) {
    return [`expected rule ${quote(expect.rule)} among ${rules.length === 0 ? 'none' : rules.join(', ')}`];
  }
  return [];
}

/** A ref is an id, then a place in brackets. */
function isRefOf(ref: RuleRef, id: string): boolean {
  return ref.startsWith(`${id} (`);
}

/** Ids that the policy does not have: what is expected of them holds for nothing. */
function unknownRules(policy: Policy, { expect, usage = {} }: PolicyCase): string[] {
  const refs = policy.ruleSet.all.map(({ ref }) => ref);
  // A denial by names points to parts of the document that are no rules.
  const parts = [policy.rules.tools, policy.rules.agents, ...[...policy.agents.values()].map(({ rule }) => rule)];
  const tools = [...policy.tools.values()].flatMap(({ rules }) => [rules.tool, rules.functions, ...rules.byFunction.values()]);
  const known = [...refs, ...parts, ...tools];
  const ids = policy.ruleSet.all.map(({ id }) => id);
  const missing = [
    ...(expect.rule === undefined || known.some((ref) => isRefOf(ref, expect.rule!)) ? [] : [expect.rule]),
    ...Object.keys(usage).filter((id) => !policy.ruleSet.all.some((rule) => rule.id === id && rule.budget !== undefined)),
  ];
  return missing.map((id) => {
    const near = nearestName(id, ids);
    const what = id === expect.rule ? 'rule' : 'rule with a budget';
    return `the policy has no ${what} ${quote(id)}${near === undefined || near === id ? '' : `; did you mean ${quote(near)}?`}`;
  });
}

/** Usage by id of the rule, whatever the scope: keys begin with the id as JSON. */
function usageOf(usage: PolicyCase['usage']): Usage {
  if (usage === undefined) return UNUSED;
  const entries = Object.entries(usage).map(([id, used]) => [JSON.stringify(id), used] as const);
  const find = (key: string) => entries.find(([id]) => key === id || key.startsWith(`${id} `))?.[1];
  return {
    used: (key) => find(key)?.calls ?? find(key)?.concurrent ?? 0,
    inFlight: (key) => find(key)?.concurrent ?? 0,
    oldest: (key, sinceMs) => ((find(key)?.calls ?? 0) > 0 ? sinceMs + 1 : undefined),
  };
}

/** A report as a table, line by line; not yet escaped for a terminal. */
export function casesLines({ cases, passed, failed }: CasesReport): string[] {
  const lines = cases.flatMap(({ passed: isPassed, ref, effect, code, problems }) => [
    `${isPassed ? 'passed' : 'FAILED'}  ${effect.padEnd(5)}  ${ref}${code === undefined ? '' : `  [${code}]`}`,
    ...problems.map((text) => `        ${text}`),
  ]);
  const untyped = cases.filter(({ isTyped }) => !isTyped).length;
  const note =
    untyped === 0 ? [] : [`${untyped} cases were decided without the types of their parameters: the component cannot be read`];
  return [...lines, '', ...note, `${passed} passed, ${failed} failed`];
}
