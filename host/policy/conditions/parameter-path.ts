import type { ParameterRecord, ParameterValue } from '../parameter-value.ts';

export type PathStep =
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  /** Every item of a list: `[*]`. */
  | { readonly kind: 'every' };

/** A path into parameters, such as `a.b`, `list[*].c`, `list[0]` or `a["odd name"]`. */
export interface ParameterPath {
  readonly text: string;
  /** At least one; the first is a field. */
  readonly steps: readonly PathStep[];
  /** The values that the path selects, in order; null and what is not there are left out. For code that is not hot. */
  select(parameters: ParameterRecord): ParameterValue[];
}

/** @throws CodedError `usage/invalid-argument`. */
export function parseParameterPath(text: string): ParameterPath {
  throw new Error(`todo ${text}`);
}
