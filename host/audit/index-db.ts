import { chmodSync, closeSync, openSync, readSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isCoded } from '../../runtime/index.ts';
import { isBusy, openDatabase, type SqlDatabase, type SqlRow, type SqlStatement, type SqlValue } from '../sqlite.ts';
import { readLine } from './chain.ts';
import { type Asker, type Askers, AskersInMemory, keysOf, type TrailFilter } from './filter.ts';
import { segmentName } from './segment-reader.ts';
import type { PlacedRecord } from './trail-cursor.ts';
import { TRAIL_START, TrailCursor, type TrailPosition } from './trail-cursor.ts';

/* An index over a trail, for questions only: nothing is decided by it, and the journal wins. It holds keys and places, no records, and
   may be deleted at any time. */

const SCHEMA_VERSION = 1;

const SCHEMA = `
  CREATE TABLE records (
    seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, agent TEXT, tool TEXT, outcome TEXT, code TEXT, audit TEXT,
    approval TEXT, shape TEXT, segment INTEGER NOT NULL, offset INTEGER NOT NULL, bytes INTEGER NOT NULL, previous BLOB NOT NULL
  );
  CREATE INDEX records_audit ON records (audit) WHERE audit IS NOT NULL;
  CREATE INDEX records_approval ON records (approval) WHERE approval IS NOT NULL;
  CREATE TABLE place (segment INTEGER, offset INTEGER, lines INTEGER, seq INTEGER, link TEXT);
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

/** Made when the first rows are there, which takes a third of the time. Most records have no outcome, code or shape. */
const LATER_INDEXES = `
  CREATE INDEX IF NOT EXISTS records_at ON records (at);
  ${['agent', 'tool', 'outcome', 'code', 'shape']
    .map((column) => `CREATE INDEX IF NOT EXISTS records_${column} ON records (${column}) WHERE ${column} IS NOT NULL;`)
    .join(' ')}
