import type { ApprovalEntry, ApprovalSubject, IntentEntry, OutcomeEntry, ShapeEntry } from './entries.ts';
import { IdSet } from './id-set.ts';
import type { TrailRecord } from './trail.ts';

type Of<Kind extends TrailRecord['kind']> = Extract<TrailRecord, { readonly kind: Kind }>;

/** A request that has not ended. */
interface OpenRequest {
  readonly agent: string;
  readonly tool: string;
  readonly parametersDigest: string | undefined;
  stage: 'requested' | 'asked' | 'allowed' | 'running';
  /** The approval that this request has used and what it was given for, where that is known; the shape. */
  approval?: { readonly id: string; readonly subject: ApprovalSubject | undefined };
  shape?: string;
}

interface OpenApproval {
  readonly subject: ApprovalSubject;
  readonly approvers: readonly string[];
  readonly expiresAt: number;
  readonly useWithinMs: number;
  approvedAt?: number;
}

interface OpenShape {
  readonly expiresAt: number;
  usesLeft: number;
}

/** What a trail leaves open at its end. */
export interface OpenEnds {
  /** Requests that were written, but never decided: the host ended between the two. */
  readonly undecided: number;
  /** Intents without an outcome: running now, or not yet found to be interrupted. */
  readonly running: number;
  /** Approvals without an end: not answered, not used, and nobody wrote yet that they expired. */
  readonly approvals: number;
}

type Why = string | undefined;

/**
 * Says whether records make sense in their order. The chain shows that nobody changed what was written; this shows that the writer kept the rules:
 * each request is written once and decided once, what needs a yes had one, from another than who asked, once and in time, for what
 * then ran; nothing runs twice, and nothing ends that was not asked for.
 *
 * Memory: what is open, and 32 bytes for each request that ever was.
 */
export class TrailLogic {
  private readonly requests = new Map<string, OpenRequest>();
  private readonly approvals = new Map<string, OpenApproval>();
  /** Ids of questions by the running call that asked them. */
  private readonly questions = new Map<string, string[]>();
  private readonly shapes = new Map<string, OpenShape>();
  private readonly seen = new IdSet();
  private readonly partial: boolean;

  /** @param partial - the trail's beginning is elsewhere: what is unknown may have been there. */
  constructor(partial: boolean) {
    this.partial = partial;
  }

  /** @returns what is wrong with the record, in words that follow its number; undefined when nothing is. Kinds that are not known pass. */
  apply(record: TrailRecord): Why {
    switch (record.kind) {
      case 'requested':
        return this.requested(record);
      case 'decided':
        return this.decided(record);
      case 'approval':
        return this.approval(record);
      case 'shape':
        return this.shape(record);
      case 'intent':
        return this.intent(record);
      case 'outcome':
        return this.outcome(record);
      case 'alert':
        return this.partial || this.seen.has(record.audit) ? undefined : 'is an alert for a request that is not there';
      default:
        return undefined;
    }
  }

  openEnds(): OpenEnds {
    const stages = [...this.requests.values()].map(({ stage }) => stage);
    const count = (wanted: OpenRequest['stage']): number => stages.filter((stage) => stage === wanted).length;
    return { undecided: count('requested'), running: count('running'), approvals: this.approvals.size };
  }

  private requested({ audit, agent, tool, parametersDigest }: Of<'requested'>): Why {
    if (!this.seen.add(audit)) return 'is a second request under one audit id';
    this.requests.set(audit, { agent, tool, parametersDigest, stage: 'requested' });
    return undefined;
  }

  private decided({ audit, effect }: Of<'decided'>): Why {
    const request = this.requests.get(audit);
    if (request === undefined) return this.unknown('is a decision without a request, or after its end');
    if (request.stage !== 'requested') return 'is a second decision on one request';
    if (effect === 'deny' || effect === 'repeat') this.requests.delete(audit);
    else request.stage = effect === 'ask' ? 'asked' : 'allowed';
    return undefined;
  }

  private approval(record: Of<'approval'>): Why {
    if (record.event === 'asked') return this.asked(record);
    const approval = this.approvals.get(record.approval);
    if (record.event === 'used' && (approval !== undefined || this.partial)) return this.used(record, approval);
    if (approval === undefined)
      return this.unknown(`is about an approval that nobody asked for, or that has ended (\`${record.event}\`)`);
    switch (record.event) {
      case 'approved':
        return approve(record, approval);
      case 'denied':
        if (approval.approvedAt !== undefined) return 'denies what was approved';
        break;
      default:
        break; // revoked, expired
    }
    this.approvals.delete(record.approval);
    return undefined;
  }

  private asked(record: Extract<ApprovalEntry, { readonly event: 'asked' }>): Why {
    const { approval, audit, subject, approvers, expiresAt, useWithinMs } = record;
    if (this.approvals.has(approval)) return 'asks a second time under one approval id';
    if (!this.partial && !this.seen.has(audit)) return 'asks for a request that is not there';
    if (subject.question !== undefined) {
      const call = this.requests.get(audit);
      if (subject.question.audit !== audit) return 'asks a question for another call than its own';
      if (call === undefined ? !this.partial : call.stage !== 'running') return 'asks a question for a call that does not run';
      this.questions.set(audit, [...(this.questions.get(audit) ?? []), approval]);
    }
    this.approvals.set(approval, { subject, approvers, expiresAt, useWithinMs });
    return undefined;
  }

