import type { DecisionRequest } from '../decision-request.ts';
import type { ParameterValue } from '../parameter-value.ts';
import { conditionError } from './condition-error.ts';
import type { ExpressionFacts } from './when-expression.ts';

/** Steps of one evaluation with comprehensions over values: some 100 ns each, 0.2 s at most. */
const STEPS_MAX = 2_000_000;
/** Characters or bytes that are compared in about the time of one step. */
const CHARS_PER_STEP = 256;
/**
 * Refuses a request on which an expression could take too long: one that loops in a loop over hostile lists.
 *
 * @param facts - with a degree of 2 or more: for 2 the request may hold some 1,400 values, for 3 some 120.
 * @throws CodedError `denied/condition-failed`.
 */
export function checkWork(request: DecisionRequest, { degree, size }: ExpressionFacts): void {
  // Literals are looped over as well.
  const sizeMax = STEPS_MAX ** (1 / degree) - size;
  const texts = textSize(request.justification) + textSize(request.source);
  if (texts + sizeOf(request.parameters, sizeMax) <= sizeMax) return;
  throw conditionError('when', 'the parameters are too large for loops in loops');
}

function textSize(text: string | undefined): number {
  return text === undefined ? 0 : text.length / CHARS_PER_STEP;
}

/** @returns values, and characters in steps; stops soon after `most`. */
function sizeOf(value: ParameterValue, most: number): number {
  if (typeof value === 'string' || value instanceof Uint8Array) return 1 + value.length / CHARS_PER_STEP;
  if (typeof value !== 'object' || value === null) return 1;
  let size = 1;
  for (const item of Array.isArray(value) ? (value as readonly ParameterValue[]) : Object.values(value)) {
    size += sizeOf(item, most - size);
    if (size > most) break;
  }
  return size;
}
