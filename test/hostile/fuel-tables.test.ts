import { describe, expect, it } from 'vitest';
import { endOf, type Guest, MODELS, start, startPlain } from '../runtime/instrument/guest.ts';
import { expectExhausted, expectStopped, fills, guestText, OP, small, work, workOf } from './fuel-attack.ts';

/* Calls whose target nobody knows beforehand: by table, to other modules, through the host and back. */

const CALL = '(call_indirect (i32.const 0))';
const table = (elements: string): string => `(table $table 10 funcref) (elem (i32.const 0) ${elements})`;

describe.each(MODELS)('calls by table: %s', (model) => {
  it.each([
    ['a cycle of one', `${table('$f')} (func $f (export "run") ${OP} ${CALL})`],
    [
      'a cycle of three',
      `${table('$a $b $c')} (func $a (export "run") ${OP} (call_indirect (i32.const 1)))
      (func $b (call_indirect (i32.const 2))) (func $c ${CALL})`,
    ],
    [
      'a cycle through direct calls',
      `${table('$a')} (func $a (export "run") (call $b)) (func $b ${OP} (call $c)) (func $c ${CALL})`,
    ],
    [
      'a cycle closed at run time',
      `(table $table 1 funcref) (elem declare func $f) (func $f ${OP} (call $go)) (func $go ${CALL})
      (func (export "run") (table.set $table (i32.const 0) (ref.func $f)) (call $go))`,
    ],
    [
      'a cycle closed by table.init',
      `(table $table 1 funcref) (elem func $f) (func $f ${OP} (call $go)) (func $go ${CALL})
      (func (export "run") (table.init 0 (i32.const 0) (i32.const 0) (i32.const 1)) (call $go))`,
    ],
    [
      'a cycle in one arm',
      `${table('$f')} (func $f (export "run") (if (i64.ge_s (global.get $work) (i64.const 0)) (then ${OP} ${CALL})))`,
    ],
    [
      'a cycle of tail calls through a direct one',
      `${table('$f')} (func $f (export "run") ${OP} (return_call $g))
      (func $g (return_call_indirect (i32.const 0)))`,
    ],
    [
      'a loop over a leaf too small to be charged',
      `${table('$leaf')} (func $leaf ${small(28)}) (func (export "run") (loop $l ${CALL} (br $l)))`,
    ],
    [
      'a loop over small functions that call small functions',
      `${table('$a')} (func $a (call $b)) (func $b (call $c)) (func $c ${small(16)})
      (func (export "run") (loop $l ${CALL} (br $l)))`,
    ],
  ])('%s', (_, body) => {
    expectStopped(guestText(body), { model, fuel: 12_000n });
  });

  it.each([8, 28, 400, 1020])('20,000 in a row of a leaf of %s units', (units) => {
    const fuel = 400_000n; // enough to enter the caller, not for what it calls
    const guest = start(
      guestText(`${table('$leaf')} (func $leaf ${small(units)}) (func (export "run") ${CALL.repeat(20_000)})`),
      {
        model,
        fuel,
      },
    );
    const end = endOf(() => guest.exports.run?.());
    expect(workOf(guest)).toBeLessThanOrEqual(4 * (Number(guest.used()) + 1024));
    if (20_000 * units > 4 * Number(fuel)) expect(end).toBe('unreachable');
  });

  it('20,000 in a row of a leaf with seldom gone ways', () => {
    const seldom = '(block $seldom (br_if $seldom (i32.const 1)) (return))'.repeat(3);
    const leaf = `(func $leaf ${seldom.replaceAll('(return))', `(return)) ${work(300)}`)})`;
    const text = guestText(`${table('$leaf')} ${leaf} (func (export "run") ${CALL.repeat(20_000)})`);
    expectStopped(text, { model, fuel: 400_000n, path: 900 });
  });

  it('of nothing trap as they do without a meter', () => {
    const text = guestText(`(table $table 2 funcref) (func (export "run") ${OP} ${CALL})`);
    expect(endOf(() => start(text, { model }).exports.run?.())).toBe(endOf(() => startPlain(text).run?.()));
  });
});

/** Two modules that share one meter, and a table that the first exports. */
function pair(model: Guest['instrumented']['costModel']['name'], first: string, second: string, fuel: bigint): [Guest, Guest] {
  const one = start(guestText(first), { model, fuel, meter: 'shared' });
  const two = start(guestText(second, '(import "one" "table" (table $table 10 funcref)) (import "one" "f" (func $f))'), {
    model,
    under: one.meter,
    imports: { one: one.all },
  });
  return [one, two];
}

