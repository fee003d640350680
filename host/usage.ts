import { CodedError } from '../runtime/index.ts';
import type { DecidedEntry } from './audit/entries.ts';
import type { TrailRecord, TrailState } from './audit/trail.ts';
import type { Usage } from './policy/decision.ts';

/**
 * A step back of the clock by more than this is a clock that was set right. Up to it, an earlier instant counts as the latest one seen; with
 * no end to that, a clock that once ran ten years ahead would keep every budget used up for ten years.
 */
const CLOCK_BACK_MS_MAX = 24 * 60 * 60 * 1000;

/** Records between two looks for budgets that nothing counts in any more, at least. */
const SWEEP_EVERY_MIN = 256;

/** A ledger as plain JSON. */
interface CarriedUsage {
  /** Latest instant seen; null before the first record. */
  readonly latest: number | null;
  /** Of each budget: its window, then its instants, oldest first, each as milliseconds since the one before. */
  readonly budgets: readonly (readonly [key: string, windowMs: number, ...gaps: number[]])[];
  /** Of each call in flight: its audit id, its instant, and the budgets that it is counted in. */
  readonly open: readonly (readonly [audit: string, at: number, ...keys: string[]])[];
}

/**
 * Counts calls in their budgets, from the records of a trail: the same in each process that reads it, and after a restart.
 *
 * A call counts from the instant of its `decided` record for as long as the window is, and while it is in flight, whichever is longer. In
 * flight ends with its `outcome`, the one for an interrupted call included.
 *
 * INVARIANT: where each call is decided by this ledger and applied to it before the next is decided, and asks with an instant that is not
 * later than that of its record, no window holds more calls than the budget. A window is measured by the instants of the trail, where an
 * earlier instant than one before it, by up to a day, counts as that one. Where it is earlier by more, the clock was set: what is
 * remembered moves back to that instant and counts for a whole window more; calls that the wrong clock let be forgotten stay so.
 */
export class UsageLedger implements Usage, TrailState {
  readonly #budgets = new Map<string, Budget>();
  readonly #open = new Map<string, OpenCall>();
  #latest = Number.NEGATIVE_INFINITY;
  #sinceSweep = 0;

