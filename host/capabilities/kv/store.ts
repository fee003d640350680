import type { SqlRow } from '../../sqlite.ts';
import type { KvFile, Prepare } from './kv-file.ts';
import type { KvLimits } from './scope.ts';

/** Keys in one answer. */
const PAGE_KEYS_MAX = 1000;
/** Expired entries of other stores that one write removes, so that those nobody uses any more go, too. */
const SWEPT_MAX = 100;

/** A value and the version that it was given; versions are above 0. */
export interface Versioned {
  readonly value: Uint8Array;
  readonly version: number;
}

/** What became of a change: its version, or why there was none. */
export type Change = { readonly version: number } | 'conflict' | { readonly quota: number };

export interface NewValue {
  readonly key: string;
  readonly value: Uint8Array;
  /** Undefined: for good, or as long as the limits allow. */
  readonly ttlMs: bigint | undefined;
  /** The version that the present value must have; null: there must be none; undefined: whatever is there. */
  readonly expected: bigint | null | undefined;
}

/**
 * One store: keys and values under one name. What has expired is not there: it is not found, listed or counted.
 *
 * All methods throw CodedError `capability/unavailable`, as `KvFile.transact`.
 */
export class KvStore {
  readonly #file: KvFile;
  readonly #name: string;
  readonly #now: () => number;
  readonly #signal: AbortSignal;

  /** @param now - milliseconds since 1970; never goes back. */
  constructor(file: KvFile, name: string, now: () => number, signal: AbortSignal) {
    this.#file = file;
    this.#name = name;
    this.#now = now;
    this.#signal = signal;
  }

