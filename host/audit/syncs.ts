import type { CodedError } from '../../runtime/index.ts';
import type { JournalFile } from './files.ts';

/** Where one sync takes longer than this, it is never waited for with the event loop stopped. */
const STOPPING_MS_MAX = 0.5;

export interface Waiter {
  resolve(): void;
  reject(error: CodedError): void;
}

/** What a sync is about: the file, and how to go on after it. */
export interface SyncTarget {
  /** A sync begins. @returns the segment that everything unsynced is in. */
  begin(): JournalFile;
  /** Everything that had been written when it began is on the disk. */
  synced(): void;
  /** @returns what to reject the waiters with. */
  failed(cause: unknown): CodedError;
  /** No sync is under way now, and more may be written. */
  idle(): void;
}

/**
 * Syncs for many at once: one is under way at most, whoever came before it began waits for that one, all others for the next.
 * A failed sync fails everybody who waits: what the system could not write, it takes for written afterwards.
 */
export class Syncs {
  readonly #target: SyncTarget;
  #waiting: Waiter[] = [];
  #running = false;
  /** Written to the file, by anybody, and not known to be on the disk. */
  #unsynced = false;
  #lastMs = 0;

  constructor(target: SyncTarget) {
    this.#target = target;
  }

  get running(): boolean {
    return this.#running;
  }

  /** Nobody waits and nothing runs. */
  get idle(): boolean {
    return !this.#running && this.#waiting.length === 0;
  }

  /** Something is in the file that has to get to the disk. */
  wrote(): void {
    this.#unsynced = true;
  }

  /** Resolves when everything written so far is on the disk; `run` has to be called. */
  wait(waiter: Waiter): void {
    if (this.#unsynced || this.#running) this.#waiting.push(waiter);
    else waiter.resolve();
  }

  /**
   * Begins a sync where somebody waits for one.
   *
   * @param alone - nobody else has anything to do in the journal: a sync that takes as long as handing it to another thread is then done
   * right here.
   */
  run(alone: boolean): void {
    if (this.#running || this.#waiting.length === 0) return;
    const waiters = this.#waiting;
    this.#waiting = [];
    this.#unsynced = false;
    if (alone && waiters.length === 1 && this.#lastMs <= STOPPING_MS_MAX) this.#runHere(waiters);
    else this.#runLater(waiters);
  }

  #runHere(waiters: readonly Waiter[]): void {
    const began = performance.now();
    try {
      this.#target.begin().datasync();
    } catch (cause) {
      this.#fail(waiters, cause);
      return;
    }
    this.#lastMs = performance.now() - began;
    this.#target.synced();
    for (const waiter of waiters) waiter.resolve();
  }

  #runLater(waiters: readonly Waiter[]): void {
    const began = performance.now();
    let file: JournalFile;
    try {
      file = this.#target.begin();
    } catch (cause) {
      this.#fail(waiters, cause);
      return;
    }
    this.#running = true;
    file.datasyncLater((error) => {
      this.#running = false;
      this.#lastMs = performance.now() - began;
      if (error === null) {
        this.#target.synced();
        for (const waiter of waiters) waiter.resolve();
        this.run(false);
      } else {
        this.#fail(waiters, error);
      }
      if (!this.#running) this.#target.idle();
    });
  }

  #fail(waiters: readonly Waiter[], cause: unknown): void {
    const error = this.#target.failed(cause);
    const all = [...waiters, ...this.#waiting];
    this.#waiting = [];
    for (const waiter of all) waiter.reject(error);
  }
}
