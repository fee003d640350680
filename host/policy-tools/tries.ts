import { type Decision, type DecisionRequest, decide, type Policy } from '../policy/index.ts';
import { quote } from '../policy/quote.ts';
import type { Rule } from '../policy/rule.ts';
import { outcomeOf } from '../policy/rule-outcome.ts';
import { isPartOf, UNUSED } from './part-of-decision.ts';
import type { Place } from './places.ts';

/** Requests that are decided for one rule. */
const TRIES_MAX = 2_000;

/** All conditions of the rule held. */
const HELD = 99;

/** What was tried for one rule, and how close it came. */
export class Tries {
  readonly #rule: Rule;
  readonly #policy: Policy;
  #count = 0;
  #planProblem: string | undefined;
  /** Of the condition that did not hold; conditions are asked in the order of their stages. */
  #stage = -1;
  #closest: string | undefined;

  constructor(rule: Rule, policy: Policy) {
    this.#rule = rule;
    this.#policy = policy;
  }

  get areUsedUp(): boolean {
    return this.#count >= TRIES_MAX;
  }

  /** No request could be made at all, for this reason. */
  failed(reason: string): undefined {
    this.#planProblem ??= reason;
    return undefined;
  }

  /** @returns the decision when the rule is part of it. */
  decide(request: DecisionRequest, instantMs: number, { tool }: Place): Decision | undefined {
    this.#count++;
    const decision = decide(this.#policy, request, instantMs, UNUSED);
    if (isPartOf(this.#rule, decision, request, instantMs, tool.name)) return decision;
    const outcome = outcomeOf(this.#rule, request, instantMs, UNUSED, tool.name);
    if (outcome.kind === 'unmet') {
      const { stage, condition, path } = outcome.unmet;
      this.#closer(stage, `${quote(condition)}${path === undefined ? '' : ` of ${quote(path)}`} did not hold`);
    } else if (outcome.kind === 'failed') this.#closer(0, outcome.reason);
    else if (decision.effect === 'deny') this.#closer(HELD, `it matched, and the request was denied: ${decision.message}`);
    else this.#closer(HELD, `it matched, and the decision was ${decision.effect} without it`);
    return undefined;
  }

  #closer(stage: number, what: string): void {
    if (stage <= this.#stage) return;
    this.#stage = stage;
    this.#closest = what;
  }

  /** Why no witness was found. */
  reason(): string {
    if (this.#closest === undefined) return this.#planProblem ?? 'no request was found';
    return `of ${this.#count} requests none makes it fire; the closest: ${this.#closest}`;
  }
}
