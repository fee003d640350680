import { describe, expect, it } from 'vitest';
import { isCoded } from '../../runtime/error.ts';
import { type CostModelName, instrument } from '../../runtime/instrument/index.ts';
import { MODELS, validInstrumented } from '../runtime/instrument/guest.ts';
import { type Body, code, leb, moduleOf, repeated } from './fuel-bytes.ts';

/* Modules of a size or shape that could make the rewriter slow. */

const END = [0x0b];
const BLOCK = [0x02, 0x40];
const LOOP = [0x03, 0x40];
const ZERO = [0x41, 0];
const NOP = 0x01;

const one = (...pieces: (Uint8Array | readonly number[])[]): Uint8Array => moduleOf([{ code: code(...pieces, END) }]);
const brIf = (label: number): number[] => [...ZERO, 0x0d, ...leb(label)];
const each = (count: number, piece: (at: number) => readonly number[]): Uint8Array =>
  code(Array.from({ length: count }, (_, at) => piece(at)).flat());

/** Makes a module of so many parts; the time for it must be about in proportion to them. */
type Growing = (parts: number) => Uint8Array;

const chain =
  (calls: (at: number, count: number) => readonly number[]): Growing =>
  (count) =>
    moduleOf(Array.from({ length: count }, (_, at): Body => ({ code: code(calls(at, count), END) })));
const next = (at: number, count: number): number[] => (at + 1 < count ? [0x10, ...leb(at + 1)] : []);

const GROWING: readonly (readonly [shape: string, parts: number, make: Growing])[] = [
  ['`br_if` after `br_if`', 1_500_000, (count) => one(repeated(count, ...brIf(0)))],
  [
    'loops inside one another, each continued',
    19_000,
    (count) =>
      one(
        repeated(count, ...LOOP),
        each(count, () => [...brIf(0), ...END]),
      ),
  ],
  [
    'loops inside one another, each continuing the outermost',
    19_000,
    (count) =>
      one(
        repeated(count, ...LOOP),
        each(count, (at) => [...brIf(count - 1 - at), ...END]),
      ),
  ],
  [
    'loops inside one another, left and continued at random from the innermost',
    19_000,
    (count) =>
      one(
        repeated(count, ...LOOP),
        each(count * 5, (at) => brIf((at * 7919) % (count + 1))),
        repeated(count, ...END),
      ),
  ],
  [
    'blocks and loops in turns, each left',
    9000,
    (count) =>
      one(
        repeated(count, ...BLOCK, ...LOOP),
        each(count, () => [...brIf(1), ...brIf(0), ...END, ...END]),
      ),
  ],
  [
    '`if` inside `if`',
    19_000,
    (count) =>
      one(
        each(count, () => [...ZERO, 0x04, 0x40]),
        repeated(count, 0x05, NOP, ...END),
      ),
  ],
  ['`try` inside `try`', 19_000, (count) => one(repeated(count, 0x06, 0x40), repeated(count, 0x19, NOP, ...END))],
  [
    'blocks, and tables that lead to all of them',
    19_000,
    (count) =>
      one(
        repeated(count, ...BLOCK),
        ...Array.from({ length: 50 }, () =>
          code(
            [...ZERO, 0x0e, ...leb(count)],
            each(count + 1, (at) => leb(at % count)),
          ),
        ),
        repeated(count, ...END),
      ),
  ],
  [
    'loops, and a table that leads to all of them',
    19_000,
    (count) =>
      one(
        repeated(count, ...LOOP),
        ZERO,
        [0x0e, ...leb(count)],
        each(count + 1, (at) => leb(at % count)),
        repeated(count, ...END),
      ),
  ],
  ['a chain of functions', 100_000, chain(next)],
  ['a ring of functions', 100_000, chain((at, count) => [0x10, ...leb((at + 1) % count)])],
  ['functions that each call the next twice', 100_000, chain((at, count) => [...next(at, count), ...next(at, count)])],
  [
    'functions that call all of one another, nearly',
    2000,
    chain((at, count) => Array.from({ length: 100 }, (_, by) => [0x10, ...leb((at + by * by) % count)]).flat()),
  ],
  [
    'dead branches out of a loop',
    500_000,
    (count) => one(BLOCK, LOOP, brIf(0), repeated(count, 0x0c, 1), END, [0x0f], END, repeated(50, NOP)),
  ],
];

/** Milliseconds that work takes of processors, since the machine may be busy with something else. */
function timeOf(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

const bestOf = (times: number, work: () => void): number => Math.min(...Array.from({ length: times }, () => timeOf(work)));

/** Instruments; a module may be refused for its size once it is rewritten, but in the same time. */
function instrumentOrRefuse(bytes: Uint8Array, model: CostModelName, make = instrument): void {
  try {
    make(bytes, { model });
  } catch (error) {
    if (!isCoded(error) || error.code !== 'component/too-large') throw error;
  }
}

describe.each(MODELS)('rewriting takes time in proportion: %s', (model) => {
  it.each(GROWING)('%s: %s', (_, parts, make) => {
    const [tenth, whole] = [make(parts / 10), make(parts)];
    instrumentOrRefuse(tenth, model, validInstrumented); // warm
    const short = bestOf(2, () => instrumentOrRefuse(tenth, model));
    const long = timeOf(() => instrumentOrRefuse(whole, model));
    // Quadratic would be 100 times; the rest is for noise.
    expect(long).toBeLessThan(50 * Math.max(short, 3));
    expect(long).toBeLessThan(2000);
  });
});
