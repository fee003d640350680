import { describe, expect, it } from 'vitest';
import { METER_EXPORTS } from '../../../runtime/instrument/index.ts';
import { endOf, type Guest, start, wat } from './guest.ts';

/** Whether this engine has more than one memory; Node 20 has not. */
const HAS_MEMORIES = WebAssembly.validate(new Uint8Array(wat('(module (memory 1) (memory 1))')));

const run = (guest: Guest, ...args: unknown[]): string => endOf(() => guest.exports.run?.(...args));

const func = (body: string, more = ''): string => `(module ${more} (func (export "run") ${body}))`;

describe.each([
  ['memory.fill', '(i32.const 0) (i32.const 1)', 32, 64, 1],
  ['memory.copy', '(i32.const 0) (i32.const 1)', 32, 64, 1],
  ['memory.init 0', '(i32.const 0) (i32.const 0)', 32, 64, 1],
  ['table.fill 0', '(i32.const 0) (ref.null func)', 64, 1, 32],
  ['table.copy', '(i32.const 0) (i32.const 0)', 64, 1, 32],
  ['table.init 0', '(i32.const 0) (i32.const 0)', 64, 1, 32],
])('%s is charged by its length', (operation, operands, base, per, units) => {
  const source = (length: string): string =>
    `(module (memory 1) (table 5000 funcref) (data "${'x'.repeat(5000)}") (elem func ${'0 '.repeat(5000)})
    (func (export "run") (param i32) (${operation} ${operands} ${length})))`;
  const lengths = [0, 1, 63, 64, 65, 200, 4095, 4096, 4097, 5000];
  const region = lengths.map((length) => BigInt(1 + 3 + base + Math.ceil(length / per) * units));
  const exact = lengths.map((length) => BigInt(1 + 3 + 1 + length));

  it('where the length is known only when it runs', () => {
    const fuel = (guest: Guest) => lengths.map((length) => guest.fuelOf('run', length));
    expect(fuel(start(source('(local.get 0)')))).toEqual(region);
    expect(fuel(start(source('(local.get 0)'), { model: 'exact' }))).toEqual(exact);
  });

  it('where it is a constant, the same', () => {
    const fuel = (model: 'region' | 'exact') =>
      lengths.map((length) => start(source(`(i32.const ${length})`), { model }).fuelOf('run', 0));
    expect(fuel('region')).toEqual(region);
    expect(fuel('exact')).toEqual(exact);
  });

  it('also where it then goes out of bounds', () => {
    const guest = start(source('(local.get 0)'));
    expect(guest.fuelOf('run', 70_000)).toBe(BigInt(1 + 3 + base + Math.ceil(70_000 / per) * units));
    expect(run(guest, 70_000)).toMatch(/out of bounds/);
  });
});

describe.each(['own', 'shared'] as const)('growth with %s counters', (meter) => {
  const memory = func('(param i32) (result i32) (memory.grow (local.get 0))', '(memory (export "m") 1)');
  const table = func('(param i32) (result i32) (table.grow (ref.null func) (local.get 0))', '(table (export "t") 1 funcref)');
  const answers = (guest: Guest, ...by: number[]): unknown[] => by.map((pages) => guest.exports.run?.(pages));

  it('of memory answers -1 beyond the budget, and takes from the budget what it gets', () => {
    const guest = start(memory, { meter, pages: 10 });
    expect(answers(guest, 65_535, 11, -1, 10, 1, 0)).toEqual([-1, -1, -1, 1, -1, 11]);
  });

  it('of memory is charged by page, and only when it succeeds', () => {
    const region = start(memory, { meter, pages: 10 });
    expect([11, 3, 0].map((by) => region.fuelOf('run', by))).toEqual([1026n, 1026n + 3n * 16_384n, 1026n]);
    const exact = start(memory, { meter, pages: 10, model: 'exact' });
    expect([11, 3, 0].map((by) => exact.fuelOf('run', by))).toEqual([3n, 3n + 3n, 3n]);
  });

  it('by a small constant is paid for even if it fails, in exact, as in Wasmtime', () => {
    const fuel = (by: number, pages: number, model: 'region' | 'exact') =>
      start(memory.replace('(local.get 0)', `(i32.const ${by})`), { meter, pages, model }).fuelOf('run', 0);
    expect([fuel(128, 200, 'exact'), fuel(128, 10, 'exact'), fuel(129, 200, 'exact'), fuel(129, 10, 'exact')]).toEqual([
      131n,
      131n,
      132n,
      3n,
    ]);
    expect([fuel(8, 200, 'region'), fuel(8, 7, 'region')]).toEqual([1026n + 8n * 16_384n, 1026n]);
  });

  it.runIf(HAS_MEMORIES)('of memory answers -1 beyond the maximum that the guest declared, and keeps the budget', () => {
    const source = `(module (memory 1 3) (memory $other 1) (func (export "run") (param i32) (result i32) (memory.grow (local.get 0)))
      (func (export "other") (param i32) (result i32) (memory.grow $other (local.get 0))))`;
    const guest = start(source, { meter, pages: 10 });
    expect(answers(guest, 3, 2, 1)).toEqual([-1, 1, -1]);
    expect([guest.exports.other?.(9), guest.exports.other?.(8)]).toEqual([-1, 1]);
  });

  it('of a table by 9,999,999 answers -1', () => {
    const guest = start(table, { meter, elements: 100 });
    expect(answers(guest, 9_999_999, -1, 101, 99, 2, 1)).toEqual([-1, -1, -1, 1, -1, 100]);
  });

  it('of a table is charged by element', () => {
    expect(start(table, { meter }).fuelOf('run', 7)).toBe(1n + 2n + 1024n + 7n * 32n);
    expect(start(table, { meter, model: 'exact' }).fuelOf('run', 7)).toBe(1n + 2n + 1n + 7n);
  });

  it('shares one budget among the modules of a component', () => {
    const first = start(memory, { meter, pages: 11 });
    const second = start(memory, { under: first.meter });
    expect([first.exports.run?.(6), second.exports.run?.(6), second.exports.run?.(4)]).toEqual([1, -1, 1]);
  });

  it('of an imported memory counts too', () => {
    const owner = start(memory, { meter, pages: 4 });
    const source = func('(param i32) (result i32) (memory.grow (local.get 0))', '(import "a" "m" (memory 1))');
    const guest = start(source, { under: owner.meter, imports: { a: { m: owner.all.m as WebAssembly.Memory } } }); // exported by the text
    expect([guest.exports.run?.(5), guest.exports.run?.(3), owner.exports.run?.(2)]).toEqual([-1, 1, -1]);
  });
});

describe('growth', () => {
  it('takes its counts from the counters that the host sees', () => {
    const source = func(
      '(drop (memory.grow (i32.const 2))) (drop (table.grow (ref.null func) (i32.const 3)))',
      '(memory 1 3) (table 1 funcref)',
    );
    const guest = start(source, { pages: 10, elements: 20 });
    run(guest);
    run(guest); // beyond the memory's own maximum: the budget stays
    const left = [METER_EXPORTS.pages, METER_EXPORTS.elements].map((name) => (guest.all[name] as WebAssembly.Global).value);
    expect(left).toEqual([8, 14]);
  });

  it('stays below the cap even for a host that grows the exported memory', () => {
    const guest = start('(module (memory (export "m") 1))', { memoryPagesMax: 4 });
    expect(() => (guest.all.m as WebAssembly.Memory).grow(4)).toThrow(RangeError); // exported by the text
  });
});
