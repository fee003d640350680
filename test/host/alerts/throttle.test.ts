import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Alert } from '../../../host/alerts/alert.ts';
import type { Parcel } from '../../../host/alerts/parcel.ts';
import { Throttle } from '../../../host/alerts/throttle.ts';
import { alertOf, ManualTimers } from './fixture.ts';

const WINDOW = 60_000;

function throttled(options: { parcelsMax?: number; kindsMax?: number } = {}) {
  const timers = new ManualTimers();
  const parcels: Parcel[] = [];
  const throttle = new Throttle({
    sink: 'ops',
    windowMs: WINDOW,
    parcelsMax: 30,
    kindsMax: 256,
    ...options,
    timers,
    now: () => timers.now,
    emit: (parcel) => parcels.push(parcel),
  });
  return { timers, parcels, throttle, records: () => parcels.map(({ json }) => JSON.parse(json)) };
}

const sum = (parcels: readonly Parcel[]): number => parcels.reduce((total, { alerts }) => total + alerts, 0);

describe('alerts of one kind', () => {
  it('are told at once, and once more as a number when the window ends', async () => {
    const { timers, throttle, records } = throttled();
    for (let index = 0; index < 500; index++) throttle.raise(alertOf({ audit: `a-${index}`, at: index }));
    expect(records()).toMatchObject([{ kind: 'alert', audit: 'a-0', occurrences: 1 }]);
    await timers.advance(WINDOW - 1);
    expect(records()).toHaveLength(1);
    await timers.advance(1);
    expect(records()).toMatchObject([{}, { kind: 'alert', audit: 'a-499', at: 499, since: 1, occurrences: 499 }]);
    await timers.advance(WINDOW);
    expect(records()).toHaveLength(2);
    expect(timers.count).toBe(0); // a quiet sink has no timer
    throttle.raise(alertOf({ audit: 'later' }));
    expect(records()[2]).toMatchObject({ audit: 'later', occurrences: 1 });
  });

  it.each([{ rule: 'other' }, { agent: 'other' }, { tool: 'other' }, { code: 'denied/budget' }])(
    'are another kind where %o differs',
    (difference) => {
      const { throttle, records } = throttled();
      throttle.raise(alertOf());
      throttle.raise(alertOf(difference));
      expect(records()).toHaveLength(2);
    },
  );

  it('cannot be made to look like another kind by names that hold separators', () => {
    const { throttle, records } = throttled();
    throttle.raise(alertOf({ agent: 'a","b', tool: 'c' }));
    throttle.raise(alertOf({ agent: 'a', tool: 'b","c' }));
    throttle.raise(alertOf({ agent: 'a,b', tool: 'c' }));
    throttle.raise(alertOf({ agent: 'a', tool: 'b,c' }));
    const { code: _, ...without } = alertOf({ agent: 'a', tool: 'null' });
    throttle.raise(without);
    throttle.raise({ ...without, code: 'null' });
    expect(records()).toHaveLength(6);
  });

  it('do not tell the parameters of one as those of all', async () => {
    const { timers, throttle, records } = throttled();
    throttle.raise(alertOf({ parameters: { n: 1 } }));
    throttle.raise(alertOf({ parameters: { n: 2 } }));
    await timers.advance(WINDOW);
    expect(records()).toMatchObject([{ parameters: { n: 1 } }, { cut: ['parameters'] }]);
    expect(records()[1]).not.toHaveProperty('parameters');
  });
});

