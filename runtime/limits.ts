/**
 * What one call may use. Every limit is enforced in the cell or around it; none is a wish.
 *
 * Not limits of this kind: the native stack (V8's own, reported as `limit/stack`) and the size of the component itself
 * (`DecodeLimits`), which are checked before a call exists.
 */
export interface Limits {
  /** Units of the cost model named in the receipt. Enforced by the instrumented modules; starting up pays too. */
  readonly fuelMax: bigint;
  /** 64 KiB pages, all memories of the component together. Beyond it `memory.grow` answers -1, as the standard says. */
  readonly memoryPagesMax: number;
  /** Table elements, all tables of the component together. Beyond it `table.grow` answers -1. */
  readonly tableElementsMax: number;
  /** Milliseconds from the request to its end, queueing included. Enforced by ending the worker. */
  readonly timeoutMsMax: number;
  /** Bytes of the result in the canonical encoding. Enforced when the result is encoded, before it leaves the worker. */
  readonly resultBytesMax: number;
  /** Bytes kept of stdout, and as many of stderr; the rest is counted, dropped and flagged, and the guest goes on. */
  readonly stdioBytesMax: number;
  /** Open WASI handles (streams, pollables, descriptors) at one time. */
  readonly handlesMax: number;
  /** Bytes of one bridged host call's arguments, and of its answer, in the canonical encoding. */
  readonly hostCallBytesMax: number;
}

/** Defaults: generous for a tool that reads a log or parses a document, far below what hurts the host. */
export const DEFAULT_LIMITS: Limits = {
  fuelMax: 1_000_000_000n,
  memoryPagesMax: 2048,
  tableElementsMax: 100_000,
  timeoutMsMax: 10_000,
  resultBytesMax: 8 * 1024 * 1024,
  stdioBytesMax: 64 * 1024,
  handlesMax: 1024,
  hostCallBytesMax: 1024 * 1024,
};

export const WASM_PAGE_BYTES = 65_536;

/** Bytes of parameters in the canonical encoding, for every call. */
export const PARAMS_BYTES_MAX = 16 * 1024 * 1024;
