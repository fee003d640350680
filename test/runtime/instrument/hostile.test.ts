import { describe, expect, it } from 'vitest';
import { createMeter, instrument, MODULE_LIMITS } from '../../../runtime/instrument/index.ts';
import { thrownBy } from '../value/thrown-by.ts';
import { endOf, start, wat } from './guest.ts';

const run = (guest: ReturnType<typeof start>, ...args: unknown[]): string => endOf(() => guest.exports.run?.(...args));

/** Ends out of fuel, by a trap, within a second. */
function expectStopped(source: string, fuel = 1_000_000n, args: unknown[] = []): void {
  const guest = start(source, { fuel });
  const began = performance.now();
  expect(run(guest, ...args)).toBe('unreachable');
  expect(performance.now() - began).toBeLessThan(1000);
  expect(guest.meter.exhausted()).toBe(true);
  expect(guest.meter.fuelUsed()).toBe(fuel);
}

const func = (body: string, more = ''): string => `(module ${more} (func (export "run") ${body}))`;

describe('endless work stops out of fuel', () => {
  it.each([
    ['an empty loop', func('(loop (br 0))')],
    ['a loop whose only instruction is a conditional branch', func('(loop (br_if 0 (i32.const 1)))')],
    ['a br_table in nested loops', func('(loop (loop (loop (br_table 0 1 2 1 (i32.const 3)))))')],
    ['a loop that leaves through a try', func('(loop (try (do (br 1)) (catch_all)))')],
    ['a loop of exceptions', func('(loop (try (do (throw 0)) (catch_all (br 1))))', '(tag)')],
    ['mutual tail calls', '(module (func $a (export "run") (return_call $b)) (func $b (return_call $a)))'],
    ['mutual recursion that branches', '(module (func $a (export "run") (call $b) (call $b)) (func $b (call $a)))'],
    ['indirect tail calls', func('(return_call_indirect (i32.const 0))', '(table 1 funcref) (elem (i32.const 0) 0)')],
    ['a loop of refused memory growth', func('(loop (drop (memory.grow (i32.const 65535))) (br 0))', '(memory 1)')],
    ['a loop of growth by nothing', func('(loop (drop (memory.grow (i32.const 0))) (br 0))', '(memory 1)')],
  ])('%s', (_, source) => {
    // Recursion may meet the end of the stack first; it must be cheap enough here that it does not.
    expectStopped(source, 20_000n);
  });

  it('a call tree that doubles at each of 40 levels', () => {
    const levels = Array.from({ length: 40 }, (_, at) => `(func $f${at} (call $f${at + 1}) (call $f${at + 1}))`);
    expectStopped(`(module ${levels.join('')} (func $f40) (export "run" (func $f0)))`);
  });

  it('a loop around a 64 MiB memory.fill, after one or two of them', () => {
    const source = func('(loop (memory.fill (i32.const 0) (i32.const 1) (i32.const 67108864)) (br 0))', '(memory 1024)');
    const guest = start(source, { fuel: 2_500_000n }); // each fill costs 1,048,576
    expect(run(guest)).toBe('unreachable');
    expect(guest.meter.exhausted()).toBe(true);
  });

  it('a start function that loops, before the module can be used', () => {
    const meter = createMeter({ fuel: 10_000n, pages: 1, elements: 1 });
    expect(endOf(() => start('(module (func (loop (br 0))) (start 0))', { meter }))).toBe('unreachable');
    expect(meter.exhausted()).toBe(true);
  });

  it('any later call, once the fuel is used up', () => {
    const guest = start('(module (func (export "run") (loop (br 0))) (func (export "next") (result i32) (i32.const 1)))', {
      fuel: 99n,
    });
    run(guest);
    expect(endOf(() => guest.exports.next?.())).toBe('unreachable');
  });
});

