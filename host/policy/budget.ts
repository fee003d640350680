import type { BudgetCharge, Usage } from './decision.ts';
import type { DecisionRequest } from './decision-request.ts';
import type { Budget, Rule } from './rule.ts';

/** Milliseconds after which to try again where nobody knows when a call in flight will end. */
const IN_FLIGHT_RETRY_MS = 1000;

/**
 * What a call under a budget is counted as. The key names rule and scope as JSON, so that no name of an agent or session can make it
 * another's; it does not name the amounts, so that what was used stays used when they are changed.
 */
export function chargeOf(rule: Rule, budget: Budget, request: DecisionRequest, toolName: string): BudgetCharge {
  const parts = [JSON.stringify(rule.id)];
  for (const scope of budget.by) {
    // A request without a session shares the budget of all that have none.
    const value = scope === 'agent' ? request.agent : scope === 'tool' ? toolName : (request.session ?? null);
    parts.push(scope, JSON.stringify(value));
  }
  return { key: parts.join(' '), windowMs: budget.windowMs };
}

/**
 * @returns undefined while the budget has room for one more call, else the milliseconds after which it may have, at the earliest.
 * @throws what `usage` throws, and a `TypeError` for a count that is none.
 */
export function retryAfter(budget: Budget, { key, windowMs }: BudgetCharge, instantMs: number, usage: Usage): number | undefined {
  const { callsMax, concurrentMax } = budget;
  let retryMs: number | undefined;
  if (callsMax !== undefined) {
    const sinceMs = instantMs - windowMs;
    if (counted(usage.used(key, sinceMs)) >= callsMax) {
      const leavesMs = (usage.oldest(key, sinceMs) ?? Number.NaN) + windowMs - instantMs;
      retryMs = leavesMs >= 1 ? Math.ceil(leavesMs) : IN_FLIGHT_RETRY_MS;
    }
  }
  if (concurrentMax !== undefined && counted(usage.inFlight(key)) >= concurrentMax) {
    retryMs = Math.max(retryMs ?? 0, IN_FLIGHT_RETRY_MS);
  }
  return retryMs;
}

/** NaN compares as less than any amount: it must not be taken for room. */
function counted(count: unknown): number {
  if (typeof count === 'number' && count >= 0) return count;
  throw new TypeError('a count of calls is not a number');
}
