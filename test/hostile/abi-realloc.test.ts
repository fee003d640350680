import { describe, expect, it } from 'vitest';
import { abiGuest, BUMP, ending, hostFunction, OPTIONS, useHostileCells } from '../support/abi-guests.ts';

/* Allocators and post-return functions that lie, move, trap, never end or call out. */

const cells = useHostileCells();

const trapped = (message: string) => ({
  kind: 'trapped',
  code: 'trap/abi',
  message: `the guest broke the canonical ABI: ${message}`,
});

/** `go` takes two lists of u32 and returns both as it finds them, from memory, when the host has put them there. */
const ECHO = `(func (export "go") (param i32 i32 i32 i32) (result i32)
  (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1))
  (i32.store (i32.const 24) (local.get 2)) (i32.store (i32.const 28) (local.get 3)) (i32.const 16))`;
const ECHO_TYPE = '(param "a" (list u32)) (param "b" (list u32)) (result (tuple (list u32) (list u32)))';
const realloc = (body: string, locals = '') =>
  `(global $calls (mut i32) (i32.const 0))
   (func (export "realloc") (param i32 i32 i32 i32) (result i32) ${locals}
     (global.set $calls (i32.add (global.get $calls) (i32.const 1))) ${body})`;

describe('an allocator', () => {
  const echo = async (libc: string, options = {}) =>
    cells.go(await abiGuest({ libc, core: ECHO, type: ECHO_TYPE }), [[1, 2, 3], [9]], options);

  it('that gives the same room twice gets what it asks for', async () => {
    const { kind, value } = await echo(realloc('(i32.const 64)'));
    expect({ kind, value }).toEqual({ kind: 'ok', value: [[9, 2, 3], [9]] });
  });

  it('may give room where the result will be', async () => {
    const { kind, value } = await echo(realloc('(i32.const 16)'));
    expect({ kind, value }).toEqual({ kind: 'ok', value: [[16, 3, 16], [16]] }); // its own stores come after the host's
  });

  it.each([
    ['an unaligned pointer', '(i32.const 66)', 'realloc returned an unaligned pointer'],
    ['an odd pointer', '(i32.const 65)', 'realloc returned an unaligned pointer'],
    ['0xfffffff8', '(i32.const 0xfffffff8)', 'realloc returned a pointer out of bounds of memory'],
    ['0xfffffffc, so that the end is small', '(i32.const 0xfffffffc)', 'realloc returned a pointer out of bounds of memory'],
    ['-1', '(i32.const -1)', 'realloc returned an unaligned pointer'],
    ['the end of memory', '(i32.const 65536)', 'realloc returned a pointer out of bounds of memory'],
    ['room for one element less', '(i32.const 65528)', 'realloc returned a pointer out of bounds of memory'],
  ])('that returns %s traps', async (_, body, message) => {
    expect(ending(await echo(realloc(body)))).toEqual(trapped(message));
  });

  it('may give the end of memory for nothing, and not one past it', async () => {
    const { kind, value } = await cells.go(await abiGuest({ libc: realloc('(i32.const 65536)'), core: ECHO, type: ECHO_TYPE }), [
      [],
      [],
    ]);
    expect({ kind, value }).toEqual({ kind: 'ok', value: [[], []] });
    const past = await cells.go(await abiGuest({ libc: realloc('(i32.const 65540)'), core: ECHO, type: ECHO_TYPE }), [[], []]);
    expect(ending(past)).toEqual(trapped('realloc returned a pointer out of bounds of memory'));
  });

  it('may grow its memory each time, and gives room in the new page', async () => {
    const { kind, value } = await echo(realloc('(i32.mul (memory.grow (i32.const 1)) (i32.const 65536))'));
    expect({ kind, value }).toEqual({ kind: 'ok', value: [[1, 2, 3], [9]] });
  });

  it('may grow its memory for each of many strings in a list of lists', async () => {
    const text = Array.from({ length: 40 }, (_, at) => [`text ${at}`, 'é'.repeat(at)]);
    const guest = await abiGuest({
      libc: realloc('(i32.mul (memory.grow (i32.const 1)) (i32.const 65536))'),
      core: `(func (export "go") (param i32 i32) (result i32)
        (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1)) (i32.const 16))`,
      type: '(param "a" (list (list string))) (result (list (list string)))',
    });
    const { kind, value } = await cells.go(guest, [text]);
    expect({ kind, value }).toEqual({ kind: 'ok', value: text });
  });

  it('that grows up to the limit ends where it gets no more', async () => {
    const body =
      '(loop $l (br_if $l (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) (i32.mul (memory.grow (i32.const 1)) (i32.const 65536))';
    const outcome = await echo(realloc(body), { limits: { memoryPagesMax: 50 } });
    expect(ending(outcome)).toEqual(trapped('realloc returned a pointer out of bounds of memory')); // -1 times 65536
    expect(outcome.usage.memoryBytesPeak).toBe(50 * 65_536);
  });

  it('that traps or recurses ends the call by its own name', async () => {
    expect(ending(await echo(realloc('unreachable')))).toMatchObject({ kind: 'trapped', code: 'trap/unreachable' });
    const recursive =
      '(func $r (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.add (i32.const 1) (call $r (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))))';
    expect(ending(await echo(recursive))).toMatchObject({ kind: 'limited', code: 'limit/stack' });
  });

  it('that never ends is stopped by fuel, or by the deadline', async () => {
    const libc = realloc('(loop $l (br $l)) (i32.const 0)');
    const fuel = await echo(libc, { limits: { fuelMax: 1_000_000n } });
    expect(ending(fuel)).toMatchObject({ kind: 'limited', code: 'limit/fuel' });
    const time = await echo(libc, { limits: { fuelMax: 2n ** 62n, timeoutMsMax: 300 } });
    expect(ending(time)).toMatchObject({ kind: 'limited', code: 'limit/deadline' });
  });

  it('cannot have the second of two lists before the first was stored', async () => {
    // Overwrites all of its memory each time: what the host stored for the first list is gone, what it stores after stays.
    const body = '(memory.fill (i32.const 0) (i32.const 255) (i32.const 65536)) (i32.mul (global.get $calls) (i32.const 1024))';
    const { kind, value } = await echo(realloc(body));
    expect({ kind, value }).toEqual({ kind: 'ok', value: [[0xffff_ffff, 0xffff_ffff, 0xffff_ffff], [9]] });
  });
});

