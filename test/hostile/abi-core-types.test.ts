import { describe, expect, it } from 'vitest';
import { abiGuest, type ending, hostFunction, OPTIONS, useHostileCells } from '../support/abi-guests.ts';
import { assemble } from '../support/assemble.ts';

/*
 * Core functions whose types are not those that the canonical ABI gives them: components that no validator would take. They
 * are refused, or trap where the lie is told; the host never works with a value of another kind than it expects.
 */

const cells = useHostileCells();

/** How such a component may end. Not as `ok`, and not as a fault of ours. */
async function lies(run: () => Promise<Parameters<typeof ending>[0]>): Promise<string | undefined> {
  try {
    const outcome = await run();
    return `${outcome.kind} ${outcome.error?.code}`;
  } catch (error) {
    return `refused ${(error as { code?: string }).code}`;
  }
}
const LIE = /^(refused component\/|trapped trap\/)/;

describe('a lifted function', () => {
  it.each([
    ['an i64 where a u32 is', '(result u32)', '(func (export "go") (result i64) (i64.const 5))'],
    ['an i32 where a u64 is', '(result u64)', '(func (export "go") (result i32) (i32.const 5))'],
    ['an i64 where a pointer is', '(result string)', '(func (export "go") (result i64) (i64.const 16))'],
    ['an i64 where an f64 is', '(result f64)', '(func (export "go") (result i64) (i64.const 5))'],
    ['an i64 where a char is', '(result char)', '(func (export "go") (result i64) (i64.const 65))'],
    ['an i64 where a bool is', '(result bool)', '(func (export "go") (result i64) (i64.const 0))'],
    ['an i64 where a result is', '(result (result))', '(func (export "go") (result i64) (i64.const 0))'],
    ['two results', '(result u32)', '(func (export "go") (result i32 i32) (i32.const 5) (i32.const 6))'],
    ['two results where a pointer is', '(result string)', '(func (export "go") (result i32 i32) (i32.const 16) (i32.const 6))'],
    ['a reference', '(result u32)', '(func (export "go") (result externref) (ref.null extern))'],
    ['a function', '(result u32)', '(func $f) (elem declare func $f) (func (export "go") (result funcref) (ref.func $f))'],
    ['a vector', '(result u32)', '(func (export "go") (result v128) (v128.const i32x4 1 2 3 4))'],
    ['nothing where a u32 is', '(result u32)', '(func (export "go"))'],
    ['nothing where a u64 is', '(result u64)', '(func (export "go"))'],
    ['nothing where an f32 is', '(result f32)', '(func (export "go"))'],
    ['nothing where a string is', '(result string)', '(func (export "go"))'],
    ['an f64 where a u32 is', '(result u32)', '(func (export "go") (result f64) (f64.const nan))'],
  ])('that returns %s', async (_, type, core) => {
    expect(await lies(async () => cells.go(await abiGuest({ core, type })))).toMatch(LIE);
  });

  it.each([
    ['an i64 for a u32', '(param "x" u32)', '(param i64)', 5],
    ['an i32 for a u64', '(param "x" u64)', '(param i32)', 5n],
    ['a vector', '(param "x" u32)', '(param v128)', 5],
    ['too many', '(param "x" u32)', '(param i32 i64)', 5],
  ] as const)('that takes %s', async (_, type, params, value) => {
    const core = `(func (export "go") ${params})`;
    expect(await lies(async () => cells.go(await abiGuest({ core, type }), [value]))).toMatch(LIE);
  });

  it.each([
    ['an i64', '(result i64) (i64.const 64)'],
    ['two results', '(result i32 i32) (i32.const 64) (i32.const 64)'],
    ['a reference', '(result externref) (ref.null extern)'],
    ['nothing', ''],
  ])('whose allocator returns %s', async (_, rest) => {
    const libc = `(func (export "realloc") (param i32 i32 i32 i32) ${rest})`;
    const guest = () => abiGuest({ libc, core: '(func (export "go") (param i32 i32))', type: '(param "x" string)' });
    expect(await lies(async () => cells.go(await guest(), ['abc']))).toMatch(LIE);
  });

  it.each([
    ['a table is the memory', '(table (export "t") 1 funcref)', '(memory (core memory $libc "t"))'],
    ['there is no such memory', '', '(memory (core memory $libc "none"))'],
    ['a memory is the allocator', '', '(memory (core memory $libc "memory")) (realloc (core func $libc "memory"))'],
  ])('when %s', async (_, more, options) => {
    const libc = `${more} (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64))`;
    const guest = () => abiGuest({ libc, core: '(func (export "go") (param i32 i32))', type: '(param "x" string)', options });
    expect(await lies(async () => cells.go(await guest(), ['abc']))).toMatch(LIE);
  });
});

