import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TrailRecord } from '../../host/audit/trail.ts';
import { UsageLedger } from '../../host/usage.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

function allowed(audit: string, at: number, budgets: readonly (readonly [string, number])[]): TrailRecord {
  return {
    kind: 'decided',
    audit,
    effect: 'allow',
    rules: ['r'],
    policy: 'sha256:0',
    budgets: budgets.map(([key, windowMs]) => ({ key, windowMs })),
    seq: 0,
    at,
  };
}

function ended(audit: string, at: number, code?: string): TrailRecord {
  const usage = { fuel: '0', memoryBytesPeak: 0, wallMs: 0, hostCalls: 0 };
  return { kind: 'outcome', audit, outcome: code === undefined ? 'ok' : 'failed', ...(code && { code }), ...usage, seq: 0, at };
}

describe('counting calls', () => {
  it('counts a call from its decision for as long as the window is', () => {
    const ledger = new UsageLedger();
    ledger.apply(allowed('a', 1_000, [['k', HOUR]]));
    ledger.apply(ended('a', 1_001));
    expect(ledger.used('k', 999)).toBe(1);
    expect(ledger.oldest('k', 999)).toBe(1_000);
    expect(ledger.used('k', 1_000)).toBe(0); // exclusive
    expect(ledger.oldest('k', 1_000)).toBeUndefined();
    expect(ledger.used('other', 0)).toBe(0);
    expect(ledger.inFlight('other')).toBe(0);
    expect(ledger.oldest('other', 0)).toBeUndefined();
  });

  it('counts nothing for a denial, a question, or a call without budgets', () => {
    const ledger = new UsageLedger();
    const record = allowed('a', 1, [['k', HOUR]]) as TrailRecord & { kind: 'decided' };
    ledger.apply({ ...record, effect: 'deny' });
    ledger.apply({ ...record, effect: 'ask' });
    ledger.apply(allowed('b', 1, []));
    const { budgets: _, ...without } = record;
    ledger.apply(without);
    expect(ledger.used('k', 0)).toBe(0);
    expect(ledger.inFlight('k')).toBe(0);
  });

  it('counts a call in each of its budgets, once in one that is named twice', () => {
    const ledger = new UsageLedger();
    ledger.apply(
      allowed('a', 1, [
        ['k', HOUR],
        ['l', DAY],
        ['k', HOUR],
      ]),
    );
    expect([ledger.used('k', 0), ledger.used('l', 0), ledger.inFlight('k')]).toEqual([1, 1, 1]);
  });

  it('holds a call in flight until its outcome, an interrupted one too, and counts it however old it is', () => {
    const ledger = new UsageLedger();
    ledger.apply(allowed('long', 0, [['k', 1_000]]));
    ledger.apply(allowed('short', 1, [['k', 1_000]]));
    ledger.apply(ended('short', 2));
    ledger.apply(ended('unknown', 3));
    ledger.apply(allowed('late', 10 * HOUR, [['k', 1_000]]));
    expect(ledger.inFlight('k')).toBe(2);
    expect(ledger.used('k', 10 * HOUR - 1_000)).toBe(2); // `late`, and `long`, which still runs
    ledger.apply(ended('long', 10 * HOUR, 'failed/interrupted'));
    expect(ledger.inFlight('k')).toBe(1);
    expect(ledger.used('k', 10 * HOUR - 1_000)).toBe(1);
    ledger.apply(ended('long', 10 * HOUR)); // a second end ends nothing more
    expect(ledger.inFlight('k')).toBe(1);
  });

  it('counts a call that is allowed anew again, in flight once', () => {
    const ledger = new UsageLedger();
    ledger.apply(allowed('a', 1, [['k', HOUR]]));
    ledger.apply(allowed('a', 2, [['l', HOUR]]));
    expect([ledger.inFlight('k'), ledger.inFlight('l')]).toEqual([0, 1]);
    ledger.apply(ended('a', 3));
    expect([ledger.inFlight('k'), ledger.inFlight('l'), ledger.used('k', 0), ledger.used('l', 0)]).toEqual([0, 0, 1, 1]);
  });

  it('takes a part of a millisecond for all of it, and carries it over', () => {
    const ledger = new UsageLedger();
    ledger.apply(allowed('a', 5.5, [['k', HOUR]]));
    ledger.reset(JSON.parse(JSON.stringify(ledger.carry())));
    expect([ledger.used('k', 5.9), ledger.used('k', 6)]).toEqual([1, 1]); // still in flight
    ledger.apply(ended('a', 5.5));
    expect([ledger.used('k', 5.9), ledger.used('k', 6)]).toEqual([1, 0]);
  });

  it('counts calls in flight alone where the window is nothing', () => {
    const ledger = new UsageLedger();
    for (const audit of ['a', 'b', 'c']) ledger.apply(allowed(audit, 5, [['at once', 0]]));
    ledger.apply(ended('b', 5));
    expect([ledger.inFlight('at once'), ledger.used('at once', 5)]).toEqual([2, 2]);
  });

  it('lets exactly as many of a hundred calls at one instant through as the budget has (PO-17)', () => {
    const ledger = new UsageLedger();
    const decide = (index: number): boolean => {
      if (ledger.used('k', 7_000 - HOUR) >= 10) return false;
      ledger.apply(allowed(`call-${index}`, 7_000, [['k', HOUR]]));
      return true;
    };
    const granted = Array.from({ length: 100 }, (_, index) => decide(index)).filter(Boolean);
    expect(granted).toHaveLength(10);
    // That they end frees nothing: a rate is not a number of seats.
    for (let index = 0; index < 10; index++) ledger.apply(ended(`call-${index}`, 7_001));
    expect(decide(100)).toBe(false);
  });
});