  get(key: string): Promise<Versioned | undefined> {
    return this.#file.transact('read', this.#signal, (prepare) => {
      const row = prepare(
        `SELECT value, version FROM entries WHERE store = (SELECT id FROM stores WHERE name = ?) AND key = ?
           AND (expires IS NULL OR expires > ?)`,
      ).all(this.#name, Buffer.from(key), this.#now())[0];
      return row === undefined ? undefined : { value: bytesOf(row.value), version: Number(row.version) };
    });
  }

  /** Sets a value where the present one is as expected and the quotas allow it: all in one transaction. */
  set(entry: NewValue, limits: KvLimits): Promise<Change> {
    return this.#file.transact('write', this.#signal, (prepare) => {
      const now = this.#now();
      this.#sweep(prepare, now);
      const present = this.#present(prepare, entry.key);
      if (!isExpected(present, entry.expected)) return 'conflict';
      const quota = exceeded(this.#usage(prepare), present, entry, limits);
      return quota === undefined ? this.#put(prepare, present, entry, expiry(now, entry.ttlMs, limits.ttlMsMax)) : { quota };
    });
  }

  /** @returns whether there was one. */
  delete(key: string): Promise<boolean> {
    return this.#file.transact('write', this.#signal, (prepare) => {
      this.#sweep(prepare, this.#now());
      const present = this.#present(prepare, key);
      if (present === undefined) return false;
      prepare('DELETE FROM entries WHERE id = ?').run(Number(present.id));
      return true;
    });
  }

  /** Up to 1,000 keys that begin with `prefix`, in the order of their bytes, from the first that is greater than `after`. */
  keys(prefix: string, after: string): Promise<readonly string[]> {
    return this.#file.transact('read', this.#signal, (prepare) => {
      const rows = prepare(
        `SELECT key FROM entries WHERE store = (SELECT id FROM stores WHERE name = ?) AND key >= coalesce(?, x'')
           AND key > coalesce(?, x'') AND key < ? AND (expires IS NULL OR expires > ?) ORDER BY key LIMIT ${PAGE_KEYS_MAX}`,
      ).all(this.#name, Buffer.from(prefix), Buffer.from(after), endOf(prefix), this.#now());
      return rows.map((row) => Buffer.from(bytesOf(row.key)).toString('utf8'));
    });
  }

  /** Removes what has expired: all of this store, since its quotas are asked next, and a little of the others. */
  #sweep(prepare: Prepare, now: number): void {
    prepare(
      'DELETE FROM entries WHERE store = (SELECT id FROM stores WHERE name = ?) AND expires IS NOT NULL AND expires <= ?',
    ).run(this.#name, now);
    prepare(
      `DELETE FROM entries WHERE id IN (
           SELECT id FROM entries WHERE expires IS NOT NULL AND expires <= ? ORDER BY expires LIMIT ${SWEPT_MAX})`,
    ).run(now);
  }

  /** After `#sweep`: what is there has not expired. */
  #present(prepare: Prepare, key: string): SqlRow | undefined {
    return prepare(
      `SELECT id, version, length(value) AS bytes FROM entries WHERE store = (SELECT id FROM stores WHERE name = ?) AND key = ?`,
    ).all(this.#name, Buffer.from(key))[0];
  }

  #usage(prepare: Prepare): Usage {
    const row = prepare('SELECT keys, bytes FROM stores WHERE name = ?').all(this.#name)[0];
    return { keys: Number(row?.keys ?? 0), bytes: Number(row?.bytes ?? 0) };
  }

  #put(prepare: Prepare, present: SqlRow | undefined, { key, value }: NewValue, expires: number | null): Change {
    // By chance up to a million above the floor: where a store begins must not say how much others have written.
    prepare(
      'INSERT INTO stores (name, keys, bytes, version) SELECT ?, 0, 0, floor + (random() & 1048575) FROM meta WHERE true ON CONFLICT DO NOTHING',
    ).run(this.#name);
    prepare('UPDATE stores SET version = version + 1 WHERE name = ?').run(this.#name);
    const store = prepare('SELECT id, version FROM stores WHERE name = ?').all(this.#name)[0]!;
    const version = Number(store.version);
    // An empty blob may be bound as null.
    if (present === undefined) {
      prepare("INSERT INTO entries (store, key, value, version, expires) VALUES (?, ?, coalesce(?, x''), ?, ?)").run(
        Number(store.id),
        Buffer.from(key),
        value,
        version,
        expires,
      );
    } else {
      prepare("UPDATE entries SET value = coalesce(?, x''), version = ?, expires = ? WHERE id = ?").run(
        value,
        version,
        expires,
        Number(present.id),
      );
    }
    return { version };
  }
}

interface Usage {
  readonly keys: number;
  readonly bytes: number;
}

function isExpected(present: SqlRow | undefined, expected: bigint | null | undefined): boolean {
  if (expected === undefined) return true;
  if (expected === null) return present === undefined;
  return present !== undefined && BigInt(Number(present.version)) === expected;
}

/** The quota that a change would exceed. One that makes a store smaller is allowed where a policy has since lowered its quota. */
function exceeded(usage: Usage, present: SqlRow | undefined, { key, value }: NewValue, limits: KvLimits): number | undefined {
  if (value.length > limits.valueBytes) return limits.valueBytes;
  if (present === undefined && usage.keys + 1 > limits.keys) return limits.keys;
  const growth = present === undefined ? Buffer.byteLength(key) + value.length : value.length - Number(present.bytes);
  return growth > 0 && usage.bytes + growth > limits.bytes ? limits.bytes : undefined;
}

/** Instant from which a value is not there; null: it stays. One beyond what numbers hold is as good as never. */
function expiry(now: number, ttlMs: bigint | undefined, ttlMsMax: number | undefined): number | null {
  if (ttlMs === undefined && ttlMsMax === undefined) return null;
  return Math.min(now + Math.min(Number(ttlMs ?? Infinity), ttlMsMax ?? Infinity), Number.MAX_SAFE_INTEGER);
}

/** The first bytes that are greater than all that begin with `prefix`: no byte of UTF-8 is 255. */
function endOf(prefix: string): Buffer {
  const end = Buffer.from(prefix === '' ? '\u{10ffff}' : prefix);
  end[end.length - 1]! += 1;
  return end;
}

/** A file that was edited by hand may have anything. */
function bytesOf(value: unknown): Uint8Array {
  if (value === null) return new Uint8Array(0);
  if (value instanceof Uint8Array) return new Uint8Array(value);
  throw new Error('it has a value that is no bytes');
}
