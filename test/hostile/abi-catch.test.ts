import { describe, expect, it } from 'vitest';
import { abiGuest, ending, type GuestText, guestText, hostFunction, OPTIONS, useHostileCells } from '../support/abi-guests.ts';

/*
 * Guests that catch what a host function throws. A trap or a limit is final all the same: the outcome tells of the first
 * one, and the host does nothing for the guest after it.
 */

const cells = useHostileCells();

/** Core code that calls the host with a string that is none, and catches what comes of it. */
const BAD = 'try (call $pass (i32.const -1) (i32.const 4)) catch_all end';
const GOOD = '(call $pass (i32.const 64) (i32.const 4))';
const TAKES_TEXT: Pick<GuestText, 'before' | 'lowered' | 'uses' | 'type'> = {
  before: '(import "host" (func $callee (param "x" string)))',
  lowered: `(core func $pass (canon lower (func $callee) ${OPTIONS}))`,
  uses: { pass: '(param i32 i32)' },
  type: '(result u32)',
};
const OUTSIDE = {
  kind: 'trapped',
  code: 'trap/abi',
  message: 'the guest broke the canonical ABI: a string has a pointer out of bounds of memory',
};

describe('a guest that catches a trap of the canonical ABI', () => {
  const run = async (text: Partial<GuestText> & { core: string }, options = {}) => {
    const { calls, capabilities } = hostFunction();
    const outcome = await cells.go(await abiGuest({ ...TAKES_TEXT, ...text }), [], { capabilities, ...options });
    return { outcome, calls };
  };

  it('does not return a result', async () => {
    const { outcome, calls } = await run({ core: `(func (export "go") (result i32) ${BAD} (i32.const 7))` });
    expect(ending(outcome)).toEqual(OUTSIDE);
    expect(outcome.value).toBeUndefined();
    expect(calls).toEqual([]);
  });

  it('has no further host call', async () => {
    const { outcome, calls } = await run({
      core: `(func (export "go") (result i32) ${GOOD} ${BAD} try ${GOOD} catch_all end (i32.const 7))`,
    });
    expect(ending(outcome)).toEqual(OUTSIDE);
    expect(calls).toEqual([['\0\0\0\0']]);
  });

  it('does not hide the trap behind another one', async () => {
    const { outcome } = await run({ core: `(func (export "go") (result i32) ${BAD} unreachable)` });
    expect(ending(outcome)).toEqual(OUTSIDE);
    const { outcome: thrown } = await run({ core: `(tag $t) (func (export "go") (result i32) ${BAD} (throw $t))` });
    expect(ending(thrown)).toEqual(OUTSIDE);
  });

  it('does not go on in a loop', async () => {
    const { outcome, calls } = await run(
      { core: `(func (export "go") (result i32) (loop $l ${BAD} try ${GOOD} catch_all end (br $l)) unreachable)` },
      { limits: { fuelMax: 1_000_000n } },
    );
    expect(ending(outcome).kind).toMatch(/trapped|limited/); // by the trap or by the fuel that the loop used up
    expect(calls).toEqual([]);
  });

  it('does not start well', async () => {
    const { outcome, calls } = await run({
      core: `(func $start ${BAD}) (start $start) (func (export "go") (result i32) ${GOOD} (i32.const 7))`,
    });
    expect(ending(outcome)).toEqual(OUTSIDE);
    expect(calls).toEqual([]);
  });
});

