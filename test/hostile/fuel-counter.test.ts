import { describe, expect, it } from 'vitest';
import { createMeter, instrument } from '../../runtime/instrument/index.ts';
import { compile, endOf, MODELS, start, startPlain, wat } from '../runtime/instrument/guest.ts';
import { thrownBy } from '../runtime/value/thrown-by.ts';
import { expectStopped, guestText, OP, workOf } from './fuel-attack.ts';
import { moduleOf } from './fuel-bytes.ts';

/* The counter is the guest's own global, or one that it imports: nothing in the guest may name, see, or write it. */

const METERS = ['own', 'shared'] as const;

/** One function with an operation for which a helper is added. */
const FIRST = '(memory 1) (func (drop (memory.grow (i32.const 1))))';

/** Each names the first that is added of something: it comes right behind the module's own. */
const BEYOND: readonly (readonly [what: string, module: string | Uint8Array])[] = [
  ['global.get', '(module (global (mut i64) (i64.const 0)) (func (drop (global.get 1))))'],
  ['global.set', '(module (func (global.set 0 (i64.const 9))))'],
  ['global.set of the pages', '(module (func (global.set 1 (i32.const 9))))'],
  ['global.get in a global', '(module (global i64 (i64.const 0)) (global i64 (global.get 2)))'],
  ['global.get in an element segment', '(module (table 1 funcref) (elem (global.get 1) func))'],
  ['global.get in a data segment', '(module (memory 1) (data (global.get 2) "x"))'],
  ['an exported global', '(module (global i64 (i64.const 0)) (export "g" (global 1)))'],
  ['call', `(module ${FIRST} (func (drop (call 2 (i32.const 1)))))`],
  ['return_call', `(module ${FIRST} (func (result i32) (return_call 2 (i32.const 1))))`],
  ['ref.func', `(module ${FIRST} (func (drop (ref.func 2))))`],
  ['an element', `(module ${FIRST} (table 1 funcref) (elem (i32.const 0) 1))`],
  ['an exported function', `(module ${FIRST} (export "f" (func 1)))`],
  ['a start function', `(module ${FIRST} (start 1))`],
  ['a type', `(module ${FIRST} (table 1 funcref) (func (drop (call_indirect (type 1) (i32.const 0) (i32.const 0)))))`],
  ['a type of a block', moduleOf([{ code: Uint8Array.of(0x41, 1, 0x40, 0, 0x02, 1, 0x0b, 0x1a, 0x0b) }])],
];

describe.each(METERS)('what instrumentation adds cannot be named by its index: %s counters', (meter) => {
  it.each(BEYOND)('%s', (_, module) => {
    const bytes = typeof module === 'string' ? wat(module) : module;
    expect(thrownBy(() => instrument(bytes, { meter })).code).toBe('component/invalid-core-module');
  });
});

describe('what instrumentation adds cannot be named by its name', () => {
  it.each(['fuel', 'pages', 'elements', 'charge', 'start', 'memory:0', 'anything'])('cellblock:%s', (name) => {
    const exported = `(module (global (export "cellblock:${name}") i64 (i64.const 0)))`;
    expect(thrownBy(() => instrument(wat(exported)))).toMatchObject({ code: 'component/unsupported' });
    for (const kind of ['global (mut i64)', 'func (param i32) (result i32)', 'memory 1', 'table 1 funcref', 'tag']) {
      const imported = `(module (import "any" "cellblock:${name}" (${kind})))`;
      expect(thrownBy(() => instrument(wat(imported)))).toMatchObject({ code: 'component/unsupported' });
    }
  });

  it('cellblock:meter', () => {
    const imported = '(module (import "cellblock:meter" "x" (global (mut i64))))';
    for (const meter of METERS) expect(thrownBy(() => instrument(wat(imported), { meter })).code).toBe('component/unsupported');
  });

  it('a byte order mark in front does not hide a name, nor does one make it reserved for the engine', () => {
    const hidden = wat('(module (import "any" "\\ef\\bb\\bfcellblock:fuel" (global (mut i64))))');
    const error = endOf(() => instrument(hidden));
    if (error.startsWith('value')) {
      const a = start('(module (func (export "run")))');
      expect(() =>
        createMeter({ fuel: 99n, pages: 0, elements: 0 }).instantiate(instrument(hidden), compile(hidden), { any: a.all }),
      ).toThrow();
    }
  });
});