describe('a clock that goes backwards', () => {
  it('takes an earlier instant as the latest one seen: an hour back opens no budget', () => {
    const ledger = new UsageLedger();
    ledger.apply(allowed('a', 2 * HOUR, [['k', HOUR]]));
    ledger.apply(allowed('b', HOUR, [['k', HOUR]]));
    expect(ledger.used('k', 2 * HOUR - 1)).toBe(2);
    expect(ledger.used('k', 0)).toBe(2); // asked at the earlier instant
    expect(ledger.oldest('k', 0)).toBe(2 * HOUR);
  });

  it('ends the time of a clock that ran years ahead, and counts what it knows for a window more', () => {
    const ledger = new UsageLedger();
    const wrong = 3_650 * DAY;
    ledger.apply(allowed('a', wrong, [['k', HOUR]]));
    ledger.apply(allowed('b', HOUR, [['k', HOUR]]));
    expect(ledger.used('k', 0)).toBe(2);
    ledger.apply(ended('a', HOUR));
    ledger.apply(ended('b', HOUR));
    ledger.apply(ended('x', 2 * HOUR));
    expect(ledger.used('k', HOUR)).toBe(0);
  });
});

describe('carrying over', () => {
  it('survives JSON: windows, calls in flight, and the latest instant', () => {
    const ledger = new UsageLedger();
    for (const [index, at] of [5, 6, 6, 9].entries()) ledger.apply(allowed(`c${index}`, at, [['k', HOUR]]));
    ledger.apply(ended('c0', 9));
    const next = new UsageLedger();
    next.apply(allowed('gone', 1, [['gone', HOUR]]));
    next.reset(JSON.parse(JSON.stringify(ledger.carry())));
    expect([next.used('k', 5), next.inFlight('k'), next.oldest('k', 0), next.used('gone', 0)]).toEqual([3, 3, 5, 0]);
    for (const audit of ['c1', 'c2', 'c3']) next.apply(ended(audit, 9));
    next.apply(allowed('back', 2, [['k', HOUR]]));
    expect(next.used('k', 8)).toBe(2); // not at 2, since 9 was seen
    next.reset(undefined);
    expect(next.carry()).toEqual(new UsageLedger().carry());
  });

  it.each([
    ['null', null],
    ['text', 'x'],
    ['nothing', {}],
    ['an instant that is none', { latest: 'now', budgets: [], open: [] }],
    ['a row that is no list', { latest: 1, budgets: [{}], open: [] }],
    ['a negative gap', { latest: 1, budgets: [['k', 1, 5, -1]], open: [] }],
    ['a negative window', { latest: 1, budgets: [['k', -1, 5]], open: [] }],
    ['a fraction', { latest: 1, budgets: [['k', 1, 0.5]], open: [] }],
    ['a key that is no text', { latest: 1, budgets: [[1, 1, 5]], open: [] }],
    ['a call without an instant', { latest: 1, budgets: [], open: [['a']] }],
    ['a call in a budget that is no text', { latest: 1, budgets: [], open: [['a', 1, 2]] }],
  ])('refuses %s, rather than count from nothing', (_, carried) => {
    expect(() => new UsageLedger().reset(carried)).toThrow(
      expect.objectContaining({ code: 'audit/unreadable', message: 'the trail carries budgets that cannot be read' }),
    );
  });
});

describe('memory', () => {
  it('holds what the windows hold, over many calls and many keys', () => {
    const ledger = new UsageLedger();
    for (let index = 0; index < 100_000; index++) {
      ledger.apply(
        allowed(`c${index}`, index * 100, [
          ['all', 10_000],
          [`session-${index}`, 10_000],
        ]),
      );
      ledger.apply(ended(`c${index}`, index * 100 + 1));
    }
    expect(ledger.size.budgets).toBeLessThan(1_000);
    expect(ledger.size.instants).toBeLessThan(1_500);
    expect(ledger.used('all', 99_999 * 100 - 10_000)).toBe(100);
    expect(JSON.stringify(ledger.carry()).length).toBeLessThan(10_000);
    ledger.apply(ended('x', 200_000 * 100));
    expect(ledger.carry()).toEqual({ latest: 20_000_000, budgets: [], open: [] });
  });
});

