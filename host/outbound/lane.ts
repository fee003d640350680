import type { Timers } from './timers.ts';

/** How one attempt to deliver went. `again`: another attempt may help, not before `afterMs`. */
export type Delivery =
  | { readonly done: true }
  | { readonly done: false; readonly reason: string; readonly again: boolean; readonly afterMs?: number };

/** One place that things go to. What `deliver` throws counts as an attempt that failed. */
export interface Sink<Item> {
  deliver(item: Item, signal: AbortSignal): Promise<Delivery>;
}

/** What a lane has to know of the things that it carries. */
export interface Load {
  /** Size of what is sent, for the bound of the queue. */
  readonly bytes: number;
  /** Takes the place of the newest that are not, where the queue is full. */
  readonly critical: boolean;
}

/** Why something did not arrive: there was no room for it, the lane was closed before, or its attempts failed, the last one for a reason. */
export type Loss = { readonly kind: 'no-room' | 'closed' } | { readonly kind: 'undelivered'; readonly reason: string };

export interface LaneOptions<Item extends Load> {
  readonly sink: Sink<Item>;
  /** Things that may wait. */
  readonly itemsMax: number;
  /** Bytes of them. */
  readonly bytesMax: number;
  readonly attemptsMax: number;
  /** Wait before the second attempt; four times as long before each further one, of each between half and all. */
  readonly backoffMs: number;
  readonly timers: Timers;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly onArrived: (item: Item) => void;
  readonly onLost: (item: Item, loss: Loss) => void;
}

/**
 * The road to one sink: a bounded queue, one delivery at a time, begun after the code that gave the thing has gone on. Lanes know nothing of
 * each other, so a sink that hangs holds up itself alone. Each thing that was pushed arrives, or is lost, or is what `close` returns: never two
 * of these.
 */
export class Lane<Item extends Load> {
  readonly #options: LaneOptions<Item>;
  readonly #queue: Item[] = [];
  #bytes = 0;
  #running: Promise<void> | undefined;
  #current: Item | undefined;
  readonly #abort = new AbortController();
  #wake: (() => void) | undefined;

  constructor(options: LaneOptions<Item>) {
    this.#options = options;
  }

  /** How many are in the queue, beside the one that is on its way. */
  get queued(): number {
    return this.#queue.length;
  }

  /** What is on its way, and what is in the queue. */
  waiting(): readonly Item[] {
    return this.#current === undefined ? [...this.#queue] : [this.#current, ...this.#queue];
  }

  push(item: Item): void {
    const { onLost } = this.#options;
    if (this.#abort.signal.aborted) return onLost(item, { kind: 'closed' });
    if (!this.#makeRoom(item)) return onLost(item, { kind: 'no-room' });
    this.#queue.push(item);
    this.#bytes += item.bytes;
    this.#running ??= Promise.resolve().then(() => this.#run());
  }

  /** Lets something go next, whether there is room or not: to be called for what tells of others, from `onArrived` only. */
  pushFirst(item: Item): void {
    this.#queue.unshift(item);
    this.#bytes += item.bytes;
  }

  /** Settles when nothing waits any more, delivered or not. */
  async idle(): Promise<void> {
    await this.#running;
  }

  /** Ends. @returns what waited, and what was on its way, since nobody knows whether that arrived. */
  close(): readonly Item[] {
    if (this.#abort.signal.aborted) return [];
    const left = this.waiting();
    this.#queue.length = 0;
    this.#bytes = 0;
    this.#current = undefined;
    this.#abort.abort();
    this.#wake?.();
    return left;
  }

  /** What came first says most, so the newest make room. */
  #makeRoom(item: Item): boolean {
    const { itemsMax, bytesMax, onLost } = this.#options;
    if (item.bytes > bytesMax) return false;
    const fits = () => this.#queue.length < itemsMax && this.#bytes + item.bytes <= bytesMax;
    while (!fits()) {
      const index = item.critical ? this.#queue.findLastIndex(({ critical }) => !critical) : -1;
      if (index < 0) return false;
      const [evicted] = this.#queue.splice(index, 1);
      this.#bytes -= evicted!.bytes;
      onLost(evicted!, { kind: 'no-room' });
    }
    return true;
  }

  async #run(): Promise<void> {
    const { onArrived, onLost } = this.#options;
    for (let item = this.#next(); item !== undefined; item = this.#next()) {
      const reason = await this.#attempt(item);
      if (this.#abort.signal.aborted) break;
      this.#current = undefined;
      if (reason === undefined) onArrived(item);
      else onLost(item, { kind: 'undelivered', reason });
    }
    this.#running = undefined;
  }

  #next(): Item | undefined {
    const item = this.#queue.shift();
    if (item !== undefined) this.#bytes -= item.bytes;
    this.#current = item;
    return item;
  }

  /** @returns why it was given up; undefined when it arrived. */
  async #attempt(item: Item): Promise<string | undefined> {
    const { attemptsMax, backoffMs, random } = this.#options;
    for (let attempt = 1; ; attempt++) {
      const delivery = await this.#deliver(item);
      if (delivery.done) return undefined;
      if (!delivery.again || attempt >= attemptsMax) return delivery.reason;
      const backoff = backoffMs * 4 ** (attempt - 1) * (0.5 + random() / 2);
      await this.#wait(Math.max(backoff, delivery.afterMs ?? 0));
      if (this.#abort.signal.aborted) return delivery.reason;
    }
  }

  async #deliver(item: Item): Promise<Delivery> {
    try {
      return await this.#options.sink.deliver(item, this.#abort.signal);
    } catch (error) {
      return { done: false, reason: reasonOf(error), again: true };
    }
  }

  #wait(ms: number): Promise<void> {
    if (this.#abort.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.#options.timers.set(resolve, ms);
      this.#wake = () => {
        this.#options.timers.clear(timer);
        resolve();
      };
    });
  }
}

/** The code alone: messages of the system hold paths and addresses, and an address may be a secret. */
function reasonOf(error: unknown): string {
  const code = (error as { readonly code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' && /^[A-Za-z0-9_/-]{1,64}$/.test(code) ? code : 'an error without a code';
}
