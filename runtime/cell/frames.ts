import type { OutcomeKind } from '../codes.ts';
import { CodedError } from '../error.ts';
import type { ErrorInfo, GuestFrame, LogLine, PhaseTimes } from '../outcome.ts';
import { readGuestFrames } from './guest-frames.ts';

/*
 * Frames on a `Port`. Little endian; the first byte is the type, then the call's number. Only the rare parts
 * (errors, log lines) are JSON: a good call crosses without any.
 */

/** Main to worker: run one call. */
export interface CallFrame {
  readonly callId: number;
  readonly planId: number;
  /** 16 bytes: seeds the deterministic randomness of this call. */
  readonly seed: Uint8Array;
  /** Units that this call may use: the plan's, or fewer. */
  readonly fuelMax: bigint;
  /** Canonical encoding of the parameters. */
  readonly params: Uint8Array;
}

/** Worker to main: how it ended. */
export interface ResultFrame {
  readonly callId: number;
  readonly kind: CellKind;
  readonly fuel: bigint;
  readonly memoryBytesPeak: number;
  readonly hostCalls: number;
  readonly phases: PhaseTimes;
  readonly stdout: Uint8Array;
  readonly stdoutTruncated: boolean;
  readonly stderr: Uint8Array;
  readonly stderrTruncated: boolean;
  /** Canonical encoding of the function's result; empty when there is none. */
  readonly value: Uint8Array;
  /** With the frames of the guest where it trapped. */
  readonly error?: ErrorInfo & { readonly frames?: readonly GuestFrame[] };
  readonly log: readonly LogLine[];
  /** Lines that did not fit. */
  readonly logDropped: number;
}

/** Worker to main: the guest called a bridged host function and waits. */
export interface HostCallFrame {
  readonly callId: number;
  /** Index into the plan's bridged functions. */
  readonly functionIndex: number;
  /** Units that the guest has left. */
  readonly fuelLeft: bigint;
  readonly args: Uint8Array;
}

/** Main to worker: the host function's answer, or why there is none. */
export interface HostAnswerFrame {
  readonly callId: number;
  /** Units that the guest pays for it. */
  readonly charge: bigint;
  readonly value: Uint8Array;
  readonly error?: ErrorInfo;
}

type CellKind = Exclude<OutcomeKind, 'pending'>;

/** Position is the byte on the wire. */
const KINDS: readonly CellKind[] = ['ok', 'tool-error', 'refused', 'trapped', 'limited', 'cancelled', 'failed'];

const TYPE = { call: 1, result: 2, hostCall: 3, hostAnswer: 4 } as const;

export type Frame =
  | ({ readonly type: 'call' } & CallFrame)
  | ({ readonly type: 'result' } & ResultFrame)
  | ({ readonly type: 'hostCall' } & HostCallFrame)
  | ({ readonly type: 'hostAnswer' } & HostAnswerFrame);

const HEADER_BYTES = 5;
const SEED_BYTES = 16;
const RESULT_FIXED_BYTES = 1 + 8 + 8 + 4 + 4 * 8 + 1 + 4;

const utf8 = new TextEncoder();
const text = new TextDecoder('utf-8', { fatal: true });
const EMPTY = new Uint8Array(0);

/** @throws nothing: the caller's values are ours. */
export function encodeCall(frame: CallFrame): Uint8Array {
  const writer = start(TYPE.call, frame.callId, 12 + SEED_BYTES + frame.params.length);
  writer.u32(frame.planId);
  writer.u64(frame.fuelMax);
  writer.raw(frame.seed);
  writer.raw(frame.params);
  return writer.bytes;
}

