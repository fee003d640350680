import type { PlainJson } from '../../runtime/index.ts';
import type { ApprovalEntry, ApprovalSubject, ShapeEntry } from '../audit/entries.ts';
import type { TrailRecord, TrailState } from '../audit/trail.ts';
import {
  type Approval,
  type ApprovalStatus,
  afterApprovalEvent,
  afterCallEnd,
  afterShapeEvent,
  approvalStatus,
  CLOCK_BACK_MS_MAX,
  lapsesAt,
  type Shape,
  type ShapeStatus,
  shapeStatus,
} from './approval.ts';
import { isObject, shapeDigest } from './digest.ts';
import { Ledger } from './ledger.ts';
import { type Refusal, Refusals } from './refusals.ts';

/** Which approvals to list; what is left out does not narrow. */
export interface ApprovalFilter {
  readonly agent?: string;
  readonly statuses?: readonly ApprovalStatus[];
}

const CARRY_VERSION = 1;

/**
 * All questions, answers and shapes, folded from the trail: the same in each process that shares it. Holds what is open, for a day what
 * ended (at most 1,000 of each), so that an agent learns how, and what humans refused (at most 500). Decides nothing, and changes by records only.
 *
 * Time does not run backwards in it: where the clock was set back, the instant of the latest record counts, and what had expired stays so.
 */
