import { describe, expect, it } from 'vitest';
import { createMeter } from '../../../runtime/instrument/index.ts';
import { endOf, type Guest, MODELS, start } from './guest.ts';
import { HAS_TRY_TABLE } from './program.ts';

const run = (guest: Guest, ...args: unknown[]): string => endOf(() => guest.exports.run?.(...args));

const func = (body: string, more = ''): string => `(module ${more} (func (export "run") ${body}))`;

describe.each(MODELS)('endless work stops out of fuel in %s', (model) => {
  /** Ends out of fuel, by a trap, within a second. */
  function expectStopped(source: string, fuel: bigint): void {
    const guest = start(source, { model, fuel });
    const began = performance.now();
    expect(run(guest)).toBe('unreachable');
    expect(performance.now() - began).toBeLessThan(1000);
    expect([guest.meter.exhausted(), guest.used()]).toEqual([true, fuel]);
  }

  it.each([
    ['an empty loop', func('(loop (br 0))')],
    ['a loop whose only instruction is a conditional branch', func('(loop (br_if 0 (i32.const 1)))')],
    ['a br_table in nested loops', func('(loop (loop (loop (br_table 0 1 2 1 (i32.const 3)))))')],
    ['a loop that goes on at three places', func('(loop (br_if 0 (i32.const 1)) (br_if 0 (i32.const 1)) (br 0))')],
    ['an inner loop that is left for the start of an outer one', func('(loop (loop (br_if 1 (i32.const 1)) (br 0)))')],
    ['a loop that leaves through a try', func('(loop (try (do (br 1)) (catch_all)))')],
    ['a loop of exceptions', func('(loop (try (do (throw 0)) (catch_all (br 1))))', '(tag)')],
    [
      'a loop of rethrown exceptions',
      func('(loop (try (do (try (do (throw 0)) (catch_all (rethrow 0)))) (catch_all (br 1))))', '(tag)'),
    ],
    [
      'a loop of delegated exceptions',
      func('(loop $l (try $t (do (try (do (throw 0)) (delegate $t))) (catch_all (br $l))))', '(tag)'),
    ],
    [
      'a loop that calls what throws, on the way to a trap',
      func('(loop (try (do (call $t) (unreachable)) (catch_all (br 1))))', '(tag) (func $t (throw 0))'),
    ],
    ['mutual tail calls', '(module (func $a (export "run") (return_call $b)) (func $b (return_call $a)))'],
    ['mutual recursion that branches', '(module (func $a (export "run") (call $b) (call $b)) (func $b (call $a)))'],
    [
      'recursion on one way of a fork',
      '(module (func $a (if (i32.const 1) (then (call $a) (call $a)))) (func (export "run") (call $a)))',
    ],
    ['recursion of a function that nothing else calls', '(module (func $a (call $a) (call $a)) (func (export "run") (call $a)))'],
    [
      'recursion where a branch leads past the call',
      '(module (func $a (block (br_if 0 (i32.const 0)) (call $a)) (call $a)) (func (export "run") (call $a)))',
    ],
    [
      'recursion through a handler',
      func('(try (do (throw 0)) (catch_all (call $f)))', '(tag) (func $f (try (do (throw 0)) (catch_all (call $f))))'),
    ],
    ['recursion in a loop that never comes to its end', '(module (func $a (export "run") (loop (call $a) (br 0))))'],
    ['indirect tail calls', func('(return_call_indirect (i32.const 0))', '(table 1 funcref) (elem (i32.const 0) 0)')],
    ['a loop of refused memory growth', func('(loop (drop (memory.grow (i32.const 65535))) (br 0))', '(memory 1)')],
    ['a loop of growth by nothing', func('(loop (drop (memory.grow (i32.const 0))) (br 0))', '(memory 1)')],
    ['a loop of fills of nothing', func('(loop (memory.fill (i32.const 0) (i32.const 0) (i32.const 0)) (br 0))', '(memory 1)')],
  ])('%s', (_, source) => {
    // Recursion may meet the end of the stack first; it must be cheap enough here that it does not.
    expectStopped(source, 20_000n);
  });

  it.runIf(HAS_TRY_TABLE)('recursion through the handler of a try_table', () => {
    expectStopped(
      `(module (tag) (func $f (export "run") (block $h (try_table (catch_all $h) (throw 0)) (return)) (return_call $f)))`,
      20_000n,
    );
  });

  it('a call tree that doubles at each of 40 levels', () => {
    const levels = Array.from({ length: 40 }, (_, at) => `(func $f${at} (call $f${at + 1}) (call $f${at + 1}))`);
    expectStopped(`(module ${levels.join('')} (func $f40) (export "run" (func $f0)))`, 1_000_000n);
  });

  it('a guest that calls itself through the host', () => {
    let again: (() => unknown) | undefined;
    const source = func('(call 0)', '(import "a" "f" (func))');
    const guest = start(source, { model, fuel: 1000n, imports: { a: { f: () => again?.() } } });
    again = guest.exports.run;
    expect(run(guest)).toBe('unreachable');
    expect(guest.meter.exhausted()).toBe(true);
  });

  it('a loop around a 64 MiB memory.fill, after one or two of them', () => {
    const source = func('(loop (memory.fill (i32.const 0) (i32.const 1) (i32.const 67108864)) (br 0))', '(memory 1024)');
    const fuel = { region: 2_500_000n, exact: 150_000_000n }[model]; // each fill costs 1,048,576, or its bytes
    expectStopped(source, fuel);
  });

  it('a start function that loops, before the module can be used', () => {
    const meter = createMeter({ fuel: 10_000n, pages: 1, elements: 1 });
    expect(endOf(() => start('(module (func (loop (br 0))) (start 0))', { model, under: meter }))).toBe('unreachable');
    expect(meter.exhausted()).toBe(true);
  });

  it('any later call, once the fuel is used up', () => {
    // What costs less may be free for a host to call.
    const next = `(func (export "next") ${'(drop (i32.const 1))'.repeat(40)})`;
    const guest = start(func('(loop (br 0))', next), { model, fuel: 99n });
    run(guest);
    expect(endOf(() => guest.exports.next?.())).toBe('unreachable');
  });
});

