import { createRequire } from 'node:module';

/*
 * SQLite, from whichever implementation there is: Node's own (22.13 and later, without a flag), else the package libsql. Without them the
 * trail could not be locked against other processes, since Node has no file locks; nothing else of it needs SQLite but the index.
 */

export type SqlValue = string | number | bigint | Uint8Array | null;
export type SqlRow = Readonly<Record<string, unknown>>;

/**
 * A prepared statement; parameters by position. Synchronous. libsql lets go of one only when it is collected: one that failed can keep
 * its lock even beyond `close`, so whatever is about locks goes through `exec`.
 */
export interface SqlStatement {
  run(...values: readonly SqlValue[]): void;
  /** The first row, or undefined. */
  get(...values: readonly SqlValue[]): SqlRow | undefined;
  all(...values: readonly SqlValue[]): readonly SqlRow[];
}

/** An open database file. It waits for no lock (busy timeout 0) until `PRAGMA busy_timeout` says otherwise. */
export interface SqlDatabase {
  exec(sql: string): void;
  prepare(sql: string): SqlStatement;
  close(): void;
}

/** What the two implementations share; rows of Node's have no prototype. */
interface AnyStatement {
  run(...values: readonly unknown[]): unknown;
  get(...values: readonly unknown[]): SqlRow | undefined;
  all(...values: readonly unknown[]): SqlRow[];
}
interface AnyDatabase {
  exec(sql: string): unknown;
  prepare(sql: string): AnyStatement;
  close(): unknown;
}
type Open = (path: string) => SqlDatabase;

let open: Open | undefined;

/**
 * Opens a database; a missing file is made with the modes of the system, so chmod it where that matters.
 *
 * @throws Error of the implementation; see `isBusy`.
 */
export function openDatabase(path: string): SqlDatabase {
  open ??= openWithNode() ?? openWithLibsql();
  const database = open(path);
  database.exec('PRAGMA busy_timeout = 0');
  return database;
}

/** True for the error of a statement that another connection's lock keeps from running. */
export function isBusy(error: unknown): boolean {
  const { code, errcode } = (error ?? {}) as { code?: unknown; errcode?: unknown };
  // Extended codes such as SQLITE_BUSY_SNAPSHOT have the plain one, 5, in their low byte.
  return (typeof errcode === 'number' && (errcode & 0xff) === 5) || (typeof code === 'string' && code.startsWith('SQLITE_BUSY'));
}

/** Node's own. Undefined where it is missing, or hidden behind a flag. */
function openWithNode(): Open | undefined {
  const module = withoutSqliteWarning(() => process.getBuiltinModule('node:sqlite') as unknown);
  if (module === undefined) return undefined;
  const { DatabaseSync } = module as { DatabaseSync: new (path: string) => AnyDatabase };
  return (path) => {
    const database = new DatabaseSync(path);
    return {
      exec: (sql) => void database.exec(sql),
      prepare: (sql) => {
        const statement = database.prepare(sql);
        return {
          run: (...values) => void statement.run(...values),
          get: (...values) => statement.get(...values),
          all: (...values) => statement.all(...values),
        };
      },
      close: () => void database.close(),
    };
  };
}

function openWithLibsql(): Open {
  const require = createRequire(import.meta.url);
  const Database = require('libsql') as new (path: string) => AnyDatabase;
  return (path) => {
    const database = new Database(path);
    return {
      exec: (sql) => void database.exec(sql),
      prepare: (sql) => {
        const statement = database.prepare(sql);
        // As one array: a single null or blob would be taken for an object of named parameters.
        return {
          run: (...values) => void statement.run(values),
          get: (...values) => plainRow(statement.get(values)),
          all: (...values) => statement.all(values).map((row) => plainRow(row)!),
        };
      },
      close: () => void database.close(),
    };
  };
}

/** As Node's own has them: libsql adds how long `get` took, and gives blobs as array buffers. */
function plainRow(row: SqlRow | undefined): SqlRow | undefined {
  if (row === undefined) return undefined;
  const rest: Record<string, unknown> = { ...row };
  delete rest._metadata;
  for (const [name, value] of Object.entries(rest)) if (value instanceof ArrayBuffer) rest[name] = new Uint8Array(value);
  return rest;
}

/** Runs `load` and swallows the one warning that SQLite is experimental; all others pass. */
function withoutSqliteWarning<T>(load: () => T): T {
  const { emitWarning } = process;
  process.emitWarning = ((warning: string | Error, ...rest: never[]) => {
    if (/sqlite/i.test(String(warning)) && String(rest[0]) === 'ExperimentalWarning') return;
    emitWarning.call(process, warning, ...rest);
  }) as typeof process.emitWarning;
  try {
    return load();
  } finally {
    process.emitWarning = emitWarning;
  }
}
