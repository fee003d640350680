import { describe, expect, it } from 'vitest';
import { endOf, MODELS, start, startPlain } from '../runtime/instrument/guest.ts';
import { expectExhausted, expectStopped, first, guestText, OP, work, workOf } from './fuel-attack.ts';

/* Endless loops of every shape: none may turn without a check. */

const run = (body: string, locals = ''): string => guestText(`(func (export "run") ${locals} ${body})`);

/** Blocks around a loop, each a way out of it by `br_if`, which is never gone. */
function loopWithExits(count: number): string {
  const labels = Array.from({ length: count }, (_, at) => `$exit${at}`);
  const exits = labels.map((label) => `(br_if ${label} (i64.eqz (global.get $work)))`).join('');
  const opened = labels.map((label) => `(block ${label}`).join(' ');
  const closed = labels.map((_, at) => `) ${work(400 * (at + 1))}`).join('');
  return run(`${opened} (loop $l ${OP} ${exits} (br $l)) ${closed}`);
}

/** A loop that a table leaves, each time at once, for the last of six places; only the last two have work behind them. */
const LEAVES_BY_TABLE = `(block $f (block $e (block $d (block $c (block $b (block $a
  (loop $m (br_table $a $b $c $d $e $f $m (i32.const 5))) (br $l)) (br $l)) (br $l)) (br $l)) (br $l))
  ${work(108)} (br $l)) ${work(108)} (br $l)`;

const LOOPS: readonly (readonly [shape: string, text: string])[] = [
  ['one branch back', run(`(loop $l ${OP} (br $l))`)],
  ['a condition that is always true', run(`(loop $l ${OP} (br_if $l (i32.const 1)))`)],
  ['many branches back', run(`(loop $l ${`${OP}(br_if $l (i64.eqz (global.get $work)))`.repeat(20)} (br $l))`)],
  ['a branch back by table', run(`(loop $l ${OP} (br_table $l $l (i32.const 7)))`)],
  ['a table that leads to three loops', run(`(loop $a ${OP} (loop $b ${OP} (loop $c ${OP} (br_table $a $b $c (i32.const 1)))))`)],
  [
    'a table that leads out of three loops, one of which repeats',
    run(
      `(loop $a (block $x (block $y (loop $b (loop $c ${OP} (br_table $x $y $b $c (i32.const 0))))) ${work(200)}) ${OP} (br $a))`,
    ),
  ],
  ['the innermost of three loops continues the outermost', run(`(loop $a (loop $b (loop $c ${OP} (br $a)) (br $b)) (br $a))`)],
  ['a loop inside that never turns', run(`(loop $a (loop $b ${OP} (br_if $b (i64.eqz (global.get $work)))) (br $a))`)],
  ['a loop inside that nothing leads back to', run(`(loop $a (loop $b ${OP}) (br $a))`)],
  ['a loop inside whose only branch back is dead', run(`(loop $a (block $out (loop $b ${OP} (br $out) (br $b))) (br $a))`)],
  [
    'values that go around',
    run(`(i64.const 0) (i32.const 0)
    (loop $l (param i64 i32) (result i64 i32) ${OP} (i64.const 1) (i32.const 2) (br_if $l (i32.const 1)) (drop) (drop)) (drop) (drop)`),
  ],
  [
    'an `if` with values and without `else`',
    run(`(loop $l (i32.const 1)
    (if (param i32) (result i32) (i32.const 1) (then (i32.add (i32.const 1)) ${work(2000)})) (drop) (br $l))`),
  ],
  [
    'a heavy arm that is always gone',
    run(`(loop $l (if (i64.ge_s (global.get $work) (i64.const 0)) (then ${work(4000)})) (br $l))`),
  ],
  [
    'an arm that would trap, and never is gone',
    run(`(loop $l (if (i64.lt_s (global.get $work) (i64.const 0))
    (then (unreachable))) ${work(4000)} (br $l))`),
  ],
  ['a way that looks seldom gone', run(`(loop $l (block $way (br_if $way (i32.const 1)) (br $l)) ${work(240)} (br $l))`)],
  ['a loop that a table leaves for six places', run(`(loop $l ${LEAVES_BY_TABLE})`)],
  ['five ways out', loopWithExits(5)],
  ['fifty ways out', loopWithExits(50)],
  ['a return inside', run(`(loop $l (if (i64.lt_s (global.get $work) (i64.const 0)) (then (return))) ${OP} (br $l))`)],
  ['a `try` around the branch back', run(`(loop $l (try (do ${OP} (br $l)) (catch_all)))`)],
];

