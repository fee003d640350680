import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decoded } from './tape-of.ts';

/** A module whose function `n` calls those of the list at `n`, in its order. @param taken - functions whose address is taken. */
function graphOf(calls: readonly (readonly number[])[], taken: readonly number[] = [], call = 'call') {
  const functions = calls.map((callees) => `(func ${callees.map((callee) => `(${call} ${callee})`).join(' ')})`);
  const { order, groups, heads, headsOfOthers } = decoded(`(module ${functions.join('\n')})`).graph(
    Uint8Array.from(calls, (_, at) => (taken.includes(at) ? 1 : 0)),
  );
  return { order: [...order], groups: [...groups], heads: [...heads], headsOfOthers: [...headsOfOthers] };
}

/** By function: all that it can reach by one call or more. */
function reached(calls: readonly (readonly number[])[]): Set<number>[] {
  return calls.map((_, from) => {
    const seen = new Set<number>();
    const visit = (at: number): void => {
      for (const callee of calls[at] ?? []) {
        if (seen.has(callee)) continue;
        seen.add(callee);
        visit(callee);
      }
    };
    visit(from);
    return seen;
  });
}

const graphs = fc.integer({ min: 1, max: 8 }).chain((count) => {
  return fc.array(fc.array(fc.nat(count - 1), { maxLength: 3 }), { minLength: count, maxLength: count });
});

describe('the graph of calls', () => {
  it('puts callees before their callers', () => {
    expect(graphOf([[2, 1], [2], []]).order).toEqual([2, 1, 0]);
  });

  it('names as head what closes a cycle, and tells recursion of one function from that of several', () => {
    expect(graphOf([[0]])).toMatchObject({ heads: [1], headsOfOthers: [0] });
    expect(graphOf([[1], [0]])).toMatchObject({ heads: [1, 0], headsOfOthers: [1, 0], groups: [0, 0] });
    expect(graphOf([[1], []])).toMatchObject({ heads: [0, 0] });
  });

  it('prefers heads whose address is taken, and then large ones', () => {
    expect(graphOf([[1], [2], [0]], [1])).toMatchObject({ heads: [0, 1, 0] });
    expect(graphOf([[1], [0, 2], []], [2]).heads).toEqual([1, 0, 0]);
    const large = [0, ...Array.from({ length: 40 }, () => 2)];
    expect(graphOf([[1], large, []])).toMatchObject({ heads: [0, 1, 0], groups: [1, 1, 2] });
  });

  it('does not take a function that is called twice for a cycle', () => {
    expect(graphOf([[1, 2], [3], [3], []])).toMatchObject({ heads: [0, 0, 0, 0] });
  });

  it('counts tail calls, and calls in code that is never reached', () => {
    expect(graphOf([[0]], [], 'return_call').heads).toEqual([1]);
    expect(graphOf([[0]], [], 'unreachable) (call').heads).toEqual([1]);
  });

  it('has each function once, a head in every cycle, and in one group what can reach each other', () => {
    fc.assert(
      fc.property(graphs, fc.array(fc.nat(7)), (calls, taken) => {
        const { order, groups, heads, headsOfOthers } = graphOf(calls, taken);
        const reach = reached(calls);
        expect([...order].sort()).toEqual(calls.map((_, at) => at));
        // Without the heads no cycle is left.
        const rest = calls.map((callees) => callees.filter((callee) => heads[callee] === 0));
        expect(reached(rest).every((seen, at) => !seen.has(at))).toBe(true);
        const together = (a: number, b: number): boolean => a === b || (reach[a]?.has(b) === true && reach[b]?.has(a) === true);
        for (let a = 0; a < calls.length; a += 1) {
          for (let b = 0; b < calls.length; b += 1) expect([a, b, groups[a] === groups[b]]).toEqual([a, b, together(a, b)]);
          if (heads[a] === 0) expect(headsOfOthers[a]).toBe(0);
          else expect(reach[a]?.has(a)).toBe(true);
        }
        const place = new Map(order.map((body, at) => [body, at]));
        calls.forEach((callees, caller) => {
          for (const callee of callees)
            if (heads[callee] === 0) expect(place.get(callee)).toBeLessThan(place.get(caller) as number);
        });
      }),
      { numRuns: 300 },
    );
  });

  it('follows a chain of 100,000 calls, which has no recursion of its own', () => {
    const count = 100_000;
    const { heads, order } = graphOf(Array.from({ length: count }, (_, at) => [(at + 1) % count]));
    expect([heads[0], heads.reduce((sum, head) => sum + head, 0), order[0]]).toEqual([1, 1, count - 1]);
  });
});
