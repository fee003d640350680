import { describe, expect, it } from 'vitest';
import { endOf, MODELS, start, startPlain } from '../runtime/instrument/guest.ts';
import { expectStopped, fills, guestText, OP, small, work, workOf } from './fuel-attack.ts';

/* Loops that keep the counter in a local: it has to be right again after each call inside, and on each way out. */

/** A loop of 100 turns that is left by `leave` and followed by `after`; `run` calls it for ever. */
function leaving(leave: string, results = '', after = ''): string {
  return guestText(`(table 1 funcref) (elem (i32.const 0) $other) (func $other ${OP})
    (func $f (param $turn i32) ${results} (loop $l ${OP} (local.set $turn (i32.sub (local.get $turn) (i32.const 1)))
      ${leave} (br $l)) ${after})
    (func (export "run") (loop $again (call $f (i32.const 100)) ${results === '' ? '' : '(drop)'} (br $again)))`);
}

const OVER = '(i32.eqz (local.get $turn))';
const IN_LOOP = '(loop $l';

/** The same, with blocks around the loop whose labels lead out of it. */
const inBlock = (leave: string): string =>
  leaving(leave).replace(IN_LOOP, `(block $out ${IN_LOOP}`).replace('(br $l)) )', '(br $l))) )');

const WAYS_OUT: readonly (readonly [way: string, text: string])[] = [
  ['br', inBlock(`(if ${OVER} (then (br $out)))`)],
  ['br_if', inBlock(`(br_if $out ${OVER})`)],
  ['br_if out of an inner loop too', inBlock(`(loop $m (br_if $out ${OVER}) (br_if $m (i64.eqz (global.get $work))))`)],
  ['br_table', inBlock(`(block $stay (br_table $stay $out ${OVER}))`)],
  ['return', leaving(`(if ${OVER} (then (return)))`)],
  ['return with a value', leaving(`(if ${OVER} (then (return (i32.const 1))))`, '(result i32)', '(unreachable)')],
  [
    'br_if with a value, to the end of the function',
    leaving(`(br_if 1 (i32.const 1) ${OVER}) (drop)`, '(result i32)', '(unreachable)'),
  ],
  ['return_call', leaving(`(if ${OVER} (then (return_call $other)))`)],
  ['return_call_indirect', leaving(`(if ${OVER} (then (return_call_indirect (i32.const 0))))`)],
  ['its end', leaving(`(if (i32.eqz ${OVER}) (then (br $l)))`).replace('(br $l)) )', ') )')],
  ['a br_if around its end', leaving(`(br_if $l (i32.eqz ${OVER}))`).replace('(br $l)) )', ') )')],
];

/** What a turn may do besides, which the meter pays for by itself, behind the loop's back. */
const CALLS: readonly (readonly [what: string, call: string])[] = [
  ['a function that pays for itself', '(call $pays)'],
  ['a function that loops', '(call $loops)'],
  ['a function by table', '(call_indirect (i32.const 0))'],
  ['the host, which charges', '(call $host)'],
  ['a fill whose length is not constant', '(memory.fill (i32.const 0) (i32.const 0) (local.get 0))'],
  ['a fill of 5,000 bytes', '(memory.fill (i32.const 0) (i32.const 0) (i32.const 5000))'],
  ['a copy of table elements', '(table.copy (i32.const 0) (i32.const 0) (i32.const 1))'],
  ['a growth of the memory', '(drop (memory.grow (i32.const 0)))'],
];

/** An endless loop that does `call` in one arm, always gone. */
function calling(shape: (call: string) => string, call: string): string {
  return guestText(
    `(table 1 funcref) (elem (i32.const 0) $pays) (func $pays ${small(1000)})
      (func $loops (local i32) (loop $l ${OP} (br_if $l (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 50)))))
      (func (export "run") (local i32) (local.set 0 (i32.const 60000)) ${shape(call)})`,
    '(import "host" "charge" (func $host))',
  );
}

