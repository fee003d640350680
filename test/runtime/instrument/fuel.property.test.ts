import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { COST_MODELS, type InstrumentOptions } from '../../../runtime/instrument/index.ts';
import { MODELS, start, startPlain, wat } from './guest.ts';
import { interpret, type Run, TooLong } from './interpreter.ts';
import { HOST, textOf } from './program.ts';
import { programs } from './random-program.ts';
import { type Call, expectSame, see } from './seen.ts';

/** A program, what it is called with, and the global's first value. */
const calls = fc.tuple(programs, fc.nat(4), fc.integer()).filter((call) => expectedOf(call) !== undefined);

/** What the interpreter says of a call; undefined where it takes too long. */
function expectedOf(call: Call): Run | undefined {
  try {
    return interpret(...call);
  } catch (error) {
    if (error instanceof TooLong) return undefined;
    throw error;
  }
}

/** A call's module, and what to expect of it. */
function prepare(call: Call): { readonly bytes: Uint8Array; readonly expected: Run } {
  return { bytes: wat(textOf(call[0])), expected: interpret(...call) };
}

/** FUZZ=n makes n times as many runs, and takes a new seed each time. */
const times = Number(process.env.FUZZ ?? 1);
const check = (numRuns: number) => ({ numRuns: numRuns * times, ...(times === 1 ? { seed: 20_261_126 } : {}) });

const meters = fc.record({
  meter: fc.constantFrom<InstrumentOptions['meter'] & string>('own', 'shared'),
  memory: fc.constantFrom<InstrumentOptions['memory'] & string>('own', 'given'),
});
const switches = fc.record({
  regions: fc.boolean(),
  locals: fc.boolean(),
  spills: fc.boolean(),
  turns: fc.boolean(),
  callersPay: fc.boolean(),
  freeLeaves: fc.boolean(),
  sinks: fc.boolean(),
  inlining: fc.boolean(),
});

describe('the reference', () => {
  it('computes what the engine computes', () => {
    fc.assert(
      fc.property(calls, (call) => {
        const { bytes, expected } = prepare(call);
        expectSame(see(startPlain(bytes, HOST) as unknown as WebAssembly.Exports, call), expected); // also a global and a memory
      }),
      check(300),
    );
  });
});

describe('exact', () => {
  it('is what a naive interpreter counts, for every call that returns, whatever is optimized', () => {
    fc.assert(
      fc.property(calls, meters, fc.option(switches, { nil: {} }), (call, meter, optimizations) => {
        const { bytes, expected } = prepare(call);
        const guest = start(bytes, { model: 'exact', ...meter, optimizations, imports: HOST });
        expectSame(see(guest.all, call), expected);
        if (expected.end.kind === 'value') expect(guest.used()).toBe(BigInt(expected.cost.exact));
      }),
      check(400),
    );
  });

  it('counts a recursive fib as the formula says', () => {
    const fib = `(module (func $fib (export "fib") (param i32) (result i32)
      (if (result i32) (i32.lt_u (local.get 0) (i32.const 2)) (then (local.get 0))
        (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2))))))))`;
    // Each call: entry 1, compare 3, if 1. A leaf: 1 more. Others: two calls, three operands each, and one addition.
    const count = (n: number): number => (n < 2 ? 6 : 5 + 2 * (1 + 3) + 1 + count(n - 1) + count(n - 2));
    const guest = start(fib, { model: 'exact' });
    expect(guest.exports.fib?.(15)).toBe(startPlain(fib).fib?.(15));
    for (const n of [0, 1, 2, 10, 15]) expect(guest.fuelOf('fib', n)).toBe(BigInt(count(n)));
    expect(count(10)).toBe(1766); // Wasmtime 49 and 50, measured
  });
});

describe('region', () => {
  it('is never below a quarter of the cost, nor above four times of it and the slack for each charge', () => {
    const { slack } = COST_MODELS.region.tolerance;
    let [fuel, cost] = [0, 0];
    fc.assert(
      fc.property(calls, meters, fc.option(switches, { nil: {} }), (call, meter, optimizations) => {
        const { bytes, expected } = prepare(call);
        const guest = start(bytes, { ...meter, optimizations, imports: HOST });
        expectSame(see(guest.all, call), expected);
        if (expected.end.kind === 'trap') return; // its fuel may be in a local, and what it did not do is paid for
        const used = Number(guest.used());
        expect(expected.cost.region).toBeLessThanOrEqual(4 * used + 32);
        expect(used).toBeLessThanOrEqual(4 * expected.cost.region + slack * expected.points);
        fuel += used;
        cost += expected.cost.region;
      }),
      check(400),
    );
    // Single programs may be anywhere in the bounds; a thousand of them together are close.
    expect(fuel / cost).toBeGreaterThan(0.9);
    expect(fuel / cost).toBeLessThan(1.1);
  });
});

describe.each(MODELS)('a budget in %s', (model) => {
  it('of exactly what a call takes is enough, and every smaller one is exhausted', () => {
    fc.assert(
      fc.property(calls, meters, fc.nat(1000), (call, meter, share) => {
        const { bytes, expected } = prepare(call);
        const free = start(bytes, { model, ...meter, imports: HOST });
        see(free.all, call);
        const used = free.used();
        for (const fuel of [used, used - 1n, (used * BigInt(share)) / 1000n]) {
          if (fuel < 0n) continue;
          const guest = start(bytes, { model, ...meter, fuel, imports: HOST });
          const seen = see(guest.all, call);
          if (fuel === used) expectSame(seen, expected);
          // Out of fuel it may also return: some charges are seen only by the next check.
          else if (expected.end.kind !== 'trap')
            expect([fuel, guest.meter.exhausted(), guest.used()]).toEqual([fuel, true, fuel]);
          if (!guest.meter.exhausted()) expectSame(seen, expected);
        }
      }),
      check(200),
    );
  });
});
