import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { CodedError } from '../error.ts';
import { decodeFrame, type Frame } from './frames.ts';
import type { CellPlan, ControlAnswer, ControlMessage } from './plan.ts';
import { openPort, type Port, portEnds } from './port.ts';
import type { WorkerTask } from './worker.ts';

/** Runs a worker's one long task; resolves or rejects when that worker is gone. */
export type RunTask = (task: WorkerTask, transfer: readonly MessagePort[], signal: AbortSignal) => Promise<void>;

/** What the slot reports to the call that it runs. */
export interface SlotListener {
  onFrame(frame: Frame): void;
  /** The worker ended before the call did. */
  onGone(error: unknown): void;
}

/**
 * One worker, seen from the trusted side: at most one call at a time, replaced by the pool when it is gone.
 * The slot owns its ports; `kill` and `close` release them.
 */
export class Slot {
  readonly #control: MessagePort;
  readonly #port: Port;
  readonly #abort = new AbortController();
  readonly #plans = new Map<number, Promise<void>>();
  readonly #waiting = new Map<number, { resolve: () => void; reject: (error: unknown) => void }>();
  readonly #up: Promise<void>;
  #listener: SlotListener | undefined;
  #dead = false;
  #isUp = false;
  readonly #ahead: Int32Array;

  constructor(run: RunTask, onGone: (slot: Slot) => void) {
    const frames = new MessageChannel();
    const control = new MessageChannel();
    const { near, far } = portEnds(frames);
    this.#control = control.port1;
    this.#port = openPort(near);
    this.#ahead = near.ahead;
    this.#port.onFrame((bytes) => this.#onFrame(bytes));
    this.#up = new Promise((resolve, reject) => this.#waiting.set(UP, { resolve, reject }));
    this.#up.catch(() => undefined); // whoever needs the slot awaits it again
    this.#control.on('message', (answer: ControlAnswer) => this.#onAnswer(answer));
    run({ port: far, control: control.port2 }, [far.messages, control.port2], this.#abort.signal)
      .then(() => this.#gone(new CodedError('failed/worker-crashed', 'the worker ended')))
      .catch((error: unknown) => this.#gone(error))
      .finally(() => onGone(this));
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

  has(planId: number): boolean {
    return this.#plans.has(planId);
  }

  /** True when the worker says that the plan's next instance is made already. */
  isAhead(planId: number): boolean {
    return Atomics.load(this.#ahead, 0) === planId;
  }

  /** Takes the slot for one call. The owner must `release` or `kill` it. */
  claim(listener: SlotListener): void {
    if (this.busy || this.#dead) throw new CodedError('internal/invariant', 'a worker was claimed twice');
    this.#listener = listener;
  }

  release(): void {
    this.#listener = undefined;
  }

  /** True when the worker has linked the plan; a call may be sent at once. */
  isLoaded(planId: number): boolean {
    return this.#plans.has(planId) && !this.#waiting.has(planId);
  }

  /** Sends a plan to the worker unless it has it. @throws CodedError when the worker cannot link it. */
  load(plan: CellPlan): Promise<void> {
    let loading = this.#plans.get(plan.planId);
    if (loading === undefined) {
      loading = new Promise<void>((resolve, reject) => {
        this.#waiting.set(plan.planId, { resolve, reject });
        this.#tell({ type: 'plan', plan });
      });
      this.#plans.set(plan.planId, loading);
    }
    return loading;
  }

  forget(planId: number): void {
    if (this.#plans.delete(planId)) this.#tell({ type: 'forget', planId });
  }

  send(frame: Uint8Array): void {
    if (!this.#dead) this.#port.send(frame);
  }

  /** Ends the worker wherever it is. Guest code stops at its next loop or call. */
  kill(): void {
    if (this.#dead) return;
    this.#listener = undefined;
    this.#gone(new CodedError('failed/worker-crashed', 'the worker was ended'));
    this.#abort.abort();
  }

  /** Ends an idle worker in peace. */
  close(): void {
    if (this.#dead) return;
    this.#tell({ type: 'close' });
  }

  #tell(message: ControlMessage): void {
    if (!this.#dead) this.#control.postMessage(message);
  }

  #onAnswer(answer: ControlAnswer): void {
    const key = answer.type === 'up' ? UP : answer.planId;
    if (answer.type === 'up') this.#isUp = true;
    const waiter = this.#waiting.get(key);
    this.#waiting.delete(key);
    if (answer.type !== 'failed') return waiter?.resolve();
    this.#plans.delete(answer.planId);
    const { code, message, data } = answer.error;
    waiter?.reject(
      new CodedError(code as ConstructorParameters<typeof CodedError>[0], message, {
        data: (data ?? {}) as Record<string, unknown>,
      }),
    ); // made by our own worker
  }

  #onFrame(bytes: Uint8Array): void {
    try {
      this.#listener?.onFrame(decodeFrame(bytes));
    } catch (error) {
      const listener = this.#listener;
      this.kill();
      listener?.onGone(error);
    }
  }

  #gone(error: unknown): void {
    if (this.#dead) return;
    this.#dead = true;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
    this.#control.close();
    this.#port.close();
    const listener = this.#listener;
    this.#listener = undefined;
    listener?.onGone(error);
  }
}

/** Key of the worker's first message among the plan numbers, which start at 1. */
const UP = 0;
