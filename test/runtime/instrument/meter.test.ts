import { describe, expect, it } from 'vitest';
import { createMeter, type InstrumentOptions, instrument, METER_EXPORTS, type Meter } from '../../../runtime/instrument/index.ts';
import { thrownBy } from '../value/thrown-by.ts';
import { compile, endOf, start, wat } from './guest.ts';

const budget = { fuel: 100n, pages: 10, elements: 10 };

/** A module whose `run` costs 41 units in both models: its entry, and 40 constants. */
const FORTY = `(module (func (export "run") ${'(drop (i32.const 1))'.repeat(40)}))`;

/** Starts a module of no code, for what it takes. @param fuel - what starting charges. */
function take(meter: Meter, { fuel = 0, ...options }: InstrumentOptions & { readonly fuel?: number }, text = ''): void {
  const instrumented = instrument(wat(`(module ${text})`), { meter: 'shared', ...options });
  meter.instantiate({ ...instrumented, startFuel: fuel }, compile(instrumented.bytes));
}

describe('the meter', () => {
  it.each([
    ['before there is a module', () => createMeter(budget)],
    [
      'with counters of a module',
      () => {
        const meter = createMeter(budget);
        take(meter, { meter: 'own' });
        return meter;
      },
    ],
    [
      'with counters that modules share',
      () => {
        const meter = createMeter(budget);
        take(meter, {});
        return meter;
      },
    ],
  ])('charges host work, says when that was too much, and never reports more than the budget: %s', (_, make) => {
    const meter = make();
    expect([meter.charge(60), meter.fuelUsed(), meter.fuelLeft]).toEqual([true, 60n, 40n]);
    expect([meter.charge(40n), meter.exhausted(), meter.fuelLeft]).toEqual([true, false, 0n]);
    expect([meter.charge(1), meter.exhausted(), meter.fuelUsed(), meter.fuelLeft]).toEqual([false, true, 100n, 0n]);
    for (let at = 0; at < 10; at += 1) expect(meter.charge(2n ** 62n)).toBe(false); // must not wrap around
    for (let at = 0; at < 10; at += 1) expect(meter.charge(0xffff_ffff)).toBe(false);
    expect(meter.charge(0)).toBe(false);
    expect([meter.exhausted(), meter.fuelUsed()]).toEqual([true, 100n]);
  });

  it('takes charges of every size that a number or bigint can have', () => {
    const meter = createMeter({ ...budget, fuel: 2n ** 62n });
    take(meter, { meter: 'own' });
    let used = 0n;
    for (const units of [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x1_0000_0000, 2 ** 53 - 1, 5n, 2n ** 61n]) {
      expect(meter.charge(units)).toBe(true);
      used += BigInt(units);
      expect(meter.fuelUsed()).toBe(used);
    }
  });

  it.each(['own', 'shared'] as const)(
    'takes what modules start with from one budget, and refuses what passes it; %s counters first',
    (first) => {
      const meter = createMeter(budget);
      take(meter, { meter: first, fuel: 10 }, '(memory 6) (table 6 funcref)');
      const memory = thrownBy(() => take(meter, {}, '(memory 5)'));
      expect([memory.code, memory.data]).toEqual(['limit/memory', { limit: 10, used: 11, unit: '64 KiB pages' }]);
      const table = thrownBy(() => take(meter, {}, '(table 5 funcref)'));
      expect([table.code, table.data]).toEqual(['limit/table', { limit: 10, used: 11, unit: 'elements' }]);
      take(meter, { fuel: 90 }, '(memory 4) (table 4 funcref)');
      expect(meter.fuelLeft).toBe(0n);
      const fuel = thrownBy(() => take(meter, { fuel: 1 }));
      expect([fuel.code, fuel.message, meter.exhausted()]).toEqual([
        'limit/fuel',
        'the fuel of 100 units is not enough to start the component',
        true,
      ]);
      expect(fuel.data).toEqual({ limit: '100', used: '100' });
    },
  );

  it('refuses the first module too, if that takes more than there is', () => {
    const code = (text: string, fuel?: number) =>
      thrownBy(() => take(createMeter(budget), { meter: 'own', ...(fuel === undefined ? {} : { fuel }) }, text)).code;
    expect([code('(memory 11)'), code('(table 11 funcref)'), code('', 101)]).toEqual([
      'limit/memory',
      'limit/table',
      'limit/fuel',
    ]);
  });

  it('counts together what modules with own and with shared counters do', () => {
    const first = start(FORTY, { model: 'exact' });
    const second = start(FORTY, { model: 'exact', under: first.meter });
    const before = first.meter.fuelUsed();
    first.exports.run?.();
    second.exports.run?.();
    first.meter.charge(7);
    expect(first.meter.fuelUsed() - before).toBe(41n + 41n + 7n);
    expect((first.all[METER_EXPORTS.fuel] as WebAssembly.Global).value).toBe(first.meter.fuelLeft); // own counters are exported
  });

  it('takes a module with counters of its own only as its first', () => {
    const meter = createMeter(budget);
    take(meter, { meter: 'own' });
    expect(thrownBy(() => take(meter, { meter: 'own' })).code).toBe('internal/invariant');
    const shared = createMeter(budget);
    take(shared, {});
    expect(thrownBy(() => take(shared, { meter: 'own' })).code).toBe('internal/invariant');
  });

  it('keeps two instances of one module apart', () => {
    const [first, second] = [start(FORTY), start(FORTY)];
    first.exports.run?.();
    expect([first.used() > 0n, second.used()]).toEqual([true, 0n]);
  });

  it.each(['own', 'shared'] as const)('runs the start function with the fuel there is; %s counters', (meter) => {
    const text = '(module (global (export "x") (mut i32) (i32.const 0)) (func (global.set 0 (i32.const 7))) (start 0))';
    const guest = start(text, { meter, model: 'exact' });
    expect((guest.all.x as WebAssembly.Global).value).toBe(7); // as the text exports it
    expect(guest.meter.fuelUsed() - BigInt(guest.instrumented.startFuel)).toBe(3n);
    const short = createMeter({ ...budget, fuel: BigInt(guest.instrumented.startFuel) + 2n });
    expect(endOf(() => short.instantiate(guest.instrumented, compile(guest.instrumented.bytes)))).toBe('unreachable');
    expect(short.exhausted()).toBe(true);
  });

  it.each(['own', 'shared'] as const)(
    'links a guest to what it is given, and to no member of every object; %s counters',
    (meter) => {
      const text = `(module (import "constructor" "name" (global externref))
      (import "constructor" "assign" (func (param externref) (result externref))))`;
      expect(endOf(() => start(text, { meter }))).toMatch(/Import #0 .*"constructor"/);
    },
  );

  it.each(['own', 'shared'] as const)('lets the guest see fuel that the host took; %s counters', (meter) => {
    const guest = start(FORTY, { meter, model: 'exact', fuel: 100n });
    expect(guest.fuelOf('run')).toBe(41n);
    guest.meter.charge(30);
    expect(endOf(() => guest.exports.run?.())).toBe('unreachable');
    expect(guest.meter.exhausted()).toBe(true);
  });

  it('works as its documentation shows', () => {
    const instrumented = instrument(wat(FORTY));
    const meter = createMeter({ fuel: 1_000_000n, pages: 16, elements: 100 });
    const instance = meter.instantiate(instrumented, compile(instrumented.bytes), {});
    (instance.exports.run as () => void)(); // exported by the text
    expect([meter.fuelUsed(), meter.exhausted()]).toEqual([BigInt(instrumented.startFuel) + 41n, false]);
  });

  it.each([
    ['negative fuel', { fuel: -1n }],
    ['fuel that could wrap around', { fuel: 2n ** 62n + 1n }],
    ['more pages than the format has', { pages: 65_537 }],
    ['half a page', { pages: 0.5 }],
    ['negative elements', { elements: -1 }],
    ['elements beyond 31 bits', { elements: 2 ** 31 }],
  ])('refuses a budget with %s', (_, wrong) => {
    expect(thrownBy(() => createMeter({ ...budget, ...wrong })).code).toBe('usage/invalid-argument');
  });

  it.each([
    ['a negative number', -1],
    ['half a unit', 0.5],
    ['no number', Number.NaN],
    ['more than a number counts', 2 ** 53],
    ['a negative bigint', -1n],
    ['more than the highest budget', 2n ** 62n + 1n],
  ])('refuses to charge %s', (_, units) => {
    expect(thrownBy(() => createMeter(budget).charge(units)).code).toBe('internal/invariant');
    const meter = createMeter(budget);
    take(meter, { meter: 'own' });
    expect(thrownBy(() => meter.charge(units)).code).toBe('internal/invariant');
  });
});
