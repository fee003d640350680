import type { AlertDemand, BudgetCharge, Usage } from './decision.ts';
import type { DecisionRequest } from './decision-request.ts';
import type { Rule } from './rule.ts';
import { outcomeOf, type RuleOutcome, type Unmet } from './rule-outcome.ts';
import type { Candidates } from './rule-set.ts';

/** A rule that does not let a request through, and why. */
export interface Refusal {
  readonly rule: Rule;
  readonly unmet: Unmet;
}

/** A rule that could not be evaluated. */
export interface Failure {
  readonly rule: Rule;
  readonly condition: string;
  readonly reason: string;
}

/** What the rules of one side, those that are enforced or those that are log-only, say to one request. */
export class Side {
  readonly applied: Rule[] = [];
  readonly refusals: Refusal[] = [];
  readonly forbids: Rule[] = [];
  readonly failures: Failure[] = [];
  /** Limits that are used up. */
  readonly limits: Refusal[] = [];
  readonly asks: Rule[] = [];
}

/** Most policies have no log-only rules: their requests share one side that stays empty. */
const NOTHING_OBSERVED: Readonly<Side> = Object.freeze(new Side());

/**
 * What all rules say to one request. Each is asked, whatever the others say: a refusal must name every rule that refuses, alerts must not
 * depend on the order of rules, and no error may hide behind a rule that comes before it.
 */
export class Findings {
  readonly enforced = new Side();
  #observed: Side | undefined;
  /** Allows that only let a request through because they are log-only. */
  readonly waved: Rule[] = [];
  readonly charges: BudgetCharge[] = [];
  readonly alerts: AlertDemand[] = [];

  constructor(candidates: Candidates, request: DecisionRequest, instantMs: number, usage: Usage, toolName: string) {
    for (const rule of candidates.allows) this.#allow(rule, outcomeOf(rule, request, instantMs, usage, toolName));
    for (const rule of candidates.others) this.#other(rule, outcomeOf(rule, request, instantMs, usage, toolName));
  }

  /** Log-only rules. */
  get observed(): Readonly<Side> {
    return this.#observed ?? NOTHING_OBSERVED;
  }

  #sideOf({ isEnforced }: Rule): Side {
    if (isEnforced) return this.enforced;
    this.#observed ??= new Side();
    return this.#observed;
  }

  #allow(rule: Rule, outcome: RuleOutcome): void {
    const side = this.#sideOf(rule);
    switch (outcome.kind) {
      case 'holds':
        side.applied.push(rule);
        if (rule.ask !== undefined) side.asks.push(rule);
        if (outcome.charge !== undefined) this.charges.push(outcome.charge);
        this.#alert(rule);
        return;
      case 'failed':
        side.failures.push({ rule, ...outcome });
        this.#alert(rule);
        break;
      case 'used-up':
        // It counts on where it does not hold, so that the trail shows what would have been refused.
        if (!rule.isEnforced) this.charges.push(outcome.charge);
        side.refusals.push({ rule, unmet: outcome.unmet });
        break;
      case 'unmet':
        side.refusals.push({ rule, unmet: outcome.unmet });
    }
    if (!rule.isEnforced) this.waved.push(rule);
  }

  #other(rule: Rule, outcome: RuleOutcome): void {
    if (outcome.kind === 'unmet') return;
    const side = this.#sideOf(rule);
    if (outcome.kind === 'failed') side.failures.push({ rule, ...outcome });
    else if (rule.effect === 'limit') return this.#limit(rule, side, outcome);
    else if (rule.effect === 'forbid') side.forbids.push(rule);
    else if (rule.effect === 'ask') side.asks.push(rule);
    this.#alert(rule);
  }

  #limit(rule: Rule, side: Side, outcome: Extract<RuleOutcome, { kind: 'holds' | 'used-up' }>): void {
    if (outcome.charge !== undefined) this.charges.push(outcome.charge);
    if (outcome.kind !== 'used-up') return;
    side.limits.push({ rule, unmet: outcome.unmet });
    this.#alert(rule); // a limit fires when it refuses
  }

  /** A rule that could not be evaluated alerts as one that fired: a value that breaks it must not also silence it. */
  #alert({ alert }: Rule): void {
    if (alert !== undefined) this.alerts.push(alert);
  }
}