describe('a guest that catches a limit', () => {
  it('of a host call has no result', async () => {
    const { calls, capabilities } = hostFunction();
    const guest = await abiGuest({
      ...TAKES_TEXT,
      pages: 20,
      core: `(func (export "go") (result i32) try (call $pass (i32.const 0) (i32.const 1100000)) catch_all end try ${GOOD} catch_all end (i32.const 7))`,
    });
    const outcome = await cells.go(guest, [], { capabilities });
    expect(ending(outcome)).toMatchObject({ kind: 'limited', code: 'limit/host-calls' });
    expect(calls).toEqual([]);
  });

  it('of handles has no result', async () => {
    const guest = await abiGuest({
      before: '(type $r (resource (rep i32)))',
      lowered: '(core func $new (canon resource.new $r)) (core func $drop (canon resource.drop $r))',
      uses: { new: '(param i32) (result i32)', drop: '(param i32)' },
      core: `(func (export "go") (result i32) (local $i i32)
        try (loop $l (drop (call $new (i32.const 1))) (br $l)) catch_all end
        try (call $drop (i32.const 1)) catch_all end
        (i32.const 7))`,
      type: '(result u32)',
    });
    expect(ending(await cells.go(guest))).toMatchObject({ kind: 'limited', code: 'limit/handles' });
  });

  it('of the stack has no result', async () => {
    // Somewhere in this recursion our own code finds no stack, and its error can be caught.
    const guest = await abiGuest({
      before: '(type $r (resource (rep i32)))',
      lowered: '(core func $new (canon resource.new $r)) (core func $drop (canon resource.drop $r))',
      uses: { new: '(param i32) (result i32)', drop: '(param i32)' },
      core: `(func $down try (call $drop (call $new (i32.const 1))) (call $down) catch_all end)
        (func (export "go") (result i32) (local $i i32)
          (loop $l (call $down) (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 20))))
          (i32.const 7))`,
      type: '(result u32)',
    });
    const { kind, code } = ending(await cells.go(guest, [], { limits: { fuelMax: 2n ** 62n } }));
    expect([kind, code]).toEqual(['limited', 'limit/stack']);
  });

  it('of a failed capability has no result', async () => {
    const { calls, capabilities } = hostFunction(() => {
      throw new Error('no');
    });
    const core = `(func (export "go") (result i32) try ${GOOD} catch_all end try ${GOOD} catch_all end (i32.const 7))`;
    const outcome = await cells.go(await abiGuest({ ...TAKES_TEXT, core }), [], { capabilities });
    expect(ending(outcome)).toEqual({ kind: 'trapped', code: 'capability/failed', message: 'the host function failed: no' });
    expect(calls).toHaveLength(1);
  });
});

describe('a component that catches what another one throws', () => {
  /** `go` of the inner component is called twice by the outer one, which catches. */
  const caught = async (inner: GuestText) => {
    const guest = await abiGuest({
      before: `(component $Inner ${guestText(inner)}) (instance $inner (instantiate $Inner))`,
      lowered: `(core func $pass (canon lower (func $inner "go") ${OPTIONS}))`,
      uses: { pass: '(param i32 i32)' },
      core: `(func (export "go") (result i32) try ${GOOD} catch_all end try ${GOOD} catch_all end (i32.const 7))`,
      type: '(result u32)',
    });
    return ending(await cells.go(guest));
  };

  it.each([
    ['an exception', '(tag $t) (func (export "go") (param i32 i32) (throw $t))', undefined, 'trap/uncaught-exception'],
    ['a trap', '(func (export "go") (param i32 i32) unreachable)', undefined, 'trap/unreachable'],
    [
      'an exception of its allocator',
      '(func (export "go") (param i32 i32))',
      '(tag $t) (func (export "realloc") (param i32 i32 i32 i32) (result i32) (throw $t))',
      'trap/uncaught-exception',
    ],
    [
      'an allocator that gives no room',
      '(func (export "go") (param i32 i32))',
      '(func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const -4))',
      'trap/abi',
    ],
  ])('has no result: %s', async (_, core, libc, code) => {
    const outcome = await caught({ core, type: '(param "x" string)', ...(libc === undefined ? {} : { libc }) });
    expect(outcome).toMatchObject({ kind: 'trapped', code });
  });

  it('has no result: post-return', async () => {
    const outcome = await caught({
      core: '(tag $t) (func (export "go") (param i32 i32)) (func (export "post") (throw $t))',
      type: '(param "x" string)',
      options: `${OPTIONS} (post-return (core func $main "post"))`,
    });
    expect(outcome).toMatchObject({ kind: 'trapped', code: 'trap/uncaught-exception' });
  });

  it('has no result: a destructor', async () => {
    const guest = await abiGuest({
      before: `(core module $Dtor (tag $t) (func (export "dtor") (param i32) (throw $t)))
        (core instance $dtor (instantiate $Dtor))
        (type $r (resource (rep i32) (dtor (core func $dtor "dtor"))))`,
      lowered: '(core func $new (canon resource.new $r)) (core func $drop (canon resource.drop $r))',
      uses: { new: '(param i32) (result i32)', drop: '(param i32)' },
      core: `(func (export "go") (result i32) try (call $drop (call $new (i32.const 1))) catch_all end (i32.const 7))`,
      type: '(result u32)',
    });
    expect(ending(await cells.go(guest))).toMatchObject({ kind: 'trapped', code: 'trap/uncaught-exception' });
  });

  it('lets the exceptions of its own code be', async () => {
    const guest = await abiGuest({
      core: '(tag $t) (func (export "go") (result i32) try (result i32) (throw $t) catch $t (i32.const 7) end)',
      type: '(result u32)',
    });
    expect(await cells.go(guest)).toMatchObject({ kind: 'ok', value: 7 });
  });
});
