import { setTimeout as sleep } from 'node:timers/promises';
import { type Approval, type ApprovalBook, answerEntries, findApproval, type Shape, type ShapeWish } from './approvals/index.ts';
import type { Trail } from './trail.ts';

/** How a human's answer comes in. Whoever calls vouches for the name. */
export interface Answer {
  /** Who answers: a name that the channel knows for sure. */
  readonly by: string;
  /** Through which channel: `library` unless it says otherwise. */
  readonly channel?: string;
  readonly reason?: string;
  /** Digest of what the human saw, in full; an answer to anything else is refused. */
  readonly digest?: string;
  /** With an approval: also allow calls like this one for a while. */
  readonly shape?: ShapeWish;
}

/** How often the trail is asked for what other processes wrote, while anybody waits for a human. */
const LOOK_MS = 250;
/** Requests of this process that wait for a human at one time; one more is `pending` at once. */
const WAITING_MAX = 1000;
/** Of these, those of one agent: no agent takes all of it from the others. */
const WAITING_PER_AGENT_MAX = 250;

/** Where humans answer what agents ask, whichever surface brings the answer. All of it is in the trail before it holds. */
export class ApprovalsDesk {
  readonly #trail: Trail;
  readonly #redactText: (text: string) => string;
  /** One look for all who wait. */
  #looking: Promise<void> | undefined;
  #waiting = 0;
  readonly #waitingOf = new Map<string, number>();

  /** @param redactText - takes secrets out of what approvers write. */
  constructor(trail: Trail, redactText: (text: string) => string) {
    this.#trail = trail;
    this.#redactText = redactText;
  }

  get #book(): ApprovalBook {
    return this.#trail.state.approvals;
  }

  /** What waits for an answer or for its use, or with `all` everything of the last day; the newest last. */
  async list(options: { readonly all?: boolean } = {}): Promise<readonly Approval[]> {
    await this.#trail.journal.catchUp();
    return this.#book.list(options.all === true ? {} : { statuses: ['pending', 'approved'] }, Date.now());
  }

  /** Rules made by approvers that are in force. */
  async shapes(): Promise<readonly Shape[]> {
    await this.#trail.journal.catchUp();
    return this.#book.listShapes(['active'], Date.now());
  }

  /** @param id - or at least its first four characters. @throws CodedError `usage/not-found`, `usage/ambiguous`. */
  async show(id: string): Promise<Approval> {
    await this.#trail.journal.catchUp();
    return findApproval(this.#book, id);
  }

  /** @throws CodedError `usage/not-found`, `denied/not-an-approver`, `denied/approval-*` when it cannot be answered any more. */
  approve(id: string, answer: Answer): Promise<void> {
    return this.#answer('approved', id, answer);
  }

  /** @throws as `approve`. */
  deny(id: string, answer: Answer): Promise<void> {
    return this.#answer('denied', id, answer);
  }

  /** Takes back an approval that was not used, or a rule that was made with one. @throws as `approve`. */
  revoke(id: string, answer: Answer): Promise<void> {
    return this.#answer('revoked', id, answer);
  }

  #answer(
    event: 'approved' | 'denied' | 'revoked',
    approval: string,
    { channel = 'library', reason, ...rest }: Answer,
  ): Promise<void> {
    const { journal } = this.#trail;
    const answer = { approval, event, channel, ...rest, ...(reason === undefined ? {} : { reason: this.#redactText(reason) }) };
    return journal.transact((nowMs) => answerEntries(this.#book, answer, nowMs), 'durable');
  }

  /**
   * Waits until a question is answered, by whichever process.
   *
   * @returns false when there was no answer in time, `signal` was aborted, or too many wait.
   * @throws CodedError `failed/audit-unavailable`.
   */
  async waitFor(id: string, ms: number, signal: AbortSignal): Promise<boolean> {
    const agent = this.#book.approval(id)?.asked.subject.agent ?? '';
    const ofAgent = this.#waitingOf.get(agent) ?? 0;
    if (this.#waiting >= WAITING_MAX || ofAgent >= WAITING_PER_AGENT_MAX) return false;
    const untilMs = performance.now() + ms;
    const isOpen = (): boolean => {
      const approval = this.#book.approval(id);
      return approval !== undefined && this.#book.status(approval, Date.now()) === 'pending';
    };
    this.#waiting += 1;
    this.#waitingOf.set(agent, ofAgent + 1);
    try {
      while (isOpen()) {
        const leftMs = untilMs - performance.now();
        if (leftMs <= 0 || signal.aborted) return false;
        await this.#newsOf(id, leftMs, signal);
      }
      return true;
    } finally {
      this.#waiting -= 1;
      const left = (this.#waitingOf.get(agent) ?? 1) - 1;
      if (left > 0) this.#waitingOf.set(agent, left);
      else this.#waitingOf.delete(agent);
    }
  }

  /** Ends after the next look at the trail, or earlier: after `ms`, or when this process has written an answer. */
  async #newsOf(id: string, ms: number, signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    const stop = this.#trail.state.onRecord((record) => {
      if (record.kind === 'approval' && record.approval === id) over.abort();
    });
    const either = AbortSignal.any([signal, over.signal]);
    try {
      await Promise.race([sleep(ms, undefined, { signal: either }).catch(() => undefined), this.#look()]);
    } finally {
      stop();
      over.abort();
    }
  }

  #look(): Promise<void> {
    this.#looking ??= sleep(LOOK_MS)
      .then(() => this.#trail.journal.catchUp())
      .finally(() => {
        this.#looking = undefined;
      });
    return this.#looking;
  }
}
