import { readErrorInfo } from '../cell/frames.ts';
import { CodedError } from '../error.ts';
import type { ErrorInfo } from '../outcome.ts';

/*
 * What goes over a worker's descriptor beside the frames of calls: little endian, the first byte is the type. Types are apart from
 * those of calls (`cell/frames.ts`), so that either can be told by its first byte.
 */

export type WorkerOrder =
  /** Take the plan that the runner's main thread has posted. */
  { readonly type: 'load'; readonly planId: number } | { readonly type: 'forget'; readonly planId: number };

export type WorkerReport =
  | { readonly type: 'up' }
  | { readonly type: 'ready'; readonly planId: number }
  | { readonly type: 'failed'; readonly planId: number; readonly error: ErrorInfo };

const FIRST = 0x40;
const TYPES = ['load', 'forget', 'up', 'ready', 'failed'] as const;
const HEADER_BYTES = 5;

/** Bytes of an error's description. */
const ERROR_BYTES_MAX = 65_536;

/** True for a frame of this kind, false for one of a call. */
export function isWorkerFrame(frame: Uint8Array): boolean {
  return (frame[0] ?? 0) >= FIRST;
}

export function encodeWorkerFrame(message: WorkerOrder | WorkerReport): Uint8Array {
  const rest = message.type === 'failed' ? Buffer.from(JSON.stringify(message.error)) : Buffer.alloc(0);
  const frame = Buffer.alloc(HEADER_BYTES + rest.length);
  frame[0] = FIRST + TYPES.indexOf(message.type);
  frame.writeUInt32LE('planId' in message ? message.planId : 0, 1);
  frame.set(rest, HEADER_BYTES);
  return frame;
}

/** @throws CodedError `internal/invariant`: nothing but what `encodeWorkerFrame` writes is read. */
export function decodeWorkerFrame(frame: Uint8Array): WorkerOrder | WorkerReport {
  const type = TYPES[(frame[0] ?? 0) - FIRST];
  if (type === undefined || frame.length < HEADER_BYTES) throw badFrame();
  const planId = new DataView(frame.buffer, frame.byteOffset).getUint32(1, true);
  if (type === 'failed') return { type, planId, error: errorOf(frame.subarray(HEADER_BYTES)) };
  if (frame.length !== HEADER_BYTES) throw badFrame();
  return type === 'up' ? { type } : { type, planId };
}

function errorOf(bytes: Uint8Array): ErrorInfo {
  if (bytes.length > ERROR_BYTES_MAX) throw badFrame();
  return readErrorInfo(parsed(bytes));
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw badFrame();
  }
}

function badFrame(): CodedError {
  return new CodedError('internal/invariant', 'a message from a runner cannot be read');
}
