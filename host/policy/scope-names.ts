/** What a scope names that has to be elsewhere: in the policy, and paths on this machine. */
export interface ScopeNames {
  readonly secrets?: readonly string[];
  /** `tool` or `tool.function`. */
  readonly tools?: readonly string[];
  readonly channels?: readonly string[];
  readonly approvers?: readonly string[];
  /** Paths of this machine, as they are written. */
  readonly paths?: readonly string[];
}

/** Names in the scope of a capability, as its schema made it. */
export type NamesInScope = (capability: string, scope: unknown) => ScopeNames;