export class ApprovalBook implements TrailState {
  readonly #approvals = new Ledger<Approval>(({ ended }) => ended?.at, lapsesAt);
  readonly #shapes = new Ledger<Shape>(
    ({ ended }) => ended?.at,
    ({ added }) => added.expiresAt,
  );
  readonly #refusals = new Refusals();
  /** Ids of open approvals by digest. */
  readonly #byDigest = new Map<string, Set<string>>();
  /** Ids of open questions by the audit id of the running call that asks. */
  readonly #byCall = new Map<string, Set<string>>();
  #latestAt = Number.NEGATIVE_INFINITY;

  apply(record: TrailRecord): void {
    if (record.at > this.#latestAt || this.#latestAt - record.at > CLOCK_BACK_MS_MAX) this.#latestAt = record.at;
    if (record.kind === 'approval') this.#applyApproval(record);
    else if (record.kind === 'shape') this.#applyShape(record);
    else if (record.kind === 'outcome') this.#endQuestions(record);
    for (const { asked } of this.#approvals.forget(this.#latestAt)) this.#unindex(asked);
    this.#shapes.forget(this.#latestAt);
  }

  carry(): unknown {
    const latestAt = Number.isFinite(this.#latestAt) ? this.#latestAt : null;
    return {
      version: CARRY_VERSION,
      latestAt,
      approvals: this.#approvals.items(),
      shapes: this.#shapes.items(),
      refusals: this.#refusals.items(this.#latestAt),
    };
  }

  /** What is not known to be ours is nothing: an approval that is lost has to be asked for again. */
  reset(carried: unknown): void {
    const known = isCarried(carried) ? carried : { latestAt: null, approvals: [], shapes: [], refusals: [] };
    this.#latestAt = known.latestAt ?? Number.NEGATIVE_INFINITY;
    this.#approvals.reset(known.approvals.map((item) => [item.asked.approval, item]));
    this.#shapes.reset(known.shapes.map((item) => [item.added.shape, item]));
    this.#refusals.reset(known.refusals);
    this.#byDigest.clear();
    this.#byCall.clear();
    for (const approval of this.#approvals.open()) this.#index(approval);
  }

  /** By its whole id, as it is kept. */
  approval(id: string): Approval | undefined {
    return this.#approvals.get(id);
  }

  shape(id: string): Shape | undefined {
    return this.#shapes.get(id);
  }

  /** @param prefix - at least four characters of an id; hyphens and case do not count. */
  find(prefix: string): readonly Approval[] {
    return this.#approvals.find(prefix);
  }

  findShapes(prefix: string): readonly Shape[] {
    return this.#shapes.find(prefix);
  }

  status(approval: Approval, nowMs: number): ApprovalStatus {
    return approvalStatus(approval, this.#notBefore(nowMs));
  }

  shapeStatus(shape: Shape, nowMs: number): ShapeStatus {
    return shapeStatus(shape, this.#notBefore(nowMs));
  }

  /** In the order in which they were asked. */
  list({ agent, statuses }: ApprovalFilter, nowMs: number): readonly Approval[] {
    return this.#approvals
      .items()
      .filter(({ asked }) => agent === undefined || asked.subject.agent === agent)
      .filter((approval) => statuses === undefined || statuses.includes(this.status(approval, nowMs)))
      .sort((one, other) => one.asked.at - other.asked.at);
  }

  /** In the order in which they were added. */
  listShapes(statuses: readonly ShapeStatus[] | undefined, nowMs: number): readonly Shape[] {
    return this.#shapes
      .items()
      .filter((shape) => statuses === undefined || statuses.includes(this.shapeStatus(shape, nowMs)))
      .sort((one, other) => one.added.at - other.added.at);
  }

  /** The question that was asked already for exactly this call and still waits. */
  pendingFor(digest: string, agent: string, nowMs: number): Approval | undefined {
    return this.#openFor(digest, agent, 'pending', nowMs);
  }

  /** The approval of exactly this call that waits for its use. */
  approvedFor(digest: string, agent: string, nowMs: number): Approval | undefined {
    return this.#openFor(digest, agent, 'approved', nowMs);
  }

  /** The no, or the yes that was taken back, which still holds for exactly this call. */
  refusalFor(digest: string, agent: string, nowMs: number): Refusal | undefined {
    return this.#refusals.of(digest, agent, this.#notBefore(nowMs));
  }

  pendingCount(agent: string, nowMs: number): number {
    const mine = this.#approvals.open().filter(({ asked }) => asked.subject.agent === agent);
    return mine.filter((approval) => this.status(approval, nowMs) === 'pending').length;
  }

  /** The rule of an approver that covers a call: subject and bound parameters are equal. The one that ends first. */
  shapeFor(subject: ApprovalSubject, parameters: PlainJson, nowMs: number): Shape | undefined {
    if (!isObject(parameters)) return undefined;
    return this.#shapes
      .open()
      .filter(({ added }) => added.subject.agent === subject.agent && added.subject.tool === subject.tool)
      .filter((shape) => this.shapeStatus(shape, nowMs) === 'active')
      .filter(({ added }) => shapeDigest(subject, parameters, added.free) === added.digest)
      .sort((one, other) => one.added.expiresAt - other.added.expiresAt)[0];
  }

  /** Approvals whose time is over, which no record says yet. */
  lapsed(nowMs: number): readonly Approval[] {
    const now = this.#notBefore(nowMs);
    if (now < this.#approvals.lapseAtMin) return [];
    return this.#approvals.open().filter((approval) => approvalStatus(approval, now) === 'expired');
  }

  #openFor(digest: string, agent: string, status: ApprovalStatus, nowMs: number): Approval | undefined {
    for (const id of this.#byDigest.get(digest) ?? []) {
      const approval = this.#approvals.get(id);
      if (approval?.asked.subject.agent === agent && this.status(approval, nowMs) === status) return approval;
    }
    return undefined;
  }

  #notBefore(nowMs: number): number {
    return this.#latestAt - nowMs > CLOCK_BACK_MS_MAX ? nowMs : Math.max(nowMs, this.#latestAt);
  }

  #applyApproval(entry: ApprovalEntry & Placed): void {
    const before = this.#approvals.get(entry.approval);
    if (entry.event === 'asked') {
      // An id that comes a second time changes nothing: what was shown under it stays.
      if (before !== undefined || !isSubject(entry.subject)) return;
      const approval = { asked: withoutPlace(entry) };
      this.#approvals.set(entry.approval, approval);
      this.#index(approval);
    } else if (before !== undefined) {
      const after = afterApprovalEvent(before, entry, this.#latestAt);
      this.#approvals.set(entry.approval, after);
      if (after.ended !== undefined) this.#unindex(after.asked);
      if (before.ended === undefined) this.#noteRefusal(after);
    }
  }

  #noteRefusal(approval: Approval): void {
    const { asked, ended } = approval;
    if (asked.subject.question !== undefined) return; // it would take the place of a call that was refused
    if (ended?.status !== 'denied' && ended?.status !== 'revoked') return;
    const call = { approval: asked.approval, digest: asked.digest, agent: asked.subject.agent };
    this.#refusals.add({ ...call, status: ended.status, until: lapsesAt(approval) }, this.#latestAt);
  }

  #applyShape(entry: ShapeEntry & Placed): void {
    const before = this.#shapes.get(entry.shape);
    if (entry.event !== 'added') {
      if (before !== undefined) this.#shapes.set(entry.shape, afterShapeEvent(before, entry));
    } else if (before === undefined && isSubject(entry.subject)) {
      this.#shapes.set(entry.shape, { added: withoutPlace(entry), uses: 0 });
    }
  }

  /** Also after a crash: whoever finds the call interrupted writes its outcome, and the question is over. */
  #endQuestions({ audit, at }: { readonly audit: string; readonly at: number }): void {
    for (const id of this.#byCall.get(audit) ?? []) {
      const approval = this.#approvals.get(id);
      if (approval === undefined) continue;
      this.#approvals.set(id, afterCallEnd(approval, at));
      this.#unindex(approval.asked);
    }
  }

  #index({ asked }: Approval): void {
    add(this.#byDigest, asked.digest, asked.approval);
    const { question } = asked.subject;
    if (question !== undefined) add(this.#byCall, question.audit, asked.approval);
  }

  #unindex({ digest, approval, subject }: Approval['asked']): void {
    remove(this.#byDigest, digest, approval);
    if (subject.question !== undefined) remove(this.#byCall, subject.question.audit, approval);
  }
}

function add(index: Map<string, Set<string>>, key: string, id: string): void {
  index.set(key, (index.get(key) ?? new Set<string>()).add(id));
}

function remove(index: Map<string, Set<string>>, key: string, id: string): void {
  const ids = index.get(key);
  if (ids?.delete(id) === true && ids.size === 0) index.delete(key);
}

/** Without its place in the trail, so that what is carried over is the entry as it was made. */
function withoutPlace<Entry extends object>({ seq: _seq, ...entry }: Entry & { readonly seq: number }): Omit<Entry, 'seq'> {
  return entry as unknown as Omit<Entry, 'seq'>; // the rest of it, which the compiler cannot name for a type parameter
}

type Placed = { readonly seq: number };

interface Carried {
  readonly latestAt: number | null;
  readonly approvals: readonly Approval[];
  readonly shapes: readonly Shape[];
  readonly refusals: readonly Refusal[];
}

function isCarried(carried: unknown): carried is Carried {
  if (typeof carried !== 'object' || carried === null) return false;
  const { version, latestAt, approvals, shapes, refusals } = carried as Record<string, unknown>; // any value may come
  if (version !== CARRY_VERSION || !(latestAt === null || typeof latestAt === 'number')) return false;
  if (!Array.isArray(approvals) || !Array.isArray(shapes) || !Array.isArray(refusals)) return false;
  const areApprovals = approvals.every((item) => typeof item?.asked?.approval === 'string' && isSubject(item.asked.subject));
  const areShapes = shapes.every((item) => typeof item?.added?.shape === 'string' && isSubject(item.added.subject));
  return areApprovals && areShapes && refusals.every((item) => typeof item?.digest === 'string');
}

function isSubject(subject: unknown): boolean {
  if (typeof subject !== 'object' || subject === null) return false;
  const { question } = subject as { readonly question?: Partial<Record<string, unknown>> | null };
  return question === undefined || (typeof question?.audit === 'string' && typeof question.text === 'string');
}