describe('a lowered function', () => {
  it.each([
    ['an i64 for a string', '(param "x" string)', '(param i64 i64)', '(i64.const 16) (i64.const 1)'],
    ['an f64 for a string', '(param "x" string)', '(param f64 f64)', '(f64.const nan) (f64.const 1)'],
    ['a reference for a string', '(param "x" string)', '(param externref externref)', '(ref.null extern) (ref.null extern)'],
    ['one number for a string', '(param "x" string)', '(param i32)', '(i32.const 16)'],
    ['nothing for a u32', '(param "x" u32)', '', ''],
    ['nothing for a u64', '(param "x" u64)', '', ''],
    ['nothing for three', '(param "x" u32) (param "y" string)', '', ''],
    ['an i64 for a u32', '(param "x" u32)', '(param i64)', '(i64.const 5)'],
    ['an i32 for a u64', '(param "x" u64)', '(param i32)', '(i32.const 5)'],
    ['an f64 for an s8', '(param "x" s8)', '(param f64)', '(f64.const 1e300)'],
    ['an i64 for an f32', '(param "x" f32)', '(param i64)', '(i64.const 5)'],
    ['a reference for an f64', '(param "x" f64)', '(param externref)', '(ref.null extern)'],
    ['a function for a u32', '(param "x" u32)', '(param funcref)', '(ref.func $f)'],
    ['a function for an f32', '(param "x" f32)', '(param funcref)', '(ref.func $f)'],
    ['a reference for a char', '(param "x" char)', '(param externref)', '(ref.null extern)'],
    ['a number more', '(param "x" u32)', '(param i32 i32)', '(i32.const 5) (i32.const 5)'],
  ])('that is given %s', async (_, type, params, args) => {
    const { calls, capabilities } = hostFunction();
    const outcome = await lies(async () => {
      const guest = await abiGuest({
        before: `(import "host" (func $callee ${type}))`,
        lowered: `(core func $pass (canon lower (func $callee) ${OPTIONS}))`,
        uses: { pass: params },
        core: `(func $f) (elem declare func $f) (func (export "go") (result i32) (call $pass ${args}) (i32.const 1))`,
        type: '(result u32)',
      });
      return cells.go(guest, [], { capabilities });
    });
    expect(outcome).toMatch(LIE);
    expect(calls).toEqual([]);
  });

  it.each([
    ['a reference to a u32', '(result u32)', 1, '(result externref)', '(drop (call $pass))'],
    ['a u64 as an i32', '(result u64)', 1n, '(result i32)', '(drop (call $pass))'],
    ['a u32 as an i64', '(result u32)', 1, '(result i64)', '(drop (call $pass))'],
    ['two results for one', '(result u32)', 1, '(result i32 i32)', '(drop (call $pass)) (drop)'],
  ] as const)('that gives %s', async (_, type, answer, result, call) => {
    const outcome = await lies(async () => {
      const guest = await abiGuest({
        before: `(import "host" (func $callee ${type}))`,
        lowered: `(core func $pass (canon lower (func $callee) ${OPTIONS}))`,
        uses: { pass: result },
        core: `(func (export "go") (result i32) ${call} (i32.const 1))`,
        type: '(result u32)',
      });
      return cells.go(
        guest,
        [],
        hostFunction(() => answer),
      );
    });
    expect(outcome).toMatch(LIE);
  });
});

