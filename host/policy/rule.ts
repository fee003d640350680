import type {
  ParameterConditions,
  ParameterConditionsSpec,
  TextDemand,
  TextDemandSpec,
  TimeWindow,
  When,
  WindowSpec,
} from './conditions/index.ts';
import type { AlertDemand } from './decision.ts';
import type { RuleRef } from './rule-ref.ts';

export type RuleEffect = 'allow' | 'forbid' | 'ask' | 'limit' | 'alert';

/** The conditions of a rule as the policy has them: what `policy check` finds witnesses for. */
export interface RuleSpec {
  readonly parameters?: ParameterConditionsSpec | undefined;
  readonly during?: WindowSpec | undefined;
  readonly source?: TextDemandSpec | undefined;
  readonly justification?: TextDemandSpec | undefined;
  readonly when?: string | undefined;
}

export type BudgetScope = 'agent' | 'tool' | 'session';

/** How many calls a rule lets through. At least one of `callsMax` and `concurrentMax` is there. */
export interface Budget {
  /** Calls in any span of `windowMs`. */
  readonly callsMax?: number;
  /** 0 where only calls in flight are counted. */
  readonly windowMs: number;
  /** Calls that have not ended. */
  readonly concurrentMax?: number;
  /** What has a budget of its own; empty: all calls of the rule share one. */
  readonly by: readonly BudgetScope[];
}

/** How a rule asks. */
export interface Ask {
  readonly channels: readonly string[];
  /** Empty: whoever operates the trail. */
  readonly approvers: readonly string[];
  readonly expiresMs: number;
  readonly useWithinMs: number;
}

/** One rule, ready to be asked. Immutable. */
export interface Rule {
  /** As written, or the place of the rule; no two rules of a policy have the same. */
  readonly id: string;
  readonly ref: RuleRef;
  readonly effect: RuleEffect;
  /** `agent`: an entry of an agent's list. */
  readonly origin: 'agent' | 'rules' | 'ceiling';
  /** False: log-only, by itself or because the policy is. */
  readonly isEnforced: boolean;
  readonly agents: 'any' | ReadonlySet<string>;
  /** Entries `tool` and `tool.function`. */
  readonly tools: 'any' | ReadonlySet<string>;
  /** An entry that is only a name: it holds for every request. */
  readonly isPlain: boolean;
  readonly spec: RuleSpec;
  readonly parameters?: ParameterConditions;
  readonly during?: TimeWindow;
  readonly source?: TextDemand;
  readonly justification?: TextDemand;
  readonly when?: When;
  readonly budget?: Budget;
  readonly ask?: Ask;
  readonly alert?: AlertDemand;
}

/** True for a rule that is about this function of this tool, whatever the agent. */
export function coversFunction({ tools }: Rule, toolName: string, functionName: string): boolean {
  return tools === 'any' || tools.has(toolName) || tools.has(`${toolName}.${functionName}`);
}

/** True for a rule that is about this agent, whatever the tool. */
export function coversAgent({ agents }: Rule, agent: string): boolean {
  return agents === 'any' || agents.has(agent);
}
