import { describe, expect, it } from 'vitest';
import { endOf, MODELS, start } from '../runtime/instrument/guest.ts';
import { BRAKE, expectStopped, fills, guestText, mostWork, OP, small, work, workOf } from './fuel-attack.ts';

/* Recursion of every shape: no cycle of calls may run without a check, and what follows a call is paid for. */

/** The budget is small enough that the stack does not end first. */
const RECURSIONS: readonly (readonly [shape: string, functions: string])[] = [
  ['direct', `(func $f (export "run") ${OP} (call $f))`],
  [
    'in one arm, not exported',
    `(func $f (param i32) (if (local.get 0) (then ${OP} (call $f (local.get 0)))))
    (func (export "run") (call $f (i32.const 1)))`,
  ],
  [
    'in one arm, with a heavy other arm',
    `(func $f (param i32) (if (local.get 0) (then ${OP} (call $f (local.get 0))) (else ${work(4000)})))
    (func (export "run") (call $f (i32.const 1)))`,
  ],
  [
    'behind a conditional branch',
    `(func $f (param i32) (block $end (br_if $end (i32.eqz (local.get 0))) ${OP} (call $f (local.get 0))))
    (func (export "run") (call $f (i32.const 1)))`,
  ],
  [
    'behind a table',
    `(func $f (param i32) (block $end (block $go (br_table $end $go (local.get 0))) ${OP} (call $f (local.get 0))))
    (func (export "run") (call $f (i32.const 1)))`,
  ],
  [
    'behind a table, in code that ends in a trap',
    `(func $f (param i32) (block $go (block $end (br_table $end $go (local.get 0))) (return))
    ${work(4000)} (call $f (local.get 0)) (unreachable)) (func (export "run") (call $f (i32.const 1)))`,
  ],
  [
    'in both arms',
    `(func $f (param i32) (if (local.get 0) (then ${OP} (call $f (i32.const 0))) (else ${OP} (call $f (i32.const 1)))))
    (func (export "run") (call $f (i32.const 1)))`,
  ],
  ['in a loop that nothing leads back to', `(func $f (loop $l ${OP} (call $f))) (func (export "run") (call $f))`],
  ['in a loop that turns once', `(func $f (loop $l ${OP} (call $f) (br_if $l (i32.const 0)))) (func (export "run") (call $f))`],
  [
    'in a loop with many branches back',
    `(func $f (param i32) (loop $l ${OP} (call $f (i32.const 0)) ${'(br_if $l (local.get 0))'.repeat(9)}))
    (func (export "run") (call $f (i32.const 0)))`,
  ],
  ['after a loop', `(func $f (local i32) (loop $l ${OP} (br_if $l (local.get 0))) (call $f)) (func (export "run") (call $f))`],
  ['mutual', `(func $a (export "run") ${OP} (call $b)) (func $b (call $a))`],
  [
    'through a small one that leads on seldom, and is called for nothing between',
    `(func $small (param i32) (if (local.get 0) (then (call $on (local.get 0)))))
    (func $on (param i32) ${OP} ${'(call $small (i32.const 0))'.repeat(9)} (call $small (local.get 0)))
    (func (export "run") (call $on (i32.const 1)))`,
  ],
  [
    'through a small one that is exported',
    `(func $small (export "run") (if (i32.const 1) (then (call $on)))) (func $on (call $small) ${OP} (call $small))`,
  ],
  [
    'through two small ones, each leading on by one way',
    `(func $a (param i32) (if (local.get 0) (then ${OP} (call $b (i32.const 0)))))
    (func $b (param i32) (if (local.get 0) (then (nop)) (else (call $a (i32.const 1)))))
    (func (export "run") (call $a (i32.const 1)))`,
  ],
  [
    'through three, entered in the middle',
    `(func $a (call $b)) (func $b (call $c)) (func $c ${OP} (call $a)) (func (export "run") (call $b))`,
  ],
  [
    'with two heads',
    `(func $a (param i32) ${OP} (if (local.get 0) (then (call $a (i32.const 0))) (else (call $b))))
    (func $b (call $c)) (func $c (call $b2)) (func $b2 ${OP} (call $a (i32.const 1))) (func (export "run") (call $c))`,
  ],
  [
    'of a group in which each calls each',
    `${[0, 1, 2, 3]
      .map(
        (at) => `(func $f${at} (param i32) ${OP}
    (if (local.get 0) (then (call $f${(at + 1) % 4} (i32.const 0))) (else (call $f${(at + 2) % 4} (i32.const 1)) (call $f${at} (i32.const 1)))))`,
      )
      .join('')}
    (func (export "run") (call $f0 (i32.const 1)))`,
  ],
];

