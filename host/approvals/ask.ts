import { CodedError } from '../../runtime/index.ts';
import type { ApprovalEntry } from '../audit/entries.ts';
import type { ApprovalDemand } from '../policy/decision.ts';
import { quote } from '../policy/quote.ts';
import type { Asked } from './approval.ts';
import type { ApprovalBook } from './book.ts';
import { approvalDigest } from './digest.ts';
import { randomId } from './id.ts';
import type { ApprovableCall } from './use.ts';

/** Questions of one agent that wait at a time: more than anybody answers with care. */
export const PENDING_PER_AGENT_MAX = 50;
/** Bytes of one question as JSON: nobody can judge more, and the trail carries open questions from segment to segment. */
export const ASKED_BYTES_MAX = 256 * 1024;
/** Lapsed approvals that one transaction writes down. */
const EXPIRY_ENTRIES_MAX = 100;

/**
 * The entry that asks a human. Pure but for the random id; to be called under the trail's lock, after `useEntries` found nothing.
 *
 * @throws CodedError `busy/overloaded` when the agent has too many open questions, `params/too-large` when this one is too
 * large to be judged, `internal/invariant` for a demand without an end.
 */
export function askEntry(
  book: ApprovalBook,
  { audit, subject, parameters }: Omit<ApprovableCall, 'approval'>,
  demand: ApprovalDemand,
  nowMs: number,
  newId = randomId,
): Asked {
  checkRoom(book, subject.agent, nowMs);
  const { expiresMs, useWithinMs, rules, approvers, channels } = demand;
  if (!isDuration(expiresMs) || !isDuration(useWithinMs)) {
    throw new CodedError('internal/invariant', 'an approval without an end was asked for');
  }
  const entry: Asked = {
    kind: 'approval',
    event: 'asked',
    approval: freeId(book, newId),
    audit,
    at: nowMs,
    expiresAt: nowMs + expiresMs,
    useWithinMs,
    digest: approvalDigest(subject),
    subject,
    parameters,
    rules,
    approvers,
    channels,
  };
  const bytes = Buffer.byteLength(JSON.stringify(entry));
  if (bytes > ASKED_BYTES_MAX) {
    throw new CodedError('params/too-large', `the request has ${bytes} bytes, too many to be judged by a human`, {
      data: { limit: ASKED_BYTES_MAX, used: bytes },
      help: 'make the parameters smaller, or let a rule of the policy decide on them without asking',
    });
  }
  return entry;
}

/** Entries that write down what time has ended: the trail then says so itself. At most 100 at a time; none most of the time. */
export function expiryEntries(book: ApprovalBook, nowMs: number): readonly ApprovalEntry[] {
  const lapsed = book.lapsed(nowMs).slice(0, EXPIRY_ENTRIES_MAX);
  return lapsed.map(({ asked }) => ({ kind: 'approval', event: 'expired', approval: asked.approval, at: nowMs }));
}

function checkRoom(book: ApprovalBook, agent: string, nowMs: number): void {
  if (book.pendingCount(agent, nowMs) < PENDING_PER_AGENT_MAX) return;
  const waiting = book.list({ agent, statuses: ['pending'] }, nowMs);
  const first = Math.min(...waiting.map(({ asked }) => asked.expiresAt));
  throw new CodedError('busy/overloaded', `${quote(agent)} has ${PENDING_PER_AGENT_MAX} requests that wait for a human`, {
    data: { retryAfterMs: Math.max(first - nowMs, 1) },
    help: 'wait for answers before asking more',
  });
}

function isDuration(ms: number): boolean {
  return Number.isSafeInteger(ms) && ms > 0;
}

/** @throws CodedError `internal/invariant` when the source of ids gives none that is new. */
function freeId(book: ApprovalBook, newId: () => string): string {
  for (let attempt = 0; attempt < 4; attempt++) {
    const id = newId();
    if (book.approval(id) === undefined && book.shape(id) === undefined) return id;
  }
  throw new CodedError('internal/invariant', 'no new id for an approval was found');
}
