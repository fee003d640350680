import { createHash, type Hash } from 'node:crypto';
import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmdirSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import type { Folder } from './folder.ts';
import { STAGING_PREFIX } from './guest-path.ts';
import { isAbandoned, stagingName } from './owner.ts';

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;

/** Name of the journal of a publication in its staging folder. */
const JOURNAL = 'journal';
const JOURNAL_BYTES_MAX = 64 * 2 ** 20;

/** One file that was staged. */
export interface StagedFile {
  /** Its name in the staging folder. */
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * A private folder inside of the target, so that it is on the same file system and whoever may not write there cannot be harmed by it. It is
 * flat: files by number, backups of what they replace, one journal. Whoever made it destroys it.
 */
export class Staging {
  readonly folder: Folder;
  readonly #target: Folder;
  readonly #name: string;
  #count = 0;

  private constructor(target: Folder, name: string, folder: Folder) {
    this.#target = target;
    this.#name = name;
    this.folder = folder;
  }

  /** Makes a fresh one. @param target - stays the caller's. @throws Error of the system. */
  static create(target: Folder): Staging {
    const name = stagingName();
    mkdirSync(target.at(name), { mode: 0o700 });
    const folder = openOwn(target, name);
    if (folder !== undefined) return new Staging(target, name, folder);
    throw Object.assign(new Error('the staging folder was replaced'), { code: 'EPERM' });
  }

  /** Begins a file. Its mode is that of any new file; until it is moved, the folder hides it. */
  begin(): StagedWriter {
    this.#count += 1;
    return new StagedWriter(this.folder, String(this.#count));
  }

  /** Name for the backup of what one file replaces. */
  backupName(): string {
    this.#count += 1;
    return `b${this.#count}`;
  }

  writeJournal(text: string): void {
    writeFileSync(this.folder.at(JOURNAL), text, { flag: 'wx', mode: 0o600 });
  }

  /** From here on what was moved stays. */
  dropJournal(): void {
    unlinkSync(this.folder.at(JOURNAL));
  }

  /** Removes all of it. @throws never: what cannot be removed is found as abandoned later. */
  destroy(): void {
    wipe(this.#target, this.#name, this.folder);
  }
}

/** One staged file while it is written: pieces in order, hashed as they come. */
export class StagedWriter {
  readonly name: string;
  bytes = 0;
  readonly #fd: number;
  readonly #hash: Hash = createHash('sha256');

  constructor(folder: Folder, name: string) {
    this.name = name;
    this.#fd = openSync(folder.at(name), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o666);
  }

  write(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) done += writeSync(this.#fd, bytes, done, bytes.length - done);
    this.#hash.update(bytes);
    this.bytes += bytes.length;
  }

  end(): StagedFile {
    closeSync(this.#fd);
    return { name: this.name, bytes: this.bytes, sha256: this.#hash.digest('hex') };
  }
}

/** A folder of that name that is ours and nobody else's to write in; undefined where it is not. */
function openOwn(target: Folder, name: string): Folder | undefined {
  let folder: Folder;
  try {
    folder = target.folder([name]);
  } catch {
    return undefined;
  }
  const { uid, mode } = folder.self();
  if (Number(uid) === process.geteuid?.() && (Number(mode) & 0o077) === 0) return folder;
  folder.close();
  return undefined;
}

function wipe(target: Folder, name: string, folder: Folder): void {
  quietly(() => {
    for (const bytes of [...folder.names()]) quietly(() => unlinkSync(folder.at(bytes.toString('utf8'))));
  });
  quietly(() => folder.close());
  quietly(() => rmdirSync(target.at(name)));
}

/** For tidying up, where each failure leaves something that is found again later. */
function quietly(work: () => void): void {
  try {
    work();
  } catch {
    // Found again by `cleanAbandoned`.
  }
}

/**
 * Removes what killed processes left in a target, and takes back what they had moved in without coming to the end. Folders of living
 * processes, and those that are not this user's, stay.
 *
 * @param undo - takes back what a journal tells of.
 */
export function cleanAbandoned(
  target: Folder,
  nowMs: number,
  undo: (target: Folder, staging: Folder, journal: string) => void,
): void {
  quietly(() => {
    const names = [...target.names()].map((name) => name.toString('latin1'));
    for (const name of names) if (name.startsWith(STAGING_PREFIX)) quietly(() => cleanOne(target, name, nowMs, undo));
  });
}

function cleanOne(
  target: Folder,
  name: string,
  nowMs: number,
  undo: (target: Folder, staging: Folder, journal: string) => void,
): void {
  const seen = target.look(name);
  if (seen === undefined || !isAbandoned(name, Number(seen.mtimeMs), nowMs)) return;
  const claimed = stagingName();
  // Renaming says whose it is now: of two processes that find it, one does the work.
  renameSync(target.at(name), target.at(claimed));
  const folder = openOwn(target, claimed);
  if (folder === undefined) {
    quietly(() => renameSync(target.at(claimed), target.at(name)));
    return;
  }
  const journal = folder.look(JOURNAL);
  if (journal?.isFile() && journal.size <= JOURNAL_BYTES_MAX) {
    quietly(() => undo(target, folder, readFileSync(folder.at(JOURNAL), 'utf8')));
  }
  wipe(target, claimed, folder);
}
