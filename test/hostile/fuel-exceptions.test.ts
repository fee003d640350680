import { describe, expect, it } from 'vitest';
import { endOf, MODELS, start, startPlain, wat } from '../runtime/instrument/guest.ts';
import { expectStopped, fills, first, guestText, OP, work, workOf } from './fuel-attack.ts';

/* Exceptions leave code that was paid for, reach code that was not, and cross frames: none of it may be free. */

const TAG = '(tag $t)';
/** So much that not even the price of an exception pays for it. */
const HEAVY = fills(2000);
const HEAVY_UNITS = 2000 * 64;
const throws = (body: string): string => guestText(`${TAG} (func $throw (throw $t)) ${body}`);

/** Handlers of the final form of the proposal: Node 22 and later. */
const hasTryTable = WebAssembly.validate(
  new Uint8Array(wat('(module (tag) (func (block $h (try_table (catch_all $h) (throw 0)))))')),
);

const LEGACY: readonly (readonly [shape: string, text: string])[] = [
  ['throws and catches', throws(`(func (export "run") (loop $l (try (do (throw $t)) (catch_all ${work(400)})) (br $l)))`)],
  [
    'throws out of a callee',
    throws(`(func (export "run") (loop $l (try (do ${work(400)} (call $throw)) (catch $t ${OP})) (br $l)))`),
  ],
  [
    'goes on from inside the handler',
    throws(`(func (export "run") (loop $l (try (do (call $throw)) (catch_all ${OP} (br $l)))))`),
  ],
  [
    'throws out of an inner loop',
    throws(`(func (export "run") (loop $l
      (try (do (loop $m ${OP} (if (i64.gt_s (global.get $work) (i64.const 0)) (then (throw $t))) (br $m))) (catch_all)) (br $l)))`),
  ],
  [
    'throws before a trap',
    throws(`(func $f (param i32) (block $x (loop $m (br_table $x $x $m (local.get 0))) (return))
      ${HEAVY} (call $throw) (unreachable))
    (func (export "run") (loop $l (try (do (call $f (i32.const 0))) (catch_all)) (br $l)))`),
  ],
  [
    'throws before a trap in one arm',
    throws(`(func (export "run") (loop $l (try (do
      (if (i64.ge_s (global.get $work) (i64.const 0)) (then ${work(1000)} (call $throw) (unreachable)))) (catch_all)) (br $l)))`),
  ],
  [
    'rethrows',
    throws(`(func $f (try (do (throw $t)) (catch_all ${OP} (rethrow 0))))
    (func (export "run") (loop $l (try (do (call $f)) (catch_all)) (br $l)))`),
  ],
  [
    'delegates',
    throws(
      `(func (export "run") (loop $l (try $outer (do (try (do ${OP} (call $throw)) (delegate $outer))) (catch_all)) (br $l)))`,
    ),
  ],
  [
    'delegates to the caller',
    throws(`(func $f (try (do ${OP} (call $throw)) (delegate 0)))
    (func (export "run") (loop $l (try (do (call $f)) (catch_all)) (br $l)))`),
  ],
  [
    'recurses in a handler',
    throws(`(func $f (try (do (throw $t)) (catch_all ${OP} (call $f)))) (func (export "run") (call $f))`),
  ],
  [
    'tail calls itself in a handler',
    throws(`(func $f (try (do (throw $t)) (catch_all ${OP} (return_call $f)))) (func (export "run") (call $f))`),
  ],
  [
    'tail calls itself after a handler',
    throws(`(func $f (try (do (throw $t)) (catch_all)) ${OP} (return_call $f)) (func (export "run") (call $f))`),
  ],
  [
    'recurses in a `try`, and catches on the way up',
    throws(`(func $f (param i32) ${OP}
      (try (do (if (local.get 0) (then (call $f (i32.sub (local.get 0) (i32.const 1)))) (else (throw $t)))) (catch_all ${work(400)} (rethrow 0))))
    (func (export "run") (loop $l (try (do (call $f (i32.const 300))) (catch_all)) (br $l)))`),
  ],
];

const TABLES: readonly (readonly [shape: string, text: string])[] = [
  [
    'catches at a block',
    throws(`(func (export "run") (loop $l (block $h (try_table (catch_all $h) (call $throw))) ${OP} (br $l)))`),
  ],
  ['catches at the loop', throws(`(func (export "run") (loop $l ${OP} (try_table (catch_all $l) (call $throw))))`)],
  ['catches at the loop, by tag', throws(`(func (export "run") (loop $l (try_table (catch $t $l) ${OP} (throw $t))))`)],
  [
    'tail calls itself behind a handler',
    throws(`(func $f (export "run") (block $h (try_table (catch_all $h) (throw $t)) (return))
    ${OP} (return_call $f))`),
  ],
  [
    'tail calls itself behind a handler, and is known to nobody else',
    throws(
      `(func $f (block $h (try_table (catch_all $h) (throw $t)) (return)) ${OP} (return_call $f)) (func (export "run") (call $f))`,
    ),
  ],
  [
    'calls itself behind a handler',
    throws(`(func $f (export "run") (block $h (try_table (catch_all $h) (throw $t)) (return)) ${OP} (call $f))`),
  ],
  [
    'has heavy code behind a handler',
    throws(`(func (export "run") (loop $l
      (block $out (block $h (try_table (catch_all $h) (call $throw)) (br $out)) ${HEAVY}) (br $l)))`),
  ],
  [
    'has heavy code behind a handler, before a trap',
    throws(`(func $f (block $h (try_table (catch_all $h) (throw $t)) (return))
      ${HEAVY} (call $throw) (unreachable))
    (func (export "run") (loop $l (block $h (try_table (catch_all $h) (call $f))) (br $l)))`),
  ],
  [
    'throws on what it caught',
    throws(`(func $f (block $h (result exnref) (try_table (catch_all_ref $h) (throw $t)) (return)) ${OP} (throw_ref))
    (func (export "run") (loop $l (block $h (try_table (catch_all $h) (call $f))) (br $l)))`),
  ],
];

