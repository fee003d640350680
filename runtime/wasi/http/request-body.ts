import { STREAM_BYTES_MAX, STREAM_CLOSED, type WaitingSink } from '../io.ts';
import type { Readiness } from '../poll.ts';
import { ByteQueue } from './byte-queue.ts';
import type { Failure } from './client.ts';
import type { ErrorCode, HttpFailure } from './error-code.ts';
import { type Exchange, failureOf, streamFailure } from './exchange.ts';
import type { HttpMemory } from './memory.ts';

/** Bytes that a guest may write before it hands the request over. */
const EARLY_BYTES_MAX = 1024 * 1024;

/** From this many on, what waits is sent. */
const SEND_BYTES = 256 * 1024;

/**
 * What a guest writes as the body of a request, and what its `outgoing-body` and its stream are two ends of.
 *
 * Writes are kept until they are worth a crossing, or the guest finishes the body, flushes it with `blocking-flush`, waits for anything
 * of HTTP or sleeps. The `flush` of a blocking write is none of these: guests end every 4 KiB with one.
 */
export class RequestBody implements WaitingSink {
  readonly #memory: HttpMemory;
  /** From the header `content-length`. */
  readonly #declared: number | undefined;
  readonly #queue = new ByteQueue();
  #written = 0;
  #state: 'open' | 'finished' | 'dropped' | 'abandoned' = 'open';
  #exchange: Exchange | undefined;
  #failure: Failure | undefined;
  /** True while the guest holds the stream. */
  streamIsOpen = false;

  constructor(memory: HttpMemory, declared: number | undefined) {
    this.#memory = memory;
    this.#declared = declared;
  }

  /** Bytes that wait to be sent. */
  get waiting(): number {
    return this.#queue.length;
  }

  get isFinished(): boolean {
    return this.#state === 'finished';
  }

  /** False where the guest has finished it without a byte. */
  get hasBytes(): boolean {
    return this.#state !== 'finished' || this.#written > 0;
  }

  /** Why nothing of it can be sent any more. */
  get failure(): Failure | undefined {
    return this.#failure;
  }

  /** The request was handed over; starts to send if it is known what. */
  attach(exchange: Exchange): void {
    this.#exchange = exchange;
    if (this.#failure !== undefined || this.#state === 'dropped') exchange.abort(this.#failure ?? failureOf(DROPPED));
    else if (this.#state === 'finished' || this.#queue.length > 0) exchange.send();
  }

  room(): number {
    this.#checkOpen();
    if (this.#exchange !== undefined) return STREAM_BYTES_MAX;
    return Math.max(0, Math.min(EARLY_BYTES_MAX - this.#queue.length, this.#memory.left));
  }

  write(bytes: Uint8Array): void {
    this.#checkOpen();
    this.#written += bytes.length;
    if (this.#declared !== undefined && this.#written > this.#declared) {
      this.#failure = {
        ...failureOf({ code: SIZE, message: 'more bytes than `content-length` says' }),
        errorCode: this.#sizeError(),
      };
      this.#exchange?.abort(this.#failure);
      throw streamFailure(this.#failure);
    }
    this.#memory.take(bytes.length);
    this.#queue.append(bytes);
    if (this.#queue.length >= SEND_BYTES) this.#exchange?.send();
  }

  flush(): void {
    this.#checkOpen();
    if (this.#queue.length > 0) this.#exchange?.send();
    this.#checkOpen();
  }

  readiness(): Readiness {
    const hasRoom = () => this.#exchange !== undefined || this.#state !== 'open' || this.#queue.length < EARLY_BYTES_MAX;
    return { kind: 'event', event: { happened: hasRoom, asker: () => undefined } }; // full and not handed over: only the guest can do that
  }

  /** The stream was dropped. */
  close(): void {
    this.streamIsOpen = false;
  }

  /** All is written. @returns why the body is not what its request promised. */
  finish(): ErrorCode | undefined {
    const isLong = this.#declared !== undefined && this.#written > this.#declared; // a write has failed
    if (isLong) {
      this.drop();
      return this.#sizeError();
    }
    if (this.#state !== 'open') return undefined;
    const isCut = this.#failure !== undefined && this.#failure.code !== SIZE; // then the response tells what happened
    if (!isCut && this.#declared !== undefined && this.#written !== this.#declared) {
      this.drop();
      return this.#sizeError();
    }
    this.#state = 'finished';
    this.#exchange?.send();
    return undefined;
  }

  /** The guest let go of it; nobody will finish it. */
  drop(): void {
    if (this.#state !== 'open') return;
    this.#state = 'dropped';
    this.#discard();
    this.#exchange?.abort(this.#failure ?? failureOf(DROPPED));
  }

  take(bytesMax: number): Uint8Array {
    const bytes = this.#queue.take(bytesMax);
    this.#memory.giveBack(bytes.length);
    return bytes;
  }

  /** The exchange has ended; nobody takes it. */
  abandon(): void {
    this.#discard();
    if (this.#state === 'open') this.#state = 'abandoned';
  }

  /** What was sent last was not taken. */
  fail(failure: Failure): void {
    this.#failure ??= failure;
    this.#discard();
  }

  #discard(): void {
    this.#memory.giveBack(this.#queue.length);
    this.#queue.clear();
  }

  #checkOpen(): void {
    if (this.#failure !== undefined) throw streamFailure(this.#failure);
    if (this.#state !== 'open') throw STREAM_CLOSED;
  }

  #sizeError(): ErrorCode {
    return { tag: SIZE, val: BigInt(this.#written) };
  }
}

const SIZE = 'HTTP-request-body-size';
const DROPPED: HttpFailure = {
  code: 'HTTP-protocol-error',
  message: 'the body of the request was dropped before it was finished',
};