describe('a built-in of a resource', () => {
  it.each([
    ['a reference as a representation', 'new', '(param externref) (result i32)', '(drop (call $f (ref.null extern)))'],
    ['a function as a representation', 'new', '(param funcref) (result i32)', '(drop (call $f (ref.func $g)))'],
    ['an i64 as a representation', 'new', '(param i64) (result i32)', '(drop (call $f (i64.const 1)))'],
    ['an i64 as a handle', 'rep', '(param i64) (result i32)', '(drop (call $f (i64.const 1)))'],
    ['a representation as a reference', 'rep', '(param i32) (result externref)', '(drop (call $f (call $make (i32.const 1))))'],
    ['nothing as a handle', 'drop', '', '(call $f)'],
  ])('that is given %s', async (_, builtin, type, call) => {
    const outcome = await lies(async () => {
      const guest = await abiGuest({
        before: '(type $r (resource (rep i32)))',
        lowered: `(core func $f (canon resource.${builtin} $r)) (core func $make (canon resource.new $r))`,
        uses: { f: type, make: '(param i32) (result i32)' },
        core: `(func $g) (elem declare func $g) (func (export "go") (result i32) ${call} (i32.const 1))`,
        type: '(result u32)',
      });
      return cells.go(guest);
    });
    expect(outcome).toMatch(LIE);
  });
});

describe('a function that is called through a table, as toolchains do it', () => {
  /** What `wasm-tools component new` makes, with core types of our choice for the function that fills the table's place. */
  const throughTable = (definitions: string, type: string, args: string, call: string) =>
    assemble(`(component ${definitions}
      (core module $Shim (type $t (func ${type})) (table (export "$imports") 1 1 funcref)
        (func (export "0") (type $t) ${args} (call_indirect (type $t) (i32.const 0))))
      (core instance $shim (instantiate $Shim))
      (core module $Main (import "" "0" (func $f ${type})) (func (export "go") (result i32) ${call}))
      (core instance $main (instantiate $Main (with "" (instance (export "0" (func $shim "0"))))))
      (core module $Fixups (import "" "0" (func (param i32) (result i32))) (import "" "$imports" (table 1 1 funcref)) (elem (i32.const 0) func 0))
      (core instance (instantiate $Fixups (with "" (instance (export "0" (func $canon)) (export "$imports" (table $shim "$imports"))))))
      (func (export "go") (result u32) (canon lift (core func $main "go"))))`);
  const HOST = '(import "host" (func $callee (param "x" u32) (result u32))) (core func $canon (canon lower (func $callee)))';
  const NEW = '(type $r (resource (rep i32))) (core func $canon (canon resource.new $r))';

  it('works with its own type', async () => {
    const guest = await throughTable(HOST, '(param i32) (result i32)', '(local.get 0)', '(call $f (i32.const 5))');
    expect(
      await cells.go(
        guest,
        [],
        hostFunction(([x]) => x),
      ),
    ).toMatchObject({ kind: 'ok', value: 5 });
  });

  it.each([
    ['an f64', HOST, '(param f64) (result i32)', '(local.get 0)', '(call $f (f64.const 1e300))'],
    ['an i64', HOST, '(param i64) (result i32)', '(local.get 0)', '(call $f (i64.const 5))'],
    ['nothing', HOST, '(result i32)', '', '(call $f)'],
    ['a reference as a representation', NEW, '(param externref) (result i32)', '(local.get 0)', '(call $f (ref.null extern))'],
    [
      'a number, for a reference',
      NEW,
      '(param i32) (result externref)',
      '(local.get 0)',
      '(drop (call $f (i32.const 1))) (i32.const 1)',
    ],
  ])('is not given %s', async (_, definitions, type, args, call) => {
    const { calls, capabilities } = hostFunction(() => 9);
    expect(await lies(async () => cells.go(await throughTable(definitions, type, args, call), [], { capabilities }))).toMatch(
      LIE,
    );
    expect(calls).toEqual([]);
  });
});