describe.each(MODELS)('endless work with exceptions is stopped: %s', (model) => {
  it.each(LEGACY)('a guest that %s', (_, text) => {
    expectStopped(text, { model, fuel: 100_000n, path: HEAVY_UNITS });
  });

  it.skipIf(!hasTryTable).each(TABLES)('a guest with `try_table` that %s', (_, text) => {
    expectStopped(text, { model, fuel: 100_000n, path: HEAVY_UNITS });
  });

  it.each([
    ['in one arm, before a trap', `(if (local.get 0) (then ${work(1000)} (call $host) (unreachable)))`],
    [
      'in a chain before a trap',
      `${`${work(800)} (block $n (br_if $n (i32.const 1)) (unreachable))`.repeat(10)} (call $host) (unreachable)`,
    ],
    ['after a heavy piece', `${fills(100)} (call $host)`],
    ['behind a table', `(block $x (block $y (br_table $x $y (i32.const 0))) (return)) ${HEAVY} (call $host) (unreachable)`],
  ])('a host function that throws %s, in a module without handlers, caught by another module', (_, body) => {
    const host = {
      throw: () => {
        throw new Error('from the host');
      },
    };
    const thrower = start(guestText(`(func (export "f") (param i32) ${body})`, '(import "host" "throw" (func $host))'), {
      model,
      meter: 'shared',
      fuel: 20_000n,
      imports: { host },
    });
    const catcher = `(module (import "a" "f" (func $f (param i32)))
      (func (export "run") (loop $l (try (do (call $f (i32.const 1))) (catch_all)) (br $l))))`;
    const guest = start(catcher, { model, under: thrower.meter, imports: { a: { f: thrower.exports.f as () => void } } });
    expect(endOf(() => guest.exports.run?.())).toBe('unreachable');
    expect(workOf(thrower)).toBeLessThanOrEqual(4 * (20_000 + 1024 + HEAVY_UNITS));
  });
});

describe.each(MODELS)('nobody in the guest catches the end of the fuel: %s', (model) => {
  const spin = `(func $spin (loop $l ${OP} (br $l)))`;

  it.each([
    ['catch_all', `(try (do (call $spin)) (catch_all ${OP}))`],
    ['catch_all in each of 50 frames', '(call $deep (i32.const 50))'],
    ['delegate', `(try $o (do (try (do (call $spin)) (delegate $o))) (catch_all ${OP}))`],
  ])('%s', (_, body) => {
    const deep = `(func $deep (param i32) (try (do (if (local.get 0) (then (call $deep (i32.sub (local.get 0) (i32.const 1)))) (else (call $spin))))
      (catch_all (call $deep (local.get 0)))))`;
    expectStopped(throws(`${spin} ${deep} (func (export "run") ${body} (global.set $work (i64.const -1)))`), { model });
  });

  it.skipIf(!hasTryTable)('try_table', () => {
    const body = '(block $h (try_table (catch_all $h) (call $spin)))';
    const guest = expectStopped(throws(`${spin} (func (export "run") ${body} (global.set $work (i64.const -1)))`), { model });
    expect(workOf(guest)).toBeGreaterThan(0);
  });
});

describe.each(MODELS)('exceptions do what they do without a meter: %s', (model) => {
  it.each([
    ['a value in a handler', '(try (result i32) (do (throw $v (local.get 0))) (catch $v (i32.add (i32.const 1))))'],
    ['a branch out of a handler', '(block $b (result i32) (try (do (throw $v (local.get 0))) (catch $v (br $b))) (i32.const 9))'],
    [
      'a loop around',
      `(loop $l (result i32) (try (result i32) (do (throw $v (local.get 0)))
      (catch $v (drop) (local.tee 0 (i32.sub (local.get 0) (i32.const 1))) (br_if $l (i32.gt_s (local.get 0) (i32.const 0))))))`,
    ],
    ['a rethrow', `(try (result i32) (do (try (result i32) (do (throw $v (local.get 0))) (catch_all (rethrow 0)))) (catch $v))`],
  ])('%s', (_, body) => {
    const text = `(module (tag $v (param i32)) (func (export "run") (param i32) (result i32) ${body}))`;
    for (const value of [0, 1, 100]) expect(start(text, { model }).exports.run?.(value)).toBe(startPlain(text).run?.(value));
  });

  it('and what runs around exceptions is paid for', () => {
    const text =
      throws(`(func (export "run") (loop $l (try (do (if ${first(20)} (then (call $throw))) ${fills(100)}) (catch_all ${OP}))
      (br_if $l ${first(40)})))`);
    const guest = start(text, { model });
    guest.exports.run?.();
    expect(workOf(guest)).toBeGreaterThan(0);
    expect(4 * Number(guest.used())).toBeGreaterThanOrEqual(workOf(guest));
  });
});
