import { CodedError } from '../../../runtime/index.ts';

/**
 * The error of a condition that cannot be evaluated on a request. `decide` lets it deny, whatever the effect of the rule.
 *
 * @param condition - name of the condition, such as `pattern` or `when`; `data.condition`.
 * @param reason - what is wrong, without any value of a parameter.
 */
export function conditionError(condition: string, reason: string, cause?: unknown): CodedError {
  return new CodedError('denied/condition-failed', `condition \`${condition}\` cannot be evaluated: ${reason}`, {
    data: { condition },
    ...(cause === undefined ? {} : { cause }),
  });
}
