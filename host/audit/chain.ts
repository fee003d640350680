import { hash } from 'node:crypto';
import { CodedError } from '../../runtime/index.ts';
import type { TrailEntry } from './entries.ts';
import type { TrailRecord } from './trail.ts';

/** The format is described in docs/trail.md; this file is its home. */
export const TRAIL_FORMAT = 1;

/** Where the chain is: the last record. */
export interface ChainEnd {
  readonly seq: number;
  /** 64 hex digits. */
  readonly link: string;
}

/** Before the first record. */
export const CHAIN_START: ChainEnd = { seq: 0, link: '0'.repeat(64) };

/** First record of a segment. */
export interface SegmentRecord {
  readonly seq: number;
  readonly at: number;
  readonly kind: 'segment';
  readonly format: typeof TRAIL_FORMAT;
  readonly number: number;
  readonly previous: ChainEnd;
  /** What `TrailState.carry` gave; absent for nothing. */
  readonly state?: unknown;
}
export type SegmentEntry = Omit<SegmentRecord, 'seq' | 'at'>;

const DOMAIN = 'cellblock/trail/1';
const LINK_FIELD = ',"link":"';
const LINE_END = '"}\n';
/** Bytes of a line after its body. */
export const LINK_BYTES: number = LINK_FIELD.length + 64 + LINE_END.length;
/** More than `DOMAIN`, `64:`, the link and the length of any body. */
const HEAD_BYTES_MAX = 128;
/** A buffer that grew beyond this is not kept for the next batch. */
const KEPT_BYTES_MAX = 2 ** 22;

// One body with its head in front: hashing one piece takes 0.4 us, hashing three pieces several times as long.
let scratch = Buffer.allocUnsafe(2 ** 16);

function growScratch(bytes: number): void {
  if (HEAD_BYTES_MAX + bytes > scratch.length) scratch = Buffer.allocUnsafe(2 * (HEAD_BYTES_MAX + bytes));
}

/** The link of a body that lies in `scratch` behind the place of its head. */
function linkOfScratch(previousLink: string, bytes: number): string {
  const head = `${DOMAIN}64:${previousLink}${bytes}:`;
  const start = HEAD_BYTES_MAX - head.length;
  scratch.write(head, start, 'latin1');
  return hash('sha256', scratch.subarray(start, HEAD_BYTES_MAX + bytes), 'hex');
}

/** The link of a record. @param body - bytes of its line without the last 76; see docs/trail.md. */
export function linkOf(previousLink: string, body: Uint8Array): string {
  growScratch(body.length);
  scratch.set(body, HEAD_BYTES_MAX);
  return linkOfScratch(previousLink, body.length);
}

/** What some reader or terminal takes for the end of a line or for an order, and JSON does not escape. */
const UNSAFE = /[\u007f-\u009f\u2028\u2029]/g;
const escapeChar = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** Records on their way to the disk: one buffer for each batch, used again for the next. */
export class RecordEncoder {
  #bytes = Buffer.allocUnsafe(2 ** 16);
  #length = 0;
  #end: ChainEnd;

  /** @param end - where the records will be appended. */
  constructor(end: ChainEnd) {
    this.#end = end;
  }

  /** The last record that was added. */
  get end(): ChainEnd {
    return this.#end;
  }

  get length(): number {
    return this.#length;
  }

  /** All lines; good until the next call of `begin`. */
  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Forgets what was added. */
  begin(end: ChainEnd): void {
    if (this.#bytes.length > KEPT_BYTES_MAX) this.#bytes = Buffer.allocUnsafe(2 ** 16);
    this.#length = 0;
    this.#end = end;
  }

  /** Forgets what was added since. @param length, end - as they were then. */
  rollBack(length: number, end: ChainEnd): void {
    this.#length = length;
    this.#end = end;
  }

  /**
   * Adds a line. About 2 us for 350 bytes.
   *
   * @param at - milliseconds since 1970, where the entry has no instant of its own.
   * @returns the record as a reader of the line will see it, but for fields that are `undefined`.
   */
  add<Entry extends TrailEntry | SegmentEntry>(entry: Entry, at: number): Entry & { seq: number; at: number } {
    const record = { ...entry, seq: this.#end.seq + 1, at: ownInstant(entry) ?? at };
    const body = bodyOf(entry, record);
    if (body.length > BODY_CHARS_MAX) throw tooLong(body.length);
    growScratch(3 * body.length);
    const bytes = scratch.write(body, HEAD_BYTES_MAX, 'utf8');
    if (bytes < body.length) throw tooLong(body.length); // never a line that is not the whole record
    const link = linkOfScratch(this.#end.link, bytes);
    this.#grow(bytes + LINK_BYTES);
    scratch.copy(this.#bytes, this.#length, HEAD_BYTES_MAX, HEAD_BYTES_MAX + bytes);
    this.#bytes.write(`${LINK_FIELD}${link}${LINE_END}`, this.#length + bytes, 'latin1');
    this.#length += bytes + LINK_BYTES;
    this.#end = { seq: record.seq, link };
    return record;
  }

  #grow(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(2 * (this.#length + bytes));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}

/** UTF-16 units of one record: readers take lines of up to 256 MiB, and a unit takes three bytes at most. */
const BODY_CHARS_MAX = 64 * 2 ** 20;

function tooLong(chars: number): CodedError {
  return new CodedError('failed/audit-unavailable', `a record of the trail has ${chars} characters, more than ${BODY_CHARS_MAX}`);
}

/** Approvals and shapes carry the instant that they were decided at. */
const ownInstant = (entry: object): number | undefined => (entry as { at?: number }).at;

function bodyOf(entry: object, { seq, at }: { seq: number; at: number }): string {
  if ('seq' in entry || 'link' in entry || !Number.isSafeInteger(at)) {
    throw new CodedError(
      'internal/invariant',
      'an entry of the trail has `seq` or `link`, or an instant that is no whole number',
    );
  }
  const json = JSON.stringify('at' in entry ? { ...entry, at: undefined } : entry);
  const body = `{"seq":${seq},"at":${at},${json.slice(1, -1)}`;
  return body.search(UNSAFE) < 0 ? body : body.replace(UNSAFE, escapeChar);
}

/**
 * Reads one line that has its LF.
 *
 * @param line - not kept.
 * @returns the record and its link; a string says why it is not the next record of the chain.
 */
export function readLine(line: Uint8Array, previous: ChainEnd): { record: TrailRecord | SegmentRecord; end: ChainEnd } | string {
  if (line.length <= LINK_BYTES) return 'is no record';
  const buffer = Buffer.from(line.buffer, line.byteOffset, line.length);
  const body = buffer.subarray(0, -LINK_BYTES);
  const link = linkOf(previous.link, body);
  const tail = buffer.toString('latin1', body.length);
  if (tail !== `${LINK_FIELD}${link}${LINE_END}`) return 'does not fit the record before it';
  const record = parseObject(`${buffer.toString('utf8', 0, body.length)}}`);
  if (record === undefined || record.seq !== previous.seq + 1) return 'has another number';
  if (!Number.isSafeInteger(record.at) || typeof record.kind !== 'string') return 'has no instant or no kind';
  return { record: record as unknown as TrailRecord | SegmentRecord, end: { seq: previous.seq + 1, link } };
}

function parseObject(text: string): { seq?: unknown; at?: unknown; kind?: unknown } | undefined {
  try {
    return JSON.parse(text) as { seq?: unknown };
  } catch {
    return undefined;
  }
}
