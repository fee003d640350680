import { CodedError } from '../error.ts';
import type { CallSpec } from './plan.ts';
import { Slot, type SlotListener } from './slot.ts';
import { CHAIN_THREADS, wholeOption } from './thread-workers.ts';
import type { Workers } from './workers.ts';

export interface PoolOptions {
  /** Calls that may wait for a worker; one more is `busy/overloaded`. Default 256. */
  readonly queueMax?: number;
}

/** Workers that are kept, for each of `threads`: some of those that nested calls needed, since more of these will come. */
const SLOTS_KEPT_PER_THREAD = 2;

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
  readonly isNested: boolean;
}

/**
 * Chooses a worker for each call, lets calls wait, and replaces workers that are gone.
 *
 * A call on behalf of another one, whose worker sleeps meanwhile, must not wait for that worker to be free: it would wait until the other
 * one's time is over. So nested calls go first, and get workers beyond `threads` where none is idle; calls of their own never do.
 */
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
  claim(plan: Plan, listener: SlotListener, isNested = false): Slot<Plan> | undefined {
    if (this.#closed) throw new CodedError('usage/closed', 'the runtime is closed');
    if (this.#slots.size === 0) this.#tryAgain();
    if (!isNested && !this.#hasRoom()) return undefined;
    const slot = this.#bestIdle(plan.planId);
    slot?.claim(listener, isNested);
    return slot;
  }

  /**
   * Lets a call wait for a worker.
   *
   * @returns what takes it out of the queue again. @throws CodedError `busy/overloaded`.
   */
  wait(plan: Plan, waiter: Waiter<Plan>, isNested = false): () => void {
    if (this.#waiting.length >= this.#queueMax) {
      const data = { limit: this.#queueMax, retryAfterMs: 100 };
      throw new CodedError('busy/overloaded', `${this.#queueMax} calls already wait for a worker`, { data });
    }
    const place = { plan, waiter, isNested };
    if (isNested) this.#waiting.splice(this.#nestedWaiting, 0, place);
    else this.#waiting.push(place);
    if (isNested && this.#slots.size < this.#slotsWanted) this.#startSlot();
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
    if (!slot.busy && this.#slots.size > SLOTS_KEPT_PER_THREAD * this.threads) slot.kill();
    this.#spread(plan);
  }

  /** Tells the pool that a slot is free again. */
  offer(slot: Slot<Plan>): void {
    if (slot.dead || slot.busy || this.#waiting.length === 0) return;
    const isNested = this.#waiting[0]?.isNested === true;
    if (!isNested && !this.#hasRoom()) return;
    const loaded = this.#waiting.findIndex(({ plan }) => slot.has(plan.planId));
    // Look a little ahead for a plan that is loaded, not past fairness.
    const [place] = this.#waiting.splice(isNested || loaded < 0 || loaded >= 8 ? 0 : loaded, 1);
    if (place === undefined) return;
    slot.claim(place.waiter, place.isNested);
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
    if (this.#closed || this.#slots.size >= this.#slotsWanted) return this.#offerIdle();
    this.#failedStarts += 1;
    if (this.#failedStarts <= STARTS_PER_THREAD * this.threads) return this.#startSlot();
    if (this.#slots.size > 0) return;
    const error = new CodedError('failed/worker-crashed', 'workers cannot be started');
    for (const { waiter } of this.#waiting.splice(0)) waiter.onRefused(error);
  }

  /** A slot beyond `threads` may have been kept from a call that waits while it was not its turn. */
  #offerIdle(): void {
    if (this.#closed || this.#waiting.length === 0) return;
    for (const slot of [...this.#slots]) if (isIdle(slot)) this.offer(slot);
  }

  /** Whether a call of its own may begin: no more of those than `threads`, whatever was started for others. */
  #hasRoom(): boolean {
    if (this.#slots.size <= this.threads) return true;
    let busy = 0;
    for (const slot of this.#slots) if (slot.busy && !slot.isNested) busy += 1;
    return busy < this.threads;
  }

  /** Nested calls that wait: the first ones of all. */
  get #nestedWaiting(): number {
    const at = this.#waiting.findIndex(({ isNested }) => !isNested);
    return at < 0 ? this.#waiting.length : at;
  }

  /** Workers that there should be: one more for each nested call. */
  get #slotsWanted(): number {
    let nested = this.#nestedWaiting;
    for (const slot of this.#slots) if (slot.isNested) nested += 1;
    return Math.min(this.threads + nested, this.threads * CHAIN_THREADS);
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
