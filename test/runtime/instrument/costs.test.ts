import { describe, expect, it } from 'vitest';
import { COST_MODELS, type CostModelName } from '../../../runtime/instrument/index.ts';
import { start } from './guest.ts';

/** Large enough that the function is not free for the host. */
const REST = '(drop (i32.const 1))'.repeat(40);

/** What a function's body costs, its entry and `REST` aside. */
function priceOf(body: string, model: CostModelName): number {
  const source = `(module (import "a" "f" (func $host)) (memory 1) (table 1 funcref) (elem (i32.const 0) $leaf) (type $none (func)) (tag)
    (type $eight (func (result i32 i32 i32 i32 i32 i32 i32 i32)))
    (func $leaf) (func $nine (param i32 i32 i32 i32 i32 i32 i32 i32 i32))
    (func (export "run") (param i32) ${body} ${REST}))`;
  const guest = start(source, { model, imports: { a: { f: () => undefined } } });
  return Number(guest.fuelOf('run', 0)) - 41;
}

const eight = '(i32.const 1)'.repeat(8);
const drop8 = '(drop)'.repeat(8);

describe('a call costs', () => {
  it.each([
    ['a constant', '(drop (i32.const 1))', 1, 1],
    ['nop, drop, blocks and loops: nothing', '(nop) (block (loop (nop)))', 0, 0],
    ['a comparison and an `if`', '(if (local.get 0) (then (nop)) (else (nop)))', 2, 2],
    ['unreachable code: nothing', `(block (br 0) ${REST})`, 1, 1],
    ['`return`: nothing, and what follows it neither', `${REST} (return)`, 0, 0],
    ['a division', '(drop (i32.div_u (i32.const 1) (i32.const 1)))', 2 + 4, 2 + 1],
    ['a square root', '(drop (f64.sqrt (f64.const 1)))', 1 + 8, 1 + 1],
    ['a table', '(block (br_table 0 0 (i32.const 1)))', 1 + 2, 1 + 1],
    ['a direct call, and the entry', '(call $leaf)', 3 + 1, 1 + 1],
    ['a call with nine values', `${'(i32.const 1)'.repeat(9)} (call $nine)`, 9 + 3 + 1 + 1, 9 + 1 + 1],
    ['an indirect call, and what it finds', '(call_indirect (type $none) (i32.const 0))', 1 + 8 + 8, 1 + 1 + 1],
    ['a call of the host', '(call $host)', 3 + 32, 1],
    ['a branch with eight values', `(block (type $eight) ${eight} (br 0)) ${drop8}`, 8 + 1 + 1, 8 + 1],
    ['eight values that are not carried', `(block (type $eight) ${eight}) ${drop8}`, 8, 8],
    ['a reference', '(drop (ref.func $leaf))', 4, 1],
    ['an element of a table', '(drop (table.get 0 (i32.const 0)))', 1 + 4, 1 + 1],
    ['setting an element', '(table.set 0 (i32.const 0) (ref.null func))', 2 + 64, 2 + 1],
    ['throwing and catching', '(try (do (throw 0)) (catch_all))', 4096, 1],
  ])('%s', (_, body, region, exact) => {
    expect([priceOf(body, 'region'), priceOf(body, 'exact')]).toEqual([region, exact]);
  });

  it('its locals too, one unit for eight, in region; none in exact', () => {
    const locals = (count: number) => `(local ${'i64 '.repeat(count)})`;
    const units = (count: number, model: CostModelName) => priceOf(locals(count), model);
    expect([7, 8, 64, 8000].map((count) => units(count, 'region'))).toEqual([0, 1, 8, 1000]);
    expect([7, 8, 64, 8000].map((count) => units(count, 'exact'))).toEqual([0, 0, 0, 0]);
  });

  it('nothing for a small function that the host calls, in region; its count in exact', () => {
    const source = `(module (func (export "small") ${'(drop (i32.const 1))'.repeat(31)}) (func (export "large") ${'(drop (i32.const 1))'.repeat(32)}))`;
    const fuel = (model: CostModelName) => {
      const guest = start(source, { model });
      return [guest.fuelOf('small'), guest.fuelOf('large')];
    };
    expect([fuel('region'), fuel('exact')]).toEqual([
      [0n, 33n],
      [32n, 33n],
    ]);
  });
});

describe('a cost model', () => {
  it.each([
    ['region', 4, 'sha256:c5682bca0450e134b9f2f4bc339d3ed4989f2211d7a91b2d278132c79ad2efb4'],
    ['exact', 1, 'sha256:af1639dbc8ed6bdedfa53a1c085a09ff0bce6805115af61d8e49f0715032f40f'],
  ] as const)('%s has the table that its version promises; a red test means: raise the version', (name, version, digest) => {
    expect(COST_MODELS[name]).toMatchObject({ name, version, digest });
  });

  it('differs from the other in its digest, and so in all that is kept by it', () => {
    expect(COST_MODELS.region.digest).not.toBe(COST_MODELS.exact.digest);
  });
});