/** All calls that ever were, and their instants as the ledger's docstring has them. */
class NaiveUsage {
  readonly calls: { audit: string; key: string; windowMs: number; at: number; open: boolean; forgotten: boolean }[] = [];
  latest = Number.NEGATIVE_INFINITY;

  apply(record: TrailRecord): void {
    if (record.at < this.latest - DAY) {
      for (const call of this.calls) {
        call.forgotten ||= !call.open && call.at <= this.latest - call.windowMs;
        call.at = Math.min(call.at, record.at);
      }
      this.latest = record.at;
    }
    this.latest = Math.max(this.latest, record.at);
    if (record.kind === 'outcome') for (const call of this.calls) if (call.audit === record.audit) call.open = false;
    if (record.kind !== 'decided' || record.effect !== 'allow') return;
    for (const { key, windowMs } of record.budgets ?? []) {
      this.calls.push({ audit: record.audit, key, windowMs, at: this.latest, open: true, forgotten: false });
    }
  }

  used(key: string, sinceMs: number): number {
    return this.calls.filter((call) => call.key === key && (call.open || this.#recent(call, sinceMs))).length;
  }

  inFlight(key: string): number {
    return this.calls.filter((call) => call.key === key && call.open).length;
  }

  oldest(key: string, sinceMs: number): number | undefined {
    const instants = this.calls.filter((call) => call.key === key && this.#recent(call, sinceMs)).map(({ at }) => at);
    return instants.length === 0 ? undefined : Math.min(...instants);
  }

  #recent({ at, windowMs, forgotten }: NaiveUsage['calls'][number], sinceMs: number): boolean {
    return !forgotten && at > sinceMs && at > this.latest - windowMs;
  }
}

const WINDOWS = { second: 1_000, hour: HOUR, none: 0 } as const;
type Key = keyof typeof WINDOWS;

const step = fc.record({
  // Mostly small steps; sometimes back by a little, by hours, or by more than a day.
  move: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 0, max: 600 }) },
    { weight: 2, arbitrary: fc.integer({ min: -2_000, max: 2_000 }) },
    { weight: 1, arbitrary: fc.integer({ min: -2 * HOUR, max: 2 * HOUR }) },
    { weight: 1, arbitrary: fc.constantFrom(-DAY - 1, -DAY, -3 * DAY, 3 * DAY) },
  ),
  action: fc.constantFrom('allow', 'allow', 'allow', 'end', 'carry'),
  keys: fc.subarray(Object.keys(WINDOWS) as Key[], { minLength: 1 }),
  which: fc.nat(),
});

describe('beside a list of all calls', () => {
  it('counts the same at each instant, also after it was carried over', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        let ledger = new UsageLedger();
        const naive = new NaiveUsage();
        let now = 1_000_000_000;
        for (const [index, { move, action, keys, which }] of steps.entries()) {
          now += move;
          if (action === 'carry') {
            const carried: unknown = JSON.parse(JSON.stringify(ledger.carry()));
            ledger = new UsageLedger();
            ledger.reset(carried);
          } else {
            const budgets = keys.map((key) => [key, WINDOWS[key]] as const);
            const record = action === 'allow' ? allowed(`c${index}`, now, budgets) : ended(`c${which % (index + 1)}`, now);
            ledger.apply(record);
            naive.apply(record);
          }
          for (const key of Object.keys(WINDOWS)) {
            for (const since of [now - HOUR, now - 1_000, now - 1, now, naive.latest - 1_000, naive.latest, 0]) {
              expect(ledger.used(key, since)).toBe(naive.used(key, since));
              expect(ledger.oldest(key, since)).toBe(naive.oldest(key, since));
            }
            expect(ledger.inFlight(key)).toBe(naive.inFlight(key));
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('never lets a window hold more calls than its budget, whatever the clock does within a day', () => {
    const moves = fc.array(
      fc.oneof(
        { weight: 5, arbitrary: fc.integer({ min: 0, max: 400 }) },
        { weight: 2, arbitrary: fc.integer({ min: -3_000, max: 3_000 }) },
        { weight: 1, arbitrary: fc.integer({ min: -HOUR, max: HOUR }) },
      ),
      { maxLength: 200 },
    );
    fc.assert(
      fc.property(moves, fc.integer({ min: 1, max: 5 }), (steps, limit) => {
        const ledger = new UsageLedger();
        const instants: number[] = [];
        let [now, latest] = [0, Number.NEGATIVE_INFINITY];
        for (const [index, move] of steps.entries()) {
          now += move;
          if (ledger.used('k', now - 1_000) >= limit) continue;
          ledger.apply(allowed(`c${index}`, now, [['k', 1_000]]));
          ledger.apply(ended(`c${index}`, now));
          latest = Math.max(latest, now);
          instants.push(latest);
        }
        for (const end of instants) {
          expect(instants.filter((at) => at > end - 1_000 && at <= end).length).toBeLessThanOrEqual(limit);
        }
      }),
      { numRuns: 300 },
    );
  });
});
