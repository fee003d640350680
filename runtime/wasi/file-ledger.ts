import { fail } from './file-tree.ts';
import type { MemoryFile } from './memory-file.ts';

/** How much a file tree in memory may hold. */
export interface FileQuota {
  /** Bytes in all files together, also those that have no name any more but are still open. */
  readonly bytesMax: number;
  /** Names in all directories together, and nameless open files. */
  readonly inodesMax: number;
}

/** What is used of a quota, by one tree or by several that share it. */
export class FileLedger {
  readonly #quota: FileQuota;
  /** Names in all directories, and nameless open files. */
  inodes = 0;
  #bytes = 0;

  constructor(quota: FileQuota) {
    this.#quota = quota;
  }

  /** @throws `insufficient-space` when there is no room for one more name. */
  checkInode(): void {
    if (this.inodes >= this.#quota.inodesMax) fail('insufficient-space');
  }

  /** @throws `insufficient-space` when a file cannot have `size` bytes; what takes no more than it has always may. */
  checkBytes(file: MemoryFile, size: number): void {
    this.checkMore(size - file.bookedBytes);
  }

  /** @throws `insufficient-space` when `bytes` more would be too many. */
  checkMore(bytes: number): void {
    if (bytes > 0 && this.#bytes + bytes > this.#quota.bytesMax) fail('insufficient-space');
  }

  /** Books the bytes that a file has now, which were checked before. */
  book(file: MemoryFile, bytes: number): void {
    this.#bytes += bytes - file.bookedBytes;
    file.bookedBytes = bytes;
  }
}
