import type { RuleRef } from '../policy/index.ts';

/** Something that a policy says and that cannot be meant, or works otherwise than it reads. */
export interface Finding {
  /** `problem`: something does not work; `warning`: something has no effect. */
  readonly severity: 'problem' | 'warning';
  /** What kind of finding it is, in kebab-case. */
  readonly kind: string;
  /** Where in the policy, with file and line. */
  readonly ref: RuleRef;
  readonly message: string;
}

export function problem(kind: string, ref: RuleRef, message: string): Finding {
  return { severity: 'problem', kind, ref, message };
}

export function warning(kind: string, ref: RuleRef, message: string): Finding {
  return { severity: 'warning', kind, ref, message };
}
