import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { CodedError } from '../../runtime/index.ts';
import { CHAIN_START, type ChainEnd, RecordEncoder, readLine, type SegmentRecord, TRAIL_FORMAT } from './chain.ts';
import type { RecoveredEntry } from './entries.ts';
import type { JournalFile, JournalFiles } from './files.ts';
import type { TrailRecord, TrailState } from './trail.ts';
import { brokenChain } from './trail-errors.ts';

const READ_BYTES = 2 ** 20;
const NAME = /^(\d{6,15})\.jsonl$/;
const LF = 0x0a;
/** A file that is there while somebody could not sync what he wrote. */
const UNSYNCED = 'unsynced';

export const segmentName = (number: number): string => `${String(number).padStart(6, '0')}.jsonl`;

/** Numbers of the segments in a listing of their folder, in order; other names are no segments. */
export function segmentNumbers(names: readonly string[]): readonly number[] {
  return names
    .map((name) => NAME.exec(name)?.[1])
    .filter((digits) => digits !== undefined && segmentName(Number(digits)) === `${digits}.jsonl`)
    .map(Number)
    .sort((one, other) => one - other);
}

/** A place in the trail: bytes from the start of a segment. */
export interface Place {
  readonly number: number;
  readonly offset: number;
}

export type Dropped = Omit<RecoveredEntry, 'kind'>;

/**
 * The files of a trail, read up to some record. Everything that reads or writes is to be called under the trail's lock: then a record
 * without an end is one whose writer died or failed, and never one that is being written.
 */
export class Segments {
  readonly #folder: string;
  readonly #files: JournalFiles;
  readonly #state: TrailState;
  #file: JournalFile | undefined;
  #number = 0;
  #offset = 0;
  /** Where the records behind the first one begin. */
  #recordsOffset = 0;
  #end: ChainEnd = CHAIN_START;

  /** @param folder - of the segments; exists. @param state - is told of every record. */
  constructor(folder: string, files: JournalFiles, state: TrailState) {
    this.#folder = folder;
    this.#files = files;
    this.#state = state;
  }

  /** The last record read or written. */
  get end(): ChainEnd {
    return this.#end;
  }