describe('the rate', () => {
  it('is kept, and what was too much is told when the window ends, counted in the next one', async () => {
    const { timers, throttle, parcels, records } = throttled({ parcelsMax: 3 });
    for (let index = 0; index < 5; index++) throttle.raise(alertOf({ tool: `t${index}`, parameters: { index } }));
    expect(records().map(({ tool }) => tool)).toEqual(['t0', 't1', 't2']);
    await timers.advance(WINDOW);
    expect(records().map(({ tool }) => tool)).toEqual(['t0', 't1', 't2', 't3', 't4']);
    expect(sum(parcels)).toBe(5);
    // Two of the next window's three are used.
    throttle.raise(alertOf({ tool: 't5' }));
    throttle.raise(alertOf({ tool: 't6' }));
    expect(records().map(({ tool }) => tool)).toEqual(['t0', 't1', 't2', 't3', 't4', 't5']);
  });

  it('gives one number for all kinds that are too many, with how many of them are critical', async () => {
    const { timers, throttle, parcels, records } = throttled({ parcelsMax: 3, kindsMax: 50 });
    for (let index = 0; index < 1_000; index++) throttle.raise(alertOf({ agent: `made-up-${index}` }));
    for (let index = 0; index < 100; index++) {
      throttle.raise(alertOf({ agent: `made-up-${index}`, rule: 'worst', severity: 'critical' }));
    }
    await timers.advance(WINDOW);
    expect(records().at(-1)).toMatchObject({
      kind: 'notice',
      sink: 'ops',
      message: expect.stringMatching(/^\d+ alerts were left out by the rate limit, \d+ of them critical$/),
    });
    expect(sum(parcels)).toBe(1_100);
    expect(throttle.held).toBe(0);
  });

  it('holds no more kinds than it may, though it could tell more', async () => {
    const { timers, throttle, records } = throttled({ parcelsMax: 100, kindsMax: 10 });
    for (let index = 0; index < 200; index++) throttle.raise(alertOf({ agent: `made-up-${index}` }));
    await timers.advance(WINDOW);
    expect(records()).toHaveLength(101);
    expect(records().at(-1)).toMatchObject({ kind: 'notice', summarised: 100 });
  });

  it('never keeps the first critical alert of a rule, whatever came before', () => {
    const { throttle, records } = throttled({ parcelsMax: 2, kindsMax: 4 });
    for (let index = 0; index < 100; index++) throttle.raise(alertOf({ agent: `noise-${index}` }));
    for (let index = 0; index < 100; index++) {
      throttle.raise(alertOf({ agent: `noise-${index}`, rule: 'first', severity: 'critical' }));
    }
    throttle.raise(alertOf({ rule: 'second', severity: 'critical' }));
    const critical = records().filter(({ severity }) => severity === 'critical');
    expect(critical.map(({ rule }) => rule)).toEqual(['first', 'first', 'first', 'second']);
    expect(records()).toHaveLength(2 + 4);
  });

  it('tells critical alerts one by one before others', async () => {
    const { timers, throttle, records } = throttled({ parcelsMax: 2 });
    for (let index = 0; index < 20; index++) throttle.raise(alertOf({ tool: `t${index}` }));
    for (let index = 0; index < 2; index++)
      throttle.raise(alertOf({ rule: 'worst', severity: 'critical', audit: `worst-${index}` }));
    await timers.advance(WINDOW);
    expect(records().slice(-2)).toMatchObject([
      { audit: 'worst-1', severity: 'critical' },
      { kind: 'notice', summarised: 18, critical: 0 },
    ]);
  });
});

describe('whatever is raised', () => {
  const raised = fc.record({
    rule: fc.constantFrom('r1', 'r2'),
    agent: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
    severity: fc.constantFrom<Alert['severity']>('info', 'critical'),
    occurrences: fc.integer({ min: 1, max: 5 }),
    waitMs: fc.constantFrom(0, 0, 0, 100, 30_000, 60_000),
  });

  it('is told in numbers that add up, within the rate', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(raised, { maxLength: 60 }), async (steps) => {
        const { timers, throttle, parcels } = throttled({ parcelsMax: 3, kindsMax: 5 });
        let total = 0;
        for (const { waitMs, rule, agent, severity, occurrences } of steps) {
          if (waitMs > 0) await timers.advance(waitMs);
          throttle.raise(alertOf({ rule, agent, severity, occurrences }));
          total += occurrences;
          expect(sum(parcels) + throttle.held).toBe(total);
        }
        // One window's rate, as much for critical ones, one for each rule, for each window that was begun.
        const windows = 1 + Math.ceil(steps.reduce((ms, { waitMs }) => ms + waitMs, 0) / WINDOW);
        expect(parcels.length).toBeLessThanOrEqual((windows + 1) * (3 + 3 + 2));
        for (let turn = 0; turn < 3; turn++) await timers.advance(WINDOW);
        expect(sum(parcels)).toBe(total);
        expect([throttle.held, timers.count]).toEqual([0, 0]);
      }),
      { numRuns: 60 },
    );
  });

  it('is counted when it ends without telling', () => {
    const { timers, throttle, parcels } = throttled({ parcelsMax: 1, kindsMax: 2 });
    for (let index = 0; index < 10; index++) throttle.raise(alertOf({ agent: `a${index}` }));
    expect(throttle.close()).toBe(9);
    expect([parcels.length, throttle.held, timers.count]).toEqual([1, 0, 0]);
  });
});
