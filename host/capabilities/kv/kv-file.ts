import { chmodSync, closeSync, lstatSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import { CodedError } from '../../../runtime/index.ts';
import { isBusy, openDatabase, type SqlDatabase, type SqlStatement } from '../../sqlite.ts';

/** Name of the file in the folder for state. */
const KV_FILE_NAME = 'kv.sqlite';

const SCHEMA_VERSION = 1;

/** How long a call waits for other processes that write, each of which takes about a millisecond. */
const LOCK_WAIT_MS_MAX = 2000;
/** Turns of the event loop before the waiting is done by timer. */
const LOCK_TURNS = 20;

/** Pages of 4 KiB: 1 GiB for all stores, so that sessions, whose names agents choose, cannot fill a disk. */
const PAGES_MAX = 262_144;

/*
 * Triggers count what a store has, in the transaction that changes it. A store without keys is removed, and the number that its versions
 * had come to is kept: every store that comes later begins above it, so that no version comes twice under one name.
 */
const SCHEMA = `
  CREATE TABLE meta (floor INTEGER NOT NULL);
  INSERT INTO meta VALUES (0);
  CREATE TABLE stores (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, keys INTEGER NOT NULL, bytes INTEGER NOT NULL, version INTEGER NOT NULL
  );
  CREATE TABLE entries (
    id INTEGER PRIMARY KEY, store INTEGER NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, version INTEGER NOT NULL, expires INTEGER,
    UNIQUE (store, key)
  );
  CREATE INDEX entries_own ON entries (store, expires) WHERE expires IS NOT NULL;
  CREATE INDEX entries_all ON entries (expires) WHERE expires IS NOT NULL;
  CREATE TRIGGER entry_added AFTER INSERT ON entries BEGIN
    UPDATE stores SET keys = keys + 1, bytes = bytes + length(NEW.key) + length(NEW.value) WHERE id = NEW.store;
  END;
  CREATE TRIGGER entry_changed AFTER UPDATE OF value ON entries BEGIN
    UPDATE stores SET bytes = bytes + length(NEW.value) - length(OLD.value) WHERE id = NEW.store;
  END;
  CREATE TRIGGER entry_removed AFTER DELETE ON entries BEGIN
    UPDATE stores SET keys = keys - 1, bytes = bytes - length(OLD.key) - length(OLD.value) WHERE id = OLD.store;
  END;
  CREATE TRIGGER store_emptied AFTER UPDATE OF keys ON stores WHEN NEW.keys = 0 BEGIN
    UPDATE meta SET floor = max(floor, NEW.version);
    DELETE FROM stores WHERE id = NEW.id;
  END;
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

/** Prepares a statement, once for each text. Ask it by `all`: that leaves none half-way, which would keep a lock. */
export type Prepare = (sql: string) => SqlStatement;

interface Opened {
  readonly database: SqlDatabase;
  readonly prepare: Prepare;
  readonly inode: bigint;
}

/**
 * The file with all stores of one host, which several processes may use at once. It is opened when it is first used, and again after it was
 * closed, failed or was replaced. A transaction is synchronous: nothing else of this process comes between.
 */
export class KvFile {
  readonly #folder: string;
  readonly #pagesMax: number;
  #opened: Opened | undefined;

  /** @param pagesMax - of 4 KiB each, for all stores together. */
  constructor(folder: string, pagesMax: number = PAGES_MAX) {
    this.#folder = folder;
    this.#pagesMax = pagesMax;
  }

  /**
   * Runs one transaction, which is on the disk when this answers.
   *
   * @param body - throws nothing but errors of SQLite; then nothing was changed.
   * @throws CodedError `capability/unavailable`: the file cannot be had, is damaged or full, or stays locked for 2 s.
   */
  async transact<T>(mode: 'read' | 'write', signal: AbortSignal, body: (prepare: Prepare) => T): Promise<T> {
    const until = performance.now() + LOCK_WAIT_MS_MAX;
    for (let tries = 0; ; tries += 1) {
      try {
        return this.#attempt(mode, body);
      } catch (error) {
        if (!isBusy(error) || signal.aborted || performance.now() > until) throw this.#failed(error);
      }
      await (tries < LOCK_TURNS ? turn() : delay(1));
    }
  }

  close(): void {
    const opened = this.#opened;
    this.#opened = undefined;
    try {
      opened?.database.close();
    } catch {
      // it is of no use any more
    }
  }

  #attempt<T>(mode: 'read' | 'write', body: (prepare: Prepare) => T): T {
    const { database, prepare } = this.#current();
    // Locks are taken by `exec`: see `SqlStatement`. Reading, too, may meet one, while the file is recovered.
    database.exec(mode === 'write' ? 'BEGIN IMMEDIATE' : 'BEGIN');
    try {
      if (mode === 'read') database.exec('SELECT floor FROM meta');
      const answer = body(prepare);
      database.exec('COMMIT');
      return answer;
    } catch (error) {
      rollBack(database);
      throw error;
    }
  }

  #current(): Opened {
    const path = join(this.#folder, KV_FILE_NAME);
    if (this.#opened !== undefined && inodeOf(path) !== this.#opened.inode) this.close(); // somebody removed or replaced it
    this.#opened ??= openFile(this.#folder, path, this.#pagesMax);
    return this.#opened;
  }

  #failed(cause: unknown): CodedError {
    if (!isBusy(cause)) this.close();
    const why = isBusy(cause) ? 'it stays locked by another process' : reasonOf(cause, this.#folder);
    return new CodedError('capability/unavailable', `the store of \`kv\` cannot be used: ${why}`, { cause });
  }
}

