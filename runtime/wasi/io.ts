import type * as IoError_ from '@bytecodealliance/preview2-shim/interfaces/wasi-io-error';
import type * as Streams from '@bytecodealliance/preview2-shim/interfaces/wasi-io-streams';
import type { ByteSink, ByteSource } from './bytes.ts';
import type { Conforms } from './conform.ts';
import { HostResource, hostRuleBroken, type WasiContext } from './context.ts';
import { Pollable, type Readiness } from './poll.ts';

/** Bytes that one `read` returns at most, and that one `check-write` permits; whatever length the guest asks for. */
export const STREAM_BYTES_MAX = 64 * 1024;

/** Bytes that one `blocking-write-and-flush` takes; more traps. Source: the text of `wasi:io/streams`. */
const BLOCKING_WRITE_BYTES_MAX = 4096;

const ZEROES = new Uint8Array(STREAM_BYTES_MAX);

const READY: Readiness = { kind: 'ready' };

/** A source whose bytes may not be here yet. `read` gives an empty chunk then. */
export interface WaitingSource extends ByteSource {
  readiness(): Readiness;
  /** Blocks until `read` would give a byte, the end or an error. */
  block(): void;
}

/** A sink that may not take everything, or not at once. */
export interface WaitingSink extends ByteSink {
  readiness(): Readiness;
  /** Bytes that it takes now. May throw what `write` may throw. */
  room(): number;
  /** Returns once what was written is on its way. May throw what `write` may throw. */
  flush(): void;
}

/** Thrown by a source or sink whose errors have more to them than a code; closes the stream as a code does. */
export class StreamFailure {
  readonly code: string;
  readonly detail: unknown;

  /** @param detail - what `IoError.detailOf` gives back. */
  constructor(code: string, detail: unknown) {
    this.code = code;
    this.detail = detail;
  }
}

/** Thrown by a source or sink that was closed from elsewhere: the guest sees `closed`. */
export const STREAM_CLOSED = Symbol('stream closed');

/** `wasi:io/error` `error`: why a stream failed. */
export class IoError extends HostResource implements IoError_.Error {
  readonly #code: string;
  readonly #detail: unknown;

  /** @param code - a WASI error code, for example `insufficient-space`. @param detail - what only the failing interface can read. */
  constructor(context: WasiContext, code: string, detail?: unknown) {
    super(context);
    this.#code = code;
    this.#detail = detail;
  }

  toDebugString(): string {
    return this.call(() => this.#code);
  }

  /** For the host: the code, not counted as a call. */
  static codeOf(error: IoError): string {
    return error.#code;
  }

  /** For the host: the detail, not counted as a call; undefined where there is none. */
  static detailOf(error: IoError): unknown {
    return error.#detail;
  }
}

/** `wasi:io/streams` `input-stream`, closed at the end. Over bytes in memory it never blocks and is always ready. */
export class InputStream extends HostResource implements Streams.InputStream {
  #source: ByteSource | WaitingSource | undefined;

  /** @param source - owned: closed when the stream is disposed of or fails. */
  constructor(context: WasiContext, source: ByteSource | WaitingSource) {
    super(context);
    this.#source = source;
  }

  read(len: bigint): Uint8Array {
    return this.call(() => InputStream.take(this, len));
  }

  blockingRead(len: bigint): Uint8Array {
    return this.call(() => InputStream.takeBlocking(this, len));
  }

  skip(len: bigint): bigint {
    return this.call(() => BigInt(InputStream.take(this, len).length));
  }

  blockingSkip(len: bigint): bigint {
    return this.call(() => BigInt(InputStream.takeBlocking(this, len).length));
  }

