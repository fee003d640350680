import { fail } from './file-tree.ts';
import type { FileOrigin } from './memory-file.ts';

/** Asks for up to `length` bytes of an input. @throws a WASI error code. */
export type ReadInput = (mount: number, path: string, offset: number, length: number) => Uint8Array;

/** Bytes of blocks that are kept; the one that was used longest ago goes first. */
const CACHE_BYTES_MAX = 8 * 1024 * 1024;

/** Blocks that are kept: files may be tiny. */
const CACHE_BLOCKS_MAX = 4096;

/** Blocks end where the reads of streams do, which take 64 KiB. */
const STEP_BYTES = 64 * 1024;

/** Bytes of an answer beside those of the file, generously. */
const ANSWER_OVERHEAD_BYTES = 64;

/**
 * The bytes of inputs, fetched in large blocks when they are first read: a crossing for each read of a guest would cost far more than the bytes
 * do. Only so many are kept, so a large input passes through without staying in memory.
 */
export class InputBlocks {
  readonly #read: ReadInput;
  readonly #blockBytes: number;
  readonly #blocks = new Map<string, Uint8Array>();
  #bytes = 0;
  #files = 0;

  /** @param hostCallBytesMax - bytes of one answer. */
  constructor(read: ReadInput, hostCallBytesMax: number) {
    this.#read = read;
    const most = Math.min(hostCallBytesMax, 1024 * 1024) - ANSWER_OVERHEAD_BYTES;
    this.#blockBytes = most >= STEP_BYTES ? most - (most % STEP_BYTES) : Math.max(1, most);
  }

  /** Bytes that are kept now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** One input, as a file in memory reads it. */
  origin(mount: number, path: string, size: number): FileOrigin {
    const file = this.#files;
    this.#files += 1;
    const fetch = (block: number) => this.#fetch(mount, path, block * this.#blockBytes, size);
    return { size, read: (offset, length) => this.#range(file, fetch, offset, length) };
  }

  #range(file: number, fetch: (block: number) => Uint8Array, offset: number, length: number): Uint8Array {
    const first = Math.floor(offset / this.#blockBytes);
    const from = offset - first * this.#blockBytes;
    if (from + length <= this.#blockBytes) {
      return length === 0 ? new Uint8Array(0) : this.#block(file, fetch, first).subarray(from, from + length);
    }
    const bytes = new Uint8Array(length);
    for (let done = 0, block = first; done < length; block += 1) {
      const piece = this.#block(file, fetch, block)
        .subarray(done === 0 ? from : 0)
        .subarray(0, length - done);
      bytes.set(piece, done);
      done += piece.length;
    }
    return bytes;
  }

  #block(file: number, fetch: (block: number) => Uint8Array, block: number): Uint8Array {
    const key = `${file}/${block}`;
    const kept = this.#blocks.get(key);
    if (kept !== undefined) {
      this.#blocks.delete(key); // to the end: the map's order is the order of use
      this.#blocks.set(key, kept);
      return kept;
    }
    const bytes = fetch(block);
    this.#blocks.set(key, bytes);
    this.#bytes += bytes.length;
    this.#forget();
    return bytes;
  }

  #forget(): void {
    for (const [key, bytes] of this.#blocks) {
      if (this.#bytes <= CACHE_BYTES_MAX && this.#blocks.size <= CACHE_BLOCKS_MAX) return;
      this.#blocks.delete(key);
      this.#bytes -= bytes.length;
    }
  }

  /** A whole block, or what there is of the last one. @throws `io` when the input is shorter than it was said to be. */
  #fetch(mount: number, path: string, offset: number, size: number): Uint8Array {
    const length = Math.min(this.#blockBytes, size - offset);
    const first = this.#read(mount, path, offset, length);
    if (first.length === length) return first;
    const bytes = new Uint8Array(length);
    let done = 0;
    for (let piece = first; done < length; piece = this.#read(mount, path, offset + done, length - done)) {
      if (piece.length === 0 || piece.length > length - done) fail('io');
      bytes.set(piece, done);
      done += piece.length;
      if (done === length) break;
    }
    return bytes;
  }
}
