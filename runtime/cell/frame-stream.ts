import type { Duplex } from 'node:stream';
import { CodedError } from '../error.ts';
import { checkFrameLength, type Port } from './port.ts';

const LENGTH_BYTES = 4;

/** The trusted side's end of a stream. */
export interface StreamPort extends Port {
  /** @param listener - hears of each frame whether it was the last of what has come: nothing lay behind it. */
  onFrame(listener: (frame: Uint8Array, isLast: boolean) => void): void;
  /** Bytes that were sent and that the other side has made no room for yet. */
  readonly unread: number;
}

/** What the trusted side hears of a stream beside its frames. */
export interface StreamEnds {
  /** The other end is gone, or sent what is no frame; said once. */
  onEnd(error: CodedError): void;
}

/**
 * The trusted side of a descriptor: frames over one end of a socket pair.
 *
 * What comes is not trusted: a length past `FRAME_BYTES_MAX` ends the stream, and no memory is taken for what a length only
 * announces.
 */
export function openStreamPort(stream: Duplex, { onEnd }: StreamEnds): StreamPort {
  let listener: ((frame: Uint8Array, isLast: boolean) => void) | undefined;
  let over = false;
  const end = (error: CodedError): void => {
    if (over) return;
    over = true;
    stream.destroy();
    onEnd(error);
  };
  const splitter = new FrameSplitter();
  stream.on('data', (chunk: Uint8Array) => {
    try {
      splitter.push(chunk, (frame, isLast) => {
        if (!over) listener?.(new Uint8Array(frame.buffer, frame.byteOffset, frame.length), isLast); // a `Buffer` is more than that
      });
    } catch (error) {
      end(error as CodedError); // the splitter throws no other
    }
  });
  stream.on('error', (cause) => end(new CodedError('failed/runner-crashed', 'the runner closed its end', { cause })));
  stream.on('close', () => end(new CodedError('failed/runner-crashed', 'the runner closed its end')));
  return {
    send(frame) {
      checkFrameLength(frame.length);
      if (over) return;
      const isSmall = frame.length < SMALL_BYTES;
      const head = Buffer.allocUnsafe(isSmall ? LENGTH_BYTES + frame.length : LENGTH_BYTES);
      head.writeUInt32LE(frame.length, 0);
      if (isSmall) {
        head.set(frame, LENGTH_BYTES);
        return void stream.write(head);
      }
      stream.cork();
      stream.write(head);
      stream.write(frame);
      stream.uncork();
    },
    onFrame: (added) => {
      listener = added;
    },
    get unread() {
      return stream.writableLength;
    },
    close: () => {
      over = true;
      stream.destroy();
    },
  };
}

/** Below this a copy is cheaper than a second buffer to write. */
const SMALL_BYTES = 16_384;

/** Puts frames together from chunks of any size. */
export class FrameSplitter {
  #chunks: Uint8Array[] = [];
  #length = 0;

  /** @throws CodedError `internal/invariant` at a length past the limit. */
  push(chunk: Uint8Array, take: (frame: Uint8Array, isLast: boolean) => void): void {
    if (this.#length === 0 && isOneFrame(chunk)) return take(chunk.subarray(LENGTH_BYTES), true); // as nearly always
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    while (this.#length >= LENGTH_BYTES) {
      const length = this.#peekLength();
      checkFrameLength(length);
      if (this.#length < LENGTH_BYTES + length) return;
      const whole = this.#chunks.length === 1 ? (this.#chunks[0] as Uint8Array) : Buffer.concat(this.#chunks); // just counted
      this.#length -= LENGTH_BYTES + length;
      take(whole.subarray(LENGTH_BYTES, LENGTH_BYTES + length), this.#length === 0);
      this.#chunks = this.#length === 0 ? [] : [whole.subarray(LENGTH_BYTES + length)];
    }
  }

  #peekLength(): number {
    const first = this.#chunks[0] as Uint8Array; // there are bytes
    if (first.length < LENGTH_BYTES) this.#chunks = [Buffer.concat(this.#chunks)];
    return lengthAt(this.#chunks[0] as Uint8Array); // the same
  }
}

function isOneFrame(chunk: Uint8Array): boolean {
  return chunk.length >= LENGTH_BYTES && lengthAt(chunk) === chunk.length - LENGTH_BYTES;
}

/** The length in front of a frame. @param bytes - four or more. */
function lengthAt(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, LENGTH_BYTES).getUint32(0, true);
}
