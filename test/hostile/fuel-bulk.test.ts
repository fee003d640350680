import { describe, expect, it } from 'vitest';
import { COST_MODELS } from '../../runtime/instrument/index.ts';
import { endOf, MODELS, start } from '../runtime/instrument/guest.ts';
import { guestText, OP, workOf } from './fuel-attack.ts';

/* Work by length, growth, and numbers near the ends of their types. */

const GIB = 2 ** 30;

/** Loops over one operation, counting how often it was done; a hole ends with a trap after 2^20 turns. */
const loop = (operation: string, more = ''): string =>
  `(module ${more} (memory (export "memory") 1) (global $work (export "work") (mut i64) (i64.const 0)) (data $d "${'x'.repeat(9000)}")
    (func (export "run") (loop $l ${operation} (global.set $work (i64.add (global.get $work) (i64.const 1)))
      (drop (i32.load8_u (i32.wrap_i64 (i64.shr_u (global.get $work) (i64.const 4))))) (br $l))))`;

describe.each(MODELS)('bulk operations in an endless loop are paid for by length: %s', (model) => {
  const { bytesPerUnit, tableElement } = COST_MODELS[model].charges;
  const fuel = 300_000n;

  it.each(
    [
      'memory.fill (i32.const 0) (i32.const 1)',
      'memory.copy (i32.const 0) (i32.const 1)',
      'memory.init $d (i32.const 0) (i32.const 0)',
    ].flatMap((operation) =>
      [1, 63, 64, 65, 127, 128, 4095, 4096, 4097, 8191, 8192].map(
        (length) => [operation.split(' ')[0], length, operation] as const,
      ),
    ),
  )('%s of %s bytes', (_, length, operation) => {
    for (const operand of [`(i32.const ${length})`, `(i32.add (i32.const 1) (i32.const ${length - 1}))`]) {
      const guest = start(loop(`(${operation} ${operand})`), { model, fuel });
      expect(endOf(() => guest.exports.run?.())).toBe('unreachable');
      expect(guest.meter.exhausted()).toBe(true);
      expect((workOf(guest) * length) / bytesPerUnit).toBeLessThanOrEqual(Number(fuel));
      expect(workOf(guest)).toBeGreaterThan(0);
    }
  });

  it.each([1, 31, 32, 33, 900])('table.fill, copy and init of %s elements', (length) => {
    const table = `(table $table 2000 funcref) (func $f) (elem $e func ${'$f '.repeat(1000)})`;
    for (const operation of [
      'table.fill $table (i32.const 0) (ref.func $f)',
      'table.copy (i32.const 0) (i32.const 1)',
      'table.init $e (i32.const 0) (i32.const 0)',
    ]) {
      const guest = start(loop(`(${operation} (i32.const ${length}))`, table), { model, fuel });
      expect(endOf(() => guest.exports.run?.())).toBe('unreachable');
      expect(workOf(guest) * length * tableElement).toBeLessThanOrEqual(Number(fuel));
    }
  });

  it('that follow one another without end', () => {
    const copies = '(memory.copy (i32.const 1) (i32.const 0) (i32.const 4096))'.repeat(1000);
    const guest = start(loop(copies), { model, fuel });
    expect(endOf(() => guest.exports.run?.())).toBe('unreachable');
    expect(workOf(guest) * 1000 * (4096 / bytesPerUnit)).toBeLessThanOrEqual(Number(fuel));
  });

  it.each([
    ['memory.fill', `(memory.fill (i32.const 0) (i32.const 7) (i32.const ${2 * GIB - 1}))`],
    ['memory.fill beyond the end', '(memory.fill (i32.const 0) (i32.const 7) (i32.const -1))'],
    ['memory.copy', `(memory.copy (i32.const 0) (i32.const 1) (i32.const ${GIB}))`],
    ['table.fill', '(table.fill 0 (i32.const 0) (ref.null func) (i32.const -1))'],
    ['table.copy', '(table.copy (i32.const 0) (i32.const 1) (i32.const -1))'],
  ])('%s of gigabytes is paid for before it is done', (_, operation) => {
    const guest = start(guestText(`(table 10 funcref) (func (export "run") ${operation} ${OP})`), { model });
    // 2^30 bytes are 2^24 units in `region`, less than the 10^9 of fuel: such a one gets as far as its own trap.
    const short = start(guestText(`(table 10 funcref) (func (export "run") ${operation} ${OP})`), { model, fuel: 1_000_000n });
    expect(endOf(() => short.exports.run?.())).toBe('unreachable');
    expect(short.meter.exhausted()).toBe(true);
    expect(endOf(() => guest.exports.run?.())).toMatch(/unreachable|out of bounds/);
    for (const { all } of [guest, short]) expect(new Uint8Array((all.memory as WebAssembly.Memory).buffer)[0]).toBe(0); // exported
  });
});