  /** Takes O(1) on average for each budget of the record. */
  apply(record: TrailRecord): void {
    this.#advance(record.at);
    if (record.kind === 'decided' && record.effect === 'allow') this.#count(record);
    else if (record.kind === 'outcome') this.#end(record.audit);
    this.#sinceSweep += 1;
    if (this.#sinceSweep >= Math.max(SWEEP_EVERY_MIN, this.#budgets.size)) this.#sweep();
  }

  /** Takes O(log n) of the calls in the window, and as long again as calls in flight are older than it. */
  used(key: string, sinceMs: number): number {
    return this.#budgets.get(key)?.used(sinceMs, this.#latest) ?? 0;
  }

  inFlight(key: string): number {
    return this.#budgets.get(key)?.flights.size ?? 0;
  }

  oldest(key: string, sinceMs: number): number | undefined {
    return this.#budgets.get(key)?.oldest(sinceMs, this.#latest);
  }

  /** How much is in memory: budgets, and instants of calls with those that are forgotten but still there. */
  get size(): { readonly budgets: number; readonly instants: number } {
    let instants = 0;
    for (const budget of this.#budgets.values()) instants += budget.length;
    return { budgets: this.#budgets.size, instants };
  }

  carry(): unknown {
    this.#sweep();
    const carried: CarriedUsage = {
      latest: Number.isFinite(this.#latest) ? this.#latest : null,
      budgets: [...this.#budgets].map(([key, budget]) => [key, budget.windowMs, ...budget.gaps()] as const),
      open: [...this.#open].map(([audit, { at, keys }]) => [audit, at, ...keys] as const),
    };
    return carried;
  }

  /** @throws CodedError `audit/unreadable` for what no ledger carried; the ledger is empty then. */
  reset(carried: unknown): void {
    this.#budgets.clear();
    this.#open.clear();
    this.#latest = Number.NEGATIVE_INFINITY;
    this.#sinceSweep = 0;
    if (carried === undefined) return;
    if (!isCarried(carried)) throw new CodedError('audit/unreadable', 'the trail carries budgets that cannot be read');
    for (const [key, windowMs, ...gaps] of carried.budgets) {
      const budget = this.#budgetOf(key, windowMs);
      let at = 0;
      for (const gap of gaps) {
        at += gap;
        budget.add(at);
      }
    }
    for (const [audit, at, ...keys] of carried.open) {
      this.#open.set(audit, { at, keys });
      for (const key of keys) this.#budgetOf(key, 0).flights.set(audit, at);
    }
    if (carried.latest !== null) this.#latest = carried.latest;
  }

  #advance(instant: number): void {
    // Whole milliseconds, so that gaps add up exactly; never earlier than it was.
    const at = Math.ceil(instant);
    if (at >= this.#latest) {
      this.#latest = at;
      return;
    }
    if (at >= this.#latest - CLOCK_BACK_MS_MAX) return;
    // First forgets what is old by the clock as it was: whether it had been swept already must make no difference.
    this.#sweep();
    for (const budget of this.#budgets.values()) budget.moveBack(at, this.#latest);
    this.#latest = at;
    for (const call of this.#open.values()) call.at = Math.min(call.at, at);
  }

  #count({ audit, budgets = [] }: DecidedEntry): void {
    if (budgets.length === 0) return;
    // A call that is allowed anew counts again, and is in flight once.
    this.#end(audit);
    const windows = new Map<string, number>();
    for (const { key, windowMs } of budgets) windows.set(key, Math.max(windowMs, windows.get(key) ?? 0));
    for (const [key, windowMs] of windows) {
      this.#budgets.get(key)?.forget(this.#latest);
      if (this.#budgets.get(key)?.isEmpty === true) this.#budgets.delete(key);
      const budget = this.#budgetOf(key, windowMs);
      budget.add(this.#latest);
      budget.flights.set(audit, this.#latest);
    }
    this.#open.set(audit, { at: this.#latest, keys: [...windows.keys()] });
  }

  #end(audit: string): void {
    const call = this.#open.get(audit);
    if (call === undefined) return;
    this.#open.delete(audit);
    for (const key of call.keys) this.#budgets.get(key)?.flights.delete(audit);
  }

  /** A budget keeps the longest window that a call in it was counted with, so that a changed policy forgets nothing. */
  #budgetOf(key: string, windowMs: number): Budget {
    const budget = this.#budgets.get(key) ?? new Budget();
    budget.windowMs = Math.max(budget.windowMs, windowMs);
    this.#budgets.set(key, budget);
    return budget;
  }

  #sweep(): void {
    this.#sinceSweep = 0;
    for (const [key, budget] of this.#budgets) {
      budget.forget(this.#latest);
      if (budget.isEmpty) this.#budgets.delete(key);
    }
  }
}

interface OpenCall {
  at: number;
  readonly keys: readonly string[];
}

/** The instants of one budget, never falling, from `#head` on; what is before was forgotten and is removed now and then. */
class Budget {
  windowMs = 0;
  /** Calls in flight by audit id, in the order of their instants. */
  readonly flights = new Map<string, number>();
  #instants: number[] = [];
  #head = 0;

  get isEmpty(): boolean {
    return this.#head === this.#instants.length && this.flights.size === 0;
  }

  get length(): number {
    return this.#instants.length;
  }

  add(at: number): void {
    this.#instants.push(at);
  }

  /** Forgets what is as old as the window, or older. */
  forget(nowMs: number): void {
    while (this.#head < this.#instants.length && this.#instants[this.#head]! <= nowMs - this.windowMs) this.#head += 1;
    if (this.#head * 2 <= this.#instants.length) return;
    this.#instants = this.#instants.slice(this.#head);
    this.#head = 0;
  }

  used(sinceMs: number, nowMs: number): number {
    const since = this.#within(sinceMs, nowMs);
    let count = this.#instants.length - this.#after(since);
    for (const at of this.flights.values()) {
      if (at > since) break;
      count += 1;
    }
    return count;
  }

  oldest(sinceMs: number, nowMs: number): number | undefined {
    return this.#instants[this.#after(this.#within(sinceMs, nowMs))];
  }

  /** @param nowMs - latest instant by the clock as it was; all before that is forgotten already. */
  moveBack(at: number, nowMs: number): void {
    // Calls in flight are remembered, even where their instants are not.
    const older = [...this.flights.values()].filter((instant) => instant <= nowMs - this.windowMs);
    const remembered = [...older, ...this.#instants.slice(this.#head)];
    this.#instants = remembered.map((instant) => Math.min(instant, at)).sort((a, b) => a - b);
    this.#head = 0;
    for (const [audit, instant] of this.flights) this.flights.set(audit, Math.min(instant, at));
  }

  gaps(): number[] {
    return this.#instants.slice(this.#head).map((at, index, all) => at - (index === 0 ? 0 : all[index - 1]!));
  }

  /** What is older than the window does not count, forgotten already or not: processes that share a trail forget at different times. */
  #within(sinceMs: number, nowMs: number): number {
    return Math.max(sinceMs, nowMs - this.windowMs);
  }

  /** Index of the first instant after `sinceMs`. */
  #after(sinceMs: number): number {
    let low = this.#head;
    let high = this.#instants.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#instants[middle]! > sinceMs) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

function isCarried(value: unknown): value is CarriedUsage {
  if (typeof value !== 'object' || value === null) return false;
  const { latest, budgets, open } = value as Partial<Record<keyof CarriedUsage, unknown>>;
  return (latest === null || Number.isSafeInteger(latest)) && isRows(budgets, isBudgetRow) && isRows(open, isOpenRow);
}

function isRows(value: unknown, isRow: (row: readonly unknown[]) => boolean): boolean {
  return Array.isArray(value) && value.every((row) => Array.isArray(row) && isRow(row));
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

function isBudgetRow([key, windowMs, first, ...gaps]: readonly unknown[]): boolean {
  return (
    typeof key === 'string' && isCount(windowMs) && (first === undefined || Number.isSafeInteger(first)) && gaps.every(isCount)
  );
}

function isOpenRow([audit, at, ...keys]: readonly unknown[]): boolean {
  return typeof audit === 'string' && Number.isSafeInteger(at) && keys.every((key) => typeof key === 'string');
}
