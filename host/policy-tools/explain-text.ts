import type { Policy, RuleRef } from '../policy/index.ts';
import { quote, quoteList } from '../policy/quote.ts';
import type { ConditionReport, Explanation, RuleExplanation } from './explain.ts';

/** An explanation in sentences, line by line; not yet escaped for a terminal. */
export function explainLines(explanation: Explanation, policy: Policy): string[] {
  const { rules } = explanation;
  return [
    ...asked(explanation),
    '',
    ...(rules.length === 0 ? ['No rule was asked: the names alone are refused.'] : rules.flatMap(ruleLines)),
    ...(explanation.rulesElsewhere === 0
      ? []
      : [`Rules about other agents or functions, not asked: ${explanation.rulesElsewhere}.`]),
    '',
    ...decided(explanation, policy),
    ...wouldAllow(explanation),
  ];
}

function asked({ agent, tool, at, parameters, hasJustification, hasSource, isTyped }: Explanation): string[] {
  const texts = [
    hasJustification ? 'with a justification' : 'without a justification',
    hasSource ? 'with a source' : 'without a source',
  ];
  const types = isTyped ? '' : ' The component cannot be read, so the parameters have no types here.';
  return [
    `Agent ${quote(agent)} asks for ${quote(tool)} at ${at}, ${texts.join(' and ')}; parameters: ${quoteList(parameters, 32)}.${types}`,
  ];
}

const SAYS = {
  allow: { holds: 'allows it', unmet: 'does not allow it' },
  forbid: { holds: 'forbids it', unmet: 'does not forbid it' },
  ask: { holds: 'wants a human to be asked', unmet: 'does not ask a human' },
  limit: { holds: 'counts it, and has room', unmet: 'does not count it' },
  alert: { holds: 'raises an alert', unmet: 'raises no alert' },
} as const;

function ruleLines({ ref, effect, isEnforced, outcome, conditions }: RuleExplanation): string[] {
  const says =
    outcome === 'failed'
      ? 'cannot be evaluated, which denies'
      : outcome === 'used-up'
        ? 'would let it through, and its budget is used up'
        : SAYS[effect][outcome];
  const mode = isEnforced ? '' : ' It is log-only: recorded, not enforced.';
  const lines = conditions.map((condition) => `    ${conditionLine(condition, outcome)}`);
  return [`Rule ${ref} ${says}.${mode}`, ...(lines.length === 0 ? ['    It has no conditions.'] : lines)];
}

function conditionLine({ part, path, asks, holds, failed, error }: ConditionReport, outcome: RuleExplanation['outcome']): string {
  const what = path === undefined ? part : `parameter ${quote(path)}`;
  if (holds) return `holds: ${what} ${asks}`;
  // The first condition that does not hold ends a rule, so that an error after it denies nothing.
  if (error !== undefined)
    return `error: ${what} ${asks}: ${error}${outcome === 'failed' ? '' : ' (not asked: another does not hold)'}`;
  return `fails: ${what} ${asks}: ${reasonOf(failed!)}`;
}

function reasonOf(failed: string): string {
  if (failed === 'present') return 'the path selects nothing, or a part of it is absent';
  if (failed === 'missing') return 'there is none';
  return `${quote(failed)} does not hold`;
}

function decided({ decision }: Explanation, policy: Policy): string[] {
  const lines: string[] = [];
  switch (decision.effect) {
    case 'deny':
      lines.push(`Denied [${decision.code}]: ${decision.message}.`, `  by ${refs(decision.rules)}`, `  help: ${decision.help}`);
      break;
    case 'ask': {
      const { approvers, channels, rules } = decision.demand;
      const who = approvers.length === 0 ? 'whoever operates the trail' : quoteList(approvers);
      lines.push(
        `Allowed once a human says yes: ${who}, asked through ${quoteList(channels)}.`,
        `  by ${refs(decision.rules)}`,
        `  asked by ${refs(rules)}`,
      );
      break;
    }
    case 'allow':
      lines.push('Allowed.', `  by ${refs(decision.rules)}`);
  }
  if (decision.effect !== 'deny' && decision.budgets.length > 0) lines.push(`  counted in ${decision.budgets.length} budgets`);
  for (const { rule, severity, sinks } of decision.alerts) lines.push(`  alert (${severity}) to ${quoteList(sinks)}: ${rule}`);
  for (const { effect, code, rules } of decision.logOnly) {
    lines.push(`  enforced, log-only rules would ${effect === 'ask' ? 'ask' : `deny [${code ?? 'denied'}]`}: ${refs(rules)}`);
  }
  if (policy.mode === 'log-only') lines.push('  the policy is log-only: its rules, but for the ceiling, are not enforced');
  return lines;
}

function refs(rules: readonly RuleRef[]): string {
  return rules.length === 0 ? 'nothing' : rules.join(', ');
}

/** What stands between a denied request and each rule that could have allowed it, and what forbids it anyway. */
function wouldAllow({ decision, rules }: Explanation): string[] {
  if (decision.effect !== 'deny' || rules.length === 0) return [];
  const lines: string[] = [];
  for (const { ref, effect, outcome, conditions, isEnforced } of rules) {
    const open = conditions.filter(({ holds }) => !holds);
    if (effect === 'allow' && outcome !== 'holds') {
      lines.push(`  rule ${ref} would allow it if ${open.map(demandOf).join(', and ') || 'it could be evaluated'}`);
    } else if (
      isEnforced &&
      effect !== 'allow' &&
      (outcome === 'failed' || outcome === 'used-up' || (effect === 'forbid' && outcome === 'holds'))
    ) {
      lines.push(`  rule ${ref} must not ${outcome === 'used-up' ? 'be used up' : outcome === 'failed' ? 'fail' : 'match'}`);
    }
  }
  return lines.length === 0 ? [] : ['What would allow it:', ...lines];
}

function demandOf({ part, path, asks }: ConditionReport): string {
  return path === undefined ? `${quote(part)} held (${asks})` : `parameter ${quote(path)} satisfied ${asks}`;
}