describe.each(MODELS)('growth: %s', (model) => {
  it.each([
    ['memory.grow by 2^32 - 1', '(drop (memory.grow (i32.const -1)))'],
    ['memory.grow by 2^31', '(drop (memory.grow (i32.const -2147483648)))'],
    ['memory.grow by 65,536', '(drop (memory.grow (i32.const 65536)))'],
    ['table.grow by 2^32 - 1', '(drop (table.grow (ref.null func) (i32.const -1)))'],
    ['table.grow by 9,999,999', '(drop (table.grow (ref.null func) (i32.const 9999999)))'],
    ['table.grow by nothing', '(drop (table.grow (ref.null func) (i32.const 0)))'],
    ['memory.grow by nothing', '(drop (memory.grow (i32.const 0)))'],
  ])('%s, without end, is stopped and takes nothing', (_, operation) => {
    const guest = start(loop(operation, '(table 10 funcref)'), { model, fuel: 100_000n, pages: 5, elements: 5 });
    expect(endOf(() => guest.exports.run?.())).toBe('unreachable');
    expect(workOf(guest)).toBeLessThanOrEqual(100_000 / COST_MODELS[model].costOf[0x40]!); // memory.grow, as dear as table.grow
    const left = ['pages', 'elements'].map((name) => (guest.all[`cellblock:${name}`] as WebAssembly.Global).value); // own meter
    expect(left).toEqual([5, 5]);
    expect((guest.all.memory as WebAssembly.Memory).buffer.byteLength).toBe(65_536); // exported
  });

  it.each([1, 2, 7])('by %s at a time stops at the budget, however often it is tried', (by) => {
    const text = `(module (memory (export "memory") 1) (table (export "table") 1 externref)
      (func (export "pages") (result i32) (memory.grow (i32.const ${by})))
      (func (export "elements") (param i32) (result i32) (table.grow (ref.null extern) (local.get 0))))`;
    const guest = start(text, { model, pages: 20, elements: 20 });
    for (let time = 0; time < 100; time += 1) {
      guest.exports.pages?.();
      guest.exports.elements?.(by);
    }
    const most = 1 + 20 - (20 % by);
    expect((guest.all.memory as WebAssembly.Memory).buffer.byteLength).toBe(most * 65_536); // exported, as the table
    expect((guest.all.table as WebAssembly.Table).length).toBe(most);
  });

  it('of several memories and tables together stops at the budget', () => {
    const text = `(module (table $a 1 funcref) (table $b 1 externref)
      (func (export "a") (param i32) (result i32) (table.grow $a (ref.null func) (local.get 0)))
      (func (export "b") (param i32) (result i32) (table.grow $b (ref.null extern) (local.get 0))))`;
    const guest = start(text, { model, elements: 10 });
    expect([
      guest.exports.a?.(6),
      guest.exports.b?.(6),
      guest.exports.b?.(-6),
      guest.exports.b?.(4),
      guest.exports.a?.(1),
    ]).toEqual([1, -1, -1, 1, -1]);
  });
});

describe.each(MODELS)('fuel at the ends of its range: %s', (model) => {
  const text = guestText(`(func (export "run") (param i32) (result i32) (loop $l ${OP}
    (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (i32.const 42))`);

  it('of 2^62 less the start runs, and counts the same as any other', () => {
    const startFuel = BigInt(start(text, { model }).instrumented.startFuel);
    const guest = start(text, { model, fuel: 2n ** 62n - startFuel });
    expect(guest.fuelOf('run', 1000)).toBe(start(text, { model, fuel: 10n ** 6n }).fuelOf('run', 1000));
    expect(guest.meter.fuelLeft).toBe(2n ** 62n - startFuel - guest.used());
  });

  it('cannot be driven below what the counter holds', () => {
    // Each call of an exhausted guest takes at most what its entry costs; the host's charges take nothing more.
    const huge = guestText(`(func $h ${'(table.fill 0 (i32.const 0) (ref.null func) (i32.const -1))'.repeat(9)})
      (table 1 funcref) (func (export "run") (call $h))`);
    const guest = start(huge, { model, fuel: 10n });
    for (let call = 0; call < 1000; call += 1) {
      expect(endOf(() => guest.exports.run?.())).toBe('unreachable');
      expect(guest.meter.charge(2n ** 62n)).toBe(false);
      expect(guest.meter.charge(0xffff_ffff)).toBe(false);
    }
    const left = (guest.all['cellblock:fuel'] as WebAssembly.Global).value as bigint; // own meter
    expect(left).toBeLessThan(0n);
    expect(left).toBeGreaterThan(-(2n ** 50n));
  });
});
