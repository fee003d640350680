/** What a scope names that the policy has to have elsewhere. */
export interface ScopeNames {
  readonly secrets?: readonly string[];
  /** `tool` or `tool.function`. */
  readonly tools?: readonly string[];
  readonly channels?: readonly string[];
  readonly approvers?: readonly string[];
}

/** Names in the scope of a capability, as its schema made it. */
export type NamesInScope = (capability: string, scope: unknown) => ScopeNames;
