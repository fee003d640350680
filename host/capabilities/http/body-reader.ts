import type { Readable } from 'node:stream';
import { ExchangeError, type HttpFailure } from './failure.ts';
import { Listeners } from './listeners.ts';

/**
 * Reads a stream in pieces of the asker's size, as much at once as is there, and waits only where nothing is. Nothing is read ahead beyond what the stream
 * itself holds, so that a server is held up by a guest that does not read.
 */
export class BodyReader {
  readonly #stream: Readable;
  readonly #bytesMax: number;
  readonly #tooLarge: HttpFailure;
  #rest: Buffer | undefined;
  #bytes = 0;
  #isAtEnd = false;
  #error: unknown;
  readonly #listeners = new Listeners();

  /** @param tooLarge - how it fails beyond `bytesMax` bytes. */
  constructor(stream: Readable, bytesMax: number, tooLarge: HttpFailure) {
    this.#stream = stream;
    this.#bytesMax = bytesMax;
    this.#tooLarge = tooLarge;
    stream.on('readable', () => this.#listeners.wake());
    stream.on('end', () => {
      this.#isAtEnd = true;
      this.#listeners.wake();
    });
    stream.on('error', (error) => this.#fail(error));
    stream.on('close', () => {
      if (!this.#isAtEnd) this.#fail(Object.assign(new Error('closed'), { code: 'ECONNRESET' }));
    });
  }

  /** Bytes that were read so far. */
  get bytes(): number {
    return this.#bytes;
  }

  get isOver(): boolean {
    return this.#error !== undefined || (this.#isAtEnd && this.#rest === undefined);
  }

  /** Whether `read` would answer at once. */
  get isReady(): boolean {
    // A stream tells its end only to who tries to read.
    if (this.#rest === undefined && this.#stream.readableLength === 0 && !this.isOver) this.#fill();
    return this.#rest !== undefined || this.isOver;
  }

  /** Calls once when `isReady` may have changed. @returns takes it back. */
  listen(changed: () => void): () => void {
    return this.#listeners.add(changed);
  }

  /** 1 to `max` bytes; undefined at the end. @throws what the stream failed with; ExchangeError beyond the most bytes. */
  async read(max: number): Promise<Uint8Array | undefined> {
    for (;;) {
      this.#fill();
      const rest = this.#rest;
      if (rest !== undefined) {
        const taken = rest.subarray(0, max);
        this.#rest = taken.length === rest.length ? undefined : rest.subarray(taken.length);
        return taken;
      }
      if (this.#error !== undefined) throw this.#error;
      if (this.#isAtEnd) return undefined;
      await new Promise<void>((resolve) => this.listen(resolve));
    }
  }

  #fill(): void {
    if (this.#rest !== undefined || this.#error !== undefined) return;
    const bytes = this.#stream.read() as Buffer | null;
    if (bytes === null || bytes.length === 0) return;
    this.#bytes += bytes.length;
    if (this.#bytes <= this.#bytesMax) this.#rest = bytes;
    else this.#stream.destroy(new ExchangeError(this.#tooLarge));
  }

  #fail(error: unknown): void {
    this.#error ??= error;
    this.#listeners.wake();
  }
}
