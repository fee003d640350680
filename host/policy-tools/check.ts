import { isCoded } from '../../runtime/index.ts';
import { BUILT_IN, type CapabilityEntry } from '../capabilities/index.ts';
import type { Policy, RuleRef } from '../policy/index.ts';
import { quote } from '../policy/quote.ts';
import { coversAgent, type Rule } from '../policy/rule.ts';
import { checkComponents } from './component-check.ts';
import { type Finding, problem, warning } from './finding.ts';
import { isImplied } from './never.ts';
import { checkPaths } from './path-check.ts';
import { functionsOf, placesOf } from './places.ts';
import type { ToolComponents } from './tool-components.ts';
import type { RuleResult } from './witness.ts';
import { NOBODY_MAY, WitnessSearch } from './witness-search.ts';

export interface RuleReport {
  readonly id: string;
  readonly ref: RuleRef;
  readonly effect: Rule['effect'];
  readonly origin: Rule['origin'];
  readonly isEnforced: boolean;
  readonly result: RuleResult;
}

/** What `cellblock policy check --json` prints. */
export interface CheckReport {
  readonly policy: string;
  readonly file: string;
  /** In the order of the file: entries of agents, `rules`, those of ceilings. */
  readonly rules: readonly RuleReport[];
  readonly findings: readonly Finding[];
  readonly problems: number;
  readonly warnings: number;
  /** Tools whose parameters have no types here, since their components cannot be read. */
  readonly untyped: readonly string[];
}

export interface CheckOptions {
  /** Witnesses are requests from this instant on. */
  readonly nowMs: number;
  readonly entries?: readonly CapabilityEntry[];
  /** Told before each rule. */
  readonly onRule?: (done: number, total: number) => void;
}

/**
 * Says of each rule when it fires, and what does not fit together between the policy and its components.
 *
 * Thread: any. Runs nothing of a component. Time: up to some 0.1 s for a rule for which no witness is found.
 */
export function checkPolicy(policy: Policy, components: ToolComponents, options: CheckOptions): CheckReport {
  const search = new WitnessSearch(policy, components, options.nowMs);
  const { all } = policy.ruleSet;
  const rules = all.map((rule, index): RuleReport => {
    options.onRule?.(index, all.length);
    const { id, ref, effect, origin, isEnforced } = rule;
    return { id, ref, effect, origin, isEnforced, result: search.find(rule) };
  });
  const paths = checkPaths(policy, components);
  // What is wrong with a path is said with the path.
  const told = new Set(paths.filter(({ severity }) => severity === 'problem').map(({ ref }) => ref));
  const findings = [
    ...checkComponents(policy, components, options.entries ?? BUILT_IN),
    ...paths,
    ...rules.filter(({ ref }) => !told.has(ref)).flatMap(neverFinding),
    ...idleAgents(policy),
    ...idleTools(policy),
    ...idleConditions(policy),
  ];
  const problems = findings.filter(({ severity }) => severity === 'problem').length;
  const untyped = [...components].filter(([, component]) => isCoded(component)).map(([name]) => name);
  return {
    policy: policy.digest,
    file: policy.file,
    rules,
    findings,
    problems,
    warnings: findings.length - problems,
    untyped,
  };
}

function neverFinding({ ref, result }: RuleReport): Finding[] {
  if (result.result !== 'never') return [];
  // A rule against what nobody may do today is not wrong: it is there for tomorrow.
  const make = result.reason === NOBODY_MAY ? warning : problem;
  return [make('rule-never-fires', ref, `never fires: ${result.reason}`)];
}

function idleAgents(policy: Policy): Finding[] {
  const general = policy.ruleSet.all.filter(({ effect, origin }) => effect === 'allow' && origin !== 'agent');
  return [...policy.agents.values()]
    .filter(
      ({ name, access }) =>
        access.size === 0 && !general.some((rule) => coversAgent(rule, name) && functionsOf(policy, rule).length > 0),
    )
    .map(({ name, rule }) => warning('agent-without-tools', rule, `agent ${quote(name)} may use no tool`));
}

function idleTools(policy: Policy): Finding[] {
  const used = new Set<string>();
  for (const rule of policy.ruleSet.all) {
    if (rule.effect !== 'allow' || (rule.agents !== 'any' && rule.agents.size === 0)) continue;
    for (const [tool] of functionsOf(policy, rule)) used.add(tool.name);
  }
  return [...policy.tools.values()]
    .filter(({ name }) => policy.agents.size === 0 || !used.has(name))
    .map(({ name, rules }) => warning('tool-without-agents', rules.tool, `no agent may use tool ${quote(name)}`));
}

/** An allow with conditions beside one that allows the same without. */
function idleConditions(policy: Policy): Finding[] {
  const allows = policy.ruleSet.all.filter(({ effect, isEnforced }) => effect === 'allow' && isEnforced);
  // One that also asks or alerts has a say beside any other.
  return allows
    .filter((rule) => hasConditions(rule) && rule.ask === undefined && rule.alert === undefined)
    .flatMap((rule) => {
      const { places, isWhole } = placesOf(policy, rule);
      if (!isWhole || places.length === 0) return [];
      const wider = places.map(({ candidates }) => candidates.allows.find((other) => other !== rule && isWider(other, rule)));
      if (wider.includes(undefined)) return [];
      return [warning('conditions-without-effect', rule.ref, `its conditions decide nothing: ${wider[0]!.ref} allows the same`)];
    });
}

function hasConditions({ spec, budget }: Rule): boolean {
  return budget !== undefined || Object.values(spec).some((part) => part !== undefined);
}

/** True for a rule that allows all that the other one allows, and asks nothing for it. */
function isWider(other: Rule, rule: Rule): boolean {
  if (!other.isEnforced || other.ask !== undefined || !isImplied(other, rule)) return false;
  // Two rules that allow exactly the same are each as good as the other: only the one with fewer conditions is wider.
  return !isImplied(rule, other) || !hasConditions(other);
}