export function encodeResult(frame: ResultFrame): Uint8Array {
  const error = frame.error === undefined ? EMPTY : utf8.encode(JSON.stringify(frame.error));
  const log = frame.log.length === 0 ? EMPTY : utf8.encode(JSON.stringify(frame.log));
  const { stdout, stderr, value } = frame;
  const blobBytes = stdout.length + stderr.length + value.length + error.length + log.length;
  const writer = start(TYPE.result, frame.callId, RESULT_FIXED_BYTES + 5 * 4 + blobBytes);
  writer.u8(KINDS.indexOf(frame.kind));
  writer.u64(frame.fuel);
  writer.f64(frame.memoryBytesPeak);
  writer.u32(frame.hostCalls);
  writer.f64(frame.phases.instantiateMs);
  writer.f64(frame.phases.lowerMs);
  writer.f64(frame.phases.guestMs);
  writer.f64(frame.phases.liftMs);
  writer.u8((frame.stdoutTruncated ? 1 : 0) | (frame.stderrTruncated ? 2 : 0));
  writer.u32(frame.logDropped);
  writer.blob(stdout);
  writer.blob(stderr);
  writer.blob(value);
  writer.blob(error);
  writer.blob(log);
  return writer.bytes;
}

export function encodeHostCall(frame: HostCallFrame): Uint8Array {
  const writer = start(TYPE.hostCall, frame.callId, 12 + frame.args.length);
  writer.u32(frame.functionIndex);
  writer.u64(frame.fuelLeft);
  writer.raw(frame.args);
  return writer.bytes;
}

export function encodeHostAnswer(frame: HostAnswerFrame): Uint8Array {
  const error = frame.error === undefined ? EMPTY : utf8.encode(JSON.stringify(frame.error));
  const writer = start(TYPE.hostAnswer, frame.callId, 16 + frame.value.length + error.length);
  writer.u64(frame.charge);
  writer.blob(frame.value);
  writer.blob(error);
  return writer.bytes;
}

/** True for a frame that says it is a host call; nothing else of it was looked at. */
export function isHostCall(frame: Uint8Array): boolean {
  return frame[0] === TYPE.hostCall;
}

/**
 * Reads any frame; strict: an unknown type, a short frame or trailing bytes are refused.
 *
 * @throws CodedError `internal/invariant`.
 */
export function decodeFrame(bytes: Uint8Array): Frame {
  const reader = new Reader(bytes);
  const type = reader.u8();
  const callId = reader.u32();
  switch (type) {
    case TYPE.call:
      return {
        type: 'call',
        callId,
        planId: reader.u32(),
        fuelMax: reader.u64(),
        seed: reader.raw(SEED_BYTES),
        params: reader.rest(),
      };
    case TYPE.result:
      return { type: 'result', ...readResult(reader, callId) };
    case TYPE.hostCall:
      return { type: 'hostCall', callId, functionIndex: reader.u32(), fuelLeft: reader.u64(), args: reader.rest() };
    case TYPE.hostAnswer:
      return {
        type: 'hostAnswer',
        callId,
        charge: reader.u64(),
        value: reader.blob(),
        ...errorOf(reader.blob()),
        ...reader.end(),
      };
    default:
      throw badFrame(`unknown type ${type}`);
  }
}

function readResult(reader: Reader, callId: number): ResultFrame {
  const kind = KINDS[reader.u8()];
  if (kind === undefined) throw badFrame('unknown outcome kind');
  const fuel = reader.u64();
  const memoryBytesPeak = reader.amount();
  const hostCalls = reader.u32();
  const phases = {
    instantiateMs: reader.amount(),
    lowerMs: reader.amount(),
    guestMs: reader.amount(),
    liftMs: reader.amount(),
  };
  const truncated = reader.u8();
  const logDropped = reader.u32();
  const stdout = reader.blob();
  const stderr = reader.blob();
  const value = reader.blob();
  const error = trapOf(reader.blob());
  const logBytes = reader.blob();
  reader.end();
  const log = logBytes.length === 0 ? [] : logOf(logBytes);
  const stdoutTruncated = (truncated & 1) !== 0;
  const stderrTruncated = (truncated & 2) !== 0;
  return {
    callId,
    kind,
    fuel,
    memoryBytesPeak,
    hostCalls,
    phases,
    stdout,
    stdoutTruncated,
    stderr,
    stderrTruncated,
    value,
    ...error,
    log,
    logDropped,
  };
}