  private used(record: Extract<ApprovalEntry, { readonly event: 'used' }>, approval: OpenApproval | undefined): Why {
    const why = approval === undefined ? undefined : useProblem(record, approval);
    if (why !== undefined) return why;
    this.approvals.delete(record.approval);
    const request = this.requests.get(record.audit);
    if (request === undefined) return this.unknown('uses an approval for a request that is not open');
    if (approval !== undefined && request.agent !== approval.subject.agent) return "uses another agent's approval";
    const question = approval?.subject.question;
    if (question !== undefined) {
      // The call heard the answer. It lets nothing run.
      return question.audit === record.audit && request.stage === 'running'
        ? undefined
        : 'takes the answer to a question for something else';
    }
    if (request.approval !== undefined) return 'uses a second approval for one request';
    request.approval = { id: record.approval, subject: approval?.subject };
    return undefined;
  }

  private shape(record: ShapeEntry & { readonly at: number }): Why {
    if (record.event === 'added') {
      if (this.shapes.has(record.shape)) return 'adds a second shape under one id';
      this.shapes.set(record.shape, { expiresAt: record.expiresAt, usesLeft: record.usesMax });
      return undefined;
    }
    const shape = this.shapes.get(record.shape);
    if (shape === undefined && !this.partial) return 'is about a shape that nobody made, or that was revoked';
    if (record.event === 'revoked') {
      this.shapes.delete(record.shape);
      return undefined;
    }
    if (shape !== undefined && record.at > shape.expiresAt) return 'uses a shape after its time';
    if (shape !== undefined && shape.usesLeft-- <= 0) return 'uses a shape more often than it allows';
    const request = this.requests.get(record.audit);
    if (request === undefined) return this.unknown('uses a shape for a request that is not open');
    request.shape = record.shape;
    return undefined;
  }

  private intent(record: IntentEntry): Why {
    const request = this.requests.get(record.audit);
    if (request === undefined) return this.unknown('begins a call without a request, or after its end');
    if (request.stage === 'running') return 'begins one call a second time';
    if (request.stage === 'requested') return 'begins a call before its decision';
    const why = intentProblem(record, request);
    if (why === undefined) request.stage = 'running';
    return why;
  }

  /** A call may end before it begins (a component that is gone), but neither before its decision nor twice. */
  private outcome(record: OutcomeEntry): Why {
    const request = this.requests.get(record.audit);
    if (request === undefined) return this.unknown('ends a call that was not asked for, was denied, or has ended');
    if (request.stage === 'requested') return 'ends a call before its decision';
    if (record.outcome === 'ok' && request.stage !== 'running') return 'ends well what never began';
    this.requests.delete(record.audit);
    this.endQuestions(record.audit);
    return undefined;
  }

  /** A question ends with the call that asks it. */
  private endQuestions(audit: string): void {
    for (const id of this.questions.get(audit) ?? []) this.approvals.delete(id);
    this.questions.delete(audit);
  }

  private unknown(why: string): Why {
    return this.partial ? undefined : why;
  }
}

function approve(answer: { readonly by: string; readonly at: number }, approval: OpenApproval): Why {
  const why = answerProblem(answer, approval);
  if (why === undefined) approval.approvedAt = answer.at;
  return why;
}

function answerProblem({ by, at }: { readonly by: string; readonly at: number }, approval: OpenApproval): Why {
  if (approval.approvedAt !== undefined) return 'approves a second time';
  if (at > approval.expiresAt) return 'approves after the time for it';
  if (by === approval.subject.agent) return 'is an approval by the agent that asked';
  return approval.approvers.length > 0 && !approval.approvers.includes(by) ? 'is an approval by somebody who may not' : undefined;
}

function useProblem({ at }: { readonly at: number }, { approvedAt, useWithinMs }: OpenApproval): Why {
  if (approvedAt === undefined) return 'uses an approval that nobody gave';
  return at > approvedAt + useWithinMs ? 'uses an approval after its time' : undefined;
}

function intentProblem(record: IntentEntry, request: OpenRequest): Why {
  if (request.parametersDigest !== undefined && request.parametersDigest !== record.parametersDigest)
    return 'begins a call with other parameters';
  if (record.approval !== request.approval?.id) return 'begins a call with an approval that it has not used';
  if (record.shape !== request.shape) return 'begins a call with a shape that it has not used';
  if (request.stage === 'asked' && record.approval === undefined && record.shape === undefined)
    return 'begins a call that waits for a human';
  if (request.approval?.subject === undefined) return undefined;
  return isWhatWasApproved(record, request.approval.subject) ? undefined : 'begins another call than the approved one';
}

function isWhatWasApproved(intent: IntentEntry, subject: ApprovalSubject): boolean {
  const pick = ({ function: name, component, parametersDigest, grants, limits }: IntentEntry | ApprovalSubject): string =>
    JSON.stringify([name, component, parametersDigest, [...grants].sort(), Object.entries(limits).sort()]);
  return intent.tool === subject.tool && pick(intent) === pick(subject);
}
