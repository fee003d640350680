import type * as Poll from '@bytecodealliance/preview2-shim/interfaces/wasi-io-poll';
import { CodedError } from '../error.ts';
import type { Conforms } from './conform.ts';
import { HostResource, hostRuleBroken, tooManyHandles, type WasiContext } from './context.ts';

/**
 * When a pollable becomes ready. In-memory streams always are; otherwise the clock makes a guest wait, or something that comes from
 * outside. `at` in nanoseconds.
 */
export type Readiness =
  | { readonly kind: 'ready' }
  | { readonly kind: 'deadline'; readonly at: bigint }
  | { readonly kind: 'event'; readonly event: AwaitedEvent }
  | { readonly kind: 'never' };

/** Something that comes from the trusted side, such as the head of a response. */
export interface AwaitedEvent {
  /** True when it is here, as far as this side knows; asks nobody. */
  happened(): boolean;
  /** Whom to ask for it; undefined while only the guest itself can bring it about. */
  asker(): EventAsker | undefined;
}

/** Asks the trusted side for events; one for all events of a call. */
export interface EventAsker {
  /**
   * Returns once one of the events happened, or the time passed. It may ask for nothing, and returns at once, when the time is 0.
   *
   * @param events - one or more, of which none has happened.
   * @param timeoutMs - 0 asks without waiting; undefined waits as long as it takes.
   * @throws CodedError, which is final.
   */
  wait(events: readonly AwaitedEvent[], timeoutMs: number | undefined): void;
}

const NANOSECONDS_PER_MS = 1_000_000n;
/** Longest wait for events in milliseconds, about 24 days; what waits longer meets the deadline of its call first. */
const WAIT_MS_MAX = 0x7fff_ffffn;

/** `wasi:io/poll` `pollable`. */
export class Pollable extends HostResource implements Poll.Pollable {
  readonly #readiness: Readiness;

  constructor(context: WasiContext, readiness: Readiness) {
    super(context);
    this.#readiness = readiness;
  }

  ready(): boolean {
    return this.call(() => {
      const { clock } = this.context;
      if (Pollable.isReady(this, clock.monotonic())) return true;
      const events = awaitedOf([this]);
      askFor(events, 0);
      return events.length > 0 && Pollable.isReady(this, clock.monotonic());
    });
  }

  /** @throws CodedError `trap/host-call` when it can never become ready. */
  block(): void {
    this.call(() => void waitForAny(this.context, [this]));
  }

  /** For the host: like `ready` as far as this side knows, at a given instant, and not counted as a call. */
  static isReady(pollable: Pollable, now: bigint): boolean {
    const readiness = pollable.#readiness;
    if (readiness.kind === 'event') return readiness.event.happened();
    return readiness.kind === 'ready' || (readiness.kind === 'deadline' && readiness.at <= now);
  }

  /** For the host: the instant at which it becomes ready; undefined when no clock tells. */
  static deadlineOf(pollable: Pollable): bigint | undefined {
    return pollable.#readiness.kind === 'deadline' ? pollable.#readiness.at : undefined;
  }

  /** For the host: what it waits for, where that is an event. */
  static eventOf(pollable: Pollable): AwaitedEvent | undefined {
    return pollable.#readiness.kind === 'event' ? pollable.#readiness.event : undefined;
  }
}

/**
 * `wasi:io/poll`, in the form that bindings import.
 *
 * `poll` with nothing ready lets the clock reach the earliest deadline: a fixed clock jumps there, a real one blocks the
 * thread. Where events are waited for too, they are waited for until then, in real time: only when none came does a fixed clock
 * move. It throws CodedError `trap/host-call` for an empty list and for a wait that can never end, and `limit/handles`
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
  const { clock } = context;
  const ready = readyOnes(list, clock.monotonic());
  const events = awaitedOf(list);
  if (ready.length > 0) {
    if (events.length === 0) return ready;
    askFor(events, 0); // else a guest that always has something ready would never hear of them
    return readyOnes(list, clock.monotonic());
  }
  const earliest = earliestOf(list);
  if (events.length > 0) {
    askFor(events, earliest === undefined ? undefined : msUntil(earliest, clock.monotonic()));
    const come = readyOnes(list, clock.monotonic());
    if (come.length > 0) return come;
    if (earliest === undefined) throw new CodedError('capability/failed', 'a wait for events ended, and none had come');
  }
  if (earliest === undefined) throw hostRuleBroken('waits for something that can never happen');
  context.beforeSleep();
  clock.sleepUntil(earliest);
  return readyOnes(list, clock.monotonic());
}

function earliestOf(list: readonly Pollable[]): bigint | undefined {
  let earliest: bigint | undefined;
  for (const pollable of list) {
    const at = Pollable.deadlineOf(pollable);
    if (at !== undefined && (earliest === undefined || at < earliest)) earliest = at;
  }
  return earliest;
}

/** The events among them that have not come and that someone can be asked for. */
function awaitedOf(list: readonly Pollable[]): AwaitedEvent[] {
  const events: AwaitedEvent[] = [];
  for (const pollable of list) {
    const event = Pollable.eventOf(pollable);
    if (event !== undefined && !event.happened() && event.asker() !== undefined) events.push(event);
  }
  return events;
}

function askFor(events: readonly AwaitedEvent[], timeoutMs: number | undefined): void {
  events[0]?.asker()?.wait(events, timeoutMs);
}

/** Rounded up, so that what waits so long has reached the instant. */
function msUntil(instant: bigint, now: bigint): number {
  const ms = (instant - now + NANOSECONDS_PER_MS - 1n) / NANOSECONDS_PER_MS;
  return Number(ms < WAIT_MS_MAX ? ms : WAIT_MS_MAX);
}

function readyOnes(list: readonly Pollable[], now: bigint): Uint32Array {
  const indices: number[] = [];
  list.forEach((pollable, index) => {
    if (Pollable.isReady(pollable, now)) indices.push(index);
  });
  return Uint32Array.from(indices);
}
