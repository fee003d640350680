import type { DenialCode, Denied } from './decision.ts';
import type { RuleRef } from './rule-ref.ts';

const NONE: readonly never[] = Object.freeze([]);

/** A denial that raises no alert. */
export function denial(
  code: DenialCode,
  message: string,
  rules: readonly RuleRef[],
  help: string,
  data?: { readonly [key: string]: unknown },
): Denied {
  return { effect: 'deny', code, message, rules, help, ...(data === undefined ? {} : { data }), alerts: NONE, logOnly: NONE };
}