describe('out of fuel', () => {
  it('is not caught by catch_all', () => {
    const source = `(module (func $burn (loop (br 0)))
      (func (export "run") (result i32) (try (result i32) (do (call $burn) (i32.const 1)) (catch_all (i32.const 2)))))`;
    const guest = start(source, { fuel: 1000n });
    expect(run(guest)).toBe('unreachable');
  });

  it('keeps a huge function from starting when it cannot pay for all of it', () => {
    const source = (count: number): string => `(module (global (export "x") (mut i32) (i32.const 0)) (func (export "run")
      ${'(global.set 0 (i32.add (global.get 0) (i32.const 1)))'.repeat(count)}))`;
    const cost = BigInt(4 * 50_000 + 1);
    const guest = start(source(50_000), { fuel: cost - 1n });
    expect(run(guest)).toBe('unreachable');
    expect((guest.all.x as WebAssembly.Global).value).toBe(0); // exported by the text above
    const paid = start(source(50_000), { fuel: cost });
    expect(run(paid)).toBe('value undefined');
    expect(paid.meter.fuelLeft).toBe(0n);
  });

  it('comes before a bulk operation does anything', () => {
    const source = `(module (memory (export "m") 4) (func (export "run") (memory.fill (i32.const 0) (i32.const 1) (i32.const 200000))))`;
    const guest = start(source, { fuel: 3000n }); // the fill costs 3,125 and its base
    expect(run(guest)).toBe('unreachable');
    expect(new Uint8Array((guest.all.m as WebAssembly.Memory).buffer)[0]).toBe(0); // exported by the text above
  });

  it.each([
    ['memory.fill', '(memory.fill (i32.const 0) (i32.const 1) (local.get 0))', 32, 64, 1],
    ['memory.copy', '(memory.copy (i32.const 0) (i32.const 1) (local.get 0))', 32, 64, 1],
    ['memory.init', '(memory.init 0 (i32.const 0) (i32.const 0) (local.get 0))', 32, 64, 1],
    ['table.fill', '(table.fill 0 (i32.const 0) (ref.null func) (local.get 0))', 64, 1, 32],
    ['table.copy', '(table.copy (i32.const 0) (i32.const 0) (local.get 0))', 64, 1, 32],
    ['table.init', '(table.init 0 (i32.const 0) (i32.const 0) (local.get 0))', 64, 1, 32],
  ])('charges %s by its length', (_, operation, base, per, units) => {
    const source = `(module (memory 1) (table 300 funcref) (data "${'x'.repeat(200)}") (elem func ${'0 '.repeat(200)})
      (func (export "run") (param i32) ${operation}))`;
    const guest = start(source);
    for (const length of [0, 1, 64, 65, 200]) {
      expect(guest.fuelOf('run', length)).toBe(BigInt(1 + 3 + base + Math.ceil(length / per) * units));
    }
  });
});

describe('growth', () => {
  const memory = func('(param i32) (result i32) (memory.grow (local.get 0))', '(memory (export "m") 1)');
  const table = func('(param i32) (result i32) (table.grow (ref.null func) (local.get 0))', '(table (export "t") 1 funcref)');

  it('of memory answers -1 beyond the budget, and takes from the budget what it gets', () => {
    const guest = start(memory, { pages: 10 });
    expect([65_535, 11, -1, 10, 1, 0].map((by) => guest.exports.run?.(by))).toEqual([-1, -1, -1, 1, -1, 11]);
    expect(guest.meter.imports['cellblock:meter'].pages.value).toBe(0);
  });

  it('of memory is charged by page, and only when it succeeds', () => {
    const guest = start(memory, { pages: 10 });
    expect(guest.fuelOf('run', 11)).toBe(1n + 1n + 1024n);
    expect(guest.fuelOf('run', 3)).toBe(1n + 1n + 1024n + 3n * 1024n);
  });

  it('of memory answers -1 beyond the maximum that the guest declared, and keeps the budget', () => {
    const guest = start(memory.replace('(memory (export "m") 1)', '(memory (export "m") 1 3)'), { pages: 10 });
    expect([3, 2, 1].map((by) => guest.exports.run?.(by))).toEqual([-1, 1, -1]);
    expect(guest.meter.imports['cellblock:meter'].pages.value).toBe(8);
  });

  it('of a table by 9,999,999 answers -1', () => {
    const guest = start(table, { elements: 100 });
    expect([9_999_999, -1, 101, 99, 2, 1].map((by) => guest.exports.run?.(by))).toEqual([-1, -1, -1, 1, -1, 100]);
    expect(guest.meter.imports['cellblock:meter'].elements.value).toBe(0);
  });

  it('shares one budget among the modules of a component', () => {
    const meter = createMeter({ fuel: 10n ** 6n, pages: 10, elements: 0 });
    const first = start(memory, { meter });
    const second = start(memory, { meter });
    expect([first.exports.run?.(6), second.exports.run?.(6), second.exports.run?.(4)]).toEqual([1, -1, 1]);
  });

  it('of an imported memory counts too', () => {
    const owner = start(memory, { pages: 4 });
    const source = func('(param i32) (result i32) (memory.grow (local.get 0))', '(import "a" "m" (memory 1))');
    const guest = start(source, { meter: owner.meter, imports: { a: { m: owner.all.m as WebAssembly.Memory } } }); // exported by the text
    expect([guest.exports.run?.(5), guest.exports.run?.(3), owner.exports.run?.(2)]).toEqual([-1, 1, -1]);
  });

  it('stays below the cap even for a host that grows the exported memory', () => {
    const guest = start(memory, { options: { memoryPagesMax: 4 } });
    expect(() => (guest.all.m as WebAssembly.Memory).grow(4)).toThrow(RangeError); // exported by the text
  });
});

