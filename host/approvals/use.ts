import { CodedError, type PlainJson } from '../../runtime/index.ts';
import type { ApprovalEntry, ApprovalSubject, ShapeEntry } from '../audit/entries.ts';
import { quote } from '../policy/quote.ts';
import { endedError, refusedError } from './answer.ts';
import type { Approval } from './approval.ts';
import type { ApprovalBook } from './book.ts';
import { approvalDigest } from './digest.ts';
import { wholeId } from './id.ts';

/** A call for which the policy wants a human's yes. */
export interface ApprovableCall {
  /** Audit id of the request. */
  readonly audit: string;
  readonly subject: ApprovalSubject;
  /** As in the requested record: secrets are keyed digests. */
  readonly parameters: PlainJson;
  /** The approval that the request names, as it came; whole, since a beginning could be tried out. */
  readonly approval?: string | undefined;
}

/** `use`: it may run, once these entries are in the trail. `pending`: a human is asked already. */
export type ApprovalUse =
  | { readonly use: readonly (ApprovalEntry | ShapeEntry)[]; readonly approval: string }
  | { readonly use: readonly (ApprovalEntry | ShapeEntry)[]; readonly shape: string }
  | { readonly pending: Approval };

/**
 * Finds what lets a call run: the approval that it names; else one of exactly this call, or a shape that covers it. A no to exactly this call
 * comes before a shape, and holds as long as the question would have waited. To be called under the trail's lock, with the entries appended
 * in the same step: only then is an approval used once.
 *
 * @returns undefined when nobody was asked yet.
 * @throws CodedError when the request names an approval that does not fit: `denied/approval-unknown` (not of this agent, or
 * forgotten), `-mismatch` (another call), `-used`, `-expired`, `-denied`, `-revoked`; the last two also for a call that names none and was
 * refused.
 */
export function useEntries(book: ApprovalBook, call: ApprovableCall, nowMs: number): ApprovalUse | undefined {
  const digest = approvalDigest(call.subject);
  const { agent } = call.subject;
  if (call.approval !== undefined) return useNamed(book, call, call.approval, digest, nowMs);
  const approved = book.approvedFor(digest, agent, nowMs);
  if (approved !== undefined) return useOf(approved, call, nowMs);
  const refusal = book.refusalFor(digest, agent, nowMs);
  if (refusal !== undefined) throw refusedError(refusal);
  const shape = book.shapeFor(call.subject, call.parameters, nowMs);
  if (shape !== undefined) {
    const id = shape.added.shape;
    return { use: [{ kind: 'shape', event: 'used', shape: id, at: nowMs, audit: call.audit }], shape: id };
  }
  const pending = book.pendingFor(digest, agent, nowMs);
  return pending === undefined ? undefined : { pending };
}

function useNamed(book: ApprovalBook, call: ApprovableCall, named: string, digest: string, nowMs: number): ApprovalUse {
  const id = wholeId(named);
  const approval = id === undefined ? undefined : book.approval(id);
  // What other agents asked for is not there for this one: no answer tells whether the id exists.
  if (approval === undefined || approval.asked.subject.agent !== call.subject.agent) {
    throw new CodedError('denied/approval-unknown', `there is no approval ${quote(named)} for this agent`, {
      help: 'file the request without an approval to ask for one',
    });
  }
  if (approval.asked.digest !== digest || approval.asked.subject.question !== undefined) {
    throw new CodedError('denied/approval-mismatch', `the approval ${quote(named)} is for another request than this one`, {
      help: 'an approval is for exactly the call that was shown: same component, parameters, limits, session, policy, justification and source',
    });
  }
  const status = book.status(approval, nowMs);
  if (status === 'approved') return useOf(approval, call, nowMs);
  if (status === 'pending') return { pending: approval };
  throw endedError(quote(approval.asked.approval), status);
}

function useOf({ asked }: Approval, { audit }: ApprovableCall, nowMs: number): ApprovalUse {
  const { approval } = asked;
  return { use: [{ kind: 'approval', event: 'used', approval, at: nowMs, audit }], approval };
}
