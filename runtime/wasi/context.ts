import { CodedError } from '../error.ts';
import type { Clock } from './clock.ts';
import { ExitSignal } from './exit-signal.ts';

/** What ended the call from inside a host function. */
export type WasiFailure = CodedError | ExitSignal;

/**
 * What all WASI interfaces of one call share: the clock, the counters and the first failure.
 *
 * Every function that a guest can call runs inside `call`. Thread: the worker's own; never shared between calls.
 */
export class WasiContext {
  readonly clock: Clock;
  /** Handles (streams, pollables, descriptors, errors) that the guest may hold at one time. */
  readonly handlesMax: number;
  /** Called before the guest sleeps: what it wrote, and was kept to save crossings, leaves. */
  beforeSleep: () => void = () => undefined;
  #hostCalls = 0;
  #handles = 0;
  #failure: WasiFailure | undefined;
  #hasFailed = false;

  constructor(clock: Clock, handlesMax: number) {
    this.clock = clock;
    this.handlesMax = handlesMax;
  }

  /** Host functions called so far, failed ones included. Dropping a handle is not counted. */
  get hostCalls(): number {
    return this.#hostCalls;
  }

  /** Handles that are live now. */
  get handles(): number {
    return this.#handles;
  }

  /** The first failure; once set it never changes. */
  get failure(): WasiFailure | undefined {
    // Unset although it failed: there was not even stack left to make the error.
    if (this.#hasFailed) this.#failure ??= stackOverflow();
    return this.#failure;
  }

  /**
   * Runs the body of one host function.
   *
   * INVARIANT: what leaves is a WASI error payload (not an `Error`), an `ExitSignal` or a `CodedError`. The last two are
   * final: a guest that catches them gets the same one from every later call, so no limit can be outlived.
   */
  call<T>(body: () => T): T {
    this.#hostCalls += 1;
    if (this.#hasFailed) throw this.failure;
    try {
      return body();
    } catch (thrown) {
      if (!(thrown instanceof Error)) throw thrown;
      this.#hasFailed = true; // first, and without a call: the stack may be used up
      this.#failure = isFailure(thrown) ? thrown : unexpected(thrown);
      throw this.#failure;
    }
  }

  /** @throws CodedError `limit/handles`; `data` has `limit` and `used`. */
  takeHandle(): void {
    if (this.#handles >= this.handlesMax) throw tooManyHandles(this.handlesMax, this.#handles + 1);
    this.#handles += 1;
  }

  dropHandle(): void {
    this.#handles -= 1;
  }
}

/** The error for `used` handles where `limit` are allowed. */
export function tooManyHandles(limit: number, used: number): CodedError {
  return new CodedError('limit/handles', `the guest holds or names ${used} handles, more than ${limit}`, {
    data: { limit, used },
  });
}

/** The error for a guest that broke a rule for which WASI demands a trap; `rule` completes "the guest …". */
export function hostRuleBroken(rule: string): CodedError {
  return new CodedError('trap/host-call', `the guest ${rule}`);
}

/**
 * A resource that the guest holds through a handle; counted from construction to disposal.
 *
 * Ownership: bindings own it from the moment they receive it and dispose of it when the guest drops the handle.
 */
export abstract class HostResource {
  readonly #context: WasiContext;
  #live = true;

  /** @throws CodedError `limit/handles`. */
  constructor(context: WasiContext) {
    context.takeHandle();
    this.#context = context;
  }

  protected get context(): WasiContext {
    return this.#context;
  }

  /** Runs the body of one method that the guest called. */
  protected call<T>(body: () => T): T {
    return this.#context.call(body);
  }

  /** Frees what the resource holds besides its handle; called once. */
  protected release(): void {}

  /** Never throws; a second time does nothing. Not a host call. */
  [Symbol.dispose](): void {
    if (!this.#live) return;
    this.#live = false;
    this.#context.dropHandle();
    this.release();
  }
}

function isFailure(thrown: Error): thrown is WasiFailure {
  return thrown instanceof CodedError || ExitSignal.is(thrown);
}

function unexpected(cause: Error): CodedError {
  if (cause instanceof RangeError && cause.message.startsWith('Maximum call stack size exceeded')) return stackOverflow();
  return new CodedError('internal/invariant', 'a host function of the closed WASI failed in a way it must not', { cause });
}

function stackOverflow(): CodedError {
  return new CodedError('limit/stack', 'the guest recursed past the native stack');
}
