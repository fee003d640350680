import type { FileNode } from './file-tree.ts';

interface Times {
  accessed: bigint;
  modified: bigint;
  changed: bigint;
}

/** A directory of a `MemoryFileTree`. A `Map` keeps the order of creation, so listing is the same in every run. */
export class MemoryDirectory implements FileNode {
  readonly kind = 'directory';
  readonly id: number;
  readonly entries = new Map<string, MemoryNode>();
  readonly times: Times;
  /** Undefined for the root and once removed. */
  parent: MemoryDirectory | undefined;
  links = 1;
  opens = 0;

  constructor(id: number, now: bigint, parent: MemoryDirectory | undefined) {
    this.id = id;
    this.parent = parent;
    this.times = { accessed: now, modified: now, changed: now };
  }
}

/** A file of a `MemoryFileTree`: one buffer that doubles as the file grows and whose rest is kept zero. */
export class MemoryFile implements FileNode {
  readonly kind = 'file';
  readonly id: number;
  readonly times: Times;
  links = 0;
  opens = 0;
  #buffer = new Uint8Array(0);
  #size = 0;

  constructor(id: number, now: bigint) {
    this.id = id;
    this.times = { accessed: now, modified: now, changed: now };
  }

  /** Bytes. */
  get size(): number {
    return this.#size;
  }

  read(offset: number, length: number): Uint8Array {
    return this.#buffer.slice(Math.min(offset, this.#size), Math.min(offset + length, this.#size));
  }

  /** The caller has checked that the new size is within quota. */
  write(offset: number, bytes: Uint8Array): void {
    this.resize(Math.max(this.#size, offset + bytes.length));
    this.#buffer.set(bytes, offset);
  }

  /** The caller has checked that the new size is within quota. */
  resize(size: number): void {
    if (size < this.#size) {
      // A small rest is copied out, so that a file that was large once does not hold memory beyond its quota.
      if (size < this.#buffer.length / 4) this.#buffer = this.#buffer.slice(0, size);
      else this.#buffer.fill(0, size, this.#size);
    } else if (size > this.#buffer.length) {
      const grown = new Uint8Array(Math.max(size, Math.min(this.#buffer.length * 2, size + GROWTH_BYTES_MAX)));
      grown.set(this.#buffer.subarray(0, this.#size));
      this.#buffer = grown;
    }
    this.#size = size;
  }
}

export type MemoryNode = MemoryFile | MemoryDirectory;

/** Bytes that a buffer keeps in reserve at most; beyond 1 MiB a file grows by this much rather than by its double. */
const GROWTH_BYTES_MAX = 1024 * 1024;
