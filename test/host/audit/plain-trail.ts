import { createHash } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TrailEntry } from '../../../host/audit/entries.ts';
import type { JournalFiles } from '../../../host/audit/files.ts';
import { openJournal } from '../../../host/audit/journal.ts';
import type { Journal, TrailRecord, TrailState } from '../../../host/audit/trail.ts';

/** A state that knows every record by its number and kind, and carries all of it. */
export class ListState implements TrailState {
  seen: string[] = [];

  reset(carried: unknown): void {
    this.seen = [...((carried as string[] | undefined) ?? [])];
  }

  apply(record: TrailRecord): void {
    this.seen.push(`${record.seq} ${record.kind}${record.kind === 'alert' ? ` ${record.audit}` : ''}`);
  }

  carry(): unknown {
    return this.seen;
  }

  /** Names of the alerts, in order. */
  get alerts(): string[] {
    return this.seen.filter((text) => / alert /.test(text)).map((text) => text.split(' ')[2]!);
  }
}

export const alert = (audit: string, rule = 'r'): TrailEntry => ({ kind: 'alert', audit, rule, severity: 'info', sinks: [] });

/** A line as anybody may read it, with its fields of all kinds. */
export interface PlainRecord {
  readonly seq: number;
  readonly at: number;
  readonly kind: string;
  readonly link: string;
  readonly [field: string]: unknown;
}

/** Reads segments by docs/trail.md, without any of the journal's code. @throws Error that names the record that does not fit. */
export function readPlainly(segments: readonly Buffer[]): PlainRecord[] {
  let link = '0'.repeat(64);
  const records: PlainRecord[] = [];
  segments.forEach((segment, at) => {
    const text = segment.toString('utf8');
    if (!text.endsWith('\n')) throw new Error(`segment ${at + 1} has no end`);
    text
      .split('\n')
      .slice(0, -1)
      .forEach((line, place) => {
        const record = JSON.parse(line) as PlainRecord;
        const body = Buffer.from(line).subarray(0, -75);
        const expected = createHash('sha256').update(`cellblock/trail/164:${link}${body.length}:`).update(body).digest('hex');
        if (record.link !== expected || record.seq !== records.length + 1)
          throw new Error(`record ${records.length + 1} does not fit`);
        if ((record.kind === 'segment') !== (place === 0)) throw new Error(`record ${record.seq} is in the wrong place`);
        link = expected;
        records.push(record);
      });
  });
  return records;
}

/** The state that all records amount to, folded from the first one on. */
export function foldPlainly(records: readonly PlainRecord[]): string[] {
  const state = new ListState();
  for (const record of records) if (record.kind !== 'segment') state.apply(record as unknown as TrailRecord);
  return state.seen;
}

export const freshFolder = (): string => mkdtempSync(join(tmpdir(), 'cellblock-trail-'));

export interface Opened {
  readonly journal: Journal;
  readonly state: ListState;
}

export async function open(
  folder: string,
  more: { files?: JournalFiles; sync?: 'each' | 'group' | 'os'; segmentBytesMax?: number; now?: () => number } = {},
): Promise<Opened> {
  const state = new ListState();
  const journal = await openJournal({
    folder,
    state,
    sync: 'group',
    opened: { version: '1' },
    now: () => 1_767_225_600_000,
    ...more,
  });
  return { journal, state };
}

/** The code that a promise rejects with; undefined where it resolves. */
export async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: { code?: unknown }) => error.code ?? error,
  );
}