describe.each(MODELS)('endless recursion is stopped: %s', (model) => {
  it.each(RECURSIONS)('%s', (_, functions) => {
    expectStopped(guestText(functions), { model, fuel: 9000n, path: 4000 });
  });

  it.each([
    ['of itself', `(func $f (export "run") ${OP} (return_call $f))`],
    ['of one another', `(func $a (export "run") (return_call $b)) (func $b ${OP} (return_call $c)) (func $c (return_call $a))`],
    [
      'of itself, on one of two ways',
      `(func $f (param i32) (if (local.get 0) (then ${OP} (return_call $f (local.get 0)))))
      (func (export "run") (call $f (i32.const 1)))`,
    ],
    [
      'of itself, where the other way costs more',
      `(func $f (export "run") (if (i32.const 1) (then ${OP} (return_call $f)) (else ${small(24)})))`,
    ],
    [
      'of itself, behind what is free for others',
      `(func $f (export "run") ${small(16)} ${BRAKE} (if (i32.const 1) (then (return_call $f)) (else (nop))))`,
    ],
    [
      'of one another, where the other way costs more',
      `(func $a (export "run") (if (i32.const 1) (then (return_call $b)) (else ${small(28)}))) (func $b ${OP} (return_call $a))`,
    ],
    [
      'by table index, where the other way costs more',
      `(table 1 funcref) (elem (i32.const 0) $f)
      (func $f (export "run") (if (i32.const 1) (then ${OP} (return_call_indirect (i32.const 0))) (else ${small(28)})))`,
    ],
    [
      'by table index, from one small function to another',
      `(table 2 funcref) (elem (i32.const 0) $f $g)
      (func $f (export "run") (if (i32.const 1) (then (return_call_indirect (i32.const 1))) (else ${small(28)})))
      (func $g (if (i32.const 1) (then ${OP} (return_call_indirect (i32.const 0))) (else ${small(28)})))`,
    ],
    [
      'by table index',
      `(table 1 funcref) (elem (i32.const 0) $f) (func $f (export "run") ${OP} (return_call_indirect (i32.const 0)))`,
    ],
    [
      'out of a loop',
      `(func $f (export "run") (loop $l ${OP} (if (i64.ge_s (global.get $work) (i64.const 0)) (then (return_call $f))) (br $l)))`,
    ],
  ])('tail calls %s', (_, functions) => {
    expectStopped(guestText(functions), { model });
  });

  it.each([
    ['charged functions', work(8)],
    ['functions that their callers pay for', ''],
  ])('a tree of calls that doubles at each of 40 levels: %s', (_, body) => {
    const levels = Array.from({ length: 40 }, (_, at) => `(func $f${at} ${body} (call $f${at + 1}) (call $f${at + 1}))`);
    expectStopped(guestText(`${levels.join('')} (func $f40 ${OP}) (func (export "run") (call $f0))`), { model });
  });

  it('a tree of calls that grows by 300 at each of 5 levels', () => {
    const levels = Array.from({ length: 5 }, (_, at) => `(func $f${at} ${`(call $f${at + 1})`.repeat(300)})`);
    expectStopped(guestText(`${levels.join('')} (func $f5 ${OP}) (func (export "run") (call $f0))`), { model, path: 300 * 32 });
  });

  it('the naive Fibonacci number of 90', () => {
    const fib = `(func $fib (param i32) (result i32) ${OP} (if (result i32) (i32.lt_u (local.get 0) (i32.const 2)) (then (local.get 0))
      (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2)))))))`;
    expectStopped(guestText(`${fib} (func (export "run") (drop (call $fib (i32.const 90))))`), { model, frames: 90 });
  });
});

