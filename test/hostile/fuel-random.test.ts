import { describe, expect, it } from 'vitest';
import type { CostModelName } from '../../runtime/instrument/index.ts';
import { endOf, type Guest, MODELS, start, wat } from '../runtime/instrument/guest.ts';
import { OP } from './fuel-attack.ts';

/*
 * Random guests that do all at once: loops, tables, recursion, tail and indirect calls, exceptions, re-entry from a host that throws.
 * They count their own work, and end by a load out of bounds when that passes 2^28, so that a hole cannot hang the test.
 */

const hasTryTable = WebAssembly.validate(new Uint8Array(wat('(module (func (block $h (try_table (catch_all $h)))))')));

/** One guest in the making. */
interface Making {
  readonly model: CostModelName;
  readonly functions: number;
  /** Handlers of which form; the newest engines refuse a module with both. */
  readonly handles: 'none' | 'try' | 'try_table';
  readonly labels: readonly string[];
  readonly random: (below: number) => number;
}

/** Numbers from a linear congruential generator, so that a seed names a guest. */
function randomFrom(seed: number): Making['random'] {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const pick = <T>(making: Making, choices: readonly T[]): T => choices[making.random(choices.length)] as T; // there is one

/** Work of 9 units and some fills, counted. */
function work(making: Making): string {
  const fills = pick(making, [0, 0, 0, 1, 3, 10, making.random(6) === 0 ? 300 : 1]);
  const counted = OP.replace('(i64.const 9)', `(i64.const ${9 + fills * (making.model === 'exact' ? 4100 : 99)})`);
  return `${'(memory.fill (i32.const 0) (i32.const 0) (i32.const 4096))'.repeat(fills)} ${counted}`;
}

const STEP = '(global.set $random (i32.add (i32.mul (global.get $random) (i32.const 1103515245)) (i32.const 12345)))';
const choice = (making: Making, most: number): string =>
  `(i32.and (i32.shr_u (global.get $random) (i32.const ${8 + making.random(16)})) (i32.const ${most}))`;

function block(making: Making, depth: number): string {
  return Array.from({ length: 1 + making.random(4) }, () => statement(making, depth)).join('\n');
}

/** Instructions that hold no others. */
function leaf(making: Making): string {
  const callee = `$f${making.random(making.functions)}`;
  const label = making.labels.length > 0 ? pick(making, making.labels) : undefined;
  const indirect = (call: string): string => `${STEP} (${call} (i32.and (global.get $random) (i32.const 3)))`;
  const ends = ['(return)', `(return_call ${callee})`, indirect('return_call_indirect'), '(unreachable)'];
  if (making.handles !== 'none') ends.push('(throw $t)');
  return pick(making, [
    work(making),
    work(making),
    `(call ${callee})`,
    `(call ${callee})`,
    indirect('call_indirect'),
    '(call $host)',
    '(drop (memory.grow (i32.const 0)))',
    ...(label === undefined
      ? []
      : [`${STEP} (br_if ${label} ${choice(making, 1)})`, `${STEP} (br_if ${label} ${choice(making, 3)})`]),
    `${STEP} (if ${choice(making, 3)} (then ${work(making)}) (else ${pick(making, ends)}))`,
    `${STEP} (if ${choice(making, 1)} (then (call ${callee}) ${pick(making, ['(unreachable)', '(return)', ''])}))`,
  ]);
}

function statement(making: Making, depth: number): string {
  if (depth === 0) return leaf(making);
  const label = `$l${making.labels.length}`;
  const inside = { ...making, labels: [...making.labels, label] };
  const some = (from: Making): string => Array.from({ length: 1 + making.random(4) }, () => pick(making, from.labels)).join(' ');
  switch (making.random(7)) {
    case 0:
      return `(block ${label} ${block(inside, depth - 1)})`;
    case 1:
      return `(loop ${label} ${block(inside, depth - 1)} ${STEP} (br_if ${label} ${choice(making, 3)}))`;
    case 2:
      return `(loop ${label} ${block(inside, depth - 1)} ${STEP} (br_table ${some(inside)} ${choice(making, 3)}))`;
    case 3:
      return `(block ${label} ${block(inside, depth - 1)} ${STEP} (br_table ${some(inside)} ${choice(making, 7)})) ${work(making)}`;
    case 4:
      return `${STEP} (if ${choice(making, 1)} (then ${block(making, depth - 1)}) (else ${block(making, depth - 1)}))`;
    case 5:
      if (making.handles === 'none') return leaf(making);
      if (making.handles === 'try')
        return `(try ${label} (do ${block(inside, depth - 1)}) (catch_all ${block(inside, depth - 1)}))`;
      return `(block ${label} (try_table (catch_all ${label}) ${block(inside, depth - 1)})) ${work(making)}`;
    default:
      return leaf(making);
  }
}

function guestOf(seed: number, model: CostModelName): string {
  const random = randomFrom(seed);
  const functions = 1 + random(6);
  const handles = (['none', 'try', hasTryTable ? 'try_table' : 'try'] as const)[random(3)] as Making['handles']; // in range
  const making = { model, functions, handles, labels: [], random };
  const bodies = Array.from({ length: functions }, (_, at) => {
    const name = at === 0 ? '(export "run")' : '';
    return `(func $f${at} ${name} ${random(4) === 0 ? '' : STEP} ${block(making, 1 + random(4))})`;
  });
  const elements = Array.from({ length: 4 }, () => `$f${random(2) === 0 ? 0 : random(functions)}`);
  return `(module (import "host" "call" (func $host)) (tag $t) (memory 1) (table 4 funcref) (elem (i32.const 0) ${elements.join(' ')})
    (global $work (export "work") (mut i64) (i64.const 0)) (global $random (mut i32) (i32.const ${random(1e9)})) ${bodies.join('\n')})`;
}

/** Runs a guest with a host that calls back, and throws, now and then. */
function run(seed: number, model: CostModelName, fuel: bigint): { readonly guest: Guest; readonly end: string } {
  let calls = 0;
  const call = (): void => {
    calls += 1;
    if (calls % 5 === 0) throw new Error('from the host');
    if (calls % 3 === 0) guest.exports.run?.();
  };
  const guest: Guest = start(guestOf(seed, model), { model, fuel, imports: { host: { call } } });
  return { guest, end: endOf(() => guest.exports.run?.()) };
}

describe.each(MODELS)('random guests do no more than four times what they pay for: %s', (model) => {
  const SEEDS = 40;

  it.each([0, 1, 2, 3, 4, 5, 6, 7])('batch %s', (batch) => {
    for (let seed = batch * SEEDS; seed < (batch + 1) * SEEDS; seed += 1) {
      const fuel = [300n, 30_000n, 300_000n][seed % 3] as bigint; // in range
      const { guest, end } = run(seed, model, fuel);
      const done = Number((guest.all.work as WebAssembly.Global).value); // exported
      const returned = end === 'value undefined' || end === 'from the host' || end.includes('Exception');
      // After a trap the counter may lack what a loop used; then only the budget bounds the work.
      const paid = returned && !guest.meter.exhausted() ? Number(guest.used()) : Number(fuel) + 20 * 1024;
      expect(done, `seed ${seed}: ${end}`).toBeLessThanOrEqual(4 * paid + 64);
    }
  });

  it('and use the same fuel each time', () => {
    for (let seed = 1000; seed < 1020; seed += 1) {
      const [first, second] = [run(seed, model, 30_000n), run(seed, model, 30_000n)];
      if (first.end.includes('call stack')) continue; // the stack's end depends on the compiler's tier
      expect([second.end, second.guest.used()]).toEqual([first.end, first.guest.used()]);
    }
  });
});
