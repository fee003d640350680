import { CodedError } from '../../runtime/index.ts';
import { quote } from '../policy/quote.ts';
import { CHAIN_START, type ChainEnd, readLine, type SegmentRecord } from './chain.ts';
import { type Line, listSegments, readLines, type SegmentFile } from './segment-reader.ts';
import type { TrailRecord } from './trail.ts';

/** A place between two records. */
export interface TrailPosition {
  /** Number of a segment; 0 before the first one. */
  readonly segment: number;
  /** Bytes of that segment before the place. */
  readonly offset: number;
  /** Lines of it before the place. */
  readonly lines: number;
  /** The record before. */
  readonly end: ChainEnd;
}

/** A record as it lies in the trail. The first of a segment is a `SegmentRecord`. */
export interface PlacedRecord {
  readonly record: TrailRecord | SegmentRecord;
  readonly segment: number;
  /** Where its line begins. */
  readonly offset: number;
  /** Its line, LF included. */
  readonly bytes: number;
  /** Link of the record before it, and its own. */
  readonly previousLink: string;
  readonly link: string;
}

/** Before the first record that is there. */
export const TRAIL_START: TrailPosition = { segment: 0, offset: 0, lines: 0, end: CHAIN_START };

/**
 * Reads records in their order, from a place on, and each time on from where it stopped; checks the links, not the rules. It takes a trail whose
 * first segments are archived from the first that is there, and leaves a line without its LF for later.
 */
export class TrailCursor {
  private readonly folder: string;
  private place: TrailPosition;

  /** @param position - where an earlier cursor was; what is there now must fit. */
  constructor(folder: string, position: TrailPosition = TRAIL_START) {
    this.folder = folder;
    this.place = position;
  }

  get position(): TrailPosition {
    return this.place;
  }

  /** Goes to the start of the last segment, whose first record says what was before it. */
  async toLastSegment(): Promise<void> {
    const last = (await listSegments(this.folder)).at(-1);
    if (last !== undefined) this.place = { ...TRAIL_START, segment: last.number };
  }

  /**
   * Records up to the present end, in batches of what one read brought; called again, those that came since.
   *
   * @throws CodedError `audit/broken-chain` at the first record that does not fit; `audit/unreadable`.
   */
  async *batches(): AsyncGenerator<readonly PlacedRecord[], void, undefined> {
    const segments = (await listSegments(this.folder)).filter(({ number }) => number >= this.place.segment);
    for (const [index, segment] of segments.entries()) {
      if (segment.number !== this.place.segment) this.enter(segment, segments[index - 1]);
      for await (const lines of readLines(segment, { offset: this.place.offset, line: this.place.lines + 1 })) {
        const batch: PlacedRecord[] = [];
        const problem = this.takeAll(lines, batch);
        if (batch.length > 0) yield batch;
        if (problem !== undefined) throw problem;
      }
    }
  }

  private enter(segment: SegmentFile, before: SegmentFile | undefined): void {
    if (before !== undefined && segment.number !== before.number + 1)
      throw this.broken(segment.name, 'is missing with its segment');
    this.place = { segment: segment.number, offset: 0, lines: 0, end: this.place.end };
  }

  /** @returns what stopped it; the records before that are in the batch. */
  private takeAll(lines: readonly Line[], batch: PlacedRecord[]): CodedError | undefined {
    for (const line of lines) {
      if (line.state === 'torn') break;
      const taken = this.take(line);
      if ('code' in taken) return taken;
      batch.push(taken);
    }
    return undefined;
  }

  private take({ bytes, segment, number, offset, state }: Line): PlacedRecord | CodedError {
    const previous = this.place.end.seq === 0 ? previousOf(bytes) : this.place.end;
    const read = state === 'too-long' ? 'is longer than any record' : readLine(bytes, previous);
    if (typeof read === 'string') return this.broken(`${segment.name}:${number}`, read);
    this.place = { segment: segment.number, offset: offset + bytes.length, lines: number, end: read.end };
    return {
      record: read.record,
      segment: segment.number,
      offset,
      bytes: bytes.length,
      previousLink: previous.link,
      link: read.end.link,
    };
  }

  private broken(where: string, why: string): CodedError {
    const seq = this.place.end.seq + 1;
    return new CodedError('audit/broken-chain', `record ${seq} of the trail, at ${quote(where)}, ${why}`, {
      data: { seq },
      help: 'run `cellblock audit verify`; the records before it are as they were written',
    });
  }
}

/** Where nothing was read yet, a segment's first record says which record was before it: none, or one that is archived. */
function previousOf(line: Buffer): ChainEnd {
  const found = /"previous":\{"seq":(\d{1,15}),"link":"([0-9a-f]{64})"\}/.exec(line.toString('latin1', 0, 512));
  return found === null ? CHAIN_START : { seq: Number(found[1]), link: found[2]! };
}

/** All records of a trail, one by one. @throws as `TrailCursor.batches`. */
export async function* readTrail(folder: string): AsyncGenerator<PlacedRecord, void, undefined> {
  for await (const batch of new TrailCursor(folder).batches()) yield* batch;
}
