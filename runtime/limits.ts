import { CodedError } from './error.ts';

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
  /**
   * Milliseconds from the moment the component is prepared to the call's end, queueing included. Enforced by ending the
   * worker. Preparing (once for each component) has a limit of its own.
   */
  readonly timeoutMsMax: number;
  /** Bytes of the result in the canonical encoding. Enforced when the result is encoded, before it leaves the worker. */
  readonly resultBytesMax: number;
  /** List elements, record fields and tuple items of the result: what the trusted side must build from its bytes. */
  readonly resultElementsMax: number;
  /** Bytes kept of stdout, and as many of stderr; the rest is counted, dropped and flagged, and the guest goes on. */
  readonly stdioBytesMax: number;
  /**
   * Open WASI handles (streams, pollables, descriptors) at one time, and as many entries in the handle tables of all component
   * instances together, whoever defines their resources.
   */
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
  resultElementsMax: 250_000,
  stdioBytesMax: 64 * 1024,
  handlesMax: 1024,
  hostCallBytesMax: 1024 * 1024,
};

/** No limit may be higher: together they keep every frame below `FRAME_BYTES_MAX`, and Node's timers exact. */
export const LIMIT_CEILINGS: Limits = {
  fuelMax: 2n ** 62n,
  memoryPagesMax: 65_536,
  tableElementsMax: 10_000_000,
  timeoutMsMax: 2 ** 31 - 1,
  resultBytesMax: 32 * 1024 * 1024,
  resultElementsMax: 16_000_000,
  stdioBytesMax: 8 * 1024 * 1024,
  handlesMax: 1_000_000,
  hostCallBytesMax: 32 * 1024 * 1024,
};

/**
 * Completes limits from the defaults.
 *
 * @param limits - members that are undefined count as absent.
 * @throws CodedError `usage/invalid-argument` for anything but whole numbers from 0 to the ceiling.
 */
export function completeLimits(limits: { readonly [K in keyof Limits]?: Limits[K] | undefined }): Limits {
  const complete: Limits = { ...DEFAULT_LIMITS };
  for (const [name, value] of Object.entries(limits)) {
    if (value === undefined) continue;
    const ceiling = Object.hasOwn(LIMIT_CEILINGS, name) ? LIMIT_CEILINGS[name as keyof Limits] : undefined; // just tested
    const whole = typeof value === 'bigint' || Number.isInteger(value);
    if (ceiling === undefined || typeof value !== typeof ceiling || !whole || value < 0 || value > ceiling) {
      throw new CodedError(
        'usage/invalid-argument',
        `the limit \`${name}\` must be a whole ${typeof ceiling} from 0 to ${ceiling}`,
      );
    }
    Object.assign(complete, { [name]: value });
  }
  return complete;
}

export const WASM_PAGE_BYTES = 65_536;

/** Bytes of parameters in the canonical encoding, for every call. */
export const PARAMS_BYTES_MAX = 16 * 1024 * 1024;