describe.each(MODELS)('what follows a call is paid for: %s', (model) => {
  const FRAMES = 8000;
  /** Goes down first, then runs `after` in each frame on the way up. */
  const deep = (after: string): string =>
    guestText(`(func $f (param i32) (if (local.get 0) (then (call $f (i32.sub (local.get 0) (i32.const 1))))) ${after})
      (func (export "run") (call $f (i32.const ${FRAMES})))`);

  it('600 branchy blocks in each of 8,000 frames', () => {
    const block = `(if (local.get 0) (then ${fills(10)}) (else ${fills(9)}))`;
    expectStopped(deep(block.repeat(600)), { model, fuel: 3_000_000n, frames: FRAMES });
  });

  it('600 blocks behind which the end is near, in each of 8,000 frames', () => {
    const block = `(block $next (br_if $next (i32.const 1)) (return)) ${fills(10)}`;
    expectStopped(deep(block.repeat(600)), { model, fuel: 3_000_000n, frames: FRAMES });
  });

  it('600 blocks on the way to a trap, in each of 3,000 frames', () => {
    const chain = `${work(1000)} (block $next (br_if $next (i32.const 1)) (unreachable))`.repeat(40);
    const text =
      guestText(`(func $f (param i32) (block $go (br_if $go (local.get 0)) (return)) ${chain} (call $f (i32.const 1)) (unreachable))
      (func (export "run") (call $f (i32.const 1)))`);
    expectStopped(text, { model, fuel: 10_000n, path: 1000 });
  });

  it.each([
    ['in one piece', work(8000)],
    ['in many pieces', `${work(800)} (block $next (br_if $next (i32.const 1)) (unreachable))`.repeat(10)],
  ])('much on the way to a trap, %s', (_, way) => {
    const text = guestText(`(func (export "run") (param i32) (if (local.get 0) (then ${way} (unreachable))))`);
    const guest = expectStopped(text, { model, fuel: 100n, args: [1] });
    expect(workOf(guest)).toBeLessThan(8000);
  });

  it.each([20, 600, 1000])('20,000 calls in a row of a function of %s units', (units) => {
    const text = guestText(`(func $f ${small(units)}) (func (export "run") ${'(call $f)'.repeat(20_000)})`);
    const guest = start(text, { model, fuel: 120_000n }); // enough to enter `run`, if `f` pays for itself
    const end = endOf(() => guest.exports.run?.());
    expect(end).toBe('unreachable');
    expect(workOf(guest)).toBeLessThanOrEqual(mostWork({ model, fuel: 120_000n }));
  });

  it('a little in each of 8,000 frames: no more than is stated', () => {
    const text = deep(work(1000));
    const fuel = 200_000n;
    const guest = start(text, { model, fuel });
    endOf(() => guest.exports.run?.());
    expect(guest.meter.exhausted()).toBe(true);
    expect(workOf(guest)).toBeLessThanOrEqual(mostWork({ model, fuel, frames: FRAMES }));
  });

  it('and charged even if the recursion ends by itself', () => {
    const text = guestText(`(func $f (param i32) (if (i32.eqz (local.get 0)) (then (return)))
        (call $f (i32.sub (local.get 0) (i32.const 1))) ${work(400)})
      (func (export "run") (call $f (i32.const 1000)))`);
    const guest = start(text, { model });
    const fuel = Number(guest.fuelOf('run'));
    expect(workOf(guest)).toBe(400_000);
    expect(fuel).toBeGreaterThanOrEqual(400_000 / 4);
  });
});
