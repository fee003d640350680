import type { ParameterValue } from '../parameter-value.ts';

/** What a value can be compared with. Numbers and bigints compare by value, exactly. */
export type Scalar = string | number | bigint | boolean;

/** Conditions on the values of one parameter path; all that are given must hold. */
export interface ValueConditionSpec {
  readonly equals?: Scalar | undefined;
  readonly oneOf?: readonly Scalar[] | undefined;
  readonly notOneOf?: readonly Scalar[] | undefined;
  /** RE2, for the whole text. */
  readonly pattern?: string | undefined;
  /** At least one of these matches the whole text. */
  readonly patterns?: readonly string[] | undefined;
  /** None of these matches the whole text. */
  readonly deny?: readonly string[] | undefined;
  readonly min?: number | bigint | undefined;
  readonly max?: number | bigint | undefined;
  /** Code points of text, bytes of `list<u8>`, items of other lists. */
  readonly lengthMin?: number | undefined;
  readonly lengthMax?: number | undefined;
  /** A folder that the text, as a path, stays in. */
  readonly within?: string | undefined;
  /** `example.com`, `*.example.com`, `example.com:8443`. */
  readonly hostname?: readonly string[] | undefined;
  /** Allow rules only: the path may select nothing. */
  readonly optional?: boolean | undefined;
}

export type ConditionName = Exclude<keyof ValueConditionSpec, 'optional'>;

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

export interface ValueCondition {
  /** The first condition that the value does not satisfy; undefined when it satisfies all. */
  failure(value: ParameterValue, scope: ConditionScope): ConditionName | undefined;
}

/** @throws CodedError `usage/invalid-argument`. */
export function compileValueCondition(spec: ValueConditionSpec, mode: ConditionMode): ValueCondition {
  throw new Error(`todo ${spec} ${mode}`);
}
