import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PathState, settle, tolerable } from '../../../runtime/instrument/path-state.ts';

const region = { factor: 4, slack: 64, freeLeaf: 32, indirectCallee: 8 };
const exact = { factor: 1, slack: 0, freeLeaf: 0, indirectCallee: 0 };

function stateOf(low: number, high: number, fuel: number): PathState {
  return Object.assign(new PathState(), { low, high, fuel });
}

describe('what lies ahead', () => {
  it('grows by the cost of what is passed, on every path', () => {
    const state = stateOf(1, 5, 3);
    state.add(10);
    expect(state).toMatchObject({ low: 11, high: 15, fuel: 13 });
  });

  it('stays a trap whatever leads to it', () => {
    const state = stateOf(1, 5, 3).trap();
    state.add(10);
    expect([state.traps, state.high, state.fuel]).toEqual([true, 10, 10]);
    expect(state.clear().traps).toBe(false);
  });

  it('is copied, not shared', () => {
    const from = stateOf(1, 5, 3);
    Object.assign(from, { unchecked: 7, cyclic: true, touches: true });
    const to = new PathState().set(from);
    from.add(1);
    expect(to).toEqual(Object.assign(stateOf(1, 5, 3), { unchecked: 7, cyclic: true, touches: true }));
  });
});

describe('a charge for several paths', () => {
  const states = fc
    .tuple(fc.nat(5000), fc.nat(50_000), fc.nat(50_000))
    .map(([low, more, fuel]) => stateOf(low, low + more, fuel));

  it('is what the path costs where there is but one, in both models', () => {
    for (const cost of [0, 1, 64, 100_000]) {
      expect(settle(stateOf(cost, cost, cost), exact)).toBe(cost);
      expect(settle(stateOf(cost, cost, cost), region)).toBe(cost);
    }
  });

  it('is at least a quarter of the costliest; and at most four times the cheapest and the slack, wherever one charge can pay', () => {
    fc.assert(
      fc.property(states, (state) => {
        const fuel = settle(state, region);
        expect(4 * fuel).toBeGreaterThanOrEqual(state.high);
        if (tolerable(state.low, state.high, region)) expect(fuel).toBeLessThanOrEqual(4 * state.low + 64);
      }),
    );
  });

  it('can pay for 0 and 256 with a slack of 64, not for 257; and in exact only for equal ones', () => {
    expect([tolerable(0, 256, region), tolerable(0, 257, region)]).toEqual([true, false]);
    expect([tolerable(10, 16 * 10 + 256, region), tolerable(10, 16 * 10 + 257, region)]).toEqual([true, false]);
    expect([tolerable(5, 5, exact), tolerable(5, 6, exact)]).toEqual([true, false]);
  });

  it('has no upper bound where all paths trap', () => {
    expect(settle(stateOf(Number.POSITIVE_INFINITY, 100, 90), region)).toBe(90);
    expect(tolerable(Number.POSITIVE_INFINITY, 10 ** 9, region)).toBe(true);
  });
});
