import type { CellOutcome, GuestFrame } from './outcome.ts';
import type { StackFrame } from './symbols/guest-stack.ts';

/**
 * Puts the guest's stack into an outcome's error, as `data.stack`.
 *
 * @param explain - asked only where there are frames. What it throws costs the outcome nothing but its stack.
 */
export async function withStack(
  { guestFrames, ...outcome }: CellOutcome,
  explain: (frames: readonly GuestFrame[]) => Promise<readonly StackFrame[]>,
): Promise<CellOutcome> {
  const { error } = outcome;
  if (guestFrames === undefined || error === undefined) return outcome;
  const stack = await explain(guestFrames).catch(() => []);
  return stack.length === 0 ? outcome : { ...outcome, error: { ...error, data: { ...error.data, stack } } };
}
