import type { DecisionRequest } from '../decision.ts';

/**
 * True when the expression is true of the request at that instant.
 *
 * @throws CodedError `denied/condition-failed` for any error of the evaluation.
 */
export type When = (request: DecisionRequest, instantMs: number) => boolean;

/** @throws CodedError `usage/invalid-argument`. */
export function compileWhen(source: string): When {
  throw new Error(`todo ${source}`);
}
