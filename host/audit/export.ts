import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError } from '../../runtime/index.ts';
import type { ChainEnd } from './chain.ts';
import { segmentName } from './segment-reader.ts';
import { type PlacedRecord, readTrail } from './trail-cursor.ts';

export interface ExportRange {
  /** Milliseconds since 1970, `until` exclusive. */
  readonly since?: number;
  readonly until?: number;
  /** The last record that was verified: nothing after it is exported, and it must be there still. */
  readonly verified: ChainEnd;
}

/** What was exported: a part of the chain without gaps. */
export interface Exported {
  readonly records: number;
  /** The record before the first one: with its link, the part's own links can be worked out again. */
  readonly previous: ChainEnd;
  /** The last one: what a checkpoint for the export vouches for. */
  readonly end: ChainEnd;
}

interface Part {
  readonly first: PlacedRecord;
  readonly last: PlacedRecord;
}

/**
 * Finds the part of a trail from the first to the last record that was written in a span of time. Clocks go back, and some records have instants of
 * their own, so records within the part may lie outside the span: leaving them out would break the chain.
 *
 * @returns undefined when there is none.
 * @throws CodedError as `readTrail`.
 */
async function findPart(folder: string, range: ExportRange): Promise<Part | undefined> {
  const { since = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY, verified } = range;
  let first: PlacedRecord | undefined;
  let last: PlacedRecord | undefined;
  let link: string | undefined;
  for await (const placed of readTrail(folder)) {
    if (placed.record.at >= since && placed.record.at < until) {
      first ??= placed;
      last = placed;
    }
    link = placed.link;
    if (placed.record.seq >= verified.seq) break;
  }
  if (link !== verified.link) throw changedMeanwhile(verified.seq);
  return first === undefined || last === undefined ? undefined : { first, last };
}

function changedMeanwhile(seq: number): CodedError {
  return new CodedError('audit/broken-chain', `the trail was changed while it was exported: record ${seq} is another one now`, {
    data: { seq },
  });
}

/**
 * Writes a part of the trail: as JSONL its lines byte for byte, so that every link can be checked again; as CSV one row a record, for spreadsheets.
 *
 * @param write - takes one line after the other, LF included.
 * @throws CodedError `usage/not-found` where nothing was written in that span; as `readTrail`.
 */
export async function exportTrail(
  folder: string,
  range: ExportRange,
  format: 'jsonl' | 'csv',
  write: (line: string | Uint8Array) => Promise<void>,
): Promise<Exported> {
  const part = await findPart(folder, range);
  if (part === undefined) throw new CodedError('usage/not-found', 'the trail has no record of that span of time');
  const { first, last } = part;
  if (format === 'csv') await write(`${CSV_COLUMNS.join()}\r\n`);
  const lines = new LineReader(folder);
  try {
    for await (const placed of readTrail(folder)) {
      if (placed.record.seq < first.record.seq) continue;
      await write(format === 'csv' ? csvRow(placed) : await lines.read(placed));
      if (placed.record.seq < last.record.seq) continue;
      if (placed.link !== last.link) throw changedMeanwhile(placed.record.seq);
      break;
    }
  } finally {
    await lines.close();
  }
  return {
    records: last.record.seq - first.record.seq + 1,
    previous: { seq: first.record.seq - 1, link: first.previousLink },
    end: { seq: last.record.seq, link: last.link },
  };
}

/** Reads lines of records again, with one segment open. */
class LineReader {
  private readonly folder: string;
  private open: { readonly segment: number; readonly file: FileHandle } | undefined;

  constructor(folder: string) {
    this.folder = folder;
  }

  async read({ segment, offset, bytes }: PlacedRecord): Promise<Uint8Array> {
    if (this.open?.segment !== segment) {
      await this.close();
      this.open = { segment, file: await open(join(this.folder, segmentName(segment)), constants.O_RDONLY) };
    }
    const line = Buffer.alloc(bytes);
    await this.open.file.read(line, 0, bytes, offset);
    return line;
  }

  async close(): Promise<void> {
    await this.open?.file.close();
    this.open = undefined;
  }
}

const CSV_COLUMNS = [
  'seq',
  'at',
  'kind',
  'event',
  'audit',
  'agent',
  'tool',
  'effect',
  'outcome',
  'code',
  'rules',
  'approval',
  'by',
  'fuel',
  'wallMs',
  'parameters',
  'justification',
  'source',
  'link',
] as const;

function csvRow({ record, link }: PlacedRecord): string {
  const fields: { readonly [field: string]: unknown } = { ...record, at: new Date(record.at).toISOString(), link };
  return `${CSV_COLUMNS.map((column) => csvCell(fields[column])).join()}\r\n`;
}

/** Quoted by RFC 4180. What a spreadsheet would take for a formula is made text by an apostrophe. */
function csvCell(value: unknown): string {
  if (value === undefined) return '';
  const text =
    typeof value === 'string'
      ? value
      : Array.isArray(value)
        ? value.join('; ')
        : typeof value === 'object'
          ? JSON.stringify(value)
          : String(value);
  const safe = /^[=+\-@\t\r\n|%]/.test(text) ? `'${text}` : text;
  return /["\r\n,']/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
