import { CHUNK_BYTES, ChunkedBytes } from './chunked-bytes.ts';
import type { FileNode } from './file-tree.ts';

/** Bytes of a file that were there before the guest: read where they are, and copied when the guest changes them. */
export interface FileOrigin {
  /** Bytes. */
  readonly size: number;
  /**
   * All of `length` bytes from `offset`, which are within `size`; not to be written to. @throws a WASI error code when they cannot be had.
   */
  read(offset: number, length: number): Uint8Array;
}

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
  /** Its name in `parent`. */
  name = '';
  links = 1;
  opens = 0;

  constructor(id: number, now: bigint, parent: MemoryDirectory | undefined) {
    this.id = id;
    this.parent = parent;
    this.times = { accessed: now, modified: now, changed: now };
  }
}

/** A file of a `MemoryFileTree`. One with an origin has no bytes of its own until it is changed. */
export class MemoryFile implements FileNode {
  readonly kind = 'file';
  readonly id: number;
  readonly times: Times;
  links = 0;
  opens = 0;
  /** Bytes that are booked for it in the quota; kept by the tree. */
  bookedBytes = 0;
  #bytes = new ChunkedBytes();
  #origin: FileOrigin | undefined;

  constructor(id: number, now: bigint, origin?: FileOrigin) {
    this.id = id;
    this.times = { accessed: now, modified: now, changed: now };
    this.#origin = origin;
  }

  /** Bytes. */
  get size(): number {
    return this.#origin?.size ?? this.#bytes.size;
  }

  /** Where its bytes still are; undefined once they were changed. */
  get origin(): FileOrigin | undefined {
    return this.#origin;
  }

  read(offset: number, length: number): Uint8Array {
    if (this.#origin !== undefined) return readOrigin(this.#origin, offset, length);
    return this.#bytes.read(offset, length);
  }

  /** The caller has checked that the new size is within quota. */
  write(offset: number, bytes: Uint8Array): void {
    if (this.#origin !== undefined) this.#copyOrigin(this.#origin, this.#origin.size);
    this.#bytes.write(offset, bytes);
  }

  /** The caller has checked that the new size is within quota. */
  resize(size: number): void {
    if (this.#origin !== undefined) this.#copyOrigin(this.#origin, Math.min(size, this.#origin.size));
    this.#bytes.resize(size);
  }

  /** At its end, so that a file whose bytes cannot be had stays as it was. */
  #copyOrigin(origin: FileOrigin, size: number): void {
    const copy = new ChunkedBytes();
    while (copy.size < size) copy.write(copy.size, readOrigin(origin, copy.size, Math.min(size - copy.size, CHUNK_BYTES)));
    this.#bytes = copy;
    this.#origin = undefined;
  }
}

function readOrigin(origin: FileOrigin, offset: number, length: number): Uint8Array {
  const from = Math.min(offset, origin.size);
  return origin.read(from, Math.min(length, origin.size - from));
}

export type MemoryNode = MemoryFile | MemoryDirectory;
