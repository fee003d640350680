import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { CodedError } from '../../runtime/index.ts';
import { quote, quoteList } from '../policy/quote.ts';
import { AskersInMemory, hasText, keysOf, matchesKeys, type TrailFilter } from './filter.ts';
import { INDEX_NAME, openIndex, type TrailIndex } from './index-db.ts';
import type { PlacedRecord } from './trail-cursor.ts';
import { readTrail, TrailCursor } from './trail-cursor.ts';

/** A record for readers: the entry with its place, and its link. */
export type ReadRecord = PlacedRecord['record'] & { readonly link: string };

export interface QueryOptions {
  /** `never`: the trail is read from its first record. Default: through the index where there is one or can be one. */
  readonly index?: 'auto' | 'never';
  /** Ends the reading where it is; also between records that are not wanted. */
  readonly signal?: AbortSignal;
}

/** Places that are held at one time: a trail may have more records than fit into memory. */
const PLACES_MAX = 20_000;
/** Milliseconds that records are read through the index in one go: who reads is in the process that serves calls. */
const TURN_MS = 10;

/**
 * The records of a trail that are wanted, in order, without a writer or a lock. Each was checked against its link; whether all are there is for
 * `verifyTrail` to say.
 *
 * @throws CodedError `audit/broken-chain` at the first record that does not fit; those before it were given. `audit/unreadable`.
 */
export async function* readRecords(
  folder: string,
  filter: TrailFilter = {},
  options: QueryOptions = {},
): AsyncGenerator<ReadRecord, void, undefined> {
  const wanted = filter.text?.toLowerCase();
  const isWanted = ({ record }: PlacedRecord): boolean => wanted === undefined || hasText(record, wanted);
  for await (const placed of placedRecords(folder, filter, options))
    if (isWanted(placed)) yield { ...placed.record, link: placed.link };
}

async function* placedRecords(
  folder: string,
  filter: TrailFilter,
  options: QueryOptions,
): AsyncGenerator<PlacedRecord, void, undefined> {
  const usesIndex =
    options.index !== 'never' && Object.entries(filter).some(([field, value]) => field !== 'text' && value !== undefined);
  const index = usesIndex ? await openIndex(folder) : undefined;
  let last = 0;
  if (index !== undefined) {
    try {
      let since = performance.now();
      for (const placed of readThrough(index, filter)) {
        if (options.signal?.aborted === true) return;
        yield placed;
        last = placed.record.seq;
        if (performance.now() - since < TURN_MS) continue;
        await turn();
        since = performance.now();
      }
      return;
    } catch (error) {
      if (!(error instanceof StaleIndex)) throw error;
      rmSync(join(folder, INDEX_NAME), { force: true });
    } finally {
      index.close();
    }
  }
  const askers = new AskersInMemory();
  for await (const placed of readTrail(folder)) {
    if (options.signal?.aborted === true) return;
    if (matchesKeys(keysOf(placed.record, askers), filter) && placed.record.seq > last) yield placed;
  }
}

/** The index names places where the trail has something else: then the trail is read instead. */
class StaleIndex extends Error {}

function* readThrough(index: TrailIndex, filter: TrailFilter): Generator<PlacedRecord, void, undefined> {
  let wanted = filter;
  for (;;) {
    const places = orStale(() => index.find(wanted, PLACES_MAX));
    const records = index.read(places);
    for (let next = orStale(() => records.next()); next.done !== true; next = orStale(() => records.next())) {
      if (next.value === undefined) throw new StaleIndex();
      yield next.value;
    }
    const last = places.at(-1);
    if (last === undefined || places.length < PLACES_MAX) return;
    wanted = { ...filter, afterSeq: last.seq };
  }
}

/** Errors of SQLite (damaged, locked) and of segments that are gone. */
function orStale<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new StaleIndex('the index cannot be used', { cause });
  }
}