describe.each(MODELS)('an endless loop is stopped: %s', (model) => {
  it.each(LOOPS)('%s', (_, text) => {
    expectStopped(text, { model, path: 4000 });
  });

  it.each([0n, 1n, 2n, 63n])('with next to no fuel: %s', (fuel) => {
    expectStopped(run(`(loop $l ${OP} (br $l))`), { model, fuel });
  });

  it('that is left and entered anew for each turn', () => {
    const inner = `(block $out (loop $l ${OP} (br_if $out (i64.ne (global.get $work) (i64.const -1))) (br $l)))`;
    expectStopped(run(`(loop $a ${inner.repeat(10)} (br_if $a (i32.const 1)))`), { model });
  });

  it('whose heavy way on is behind a table that leaves it', () => {
    // The table has no place for a charge: what lies behind its labels pays for itself, also where that ends in a trap.
    const text = guestText(`(func (export "run") (loop $again
      (block $done (block $heavy (loop $l (br_table $l $heavy $done (i32.const 1))) (br $done)) ${work(8000)} (br $again))))`);
    expectStopped(text, { model, path: 8000 });
  });
});

describe.each(MODELS)('a loop that ends is paid for: %s', (model) => {
  it.each([3, 6])('behind each of %s ways out lies other work', (count) => {
    const labels = Array.from({ length: count }, (_, at) => `$exit${at}`);
    const exits = labels.map((label, at) => `(br_if ${label} (i32.eq (local.get 0) (i32.const ${at})))`).join('');
    const closed = labels.map((_, at) => `) ${work(800 * (count - at))} (return)`).join('');
    const opened = labels.map((label) => `(block ${label}`).join(' ');
    const text = guestText(`(func (export "run") (param i32) ${opened} (loop $l ${OP} ${exits} (br $l)) ${closed})`);
    for (let exit = 0; exit < count; exit += 1) {
      const guest = start(text, { model });
      const fuel = guest.fuelOf('run', exit);
      expect(workOf(guest)).toBeLessThanOrEqual(4 * Number(fuel));
      expect(workOf(guest)).toBe(800 * (exit + 1) + 9); // the innermost block is the last
    }
  });

  it('and gives what it gives without a meter', () => {
    const text = guestText(`(func (export "run") (param i32) (result i32 i64) (local i32)
      (block $out (result i32 i64) (i32.const 5) (i64.const 6)
        (loop $l (param i32 i64) (result i32 i64)
          (local.set 1 (i32.add (local.get 1) (i32.const 1)))
          (br_if $out (i32.gt_u (local.get 1) (local.get 0)))
          (drop) (drop) (local.get 1) (i64.extend_i32_u (local.get 1)) (br $l))))`);
    for (const turns of [0, 1, 7, 1000])
      expect(start(text, { model }).exports.run?.(turns)).toEqual(startPlain(text).run?.(turns));
  });

  it('also when it ends at the last unit of the fuel, and not with one less', () => {
    const text = guestText(`(func (export "run") (loop $l ${OP} (br_if $l ${first(99)})))`);
    const used = start(text, { model }).fuelOf('run');
    expect(endOf(() => start(text, { model, fuel: used }).exports.run?.())).toBe('value undefined');
    const short = start(text, { model, fuel: used - 1n });
    expect(endOf(() => short.exports.run?.())).toBe('unreachable');
    expectExhausted(short, { model, fuel: used });
  });
});
