import type * as MonotonicClock from '@bytecodealliance/preview2-shim/interfaces/wasi-clocks-monotonic-clock';
import type * as WallClock from '@bytecodealliance/preview2-shim/interfaces/wasi-clocks-wall-clock';
import { U64_MAX } from './clock.ts';
import type { Conforms } from './conform.ts';
import type { WasiContext } from './context.ts';
import { Pollable } from './poll.ts';

const NANOSECONDS_PER_SECOND = 1_000_000_000n;

/** Nanoseconds since 1970 (0 or more) as WASI's `datetime`. */
export function datetimeOf(nanoseconds: bigint): WallClock.Datetime {
  return { seconds: nanoseconds / NANOSECONDS_PER_SECOND, nanoseconds: Number(nanoseconds % NANOSECONDS_PER_SECOND) };
}

/** `datetime` as nanoseconds since 1970; undefined when its `nanoseconds` field is a second or more. */
export function nanosecondsOf({ seconds, nanoseconds }: WallClock.Datetime): bigint | undefined {
  const rest = BigInt(nanoseconds);
  return rest < NANOSECONDS_PER_SECOND ? seconds * NANOSECONDS_PER_SECOND + rest : undefined;
}

/** `wasi:clocks/monotonic-clock`, in the form that bindings import. A duration that ends past 2^64-1 ns never ends. */
export function monotonicClock(context: WasiContext) {
  const { clock } = context;
  return {
    now: () => context.call(() => clock.monotonic()),
    resolution: () => context.call(() => clock.resolution),
    subscribeInstant: (when: bigint) => context.call(() => new Pollable(context, { kind: 'deadline', at: when })),
    subscribeDuration: (when: bigint) =>
      context.call(() => {
        const at = clock.monotonic() + when;
        return new Pollable(context, at > U64_MAX ? { kind: 'never' } : { kind: 'deadline', at });
      }),
  } satisfies Conforms<typeof MonotonicClock>;
}

/** `wasi:clocks/wall-clock`, in the form that bindings import. */
export function wallClock(context: WasiContext) {
  const { clock } = context;
  return {
    now: () => context.call(() => datetimeOf(clock.wall())),
    resolution: () => context.call(() => datetimeOf(clock.resolution)),
  } satisfies Conforms<typeof WallClock>;
}