describe.each(MODELS)('two modules under one meter: %s', (model) => {
  const shared = '(table $table (export "table") 10 funcref)';

  it.each([
    [
      'call one another by a table that both see',
      `${shared} (func (export "f") ${OP} ${CALL})`,
      `(elem (i32.const 0) $g) (func $g (export "run") ${OP} (call $f))`,
    ],
    [
      'tail call one another',
      `${shared} (func (export "f") ${OP} (return_call_indirect (i32.const 0)))`,
      `(elem (i32.const 0) $g) (func $g (export "run") ${OP} (return_call $f))`,
    ],
    [
      'loop over a leaf of the other',
      `${shared} (func (export "f") ${small(28)})`,
      '(func (export "run") (loop $l (call $f) (br $l)))',
    ],
    [
      'call a leaf of the other 20,000 times in a row',
      `${shared} (func (export "f") ${work(1000)})`,
      `(func (export "run") ${'(call $f)'.repeat(20_000)})`,
    ],
    [
      'loop over a heavy function of the other',
      `${shared} (func (export "f") ${fills(100)})`,
      '(func (export "run") (loop $l (call $f) (br $l)))',
    ],
  ])('that %s', (_, first, second) => {
    const fuel = 800_000n;
    const [one, two] = pair(model, first, second, fuel);
    const end = endOf(() => two.exports.run?.());
    if (end !== 'unreachable') expect(end).toBe('Maximum call stack size exceeded');
    expect(workOf(one) + workOf(two)).toBeLessThanOrEqual(4 * (Number(one.used()) + 1024));
  });
});

describe.each(MODELS)('through the host and back: %s', (model) => {
  /** A guest whose import calls one of its exports, and does with a trap what `caught` says. */
  function reentered(body: string, enter: (guest: Guest, calls: number) => void, fuel: bigint): Guest {
    let calls = 0;
    const imports = { host: { again: () => enter(guest, ++calls) } };
    const guest: Guest = start(guestText(body, '(import "host" "again" (func $again))'), { model, fuel, imports });
    return guest;
  }

  it.each([
    ['recursion', `(func (export "run") ${OP} (call $again))`],
    ['recursion in a loop', `(func (export "run") (loop $l ${OP} (call $again) (br $l)))`],
    ['recursion by tail call', `(func (export "run") ${OP} (return_call $again))`],
  ])('%s is stopped', (_, body) => {
    const guest = reentered(body, ({ exports }) => exports.run?.(), 2500n);
    expect(endOf(() => guest.exports.run?.())).toBe('unreachable');
    expectExhausted(guest, { model });
  });

  it('a trap for lack of fuel that the host swallows ends the guest at its next check', () => {
    const body = `(func (export "spin") (loop $l ${OP} (br $l))) (func (export "run") (loop $l (call $again) ${OP} (br $l)))`;
    const guest = reentered(body, ({ exports }) => endOf(() => exports.spin?.()), 20_000n);
    expect(endOf(() => guest.exports.run?.())).toBe('unreachable');
    expectExhausted(guest, { model });
  });

  it('another trap that the host swallows ends the guest if the host abandons it', () => {
    // The counter is in a local when the load traps, so that the turns before it are lost: the host has to end it.
    const body = `(func (export "trap") (local i32) (loop $l ${OP} (local.set 0 (i32.add (local.get 0) (i32.const 1)))
        (br_if $l (i32.lt_u (local.get 0) (i32.const 1000))) (drop (i32.load (i32.const -8))) (br $l)))
      (func (export "run") (loop $l (call $again) (br $l)))`;
    const abandon = ({ exports, meter }: Guest): void => {
      if (endOf(() => exports.trap?.()) !== 'value undefined') meter.abandon();
    };
    const guest = reentered(body, abandon, 100_000n);
    expect(endOf(() => guest.exports.run?.())).toBe('unreachable');
    expect(workOf(guest)).toBe(9000); // one trap's worth
    expectExhausted(guest, { model });
  });

  it.each([
    [
      'in a loop',
      `(loop $l ${small(4)} (br_if $l (i64.ne (i64.rem_u (global.get $work) (i64.const 8000)) (i64.const 0))) (drop (i32.load (i32.const -8))) (br $l))`,
    ],
    ['outside loops', `${fills(30)} (drop (i32.load (i32.const -8)))`],
  ])('each call after a trap %s has no more than the budget, and all together report no more', (_, body) => {
    const guest = start(guestText(`(func (export "run") ${body})`), { model, fuel: 20_000n });
    for (let call = 0; call < 20; call += 1) {
      const before = workOf(guest);
      expect(endOf(() => guest.exports.run?.())).not.toBe('value undefined');
      expect(workOf(guest) - before).toBeLessThanOrEqual(4 * (20_000 + 1024));
    }
    expect(guest.used()).toBeLessThanOrEqual(20_000n);
  });

  it('a host that goes on calling after the end of the fuel gets next to nothing done', () => {
    const text = guestText(`(func (export "run") (loop $l ${OP} (br $l))) (func (export "leaf") ${small(28)})
      (func (export "straight") ${work(1000)}) (func (export "deep") ${OP} (call $d)) (func $d ${work(400)})`);
    const guest = expectStopped(text, { model });
    const before = workOf(guest);
    for (let call = 0; call < 100; call += 1)
      for (const name of ['run', 'straight', 'deep', 'leaf']) endOf(() => guest.exports[name]?.());
    // What is too small to be charged by itself runs: in `region` up to 32 units for each call of such a function.
    expect(workOf(guest) - before).toBeLessThanOrEqual(model === 'region' ? 100 * 2 * 32 : 0);
    expect(guest.meter.fuelLeft).toBe(0n);
  });
});
