import type { ApprovalEntry, ShapeEntry } from '../audit/entries.ts';

export type Asked = Extract<ApprovalEntry, { event: 'asked' }>;
export type ShapeAdded = Extract<ShapeEntry, { event: 'added' }>;

/** `pending`: nobody answered yet. `approved`: may be used once. The others are ends. */
export type ApprovalStatus = 'pending' | 'approved' | 'denied' | 'revoked' | 'expired' | 'used';
export type ShapeStatus = 'active' | 'used' | 'revoked' | 'expired';

/** Who said what. Instants are milliseconds since 1970. */
export interface Answered {
  readonly at: number;
  readonly by: string;
  readonly channel: string;
  readonly reason?: string;
}

/** One question and what became of it. Immutable; plain JSON data. */
export interface Approval {
  /** As it was written; after its end without parameters, justification and source, which the trail has. */
  readonly asked: Asked;
  readonly approved?: Answered;
  readonly ended?: { readonly status: Exclude<ApprovalStatus, 'pending' | 'approved'>; readonly at: number } & Partial<
    Omit<Answered, 'at'> & { readonly audit: string }
  >;
}

/** A rule that an approver made, and how often it served. Immutable; plain JSON data. */
export interface Shape {
  readonly added: ShapeAdded;
  readonly uses: number;
  readonly ended?: { readonly status: Exclude<ShapeStatus, 'active'>; readonly at: number } & Partial<Omit<Answered, 'at'>>;
}

/** Instant at which it is over when nothing happens: that very millisecond is too late. */
export function lapsesAt({ asked, approved }: Approval): number {
  return approved === undefined ? asked.expiresAt : approved.at + asked.useWithinMs;
}

/**
 * A step back of the clock by more than this is a clock that was set right. What was asked or made while it ran ahead would last for as long as it
 * did, so that is over.
 */
export const CLOCK_BACK_MS_MAX = 24 * 60 * 60 * 1000;

/** What it is worth at an instant, in milliseconds since 1970. Anything but a time before its end is `expired`, an unusable number too. */
export function approvalStatus(approval: Approval, nowMs: number): ApprovalStatus {
  if (approval.ended !== undefined) return approval.ended.status;
  if (!(nowMs < lapsesAt(approval)) || isAhead(approval.asked.at, nowMs)) return 'expired';
  return approval.approved === undefined ? 'pending' : 'approved';
}

export function shapeStatus({ added, ended }: Shape, nowMs: number): ShapeStatus {
  if (ended !== undefined) return ended.status;
  return nowMs < added.expiresAt && !isAhead(added.at, nowMs) ? 'active' : 'expired';
}

function isAhead(at: number, nowMs: number): boolean {
  return at - nowMs > CLOCK_BACK_MS_MAX;
}

/**
 * What an event makes of an approval. A yes counts once, in time and only when nothing came before it; a no counts after a yes, too, until the
 * approval was used. After an end nothing counts.
 *
 * @param nowMs - the latest instant that the trail has seen.
 */
export function afterApprovalEvent(approval: Approval, entry: Exclude<ApprovalEntry, Asked>, nowMs: number): Approval {
  if (approval.ended !== undefined) return approval;
  const { at } = entry;
  switch (entry.event) {
    case 'approved':
      return approvalStatus(approval, nowMs) === 'pending' ? { ...approval, approved: answered(entry) } : approval;
    case 'denied':
    case 'revoked':
      return ended(approval, { status: entry.event, ...answered(entry) });
    case 'expired':
      return ended(approval, { status: 'expired', at });
    case 'used':
      return ended(approval, { status: 'used', at, audit: entry.audit });
    default:
      return approval; // an event of a newer version gives nothing
  }
}

/** A question that has not ended when its call does ends with it, whatever was said: nobody is there any more to hear it. */
export function afterCallEnd(approval: Approval, at: number): Approval {
  return approval.ended === undefined ? ended(approval, { status: 'revoked', at }) : approval;
}

/** What an event makes of a shape: each use counts, the last one ends it. */
export function afterShapeEvent(shape: Shape, entry: Exclude<ShapeEntry, ShapeAdded>): Shape {
  if (shape.ended !== undefined) return shape;
  if (entry.event === 'revoked') return { ...shape, added: bare(shape.added), ended: { status: 'revoked', ...answered(entry) } };
  const uses = shape.uses + 1;
  if (uses < shape.added.usesMax) return { ...shape, uses };
  return { added: bare(shape.added), uses, ended: { status: 'used', at: entry.at } };
}

function ended(approval: Approval, end: NonNullable<Approval['ended']>): Approval {
  return { ...approval, asked: bare(approval.asked), ended: end };
}

/** Without what can be large: the book keeps ended ones only to say how they ended. */
function bare<Entry extends Asked | ShapeAdded>(entry: Entry): Entry {
  const { justification: _words, source: _line, question, ...rest } = entry.subject;
  if (question === undefined) return { ...entry, subject: rest, parameters: null };
  const { details: _details, ...short } = question;
  return { ...entry, subject: { ...rest, question: short }, parameters: null };
}

function answered({ at, by, channel, reason }: Answered): Answered {
  return { at, by, channel, ...(reason === undefined ? {} : { reason }) };
}
