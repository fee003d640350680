import { CodedError } from '../runtime/index.ts';
import { type ApprovableCall, type Asked, askEntry } from './approvals/index.ts';
import type { ApprovalsDesk } from './approvals-desk.ts';
import type { ApprovalEntry, ApprovalSubject, TrailEntry } from './audit/entries.ts';
import { questionProblem } from './capabilities/approve.ts';
import type { CapabilityCall, HumanAnswer, HumanQuestion } from './capabilities/capability.ts';
import type { Trail } from './trail.ts';

/** What people are shown of the call that asks: as in its intent, with the parameters of its requested record. */
export type AskingCall = Pick<ApprovableCall, 'subject' | 'parameters'>;

/** Who closes a question that its call does not wait for any more. */
const CLOSER = { by: 'cellblock', channel: 'library', reason: 'the call does not wait for an answer any more' } as const;

/**
 * Questions that running calls ask humans. A question is an approval in the trail like any other, with the same channels, approvers and rules on who
 * may answer; but its subject has a `question`, so that its digest is in a domain of its own and no call can ever use its yes. The one
 * that waits takes the answer, once, under the trail's lock. Silence is a no, and nothing stays open once the call does not wait any more.
 */
export class CallQuestions {
  readonly #trail: Trail;
  readonly #desk: Pick<ApprovalsDesk, 'waitFor'>;
  readonly #callOf: (audit: string) => AskingCall | undefined;
  readonly #redactText: (text: string) => string;

  /**
   * @param callOf - the call that runs here under this audit id. @param redactText - takes secrets out of what tools write.
   */
  constructor(
    trail: Trail,
    desk: Pick<ApprovalsDesk, 'waitFor'>,
    callOf: (audit: string) => AskingCall | undefined,
    redactText: (text: string) => string,
  ) {
    this.#trail = trail;
    this.#desk = desk;
    this.#callOf = callOf;
    this.#redactText = redactText;
  }

  /**
   * Asks, and waits until somebody answers, the time is over or the call ends.
   *
   * @throws CodedError `usage/invalid-argument` for a question that cannot be one, `internal/invariant` for a call that does not run,
   * `busy/overloaded`, `params/too-large` as for approvals, `failed/audit-unavailable`.
   */
  async ask(question: HumanQuestion, call: CapabilityCall): Promise<HumanAnswer> {
    checkQuestion(question);
    const asked = await this.#open(question, call);
    if (asked === undefined) return { kind: 'silence', approval: '' };
    try {
      await this.#desk.waitFor(asked.approval, asked.expiresAt - asked.at, call.signal);
    } catch (error) {
      await this.#take(asked, call).catch(() => undefined); // what nobody waits for must not stay open
      throw error;
    }
    return this.#take(asked, call);
  }

  /** @returns undefined when no time is left to ask in. */
  async #open(question: HumanQuestion, call: CapabilityCall): Promise<Asked | undefined> {
    const { journal, state } = this.#trail;
    const made: { asked?: Asked } = {};
    const running = this.#callOf(call.audit);
    if (running === undefined) throw new CodedError('internal/invariant', 'a call that does not run asks a question');
    const subject = this.#subjectOf(question, call, running.subject);
    await journal.transact((nowMs) => {
      const leftMs = Math.floor(Math.min(question.expiresMs, call.endsMs - nowMs));
      if (!(leftMs > 0) || call.signal.aborted) return [];
      const { approvers = [], channels = ['terminal'] } = question;
      const demand = { rules: [], approvers, channels, expiresMs: leftMs, useWithinMs: leftMs };
      const { parameters } = running;
      made.asked = askEntry(state.approvals, { audit: call.audit, subject, parameters }, demand, nowMs);
      return [made.asked];
    }, 'durable');
    return made.asked;
  }

  #subjectOf({ question, details }: HumanQuestion, { audit }: CapabilityCall, subject: ApprovalSubject): ApprovalSubject {
    const asks = {
      audit,
      writer: this.#trail.journal.writer,
      text: this.#redactText(question),
      ...(details === undefined ? {} : { details: this.#redactText(details) }),
    };
    return { ...subject, question: asks };
  }

  /** Takes the answer in one step with closing the question: no later answer counts, and none counts twice. */
  async #take({ approval: id }: Asked, call: CapabilityCall): Promise<HumanAnswer> {
    const { journal, state } = this.#trail;
    const made: { answer: HumanAnswer } = { answer: { kind: 'silence', approval: id } };
    await journal.transact((nowMs): readonly TrailEntry[] => {
      const approval = state.approvals.approval(id);
      if (approval === undefined) return [];
      const status = state.approvals.status(approval, nowMs);
      const { approved, ended } = approval;
      if (status === 'approved' && approved !== undefined && !call.signal.aborted && nowMs < call.endsMs) {
        made.answer = { kind: 'yes', by: approved.by, approval: id };
        return [{ kind: 'approval', event: 'used', approval: id, at: nowMs, audit: call.audit }];
      }
      if (status === 'denied' && ended?.by !== undefined) {
        const { by, reason } = ended;
        made.answer = { kind: 'no', by, approval: id, ...(reason === undefined ? {} : { reason }) };
      }
      return ended === undefined ? [closing(id, status === 'expired', nowMs)] : [];
    }, 'durable');
    return made.answer;
  }
}

function closing(approval: string, isExpired: boolean, at: number): ApprovalEntry {
  if (isExpired) return { kind: 'approval', event: 'expired', approval, at };
  return { kind: 'approval', event: 'revoked', approval, at, ...CLOSER };
}

function checkQuestion({ question, details }: HumanQuestion): void {
  const why = questionProblem(question, details);
  if (why !== undefined) throw new CodedError('usage/invalid-argument', why);
}
