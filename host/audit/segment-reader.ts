import { constants } from 'node:fs';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError } from '../../runtime/index.ts';
import { quote } from '../policy/quote.ts';

/* Reads segments without a writer, a lock or a journal: somebody may append meanwhile. */

const CHUNK_BYTES = 1024 * 1024;

/** Bytes of one line; a longer one is no record of ours. It bounds the memory of a reader, which holds one line. */
export const LINE_BYTES_MAX = 256 * 1024 * 1024;

const LF = 0x0a;

export interface SegmentFile {
  readonly number: number;
  /** Below the trail's folder, such as `trail/000001.jsonl`. */
  readonly name: string;
  readonly path: string;
}

export interface Line {
  /** With its LF, when it is whole. Valid until the next batch is asked for. */
  readonly bytes: Buffer;
  readonly segment: SegmentFile;
  /** From 1. */
  readonly number: number;
  /** Where it begins in the file. */
  readonly offset: number;
  /** `torn`: the file ends before the line does. `too-long`: it passes `LINE_BYTES_MAX`; its bytes are left out, and no line follows. */
  readonly state: 'whole' | 'torn' | 'too-long';
}

/** Name of a segment below the trail's folder. */
export function segmentName(number: number): string {
  return `trail/${String(number).padStart(6, '0')}.jsonl`;
}

/**
 * The segments of a trail by number; gaps are left to the caller.
 *
 * @throws CodedError `audit/unreadable` where there is no trail.
 */
export async function listSegments(folder: string): Promise<readonly SegmentFile[]> {
  const names = await readdir(join(folder, 'trail')).catch((cause: unknown) => {
    throw new CodedError('audit/unreadable', `there is no trail in ${quote(folder)}`, {
      cause,
      help: 'name the folder with `--folder`',
    });
  });
  return names
    .flatMap((name) => {
      const number = /^\d{6,12}\.jsonl$/.test(name) ? Number.parseInt(name, 10) : 0;
      // Another spelling of a number, such as `0000001`, is no segment.
      return number > 0 && segmentName(number) === `trail/${name}`
        ? [{ number, name: `trail/${name}`, path: join(folder, 'trail', name) }]
        : [];
    })
    .sort((a, b) => a.number - b.number);
}

/**
 * Lines of one segment from an offset on, in batches, with memory for one chunk and one line.
 *
 * @param from - where a line begins, and the number of that line.
 * @throws CodedError `audit/unreadable`.
 */
export async function* readLines(
  segment: SegmentFile,
  from = { offset: 0, line: 1 },
): AsyncGenerator<readonly Line[], void, undefined> {
  const file = await openSegment(segment);
  try {
    let { offset, line } = from;
    let rest: Buffer = Buffer.alloc(0);
    for (;;) {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      const { bytesRead } = await read(file, chunk, offset + rest.length, segment);
      if (bytesRead === 0) break;
      // Only a chunk that ends the line is joined with what came before, else a long line would be copied once a chunk.
      const parts = rest.length === 0 ? chunk.subarray(0, bytesRead) : Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
      const lines = splitLines(parts, segment, offset, line);
      const used = lines.reduce((sum, { bytes }) => sum + bytes.length, 0);
      rest = parts.subarray(used);
      offset += used;
      line += lines.length;
      if (lines.length > 0) yield lines;
      if (rest.length > LINE_BYTES_MAX) {
        yield [{ bytes: Buffer.alloc(0), segment, number: line, offset, state: 'too-long' }];
        return;
      }
    }
    if (rest.length > 0) yield [{ bytes: rest, segment, number: line, offset, state: 'torn' }];
  } finally {
    await file.close();
  }
}

function splitLines(bytes: Buffer, segment: SegmentFile, offset: number, line: number): Line[] {
  const lines: Line[] = [];
  let start = 0;
  for (let end = bytes.indexOf(LF); end >= 0; end = bytes.indexOf(LF, start)) {
    lines.push({
      bytes: bytes.subarray(start, end + 1),
      segment,
      number: line + lines.length,
      offset: offset + start,
      state: 'whole',
    });
    start = end + 1;
  }
  return lines;
}

async function openSegment({ path, name }: SegmentFile): Promise<FileHandle> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0));
    if ((await file.stat()).isFile()) return file;
  } catch (cause) {
    await file?.close();
    throw unreadable(name, cause);
  }
  await file.close();
  throw unreadable(name, undefined);
}

async function read(file: FileHandle, into: Buffer, at: number, { name }: SegmentFile): Promise<{ readonly bytesRead: number }> {
  return await file.read(into, 0, into.length, at).catch((cause: unknown) => {
    throw unreadable(name, cause);
  });
}

function unreadable(name: string, cause: unknown): CodedError {
  return new CodedError(
    'audit/unreadable',
    `the segment ${quote(name)} of the trail cannot be read`,
    cause === undefined ? {} : { cause },
  );
}
