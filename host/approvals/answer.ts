import { CodedError, type PlainJson } from '../../runtime/index.ts';
import type { TrailEntry } from '../audit/entries.ts';
import { quote, quoteList } from '../policy/quote.ts';
import type { Approval, Asked, Shape } from './approval.ts';
import type { ApprovalBook } from './book.ts';
import { approvalDigest, isObject, shapeDigest } from './digest.ts';
import { isIdPrefix, randomId } from './id.ts';
import type { Refusal } from './refusals.ts';
import { instantText } from './text-lines.ts';

/** What a human said, and how it came to us. */
export interface Answer {
  /** Id of the approval, or its beginning; a shape's where it is revoked. */
  readonly approval: string;
  readonly event: 'approved' | 'denied' | 'revoked';
  /** Who answered: a name that the channel vouches for. */
  readonly by: string;
  /** `cli`, `library`, `console` and `http` are the operator's own; others count where the question names them. */
  readonly channel: string;
  readonly reason?: string | undefined;
  /** The digest of what the human saw, in full; an answer to anything else is refused. */
  readonly digest?: string | undefined;
  /** With `approved`: a rule for further calls like this one. */
  readonly shape?: ShapeWish | undefined;
}

/** Calls of one shape: parameters in `free` may differ; so many minutes, so many calls beside the approved one. */
export interface ShapeWish {
  readonly free: readonly string[];
  readonly minutes: number;
  readonly usesMax: number;
}

/** A shape is meant for the work of a few days at most; what is needed longer is a rule of the policy. */
export const SHAPE_MINUTES_MAX = 7 * 24 * 60;
export const SHAPE_USES_MAX = 1000;
/** Shapes of one agent that are in force at a time. */
export const SHAPES_PER_AGENT_MAX = 100;
const NAME_CHARS_MAX = 100;
const REASON_CHARS_MAX = 1000;

/**
 * Whoever uses `cli` and `library` may write the trail, so the trail is theirs; `console` and `http` know by a token which operator of the policy it is.
 */
const OPERATOR_CHANNELS: ReadonlySet<string> = new Set(['cli', 'library', 'console', 'http']);

/**
 * The entries that record an answer, or the reason why it is none. Pure but for the random id of a shape; to be called under the trail's
 * lock, so that of two answers the first one wins.
 *
 * @throws CodedError `usage/not-found`, `usage/ambiguous`, `usage/invalid-argument`, `denied/not-an-approver`,
 * `denied/approval-mismatch` (another digest), `denied/approval-expired`, `-used`, `-denied`, `-revoked`.
 */
export function answerEntries(book: ApprovalBook, answer: Answer, nowMs: number, newId = randomId): readonly TrailEntry[] {
  checkTexts(answer);
  const found = findOne(book, answer.approval, answer.event === 'revoked');
  if ('added' in found) return revokeShape(book, found, answer, nowMs);
  const { asked } = found;
  checkApprover(asked, answer);
  if (answer.digest !== undefined && answer.digest !== asked.digest) throw otherDigest(asked);
  checkOpen(book, found, answer.event, nowMs);
  if (answer.shape !== undefined && asked.subject.question !== undefined) {
    throw invalid('a yes to a question of a running call lets no further calls run', 'approve it without a shape');
  }
  if (answer.event !== 'revoked' && approvalDigest(asked.subject) !== asked.digest) throw otherDigest(asked);
  const { event, by, channel, reason, shape } = answer;
  const said = { at: nowMs, by, channel, ...(reason === undefined ? {} : { reason }) };
  const entry = { kind: 'approval', event, approval: asked.approval, ...said } as const;
  return shape === undefined ? [entry] : [entry, shapeEntry(book, asked, answer, shape, nowMs, newId)];
}

/** @throws CodedError `usage/not-found`, `usage/ambiguous`. */
export function findApproval(book: ApprovalBook, id: string): Approval {
  return findOne(book, id, false) as Approval; // shapes were not looked for
}

/** The one approval, or where `withShapes` the one shape, that begins like that. */
export function findOne(book: ApprovalBook, id: string, withShapes: boolean): Approval | Shape {
  const found = [...book.find(id), ...(withShapes ? book.findShapes(id) : [])];
  const [only] = found;
  if (found.length === 1 && only !== undefined) return only;
  if (found.length === 0) {
    const help = isIdPrefix(id)
      ? '`cellblock approvals list --all` shows those of the last day, `cellblock audit query` older ones'
      : 'write at least four characters of the id, as `cellblock approvals list` shows it';
    throw new CodedError('usage/not-found', `there is no approval ${quote(id)}`, { help });
  }
  const ids = found.map((item) => ('added' in item ? item.added.shape : item.asked.approval));
  throw new CodedError('usage/ambiguous', `more than one approval begins with ${quote(id)}`, {
    help: `write more of the id, one of: ${quoteList(ids)}`,
  });
}

function checkTexts({ by, channel, reason, event, shape }: Answer): void {
  const isName = by.trim() === by && by.length > 0 && by.length <= NAME_CHARS_MAX && !/[\p{C}\p{Zl}\p{Zp}]/u.test(by);
  if (!isName) throw invalid('who answers needs a name of 1 to 100 printable characters');
  if (channel === '') throw invalid('an answer needs the channel that it came by');
  if (reason !== undefined && reason.length > REASON_CHARS_MAX) throw invalid('a reason has at most 1,000 characters');
  if (shape !== undefined && event !== 'approved') throw invalid('only a yes can make a shape');
}