describe('an allocator or post-return that calls out', () => {
  /** The import `host` and a resource of its own, in reach of `realloc` and `post` through a table that `go`'s module fills. */
  const calling = (what: 'realloc' | 'post', call: string) =>
    abiGuest({
      before: '(import "host" (func $callee (result u32))) (type $r (resource (rep i32)))',
      libc: `(table (export "table") 4 funcref) (type $call (func (result i32)))
        (func $out (result i32) (call_indirect (type $call) (i32.const 0)))
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) ${what === 'realloc' ? '(drop (call $out))' : ''} (i32.const 64))
        (func (export "post") (param i32) ${what === 'post' ? '(drop (call $out))' : ''})`,
      lowered: `(core func $pass (canon lower (func $callee))) (core func $new (canon resource.new $r))
        (core func $rep (canon resource.rep $r)) (core func $drop (canon resource.drop $r))`,
      uses: { pass: '(result i32)', new: '(param i32) (result i32)', rep: '(param i32) (result i32)', drop: '(param i32)' },
      core: `(import "libc" "table" (table $table 4 funcref))
        (global $handle (mut i32) (i32.const 0))
        (func $target (result i32) ${call})
        (elem (table $table) (i32.const 0) func $target)
        (func $prepare (global.set $handle (call $new (i32.const 5))))
        (start $prepare)
        (func (export "go") (param i32 i32) (result i32)
          (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1)) (i32.const 16))`,
      type: '(param "x" string) (result string)',
      options: `${OPTIONS} (post-return (core func $libc "post"))`,
    });

  it.each(['realloc', 'post'] as const)('cannot leave its component: %s', async (what) => {
    for (const call of ['(call $pass)', '(call $new (i32.const 1))', '(call $drop (global.get $handle)) (i32.const 0)']) {
      const { calls, capabilities } = hostFunction(() => 1);
      const outcome = await cells.go(await calling(what, call), ['abc'], { capabilities });
      expect(ending(outcome), call).toEqual(trapped('cannot leave component instance'));
      expect(calls).toEqual([]);
    }
  });

  it.each(['realloc', 'post'] as const)('may look at a representation: %s', async (what) => {
    const outcome = await cells.go(
      await calling(what, '(call $rep (global.get $handle))'),
      ['abc'],
      hostFunction(() => 1),
    );
    expect({ ...ending(outcome), value: outcome.value }).toEqual({ kind: 'ok', value: 'abc' });
  });

  it('may be a host function itself no more than call one', async () => {
    const guest = await abiGuest({
      before: '(import "host" (func $callee (param "a" u32) (param "b" u32) (param "c" u32) (param "d" u32) (result u32)))',
      lowered: '(core func $pass (canon lower (func $callee)))',
      core: '(func (export "go") (param i32 i32))',
      type: '(param "x" string)',
      options: '(memory (core memory $libc "memory")) (realloc (core func $pass))',
    });
    const { calls, capabilities } = hostFunction(() => 64);
    expect(ending(await cells.go(guest, ['abc'], { capabilities }))).toEqual(trapped('cannot leave component instance'));
    expect(calls).toEqual([]);
  });
});

