import { CodedError } from '../error.ts';

const NANOSECONDS_PER_MS = 1_000_000n;

/**
 * First value of the monotonic clock, in nanoseconds. Not zero: some guests (the Go runtime among them) take zero for a
 * broken clock, and others subtract from their first instant.
 */
export const MONOTONIC_START = 1_000_000_000n;

/** Largest u64: no deadline lies beyond it. */
export const U64_MAX = 0xffff_ffff_ffff_ffffn;

/** Time as one call sees it; all values in nanoseconds. */
export interface Clock {
  /** Never decreases. */
  monotonic(): bigint;
  /** Since 1970-01-01T00:00:00Z. */
  wall(): bigint;
  readonly resolution: bigint;
  /** Returns once `monotonic()` has reached the instant. */
  sleepUntil(instant: bigint): void;
}

/**
 * A clock that stands still while the guest runs and jumps ahead when it sleeps, so a recorded call can be repeated.
 * Reading it changes nothing: a guest that spins until the time changes runs out of fuel, one that sleeps does not wait.
 */
export class FixedClock implements Clock {
  readonly resolution = 1n;
  readonly #wallStart: bigint;
  #slept = 0n;

  /**
   * @param startNanoseconds - wall time at the start of the call; 0 to 2^63-1, since 1970.
   * @throws CodedError `usage/invalid-argument`.
   */
  constructor(startNanoseconds: bigint) {
    if (startNanoseconds < 0n || startNanoseconds > U64_MAX >> 1n) {
      throw new CodedError('usage/invalid-argument', 'the start of the fixed clock must be 0 to 2^63-1 nanoseconds');
    }
    this.#wallStart = startNanoseconds;
  }

  monotonic(): bigint {
    return MONOTONIC_START + this.#slept;
  }

  wall(): bigint {
    return this.#wallStart + this.#slept;
  }

  sleepUntil(instant: bigint): void {
    const ahead = instant - this.monotonic();
    if (ahead > 0n) this.#slept += ahead;
  }
}

/** Where real time comes from; replaced in tests. */
export interface TimeSource {
  /** Milliseconds since an arbitrary point, never decreasing. */
  monotonicMs(): number;
  /** Milliseconds since 1970. */
  epochMs(): number;
  /** Blocks the thread for about `ms` milliseconds, at least 1. */
  waitMs(ms: number): void;
}

/** Longest single wait in milliseconds; a longer sleep is made of several. */
const WAIT_MS_MAX = 60_000;

/**
 * Real time, cut to 1 ms so that it is no good for timing attacks on the host. Sleeps block the thread; the deadline of
 * the call, enforced from outside by ending the worker, bounds them.
 */
export class RealClock implements Clock {
  readonly resolution = NANOSECONDS_PER_MS;
  readonly #source: TimeSource;
  #startMs: number | undefined;

  constructor(source: TimeSource = threadTime()) {
    this.#source = source;
  }

  /** Counts from its first reading, so the age of the worker or of a prepared instance stays hidden. */
  monotonic(): bigint {
    const nowMs = this.#source.monotonicMs();
    this.#startMs ??= nowMs;
    return MONOTONIC_START + BigInt(Math.floor(nowMs - this.#startMs)) * NANOSECONDS_PER_MS;
  }

  wall(): bigint {
    return BigInt(Math.max(0, Math.floor(this.#source.epochMs()))) * NANOSECONDS_PER_MS;
  }

  sleepUntil(instant: bigint): void {
    for (let left = instant - this.monotonic(); left > 0n; left = instant - this.monotonic()) {
      const ms = left / NANOSECONDS_PER_MS;
      this.#source.waitMs(ms > WAIT_MS_MAX ? WAIT_MS_MAX : Math.max(1, Number(ms)));
    }
  }
}

function threadTime(): TimeSource {
  const never = new Int32Array(new SharedArrayBuffer(4)); // nobody else has it, so only the timeout ends a wait
  return {
    monotonicMs: () => performance.now(),
    epochMs: () => Date.now(),
    waitMs: (ms) => void Atomics.wait(never, 0, 0, ms),
  };
}
