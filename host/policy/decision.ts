import type { Code } from '../../runtime/index.ts';
import type { RuleRef } from './rule-ref.ts';
import type { ToolPolicy } from './tool-policy.ts';

/** What is counted, at one instant: a reading that does not change while a decision is made. */
export interface Usage {
  /** Calls counted in a budget after `sinceMs` (exclusive), calls in flight included. */
  used(key: string, sinceMs: number): number;
  /** Calls of a budget that have not ended. */
  inFlight(key: string): number;
  /** Instant of the oldest call counted after `sinceMs`; undefined when there is none. */
  oldest(key: string, sinceMs: number): number | undefined;
}

/** A budget that a call is counted in. */
export interface BudgetCharge {
  /** Names rule and scope: stable over restarts and changes of the policy that leave the rule's id. */
  readonly key: string;
  readonly windowMs: number;
}

/** Who must be asked, and how. Where several rules ask, the strictest of each. */
export interface ApprovalDemand {
  readonly rules: readonly RuleRef[];
  /** Where the question goes: `terminal`, `webhook:<name>`, `slack:<name>`. Never empty: the command line always may. */
  readonly channels: readonly string[];
  /** Who may answer; empty: whoever operates the trail. */
  readonly approvers: readonly string[];
  /** After this long, silence is no. */
  readonly expiresMs: number;
  /** After this long, an approval that was not used is gone. */
  readonly useWithinMs: number;
}

export interface AlertDemand {
  readonly rule: RuleRef;
  readonly severity: 'info' | 'warning' | 'critical';
  /** Names of sinks of the policy's `alerts`. */
  readonly sinks: readonly string[];
}

/** A refusal or question that log-only kept from happening. */
export interface WouldHave {
  readonly effect: 'ask' | 'deny';
  readonly code?: DenialCode;
  readonly rules: readonly RuleRef[];
}

export type DenialCode = Extract<Code, `denied/${string}`>;

/** What the names of a request may do, whatever its parameters: rules with conditions were not asked yet. */
export interface AccessAllowed {
  readonly effect: 'allow';
  readonly tool: ToolPolicy;
  /** The function to call, as the policy writes it: a name or `interface#function`. */
  readonly functionName: string;
  /** The rules that may allow it, then the entry of the tool that offers the function. At least two. */
  readonly rules: readonly RuleRef[];
}

export interface Allowed {
  readonly effect: 'allow';
  readonly tool: ToolPolicy;
  /** The function to call, as the policy writes it: a name or `interface#function`. */
  readonly functionName: string;
  /** The rules that allow it, then the entry of the tool that offers the function. At least two. */
  readonly rules: readonly RuleRef[];
  readonly budgets: readonly BudgetCharge[];
  readonly alerts: readonly AlertDemand[];
  readonly logOnly: readonly WouldHave[];
}

/** Allowed once a human says yes. */
export interface Asked extends Omit<Allowed, 'effect'> {
  readonly effect: 'ask';
  readonly demand: ApprovalDemand;
}

export interface Denied {
  readonly effect: 'deny';
  readonly code: DenialCode;
  readonly message: string;
  /** The rules that decided: the part of the policy that forbids it, or that would have to allow it. */
  readonly rules: readonly RuleRef[];
  /** What would allow it, or which names the agent could use. Never a value of a parameter. */
  readonly help: string;
  /** For example `path` (of a parameter), `retryAfterMs`. */
  readonly data?: { readonly [key: string]: unknown };
  readonly alerts: readonly AlertDemand[];
  readonly logOnly: readonly WouldHave[];
}

export type Decision = Allowed | Asked | Denied;