/* Each of these once ran far past its budget. `w` counts what was really done. */
describe.each(MODELS)('no guest does much more than it pays for in %s', (model) => {
  /** 4 units each. */
  const work = (times: number): string => '(global.set $w (i32.add (global.get $w) (i32.const 1)))'.repeat(times);
  const WORLD = '(global $w (export "w") (mut i32) (i32.const 0)) (tag)';

  /** @param more - units of fuel that may be taken unnoticed. */
  function expectPaid(source: string, fuel: number, more = 1024): void {
    const guest = start(`(module ${WORLD} ${source})`, { model, fuel: BigInt(fuel) });
    run(guest, 20);
    expect(guest.meter.exhausted()).toBe(true);
    const done = 4 * (guest.all.w as WebAssembly.Global).value; // exported by each text
    expect(done).toBeLessThanOrEqual((model === 'region' ? 4 : 1) * (fuel + more));
  }

  it('however deep it recursed before', () => {
    const branchy = `(block (br_if 0 (local.get 1)) ${work(250)})`.repeat(60);
    const source = `(func $f (param i32 i32) (if (local.get 0) (then (call $f (i32.sub (local.get 0) (i32.const 1)) (local.get 1)))) ${branchy})
      (func (export "run") (param i32) (call $f (i32.const 4000) (i32.const 0)))`;
    // Enough for `exact` to come to the bottom; then each frame may go on to its next check.
    expectPaid(source, 40_000, 4001 * 1024);
  });

  it('on a chain of ways that each end in a trap', () => {
    const chain = `(block (br_if 0 (i32.const 1)) (unreachable)) ${work(250)}`.repeat(40);
    expectPaid(
      `(func $f (export "run") (param i32) (block (br_if 0 (local.get 0)) (return)) ${chain} (call $f (i32.const 1)) (unreachable))`,
      10_000,
    );
  });

  it('behind many indirect calls in a row', () => {
    const source = `(table 1 funcref) (elem (i32.const 0) $t) (func $t ${work(255)})
      (func (export "run") (param i32) ${'(call_indirect (i32.const 0))'.repeat(2000)})`;
    expectPaid(source, 100_000);
  });

  it('behind many direct calls in a row', () => {
    const source = `(func $t (param i32) (if (local.get 0) (then ${work(200)}))) (func (export "run") (param i32) ${'(call $t (local.get 0))'.repeat(2000)})`;
    expectPaid(source, 100_000);
  });

  it('behind calls on a way that is seldom gone', () => {
    const source = `(func $t ${work(90)})
      (func (export "run") (param i32)
        (loop $l
          (block (br_if 0 (local.get 0)) (return))
          ${'(call $t)'.repeat(50)}
          (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))`;
    expectPaid(source, 20_000);
    expectPaid(
      source.replace('(block (br_if 0 (local.get 0)) (return))', '(if (i32.eqz (local.get 0)) (then (return)))'),
      20_000,
    );
  });

  it('where a table leads to outside its loop, even if that ends in a trap', () => {
    const source = `(func $t (throw 0)) (func (export "run") (param i32)
      (loop $outer
        (try
          (do
            (block $on (block $out (loop $inner (br_table $inner $out (i32.const 1))) (br $on)) ${work(5000)} (call $t) (unreachable)))
          (catch_all (br_if $outer (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))))`;
    expectPaid(source, 90_000);
  });

  it('in what a handler does', () => {
    const source = `(func (export "run") (param i32)
      (loop $l (try (do (throw 0)) (catch_all ${work(5000)})) (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))`;
    expectPaid(source, 90_000);
  });

  it('in constant fills, where nothing is called', () => {
    const fill = '(memory.fill (i32.const 0) (i32.const 0) (i32.const 4096))';
    const guest = start(func(`(loop ${fill.repeat(50)} (br 0))`, '(memory 1)'), { model, fuel: 1_000_000n });
    expect(run(guest)).toBe('unreachable');
    expect(guest.meter.exhausted()).toBe(true);
    const once = start(func(fill.repeat(50), '(memory 1)'), { model }).fuelOf('run');
    expect(once).toBe(1n + 50n * (3n + { region: 32n + 64n, exact: 1n + 4096n }[model]));
  });
});

