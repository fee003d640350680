import type { ParameterRecord } from '../parameter-value.ts';
import type { ConditionMode, ConditionName, ConditionScope, ValueConditionSpec } from './value-condition.ts';

/** Conditions by parameter path: the `parameters` of a rule. At least one path. */
export type ParameterConditionsSpec = Readonly<Record<string, ValueConditionSpec>>;

export interface ParameterFailure {
  /** The path as the policy writes it. */
  readonly path: string;
  /** `present`: the path selects nothing; `type`: something on the way is no record or list. */
  readonly condition: ConditionName | 'present' | 'type';
}

export interface ParameterConditions {
  /**
   * The first path that does not hold, in the order of the policy; undefined when all hold: in mode `allow` for every value that a path selects, and
   * it selects at least one (unless `optional`); in mode `restrict` for some value.
   *
   * Failures are made at load, so that they cost nothing and compare by identity.
   *
   * @throws CodedError `denied/condition-failed`, mode `restrict` only.
   */
  failure(parameters: ParameterRecord, scope: ConditionScope): ParameterFailure | undefined;
}

/** @throws CodedError `usage/invalid-argument`. */
export function compileParameterConditions(spec: ParameterConditionsSpec, mode: ConditionMode): ParameterConditions {
  throw new Error(`todo ${spec} ${mode}`);
}
