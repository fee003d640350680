import { isCoded } from '../../runtime/index.ts';
import { chargeOf, retryAfter } from './budget.ts';
import type { BudgetCharge, DenialCode, Usage } from './decision.ts';
import type { DecisionRequest } from './decision-request.ts';
import type { Rule } from './rule.ts';

/** Why a rule does not apply. The conditions of a rule are asked in the order of `STAGES`, and the first that does not hold is the one. */
export interface Unmet {
  readonly stage: number;
  readonly code: DenialCode;
  /** Name of the condition, as a rule has it. */
  readonly condition: string;
  /** Of a parameter, as the rule has it. */
  readonly path?: string;
  readonly retryAfterMs?: number;
}

const STAGES = { parameters: 0, during: 1, source: 2, justification: 3, when: 4, budget: 5 } as const;

const OUTSIDE_HOURS: Unmet = { stage: STAGES.during, code: 'denied/outside-hours', condition: 'during' };
const UNTRUE: Unmet = { stage: STAGES.when, code: 'denied/parameters', condition: 'when' };

/**
 * The first condition of a rule that does not hold; undefined when all hold. The expression comes last: it is the dearest, and may count on
 * a justification that the rule requires.
 *
 * @throws CodedError `denied/condition-failed`, and whatever a hostile request makes a condition throw.
 */
export function unmetCondition(rule: Rule, request: DecisionRequest, instantMs: number): Unmet | undefined {
  if (rule.parameters !== undefined) {
    const failure = rule.parameters.failure(request.parameters, request);
    if (failure !== undefined) return { stage: STAGES.parameters, code: 'denied/parameters', ...failure };
  }
  if (rule.during !== undefined && !rule.during.contains(instantMs)) return OUTSIDE_HOURS;
  if (rule.source !== undefined) {
    const failure = rule.source(request.source);
    if (failure !== undefined) return { stage: STAGES.source, code: 'denied/source-required', condition: failure };
  }
  if (rule.justification !== undefined) {
    const failure = rule.justification(request.justification);
    if (failure !== undefined) return { stage: STAGES.justification, code: 'denied/justification-required', condition: failure };
  }
  return rule.when === undefined || rule.when(request, instantMs) === true ? undefined : UNTRUE;
}

/** What one rule says to one request. `used-up`: its conditions hold, its budget has no room. */
export type RuleOutcome =
  | { readonly kind: 'holds'; readonly charge?: BudgetCharge }
  | { readonly kind: 'unmet'; readonly unmet: Unmet }
  | { readonly kind: 'used-up'; readonly charge: BudgetCharge; readonly unmet: Unmet }
  | { readonly kind: 'failed'; readonly condition: string; readonly reason: string };

const HOLDS: RuleOutcome = { kind: 'holds' };

/** Asks one rule. Throws nothing: what cannot be evaluated is `failed`. */
export function outcomeOf(rule: Rule, request: DecisionRequest, instantMs: number, usage: Usage, toolName: string): RuleOutcome {
  try {
    const unmet = unmetCondition(rule, request, instantMs);
    if (unmet !== undefined) return { kind: 'unmet', unmet };
    const { budget } = rule;
    if (budget === undefined) return HOLDS;
    const charge = chargeOf(rule, budget, request, toolName);
    const retryAfterMs = retryAfter(budget, charge, instantMs, usage);
    if (retryAfterMs === undefined) return { kind: 'holds', charge };
    return { kind: 'used-up', charge, unmet: { stage: STAGES.budget, code: 'denied/budget', condition: 'budget', retryAfterMs } };
  } catch (error) {
    return { kind: 'failed', ...reasonOf(error) };
  }
}

/** Only our own errors are shown: the words of others may have a value in them. */
function reasonOf(error: unknown): { readonly condition: string; readonly reason: string } {
  const unknown = { condition: 'unknown', reason: 'a condition cannot be evaluated' };
  try {
    if (!isCoded(error) || error.code !== 'denied/condition-failed') return unknown;
    const { condition } = error.data;
    return { condition: typeof condition === 'string' ? condition : 'unknown', reason: error.message };
  } catch {
    return unknown; // a thrown proxy
  }
}
