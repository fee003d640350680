import { droppedNotice, type Parcel } from './parcel.ts';
import type { Timers } from './timers.ts';

/** How one attempt to deliver went. `again`: another attempt may help, not before `afterMs`. */
export type Delivery =
  | { readonly done: true }
  | { readonly done: false; readonly reason: string; readonly again: boolean; readonly afterMs?: number };

/** One place that alerts go to. What `deliver` throws counts as an attempt that failed. */
export interface Sink {
  deliver(parcel: Parcel, signal: AbortSignal): Promise<Delivery>;
}

export interface LaneOptions {
  readonly name: string;
  readonly sink: Sink;
  /** Parcels that may wait. */
  readonly parcelsMax: number;
  /** Bytes of their records. */
  readonly bytesMax: number;
  readonly attemptsMax: number;
  /** Wait before the second attempt; four times as long before each further one, of each between half and all. */
  readonly backoffMs: number;
  readonly timers: Timers;
  readonly now: () => number;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly onProblem: (message: string) => void;
}

/** Deliveries between two notices about dropped alerts while a queue never empties. */
const NOTICE_EVERY = 16;

/**
 * The road to one sink: a bounded queue, one delivery at a time, begun after the code that gave the parcel has gone on. Lanes know nothing
 * of each other, so a sink that hangs holds up itself alone. What does not fit, or cannot be delivered, is counted, and one later notice
 * tells the number.
 */
export class Lane {
  readonly #options: LaneOptions;
  readonly #queue: Parcel[] = [];
  #bytes = 0;
  #running: Promise<void> | undefined;
  #current: Parcel | undefined;
  readonly #abort = new AbortController();
  #wake: (() => void) | undefined;
  #untold = 0;
  #sinceNotice = 0;
  #failing = false;
  #full = false;
  delivered = 0;
  dropped = 0;

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  /** Alerts in the queue and on their way. */
  get waiting(): number {
    return this.#queue.reduce((sum, { alerts }) => sum + alerts, this.#current?.alerts ?? 0);
  }

  /** True from a parcel that was given up to the next one that arrived. */
  get failing(): boolean {
    return this.#failing;
  }

  push(parcel: Parcel): void {
    if (this.#abort.signal.aborted || !this.#makeRoom(parcel)) return this.#drop(parcel, 'queue');
    this.#queue.push(parcel);
    this.#bytes += parcel.bytes;
    this.#running ??= Promise.resolve().then(() => this.#run());
  }

  /** Settles when nothing waits any more, delivered or not. */
  async idle(): Promise<void> {
    await this.#running;
  }

  /** Ends: what waits is dropped, and what is on its way counts as dropped, since nobody knows. */
  close(): void {
    if (this.#abort.signal.aborted) return;
    this.dropped += this.waiting;
    this.#queue.length = 0;
    this.#bytes = 0;
    this.#current = undefined;
    this.#abort.abort();
    this.#wake?.();
  }

  /** A critical parcel takes the place of the newest that are not; what came first says most. */
  #makeRoom(parcel: Parcel): boolean {
    const { parcelsMax, bytesMax } = this.#options;
    if (parcel.bytes > bytesMax) return false;
    const fits = () => this.#queue.length < parcelsMax && this.#bytes + parcel.bytes <= bytesMax;
    while (!fits()) {
      const index = parcel.critical ? this.#queue.findLastIndex(({ critical }) => !critical) : -1;
      if (index < 0) return false;
      const [evicted] = this.#queue.splice(index, 1);
      this.#bytes -= evicted!.bytes;
      this.#drop(evicted!, 'queue');
    }
    return true;
  }

  #drop({ alerts }: Parcel, why: 'queue' | 'delivery'): void {
    this.dropped += alerts;
    this.#untold += alerts;
    if (why !== 'queue' || this.#full || this.#abort.signal.aborted) return;
    this.#full = true;
    this.#options.onProblem('its queue is full; alerts are dropped, the trail has them');
  }

  async #run(): Promise<void> {
    for (let parcel = this.#next(); parcel !== undefined; parcel = this.#next()) {
      const failure = await this.#attempt(parcel);
      if (this.#abort.signal.aborted) break;
      this.#current = undefined;
      if (failure === undefined) this.#arrived(parcel);
      else this.#gaveUp(parcel, failure);
    }
    this.#running = undefined;
  }

  #next(): Parcel | undefined {
    const parcel = this.#queue.shift();
    if (parcel !== undefined) this.#bytes -= parcel.bytes;
    else this.#full = false;
    this.#current = parcel;
    return parcel;
  }

  #arrived(parcel: Parcel): void {
    this.delivered += parcel.alerts;
    this.#failing = false;
    this.#sinceNotice += 1;
    if (this.#untold === 0 || (this.#queue.length > 0 && this.#sinceNotice < NOTICE_EVERY)) return;
    const notice = droppedNotice(this.#options.now(), this.#options.name, this.#untold);
    this.#untold = 0;
    this.#sinceNotice = 0;
    this.#queue.unshift(notice);
    this.#bytes += notice.bytes;
  }

  #gaveUp(parcel: Parcel, reason: string): void {
    this.#drop(parcel, 'delivery');
    // A notice that is lost must not make its number be forgotten: the next one tells it.
    if (parcel.kind === 'notice') this.#untold += parcel.dropped;
    if (this.#failing) return;
    this.#failing = true;
    this.#options.onProblem(`alerts cannot be delivered: ${reason}`);
  }

  /** @returns why it was given up; undefined when it arrived. */
  async #attempt(parcel: Parcel): Promise<string | undefined> {
    const { attemptsMax, backoffMs, random } = this.#options;
    for (let attempt = 1; ; attempt++) {
      const delivery = await this.#deliver(parcel);
      if (delivery.done) return undefined;
      if (!delivery.again || attempt >= attemptsMax) return delivery.reason;
      const backoff = backoffMs * 4 ** (attempt - 1) * (0.5 + random() / 2);
      await this.#wait(Math.max(backoff, delivery.afterMs ?? 0));
      if (this.#abort.signal.aborted) return delivery.reason;
    }
  }

  async #deliver(parcel: Parcel): Promise<Delivery> {
    try {
      return await this.#options.sink.deliver(parcel, this.#abort.signal);
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
