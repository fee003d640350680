import type { Code } from '../codes.ts';
import { CodedError, isCoded } from '../error.ts';

/** Where a value leaves the guest: in its result, or in the arguments of a host function that it calls. */
export type Crossing = 'result' | 'hostCall';

const TOO_LARGE: Readonly<Record<Crossing, { readonly code: Code; readonly what: string }>> = {
  result: { code: 'limit/result', what: 'the result is too large' },
  hostCall: { code: 'limit/host-calls', what: 'the arguments of a host call are too large' },
};

/**
 * What the codec says of a value that came out of the guest, told as what it is: about the tool and its limits, not about
 * the agent's parameters.
 *
 * @param error - whatever encoding the value threw.
 * @returns what to throw in its place: `limit/result` or `limit/host-calls`, `trap/abi`, or the error itself.
 */
export function guestValueError(error: unknown, crossing: Crossing): unknown {
  if (!isCoded(error)) return error;
  const { code, message, data } = error;
  if (code === 'params/too-large') {
    const limit = TOO_LARGE[crossing];
    return new CodedError(limit.code, `${limit.what}: ${message}`, { data });
  }
  if (code !== 'params/invalid') return error;
  return new CodedError('trap/abi', `the guest passed what its type forbids: ${message}`, { data });
}
