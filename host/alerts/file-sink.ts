import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, readdir, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Sink } from '../outbound/index.ts';
import type { Parcel } from './parcel.ts';

export interface FileSinkOptions {
  /** Absolute. */
  readonly path: string;
  /** A file that would grow past this is put aside first. */
  readonly bytesMax: number;
  /** Files put aside that are kept; older ones are removed. */
  readonly asideMax: number;
  readonly now: () => number;
}

// O_NOFOLLOW and O_NONBLOCK are absent on Windows. Without the second, opening a named pipe may wait for ever.
const FLAGS =
  constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
const LINE_END = 0x0a;

/**
 * Appends each record as one line of JSON to a file that only its owner may read. Several processes may share it: a line is one write, and
 * putting the file aside is one rename to a name of its own, which can lose nothing of what another process writes meanwhile.
 */
export class FileSink implements Sink<Pick<Parcel, 'json'>> {
  readonly #options: FileSinkOptions;

  constructor(options: FileSinkOptions) {
    this.#options = options;
  }

  async deliver({ json }: Pick<Parcel, 'json'>): Promise<{ readonly done: true }> {
    const line = Buffer.from(`${json}\n`);
    let file = await openPrivate(this.#options.path);
    try {
      const { size } = await file.stat();
      if (size > 0 && size + line.length > this.#options.bytesMax) {
        await this.#putAside();
        await file.close();
        file = await openPrivate(this.#options.path);
      }
      await append(file, line);
    } finally {
      await file.close();
    }
    return { done: true };
  }

  async #putAside(): Promise<void> {
    const { path, asideMax, now } = this.#options;
    // Sorted by name is sorted by time; the random part keeps two processes from choosing one name.
    const instant = new Date(now()).toISOString().replaceAll(/[-:]/g, '');
    await unlessGone(rename(path, `${path}.${instant}-${randomBytes(4).toString('hex')}`));
    const aside = new RegExp(`^${escaped(basename(path))}\\.\\d{8}T\\d{6}\\.\\d{3}Z-[0-9a-f]{8}$`);
    const names = (await readdir(dirname(path))).filter((name) => aside.test(name)).sort();
    for (const name of names.slice(0, Math.max(0, names.length - asideMax))) await unlessGone(unlink(join(dirname(path), name)));
  }
}

/** Another process may have put the same file aside, or removed it, first. */
async function unlessGone(step: Promise<void>): Promise<void> {
  await step.catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}

async function openPrivate(path: string): Promise<FileHandle> {
  const file = await open(path, FLAGS, 0o600);
  try {
    const status = await file.stat();
    if (!status.isFile()) throw Object.assign(new Error('it is not a regular file'), { code: 'NOT_A_FILE' });
    // A file that was there before may be readable for others.
    if ((status.mode & 0o077) !== 0 && process.platform !== 'win32') await file.chmod(0o600);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** A line that was torn by a full disk is ended first, so that it does not swallow this one. */
async function append(file: FileHandle, line: Buffer): Promise<void> {
  const { size } = await file.stat();
  const last = Buffer.alloc(1);
  const torn = size > 0 && (await file.read(last, 0, 1, size - 1)).bytesRead === 1 && last[0] !== LINE_END;
  const bytes = torn ? Buffer.concat([Buffer.of(LINE_END), line]) : line;
  const { bytesWritten } = await file.write(bytes);
  if (bytesWritten !== bytes.length) throw Object.assign(new Error('the line was written in part'), { code: 'SHORT_WRITE' });
}

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
