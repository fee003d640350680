import { chmodSync, statSync } from 'node:fs';
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import { CodedError } from '../../runtime/index.ts';
import { isBusy, openDatabase, type SqlDatabase } from '../sqlite.ts';

/** How long anybody waits for another process to finish its batch, which takes it about a millisecond. */
const LOCK_WAIT_MS_MAX = 10_000;
/** Turns of the event loop before the waiting is done by timer. */
const LOCK_TURNS = 50;

/**
 * A lock between processes that the kernel frees when its holder dies: an exclusive transaction on an SQLite file that stays empty. Two
 * locks on one file exclude each other within one process, too. The file must never be opened by other means in a process that holds the
 * lock: POSIX locks go when any descriptor of the file is closed; SQLite alone keeps account of that.
 */
export class KernelLock {
  readonly #path: string;
  #database: SqlDatabase;
  /** Of the file that the database has open. */
  #inode: bigint | undefined;
  #ready = false;

  /** @throws Error of the system or of SQLite where the file cannot be made. */
  constructor(path: string) {
    this.#path = path;
    this.#database = this.#open();
  }

  #open(): SqlDatabase {
    const database = openDatabase(this.#path);
    try {
      chmodSync(this.#path, 0o600);
      this.#inode = inodeOf(this.#path);
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  }

  /** Takes the lock, unless somebody has it. About 8 us. */
  tryTake(): boolean {
    try {
      // Without this each transaction would make and remove a journal file, five times as slow. The file is never written.
      if (!this.#ready) this.#database.exec('PRAGMA journal_mode = MEMORY');
      this.#ready = true;
      this.#database.exec('BEGIN EXCLUSIVE');
      if (inodeOf(this.#path) === this.#inode) return true;
      // Somebody removed or replaced the file: others lock the one that is there now.
      this.close();
      this.#ready = false;
      this.#database = this.#open();
      return false;
    } catch (error) {
      if (isBusy(error)) return false;
      throw error;
    }
  }

  /** As `tryTake`, again and again. @throws CodedError `failed/audit-unavailable` after 10 s. */
  async take(): Promise<void> {
    const until = performance.now() + LOCK_WAIT_MS_MAX;
    for (let tries = 0; !this.tryTake(); tries += 1) {
      if (performance.now() > until) {
        throw new CodedError('failed/audit-unavailable', `the trail stays locked by another process for ${LOCK_WAIT_MS_MAX} ms`);
      }
      await (tries < LOCK_TURNS ? turn() : delay(1));
    }
  }

  release(): void {
    this.#database.exec('ROLLBACK');
  }

  /** Lets go of everything, held or not. */
  close(): void {
    try {
      this.#database.exec('ROLLBACK');
    } catch {
      // There was no transaction.
    }
    this.#database.close();
  }
}

function inodeOf(path: string): bigint | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino;
}

/** True while somebody holds the lock; the file must exist. Several may ask at once. */
export function isLocked(path: string): boolean {
  const database = openDatabase(path);
  try {
    database.exec('SELECT 1 FROM sqlite_master');
    return false;
  } catch (error) {
    if (isBusy(error)) return true;
    throw error;
  } finally {
    database.close();
  }
}
