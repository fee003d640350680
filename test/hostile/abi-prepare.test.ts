import type { CellOutcome } from 'cellblock/runtime';
import { describe, expect, it } from 'vitest';
import { hostFunction, memoryGrowth, useHostileCells } from '../support/abi-guests.ts';
import { assemble } from '../support/assemble.ts';

/*
 * Small components that ask for a lot of linking: what they say is repeated, nested or shared so that a plan of it, written
 * out, would be thousands of times their size. They are refused, or cost no more than other guests.
 */

const cells = useHostileCells();
const MiB = 2 ** 20;

/** A component of so many definitions, and `go`. */
function withGo(definitions: string): Promise<Uint8Array> {
  return assemble(`(component ${definitions}
    (core module $Go (func (export "go") (result i32) (i32.const 7)))
    (core instance $go (instantiate $Go))
    (func (export "go") (result u32) (canon lift (core func $go "go"))))`);
}

/** What comes of preparing and running a component, in one word or two, and what it cost the process in bytes. */
async function cost(bytes: Uint8Array, options = {}): Promise<{ end: string; growth: number }> {
  let end = '';
  const growth = await memoryGrowth(async () => {
    end = await cells.go(bytes, [], options).then(
      (outcome: CellOutcome) => outcome.error?.code ?? outcome.kind,
      (error: { code?: string }) => String(error.code),
    );
  });
  return { end, growth };
}

const refused = (bytes: Uint8Array) => expect(cells.go(bytes)).rejects.toMatchObject({ code: 'component/too-large' });

describe('components that instantiate others', () => {
  const doubling = (levels: number) =>
    Array.from(
      { length: levels },
      (_, at) =>
        `(component $c${at + 1} (alias outer 1 $c${at} (component $x)) (instance (instantiate $x)) (instance (instantiate $x)))`,
    ).join('\n');

  it('twice at each of 30 levels are refused', async () => {
    await refused(
      await withGo(
        `(component $c0 (core module $M) (core instance (instantiate $M))) ${doubling(30)} (instance (instantiate $c30))`,
      ),
    );
    await refused(await withGo(`(component $c0) ${doubling(30)} (instance (instantiate $c30))`));
  });

  it('150 levels deep are refused', async () => {
    const levels = Array.from(
      { length: 150 },
      (_, at) => `(component $c${at + 1} (alias outer 1 $c${at} (component $x)) (instance (instantiate $x)))`,
    );
    await refused(await withGo(`(component $c0) ${levels.join('\n')} (instance (instantiate $c150))`));
  });

  it('with exports that double at each level are refused', async () => {
    const levels = Array.from(
      { length: 20 },
      (_, at) => `(component $c${at + 1} (alias outer 1 $c${at} (component $x))
        (instance $a (instantiate $x)) (instance $b (instantiate $x)) (export "a" (instance $a)) (export "b" (instance $b)))`,
    );
    await refused(await withGo(`(component $c0) ${levels.join('\n')} (instance (instantiate $c20))`));
  });
});

