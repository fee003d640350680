import { readSync, writeSync } from 'node:fs';
import { CodedError } from '../error.ts';
import { checkFrameLength } from './port.ts';

/** Bytes read at once; a longer frame is read into a buffer of its own. */
const READ_BYTES = 65_536;

const LENGTH_BYTES = 4;

/**
 * A worker's road in a runner process: one inherited descriptor of a socket pair, on which it sleeps in a read. Each frame has its
 * length in front, 32 bits, little endian.
 *
 * Thread: a worker that has nothing else to wait for; the process's main thread is on no call's path.
 */
export class DescriptorPort {
  readonly #descriptor: number;
  readonly #buffer = Buffer.allocUnsafe(READ_BYTES);
  #from = 0;
  #to = 0;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  /** Sleeps until a frame is there. @returns a copy of it; undefined once the other end is closed. */
  receive(): Uint8Array | undefined {
    if (!this.#fill(LENGTH_BYTES)) return undefined;
    const length = this.#buffer.readUInt32LE(this.#from);
    checkFrameLength(length);
    this.#from += LENGTH_BYTES;
    const frame = new Uint8Array(length);
    const here = Math.min(length, this.#to - this.#from);
    frame.set(this.#buffer.subarray(this.#from, this.#from + here));
    this.#from += here;
    for (let at = here; at < length; ) {
      const got = readSync(this.#descriptor, frame, at, length - at, null);
      if (got === 0) return undefined;
      at += got;
    }
    return frame;
  }

  /** Sends a frame whole; sleeps while the other end does not read. */
  send(frame: Uint8Array): void {
    checkFrameLength(frame.length);
    const bytes = Buffer.allocUnsafe(LENGTH_BYTES + frame.length);
    bytes.writeUInt32LE(frame.length, 0);
    bytes.set(frame, LENGTH_BYTES);
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#descriptor, bytes, at, bytes.length - at);
  }

  /** Sends a frame and sleeps until the next one. @throws CodedError `internal/invariant` when the other end is closed. */
  ask(frame: Uint8Array): Uint8Array {
    this.send(frame);
    const answer = this.receive();
    if (answer === undefined) throw new CodedError('internal/invariant', 'the other end was closed during a host call');
    return answer;
  }

  /** Reads until so many bytes are buffered. @returns false once the other end is closed. */
  #fill(wanted: number): boolean {
    if (this.#from === this.#to) this.#from = this.#to = 0;
    else if (READ_BYTES - this.#from < wanted) {
      this.#buffer.copyWithin(0, this.#from, this.#to);
      this.#to -= this.#from;
      this.#from = 0;
    }
    while (this.#to - this.#from < wanted) {
      const got = readSync(this.#descriptor, this.#buffer, this.#to, READ_BYTES - this.#to, null);
      if (got === 0) return false;
      this.#to += got;
    }
    return true;
  }
}