describe('modules that would cost too much to compile are refused quickly', () => {
  const leb = (value: number): number[] => (value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7)]);
  const section = (id: number, content: Uint8Array): Buffer =>
    Buffer.concat([Buffer.from([id, ...leb(content.length)]), content]);
  const vector = (count: number, item: readonly number[]): Buffer =>
    Buffer.concat([Buffer.from(leb(count)), Buffer.alloc(count * item.length, Buffer.from(item))]);
  const header = Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
  const withBodies = (count: number, body: readonly number[]): Uint8Array =>
    Buffer.concat([
      header,
      section(1, Buffer.from([1, 0x60, 0, 0])),
      section(3, vector(count, [0])),
      section(10, vector(count, [...leb(body.length), ...body])),
    ]);

  it.each([
    ['200,000 functions with 50,000 locals', withBodies(200_000, [1, ...leb(50_000), 0x7f, 0x0b]), 'functionsMax'],
    ['1,000 functions with 50,000 locals', withBodies(1000, [1, ...leb(50_000), 0x7f, 0x0b]), 'localsMax'],
    ['one function with 50,001 locals', withBodies(1, [1, ...leb(50_001), 0x7f, 0x0b]), 'functionLocalsMax'],
    ['100 memories', Buffer.concat([header, section(5, vector(100, [0, 0]))]), 'memoriesMax'],
    ['200 tables', Buffer.concat([header, section(4, vector(200, [0x70, 0, 0]))]), 'tablesMax'],
    ['100,000 globals', Buffer.concat([header, section(6, vector(100_000, [0x7f, 0, 0x41, 0, 0x0b]))]), 'globalsMax'],
    ['100,000 types', Buffer.concat([header, section(1, vector(100_000, [0x60, 0, 0]))]), 'typesMax'],
    ['100,000 data segments', Buffer.concat([header, section(11, vector(100_000, [1, 0]))]), 'dataSegmentsMax'],
    [
      '30,000 blocks inside one another',
      withBodies(1, [0, ...new Array(30_000).fill([2, 0x40]).flat(), ...new Array(30_001).fill(0x0b)]),
      'nestingMax',
    ],
    [
      '50,000 locals and 10,000 blocks',
      withBodies(1, [1, ...leb(50_000), 0x7f, ...new Array(10_000).fill([2, 0x40, 0x0b]).flat(), 0x0b]),
      'compileValuesMax',
    ],
    [
      '100,000 operands and 1,000 blocks',
      withBodies(1, [
        0,
        ...new Array(100_000).fill([0x41, 0]).flat(),
        ...new Array(1000).fill([2, 0x40, 0x0b]).flat(),
        ...new Array(100_000).fill(0x1a),
        0x0b,
      ]),
      'compileValuesMax',
    ],
    ['a body beyond 7,654,321 bytes', withBodies(1, [0, ...new Array(7_654_320).fill(1), 0x0b]), 'functionBytesMax'],
  ])('%s', (_, bytes, limitName) => {
    const began = performance.now();
    const error = thrownBy(() => instrument(bytes));
    expect(performance.now() - began).toBeLessThan(500);
    expect([error.code, error.data.limitName]).toEqual(['component/too-large', limitName]);
    expect(error.data.limit).toBe(MODULE_LIMITS[limitName as keyof typeof MODULE_LIMITS]); // the names are in the table
    expect(error.data.used).toBeGreaterThan(error.data.limit as number); // a number, as the line above shows
  });

  it('a function that only its charges make too large', () => {
    const body = [0, ...new Array(600_000).fill([0x41, 0, 0x0d, 0]).flat(), 0x0b];
    const error = thrownBy(() => instrument(withBodies(1, body)));
    expect([error.code, error.data.limitName]).toEqual(['component/too-large', 'functionBytesMax']);
    expect(error.message).toContain('function 0 with its charges');
  });

  it('65,536 initial pages, or tables that only together pass the cap', () => {
    const pages = thrownBy(() => instrument(wat('(module (memory 65536))'), { memoryPagesMax: 1024 }));
    expect([pages.code, pages.data]).toEqual(['limit/memory', { limit: 1024, used: 65_536, unit: '64 KiB pages' }]);
    const tables = thrownBy(() => instrument(wat('(module (table 60 funcref) (table 60 funcref))'), { tableElementsMax: 100 }));
    expect([tables.code, tables.data]).toEqual(['limit/table', { limit: 100, used: 120, unit: 'elements' }]);
    const imported = thrownBy(() => instrument(wat('(module (import "a" "m" (memory 2000)))'), { memoryPagesMax: 1024 }));
    expect(imported.code).toBe('limit/memory');
  });
});
