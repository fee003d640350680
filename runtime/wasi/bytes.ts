/** Where an output stream's bytes go. Either method may throw a WASI error code (a string), which closes the stream. */
export interface ByteSink {
  /** Takes a copy of the bytes. */
  write(bytes: Uint8Array): void;
  /** Host-owned resources that the stream holds are given back; called once. */
  close(): void;
}

/** Where an input stream's bytes come from. */
export interface ByteSource {
  /** Up to `bytesMax` (0 or more) bytes, which nobody changes or may change; undefined at the end. May throw a WASI error code, which closes the stream. */
  read(bytesMax: number): Uint8Array | undefined;
  close(): void;
}

/** What a stream wrote, up to its cap. */
export interface Captured {
  /** The first bytes, at most the cap; a copy. */
  readonly bytes: Uint8Array;
  readonly truncated: boolean;
  /** Bytes that came after the cap and were dropped. */
  readonly droppedBytes: number;
}

const FIRST_BYTES = 1024;

/** Most calls write nothing: an array takes longer to make than a call of two numbers. */
const NOTHING = new Uint8Array(0);

/**
 * Keeps the first `bytesMax` bytes and counts the rest, so that a guest that never stops writing costs no memory.
 * One buffer that doubles: the cost does not depend on how the guest cuts its writes.
 */
export class Capture implements ByteSink {
  readonly #bytesMax: number;
  #buffer = NOTHING;
  #length = 0;
  #dropped = 0;

  /** @param bytesMax - bytes kept; an integer, 0 or more. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  write(bytes: Uint8Array): void {
    const kept = Math.min(bytes.length, this.#bytesMax - this.#length);
    this.#dropped += bytes.length - kept;
    if (kept === 0) return;
    this.#reserve(this.#length + kept);
    this.#buffer.set(bytes.subarray(0, kept), this.#length);
    this.#length += kept;
  }

  close(): void {}

  captured(): Captured {
    return {
      bytes: this.#length === 0 ? NOTHING : this.#buffer.slice(0, this.#length),
      truncated: this.#dropped > 0,
      droppedBytes: this.#dropped,
    };
  }

  #reserve(length: number): void {
    if (length <= this.#buffer.length) return;
    const grown = new Uint8Array(Math.min(this.#bytesMax, Math.max(FIRST_BYTES, length, this.#buffer.length * 2)));
    grown.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = grown;
  }
}

/** Bytes that are all there from the start. All streams over one of these share its position, as a process's stdin does. */
export class FixedBytes implements ByteSource {
  readonly #bytes: Uint8Array;
  #position = 0;

  /** @param bytes - kept by reference, never written. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  read(bytesMax: number): Uint8Array | undefined {
    if (this.#position >= this.#bytes.length) return undefined;
    const chunk = this.#bytes.slice(this.#position, this.#position + bytesMax);
    this.#position += chunk.length;
    return chunk;
  }

  close(): void {}
}
