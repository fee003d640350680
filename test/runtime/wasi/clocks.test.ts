import { describe, expect, it } from 'vitest';
import type { TimeSource } from '../../../runtime/wasi/index.ts';
import { thrownBy } from '../value/thrown-by.ts';
import { openWasi, SECOND, utf8 } from './guest-side.ts';

describe('the fixed clock', () => {
  it('stands still while the guest reads it', () => {
    const { guest } = openWasi();
    const first = [guest['wasi:clocks/monotonic-clock'].now(), guest['wasi:clocks/wall-clock'].now()];
    for (let turn = 0; turn < 1000; turn += 1) guest['wasi:clocks/monotonic-clock'].now();
    expect([guest['wasi:clocks/monotonic-clock'].now(), guest['wasi:clocks/wall-clock'].now()]).toEqual(first);
    expect(first[1]).toEqual({ seconds: 1_700_000_000n, nanoseconds: 0 });
    expect(first[0]).toBeGreaterThan(0n);
  });

  it('jumps ahead by a sleep, both faces alike, and takes no time for it', () => {
    const { guest } = openWasi();
    const clock = guest['wasi:clocks/monotonic-clock'];
    const began = clock.now();
    const pollable = clock.subscribeDuration(3600n * SECOND + 5n);
    expect(pollable.ready()).toBe(false);
    pollable.block();
    expect(pollable.ready()).toBe(true);
    expect(clock.now() - began).toBe(3600n * SECOND + 5n);
    expect(guest['wasi:clocks/wall-clock'].now()).toEqual({ seconds: 1_700_003_600n, nanoseconds: 5 });
  });

  it('does not go back for an instant that has passed', () => {
    const clock = openWasi().guest['wasi:clocks/monotonic-clock'];
    const began = clock.now();
    clock.subscribeInstant(0n).block();
    expect(clock.now()).toBe(began);
  });

  it('refuses a start outside of the range', () => {
    for (const startNanoseconds of [-1n, 2n ** 63n]) {
      expect(thrownBy(() => openWasi({ clock: { kind: 'fixed', startNanoseconds } })).code).toBe('usage/invalid-argument');
    }
  });
});

describe('poll', () => {
  it('lets the clock reach the earliest deadline and names what is ready then, in order', () => {
    const { guest } = openWasi();
    const clock = guest['wasi:clocks/monotonic-clock'];
    const began = clock.now();
    const late = clock.subscribeDuration(9n);
    const early = clock.subscribeDuration(4n);
    const same = clock.subscribeInstant(began + 4n);
    expect([...guest['wasi:io/poll'].poll([late, early, same])]).toEqual([1, 2]);
    expect(clock.now() - began).toBe(4n);
    expect([...guest['wasi:io/poll'].poll([late])]).toEqual([0]);
  });

  it('does not sleep when a stream is ready', () => {
    const { guest } = openWasi({ stdin: utf8('x') });
    const clock = guest['wasi:clocks/monotonic-clock'];
    const began = clock.now();
    const list = [clock.subscribeDuration(SECOND), guest['wasi:cli/stdin'].getStdin().subscribe()];
    expect([...guest['wasi:io/poll'].poll(list)]).toEqual([1]);
    expect(clock.now()).toBe(began);
  });

  it('traps an empty list', () => {
    const error = thrownBy(() => openWasi().guest['wasi:io/poll'].poll([]));
    expect(error).toMatchObject({ code: 'trap/host-call', message: 'the guest polled an empty list' });
  });

  it('refuses a list longer than the handles that a guest may hold', () => {
    const { guest } = openWasi();
    const pollable = guest['wasi:cli/stdin'].getStdin().subscribe();
    expect(guest['wasi:io/poll'].poll(new Array(16).fill(pollable))).toHaveLength(16);
    const error = thrownBy(() => guest['wasi:io/poll'].poll(new Array(1_000_000).fill(pollable)));
    expect(error).toMatchObject({ code: 'limit/handles', data: { limit: 16, used: 1_000_000 } });
  });

  it.each([
    [
      'poll',
      (guest: ReturnType<typeof openWasi>['guest'], never: { block(): void }) => guest['wasi:io/poll'].poll([never as never]),
    ],
    ['block', (_guest: unknown, never: { block(): void }) => never.block()],
  ])('%s ends the call instead of waiting for what can never happen', (_name, run) => {
    const { wasi, guest } = openWasi();
    const never = guest['wasi:clocks/monotonic-clock'].subscribeDuration(2n ** 64n - 1n);
    const error = thrownBy(() => run(guest, never));
    expect(error).toMatchObject({ code: 'trap/host-call', message: 'the guest waits for something that can never happen' });
    expect(wasi.failure).toBe(error);
  });
});

/** Real time under the test's control: waiting moves it, and each wait is noted. */
function fakeTime(): TimeSource & { now: number; readonly waits: number[] } {
  const waits: number[] = [];
  return {
    now: 5000.75,
    waits,
    monotonicMs() {
      return this.now;
    },
    epochMs() {
      return 1_700_000_000_123.9;
    },
    waitMs(ms) {
      waits.push(ms);
      this.now += ms;
    },
  };
}

describe('the real clock', () => {
  it('shows whole milliseconds only, and nothing of what was before its first reading', () => {
    const source = fakeTime();
    const { guest } = openWasi({ clock: { kind: 'real', source } });
    const clock = guest['wasi:clocks/monotonic-clock'];
    expect(clock.resolution()).toBe(1_000_000n);
    expect(guest['wasi:clocks/wall-clock'].resolution()).toEqual({ seconds: 0n, nanoseconds: 1_000_000 });
    expect(guest['wasi:clocks/wall-clock'].now()).toEqual({ seconds: 1_700_000_000n, nanoseconds: 123_000_000 });
    expect(clock.now()).toBe(SECOND);
    source.now += 1.9;
    expect(clock.now()).toBe(SECOND + 1_000_000n);
  });

  it('blocks until the deadline, long sleeps in parts', () => {
    const source = fakeTime();
    const clock = openWasi({ clock: { kind: 'real', source } }).guest['wasi:clocks/monotonic-clock'];
    clock.subscribeDuration(130n * SECOND).block();
    expect(source.waits).toEqual([60_000, 60_000, 10_000]);
    clock.subscribeDuration(1n).block();
    expect(source.waits.slice(3)).toEqual([1]);
  });

  it('really waits without a source of its own', () => {
    const clock = openWasi({ clock: { kind: 'real' } }).guest['wasi:clocks/monotonic-clock'];
    const began = performance.now();
    clock.subscribeDuration(20_000_000n).block();
    expect(performance.now() - began).toBeGreaterThanOrEqual(19);
  });
});
