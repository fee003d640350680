import type { Candidates, Policy, ToolPolicy } from '../policy/index.ts';
import { coversAgent, coversFunction, type Rule } from '../policy/rule.ts';

/** A function that an agent may call under some condition, and the rules about that. */
export interface Place {
  readonly agent: string;
  readonly tool: ToolPolicy;
  readonly functionName: string;
  readonly candidates: Candidates;
}

/** Places that are looked at for one rule; agents times functions can be millions. */
const PLACES_MAX = 5_000;

/**
 * Where a rule applies: what it covers, and some rule lets an agent call.
 *
 * @returns `isWhole` false when there are too many to look at all of them.
 */
export function placesOf(policy: Policy, rule: Rule): { readonly places: readonly Place[]; readonly isWhole: boolean } {
  const agents = [...policy.agents.keys()].filter((agent) => coversAgent(rule, agent));
  const places: Place[] = [];
  let seen = 0;
  for (const [tool, functionName] of functionsOf(policy, rule)) {
    for (const agent of agents) {
      if (++seen > PLACES_MAX) return { places, isWhole: false };
      const candidates = policy.ruleSet.candidates(agent, tool.name, functionName);
      if (candidates.allows.length > 0) places.push({ agent, tool, functionName, candidates });
    }
  }
  return { places, isWhole: true };
}

/** Offered functions that a rule is about, whoever calls them. */
export function functionsOf(policy: Policy, rule: Rule): [ToolPolicy, string][] {
  return [...policy.tools.values()].flatMap((tool) =>
    tool.functions.filter((name) => coversFunction(rule, tool.name, name)).map((name): [ToolPolicy, string] => [tool, name]),
  );
}
