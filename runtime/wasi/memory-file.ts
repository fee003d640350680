import { type FileNode, fail } from './file-tree.ts';

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

/**
 * A file of a `MemoryFileTree`: one buffer that doubles as the file grows and whose rest is kept zero. One with an origin has no buffer until
 * it is changed.
 */
export class MemoryFile implements FileNode {
  readonly kind = 'file';
  readonly id: number;
  readonly times: Times;
  links = 0;
  opens = 0;
  /** Bytes that are booked for it in the quota; kept by the tree. */
  bookedBytes = 0;
  #buffer = new Uint8Array(0);
  #size = 0;
  #origin: FileOrigin | undefined;

  constructor(id: number, now: bigint, origin?: FileOrigin) {
    this.id = id;
    this.times = { accessed: now, modified: now, changed: now };
    this.#origin = origin;
  }

  /** Bytes. */
  get size(): number {
    return this.#origin?.size ?? this.#size;
  }

  /** Where its bytes still are; undefined once they were changed. */
  get origin(): FileOrigin | undefined {
    return this.#origin;
  }

  read(offset: number, length: number): Uint8Array {
    if (this.#origin !== undefined) return readOrigin(this.#origin, offset, length);
    return this.#buffer.slice(Math.min(offset, this.#size), Math.min(offset + length, this.#size));
  }

  /** The caller has checked that the new size is within quota. */
  write(offset: number, bytes: Uint8Array): void {
    this.resize(Math.max(this.size, offset + bytes.length));
    this.#buffer.set(bytes, offset);
  }

  /** The caller has checked that the new size is within quota. */
  resize(size: number): void {
    if (this.#origin !== undefined) this.#copyOrigin(this.#origin, Math.min(size, this.#origin.size));
    if (size < this.#size) {
      // A small rest is copied out, so that a file that was large once does not hold memory beyond its quota.
      if (size < this.#buffer.length / 4) this.#buffer = this.#buffer.slice(0, size);
      else this.#buffer.fill(0, size, this.#size);
    } else if (size > this.#buffer.length) {
      const grown = allocate(Math.max(size, Math.min(this.#buffer.length * 2, size + Math.max(GROWTH_BYTES_MIN, size >> 2))));
      grown.set(this.#buffer.subarray(0, this.#size));
      this.#buffer = grown;
    }
    this.#size = size;
  }

  /** In the end, so that a file whose bytes cannot be had stays as it was. */
  #copyOrigin(origin: FileOrigin, size: number): void {
    const copy = allocate(size);
    for (let at = 0; at < size; ) {
      const bytes = readOrigin(origin, at, Math.min(size - at, COPY_BYTES));
      copy.set(bytes, at);
      at += bytes.length;
    }
    this.#buffer = copy;
    this.#size = size;
    this.#origin = undefined;
  }
}

function readOrigin(origin: FileOrigin, offset: number, length: number): Uint8Array {
  const from = Math.min(offset, origin.size);
  return origin.read(from, Math.min(length, origin.size - from));
}

/** A quota may be more than there is memory. */
function allocate(size: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(size);
  } catch {
    return fail('insufficient-space');
  }
}

export type MemoryNode = MemoryFile | MemoryDirectory;

/** Beyond its double up to this much, a buffer keeps a quarter of its size in reserve: few copies, and not twice the memory. */
const GROWTH_BYTES_MIN = 1024 * 1024;

/** Bytes of an origin that are asked for at one time. */
const COPY_BYTES = 256 * 1024;