/** How long a tail waits between two looks, and what ends it. */
export interface TailClock {
  /** Resolves after the time, or at once when the signal is aborted; never rejects. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export interface TailOptions {
  readonly filter?: TrailFilter;
  /** Records of the last segment that are wanted and there already. */
  readonly last?: number;
  /** Goes on with what is written later, until this is aborted; absent: ends at the end. */
  readonly follow?: { readonly signal: AbortSignal; readonly clock: TailClock };
}

/** Milliseconds between two looks at a trail that is followed. */
const POLL_MS = 250;

/**
 * The last records, and those that are written from now on.
 *
 * @throws CodedError as `readRecords`.
 */
export async function* tail(
  folder: string,
  { filter = {}, last = 10, follow }: TailOptions = {},
): AsyncGenerator<ReadRecord, void, undefined> {
  const cursor = new TrailCursor(folder);
  await cursor.toLastSegment();
  const askers = new AskersInMemory();
  const wanted = filter.text?.toLowerCase();
  const isWanted = ({ record }: PlacedRecord): boolean =>
    matchesKeys(keysOf(record, askers), filter) && (wanted === undefined || hasText(record, wanted));
  let ring: ReadRecord[] = [];
  for await (const batch of cursor.batches()) {
    ring.push(...batch.filter(isWanted).map(toRead));
    ring = last === 0 ? [] : ring.slice(-last);
  }
  yield* ring;
  while (follow !== undefined && !follow.signal.aborted) {
    await follow.clock.sleep(POLL_MS, follow.signal);
    for await (const batch of cursor.batches()) yield* batch.filter(isWanted).map(toRead);
  }
}

const toRead = ({ record, link }: PlacedRecord): ReadRecord => ({ ...record, link });

/** Ids shown when the beginning of one is not enough. */
const IDS_MAX = 4;

/**
 * All records of one request, in order: its own, those of the approvals and shapes that it asked for or used, and what was made of these.
 *
 * @param idPrefix - the beginning of an audit id, as long as only one begins like it.
 * @throws CodedError `usage/not-found`, `usage/ambiguous`, and as `readRecords`.
 */
export async function showCall(
  folder: string,
  idPrefix: string,
  options: QueryOptions = {},
): Promise<{ readonly audit: string; readonly records: readonly ReadRecord[] }> {
  if (idPrefix === '') throw new CodedError('usage/invalid-argument', 'the audit id is empty');
  const found = new Map<number, ReadRecord>();
  const audits = new Set<string>();
  for await (const record of readRecords(folder, { audit: idPrefix }, options)) {
    audits.add(fieldOf(record, 'audit') ?? '');
    if (audits.size > IDS_MAX) break;
    found.set(record.seq, record);
  }
  const [audit] = audits;
  if (audit === undefined)
    throw new CodedError('usage/not-found', `no record has an audit id that begins with ${quote(idPrefix)}`);
  if (audits.size > 1) {
    const ids = [...audits].slice(0, IDS_MAX - 1);
    throw new CodedError(
      'usage/ambiguous',
      `more than one audit id begins with ${quote(idPrefix)}: ${quoteList(ids)}${audits.size > ids.length ? ' and more' : ''}`,
    );
  }
  for (const field of ['approval', 'shape'] as const) {
    for (const id of idsOf(found.values(), field)) {
      for await (const record of readRecords(folder, { [field]: id }, options)) {
        if (record.kind === field && fieldOf(record, field) === id) found.set(record.seq, record);
      }
    }
  }
  return { audit, records: [...found.values()].sort((a, b) => a.seq - b.seq) };
}

function idsOf(records: Iterable<ReadRecord>, field: 'approval' | 'shape'): ReadonlySet<string> {
  return new Set([...records].flatMap((record) => fieldOf(record, field) ?? []));
}

function fieldOf(record: ReadRecord, field: 'audit' | 'approval' | 'shape'): string | undefined {
  const value = (record as { readonly audit?: unknown; readonly approval?: unknown; readonly shape?: unknown })[field];
  return typeof value === 'string' ? value : undefined;
}
