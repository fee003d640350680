import { CodedError } from '../error.ts';
import type { CallSpec } from './plan.ts';
import { Slot, type SlotListener } from './slot.ts';
import { wholeOption } from './thread-workers.ts';
import type { Workers } from './workers.ts';

export interface PoolOptions {
  /** Calls that may wait for a worker; one more is `busy/overloaded`. Default 256. */
  readonly queueMax?: number;
}

/** Starts that may fail in a row, for each worker. */
const STARTS_PER_THREAD = 4;

/** A call that waits for a worker. It hears of one of these, once, unless it leaves before. */
export interface Waiter<Plan extends CallSpec> extends SlotListener {
  /** A worker is claimed for it. */
  onSlot(slot: Slot<Plan>): void;
  onRefused(error: unknown): void;
}

interface Place<Plan extends CallSpec> {
  readonly plan: Plan;
  readonly waiter: Waiter<Plan>;
}

/** Chooses a worker for each call, lets calls wait, and replaces workers that are gone. */
export class CellPool<Plan extends CallSpec = CallSpec> {
  readonly #workers: Workers<Plan>;
  readonly #slots = new Set<Slot<Plan>>();
  readonly #waiting: Place<Plan>[] = [];
  readonly #queueMax: number;
  #closed = false;
  /** Workers that died before they were up, in a row: stops a worker that cannot start from being started forever. */
  #failedStarts = 0;

  /** @param open - the workers, which it owns; asked for once the options were checked. */
  constructor(open: () => Workers<Plan>, { queueMax = 256 }: PoolOptions = {}) {
    this.#queueMax = wholeOption('queueMax', queueMax, 1_000_000);
    this.#workers = open();
    for (let at = 0; at < this.threads; at += 1) this.#startSlot();
  }

  get threads(): number {
    return this.#workers.threads;
  }

  /** Resolves when some worker has started. Rejects when the first to be heard of did not. */
  async ready(): Promise<void> {
    if (this.#closed) throw new CodedError('usage/closed', 'the runtime is closed');
    if (this.#slots.size === 0) this.#tryAgain();
    await Promise.race([...this.#slots].map(({ up }) => up));
  }

  /**
   * Claims the idle worker that suits the plan best for one call; undefined when none is idle. The caller must
   * `giveBack` the slot, `release` and `offer` it, or `kill` it.
   *
   * @throws CodedError `usage/closed`.
   */
  claim(plan: Plan, listener: SlotListener): Slot<Plan> | undefined {
    if (this.#closed) throw new CodedError('usage/closed', 'the runtime is closed');
    if (this.#slots.size === 0) this.#tryAgain();
    const slot = this.#bestIdle(plan.planId);
    slot?.claim(listener);
    return slot;
  }

  /**
   * Lets a call wait for a worker.
   *
   * @returns what takes it out of the queue again. @throws CodedError `busy/overloaded`.
   */
  wait(plan: Plan, waiter: Waiter<Plan>): () => void {
    if (this.#waiting.length >= this.#queueMax) {
      const data = { limit: this.#queueMax, retryAfterMs: 100 };
      throw new CodedError('busy/overloaded', `${this.#queueMax} calls already wait for a worker`, { data });
    }
    const place = { plan, waiter };
    this.#waiting.push(place);
    return () => {
      const at = this.#waiting.indexOf(place);
      if (at >= 0) this.#waiting.splice(at, 1);
    };
  }

  /** Takes a slot back after a good call. */
  giveBack(slot: Slot<Plan>, plan: Plan): void {
    slot.release();
    if (this.#slots.delete(slot)) this.#slots.add(slot); // in the order of their last use: see #bestIdle
    this.offer(slot);
    this.#spread(plan);
  }

  /** Tells the pool that a slot is free again. */
  offer(slot: Slot<Plan>): void {
    if (slot.dead || slot.busy || this.#waiting.length === 0) return;
    const at = Math.max(
      0,
      this.#waiting.findIndex(({ plan }) => slot.has(plan.planId)),
    );
    const [place] = this.#waiting.splice(at < 8 ? at : 0, 1); // look a little ahead for a plan that is loaded, not past fairness
    if (place === undefined) return;
    slot.claim(place.waiter);
    place.waiter.onSlot(slot);
  }

  forget(planId: number): void {
    for (const slot of this.#slots) slot.forget(planId);
    this.#workers.forget(planId);
  }

  /** Ends all workers. Calls that run end as crashed; calls that wait are refused. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const { waiter } of this.#waiting.splice(0)) waiter.onRefused(new CodedError('usage/closed', 'the runtime is closed'));
    for (const slot of this.#slots) slot.kill();
    await this.#workers.close();
  }

  #startSlot(): void {
    const slot = new Slot(this.#workers, (gone) => this.#onGone(gone));
    this.#slots.add(slot);
    slot.up.then(
      () => {
        this.#failedStarts = 0;
        while (this.#slots.size < this.threads && !this.#closed) this.#startSlot(); // those that were given up
        this.offer(slot);
      },
      () => undefined, // #onGone hears of it too
    );
  }

  /** After too many failed starts: one more for each call that comes, so that whoever mends the cause need not start anew. */
  #tryAgain(): void {
    this.#failedStarts = STARTS_PER_THREAD * this.threads;
    this.#startSlot();
  }

  #onGone(slot: Slot<Plan>): void {
    this.#slots.delete(slot);
    if (this.#closed) return;
    this.#failedStarts += 1;
    if (this.#failedStarts <= STARTS_PER_THREAD * this.threads) return this.#startSlot();
    if (this.#slots.size > 0) return;
    const error = new CodedError('failed/worker-crashed', 'workers cannot be started');
    for (const { waiter } of this.#waiting.splice(0)) waiter.onRefused(error);
  }

  /**
   * Idle slots in order of preference: made the next instance of this plan ahead, has the plan, is up. Among equals the
   * one that rests longest, since it is the least likely to be still at work on its next instance.
   */
  #bestIdle(planId: number): Slot<Plan> | undefined {
    let best: Slot<Plan> | undefined;
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
  #spread(plan: Plan): void {
    let idle: Slot<Plan> | undefined;
    let holders = 0;
    for (const slot of this.#slots) {
      if (slot.has(plan.planId)) holders += 1;
      else if (isIdle(slot)) idle ??= slot;
    }
    if (holders === 1) idle?.load(plan).catch(() => undefined); // whoever calls it there hears of it
  }
}

function isIdle(slot: Slot): boolean {
  return slot.isUp && !slot.busy && !slot.dead;
}
