import { jsonText } from '../../runtime/index.ts';
import type { CheckReport, RuleReport } from './check.ts';
import type { Finding } from './finding.ts';

/** A report of `checkPolicy` for people, line by line; not yet escaped for a terminal. */
export function checkLines(report: CheckReport): string[] {
  const { rules, findings, untyped } = report;
  const lines = rules.length === 0 ? ['rules: none'] : ['rules:', ...rules.flatMap(ruleLines)];
  for (const severity of ['problem', 'warning'] as const) {
    const found = findings.filter((finding) => finding.severity === severity);
    if (found.length > 0) lines.push('', `${severity}s:`, ...found.map(findingLine));
  }
  if (untyped.length > 0) lines.push('', `without types, since the component cannot be read: ${untyped.join(', ')}`);
  return [...lines, '', summary(report)];
}

function ruleLines({ ref, effect, isEnforced, result }: RuleReport): string[] {
  const head = `  ${effect}${isEnforced ? '' : ' (log-only)'}  ${ref}`;
  switch (result.result) {
    case 'fires': {
      const { request, at, effect: decided, isTyped } = result.witness;
      return [
        head,
        `    fires: ${jsonText(request)}`,
        `    at ${at}, where the policy says ${decided}${isTyped ? '' : '; parameters without types'}`,
      ];
    }
    case 'never':
      return [head, `    never: ${result.reason}`];
    case 'unknown':
      return [head, `    unknown: ${result.reason}`];
  }
}

function findingLine({ ref, message }: Finding): string {
  return `  ${ref}: ${message}`;
}

function summary({ rules, problems, warnings }: CheckReport): string {
  const count = (kind: RuleReport['result']['result']): number => rules.filter(({ result }) => result.result === kind).length;
  const parts = [
    `${rules.length} ${rules.length === 1 ? 'rule' : 'rules'}: ${count('fires')} fire, ${count('never')} never, ${count('unknown')} unknown`,
  ];
  return `${parts[0]}; ${problems === 0 ? 'no problems' : plural(problems, 'problem')}, ${warnings === 0 ? 'no warnings' : plural(warnings, 'warning')}`;
}

function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
