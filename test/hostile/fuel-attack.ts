import { expect } from 'vitest';
import type { CostModelName } from '../../runtime/instrument/index.ts';
import { endOf, type Guest, start } from '../runtime/instrument/guest.ts';

/**
 * Guests that count their own work, so that a hole in metering shows without trust in the meter: each block adds what it
 * costs to a global. Only a part of what runs is counted, so the counts are too low, never too high.
 */

const count = (units: number): string => `(global.set $work (i64.add (global.get $work) (i64.const ${units})))`;

/** Traps when the work passes 2^28, so that a hole ends the test and does not hang it. Costs 5, and steers no control flow. */
export const BRAKE = '(drop (i32.load8_u (i32.wrap_i64 (i64.shr_u (global.get $work) (i64.const 12)))))';

/** The least work there is: costs 9 in both models, and counts 9. */
export const OP = `${count(9)} ${BRAKE}`;

/** Straight code of so many units, a multiple of 4, and no brake: for functions that must stay small. */
export const small = (units: number): string => count(4).repeat(units / 4);

/** Straight code of so many units; a multiple of 4. The brake is not counted. */
export const work = (units: number): string => `${small(units)} ${BRAKE}`;

/** Fills 4,096 bytes, so many times, and counts at least as many units as one byte in 64 costs; takes little code. */
export const fills = (times: number): string =>
  `${'(memory.fill (i32.const 0) (i32.const 1) (i32.const 4096))'.repeat(times)}
  ${count(64 * times)} ${BRAKE}`;

/** True, the first so many times in an instance. Costs 6. */
export const first = (times: number): string =>
  `(i32.le_u (global.get $times) (i32.const ${times})) (global.set $times (i32.add (global.get $times) (i32.const 1)))`;

/** A module with the counter of work, memory, and a counter for `first`. @param imports - must stand first in the text. */
export function guestText(body: string, imports = ''): string {
  return `(module ${imports} (memory (export "memory") 1) (global $work (export "work") (mut i64) (i64.const 0))
    (global $times (mut i32) (i32.const 0)) ${body})`;
}

/** How an attack is run, and what it may do at most. */
export interface Attack {
  readonly model: CostModelName;
  readonly fuel?: bigint;
  readonly args?: readonly unknown[];
  readonly imports?: WebAssembly.Imports;
  /** Native frames that may go on after the end of the fuel, each for 1,024 unchecked units. */
  readonly frames?: number;
  /** Units of the longest straight path of the guest. */
  readonly path?: number;
}

/** Most that a guest may do: a charge pays for at most four times its amount. */
export function mostWork({ fuel = 20_000n, frames = 1, path = 0 }: Attack): number {
  return 4 * (Number(fuel) + 1024 * frames + path);
}

/** The work that a guest counted. */
export function workOf(guest: Guest): number {
  return Number((guest.all.work as WebAssembly.Global).value); // exported by `guestText`
}

/** Runs `run` of an endless guest, and expects that the end of the fuel stops it in time. */
export function expectStopped(text: string | Uint8Array, attack: Attack): Guest {
  const { model, fuel = 20_000n, args = [], imports = {} } = attack;
  const guest = start(text, { model, fuel, imports });
  expect(endOf(() => guest.exports.run?.(...args))).toBe('unreachable');
  expectExhausted(guest, attack);
  return guest;
}

/** Expects that a guest is out of fuel, and did not do too much. */
export function expectExhausted(guest: Guest, attack: Attack): void {
  expect(guest.meter.exhausted()).toBe(true);
  expect(workOf(guest)).toBeLessThanOrEqual(mostWork(attack));
}