`;

/** Name of the index below the trail's folder. */
export const INDEX_NAME = 'index.db';

/**
 * Opens the index and brings it up to the present end of the trail. One that is damaged, of another version, or of another trail is made anew.
 *
 * @returns undefined where there can be none: no SQLite, a folder that cannot be written, another process that is at it. Then the trail is read.
 * @throws CodedError `audit/broken-chain`, `audit/unreadable`: what is wrong with the trail, not with the index.
 */
export async function openIndex(folder: string): Promise<TrailIndex | undefined> {
  // One after the other: a second one of this process would find it locked by the first, and read the whole trail instead.
  const opening = (openings.get(folder) ?? Promise.resolve()).then(() => openNext(folder));
  const ended = opening.then(
    () => undefined,
    () => undefined,
  );
  openings.set(folder, ended);
  try {
    return await opening;
  } finally {
    if (openings.get(folder) === ended) openings.delete(folder);
  }
}

/** Ends of what opens an index now, by the trail's folder. */
const openings = new Map<string, Promise<void>>();

async function openNext(folder: string): Promise<TrailIndex | undefined> {
  for (const fresh of [false, true]) {
    const index = openOnce(folder, fresh);
    try {
      if (index !== undefined && (await index.catchUp())) return index;
      index?.close();
    } catch (error) {
      index?.close();
      if (isCoded(error)) throw error;
      if (isBusy(error)) return undefined; // it is not damaged, another process is at it
    }
  }
  return undefined;
}

function openOnce(folder: string, fresh: boolean): TrailIndex | undefined {
  const path = join(folder, INDEX_NAME);
  let database: SqlDatabase | undefined;
  try {
    if (fresh) for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(path + suffix, { force: true });
    database = openDatabase(path);
    chmodSync(path, 0o600);
    database.exec('PRAGMA synchronous = OFF; PRAGMA cache_size = -65536'); // lost or damaged, it is made anew
    return new TrailIndex(folder, database);
  } catch {
    database?.close();
    return undefined;
  }
}

/** Rows of a query: where its records are. */
interface Row {
  readonly seq: number;
  readonly segment: number;
  readonly offset: number;
  readonly bytes: number;
  /** Link of the record before. */
  readonly previous: Uint8Array;
}

export class TrailIndex {
  private readonly folder: string;
  private readonly database: SqlDatabase;

  /** @throws Error of SQLite where the file is no index. */
  constructor(folder: string, database: SqlDatabase) {
    this.folder = folder;
    this.database = database;
    const version = Number(database.prepare('PRAGMA user_version').get()?.user_version);
    if (version === 0) database.exec(`BEGIN IMMEDIATE; ${SCHEMA} COMMIT`);
    else if (version !== SCHEMA_VERSION) throw new Error('another version of the index');
  }

  close(): void {
    this.database.close();
  }

  /**
   * All at once or not at all, so that no other process comes between.
   *
   * @returns false when what was indexed is not what the trail has.
   */
  async catchUp(): Promise<boolean> {
    this.database.exec('BEGIN IMMEDIATE');
    try {
      const from = this.position();
      if (from.end.seq > 0 && !this.isLastRecordThere(from)) {
        rollBack(this.database);
        return false;
      }
      const cursor = new TrailCursor(this.folder, from);
      await this.add(cursor);
      this.database.exec(cursor.position === from ? 'ROLLBACK' : 'COMMIT');
      return true;
    } catch (error) {
      rollBack(this.database);
      throw error;
    }
  }

  /** Places of the records that are wanted, but for `text`, in order. @param max - so many, the first ones. */
  find(filter: TrailFilter, max: number): readonly Row[] {
    const { where, values } = whereOf(filter);
    const rows = this.database
      .prepare(`SELECT seq, segment, offset, bytes, previous FROM records WHERE ${where} ORDER BY seq LIMIT ?`)
      .all(...values, max);
    return rows as unknown as readonly Row[];
  }

  /** @returns the records at these places; undefined as soon as one is not there, so that the index lies. */
  *read(rows: readonly Row[]): Generator<PlacedRecord | undefined, void, undefined> {
    let open: { readonly segment: number; readonly descriptor: number } | undefined;
    try {
      for (const row of rows) {
        if (open?.segment !== row.segment) {
          if (open !== undefined) closeSync(open.descriptor);
          open = { segment: row.segment, descriptor: openSync(join(this.folder, segmentName(row.segment)), 'r') };
        }
        yield readRow(open.descriptor, row);
      }
    } finally {
      if (open !== undefined) closeSync(open.descriptor);
    }
  }

  private position(): TrailPosition {
    const row = this.database.prepare('SELECT * FROM place').get();
    if (row === undefined) return TRAIL_START;
    const end = { seq: Number(row.seq), link: String(row.link) };
    return { segment: Number(row.segment), offset: Number(row.offset), lines: Number(row.lines), end };
  }

  private isLastRecordThere({ end }: TrailPosition): boolean {
    const rows = this.database.prepare('SELECT seq, segment, offset, bytes, previous FROM records WHERE seq = ?').all(end.seq);
    try {
      const [found] = this.read(rows as unknown as readonly Row[]);
      return found?.link === end.link;
    } catch {
      return false; // its segment is not there
    }
  }

  private async add(cursor: TrailCursor): Promise<void> {
    const askers = new AskersInIndex(this.database);
    const insert = this.database.prepare(`INSERT INTO records VALUES (${Array(14).fill('?').join()})`);
    for await (const batch of cursor.batches()) for (const placed of batch) insert.run(...rowOf(placed, askers));
    this.database.exec(LATER_INDEXES);
    const { segment, offset, lines, end } = cursor.position;
    this.database.exec('DELETE FROM place');
    this.database.prepare('INSERT INTO place VALUES (?, ?, ?, ?, ?)').run(segment, offset, lines, end.seq, end.link);
  }
}

/** After some errors, SQLite has done so itself. */
function rollBack(database: SqlDatabase): void {
  try {
    database.exec('ROLLBACK');
  } catch {
    // then there is nothing to roll back
  }
}

function rowOf({ record, segment, offset, bytes, previousLink }: PlacedRecord, askers: Askers): readonly SqlValue[] {
  const { seq, at, kind, agent, tool, outcome, code, audit, approval, shape } = keysOf(record, askers);
  const texts = [agent, tool, outcome, code, audit, approval, shape].map((text) => text ?? null);
  return [seq, at, kind, ...texts, segment, offset, bytes, Buffer.from(previousLink, 'hex')];
}

function readRow(descriptor: number, { seq, segment, offset, bytes, previous }: Row): PlacedRecord | undefined {
  const line = Buffer.alloc(bytes);
  if (readSync(descriptor, line, 0, bytes, offset) !== bytes) return undefined;
  const previousLink = Buffer.from(previous).toString('hex');
  const read = readLine(line, { seq: seq - 1, link: previousLink });
  return typeof read === 'string'
    ? undefined
    : { record: read.record, segment, offset, bytes, previousLink, link: read.end.link };
}

/** Askers that were asked for lately, before the index is asked. */
const CACHED_MAX = 10_000;

/** Who asked is in the index already, as soon as the row of the record that says it was added. */
class AskersInIndex implements Askers {
  private readonly audits: SqlStatement;
  private readonly approvals: SqlStatement;
  private cache = new AskersInMemory();
  private cached = 0;

  constructor(database: SqlDatabase) {
    this.audits = database.prepare("SELECT agent, tool FROM records WHERE audit = ? AND kind = 'requested' LIMIT 1");
    this.approvals = database.prepare(
      "SELECT agent, tool FROM records WHERE approval = ? AND kind = 'approval' ORDER BY seq LIMIT 1",
    );
  }

  byAudit(audit: string): Asker | undefined {
    return this.cache.byAudit(audit) ?? askerOf(this.audits.get(audit));
  }

  byApproval(approval: string): Asker | undefined {
    return this.cache.byApproval(approval) ?? askerOf(this.approvals.get(approval));
  }

  remember(asker: Asker, ids: { readonly audit?: string; readonly approval?: string }): void {
    if (this.cached++ >= CACHED_MAX) {
      this.cache = new AskersInMemory();
      this.cached = 0;
    }
    this.cache.remember(asker, ids);
  }
}

/** The first record of an approval says who asked; where it is archived, nobody does. */
function askerOf(row: SqlRow | undefined): Asker | undefined {
  return typeof row?.agent === 'string' && typeof row.tool === 'string' ? { agent: row.agent, tool: row.tool } : undefined;
}

/** Greater than every text that goes on after the beginning, by SQLite's order of bytes. */
const AFTER_ALL = '\u{10ffff}';

function whereOf(filter: TrailFilter): { readonly where: string; readonly values: readonly SqlValue[] } {
  const terms: string[] = [];
  const values: SqlValue[] = [];
  const add = (term: string, ...more: readonly SqlValue[]): void => {
    terms.push(term);
    values.push(...more);
  };
  if (filter.since !== undefined) add('at >= ?', filter.since);
  if (filter.until !== undefined) add('at < ?', filter.until);
  if (filter.afterSeq !== undefined) add('seq > ?', filter.afterSeq);
  for (const column of ['kind', 'agent', 'outcome'] as const) {
    const wanted = filter[column];
    if (wanted !== undefined) add(`${column} = ?`, wanted);
  }
  for (const [column, separator] of [
    ['tool', '.'],
    ['code', '/'],
  ] as const) {
    const wanted = filter[column];
    if (wanted !== undefined)
      add(`(${column} = ? OR (${column} >= ? AND ${column} < ?))`, wanted, wanted + separator, wanted + separator + AFTER_ALL);
  }
  for (const column of ['audit', 'approval', 'shape'] as const) {
    const wanted = filter[column];
    if (wanted !== undefined) add(`(${column} >= ? AND ${column} < ?)`, wanted, wanted + AFTER_ALL);
  }
  return { where: terms.length === 0 ? '1' : terms.join(' AND '), values };
}
