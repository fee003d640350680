import type { OutcomeKind } from './codes.ts';
import type { ErrorData } from './error.ts';
import type { WitValue } from './value/index.ts';

/** Milliseconds that each phase of one call took; a phase that was done ahead of the call is 0. */
export interface PhaseTimes {
  readonly instantiateMs: number;
  readonly lowerMs: number;
  readonly guestMs: number;
  readonly liftMs: number;
}

/** Bytes captured from one output stream of the guest. */
export interface Captured {
  readonly bytes: Uint8Array;
  /** True when the guest wrote more than the limit; the rest was dropped. */
  readonly truncated: boolean;
}

/** One line written through a worker-local capability such as `cellblock:host/log`. */
export interface LogLine {
  readonly level: string;
  readonly message: string;
}

/** What a call used, whichever way it ended. */
export interface Usage {
  /** Units of the cost model; `fuelMax` when the guest ran out. */
  readonly fuel: bigint;
  /** Highest total size in bytes of all memories of the instance. */
  readonly memoryBytesPeak: number;
  /** Milliseconds from the request to the outcome, as the caller sees it. */
  readonly wallMs: number;
  /** Calls from the guest to host functions, WASI included. */
  readonly hostCalls: number;
  readonly phases: PhaseTimes;
}

/** A plain description of an error that may cross threads and become JSON. */
export interface ErrorInfo {
  readonly code: string;
  readonly message: string;
  readonly data?: ErrorData;
  readonly help?: string;
}

/** One frame of guest code, as the engine knows it. */
export interface GuestFrame {
  /** The engine's name for the core module; equal names are equal modules. */
  readonly script: string;
  /** Bytes from the start of the module as it runs, which is the instrumented one. */
  readonly position: number;
}

/** How a cell's run of one call ended. `value` is absent when the function returns nothing. */
export interface CellOutcome {
  readonly kind: Exclude<OutcomeKind, 'pending'>;
  /** The function's result; for `tool-error` the `err` payload. */
  readonly value?: WitValue;
  /** The same in the canonical encoding of the result type: what an audit hashes. */
  readonly valueBytes?: Uint8Array;
  readonly error?: ErrorInfo;
  /** Where guest code was when it trapped, as the engine knows it; `Runner.explain` says it in the words of the source. */
  readonly guestFrames?: readonly GuestFrame[];
  readonly usage: Usage;
  readonly stdout: Captured;
  readonly stderr: Captured;
  readonly log: readonly LogLine[];
  /** Log lines that did not fit into the 64 KiB that are kept. */
  readonly logDropped: number;
}