describe.each(MODELS)('out of fuel in %s', (model) => {
  it('is not caught by catch_all', () => {
    const source = `(module (func $burn (loop (br 0)))
      (func (export "run") (result i32) (try (result i32) (do (call $burn) (i32.const 1)) (catch_all (i32.const 2)))))`;
    expect(run(start(source, { model, fuel: 1000n }))).toBe('unreachable');
  });

  it('keeps a huge function from starting when it cannot pay for all of it', () => {
    const source = (count: number): string => `(module (global (export "x") (mut i32) (i32.const 0)) (func (export "run")
      ${'(global.set 0 (i32.add (global.get 0) (i32.const 1)))'.repeat(count)}))`;
    const cost = BigInt(4 * 50_000 + 1);
    const guest = start(source(50_000), { model, fuel: cost - 1n });
    expect(run(guest)).toBe('unreachable');
    expect((guest.all.x as WebAssembly.Global).value).toBe(0); // exported by the text above
    const paid = start(source(50_000), { model, fuel: cost });
    expect(run(paid)).toBe('value undefined');
    expect(paid.meter.fuelLeft).toBe(0n);
  });

  it('comes before a bulk operation does anything', () => {
    const source = `(module (memory (export "m") 4) (func (export "run") (memory.fill (i32.const 0) (i32.const 1) (i32.const 200000))))`;
    const guest = start(source, { model, fuel: 3000n }); // in `region` the fill costs 3,125 and its base
    expect(run(guest)).toBe('unreachable');
    expect(new Uint8Array((guest.all.m as WebAssembly.Memory).buffer)[0]).toBe(0); // exported by the text above
  });
});