  subscribe(): Pollable {
    return this.call(() => new Pollable(this.context, waitsOf(this.#source)?.readiness() ?? READY));
  }

  protected override release(): void {
    const source = this.#source;
    this.#source = undefined;
    source?.close();
  }

  /** For the host: like `read`, and not counted as a call. Throws a stream error (a plain object). */
  static take(stream: InputStream, len: bigint): Uint8Array {
    const source = stream.#source;
    if (source === undefined) throw closed();
    const chunk = orFailed(
      stream.context,
      () => source.read(capped(len, STREAM_BYTES_MAX)),
      () => stream.release(),
    );
    if (chunk === undefined) throw closed();
    return chunk;
  }

  /** For the host: like `blockingRead`, and not counted as a call. Throws a stream error (a plain object). */
  static takeBlocking(stream: InputStream, len: bigint): Uint8Array {
    const source = waitsOf(stream.#source);
    if (source !== undefined && len > 0n) source.block();
    return InputStream.take(stream, len);
  }
}

/** `wasi:io/streams` `output-stream`. A sink in memory takes every write at once, so a flush has nothing to do there. */
export class OutputStream extends HostResource implements Streams.OutputStream {
  #sink: ByteSink | WaitingSink | undefined;
  /** Bytes that the guest may still write before it has to ask again. */
  #permit = 0;

  /** @param sink - owned: closed when the stream is disposed of or fails. */
  constructor(context: WasiContext, sink: ByteSink | WaitingSink) {
    super(context);
    this.#sink = sink;
  }

  checkWrite(): bigint {
    return this.call(() => {
      const sink = waitsOf(this.#open());
      this.#permit =
        sink === undefined
          ? STREAM_BYTES_MAX
          : Math.min(
              STREAM_BYTES_MAX,
              this.#orFailed(() => sink.room()),
            );
      return BigInt(this.#permit);
    });
  }

  /** @throws CodedError `trap/host-call` for more bytes than permitted. */
  write(contents: Uint8Array): void {
    this.call(() => {
      this.#spend(contents.length);
      this.#put(contents);
    });
  }

  /** @throws CodedError `trap/host-call` for more than 4096 bytes. */
  blockingWriteAndFlush(contents: Uint8Array): void {
    this.call(() => {
      checkBlocking(BigInt(contents.length));
      this.#checkRoom(contents.length);
      this.#put(contents);
    });
  }

  flush(): void {
    this.call(() => void this.#open());
  }

  blockingFlush(): void {
    this.call(() => {
      const sink = waitsOf(this.#open());
      if (sink !== undefined) this.#orFailed(() => sink.flush());
    });
  }

  subscribe(): Pollable {
    return this.call(() => new Pollable(this.context, waitsOf(this.#sink)?.readiness() ?? READY));
  }

  /** @throws CodedError `trap/host-call` for more bytes than permitted. */
  writeZeroes(len: bigint): void {
    this.call(() => {
      this.#spend(capped(len, STREAM_BYTES_MAX + 1));
      this.#put(ZEROES.subarray(0, Number(len)));
    });
  }

  /** @throws CodedError `trap/host-call` for more than 4096 bytes. */
  blockingWriteZeroesAndFlush(len: bigint): void {
    this.call(() => {
      checkBlocking(len);
      this.#checkRoom(Number(len));
      this.#put(ZEROES.subarray(0, Number(len)));
    });
  }

  splice(src: Streams.InputStream, len: bigint): bigint {
    return this.call(() => this.#splice(len, (most) => InputStream.take(src as InputStream, most))); // only made here
  }

  blockingSplice(src: Streams.InputStream, len: bigint): bigint {
    return this.call(() => this.#splice(len, (most) => InputStream.takeBlocking(src as InputStream, most)));
  }

  protected override release(): void {
    const sink = this.#sink;
    this.#sink = undefined;
    sink?.close();
  }

  #splice(len: bigint, take: (most: bigint) => Uint8Array): bigint {
    const sink = waitsOf(this.#open());
    const room = sink === undefined ? STREAM_BYTES_MAX : this.#orFailed(() => sink.room());
    const chunk = take(BigInt(capped(len, room)));
    this.#put(chunk);
    return BigInt(chunk.length);
  }

  #open(): ByteSink {
    if (this.#sink === undefined) throw closed();
    return this.#sink;
  }

  #spend(length: number): void {
    if (length > this.#permit) throw hostRuleBroken('wrote more bytes to a stream than `check-write` had permitted');
    this.#permit -= length;
  }

  #put(bytes: Uint8Array): void {
    const sink = this.#open();
    this.#orFailed(() => sink.write(bytes));
  }

  /** A blocking write waits for room; where nobody but the guest could make it, the wait would have no end. */
  #checkRoom(length: number): void {
    const sink = waitsOf(this.#open());
    if (sink !== undefined && this.#orFailed(() => sink.room()) < length) {
      throw hostRuleBroken('waits for something that can never happen');
    }
  }

  #orFailed<T>(step: () => T): T {
    return orFailed(this.context, step, () => this.release());
  }
}

/** The source or sink itself where it is one that waits. */
function waitsOf(given: ByteSource | WaitingSource | undefined): WaitingSource | undefined;
function waitsOf(given: ByteSink | WaitingSink | undefined): WaitingSink | undefined;
function waitsOf(given: object | undefined): object | undefined {
  return given !== undefined && 'readiness' in given ? given : undefined;
}

/** `wasi:io/error` and `wasi:io/streams`, in the form that bindings import. The classes are shared; instances are not. */
export const ioError = { Error: IoError } satisfies Conforms<typeof IoError_>;
export const streams = { InputStream, OutputStream } satisfies Conforms<typeof Streams>;

function closed(): Streams.StreamError {
  return { tag: 'closed' };
}

function capped(len: bigint, max: number): number {
  return len < BigInt(max) ? Number(len) : max;
}

function checkBlocking(length: bigint): void {
  if (length > BLOCKING_WRITE_BYTES_MAX) {
    throw hostRuleBroken(`wrote more than ${BLOCKING_WRITE_BYTES_MAX} bytes in one blocking write`);
  }
}

/** Runs a step of a source or sink; the error code that it throws closes the stream and becomes `last-operation-failed`. */
function orFailed<T>(context: WasiContext, step: () => T, close: () => void): T {
  try {
    return step();
  } catch (thrown) {
    const failure = failureOf(context, thrown);
    if (failure === undefined) throw thrown;
    close();
    throw failure;
  }
}

function failureOf(context: WasiContext, thrown: unknown): Streams.StreamError | undefined {
  if (thrown === STREAM_CLOSED) return closed();
  if (typeof thrown === 'string') return { tag: 'last-operation-failed', val: new IoError(context, thrown) };
  if (!(thrown instanceof StreamFailure)) return undefined;
  return { tag: 'last-operation-failed', val: new IoError(context, thrown.code, thrown.detail) };
}
