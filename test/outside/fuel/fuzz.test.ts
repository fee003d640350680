import { describe, expect, it } from 'vitest';
import { COST_MODELS, createMeter, instrument } from '../../../runtime/instrument/index.ts';
import { MNEMONICS } from '../../../runtime/instrument/opcodes.ts';
import { seededRandom } from '../../support/mutate.mjs';
import { fuzzModule } from './fuzz.mjs';
import { Opcodes } from './opcodes.mjs';
import { OperatorTable } from './random-expressions.mjs';
import { randomModule } from './random-module.mjs';
import type { Instrumentation } from './replay-all.mjs';
import { Tracer } from './trace.mjs';

/*
 * A little of `test/outside/fuel-fuzz.mjs`: random modules plain, counted naively, and metered with enough fuel, with exactly
 * what a call needs, and with less. And whether it would see what is wrong.
 */
const right: Instrumentation = { instrument, createMeter, COST_MODELS, opcodes: new Opcodes(MNEMONICS) };
const operators = new OperatorTable(right.opcodes);
const tracer = new Tracer(right.opcodes, COST_MODELS.region);
const SEEDS = 30;

function fuzz(
  instrumentation: Instrumentation,
  seeds: number,
  counter = tracer,
): { problems: string[]; returned: number; exhausted: number } {
  const sum = { problems: [] as string[], returned: 0, exhausted: 0 };
  for (let seed = 0; seed < seeds; seed += 1) {
    const module = randomModule(operators, seed, { exceptions: seed % 2 === 0 ? 'legacy' : 'none' });
    const { problems, returned, exhausted } = fuzzModule(instrumentation, counter, module, seededRandom(seed));
    sum.problems.push(...problems.map((text) => `seed ${seed}: ${text}`));
    sum.returned += returned;
    sum.exhausted += exhausted;
  }
  return sum;
}

describe('random modules', () => {
  it('end as plain or out of fuel, cost the naive count in exact, and keep the bounds of region', () => {
    const { problems, returned, exhausted } = fuzz(right, SEEDS);
    expect(problems).toEqual([]);
    expect(returned).toBeGreaterThan(SEEDS * 5);
    expect(exhausted).toBeGreaterThan(SEEDS * 4);
  });

  it('would show a count that is not the naive one', () => {
    const wrong: Instrumentation = {
      ...right,
      instrument: (bytes, options) => instrument(bytes, { ...options, model: 'region' }),
    };
    expect(fuzz(wrong, 3).problems.join()).toMatch(/exact\/own .* by the naive count/);
  });

  it('would show a meter that gives one unit too much', () => {
    const wrong: Instrumentation = { ...right, createMeter: (budget) => createMeter({ ...budget, fuel: budget.fuel + 1n }) };
    expect(fuzz(wrong, 3).problems.join()).toMatch(/with a budget of \d+ not exhausted/);
  });

  it('would show charges that are too low for what they pay for, and prices below those of exact', () => {
    const priced = (by: number): Tracer => {
      const costOf = COST_MODELS.region.costOf.map((cost) => cost * by);
      return new Tracer(right.opcodes, { ...COST_MODELS.region, costOf });
    };
    expect(fuzz(right, 3, priced(50)).problems.join()).toMatch(/region\/own .* fuel \d+ for a path of \d+/);
    expect(fuzz(right, 3, priced(0)).problems.join()).toMatch(
      /region\/own .* the exact count \d+ - \d+ is more than the path's price/,
    );
  });
});
