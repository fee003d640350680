import { type Access, findAccess } from './access.ts';
import type { Allowed, Asked, Decision, Denied, Usage, WouldHave } from './decision.ts';
import type { DecisionRequest } from './decision-request.ts';
import { mergeDemands } from './demand.ts';
import { denial } from './denial.ts';
import { Findings, type Side } from './findings.ts';
import type { Policy } from './policy.ts';
import { budgetDenial, closest, failureDenial, forbiddenDenial, nobodyDenial, refsOf, refusalDenial } from './refusals.ts';
import type { RuleRef } from './rule-ref.ts';

/**
 * Says whether a request may run, must be asked about, or is refused.
 *
 * Default deny: some allow has to hold in full. Any forbid that holds denies, whatever allows; a rule that cannot be evaluated denies, whatever
 * its effect; the order of rules decides nothing. Every rule that is about the agent and the function is asked.
 *
 * Thread: any. Pure: no clock, no I/O, no promise; throws nothing, whatever comes.
 *
 * @param instantMs - milliseconds since 1970.
 * @param usage - what budgets have counted; must not change while this runs.
 * Source: default deny, forbid over allow and freedom of order as in Cedar, which unlike this skips a rule that errs.
 */
export function decide(policy: Policy, request: DecisionRequest, instantMs: number, usage: Usage): Decision {
  try {
    // Each field is read once: a getter that answers differently the second time gains nothing.
    const { agent, toolName, parameters, justification, source, session } = request;
    const access = findAccess(policy, agent, toolName);
    if (access.effect === 'deny') return access;
    const snapshot = { agent, toolName, parameters, justification, source, session };
    const odd = oddField(snapshot, instantMs);
    if (odd !== undefined) return undecidable(policy, odd);
    return combine(access, new Findings(access.candidates, snapshot, instantMs, usage, access.tool.name));
  } catch {
    return undecidable(policy, 'the request cannot be read');
  }
}

/** The types promise text; requests come from outside, and what is no text must not be taken for none. */
function oddField(request: DecisionRequest, instantMs: number): string | undefined {
  const { parameters, justification, source, session } = request;
  if (justification !== undefined && typeof justification !== 'string') return 'the justification is not text';
  if (source !== undefined && typeof source !== 'string') return 'the source is not text';
  if (session !== undefined && typeof session !== 'string') return 'the session is not text';
  if (typeof parameters !== 'object' || parameters === null) return 'the parameters are not a record';
  return Number.isFinite(instantMs) ? undefined : 'the instant is not a number of milliseconds';
}

function undecidable(policy: Policy, reason: string): Denied {
  const help = 'nothing is decided on a request of another shape; file it with text and a record of parameters';
  return denial('denied/condition-failed', reason, [policy.rules.tools], help);
}

function combine(access: Access, findings: Findings): Decision {
  const { enforced, alerts } = findings;
  const denied = refuse(enforced, findings);
  if (denied !== undefined) return { ...denied, alerts, logOnly: wouldHave(findings) };
  const { tool, functionName } = access;
  const rules: RuleRef[] = [];
  for (const { ref } of enforced.applied) rules.push(ref);
  for (const { ref } of findings.observed.applied) rules.push(ref);
  for (const { ref } of findings.waved) rules.push(ref);
  rules.push(tool.rules.byFunction.get(functionName)!);
  const allowed: Allowed = {
    effect: 'allow',
    tool,
    functionName,
    rules,
    budgets: findings.charges,
    alerts,
    logOnly: wouldHave(findings),
  };
  if (enforced.asks.length === 0) return allowed;
  const demand = mergeDemands(enforced.asks);
  if (demand === undefined) return { ...nobodyDenial(enforced.asks), alerts, logOnly: allowed.logOnly };
  return { ...allowed, effect: 'ask', demand } satisfies Asked;
}

/** What the enforced rules refuse for; the most definite reason first. */
function refuse({ forbids, failures, applied, refusals, limits }: Side, { observed, waved }: Findings): Denied | undefined {
  if (forbids.length > 0) return forbiddenDenial(forbids);
  if (failures.length > 0) return failureDenial(failures);
  if (applied.length === 0 && observed.applied.length === 0 && waved.length === 0) return refusalDenial(refusals);
  return limits.length > 0 ? budgetDenial(limits) : undefined;
}

const NONE: readonly never[] = Object.freeze([]);

/** What would have happened, had log-only rules been enforced. */
function wouldHave({ enforced, observed, waved }: Findings): readonly WouldHave[] {
  const { forbids, failures, applied, refusals, limits, asks } = observed;
  if (forbids.length + failures.length + waved.length + limits.length + asks.length === 0) return NONE;
  const all: WouldHave[] = [];
  if (forbids.length > 0) all.push({ effect: 'deny', code: 'denied/forbidden', rules: refsOf(forbids) });
  if (failures.length > 0) {
    all.push({ effect: 'deny', code: 'denied/condition-failed', rules: refsOf(failures.map(({ rule }) => rule)) });
  }
  if (enforced.applied.length + applied.length === 0 && refusals.length > 0) {
    const { code, rules } = closest([...enforced.refusals, ...refusals]);
    all.push({ effect: 'deny', code, rules: refsOf(rules) });
  }
  if (limits.length > 0) all.push({ effect: 'deny', code: 'denied/budget', rules: refsOf(limits.map(({ rule }) => rule)) });
  if (asks.length > 0) all.push({ effect: 'ask', rules: refsOf(asks) });
  return all;
}
