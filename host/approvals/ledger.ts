import { idsLike } from './id.ts';

/** How long what ended can still be found, in milliseconds. */
export const ENDED_KEPT_MS = 24 * 60 * 60 * 1000;
/** How many ended items are kept at most; the one that ended first goes first. */
export const ENDED_KEPT_MAX = 1000;

/**
 * Items by id: open ones, and for a while those that ended. Bounded by what is open; whoever adds to it bounds that.
 */
export class Ledger<Item> {
  readonly #open = new Map<string, Item>();
  /** In the order in which they ended. */
  readonly #ended = new Map<string, Item>();
  readonly #endedAt: (item: Item) => number | undefined;
  readonly #lapsesAt: (item: Item) => number;
  /** The instant at which the first open item lapses; undefined when that has to be looked up again. */
  #lapseAtMin: number | undefined;

  /**
   * @param endedAt - instant at which an item ended; undefined while it is open.
   * @param lapsesAt - instant at which an open item ends by itself.
   */
  constructor(endedAt: (item: Item) => number | undefined, lapsesAt: (item: Item) => number) {
    this.#endedAt = endedAt;
    this.#lapsesAt = lapsesAt;
  }

  /** No open item lapses before this instant, which makes a look at all of them needless most of the time. */
  get lapseAtMin(): number {
    if (this.#lapseAtMin === undefined) {
      let first = Number.POSITIVE_INFINITY;
      for (const item of this.#open.values()) first = Math.min(first, this.#lapsesAt(item));
      this.#lapseAtMin = first;
    }
    return this.#lapseAtMin;
  }

  get(id: string): Item | undefined {
    return this.#open.get(id) ?? this.#ended.get(id);
  }

  set(id: string, item: Item): void {
    this.#lapseAtMin = undefined;
    if (this.#endedAt(item) === undefined) {
      this.#open.set(id, item);
      return;
    }
    this.#open.delete(id);
    this.#ended.set(id, item);
    for (const oldest of this.#ended.keys()) {
      if (this.#ended.size <= ENDED_KEPT_MAX) break;
      this.#ended.delete(oldest);
    }
  }

  open(): readonly Item[] {
    return [...this.#open.values()];
  }

  items(): readonly Item[] {
    return [...this.#open.values(), ...this.#ended.values()];
  }

  find(prefix: string): readonly Item[] {
    return idsLike(prefix, [...this.#open.keys(), ...this.#ended.keys()]).map((id) => this.get(id)!); // the ids are ours
  }

  reset(items: readonly (readonly [string, Item])[]): void {
    this.#open.clear();
    this.#ended.clear();
    this.#lapseAtMin = undefined;
    for (const [id, item] of items) this.set(id, item);
  }

  /** Drops what ended, or lapsed, a day before. @returns the open ones that are gone. */
  forget(nowMs: number): readonly Item[] {
    for (const [id, item] of this.#ended) {
      if (this.#endedAt(item)! > nowMs - ENDED_KEPT_MS) break;
      this.#ended.delete(id);
    }
    if (nowMs - ENDED_KEPT_MS < this.lapseAtMin) return [];
    const gone = [...this.#open].filter(([, item]) => this.#lapsesAt(item) <= nowMs - ENDED_KEPT_MS);
    for (const [id] of gone) this.#open.delete(id);
    this.#lapseAtMin = undefined;
    return gone.map(([, item]) => item);
  }
}
