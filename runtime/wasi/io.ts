import type * as IoError_ from '@bytecodealliance/preview2-shim/interfaces/wasi-io-error';
import type * as Streams from '@bytecodealliance/preview2-shim/interfaces/wasi-io-streams';
import type { ByteSink, ByteSource } from './bytes.ts';
import type { Conforms } from './conform.ts';
import { HostResource, hostRuleBroken, type WasiContext } from './context.ts';
import { Pollable } from './poll.ts';

/** Bytes that one `read` returns at most, and that one `check-write` permits; whatever length the guest asks for. */
export const STREAM_BYTES_MAX = 64 * 1024;

/** Bytes that one `blocking-write-and-flush` takes; more traps. Source: the text of `wasi:io/streams`. */
const BLOCKING_WRITE_BYTES_MAX = 4096;

const ZEROES = new Uint8Array(STREAM_BYTES_MAX);

/** `wasi:io/error` `error`: why a stream failed. */
export class IoError extends HostResource implements IoError_.Error {
  readonly #code: string;

  /** @param code - a WASI error code, for example `insufficient-space`. */
  constructor(context: WasiContext, code: string) {
    super(context);
    this.#code = code;
  }

  toDebugString(): string {
    return this.call(() => this.#code);
  }

  /** For the host: the code, not counted as a call. */
  static codeOf(error: IoError): string {
    return error.#code;
  }
}

/** `wasi:io/streams` `input-stream` over bytes in memory: never blocks, always ready, closed at the end. */
export class InputStream extends HostResource implements Streams.InputStream {
  #source: ByteSource | undefined;

  /** @param source - owned: closed when the stream is disposed of or fails. */
  constructor(context: WasiContext, source: ByteSource) {
    super(context);
    this.#source = source;
  }

  read(len: bigint): Uint8Array {
    return this.call(() => InputStream.take(this, len));
  }

  blockingRead(len: bigint): Uint8Array {
    return this.call(() => InputStream.take(this, len));
  }

  skip(len: bigint): bigint {
    return this.call(() => BigInt(InputStream.take(this, len).length));
  }

  blockingSkip(len: bigint): bigint {
    return this.call(() => BigInt(InputStream.take(this, len).length));
  }

  subscribe(): Pollable {
    return this.call(() => new Pollable(this.context, { kind: 'ready' }));
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
}

/** `wasi:io/streams` `output-stream` over a sink in memory: takes every write at once, so a flush has nothing to do. */
export class OutputStream extends HostResource implements Streams.OutputStream {
  #sink: ByteSink | undefined;
  /** Bytes that the guest may still write before it has to ask again. */
  #permit = 0;

  /** @param sink - owned: closed when the stream is disposed of or fails. */
  constructor(context: WasiContext, sink: ByteSink) {
    super(context);
    this.#sink = sink;
  }

  checkWrite(): bigint {
    return this.call(() => {
      this.#open();
      this.#permit = STREAM_BYTES_MAX;
      return BigInt(STREAM_BYTES_MAX);
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
      this.#put(contents);
    });
  }

  flush(): void {
    this.call(() => void this.#open());
  }

  blockingFlush(): void {
    this.call(() => void this.#open());
  }

  subscribe(): Pollable {
    return this.call(() => new Pollable(this.context, { kind: 'ready' }));
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
      this.#put(ZEROES.subarray(0, Number(len)));
    });
  }

  splice(src: Streams.InputStream, len: bigint): bigint {
    return this.call(() => this.#splice(src, len));
  }

  blockingSplice(src: Streams.InputStream, len: bigint): bigint {
    return this.call(() => this.#splice(src, len));
  }

  protected override release(): void {
    const sink = this.#sink;
    this.#sink = undefined;
    sink?.close();
  }

  #splice(src: Streams.InputStream, len: bigint): bigint {
    this.#open();
    const chunk = InputStream.take(src as InputStream, len); // bindings pass only what this module made
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
    orFailed(
      this.context,
      () => sink.write(bytes),
      () => this.release(),
    );
  }
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
    if (typeof thrown !== 'string') throw thrown;
    close();
    throw { tag: 'last-operation-failed', val: new IoError(context, thrown) } satisfies Streams.StreamError;
  }
}
