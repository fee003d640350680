import type * as Poll from '@bytecodealliance/preview2-shim/interfaces/wasi-io-poll';
import type { Conforms } from './conform.ts';
import { HostResource, hostRuleBroken, tooManyHandles, type WasiContext } from './context.ts';

/** When a pollable becomes ready. In-memory streams always are; only the clock makes a guest wait. `at` in nanoseconds. */
export type Readiness =
  | { readonly kind: 'ready' }
  | { readonly kind: 'deadline'; readonly at: bigint }
  | { readonly kind: 'never' };

/** `wasi:io/poll` `pollable`. */
export class Pollable extends HostResource implements Poll.Pollable {
  readonly #readiness: Readiness;

  constructor(context: WasiContext, readiness: Readiness) {
    super(context);
    this.#readiness = readiness;
  }

  ready(): boolean {
    return this.call(() => Pollable.isReady(this, this.context.clock.monotonic()));
  }

  /** @throws CodedError `trap/host-call` when it can never become ready. */
  block(): void {
    this.call(() => void waitForAny(this.context, [this]));
  }

  /** For the host: like `ready`, at a given instant, and not counted as a call. */
  static isReady(pollable: Pollable, now: bigint): boolean {
    const readiness = pollable.#readiness;
    return readiness.kind === 'ready' || (readiness.kind === 'deadline' && readiness.at <= now);
  }

  /** For the host: the instant at which it becomes ready; undefined when that is now or never. */
  static deadlineOf(pollable: Pollable): bigint | undefined {
    return pollable.#readiness.kind === 'deadline' ? pollable.#readiness.at : undefined;
  }
}

/**
 * `wasi:io/poll`, in the form that bindings import.
 *
 * `poll` with nothing ready lets the clock reach the earliest deadline: a fixed clock jumps there, a real one blocks the
 * thread. It throws CodedError `trap/host-call` for an empty list and for a wait that can never end, and `limit/handles`
 * for a list longer than the handles that a guest may hold.
 */
export function poll(context: WasiContext) {
  return {
    Pollable,
    poll: (list: Poll.Pollable[]) => context.call(() => pollList(context, list)),
  } satisfies Conforms<typeof Poll>;
}

function pollList(context: WasiContext, list: readonly Poll.Pollable[]): Uint32Array {
  if (list.length === 0) throw hostRuleBroken('polled an empty list');
  if (list.length > context.handlesMax) throw tooManyHandles(context.handlesMax, list.length);
  return waitForAny(context, list as readonly Pollable[]); // bindings pass only what this module made
}

/** Indices of the ready ones, in order; at least one. */
function waitForAny(context: WasiContext, list: readonly Pollable[]): Uint32Array {
  const ready = readyOnes(list, context.clock.monotonic());
  if (ready.length > 0) return ready;
  let earliest: bigint | undefined;
  for (const pollable of list) {
    const at = Pollable.deadlineOf(pollable);
    if (at !== undefined && (earliest === undefined || at < earliest)) earliest = at;
  }
  if (earliest === undefined) throw hostRuleBroken('waits for something that can never happen');
  context.clock.sleepUntil(earliest);
  return readyOnes(list, context.clock.monotonic());
}

function readyOnes(list: readonly Pollable[], now: bigint): Uint32Array {
  const indices: number[] = [];
  list.forEach((pollable, index) => {
    if (Pollable.isReady(pollable, now)) indices.push(index);
  });
  return Uint32Array.from(indices);
}
