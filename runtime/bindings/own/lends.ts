import type { Handle } from './handles.ts';
import type { ComponentInstance } from './store.ts';

/*
 * Handles that are lent to a call cannot be dropped or passed on before it ends. Source: CanonicalABI.md, `Subtask.add_lender`.
 */

/** Call before the arguments of a call are lifted. @returns a list that the lent handles go to. */
export function startLends(caller: ComponentInstance): Handle[] {
  caller.lenders = [];
  return caller.lenders;
}

/** Call when the call has ended well. */
export function endLends(lent: readonly Handle[]): void {
  for (const handle of lent) handle.lends--;
}
