import type { DenialCode, Denied } from './decision.ts';
import { denial } from './denial.ts';
import type { Failure, Refusal } from './findings.ts';
import { quote } from './quote.ts';
import type { Rule } from './rule.ts';
import type { RuleRef } from './rule-ref.ts';

/** Rules named in a sentence; all of them are in `rules`. */
const SHOWN_MAX = 3;

export function refsOf(rules: readonly Rule[]): RuleRef[] {
  return rules.map(({ ref }) => ref);
}

function shown(refs: readonly RuleRef[]): string {
  const rest = refs.length - SHOWN_MAX;
  return `${refs.slice(0, SHOWN_MAX).join(' or ')}${rest > 0 ? ` or one of ${rest} more rules` : ''}`;
}

export function forbiddenDenial(rules: readonly Rule[]): Denied {
  const refs = refsOf(rules);
  const help = 'nothing that allows it can overrule this; the operator would have to change what forbids it';
  return denial('denied/forbidden', `forbidden by ${refs.slice(0, SHOWN_MAX).join(' and ')}`, refs, help);
}

/** For rules that ask different people: nobody may answer for all of them. */
export function nobodyDenial(rules: readonly Rule[]): Denied {
  const message = 'the rules that ask have no approver in common, so that nobody could approve';
  return denial('denied/forbidden', message, refsOf(rules), 'the operator would have to name an approver in all of them');
}

/** @param failures - at least one. */
export function failureDenial(failures: readonly Failure[]): Denied {
  const { rule, condition, reason } = failures[0]!;
  const refs = refsOf(failures.map((failure) => failure.rule));
  const help = 'what cannot be judged is refused; write the condition so that it holds for every value, or send another value';
  return denial('denied/condition-failed', `${reason}: ${rule.ref}`, refs, help, { condition });
}

/** @param limits - at least one, each used up. */
export function budgetDenial(limits: readonly Refusal[]): Denied {
  const retryAfterMs = Math.max(...limits.map(({ unmet }) => unmet.retryAfterMs ?? 0));
  return usedUp(
    limits.map(({ rule }) => rule),
    retryAfterMs,
  );
}

function usedUp(rules: readonly Rule[], retryAfterMs: number): Denied {
  const refs = refsOf(rules);
  const message = `the budget of ${shown(refs)} is used up`;
  return denial('denied/budget', message, refs, `try again after ${retryAfterMs} ms`, { retryAfterMs });
}

/**
 * What to say where no allow holds: the rules that came closest, which are those of whose conditions most hold.
 *
 * @param refusals - at least one.
 */
export function closest(refusals: readonly Refusal[]): {
  readonly code: DenialCode;
  readonly rules: readonly Rule[];
  readonly first: Refusal;
} {
  const stage = Math.max(...refusals.map(({ unmet }) => unmet.stage));
  const nearest = refusals.filter(({ unmet }) => unmet.stage === stage);
  const first = nearest.reduce((best, next) => (pathsHeld(next) > pathsHeld(best) ? next : best));
  return { code: first.unmet.code, rules: nearest.map(({ rule }) => rule), first };
}

/** How many paths of the rule held before the one that did not. */
function pathsHeld({ rule, unmet }: Refusal): number {
  return unmet.path === undefined ? 0 : Object.keys(rule.spec.parameters ?? {}).indexOf(unmet.path);
}

/** @param refusals - of all allows; at least one. */
export function refusalDenial(refusals: readonly Refusal[]): Denied {
  const { code, rules, first } = closest(refusals);
  if (code === 'denied/budget') {
    const soonest = refusals.flatMap(({ unmet }) => (unmet.retryAfterMs === undefined ? [] : [unmet.retryAfterMs]));
    return usedUp(rules, Math.min(...soonest));
  }
  const { condition, path } = first.unmet;
  const refs = refsOf(rules);
  const data = path === undefined ? { condition } : { condition, path };
  return denial(code, `${WHAT[code]?.(first) ?? 'no rule allows this request'}`, refs, helpOf(code, refs), data);
}

const WHAT: { readonly [code in DenialCode]?: (refusal: Refusal) => string } = {
  'denied/parameters': ({ unmet: { path, condition } }) => {
    if (path === undefined) return `no rule allows these parameters: condition ${quote(condition)} does not hold`;
    return `no rule allows this value of parameter ${quote(path)}: condition ${quote(condition)} does not hold`;
  },
  'denied/outside-hours': () => 'the rules that would allow this are not in force at this time',
  'denied/justification-required': ({ unmet }) => textProblem('justification', unmet.condition),
  'denied/source-required': ({ unmet }) => textProblem('source', unmet.condition),
};

function textProblem(field: string, condition: string): string {
  if (condition === 'missing') return `the request needs a \`${field}\``;
  return `the \`${field}\` of the request does not satisfy condition ${quote(condition)}`;
}

function helpOf(code: DenialCode, refs: readonly RuleRef[]): string {
  if (code === 'denied/justification-required') return `say in \`justification\` why the call is needed, as ${shown(refs)} asks`;
  if (code === 'denied/source-required') return `say in \`source\` what the call follows from, as ${shown(refs)} asks`;
  return `${shown(refs)} would have to allow it`;
}
