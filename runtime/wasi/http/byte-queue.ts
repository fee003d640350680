const FIRST_BYTES = 4096;
const NOTHING = new Uint8Array(0);

/** Bytes that wait to be sent, in one buffer that doubles: its cost does not depend on how the guest cuts its writes. */
export class ByteQueue {
  #buffer = NOTHING;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Takes a copy. */
  append(bytes: Uint8Array): void {
    const needed = this.#length + bytes.length;
    if (needed > this.#buffer.length) {
      const grown = new Uint8Array(Math.max(FIRST_BYTES, needed, this.#buffer.length * 2));
      grown.set(this.#buffer.subarray(0, this.#length));
      this.#buffer = grown;
    }
    this.#buffer.set(bytes, this.#length);
    this.#length = needed;
  }

  /** Removes up to `bytesMax` bytes from the front; a copy. */
  take(bytesMax: number): Uint8Array {
    const taken = this.#buffer.slice(0, Math.min(bytesMax, this.#length));
    this.#buffer.copyWithin(0, taken.length, this.#length);
    this.#length -= taken.length;
    return taken;
  }

  clear(): void {
    this.#buffer = NOTHING;
    this.#length = 0;
  }
}