/** The agent that asks never answers, under whatever spelling of its name; else who and how is as the question says. */
function checkApprover(asked: Asked, { by, channel, event }: Answer): void {
  if (isAgent(by, asked.subject.agent)) throw notApprover(by, 'an agent never answers what agents ask');
  const isOperator = OPERATOR_CHANNELS.has(channel);
  if (!isOperator && !asked.channels.includes(channel))
    throw notApprover(by, `the policy does not take answers by ${quote(channel)}`);
  // Taking back is safe, and the operator may do it whoever the approvers are.
  if (event === 'revoked' && isOperator) return;
  if (asked.approvers.length > 0 && !asked.approvers.includes(by)) {
    throw notApprover(by, `the policy names ${quoteList(asked.approvers)}`);
  }
}

function isAgent(by: string, agent: string): boolean {
  return folded(by) === folded(agent) || folded(by).startsWith('agent:');
}

function folded(name: string): string {
  return name.normalize('NFKC').trim().toLowerCase();
}

function checkOpen(book: ApprovalBook, approval: Approval, event: Answer['event'], nowMs: number): void {
  const status = book.status(approval, nowMs);
  const id = quote(approval.asked.approval);
  if (status === 'pending') return;
  if (status === 'approved') {
    if (event === 'revoked') return;
    throw new CodedError(
      'usage/invalid-argument',
      `the approval ${id} was already given by ${quote(approval.approved?.by ?? '')}`,
      {
        help: 'the first answer counts; `cellblock approvals revoke` takes it back until it is used',
      },
    );
  }
  throw endedError(id, status);
}

/** @param id - as it is to be shown. */
export function endedError(id: string, status: 'denied' | 'revoked' | 'expired' | 'used'): CodedError {
  const [code, message, help] = ENDS[status];
  return new CodedError(code, `the approval ${id} ${message}`, { help });
}

/** Of a call that a human refused, for which nobody is asked again yet. */
export function refusedError({ approval, status, until }: Refusal): CodedError {
  const [code, message, help] = ENDS[status];
  const from = Math.ceil(until / 1000) * 1000; // the text has whole seconds, and must not be early
  return new CodedError(code, `the approval ${quote(approval)} ${message}`, {
    data: { approval, until },
    help: `${help}; nobody is asked about it again before ${instantText(from)}`,
  });
}

const ENDS = {
  used: ['denied/approval-used', 'was used already', 'each approval serves one call; file the request anew, without the id'],
  expired: ['denied/approval-expired', 'has expired', 'file the request anew, without the id, to ask again'],
  denied: ['denied/approval-denied', 'was denied', 'a human said no to this request'],
  revoked: ['denied/approval-revoked', 'was taken back', 'a human took the approval back'],
} as const;

function shapeEntry(
  book: ApprovalBook,
  asked: Asked,
  { by, channel }: Answer,
  { free, minutes, usesMax }: ShapeWish,
  nowMs: number,
  newId: () => string,
): TrailEntry {
  checkShape(asked, { free, minutes, usesMax });
  const { agent } = asked.subject;
  const mine = book.listShapes(['active'], nowMs).filter(({ added }) => added.subject.agent === agent);
  if (mine.length >= SHAPES_PER_AGENT_MAX) {
    throw invalid(`the agent has ${SHAPES_PER_AGENT_MAX} shapes in force, which is the most`, 'revoke some of them first');
  }
  const { approval, subject, parameters } = asked;
  const digest = shapeDigest(subject, parameters, free);
  const until = { expiresAt: nowMs + minutes * 60_000, usesMax };
  const shape = newId();
  return { kind: 'shape', event: 'added', shape, at: nowMs, by, channel, approval, subject, parameters, free, digest, ...until };
}

function checkShape({ parameters }: Asked, { free, minutes, usesMax }: ShapeWish): void {
  const names = namesOf(parameters);
  const unknown = free.find((name) => !names.includes(name));
  if (unknown !== undefined) throw invalid(`the call has no parameter ${quote(unknown)}`, `its parameters: ${quoteList(names)}`);
  if (new Set(free).size !== free.length) throw invalid('a parameter is named twice among the free ones');
  if (!isBetween(minutes, SHAPE_MINUTES_MAX)) throw invalid('a shape is for 1 to 10080 minutes, which is a week');
  if (!isBetween(usesMax, SHAPE_USES_MAX)) throw invalid('a shape is for 1 to 1000 uses');
}

function namesOf(parameters: PlainJson): readonly string[] {
  return isObject(parameters) ? Object.keys(parameters) : [];
}

function isBetween(value: number, max: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= max;
}

function revokeShape(book: ApprovalBook, shape: Shape, answer: Answer, nowMs: number): readonly TrailEntry[] {
  const { by, channel, reason } = answer;
  if (isAgent(by, shape.added.subject.agent) || !OPERATOR_CHANNELS.has(channel)) {
    throw notApprover(by, 'shapes are revoked by the operator, on the command line or by the embedding program');
  }
  const status = book.shapeStatus(shape, nowMs);
  if (status !== 'active') throw endedError(quote(shape.added.shape), status);
  const said = { at: nowMs, by, channel, ...(reason === undefined ? {} : { reason }) };
  return [{ kind: 'shape', event: 'revoked', shape: shape.added.shape, ...said }];
}

function otherDigest({ approval }: Asked): CodedError {
  return new CodedError('denied/approval-mismatch', `the approval ${quote(approval)} is for another request than the one shown`, {
    help: 'look at it again with `cellblock approvals show` before answering',
  });
}

function notApprover(by: string, why: string): CodedError {
  return new CodedError('denied/not-an-approver', `${quote(by)} may not answer this: ${why}`);
}

function invalid(message: string, help?: string): CodedError {
  return new CodedError('usage/invalid-argument', message, help === undefined ? {} : { help });
}