describe('a plan that would be thousands of times its component', () => {
  it.each([100, 2000])(
    'by a large type in each of %i instances of one component',
    async (count) => {
      const bytes = await withGo(`(component $Large
        (type $t (tuple ${'u8 '.repeat(60_000)}))
        (core module $M (memory (export "memory") 1) (func (export "f") (param i32))
          (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 0)))
        (core instance $m (instantiate $M))
        (func $f (param "x" $t) (canon lift (core func $m "f") (memory (core memory $m "memory")) (realloc (core func $m "realloc")))))
      ${'(instance (instantiate $Large))'.repeat(count)}`);
      const { end, growth } = await cost(bytes);
      expect(end).toMatch(/^(ok|component\/too-large)$/);
      expect(growth).toBeLessThan(128 * MiB);
    },
    90_000,
  );

  it('by long names in each of 10,000 instances of one component', async () => {
    const name = (letter: string) => `"${letter.repeat(4000)}"`;
    const bytes = await withGo(`(component $Long
        (core module $M (memory (export ${name('m')}) 0) (func (export ${name('f')}) (param i32 i32))
          (func (export ${name('r')}) (param i32 i32 i32 i32) (result i32) (i32.const 0)))
        (core instance $m (instantiate $M))
        (func $f (param "x" string) (canon lift (core func $m ${name('f')}) (memory (core memory $m ${name('m')})) (realloc (core func $m ${name('r')})))))
      ${'(instance (instantiate $Long))'.repeat(10_000)}`);
    const { end, growth } = await cost(bytes);
    expect(end).toMatch(/^(ok|component\/too-large)$/);
    expect(growth).toBeLessThan(128 * MiB);
  }, 90_000);

  it('by long names of items given to each of 10,000 core instances', async () => {
    const names = Array.from({ length: 10 }, (_, at) => `"${String(at).repeat(4000)}"`);
    const bytes = await withGo(`(core module $P (func (export "f"))) (core instance $p (instantiate $P))
      (core module $M ${names.map((name) => `(import "bag" ${name} (func))`).join(' ')})
      (core instance $bag ${names.map((name) => `(export ${name} (func $p "f"))`).join(' ')})
      ${'(core instance (instantiate $M (with "bag" (instance $bag))))'.repeat(10_000)}`);
    const { end, growth } = await cost(bytes);
    expect(end).toMatch(/^(ok|component\/too-large)$/);
    expect(growth).toBeLessThan(128 * MiB);
  }, 90_000);
});

describe('core instances without end', () => {
  it.each([
    ['of nothing', '', 50_000],
    ['of 100 tables each', '(table 0 funcref)'.repeat(100), 20_000],
    ['of 10,000 element segments each', `(func $f) ${'(elem func $f)'.repeat(10_000)}`, 1000],
    ['of 20,000 globals each', '(global (mut i64) (i64.const 1))'.repeat(20_000), 1000],
    ['of an empty memory each', '(memory 0)', 20_000],
  ])(
    '%s are refused, stopped or cheap',
    async (_, content, count) => {
      const bytes = await withGo(`(core module $M ${content}) ${'(core instance (instantiate $M))'.repeat(count)}`);
      const { end, growth } = await cost(bytes);
      expect(end).toMatch(/^(ok|component\/too-large|limit\/.*)$/);
      expect(growth).toBeLessThan(192 * MiB);
    },
    60_000,
  );

  it('that look like what toolchains put around a module are not looked at for minutes', async () => {
    const pairs = 4000;
    const shims = Array.from({ length: pairs }, (_, at) => `(core instance $s${at} (instantiate $Shim))`);
    const fixups = Array.from(
      { length: pairs },
      (_, at) =>
        `(core instance (instantiate $Fixups (with "" (instance (export "0" (func $host)) (export "$imports" (table $s${at} "$imports"))))))`,
    );
    const bytes = await withGo(`(import "host" (func $callee)) (core func $host (canon lower (func $callee)))
      (core module $Shim (type (func)) (table (export "$imports") 1 1 funcref)
        (func (export "0") (type 0) (call_indirect (type 0) (i32.const 0))))
      (core module $Fixups (import "" "0" (func)) (import "" "$imports" (table 1 1 funcref)) (elem (i32.const 0) func 0))
      ${shims.join('\n')} ${fixups.join('\n')}`);
    const began = performance.now();
    const { end } = await cost(bytes, hostFunction());
    expect(end).toMatch(/^(ok|component\/too-large)$/);
    expect(performance.now() - began).toBeLessThan(15_000);
  }, 90_000);
});

it('lots of resources, functions and built-ins are no more than data', async () => {
  const bytes = await withGo(`(import "host" (func $callee)) ${'(type (resource (rep i32)))'.repeat(10_000)}
    ${'(core func (canon lower (func $callee)))'.repeat(20_000)} ${'(core func (canon resource.new 0))'.repeat(20_000)}`);
  const { end, growth } = await cost(bytes, hostFunction());
  expect(end).toMatch(/^(ok|component\/)/);
  expect(growth).toBeLessThan(192 * MiB);
}, 60_000);
