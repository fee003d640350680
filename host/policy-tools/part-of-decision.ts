import { chargeOf } from '../policy/budget.ts';
import type { Decision, DecisionRequest, Usage } from '../policy/index.ts';
import type { Rule } from '../policy/rule.ts';
import { outcomeOf } from '../policy/rule-outcome.ts';

/** Nothing was used yet. */
export const UNUSED: Usage = Object.freeze({ used: () => 0, inFlight: () => 0, oldest: () => undefined });

/**
 * Whether a rule holds for a request and the decision on it shows that: the allow among its rules, the forbid that denies, the ask among those that ask,
 * the limit that counts it, the alert that is raised; of a log-only rule, what would have been.
 *
 * @param decision - where nothing was used.
 */
export function isPartOf(rule: Rule, decision: Decision, request: DecisionRequest, instantMs: number, toolName: string): boolean {
  if (outcomeOf(rule, request, instantMs, UNUSED, toolName).kind !== 'holds') return false;
  const { ref, effect, isEnforced } = rule;
  switch (effect) {
    case 'allow':
      return decision.effect !== 'deny' && decision.rules.includes(ref);
    case 'alert':
      return decision.alerts.some((alert) => alert.rule === ref);
    case 'limit': {
      const key = rule.budget && chargeOf(rule, rule.budget, request, toolName).key;
      return decision.effect !== 'deny' && decision.budgets.some((budget) => budget.key === key);
    }
  }
  if (!isEnforced) return decision.logOnly.some(({ rules }) => rules.includes(ref));
  if (effect === 'ask') return decision.effect === 'ask' && decision.demand.rules.includes(ref);
  return decision.effect === 'deny' && decision.code === 'denied/forbidden' && decision.rules.includes(ref);
}