function errorOf(bytes: Uint8Array): { readonly error?: ErrorInfo } {
  return bytes.length === 0 ? {} : { error: readErrorInfo(jsonOf(bytes)) };
}

/** As `errorOf`, with frames where there are any. */
function trapOf(bytes: Uint8Array): Pick<ResultFrame, 'error'> {
  if (bytes.length === 0) return {};
  const value = jsonOf(bytes);
  const frames = readGuestFrames((value as { readonly frames?: unknown } | null)?.frames);
  return { error: { ...readErrorInfo(value), ...(frames === undefined ? {} : { frames }) } };
}

/** An error's description from a worker, which is not trusted. @throws CodedError `internal/invariant`. */
export function readErrorInfo(value: unknown): ErrorInfo {
  if (typeof value !== 'object' || value === null) throw badFrame('an error is no object');
  const { code, message, data, help } = value as Readonly<Record<string, unknown>>; // just tested
  const isObject = typeof data === 'object' && data !== null && !Array.isArray(data);
  if (typeof code !== 'string' || typeof message !== 'string' || !(data === undefined || isObject))
    throw badFrame('an error has another shape');
  if (help !== undefined && typeof help !== 'string') throw badFrame('an error has another shape');
  return {
    code,
    message,
    ...(isObject ? { data: data as Record<string, unknown> } : {}), // just tested
    ...(help === undefined ? {} : { help }),
  };
}

function logOf(bytes: Uint8Array): LogLine[] {
  const lines = jsonOf(bytes);
  if (!Array.isArray(lines)) throw badFrame('its log is no list');
  return lines.map((line: unknown) => {
    const { level, message } = (line ?? {}) as Readonly<Record<string, unknown>>; // any value has members or none
    if (typeof level !== 'string' || typeof message !== 'string') throw badFrame('a line of its log has another shape');
    return { level, message };
  });
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(text.decode(bytes));
  } catch {
    throw badFrame('a part of it is no JSON');
  }
}

function badFrame(why: string): CodedError {
  return new CodedError('internal/invariant', `a frame cannot be read: ${why}`);
}

function start(type: number, callId: number, bodyBytes: number): Writer {
  const writer = new Writer(HEADER_BYTES + bodyBytes);
  writer.u8(type);
  writer.u32(callId);
  return writer;
}

/** Writes into a buffer of the exact size. */
class Writer {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
    this.#view = new DataView(this.bytes.buffer);
  }

  u8(value: number): void {
    this.#view.setUint8(this.#at, value);
    this.#at += 1;
  }

  u32(value: number): void {
    this.#view.setUint32(this.#at, value, true);
    this.#at += 4;
  }

  u64(value: bigint): void {
    this.#view.setBigUint64(this.#at, value, true);
    this.#at += 8;
  }

  f64(value: number): void {
    this.#view.setFloat64(this.#at, value, true);
    this.#at += 8;
  }

  raw(value: Uint8Array): void {
    this.bytes.set(value, this.#at);
    this.#at += value.length;
  }

  blob(value: Uint8Array): void {
    this.u32(value.length);
    this.raw(value);
  }
}

/** Bounds-checked reads; blobs are views of the frame, which the receiver owns. */
class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  #take(size: number): number {
    const at = this.#at;
    if (size > this.#bytes.length - at) throw badFrame('it ends too early');
    this.#at += size;
    return at;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#take(8), true);
  }

  /** A number from 0 up, not infinite. */
  amount(): number {
    const value = this.#view.getFloat64(this.#take(8), true);
    if (!Number.isFinite(value) || value < 0) throw badFrame('an amount in it is none');
    return value;
  }

  raw(size: number): Uint8Array {
    const at = this.#take(size);
    return this.#bytes.subarray(at, at + size);
  }

  blob(): Uint8Array {
    return this.raw(this.u32());
  }

  rest(): Uint8Array {
    return this.raw(this.#bytes.length - this.#at);
  }

  end(): Record<never, never> {
    if (this.#at !== this.#bytes.length) throw badFrame('it has trailing bytes');
    return {};
  }
}
