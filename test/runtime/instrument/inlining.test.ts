import { describe, expect, it } from 'vitest';
import { BodySizes } from '../../../runtime/instrument/inlining.ts';
import { MODELS, start, toWat, wat } from './guest.ts';

function sizes(...groups: readonly [count: number, bytes: number][]): BodySizes {
  const all = new BodySizes();
  for (const [count, bytes] of groups) for (let at = 0; at < count; at += 1) all.add(bytes);
  return all;
}

/** What V8 makes of a module's functions, in its own words: bytes up to which a function may grow by inlining. */
function budgetCap(small: number, functions: number): number {
  const percentage = (small * 100) / functions;
  const scaled = percentage <= 25 ? 0 : percentage >= 50 ? 1 : (percentage - 25) / 25;
  return 600 * (1 - scaled) + 6000 * scaled;
}

describe('empty functions against small ones that charges made large', () => {
  it.each([
    { name: 'a third is small, a fifth stays so', small: 30, staySmall: 20, large: 70 },
    { name: 'none is small', small: 0, staySmall: 0, large: 1000 },
    { name: 'few are small', small: 100, staySmall: 97, large: 900 },
  ])('$name: the cap is twice as high for code that grew by a tenth', ({ small, staySmall, large }) => {
    const plain = sizes([small, 40], [large, 200]);
    const metered = sizes([staySmall, 45], [small - staySmall, 55], [large, 220]);
    const bytes = small * 40 + large * 200;
    const after = staySmall * 45 + (small - staySmall) * 55 + large * 220;
    const empty = metered.emptyFunctions(plain);
    const cap = budgetCap(staySmall + empty, small + large + empty);
    const want = 2 * budgetCap(small, small + large) * (after / bytes);
    expect(cap).toBeGreaterThanOrEqual(want);
    expect(budgetCap(staySmall + empty - 1, small + large + empty - 1)).toBeLessThan(want);
  });

  it('adds none where half of the functions are small, or all code is below the cap', () => {
    expect(sizes([60, 45], [40, 220]).emptyFunctions(sizes([60, 40], [40, 200]))).toBe(0);
    expect(sizes([2, 290]).emptyFunctions(sizes([2, 250]))).toBe(0);
  });

  it('never goes beyond half', () => {
    const empty = sizes([40, 45], [60, 220]).emptyFunctions(sizes([48, 40], [52, 200]));
    expect(empty).toBe(20);
  });
});

/** Functions of which none is small, and one that calls each. */
function manyFunctions(): Uint8Array {
  const body = '(i32.const 1) (i32.add) '.repeat(40);
  const one = (at: number): string => `(func $f${at} (export "f${at}") (param i32) (result i32) (local.get 0) ${body})`;
  const indices = Array.from({ length: 60 }, (_, at) => at);
  return wat(`(module (memory 1) ${indices.map(one).join('\n')}
    (func (export "run") (result i32) (i32.const 0) ${indices.map((at) => `(call $f${at})`).join(' ')}))`);
}

describe.each(MODELS)('%s: a module with empty functions', (model) => {
  it('has them last, and takes the same fuel', () => {
    const module = manyFunctions();
    const [padded, bare] = [start(module, { model }), start(module, { model, optimizations: { inlining: false } })];
    const functions = (bytes: Uint8Array): string[] =>
      toWat(bytes)
        .split(/^ {2}\(func/m)
        .slice(1);
    const [more, plain] = [functions(padded.instrumented.bytes), functions(bare.instrumented.bytes)];
    expect(more.length).toBeGreaterThan(plain.length);
    expect(more.slice(plain.length)).toSatisfy((added: string[]) =>
      added.every((text) => /^[^)]*\)[^a-z]*(\([^)]*\)\s*)*unreachable/.test(text)),
    );
    expect(padded.fuelOf('run')).toBe(bare.fuelOf('run'));
    expect(padded.exports.run?.()).toBe(60 * 40);
    expect(padded.instrumented.startFuel).toBe(bare.instrumented.startFuel);
  });
});
