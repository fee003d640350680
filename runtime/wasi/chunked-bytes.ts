import { fail } from './file-tree.ts';

/** Bytes of each chunk but the last. */
export const CHUNK_BYTES = 256 * 1024;

/**
 * Bytes that grow, shrink and are written anywhere, in chunks of one size: growing copies nothing but a short last chunk, which doubles until
 * it is a whole one, so that a small file is small.
 *
 * INVARIANT: what the chunks have beyond `size` is zero.
 */
export class ChunkedBytes {
  readonly #chunks: Uint8Array[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** A copy of `length` bytes from `offset`, or of what there is of them. */
  read(offset: number, length: number): Uint8Array {
    const from = Math.min(offset, this.#size);
    const to = Math.min(offset + length, this.#size);
    if (from === to) return new Uint8Array(0);
    const within = from % CHUNK_BYTES;
    if (within + to - from <= CHUNK_BYTES) return this.#chunkAt(from).slice(within, within + to - from);
    const bytes = new Uint8Array(to - from);
    for (let at = from; at < to; ) {
      const piece = this.#chunkAt(at).subarray(at % CHUNK_BYTES, (at % CHUNK_BYTES) + to - at);
      bytes.set(piece, at - from);
      at += piece.length;
    }
    return bytes;
  }

  /** Writes all bytes, filling a gap before them with zeroes. @throws as `resize`. */
  write(offset: number, bytes: Uint8Array): void {
    this.resize(Math.max(this.#size, offset + bytes.length));
    for (let done = 0; done < bytes.length; ) {
      const within = (offset + done) % CHUNK_BYTES;
      const piece = bytes.subarray(done, done + CHUNK_BYTES - within);
      this.#chunkAt(offset + done).set(piece, within);
      done += piece.length;
    }
  }

  /** Cuts, or fills up with zeroes. @throws `insufficient-space` when there is no memory, and then all is as it was. */
  resize(size: number): void {
    if (size < this.#size) this.#cut(size);
    else this.#grow(size);
    this.#size = size;
  }

  #chunkAt(offset: number): Uint8Array {
    return this.#chunks[Math.floor(offset / CHUNK_BYTES)] as Uint8Array; // within `size`, or `resize` made it
  }

  #cut(size: number): void {
    const whole = Math.ceil(size / CHUNK_BYTES);
    this.#chunks.splice(whole);
    const last = this.#chunks.at(-1);
    if (last === undefined) return;
    const left = size - (whole - 1) * CHUNK_BYTES;
    // A small rest is copied out, so that a file that was larger once does not hold memory beyond its quota.
    if (left < last.length / 4) this.#chunks[whole - 1] = last.slice(0, left);
    else last.fill(0, left);
  }

  #grow(size: number): void {
    const before = this.#chunks.length;
    try {
      for (let start = Math.max(0, before - 1) * CHUNK_BYTES; start < size; start += CHUNK_BYTES) {
        this.#reserve(start / CHUNK_BYTES, Math.min(CHUNK_BYTES, size - start));
      }
    } catch {
      this.#chunks.splice(before); // a quota may be more than there is memory
      fail('insufficient-space');
    }
  }

  #reserve(index: number, length: number): void {
    const chunk = this.#chunks[index];
    if (chunk !== undefined && chunk.length >= length) return;
    const grown = new Uint8Array(Math.min(CHUNK_BYTES, Math.max(length, (chunk?.length ?? 0) * 2)));
    if (chunk !== undefined) grown.set(chunk);
    this.#chunks[index] = grown;
  }
}
