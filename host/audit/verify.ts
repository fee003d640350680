import { CHAIN_START, type ChainEnd, LINK_BYTES, linkOf, readLine, type SegmentRecord, TRAIL_FORMAT } from './chain.ts';
import { CheckpointCheck } from './checkpoint-check.ts';
import { type Line, listSegments, readLines, type SegmentFile, segmentName } from './segment-reader.ts';
import type { TrailRecord } from './trail.ts';
import { TrailLogic } from './trail-logic.ts';
import type { BrokenTrail, TornTail, VerifiedTrail, VerifyOptions } from './verified-trail.ts';

/**
 * Reads a whole trail and checks each record: its place and link, the segments' order, the rules that a writer keeps (`TrailLogic`), the checkpoints.
 * Found are records that were flipped, left out, put in, moved or doubled; records cut off at the end, and a trail that was written anew
 * from some record on, only by a checkpoint (see `Checkpoint`).
 *
 * @throws CodedError `audit/unreadable` where there is no trail, or it cannot be read.
 * Memory: one megabyte, the longest record, and some bytes for each request. Time: about 20 s a gigabyte.
 */
export async function verifyTrail(folder: string, options: VerifyOptions = {}): Promise<VerifiedTrail | BrokenTrail> {
  const segments = await listSegments(folder);
  const first = segments[0];
  if (first === undefined) return broken(1, segmentName(1), 1, 'is missing: the trail has no segments');
  const check = new TrailCheck(await CheckpointCheck.open(folder, options), options.partial === true && first.number > 1);
  let expected = options.partial === true ? first.number : 1;
  for (const segment of segments) {
    if (segment.number !== expected) return check.broken(segmentName(expected), 1, 'is missing: there is no such segment');
    const found = await verifySegment(segment, segment === segments.at(-1), check, options);
    if (found !== undefined) return found;
    expected++;
  }
  return check.end(segments);
}

async function verifySegment(
  segment: SegmentFile,
  isLast: boolean,
  check: TrailCheck,
  options: VerifyOptions,
): Promise<BrokenTrail | undefined> {
  let empty = true;
  for await (const lines of readLines(segment)) {
    for (const line of lines) {
      empty = false;
      const found = check.line(line, isLast);
      if (found !== undefined) return found;
    }
    options.onProgress?.({ records: check.records, segment: segment.name });
  }
  return empty ? check.empty(segment, isLast) : undefined;
}

/** Where the reading is. */
class TrailCheck {
  records = 0;
  private end_: ChainEnd = CHAIN_START;
  private firstSeq = 1;
  private torn: TornTail | undefined;
  private last: { readonly file: string; readonly line: number } = { file: segmentName(1), line: 0 };
  private readonly checkpoints: CheckpointCheck;
  private readonly logic: TrailLogic;
  private readonly partial: boolean;

  constructor(checkpoints: CheckpointCheck, partial: boolean) {
    this.checkpoints = checkpoints;
    this.partial = partial;
    this.logic = new TrailLogic(partial);
  }

  line(line: Line, isLastSegment: boolean): BrokenTrail | undefined {
    const at = { file: line.segment.name, line: line.number };
    if (line.state === 'too-long') return this.broken(at.file, at.line, 'is longer than any record');
    if (line.state === 'torn') return this.tornLine(line, isLastSegment);
    const elsewhere = this.partial && this.records === 0 ? this.beginWithin(line) : undefined;
    if (elsewhere !== undefined) return this.broken(at.file, at.line, elsewhere);
    const read = readLine(line.bytes, this.end_);
    if (typeof read === 'string') return this.broken(at.file, at.line, otherNumber(line.bytes, this.end_.seq + 1) ?? read);
    const why = this.problem(line, read.record) ?? this.checkpoints.record(read.end);
    if (why !== undefined) return this.broken(at.file, at.line, why);
    this.records++;
    this.end_ = read.end;
    this.last = at;
    return undefined;
  }