function openFile(folder: string, path: string, pagesMax: number): Opened {
  makeFile(folder, path);
  const database = openDatabase(path);
  try {
    // FULL: what was answered survives a power cut, too, and no version that was given comes again.
    database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA max_page_count = ${pagesMax}`);
    database.exec('BEGIN IMMEDIATE');
    const version = Number(database.prepare('PRAGMA user_version').all()[0]?.user_version);
    if (version === 0) database.exec(SCHEMA);
    else if (version !== SCHEMA_VERSION) throw new Error('it is of another version');
    database.exec('COMMIT');
    return { database, prepare: preparing(database), inode: inodeOf(path)! };
  } catch (error) {
    rollBack(database);
    database.close();
    throw error;
  }
}

/** Receipts show it: no paths of this machine. */
function reasonOf(cause: unknown, folder: string): string {
  const { message = 'unknown error', code } = (cause ?? {}) as { readonly message?: string; readonly code?: unknown };
  return message.includes(folder) ? String(code ?? 'it cannot be opened') : message;
}

function preparing(database: SqlDatabase): Prepare {
  const statements = new Map<string, SqlStatement>();
  return (sql) => {
    const statement = statements.get(sql) ?? database.prepare(sql);
    statements.set(sql, statement);
    return statement;
  };
}

/** SQLite would make it with the modes of the system. What is there is never opened by us: closing it would free SQLite's own locks. */
function makeFile(folder: string, path: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const status = lstatSync(path, { throwIfNoEntry: false });
  if (status === undefined) {
    try {
      closeSync(openSync(path, 'wx', 0o600));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error; // another process was first
    }
  } else if (!status.isFile()) throw new Error('it is not a regular file');
  chmodSync(path, 0o600);
}

function inodeOf(path: string): bigint | undefined {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false })?.ino;
}

/** After some errors, SQLite has done so itself. */
function rollBack(database: SqlDatabase): void {
  try {
    database.exec('ROLLBACK');
  } catch {
    // then there is nothing to roll back
  }
}

const files = new Map<string, KvFile>();

/** The file in this folder; opens nothing. One for the whole process, whoever asks. */
export function kvFileIn(folder: string): KvFile {
  const file = files.get(folder) ?? new KvFile(folder);
  files.set(folder, file);
  return file;
}

/** Closes the file in this folder. Whoever still uses it opens it again, so no other user of this process has to be asked. */
export function closeKvStores(folder: string): void {
  files.get(folder)?.close();
  files.delete(folder);
}
