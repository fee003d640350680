import { describe, expect, it } from 'vitest';
import { abiGuest, ending, memoryGrowth, OPTIONS, useHostileCells } from '../support/abi-guests.ts';
import { assemble } from '../support/assemble.ts';

/* Components that call each other in circles. Source: CanonicalABI.md, Component Instances. */

const cells = useHostileCells();
const MiB = 2 ** 20;

/**
 * A parent with two children, each of which calls a function of the parent's through its import. What the parent then does
 * is up to the core code `again`, which can call both children by `$a` and `$b`.
 */
function family(go: string, again: string): Promise<Uint8Array> {
  const child = `(component $Child
    (import "up" (func $up (result u32)))
    (core func $up (canon lower (func $up)))
    (core module $Main (import "" "up" (func $up (result i32))) (func (export "down") (result i32) (i32.add (i32.const 1) (call $up))))
    (core instance $main (instantiate $Main (with "" (instance (export "up" (func $up))))))
    (func (export "down") (result u32) (canon lift (core func $main "down"))))`;
  return assemble(`(component ${child}
    (core module $Table (type $f (func (result i32))) (table (export "table") 1 funcref)
      (func (export "up") (result i32) (call_indirect (type $f) (i32.const 0))))
    (core instance $table (instantiate $Table))
    (func $up (result u32) (canon lift (core func $table "up")))
    (instance $a (instantiate $Child (with "up" (func $up))))
    (instance $b (instantiate $Child (with "up" (func $up))))
    (core func $a (canon lower (func $a "down")))
    (core func $b (canon lower (func $b "down")))
    (core module $Main
      (import "" "a" (func $a (result i32))) (import "" "b" (func $b (result i32))) (import "table" "table" (table $table 1 funcref))
      (global $depth (mut i32) (i32.const 0))
      (func $again (result i32) (global.set $depth (i32.add (global.get $depth) (i32.const 1))) ${again})
      (elem (table $table) (i32.const 0) func $again)
      (func (export "go") (result i32) ${go}))
    (core instance $main (instantiate $Main (with "table" (instance $table))
      (with "" (instance (export "a" (func $a)) (export "b" (func $b))))))
    (func (export "go") (result u32) (canon lift (core func $main "go"))))`);
}

const CANNOT_ENTER = {
  kind: 'trapped',
  code: 'trap/abi',
  message: 'the guest broke the canonical ABI: cannot enter component instance',
};

describe('a child that calls its parent', () => {
  it('finds it open: the parent never left', async () => {
    expect(await cells.go(await family('(call $a)', '(i32.const 40)'))).toMatchObject({ kind: 'ok', value: 41 });
  });

  it('may be followed by another child', async () => {
    const guest = await family(
      '(call $a)',
      '(if (result i32) (i32.eq (global.get $depth) (i32.const 1)) (then (call $b)) (else (i32.const 40)))',
    );
    expect(await cells.go(guest)).toMatchObject({ kind: 'ok', value: 42 });
  });

  it('cannot be entered again meanwhile', async () => {
    expect(ending(await cells.go(await family('(call $a)', '(call $a)')))).toEqual(CANNOT_ENTER);
    const around = '(if (result i32) (i32.eq (global.get $depth) (i32.const 1)) (then (call $b)) (else (call $a)))';
    expect(ending(await cells.go(await family('(call $a)', around)))).toEqual(CANNOT_ENTER);
  });

  it('stays shut when the parent catches that', async () => {
    const guest = await family('(call $a)', 'try (result i32) (call $a) catch_all (i32.const 1) end');
    expect(ending(await cells.go(guest))).toEqual(CANNOT_ENTER);
  });

  it('can be entered one time after the other', async () => {
    expect(await cells.go(await family('(drop (call $a)) (drop (call $b)) (call $a)', '(i32.const 1)'))).toMatchObject({
      kind: 'ok',
    });
  });
});

describe('a component that calls itself through the canonical ABI', () => {
  /** `go` calls `inner`, a function that it lifts itself; `inner` calls `inner` and so on. */
  const selfCaller = (param: string, flat: string, args: string, libc?: string) =>
    assemble(`(component
      (core module $Libc (memory (export "memory") 20)
        (type $f (func (param ${flat})))
        (table (export "table") 1 funcref)
        ${libc ?? '(func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 65536))'}
        (func (export "inner") (param ${flat}) (call_indirect (type $f) ${args} (i32.const 0))))
      (core instance $libc (instantiate $Libc))
      (func $inner (param "x" ${param}) (canon lift (core func $libc "inner") ${OPTIONS}))
      (core func $inner (canon lower (func $inner) ${OPTIONS}))
      (core module $Main
        (import "" "inner" (func $inner (param ${flat}))) (import "libc" "memory" (memory 20)) (import "libc" "table" (table $table 1 funcref))
        (elem (table $table) (i32.const 0) func $inner)
        (func (export "go") (result i32) (local $i i32)
          (loop $l (i32.store (i32.mul (local.get $i) (i32.const 8)) (i32.const 65536))
            (i32.store offset=4 (i32.mul (local.get $i) (i32.const 8)) (i32.const 1000000))
            (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 60))))
          (call $inner ${args}) (i32.const 7)))
      (core instance $main (instantiate $Main (with "libc" (instance $libc)) (with "" (instance (export "inner" (func $inner))))))
      (func (export "go") (result u32) (canon lift (core func $main "go"))))`);

  it('recurses until the stack ends, as its own code would', async () => {
    const outcome = await cells.go(await selfCaller('u32', 'i32', '(i32.const 1)'), [], { limits: { fuelMax: 2n ** 62n } });
    expect(ending(outcome)).toMatchObject({ kind: 'limited', code: 'limit/stack' });
  });

  it.each([
    ['60 MB of bytes at each level', '(list (list u8))'],
    ['60 MB of text at each level', '(list string)'],
  ])(
    'does not fill the host: %s',
    async (_, type) => {
      const guest = await selfCaller(type, 'i32 i32', '(i32.const 0) (i32.const 60)');
      let outcome: Awaited<ReturnType<typeof cells.go>> | undefined;
      const growth = await memoryGrowth(async () => {
        outcome = await cells.go(guest, [], { limits: { fuelMax: 2n ** 62n } });
      });
      expect(outcome?.kind).toBe('limited');
      expect(growth).toBeLessThan(20 * 65_536 + 128 * MiB);
    },
    60_000,
  );
});

it('a component cannot be entered by its own start function', async () => {
  // The exports of a component do not exist before all of it is instantiated; its own lifted function does.
  const guest = await abiGuest({
    before: `(core module $Early (func (export "f") (result i32) (i32.const 3)))
      (core instance $early (instantiate $Early)) (func $early (result u32) (canon lift (core func $early "f")))`,
    lowered: '(core func $pass (canon lower (func $early)))',
    uses: { pass: '(result i32)' },
    core: '(global $got (mut i32) (i32.const 0)) (func $s (global.set $got (call $pass))) (start $s) (func (export "go") (result i32) (global.get $got))',
    type: '(result u32)',
  });
  expect(await cells.go(guest)).toMatchObject({ kind: 'ok', value: 3 }); // it stays inside: allowed
});