  /** The first segment that is there says where it goes on. Only for a trail whose beginning was taken away on purpose. */
  private beginWithin({ bytes }: Line): string | undefined {
    const previous = /"previous":\{"seq":(\d{1,15}),"link":"([0-9a-f]{64})"\}/.exec(bytes.toString('latin1', 0, 512));
    if (previous === null) return 'does not say which record was before it';
    this.end_ = { seq: Number(previous[1]), link: previous[2]! };
    this.firstSeq = this.end_.seq + 1;
    this.checkpoints.skipBefore(this.end_.seq);
    return this.checkpoints.record(this.end_);
  }

  private problem({ number, segment }: Line, record: TrailRecord | SegmentRecord): string | undefined {
    if (record.kind !== 'segment')
      return number === 1 ? 'does not begin a segment, and is first in one' : this.logic.apply(record);
    if (number !== 1) return 'begins a segment in the middle of one';
    if (record.format !== TRAIL_FORMAT) return 'has a format that this version does not read';
    if (record.number !== segment.number) return `begins segment ${record.number}, and is in another`;
    const { seq, link } = record.previous ?? {};
    return seq === this.end_.seq && link === this.end_.link ? undefined : 'goes on from another record than the last one';
  }

  private tornLine({ bytes, segment, number }: Line, isLastSegment: boolean): BrokenTrail | undefined {
    if (!isLastSegment) return this.broken(segment.name, number, 'does not end, and is not the last');
    const why = otherNumber(bytes, this.end_.seq + 1) ?? goesOn(bytes, this.end_);
    if (why !== undefined) return this.broken(segment.name, number, why);
    this.torn = { file: segment.name, line: number, bytes: bytes.length };
    return undefined;
  }

  /** A segment gets its name when its first record is there; so only a system that lost what was not synced leaves an empty one, at the end. */
  empty({ name }: SegmentFile, isLastSegment: boolean): BrokenTrail | undefined {
    if (!isLastSegment) return this.broken(name, 1, 'is missing: its segment is empty');
    this.torn = { file: name, line: 1, bytes: 0 };
    return undefined;
  }

  end(segments: readonly SegmentFile[]): VerifiedTrail | BrokenTrail {
    const missing = this.checkpoints.missing(this.end_.seq);
    if (missing !== undefined) return this.broken(this.last.file, this.last.line + 1, missing);
    const damaged = this.checkpoints.damaged();
    if (damaged !== undefined) return damaged;
    return {
      ok: true,
      records: this.records,
      segments: segments.length,
      firstSeq: this.firstSeq,
      lastSeq: this.end_.seq,
      headLink: this.end_.link,
      ...this.checkpoints.report(),
      open: this.logic.openEnds(),
      ...(this.torn === undefined ? {} : { torn: this.torn }),
    };
  }

  broken(file: string, line: number, why: string): BrokenTrail {
    return broken(this.end_.seq + 1, file, line, why);
  }
}

function broken(seq: number, file: string, line: number, why: string): BrokenTrail {
  return { ok: false, seq, file, line, why };
}

/** What a moved, missing or doubled record says of itself, for a better message; nobody has checked it. */
function otherNumber(bytes: Buffer, expected: number): string | undefined {
  const says = /^\{"seq":(\d{1,16}),"at":/.exec(bytes.toString('latin1', 0, 40))?.[1];
  return says === undefined || Number(says) === expected ? undefined : `is missing: record ${says} is in its place`;
}

/** A torn line ends within a record. One that has a whole record and more was not torn but changed: its LF is gone. */
function goesOn(bytes: Buffer, previous: ChainEnd): string | undefined {
  const at = bytes.lastIndexOf(',"link":"');
  if (at < 0 || bytes.length < at + LINK_BYTES) return undefined;
  const link = linkOf(previous.link, bytes.subarray(0, at));
  return bytes.toString('latin1', at + 9, at + 73) === link ? 'goes on after its end' : undefined;
}
