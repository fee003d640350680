import { CodedError } from '../../runtime/index.ts';
import { RecordEncoder } from './chain.ts';
import type { OpenedEntry } from './entries.ts';
import type { KernelLock } from './lock.ts';
import type { Dropped, Place, Segments } from './segments.ts';
import { Syncs, type Waiter } from './syncs.ts';
import type { Build, Journal, TrailRecord, TrailState, Until } from './trail.ts';
import { asUnavailable } from './trail-errors.ts';
import type { Writers } from './writers.ts';

/**
 * When a record counts as durable. `each`: every durable transaction has a sync of its own. `group`: one sync for all that are in the file
 * when it begins. `os`: when it was handed to the system, so that it outlives the process, and not a power cut.
 */
export type SyncMode = 'each' | 'group' | 'os';

/** Transactions that wait to be built; more are refused. */
const WAITING_TRANSACTIONS_MAX = 65_536;
/** So that other processes come to the lock, and the event loop to other work. */
const BATCH_TRANSACTIONS_MAX = 1024;
const BATCH_BYTES_MAX = 2 ** 22;
const EMPTY_DIGEST = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

interface Transaction extends Waiter {
  readonly build: Build;
  readonly until: Until | (() => Until);
  reject(error: unknown): void;
}

/** Asked once it was built: what it must wait for may follow from what it decided. */
function mustLast({ until }: Transaction): boolean {
  return (typeof until === 'function' ? until() : until) === 'durable';
}

/** What has to be done before anything is appended again. */
interface Broken {
  /** The state may know records that are not in the trail: it has to be read again. */
  readonly reread: boolean;
  /** What is behind it may never have got to the disk, though the system takes it for written. */
  readonly unsynced: Place;
}

/** What `FileJournal` owns from its start on: it closes them. */
export interface JournalParts {
  readonly folder: string;
  readonly state: TrailState;
  readonly sync: SyncMode;
  readonly segmentBytesMax: number;
  readonly now: () => number;
  /** Read to its end, and synced. */
  readonly segments: Segments;
  readonly lock: KernelLock;
  readonly writers: Writers;
  /** What was cut, and has to be noted. */
  readonly dropped: Dropped | undefined;
  /** Stands before the first entry of this writer. */
  readonly opened: OpenedEntry;
}

/** The journal of an open trail; `openJournal` makes it. */
export class FileJournal implements Journal {
  readonly #folder: string;
  readonly #state: TrailState;
  readonly #mode: SyncMode;
  readonly #segmentBytesMax: number;
  readonly #now: () => number;
  readonly #segments: Segments;
  readonly #lock: KernelLock;
  readonly #writers: Writers;
  readonly #encoder: RecordEncoder;
  readonly #syncs: Syncs;
  #queue: Transaction[] = [];
  #scheduled = false;
  #dropped: Dropped | undefined;
  #broken: Broken | undefined;
  /** Somebody changed the trail: final. */
  #refusal: CodedError | undefined;
  /** Everything before is on the disk. */
  #synced: Place;
  #closing: Promise<void> | undefined;
  /** Undefined once it is in the trail. */
  #opened: OpenedEntry | undefined;