describe.each(MODELS)('a module that is given the counters all the same: %s', (model) => {
  it('can charge, and nothing else, if it gets the charging function under another name', () => {
    const owner = start('(module (func (export "run") (loop $l (br $l))))', { model, fuel: 100_000n });
    const charge = owner.all['cellblock:charge'] as WebAssembly.ImportValue;
    const text = guestText(
      '(func (export "run") (param i32) (result i32) (call $charge (local.get 0)))',
      '(import "a" "b" (func $charge (param i32) (result i32)))',
    );
    const guest = start(text, { model, under: owner.meter, imports: { a: { b: charge } } });
    const before = owner.meter.fuelLeft;
    expect(guest.exports.run?.(1000)).toBe(1);
    expect(owner.meter.fuelLeft).toBeLessThanOrEqual(before - 1000n);
    expect(guest.exports.run?.(-1)).toBe(0); // 2^32 - 1 units
    expect(owner.meter.exhausted()).toBe(true);
    for (let call = 0; call < 100; call += 1) endOf(() => guest.exports.run?.(-1));
    expect(owner.meter.exhausted()).toBe(true);
    expect(endOf(() => owner.exports.run?.())).toBe('unreachable');
  });
});

describe.each(MODELS)('globals keep their meaning where the counters come before them: %s', (model) => {
  const text = `(module (import "a" "g" (global $in (mut i32))) (import "a" "o" (global $offset i32))
    (memory (export "memory") 1) (table $table (export "table") 4 funcref)
    (global $own (export "own") (mut i32) (i32.const 5)) (global $copy (export "copy") i32 (global.get $offset))
    (global $f (export "f") funcref (ref.func $get)) (export "in" (global $in)) (export "offset" (global $offset))
    (func $get (export "get") (result i32) (i32.add (global.get $own) (global.get $in)))
    (func (export "run") (param i32) (result i32)
      (loop $l (global.set $own (i32.add (global.get $own) (i32.const 3))) (global.set $in (i32.sub (global.get $in) (i32.const 1)))
        (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
      (i32.add (call $get) (i32.load8_u (global.get $copy))))
    (elem (global.get $offset) func $get) (data (global.get $offset) "A"))`;
  const valuesOf = (exports: WebAssembly.Exports): unknown =>
    ['own', 'copy', 'in', 'offset'].map((name) => (exports[name] as WebAssembly.Global).value);
  const imports = (): WebAssembly.Imports => ({
    a: { g: new WebAssembly.Global({ value: 'i32', mutable: true }, 100), o: new WebAssembly.Global({ value: 'i32' }, 2) },
  });

  it.each(METERS)('%s counters', (meter) => {
    const guest = start(text, { model, meter, imports: imports() });
    const plain = startPlain(text, imports());
    expect(guest.exports.run?.(50)).toBe(plain.run?.(50));
    expect(valuesOf(guest.all)).toEqual(valuesOf(plain as unknown as WebAssembly.Exports)); // of the same text
    const tables = [guest.all.table, plain.table].map((value) => value as unknown as WebAssembly.Table); // exported
    const called = tables.map((table) => [0, 1, 2, 3].map((at) => (table.get(at) as (() => number) | null)?.()));
    expect(called[0]).toEqual(called[1]);
    expect(called[0]?.[2]).toBeTypeOf('number');
  });

  it.each(METERS)('and a loop that writes every global it has is stopped: %s counters', (meter) => {
    const body = `(global $a (mut i64) (i64.const 0)) (global $b (mut i32) (i32.const 0)) (global $c (mut i32) (i32.const 0))
      (func (export "run") (loop $l ${OP} (global.set $a (i64.const -1)) (global.set $b (i32.const -1)) (global.set $c (i32.const -1))
        (global.set $times (i32.const -1)) (br $l)))`;
    const guest =
      meter === 'own' ? expectStopped(guestText(body), { model }) : start(guestText(body), { model, meter, fuel: 20_000n });
    expect(endOf(() => guest.exports.run?.())).toBe('unreachable');
    expect(workOf(guest)).toBeLessThanOrEqual(4 * (20_000 + 1024));
  });
});
