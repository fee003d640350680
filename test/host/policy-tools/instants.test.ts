import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileWindow, type WindowSpec } from '../../../host/policy/conditions/index.ts';
import { instantsAround } from '../../../host/policy-tools/instants.ts';
import { NOON_MS } from './fixture.ts';

const HOURS: WindowSpec = { days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '08:00', to: '18:00', zone: 'Europe/Berlin' };

describe('instantsAround', () => {
  it('is the instant itself where there are no windows', () => {
    expect(instantsAround([], NOON_MS)).toEqual([NOON_MS]);
  });

  it('finds the inside and the outside of a window, the present first', () => {
    const found = instantsAround([HOURS], NOON_MS);
    expect(found.map((ms) => new Date(ms).toISOString())).toEqual(['2026-01-28T12:00:00.000Z', '2026-01-28T17:00:00.000Z']);
  });

  it('finds a window of one minute', () => {
    const minute: WindowSpec = { days: ['sun'], from: '03:07', to: '03:08', zone: 'Asia/Kathmandu' };
    const found = instantsAround([minute], NOON_MS);
    expect(found.some((ms) => compileWindow(minute).contains(ms))).toBe(true);
  });

  const time = fc
    .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }))
    .map((parts) => parts.map((part) => String(part).padStart(2, '0')).join(':'));
  const window = fc
    .record({
      from: time,
      to: time,
      zone: fc.constantFrom('UTC', 'Europe/Berlin', 'Australia/Adelaide'),
      days: fc.subarray(['mon', 'wed', 'sat'] as const, { minLength: 1 }),
    })
    .filter(({ from, to }) => from !== to) as fc.Arbitrary<WindowSpec>;

  it('finds every combination of windows that some minute of the week has', () => {
    fc.assert(
      fc.property(fc.array(window, { minLength: 1, maxLength: 3 }), fc.integer({ min: 0, max: 10_079 }), (windows, minute) => {
        const compiled = windows.map(compileWindow);
        const state = (ms: number): string => compiled.map((one) => one.contains(ms)).join();
        const found = new Set(instantsAround(windows, NOON_MS).map(state));
        expect(found.has(state(NOON_MS + minute * 60_000))).toBe(true);
      }),
      { numRuns: 15 },
    );
  });
});
