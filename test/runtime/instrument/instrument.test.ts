import { describe, expect, it } from 'vitest';
import { COST_MODELS, instrument, METER_EXPORTS } from '../../../runtime/instrument/index.ts';
import { thrownBy } from '../value/thrown-by.ts';
import { compile, endOf, MODELS, start, startPlain, validInstrumented, wat } from './guest.ts';

describe('an instrumented module', () => {
  const cases: [string, string, [string, ...unknown[]][]][] = [
    [
      'computes with loops, br_table and memory',
      `(module (memory 1) (func (export "sieve") (param $n i32) (result i32) (local $i i32) (local $j i32) (local $count i32)
        (local.set $i (i32.const 2))
        (block $done (loop $next
          (br_if $done (i32.ge_u (local.get $i) (local.get $n)))
          (if (i32.eqz (i32.load8_u (local.get $i))) (then
            (local.set $count (i32.add (local.get $count) (i32.const 1)))
            (local.set $j (local.get $i))
            (loop $mark (i32.store8 (local.get $j) (i32.const 1))
              (br_if $mark (i32.lt_u (local.tee $j (i32.add (local.get $j) (local.get $i))) (local.get $n))))))
          (local.set $i (i32.add (local.get $i) (i32.const 1))) (br $next)))
        (local.get $count))
       (func (export "switch") (param i32) (result i32)
        (block $a (block $b (block $c (br_table $a $b $c (local.get 0))) (return (i32.const 30))) (return (i32.const 20))) (i32.const 10)))`,
      [
        ['sieve', 1000],
        ['switch', 0],
        ['switch', 1],
        ['switch', 2],
        ['switch', -1],
      ],
    ],
    [
      'keeps values on the stack across charges: blocks, loops and ifs with parameters and results',
      `(module (func (export "f") (param i32) (result i32 i64)
        (local.get 0) (loop (param i32) (result i32) (i32.const 1) (i32.sub) (local.tee 0) (local.get 0) (i32.const 3) (i32.gt_s) (br_if 0))
        (i64.const 5) (local.get 0) (if (param i32 i64) (result i32 i64) (then (i64.const 2) (i64.mul)) (else))))`,
      [
        ['f', 10],
        ['f', 4],
        ['f', 1],
      ],
    ],
    [
      'throws, catches, rethrows and delegates',
      `(module (tag $t (param i32))
        (func $thrower (param i32) (if (local.get 0) (then (throw $t (local.get 0)))))
        (func (export "f") (param i32) (result i32)
          (try (result i32) (do
            (try (do (call $thrower (local.get 0))) (catch $t (drop) (rethrow 0))) (i32.const -1))
            (catch $t (i32.const 100) (i32.add))))
        (func (export "g") (param i32) (result i32)
          (try $outer (result i32) (do (try (do (call $thrower (local.get 0))) (delegate $outer)) (i32.const 7)) (catch_all (i32.const 8))))
        (func (export "h") (param i32) (call $thrower (local.get 0))))`,
      [
        ['f', 0],
        ['f', 5],
        ['g', 0],
        ['g', 1],
        ['h', 0],
      ],
    ],
    [
      'makes tail calls, direct and through a table, a million deep',
      `(module (type $t (func (param i32 i32) (result i32))) (table funcref (elem $a $b))
        (func $a (type $t) (if (result i32) (local.get 0)
          (then (return_call_indirect (type $t) (i32.sub (local.get 0) (i32.const 1)) (i32.add (local.get 1) (i32.const 3)) (i32.const 1)))
          (else (local.get 1))))
        (func $b (type $t) (return_call $a (local.get 0) (local.get 1)))
        (export "f" (func $a)))`,
      [['f', 1_000_000, 4]],
    ],
    [
      'runs SIMD',
      `(module (memory 1) (func (export "f") (param i32) (result i32)
        (v128.store (i32.const 0) (i32x4.mul (i32x4.splat (local.get 0)) (v128.const i32x4 1 2 3 4)))
        (v128.store32_lane 3 (i32.const 64) (i8x16.shuffle 3 2 1 0 7 6 5 4 11 10 9 8 15 14 13 12 (v128.load (i32.const 0)) (v128.load (i32.const 0))))
        (i32.add (i32.load (i32.const 64)) (i32x4.extract_lane 2 (v128.load (i32.const 0))))))`,
      [['f', 77]],
    ],
    [
      'uses tables, element segments, references and null checks',
      `(module (type $t (func (result i32))) (table $t 4 20 funcref) (table $x 2 externref)
        (func $one (result i32) (i32.const 1)) (func $two (result i32) (i32.const 2))
        (elem $e funcref (ref.func $one) (ref.null func) (ref.func $two)) (elem declare func $two)
        (func (export "f") (param i32) (result i32)
          (table.init $t $e (i32.const 0) (i32.const 0) (i32.const 3)) (table.set $t (i32.const 1) (ref.func $two))
          (table.copy $t $t (i32.const 2) (i32.const 0) (i32.const 2)) (drop (table.grow $t (ref.func $one) (i32.const 5)))
          (table.fill $t (i32.const 6) (ref.null func) (i32.const 1)) (elem.drop $e)
          (i32.add (call_indirect $t (type $t) (local.get 0)) (i32.add (table.size $t) (ref.is_null (table.get $t (i32.const 6))))))
        (func (export "g") (param externref) (result i32) (drop (table.grow $x (local.get 0) (i32.const 3))) (table.size $x)))`,
      [
        ['f', 0],
        ['f', 3],
        ['f', 6],
        ['g', null],
      ],
    ],
    [
      'divides by zero, overflows and goes out of bounds with the same traps',
      `(module (memory 1) (func (export "div") (param i32) (result i32) (i32.div_s (i32.const 1) (local.get 0)))
        (func (export "trunc") (param f64) (result i32) (i32.trunc_f64_s (local.get 0)))
        (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
        (func (export "fill") (param i32) (memory.fill (local.get 0) (i32.const 0) (i32.const 10)))
        (func (export "dead") (result i32) (unreachable) (i32.add) (block (br 0) (drop (i32.const 1))) (br 0)))`,
      [['div', 0], ['div', 1], ['trunc', 1e10], ['load', 65_533], ['fill', 65_530], ['dead']],
    ],
  ];

  const HOLDERS = [
    { meter: 'own', memory: 'own' },
    { meter: 'shared', memory: 'own' },
    { meter: 'own', memory: 'given' },
    { meter: 'shared', memory: 'given' },
  ] as const;

  describe.each(MODELS.flatMap((model) => HOLDERS.map((holders) => ({ model, ...holders }))))(
    '$model, $meter counters, $memory memory',
    (options) => {
      it.each(cases)('%s', (_, source, calls) => {
        const plain = startPlain(source);
        const guest = start(source, options);
        for (const [name, ...args] of calls)
          expect([name, endOf(() => guest.exports[name]?.(...args))]).toEqual([name, endOf(() => plain[name]?.(...args))]);
      });
    },
  );

  it.each(['own', 'shared'] as const)(
    'keeps its own globals apart from %s counters, in code, constants, exports and segments',
    (meter) => {
      const source = `(module (import "a" "base" (global $base i32)) (import "a" "count" (global $count (mut i32)))
      (memory (export "m") 1) (table (export "t") 4 funcref) (func $f (result i32) (i32.const 9))
      (global $own (export "own") (mut i32) (i32.const 5)) (global $copy (export "copy") i32 (global.get $base)) (export "count" (global $count))
      (data (global.get $base) "hello") (elem (global.get $base) $f)
      (func (export "bump") (result i32) (global.set $own (i32.add (global.get $own) (global.get $copy))) (global.set $count (global.get $own)) (global.get $own)))`;
      const count = new WebAssembly.Global({ value: 'i32', mutable: true }, 0);
      const guest = start(source, { meter, imports: { a: { base: 2, count } } });
      expect([guest.exports.bump?.(), guest.exports.bump?.(), count.value]).toEqual([7, 9, 9]);
      const own = guest.all.own as WebAssembly.Global; // this and the next three as the text exports them
      const copy = guest.all.copy as WebAssembly.Global;
      const m = guest.all.m as WebAssembly.Memory;
      const t = guest.all.t as WebAssembly.Table;
      expect([own.value, copy.value, Buffer.from(m.buffer, 2, 5).toString(), t.get(2)()]).toEqual([9, 2, 'hello', 9]);
    },
  );

  it('imports its memory from its meter where that may give it one, which is small and the only one', () => {
    const given = (source: string, meter: 'own' | 'shared' = 'own') => {
      const { bytes, memory, memoryPagesInitial } = instrument(wat(source), { meter, memory: 'given', memoryPagesMax: 100 });
      const names = WebAssembly.Module.imports(compile(bytes)).map(({ module, name }) => `${module} ${name}`);
      return { memory, memoryPagesInitial, names };
    };
    const names = ['cellblock:meter memory'];
    expect(given('(module (memory 4))')).toEqual({ memory: { initial: 4, maximum: 100 }, memoryPagesInitial: 4, names });
    expect(given('(module (memory 0 7))')).toEqual({ memory: { initial: 0, maximum: 7 }, memoryPagesInitial: 0, names });
    const counters = ['fuel', 'pages', 'elements'].map((name) => `cellblock:meter ${name}`);
    expect(given('(module (memory 1))', 'shared').names).toEqual([...counters, ...names]);
    expect(given('(module (memory 5))')).toMatchObject({ memory: undefined, names: [] });
    expect(given('(module (import "a" "m" (memory 1)))')).toMatchObject({ memory: undefined, names: ['a m'] });
    expect(given('(module)')).toMatchObject({ memory: undefined, names: [] });
    if (!WebAssembly.validate(new Uint8Array(wat('(module (memory 1) (memory 1))')))) return; // Node 20
    expect(given('(module (memory 1) (memory 1))')).toMatchObject({ memory: undefined, names: [] });
    expect(given('(module (import "a" "m" (memory 1)) (memory 1))')).toMatchObject({ memory: undefined, names: ['a m'] });
  });

  it('exports its counters and its start function to the host, and nothing that it imports', () => {
    const added = (source: string, meter: 'own' | 'shared') =>
      WebAssembly.Module.exports(compile(instrument(wat(source), { meter }).bytes)).map(({ name, kind }) => `${kind} ${name}`);
    const counters = [
      'global cellblock:fuel',
      'global cellblock:pages',
      'global cellblock:elements',
      'function cellblock:charge',
    ];
    const memory = '(module (memory 1) (func (export "f")))';
    expect(added(memory, 'own')).toEqual(['function f', ...counters]);
    expect(added(memory, 'shared')).toEqual(['function f']);
    expect(added('(module (func) (start 0))', 'own')).toEqual(['function cellblock:start', ...counters]);
    expect(added('(module (import "a" "m" (memory 1)))', 'shared')).toEqual([]);
    expect(added('(module)', 'own')).toEqual(counters);
  });

  it('imports nothing more with its own counters, and three globals with shared ones', () => {
    const imports = (meter: 'own' | 'shared') =>
      WebAssembly.Module.imports(compile(instrument(wat('(module (import "a" "f" (func)))'), { meter }).bytes));
    expect(imports('own').map(({ module, name }) => `${module} ${name}`)).toEqual(['a f']);
    expect(imports('shared').map(({ module, name, kind }) => `${module} ${name} ${kind}`)).toEqual([
      'a f function',
      'cellblock:meter fuel global',
      'cellblock:meter pages global',
      'cellblock:meter elements global',
    ]);
  });

  it('cannot reach its counters: every index that it knows means what it meant', () => {
    // With one more global, `global.set 0` is the guest's own; the counters come behind it.
    const source = `(module (global (mut i64) (i64.const 0))
      (func (export "run") (global.set 0 (i64.const 4611686018427387904)) (loop (br 0))))`;
    const guest = start(source, { fuel: 1000n });
    expect(endOf(() => guest.exports.run?.())).toBe('unreachable');
    expect(guest.meter.exhausted()).toBe(true);
    const beyond = Uint8Array.from([
      ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0],
      ...[10, 8, 1, 6, 0, 0x42, 9, 0x24, 0, 0x0b], // global.set 0, which would be the fuel
    ]);
    expect(thrownBy(() => instrument(beyond)).message).toBe('core module: global 0 does not exist at byte 26');
  });

  it('lowers maxima to the cap and leaves lower ones and imports alone', () => {
    const limits = (source: string): unknown => {
      const guest = start(source, { memoryPagesMax: 8, tableElementsMax: 20 });
      const tryGrow = (by: number) => endOf(() => (guest.all.m as WebAssembly.Memory).grow(by)).startsWith('value'); // exported by each text
      return [tryGrow(8), tryGrow(7), tryGrow(1)];
    };
    expect(limits('(module (memory (export "m") 1))')).toEqual([false, true, false]);
    expect(limits('(module (memory (export "m") 1 100))')).toEqual([false, true, false]);
    expect(limits('(module (memory (export "m") 1 2))')).toEqual([false, false, true]);
    const owner = start('(module (memory (export "m") 1 100) (table (export "t") 1 100 funcref))', {
      memoryPagesMax: 8,
      tableElementsMax: 20,
    });
    const importer =
      '(module (import "a" "m" (memory 1 100)) (import "a" "t" (table 1 100 funcref)) (func (export "size") (result i32) memory.size))';
    const { m = null, t = null } = owner.all;
    expect(start(importer, { imports: { a: { m, t } as WebAssembly.ModuleImports } }).exports.size?.()).toBe(1); // a memory and a table
  });

  it.each(MODELS)('says what the host has to reserve, and what starting costs, in %s alike', (model) => {
    const { bytes, ...sums } = instrument(
      wat(`(module (memory 3) (table 7 funcref) (table 2 externref) (func (nop)) (global i32 (i32.const 1)) (start 0)
      (data (i32.const 0) "${'x'.repeat(65)}") (data "not active") (elem (i32.const 0) 0 0))`),
      { model, meter: 'shared' },
    );
    // One 64 bytes and one more of active data; two elements; a constant and its end; less than 64 bytes of code.
    const { name, version, digest } = COST_MODELS[model];
    expect(sums).toEqual({
      meter: 'shared',
      memoryPagesInitial: 3,
      tableElementsInitial: 9,
      startFuel: 2 + 2 * 32 + 2 + 1,
      starts: true,
      costModel: { name, version, digest },
    });
    expect(WebAssembly.validate(new Uint8Array(bytes))).toBe(true);
  });

  it('leaves its start function to the host', () => {
    const source = '(module (global (export "x") (mut i32) (i32.const 0)) (func $s (global.set 0 (i32.const 7))) (start $s))';
    const { bytes, starts, startFuel } = instrument(wat(source), { model: 'exact' });
    const { exports } = new WebAssembly.Instance(compile(bytes));
    const x = exports.x as WebAssembly.Global; // as the text exports it
    const fuel = exports[METER_EXPORTS.fuel] as WebAssembly.Global; // by instrumentation, as below
    expect([starts, startFuel, x.value, fuel.value]).toEqual([true, 1 + 2, 0, 0n]);
    fuel.value = 100n;
    (exports[METER_EXPORTS.start] as () => void)();
    expect([x.value, fuel.value]).toEqual([7, 100n - 3n]);
  });

  it('is the same bytes every time, and leaves the input as it was', () => {
    const source = wat('(module (memory 1) (func (export "f") (loop (br_if 0 (memory.grow (i32.const 1))))))');
    const before = source.slice();
    expect(validInstrumented(source).bytes).toEqual(instrument(source).bytes);
    expect(source).toEqual(before);
  });

  it('keeps function names for stack traces and drops other custom sections', () => {
    const source = wat('(module (func $guilty (export "f") (unreachable)))', true);
    const custom = Buffer.from([0, 9, 4, ...Buffer.from('junk'), 1, 2, 3, 4]);
    const { bytes } = instrument(Buffer.concat([source.subarray(0, 8), custom, source.subarray(8)]));
    const module = compile(bytes);
    expect([
      WebAssembly.Module.customSections(module, 'name').length,
      WebAssembly.Module.customSections(module, 'junk').length,
    ]).toEqual([1, 0]);
    const f = start(source).exports.f;
    let stack = '';
    try {
      f?.();
    } catch (error) {
      stack = (error as Error).stack ?? ''; // a trap is an Error
    }
    expect(stack).toContain('guilty');
  });
});