const ALWAYS = '(i64.ge_s (global.get $work) (i64.const 0))';
const SHAPES: readonly (readonly [shape: string, text: (call: string) => string])[] = [
  ['in one arm', (call) => `(loop $l (if ${ALWAYS} (then ${call})) ${OP} (br $l))`],
  ['in one arm, the last', (call) => `(loop $l ${OP} (if ${ALWAYS} (then ${call} (br $l)) (else (br $l))))`],
  ['in an arm of an inner loop', (call) => `(loop $l (loop $m (if ${ALWAYS} (then ${call} ${OP} (br $l))) (br $m)))`],
  ['before a table', (call) => `(loop $l ${OP} (if ${ALWAYS} (then ${call} (br_table $l $l (i32.const 0)))) (br $l))`],
  [
    'before a condition',
    (call) =>
      `(loop $l (block $b (br_if $b (i64.lt_s (global.get $work) (i64.const 0))) ${call}) ${OP} (br_if $l (i32.const 1)))`,
  ],
];

describe.each(MODELS)('the turns of a loop are paid for when it is left by: %s', (model) => {
  it.each(WAYS_OUT)('%s', (_, text) => {
    expectStopped(text, { model });
  });
});

describe.each(MODELS)('what a turn calls stays paid for: %s', (model) => {
  it.each(SHAPES.flatMap(([shape, text]) => CALLS.map(([what, call]) => [what, shape, calling(text, call)] as const)))(
    '%s, %s',
    (_, __, text) => {
      const fuel = 60_000n;
      let charged = 0n;
      const guest = start(text, { model, fuel, imports: { host: { charge: () => charge() } } });
      const charge = (): void => {
        charged += 1000n;
        guest.meter.charge(1000);
      };
      expect(endOf(() => guest.exports.run?.())).toBe('unreachable');
      expect(guest.meter.exhausted()).toBe(true);
      expect(workOf(guest)).toBeLessThanOrEqual(4 * (Number(fuel) + 1024));
      expect(charged).toBeLessThanOrEqual(fuel + 1000n);
    },
  );

  it.each([0, 1, 3])('within the bounds of the model: %s calls', (calls) => {
    const text = calling(
      (call) => `(loop $l (if (i32.gt_u (local.get 0) (i32.const 59990)) (then ${call}))
      (br_if $l (i32.gt_u (local.tee 0 (i32.sub (local.get 0) (i32.const 1))) (i32.const ${59_990 - 1}))))`,
      '(call $pays)'.repeat(calls),
    );
    const fuel = Number(start(text, { model, imports: { host: { charge: () => {} } } }).fuelOf('run'));
    expect(4 * fuel).toBeGreaterThanOrEqual(10 * calls * 1000);
    expect(fuel).toBeLessThanOrEqual(4 * (10 * calls * 1004 + 11 * 30));
  });

  it('and a guest that computes with calls in some turns computes what it does without a meter', () => {
    const text = `(module (memory 1) (global $g (mut i32) (i32.const 1)) (func $mix (param i32) (result i32)
        (global.set $g (i32.add (global.get $g) (local.get 0))) ${'(drop (i32.const 0))'.repeat(500)} (global.get $g))
      (func (export "run") (param i32) (result i32) (local i32)
        (block $out (loop $l (if (i32.and (local.get 0) (i32.const 3)) (then (local.set 1 (i32.xor (local.get 1) (call $mix (local.get 0)))))
            (else (memory.fill (i32.const 0) (i32.const 0) (local.get 0))))
          (br_if $out (i32.eqz (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (br $l)))
        (i32.mul (local.get 1) (global.get $g))))`;
    for (const turns of [1, 2, 5, 1000]) expect(start(text, { model }).exports.run?.(turns)).toBe(startPlain(text).run?.(turns));
  });

  it('with heavy work after a loop that called', () => {
    const text = guestText(`(func $pays ${small(600)}) (func (export "run") (loop $again
      (loop $l (if ${ALWAYS} (then (call $pays))) (br_if $l (i64.eqz (global.get $work)))) ${fills(20)} ${work(400)} (br $again)))`);
    expectStopped(text, { model, path: 20 * 64 + 400 });
  });
});
