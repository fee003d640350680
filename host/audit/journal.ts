import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CodedError } from '../../runtime/index.ts';
import { printable } from '../policy/quote.ts';
import type { OpenedEntry } from './entries.ts';
import { FileJournal, type SyncMode } from './file-journal.ts';
import { type JournalFiles, nodeFiles } from './files.ts';
import { KernelLock } from './lock.ts';
import { Segments } from './segments.ts';
import type { Journal, TrailState } from './trail.ts';
import { asUnavailable } from './trail-errors.ts';
import { Writers } from './writers.ts';

export type { SyncMode } from './file-journal.ts';

const SEGMENT_BYTES_MAX = 2 ** 24;

export interface JournalOptions {
  /** Made with mode 0700 where missing; on a local file system. */
  readonly folder: string;
  /** Told of every record; belongs to this journal alone. */
  readonly state: TrailState;
  readonly sync: SyncMode;
  /** Bytes of records after which the next segment begins. Default 16 MiB. */
  readonly segmentBytesMax?: number;
  readonly opened: Omit<OpenedEntry, 'kind' | 'writer' | 'pid'>;
  /** `at-once`: note that this writer began; `first-entry`: only once it has something to write. Default `at-once`. */
  readonly noteOpened?: 'at-once' | 'first-entry';
  readonly files?: JournalFiles;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/**
 * Opens the trail in a folder, makes it where it is missing, mends a record that was not written to its end, and notes that this writer
 * began. Several processes, and several journals in one, may have the same folder open.
 *
 * @throws CodedError `failed/audit-unavailable`, `audit/broken-chain`, `audit/unreadable`: nothing may run.
 */
export async function openJournal(options: JournalOptions): Promise<Journal> {
  const { folder, state, sync, segmentBytesMax = SEGMENT_BYTES_MAX, opened, files = nodeFiles, now = Date.now } = options;
  const segmentFolder = join(folder, 'trail');
  const segments = new Segments(segmentFolder, files, state);
  let lock: KernelLock | undefined;
  let writers: Writers | undefined;
  try {
    makeFolders(folder, segmentFolder, files);
    lock = new KernelLock(join(folder, 'lock.db'));
    await lock.take();
    const dropped = segments.reopen();
    if (dropped === false) segments.startNext(now());
    // Others may have written without syncing; and errors that nobody was told of are told to the first who syncs.
    segments.rewrite();
    segments.sync();
    writers = new Writers(join(folder, 'writers'));
    lock.release();
    const entry: OpenedEntry = { kind: 'opened', writer: writers.id, pid: process.pid, ...opened };
    const parts = {
      opened: entry,
      folder,
      state,
      sync,
      segmentBytesMax,
      now,
      segments,
      lock,
      writers,
      dropped: dropped || undefined,
    };
    const journal = new FileJournal(parts);
    if (options.noteOpened !== 'first-entry') await journal.noteOpened();
    return journal;
  } catch (cause) {
    segments.close();
    writers?.close();
    lock?.close();
    throw asUnavailable(cause, folder);
  }
}

function makeFolders(folder: string, segmentFolder: string, files: JournalFiles): void {
  const isNew = !existsSync(folder);
  // The locks are in real files, whatever the segments are in.
  for (const path of [folder, join(folder, 'writers')]) nodeFiles.makeFolder(path);
  if (process.platform !== 'win32' && (statSync(folder).mode & 0o022) !== 0) {
    throw new CodedError('failed/audit-unavailable', `others may write to the trail's folder \`${printable(folder, 256)}\``, {
      help: 'take that away from them: `chmod go-w`',
    });
  }
  files.makeFolder(segmentFolder);
  files.syncFolder(folder);
  // Somebody else's folder may not be ours to read.
  if (isNew) files.syncFolder(join(folder, '..'));
}
