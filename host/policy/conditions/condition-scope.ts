/**
 * `allow`: what is no value for the condition (another type, a text that is too long) does not satisfy it. `restrict`, for forbid, ask, limit and
 * alert rules: it throws, so that no rule is passed by a value that it cannot judge.
 */
export type ConditionMode = 'allow' | 'restrict';

/** What `{agent}` and `{session}` stand for; a `DecisionRequest` is one. */
export interface ConditionScope {
  readonly agent: string;
  readonly session?: string | undefined;
}