  get place(): Place {
    return { number: this.#number, offset: this.#offset };
  }

  /** Bytes of records in the last segment, without its first one, which may be large. */
  get recordBytes(): number {
    return this.#offset - this.#recordsOffset;
  }

  /** The last segment's; to be synced, nothing else. */
  get file(): JournalFile {
    if (this.#file === undefined) throw new CodedError('internal/invariant', 'no segment is open');
    return this.#file;
  }

  /**
   * Begins anew with the last segment: resets the state to what it carries, and reads it.
   *
   * @returns what was cut, as `catchUp` does; false where there is no segment yet.
   * @throws CodedError `audit/broken-chain`, `audit/unreadable`.
   */
  reopen(): Dropped | undefined | false {
    const number = segmentNumbers(this.#files.list(this.#folder)).at(-1);
    if (number === undefined) {
      this.close();
      this.#end = CHAIN_START;
      this.#number = 0;
      this.#state.reset(undefined);
      return false;
    }
    this.#open(number);
    this.#end = this.#endBefore(number);
    this.#readHeader(true);
    return this.#catchUp((record) => this.#state.apply(record));
  }

  /**
   * Reads what others wrote since, over all segments, into the state, and cuts a record that was not written to its end.
   *
   * @returns what was cut, to be noted in the next record.
   * @throws CodedError `audit/broken-chain`.
   */
  catchUp(): Dropped | undefined {
    if (!this.file.isAt(this.#path(this.#number))) {
      // What is written to a file that has no name any more is nowhere.
      throw new CodedError(
        'failed/audit-unavailable',
        `the segment \`${segmentName(this.#number)}\` of the trail was moved, removed or replaced`,
      );
    }
    return this.#catchUp((record) => {
      this.#state.apply(record);
      this.#state.committed?.([record]);
    });
  }

  #catchUp(tell: (record: TrailRecord) => void): Dropped | undefined {
    for (;;) {
      const torn = this.#readRecords(tell);
      if (!this.#files.exists(this.#path(this.#number + 1))) return torn ? this.cut() : undefined;
      // Whoever began the next one had cut what was torn in this one.
      if (torn) throw brokenChain(this.#end.seq + 1, segmentName(this.#number), 'is not whole');
      // What we wrote is on the disk, since they synced it. If it could not be put there, our descriptor knows, too.
      this.sync();
      this.#open(this.#number + 1);
      this.rewrite();
      this.#readHeader(false);
    }
  }

  /** Adds lines by one write. @param end - their last record. @throws the system's errors; see `cut`. */
  append(lines: Uint8Array, end: ChainEnd): void {
    this.file.append(lines);
    this.#offset += lines.length;
    this.#end = end;
  }

  /** Cuts everything behind the last record that was read or written. Undefined where there is nothing. */
  cut(): Dropped | undefined {
    const droppedBytes = this.file.size() - this.#offset;
    if (droppedBytes <= 0) return undefined;
    const digest = createHash('sha256');
    for (const piece of this.#pieces(this.#offset)) digest.update(piece);
    this.file.truncate(this.#offset);
    return { droppedBytes, droppedDigest: `sha256:${digest.digest('hex')}` };
  }

  /**
   * Begins the next segment. It has its name only once it is on the disk, and so is all that was before it.
   *
   * @throws the system's errors; then the trail is as it was, or has the next segment: `reopen` finds out.
   */
  startNext(at: number): void {
    if (this.#file !== undefined) this.sync();
    const number = this.#number + 1;
    const encoder = new RecordEncoder(this.#end);
    const state = this.#state.carry();
    encoder.add({ kind: 'segment', format: TRAIL_FORMAT, number, previous: this.#end, state }, at);
    const path = this.#path(number);
    const file = this.#files.create(`${path}.new`);
    try {
      file.append(encoder.bytes());
      file.datasync();
    } finally {
      file.close();
    }
    this.#files.rename(`${path}.new`, path);
    this.#files.syncFolder(this.#folder);
    this.#open(number);
    this.#end = encoder.end;
    this.#offset = encoder.length;
    this.#recordsOffset = encoder.length;
  }

  /** Returns when everything is on the disk. @throws the system's error; see `rewrite`. */
  sync(): void {
    try {
      this.file.datasync();
    } catch (error) {
      this.syncFailed();
      throw error;
    }
  }

  /** Leaves word for those who open the segment later: the system tells each descriptor that was open of a failed sync, and no other. */
  syncFailed(): void {
    try {
      this.#files.create(join(this.#folder, UNSYNCED)).close();
    } catch {
      // Then nothing can be written here, by nobody.
    }
  }

  /**
   * Has the system put everything from a place on to the disk once more. After a sync that failed, it takes what it could not write for
   * written: only bytes that are written again are tried again.
   *
   * @param from - default: the start of the last segment, where somebody left word of a failed sync, else nothing is done.
   */
  rewrite(from?: Place): void {
    if (from === undefined && !this.#files.exists(join(this.#folder, UNSYNCED))) return;
    const start = from ?? { number: this.#number, offset: 0 };
    // The descriptor of before would still be told of errors that this makes good.
    const file = this.#files.open(this.#path(this.#number));
    this.close();
    this.#file = file;
    for (let number = start.number; number <= this.#number; number += 1)
      this.#rewriteOne(number, number === start.number ? start.offset : 0);
    this.#files.syncFolder(this.#folder);
    this.#files.remove(join(this.#folder, UNSYNCED));
  }

  #rewriteOne(number: number, from: number): void {
    const file = this.#files.open(this.#path(number));
    try {
      let offset = from;
      for (const piece of this.#pieces(offset, file)) {
        file.rewrite(piece, offset);
        offset += piece.length;
      }
      file.datasync();
    } catch (error) {
      this.syncFailed(); // this descriptor was told of it, and those who open the file from now on will not be
      throw error;
    } finally {
      file.close();
    }
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }

  #path(number: number): string {
    return join(this.#folder, segmentName(number));
  }

  #open(number: number): void {
    const file = this.#files.open(this.#path(number));
    this.close();
    this.#file = file;
    this.#number = number;
    this.#offset = 0;
    // Whoever gave it its name may not have got that to the disk; what is in it must not be lost with its name.
    this.#files.syncFolder(this.#folder);
  }

  *#pieces(from: number, file: JournalFile = this.file): Generator<Buffer> {
    for (let offset = from; ; ) {
      const buffer = Buffer.allocUnsafe(Math.max(0, Math.min(READ_BYTES, file.size() - offset)));
      const bytes = buffer.subarray(0, file.read(buffer, offset));
      if (bytes.length === 0) return;
      yield bytes;
      offset += bytes.length;
    }
  }

  /** Lines from the place on, each with its LF. @returns true where bytes without an end are left. */
  *#lines(): Generator<Buffer, boolean> {
    let rest: Buffer = Buffer.alloc(0);
    for (const piece of this.#pieces(this.#offset)) {
      const bytes = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
      let start = 0;
      for (let lf = bytes.indexOf(LF, rest.length); lf >= 0; lf = bytes.indexOf(LF, start)) {
        yield bytes.subarray(start, lf + 1);
        start = lf + 1;
      }
      rest = bytes.subarray(start);
    }
    return rest.length > 0;
  }

  /** @returns true where a record follows that was not written to its end. */
  #readRecords(tell: (record: TrailRecord) => void): boolean {
    const size = this.file.size();
    if (size === this.#offset) return false;
    if (size < this.#offset) throw brokenChain(this.#end.seq, segmentName(this.#number), 'is gone');
    const lines = this.#lines();
    for (;;) {
      const next = lines.next();
      if (next.done === true) return next.value;
      if (this.#isTornPage(next.value)) return true;
      const record = this.#readLine(next.value);
      if (record.kind === 'segment') throw brokenChain(record.seq, segmentName(this.#number), 'begins a segment inside of one');
      tell(record);
    }
  }

  /** A page that was never written reads as zeros, which no record has; only at the very end, and what is there was never synced. */
  #isTornPage(line: Buffer): boolean {
    return line.includes(0) && this.#offset + line.length === this.file.size();
  }

  #readLine(line: Buffer): TrailRecord | SegmentRecord {
    const read = readLine(line, this.#end);
    if (typeof read === 'string') throw brokenChain(this.#end.seq + 1, segmentName(this.#number), read);
    this.#end = read.end;
    this.#offset += line.length;
    return read.record;
  }

  /** @param intoState - begins the state anew with what the record carries. */
  #readHeader(intoState: boolean): void {
    const name = segmentName(this.#number);
    const first = this.#lines().next();
    if (first.done === true) throw brokenChain(this.#end.seq + 1, name, 'is not whole');
    const record = this.#readLine(first.value) as SegmentRecord;
    if (record.kind !== 'segment' || record.number !== this.#number)
      throw brokenChain(record.seq, name, 'does not begin this segment');
    if (record.format !== TRAIL_FORMAT) {
      throw new CodedError('audit/unreadable', `the trail has format ${record.format}, and this version knows ${TRAIL_FORMAT}`);
    }
    this.#recordsOffset = this.#offset;
    if (intoState) this.#state.reset(record.state);
  }

  /** Where the segment before ended: its own last link where it is still there, else what the segment itself says. */
  #endBefore(number: number): ChainEnd {
    if (number === 1) return CHAIN_START;
    const said = this.#saidPrevious();
    const path = this.#path(number - 1);
    if (this.#files.exists(path)) {
      const file = this.#files.open(path);
      try {
        const tail = Buffer.alloc(67);
        file.read(tail, Math.max(0, file.size() - tail.length));
        if (tail.toString('latin1') !== `${said.link}"}\n`)
          throw brokenChain(said.seq, segmentName(number - 1), 'is not the last one');
      } finally {
        file.close();
      }
    }
    return said;
  }

  #saidPrevious(): ChainEnd {
    const first = this.#lines().next();
    try {
      const { previous } = JSON.parse(String(first.value)) as SegmentRecord;
      if (Number.isSafeInteger(previous.seq) && /^[0-9a-f]{64}$/.test(previous.link)) return previous;
    } catch {
      // Not JSON, or not that shape.
    }
    throw new CodedError(
      'audit/broken-chain',
      `the trail was changed: ${segmentName(this.#number)} does not begin as a segment does`,
    );
  }
}