  constructor(parts: JournalParts) {
    const { segments } = parts;
    this.#folder = parts.folder;
    this.#state = parts.state;
    this.#mode = parts.sync;
    this.#segmentBytesMax = parts.segmentBytesMax;
    this.#now = parts.now;
    this.#segments = segments;
    this.#lock = parts.lock;
    this.#writers = parts.writers;
    this.#encoder = new RecordEncoder(segments.end);
    this.#dropped = parts.dropped;
    this.#opened = parts.opened;
    this.#synced = segments.place;
    let reached = segments.place;
    this.#syncs = new Syncs({
      begin: () => {
        reached = segments.place;
        return segments.file;
      },
      synced: () => {
        this.#synced = reached;
      },
      failed: (cause) => {
        segments.syncFailed();
        return this.#break(cause);
      },
      idle: () => this.#schedule(),
    });
  }

  get writer(): string {
    return this.#writers.id;
  }

  transact(build: Build, until: Until | (() => Until)): Promise<void> {
    if (this.#closing !== undefined) return Promise.reject(new CodedError('usage/closed', 'the trail was closed'));
    if (this.#queue.length >= WAITING_TRANSACTIONS_MAX) {
      const message = `${WAITING_TRANSACTIONS_MAX} transactions wait for the trail`;
      return Promise.reject(new CodedError('busy/overloaded', message, { data: { retryAfterMs: 1000 } }));
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({ build, until, resolve, reject });
      this.#schedule();
    });
  }

  /** Notes that this writer began, unless it was noted. @throws as `transact`. */
  noteOpened(): Promise<void> {
    return this.transact(() => {
      const entry = this.#opened;
      this.#opened = undefined;
      return entry === undefined ? [] : [entry];
    }, 'durable');
  }

  catchUp(): Promise<void> {
    return this.transact(() => [], 'written');
  }

  isWriting(writer: string): boolean {
    return this.#writers.isWriting(writer);
  }

  close(): Promise<void> {
    if (this.#closing !== undefined) return this.#closing;
    const last = this.transact(() => (this.#opened === undefined ? [{ kind: 'closed', writer: this.writer }] : []), 'durable');
    this.#closing = this.#end(last);
    return this.#closing;
  }

  async #end(last: Promise<void>): Promise<void> {
    try {
      await last;
      while (!this.#syncs.idle) await new Promise(setImmediate);
      if (this.#mode === 'os') this.#segments.sync();
    } catch (cause) {
      while (!this.#syncs.idle) await new Promise(setImmediate);
      throw asUnavailable(cause, this.#folder);
    } finally {
      this.#segments.close();
      this.#writers.close();
      this.#lock.close();
    }
  }

  /** One batch at the end of this turn of the event loop, when all who are about to have asked. */
  #schedule(): void {
    if (this.#scheduled || this.#queue.length === 0) return;
    this.#scheduled = true;
    setImmediate(() => this.#run());
  }

  #run(): void {
    if (this.#mustWait()) {
      this.#scheduled = false;
      return;
    }
    try {
      if (this.#lock.tryTake()) this.#runLocked();
      else
        this.#lock.take().then(
          () => this.#runLocked(),
          (cause) => this.#refuse(cause),
        );
    } catch (cause) {
      this.#refuse(cause);
    }
  }

  /** True while the file must not change, or not yet: the end of the sync that runs is what schedules again. */
  #mustWait(): boolean {
    return this.#syncs.running && (this.#mode === 'each' || this.#broken !== undefined || this.#isFull());
  }

  #isFull(): boolean {
    return this.#segments.recordBytes >= this.#segmentBytesMax;
  }

  /** Nobody who waits is served. */
  #refuse(cause: unknown): void {
    this.#scheduled = false;
    const error = asUnavailable(cause, this.#folder);
    for (const transaction of this.#queue.splice(0)) transaction.reject(error);
  }

  #runLocked(): void {
    this.#scheduled = false;
    const begun: Transaction[] = [];
    try {
      try {
        if (this.#prepare()) this.#write(begun);
      } finally {
        this.#lock.release();
      }
      this.#queue.splice(0, begun.length);
      for (const transaction of begun) this.#wrote(transaction);
    } catch (cause) {
      const error = this.#break(cause);
      // Where nothing was built yet, what failed is the same for all.
      for (const { reject } of this.#queue.splice(0, begun.length || this.#queue.length)) reject(error);
    }
    this.#syncs.run(this.#queue.length === 0);
    this.#schedule();
  }

  /** Its records are in the file. Does nothing to one that was rejected, since promises settle once. */
  #wrote(transaction: Transaction): void {
    if (!mustLast(transaction) || this.#mode === 'os') transaction.resolve();
    else this.#syncs.wait(transaction);
  }

  /** Whatever fails is mended before the next batch. */
  #break(cause: unknown): CodedError {
    const error = asUnavailable(cause, this.#folder);
    if (error.code === 'audit/broken-chain' || error.code === 'audit/unreadable') this.#refusal = error;
    this.#broken ??= { reread: true, unsynced: this.#synced };
    return error;
  }

  /** Reads what others wrote, and makes sure that a batch can be appended. False where it has to wait for a sync. */
  #prepare(): boolean {
    if (this.#refusal !== undefined) throw this.#refusal;
    if (this.#broken !== undefined) this.#mend(this.#broken);
    else this.#readOthers();
    if (!this.#isFull()) return true;
    // Of two syncs of one file at once, only one is told of an error.
    if (this.#syncs.running) return false;
    this.#segments.startNext(this.#now());
    this.#synced = this.#segments.place;
    return true;
  }

  #readOthers(): void {
    const { seq } = this.#segments.end;
    const { number } = this.#segments.place;
    this.#dropped = this.#segments.catchUp() ?? this.#dropped;
    if (this.#segments.end.seq !== seq) this.#syncs.wrote();
    // Whoever began this segment had synced those before.
    if (this.#segments.place.number !== number) this.#synced = { number: this.#segments.place.number, offset: 0 };
  }

  /** After a failure: reads again, writes again what no sync vouches for, and finds out by a record of its own whether that lasts. */
  #mend({ reread, unsynced }: Broken): void {
    this.#broken = { reread: true, unsynced };
    const dropped = reread ? this.#segments.reopen() : this.#segments.catchUp();
    if (dropped === false) throw new CodedError('audit/broken-chain', 'the segments of the trail are gone', { data: { seq: 1 } });
    this.#dropped = dropped ?? this.#dropped;
    this.#broken = { reread: false, unsynced };
    this.#segments.rewrite(unsynced);
    this.#encoder.begin(this.#segments.end);
    const record = this.#addDropped(this.#dropped ?? { droppedBytes: 0, droppedDigest: EMPTY_DIGEST });
    this.#append();
    this.#state.apply(record);
    this.#state.committed?.([record]);
    this.#segments.sync();
    this.#synced = this.#segments.place;
    this.#broken = undefined;
  }

  /** @param begun - gets every transaction that is looked at; all that were not rejected are in the file when this returns. */
  #write(begun: Transaction[]): void {
    this.#encoder.begin(this.#segments.end);
    const records: TrailRecord[] = [];
    const apply = (record: TrailRecord): void => {
      this.#state.apply(record);
      records.push(record);
    };
    if (this.#dropped !== undefined) apply(this.#addDropped(this.#dropped));
    const now = this.#now();
    for (const transaction of this.#queue) {
      if (begun.length >= BATCH_TRANSACTIONS_MAX || this.#encoder.length >= BATCH_BYTES_MAX) break;
      begun.push(transaction);
      for (const record of this.#build(transaction, now)) apply(record);
      if (this.#mode === 'each' && mustLast(transaction)) break;
    }
    if (this.#encoder.length === 0) return;
    this.#append();
    this.#state.committed?.(records);
  }

  /** Records of one transaction. Where it cannot be built, none, and it is rejected. */
  #build({ build, reject }: Transaction, now: number): readonly TrailRecord[] {
    const { length, end } = this.#encoder;
    try {
      const entries = build(now);
      if (entries.length === 0 || this.#opened === undefined) return entries.map((entry) => this.#encoder.add(entry, now));
      const records = [this.#opened, ...entries].map((entry) => this.#encoder.add(entry, now));
      this.#opened = undefined;
      return records;
    } catch (error) {
      this.#encoder.rollBack(length, end);
      reject(error);
      return [];
    }
  }

  #addDropped(dropped: Dropped): TrailRecord {
    return this.#encoder.add({ kind: 'recovered', ...dropped }, this.#now());
  }

  #append(): void {
    try {
      this.#segments.append(this.#encoder.bytes(), this.#encoder.end);
    } catch (cause) {
      this.#cutFailed();
      throw cause;
    }
    this.#dropped = undefined;
    this.#syncs.wrote();
  }

  /** Nobody else has seen any of it yet. Where this fails, too, what is whole of it stays, and the rest is cut later. */
  #cutFailed(): void {
    try {
      this.#dropped = this.#segments.cut() ?? this.#dropped;
    } catch {
      // The error that is told is the first one.
    }
  }
}