describe('post-return', () => {
  const after = async (body: string, options = {}) =>
    cells.go(
      await abiGuest({
        libc: `${BUMP} (func (export "post") (param i32) ${body})`,
        core: `(data (i32.const 64) "good") (func (export "go") (result i32)
          (i32.store (i32.const 16) (i32.const 64)) (i32.store (i32.const 20) (i32.const 4)) (i32.const 16))`,
        type: '(result string)',
        options: `${OPTIONS} (post-return (core func $libc "post"))`,
      }),
      [],
      options,
    );

  it('cannot change the result any more', async () => {
    const { kind, value } = await after(
      '(memory.fill (i32.const 0) (i32.const 88) (i32.const 65536)) (drop (memory.grow (i32.const 1)))',
    );
    expect({ kind, value }).toEqual({ kind: 'ok', value: 'good' });
  });

  it('is given the core result', async () => {
    expect(ending(await after('(if (i32.ne (local.get 0) (i32.const 16)) (then unreachable))'))).toEqual({ kind: 'ok' });
  });

  it('ends the call when it traps or never ends', async () => {
    expect(ending(await after('unreachable'))).toMatchObject({ kind: 'trapped', code: 'trap/unreachable' });
    expect(ending(await after('(loop $l (br $l))', { limits: { fuelMax: 1_000_000n } }))).toMatchObject({
      kind: 'limited',
      code: 'limit/fuel',
    });
    expect(ending(await after('(loop $l (br $l))', { limits: { fuelMax: 2n ** 62n, timeoutMsMax: 300 } }))).toMatchObject({
      kind: 'limited',
      code: 'limit/deadline',
    });
  });
});

describe("an allocator for a host function's answer", () => {
  const answered = async (libc: string, core: string, options = {}) => {
    const guest = await abiGuest({
      before: '(import "host" (func $callee (result (list u32))))',
      libc,
      lowered: `(core func $pass (canon lower (func $callee) ${OPTIONS}))`,
      uses: { pass: '(param i32)' },
      core: `(func (export "go") (result i32) ${core} (i32.const 16))`,
      type: '(result (list u32))',
    });
    return cells.go(guest, [], { ...hostFunction(() => [1, 2, 3]), ...options });
  };

  it('may grow the memory under the place for the answer', async () => {
    const { kind, value } = await answered(
      realloc('(i32.mul (memory.grow (i32.const 1)) (i32.const 65536))'),
      '(call $pass (i32.const 16))',
    );
    expect({ kind, value }).toEqual({ kind: 'ok', value: [1, 2, 3] });
  });

  it.each([
    ['an unaligned pointer', realloc('(i32.const 66)'), '(call $pass (i32.const 16))', 'realloc returned an unaligned pointer'],
    [
      'a pointer outside',
      realloc('(i32.const 65528)'),
      '(call $pass (i32.const 16))',
      'realloc returned a pointer out of bounds of memory',
    ],
    ['an unaligned place', BUMP, '(call $pass (i32.const 18))', 'the place for the result has an unaligned pointer'],
    [
      'a place half outside',
      BUMP,
      '(call $pass (i32.const 65532))',
      'the place for the result has a pointer out of bounds of memory',
    ],
    ['a place nowhere', BUMP, '(call $pass (i32.const -8))', 'the place for the result has a pointer out of bounds of memory'],
  ])('traps on %s', async (_, libc, core, message) => {
    expect(ending(await answered(libc, core))).toEqual(trapped(message));
  });

  it('may give the place of the answer itself', async () => {
    const { kind, value } = await answered(
      realloc('(i32.const 16)'),
      '(call $pass (i32.const 16)) (i32.store (i32.const 20) (i32.const 3))',
    );
    expect({ kind, value }).toEqual({ kind: 'ok', value: [16, 3, 3] }); // elements first, then the pointer and count over them
  });
});
