import type { TrailEntry } from './entries.ts';

/** An entry with its place: `seq` counts from 1 without gaps over all segments; `at` is the instant of writing. */
export type TrailRecord = TrailEntry & { readonly seq: number; readonly at: number };

/**
 * What is known from the trail: approvals, budgets, requests and open calls are all folded from its records, in their order, the same in
 * each process that shares it.
 */
export interface TrailState {
  /** Begins anew from what the first record of a segment carried over; undefined: from nothing. */
  reset(carried: unknown): void;
  /** Called once for each record, own or of another process, in the order of the trail. Throws nothing. */
  apply(record: TrailRecord): void;
  /**
   * Told of records that `apply` has seen, once they are in the file: own ones and those of others, each once, but none that are only read
   * again. For those who act upon records beside folding them. Throws nothing.
   */
  committed?(records: readonly TrailRecord[]): void;
  /** What later records build upon, as plain JSON data: written at the start of each segment. */
  carry(): unknown;
}

/** `durable`: on the disk, as the sync mode has it. `written`: handed to the system, in the order of the trail. */
export type Until = 'written' | 'durable';

/** Makes the entries of one transaction. @param nowMs - instant that they will have, milliseconds since 1970. */
export type Build = (nowMs: number) => readonly TrailEntry[];

export interface Journal {
  /** Id of this writer. */
  readonly writer: string;
  /**
   * Decides and records in one step that no other process can come between: `build` is called when the trail is locked and the state has
   * seen all records before; what it returns is appended. Its entries become known to the state at once.
   *
   * A call that rejects may still have left its records in the trail, where a sync failed: nothing may run on them, and nobody else takes
   * them for undone.
   *
   * @param until - how far it must be before this resolves; a function is asked after `build`.
   * @param build - synchronous and short; what it throws rejects this call and appends nothing. An empty list appends nothing, and resolves
   * when what the state has seen is durable or written.
   * @throws CodedError `failed/audit-unavailable`, `audit/broken-chain`: nothing was acknowledged, and nothing may run. `busy/overloaded`:
   * too many wait; nothing was built. `usage/closed`.
   */
  transact(build: Build, until: Until | (() => Until)): Promise<void>;
  /** Reads what other processes have appended since, into the state. */
  catchUp(): Promise<void>;
  /** True for a writer that lives: this one, or another one that still holds its lock. */
  isWriting(writer: string): boolean;
  /**
   * Ends: later calls are refused, what was begun is made durable. All locks are free afterwards, also where it throws.
   *
   * @throws CodedError as `transact`: the end could not be written.
   */
  close(): Promise<void>;
}
