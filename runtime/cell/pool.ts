import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { CodedError } from '../error.ts';
import type { CellPlan } from './plan.ts';
import { Slot, type SlotListener } from './slot.ts';

export interface PoolOptions {
  /** Worker threads; at least 2, so that one stands ready while another is replaced. Default: the machine's cores, at least 2. */
  readonly threads?: number;
  /** Calls that may wait for a worker; one more is `busy/overloaded`. Default 256. */
  readonly queueMax?: number;
  /** MiB of JavaScript heap per worker (wasm memory is limited by instrumentation, not by this). Default 512. */
  readonly workerHeapMiBMax?: number;
}

interface Waiter {
  readonly plan: CellPlan;
  readonly listener: SlotListener;
  resolve(slot: Slot): void;
  reject(error: unknown): void;
}

function wholeOption(name: string, value: number, max: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= max) return value;
  throw new CodedError('usage/invalid-argument', `the option \`${name}\` must be a whole number from 0 to ${max}`);
}

/**
 * The workers that run cells. This is the one file that knows piscina.
 *
 * Piscina owns the workers' life: each runs one task that lasts as long as the worker, so piscina starts them, limits
 * them, ends them on abort and starts the next. Calls do not pass through piscina; they travel over each slot's port.
 */
export class CellPool {
  readonly #piscina: Piscina;
  readonly #slots = new Set<Slot>();
  readonly #waiting: Waiter[] = [];
  readonly #threads: number;
  readonly #queueMax: number;
  #closed = false;
  /** Workers that died before they were up, in a row: stops a worker that cannot start from being started forever. */
  #failedStarts = 0;

  constructor(options: PoolOptions = {}) {
    this.#threads = Math.max(2, wholeOption('threads', options.threads ?? availableParallelism(), 1024));
    this.#queueMax = wholeOption('queueMax', options.queueMax ?? 256, 1_000_000);
    this.#piscina = new Piscina({
      filename: fileURLToPath(new URL('./worker-entry.cjs', import.meta.url)),
      minThreads: this.#threads,
      maxThreads: this.#threads,
      concurrentTasksPerWorker: 1,
      atomics: 'disabled', // the worker's own event loop must run between calls
      env: {},
      argv: [],
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: options.workerHeapMiBMax ?? 512 },
      recordTiming: false,
      workerHistogram: false,
    });
    this.#piscina.on('error', () => undefined); // every slot hears of its own worker's end
    for (let at = 0; at < this.#threads; at += 1) this.#startSlot();
  }

  get threads(): number {
    return this.#threads;
  }

  /**
   * Claims the idle worker that suits the plan best for one call; undefined when none is idle. The caller must
   * `giveBack` the slot, `release` and `offer` it, or `kill` it.
   *
   * @throws CodedError `usage/closed`.
   */
  claim(plan: CellPlan, listener: SlotListener): Slot | undefined {
    if (this.#closed) throw new CodedError('usage/closed', 'the runtime is closed');
    const slot = this.#bestIdle(plan.planId);
    slot?.claim(listener);
    return slot;
  }

  /**
   * Waits for a worker; what resolves is claimed.
   *
   * @throws CodedError `busy/overloaded`, `usage/closed`; the signal's reason when it aborts first.
   */
  wait(plan: CellPlan, listener: SlotListener, signal: AbortSignal): Promise<Slot> {
    if (this.#waiting.length >= this.#queueMax) {
      const data = { limit: this.#queueMax, retryAfterMs: 100 };
      return Promise.reject(new CodedError('busy/overloaded', `${this.#queueMax} calls already wait for a worker`, { data }));
    }
    return this.#enqueue(plan, listener, signal);
  }

  /** Takes a slot back after a good call. */
  giveBack(slot: Slot, plan: CellPlan): void {
    slot.release();
    if (this.#slots.delete(slot)) this.#slots.add(slot); // in the order of their last use: see #bestIdle
    this.offer(slot);
    this.#spread(plan);
  }

  /** Tells the pool that a slot is free again. */
  offer(slot: Slot): void {
    if (slot.dead || slot.busy) return;
    const at = Math.max(
      0,
      this.#waiting.findIndex((waiter) => slot.has(waiter.plan.planId)),
    );
    const [waiter] = this.#waiting.splice(at < 8 ? at : 0, 1); // look a little ahead for a plan that is loaded, not past fairness
    if (waiter === undefined) return;
    slot.claim(waiter.listener);
    waiter.resolve(slot);
  }

  forget(planId: number): void {
    for (const slot of this.#slots) slot.forget(planId);
  }

  /** Ends all workers. Calls that run end as crashed; calls that wait are refused. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const waiter of this.#waiting.splice(0)) waiter.reject(new CodedError('usage/closed', 'the runtime is closed'));
    for (const slot of this.#slots) slot.kill();
    await this.#piscina.destroy();
  }

  #startSlot(): void {
    const slot = new Slot(
      (task, transfer, signal) => this.#piscina.run(task, { transferList: [...transfer], signal }) as Promise<void>,
      (gone) => this.#onGone(gone),
    );
    this.#slots.add(slot);
    slot.up.then(
      () => {
        this.#failedStarts = 0;
        this.offer(slot);
      },
      () => undefined, // #onGone hears of it too
    );
  }

  #onGone(slot: Slot): void {
    this.#slots.delete(slot);
    if (this.#closed) return;
    this.#failedStarts += 1;
    if (this.#failedStarts <= 4 * this.#threads) return this.#startSlot();
    const error = new CodedError('failed/worker-crashed', 'workers cannot be started');
    for (const waiter of this.#waiting.splice(0)) waiter.reject(error);
  }

  /**
   * Idle slots in order of preference: made the next instance of this plan ahead, has the plan, is up. Among equals the
   * one that rests longest, since it is the least likely to be still at work on its next instance.
   */
  #bestIdle(planId: number): Slot | undefined {
    let best: Slot | undefined;
    let bestRank = -1;
    for (const slot of this.#slots) {
      if (!isIdle(slot)) continue;
      const rank = slot.isAhead(planId) ? 2 : slot.has(planId) ? 1 : 0;
      if (rank > bestRank) [best, bestRank] = [slot, rank];
    }
    return best;
  }

  /**
   * Gives a plan that works to a second worker while that has nothing to do: calls that follow one another closely then
   * find the one with an instance ready while the other makes its next.
   */
  #spread(plan: CellPlan): void {
    let idle: Slot | undefined;
    let holders = 0;
    for (const slot of this.#slots) {
      if (slot.has(plan.planId)) holders += 1;
      else if (isIdle(slot)) idle ??= slot;
    }
    if (holders === 1) idle?.load(plan).catch(() => undefined); // whoever calls it there hears of it
  }

  #enqueue(plan: CellPlan, listener: SlotListener, signal: AbortSignal): Promise<Slot> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        const at = this.#waiting.indexOf(waiter);
        if (at >= 0) this.#waiting.splice(at, 1);
        reject(signal.reason);
      };
      const waiter: Waiter = {
        plan,
        listener,
        resolve: (slot) => {
          signal.removeEventListener('abort', leave);
          resolve(slot);
        },
        reject: (error) => {
          signal.removeEventListener('abort', leave);
          reject(error);
        },
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#waiting.push(waiter);
    });
  }
}

function isIdle(slot: Slot): boolean {
  return slot.isUp && !slot.busy && !slot.dead;
}
