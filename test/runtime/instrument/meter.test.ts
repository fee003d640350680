import { describe, expect, it } from 'vitest';
import { createMeter, instrument } from '../../../runtime/instrument/index.ts';
import { thrownBy } from '../value/thrown-by.ts';
import { endOf, start, wat } from './guest.ts';

const budget = { fuel: 100n, pages: 10, elements: 10 };
const nothing = { startFuel: 0, memoryPagesInitial: 0, tableElementsInitial: 0 };

describe('the meter', () => {
  it('charges host work, says when that was too much, and never reports more than the budget', () => {
    const meter = createMeter(budget);
    expect([meter.charge(60), meter.fuelUsed(), meter.fuelLeft]).toEqual([true, 60n, 40n]);
    expect([meter.charge(40n), meter.exhausted(), meter.fuelLeft]).toEqual([true, false, 0n]);
    expect([meter.charge(1), meter.exhausted(), meter.fuelUsed(), meter.fuelLeft]).toEqual([false, true, 100n, 0n]);
    for (let at = 0; at < 10; at += 1) expect(meter.charge(2n ** 62n)).toBe(false); // must not wrap around
    expect(meter.exhausted()).toBe(true);
  });

  it('reserves what modules start with, from one budget, and refuses what passes it', () => {
    const meter = createMeter(budget);
    meter.reserve({ startFuel: 10, memoryPagesInitial: 6, tableElementsInitial: 6 });
    const memory = thrownBy(() => meter.reserve({ ...nothing, memoryPagesInitial: 5 }));
    expect([memory.code, memory.data]).toEqual(['limit/memory', { limit: 10, used: 11, unit: '64 KiB pages' }]);
    const table = thrownBy(() => meter.reserve({ ...nothing, tableElementsInitial: 5 }));
    expect([table.code, table.data]).toEqual(['limit/table', { limit: 10, used: 11, unit: 'elements' }]);
    meter.reserve({ startFuel: 90, memoryPagesInitial: 4, tableElementsInitial: 4 });
    const fuel = thrownBy(() => meter.reserve({ ...nothing, startFuel: 1 }));
    expect([fuel.code, meter.exhausted()]).toEqual(['limit/fuel', true]);
  });

  it('lets the guest see fuel that the host took', () => {
    const guest = start('(module (func (export "run")))', { fuel: 10n });
    expect(guest.fuelOf('run')).toBe(1n);
    guest.meter.charge(10);
    expect(endOf(() => guest.exports.run?.())).toBe('unreachable');
  });

  it('works as its documentation shows', () => {
    const instrumented = instrument(wat('(module (memory 1) (func (export "run") (result i32) (i32.const 1)))'));
    const meter = createMeter({ fuel: 1_000_000n, pages: 16, elements: 100 });
    meter.reserve(instrumented);
    const instance = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(instrumented.bytes)), { ...meter.imports });
    expect((instance.exports.run as () => number)()).toBe(1); // exported by the text above
    expect(meter.fuelUsed()).toBe(BigInt(instrumented.startFuel + 2));
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
    ['a negative bigint', -1n],
  ])('refuses to charge %s', (_, units) => {
    expect(thrownBy(() => createMeter(budget).charge(units)).code).toBe('internal/invariant');
  });
});
