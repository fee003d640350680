import { CodedError } from '../error.ts';
import { decodeFrame, type Frame } from './frames.ts';
import type { CallSpec } from './plan.ts';
import type { WorkerLink, WorkerNews, Workers } from './workers.ts';

/** What the slot reports to the call that it runs. */
export interface SlotListener {
  onFrame(frame: Frame): void;
  /** The worker ended before the call did. */
  onGone(error: unknown): void;
}

/**
 * One worker for the calls that it gets: at most one at a time. The pool replaces it when it is gone.
 */
export class Slot<Plan extends CallSpec = CallSpec> {
  readonly #link: WorkerLink<Plan>;
  readonly #plans = new Map<number, Promise<void>>();
  readonly #waiting = new Map<number, { resolve: () => void; reject: (error: unknown) => void }>();
  readonly #up: Promise<void>;
  readonly #onGone: (slot: Slot<Plan>) => void;
  #listener: SlotListener | undefined;
  #dead = false;
  #isUp = false;
  #isNested = false;

  constructor(workers: Workers<Plan>, onGone: (slot: Slot<Plan>) => void) {
    this.#onGone = onGone;
    this.#up = new Promise((resolve, reject) => this.#waiting.set(UP, { resolve, reject }));
    this.#up.catch(() => undefined); // whoever needs the slot awaits it again
    this.#link = workers.start({
      onNews: (news) => this.#onNews(news),
      onFrame: (bytes) => this.#onFrame(bytes),
      onGone: (error) => {
        this.#gone(error);
        this.#onGone(this);
      },
    });
  }

  /** Resolves when the worker has started. */
  get up(): Promise<void> {
    return this.#up;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  get dead(): boolean {
    return this.#dead;
  }

  get busy(): boolean {
    return this.#listener !== undefined;
  }

  /** Its call is on behalf of one that holds a worker, too. */
  get isNested(): boolean {
    return this.busy && this.#isNested;
  }

  has(planId: number): boolean {
    return this.#plans.has(planId);
  }

  /** True when the worker says that the plan's next instance is made already. */
  isAhead(planId: number): boolean {
    return this.#link.ahead() === planId;
  }

  /** Takes the slot for one call. The owner must `release` or `kill` it. */
  claim(listener: SlotListener, isNested = false): void {
    if (this.busy || this.#dead) throw new CodedError('internal/invariant', 'a worker was claimed twice');
    this.#listener = listener;
    this.#isNested = isNested;
  }

  release(): void {
    this.#listener = undefined;
  }

  /** True when the worker has linked the plan; a call may be sent at once. */
  isLoaded(planId: number): boolean {
    return this.#plans.has(planId) && !this.#waiting.has(planId);
  }

  /** Sends a plan to the worker unless it has it. @throws CodedError when the worker cannot link it. */
  load(plan: Plan): Promise<void> {
    let loading = this.#plans.get(plan.planId);
    if (loading === undefined) {
      loading = new Promise<void>((resolve, reject) => {
        this.#waiting.set(plan.planId, { resolve, reject });
        if (!this.#dead) this.#link.load(plan);
      });
      this.#plans.set(plan.planId, loading);
    }
    return loading;
  }

  forget(planId: number): void {
    if (this.#plans.delete(planId) && !this.#dead) this.#link.forget(planId);
  }

  /** Sends a frame of the call. @param planId - of the one that begins it. */
  send(frame: Uint8Array, planId?: number): void {
    if (!this.#dead) this.#link.send(frame, planId);
  }

  /** Ends the worker wherever it is. Guest code stops at its next loop or call. */
  kill(): void {
    if (this.#dead) return;
    this.#listener = undefined;
    this.#gone(new CodedError('failed/worker-crashed', 'the worker was ended'));
    this.#link.kill();
  }

  #onNews(news: WorkerNews): void {
    if (this.#dead) return;
    const key = news.type === 'up' ? UP : news.planId;
    if (news.type === 'up') this.#isUp = true;
    const waiter = this.#waiting.get(key);
    this.#waiting.delete(key);
    if (news.type !== 'failed') return waiter?.resolve();
    this.#plans.delete(news.planId);
    const { code, message, data } = news.error;
    waiter?.reject(new CodedError(code as ConstructorParameters<typeof CodedError>[0], message, { data: data ?? {} })); // made by a worker
  }

  #onFrame(bytes: Uint8Array): void {
    if (this.#dead) return;
    const listener = this.#listener;
    try {
      if (listener === undefined) throw new CodedError('internal/invariant', 'a worker sent a frame while it had no call');
      listener.onFrame(decodeFrame(bytes));
    } catch (error) {
      this.breach(error as CodedError); // the decoder throws no other
      listener?.onGone(error);
    }
  }

  /** Ends the worker, and whatever it could have reached: what it sent does not belong. */
  breach(error: CodedError): void {
    if (this.#dead) return;
    this.#listener = undefined;
    this.#gone(error);
    this.#link.breach(error);
  }

  #gone(error: unknown): void {
    if (this.#dead) return;
    this.#dead = true;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
    const listener = this.#listener;
    this.#listener = undefined;
    listener?.onGone(error);
  }
}

/** Key of the worker's first message among the plan numbers, which start at 1. */
const UP = 0;
