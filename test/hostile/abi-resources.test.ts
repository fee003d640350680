import { describe, expect, it } from 'vitest';
import { ending, RESOURCE_OWNER, useHostileCells } from '../support/abi-guests.ts';
import { assemble } from '../support/assemble.ts';

/* Resources that components define, and others that misuse them. */

const cells = useHostileCells();

/** Is lent an `r` that is not its own, and keeps the handle, gives it back, or calls its caller meanwhile. */
const KEEPER = `(component $Keeper
  (import "r" (type $r (sub resource)))
  (import "callback" (func $callback))
  (core func $drop (canon resource.drop $r))
  (core func $callback (canon lower (func $callback)))
  (core module $Main
    (import "" "drop" (func $drop (param i32)))
    (import "" "callback" (func $callback))
    (func (export "keep") (param i32))
    (func (export "give-back") (param i32) (call $drop (local.get 0)))
    (func (export "call-back") (param i32) (call $callback) (call $drop (local.get 0)))
    (func (export "pass-on") (param i32) (result i32) (local.get 0)))
  (core instance $main (instantiate $Main (with "" (instance (export "drop" (func $drop)) (export "callback" (func $callback))))))
  (func (export "keep") (param "x" (borrow $r)) (canon lift (core func $main "keep")))
  (func (export "give-back") (param "x" (borrow $r)) (canon lift (core func $main "give-back")))
  (func (export "call-back") (param "x" (borrow $r)) (canon lift (core func $main "call-back")))
  (func (export "pass-on") (param "x" (borrow $r)) (result (own $r)) (canon lift (core func $main "pass-on"))))`;

const OWNER_FUNCTIONS: Readonly<Record<string, string>> = {
  make: '(param i32) (result i32)',
  'rep-of': '(param i32) (result i32)',
  consume: '(param i32)',
  'own-and-borrow': '(param i32 i32)',
  'borrow-and-own': '(param i32 i32)',
  many: '(param i32 i32) (result i32)',
  'guess-rep': '(param i32) (result i32)',
  'guess-drop': '(param i32)',
  flood: '(param i32)',
  drops: '(result i32)',
};
const KEEPER_FUNCTIONS: Readonly<Record<string, string>> = {
  keep: '(param i32)',
  'give-back': '(param i32)',
  'call-back': '(param i32)',
  'pass-on': '(param i32) (result i32)',
};

/** Runs `body` as `go` of a component that has two owners and a keeper; the functions of the second owner end in `-2`. */
async function run(body: string, options = {}) {
  const lower = (instance: string, names: object, suffix = '') =>
    Object.keys(names)
      .map(
        (name) =>
          `(core func $${name}${suffix} (canon lower (func $${instance} "${name}") (memory (core memory $libc "memory"))))`,
      )
      .join('\n');
  const uses = {
    ...OWNER_FUNCTIONS,
    ...Object.fromEntries(Object.entries(OWNER_FUNCTIONS).map(([name, type]) => [`${name}-2`, type])),
    ...KEEPER_FUNCTIONS,
    drop: '(param i32)',
  };
  const bytes = await assemble(`(component ${RESOURCE_OWNER} ${KEEPER}
    (instance $a (instantiate $Owner))
    (instance $b (instantiate $Owner))
    (alias export $a "r" (type $r))
    (core module $Libc (memory (export "memory") 1)
      (global $handle (export "handle") (mut i32) (i32.const 0))
      (table (export "table") 1 funcref)
      (func (export "callback") (call_indirect (i32.const 0))))
    (core instance $libc (instantiate $Libc))
    (func $callback (canon lift (core func $libc "callback")))
    (instance $k (instantiate $Keeper (with "r" (type $r)) (with "callback" (func $callback))))
    ${lower('a', OWNER_FUNCTIONS)} ${lower('b', OWNER_FUNCTIONS, '-2')} ${lower('k', KEEPER_FUNCTIONS)}
    (core func $drop (canon resource.drop $r))
    (core module $Main
      ${Object.entries(uses)
        .map(([name, type]) => `(import "host" "${name}" (func $${name} ${type}))`)
        .join('\n')}
      (import "libc" "memory" (memory 1))
      (import "libc" "handle" (global $handle (mut i32)))
      (import "libc" "table" (table $table 1 funcref))
      (func $drop-mine (call $drop (global.get $handle)))
      (elem (table $table) (i32.const 0) func $drop-mine)
      (func (export "go") (result i32) (local $a i32) (local $b i32) (local $i i32) ${body}))
    (core instance $main (instantiate $Main (with "libc" (instance $libc)) (with "host" (instance
      ${Object.keys(uses)
        .map((name) => `(export "${name}" (func $${name}))`)
        .join('\n')}))))
    (func (export "go") (result u32) (canon lift (core func $main "go"))))`);
  return cells.go(bytes, [], options);
}

const trapped = (message: string) => ({
  kind: 'trapped',
  code: 'trap/abi',
  message: `the guest broke the canonical ABI: ${message}`,
});

describe('a resource of another component', () => {
  it('works for one that keeps the rules', async () => {
    const outcome = await run(`(local.set $a (call $make (i32.const -1)))
      (if (i32.ne (call $rep-of (local.get $a)) (i32.const -1)) (then unreachable))
      (call $give-back (local.get $a))
      (i32.store (i32.const 64) (local.get $a)) (i32.store (i32.const 68) (local.get $a))
      (if (i32.ne (call $many (i32.const 64) (i32.const 2)) (i32.const 2)) (then unreachable))
      (call $drop (local.get $a))
      (call $consume (call $make (i32.const 5)))
      (call $drops)`);
    expect({ ...ending(outcome), value: outcome.value }).toEqual({ kind: 'ok', value: 2 });
  });

  it.each([
    ['a forged handle', '(call $rep-of (i32.const 1))', 'unknown handle index 1'],
    ['the null handle', '(call $rep-of (i32.const 0))', 'unknown handle index 0'],
    ['a representation as a handle', '(drop (call $make (i32.const 9))) (call $rep-of (i32.const 9))', 'unknown handle index 9'],
    ['a dropped handle', '(call $drop (call $make (i32.const 9))) (call $rep-of (i32.const 1))', 'unknown handle index 1'],
    ['a handle given away', '(call $consume (call $make (i32.const 9))) (call $rep-of (i32.const 1))', 'unknown handle index 1'],
    [
      'one given away twice',
      '(call $consume (call $make (i32.const 9))) (call $consume (i32.const 1)) (i32.const 0)',
      'unknown handle index 1',
    ],
    ['one that another instance made', '(call $rep-of (call $make-2 (i32.const 9)))', 'the handle 1 is of another resource type'],
    [
      'one of another instance, dropped',
      '(call $drop (call $make-2 (i32.const 9))) (i32.const 0)',
      'the handle 1 is of another resource type',
    ],
    [
      'one of another instance, given away',
      '(call $consume-2 (call $make (i32.const 9))) (i32.const 0)',
      'the handle 1 is of another resource type',
    ],
    [
      "another table's handle read",
      '(drop (call $make (i32.const 9))) (call $guess-rep (i32.const 1))',
      'unknown handle index 1',
    ],
    [
      "another table's handle dropped",
      '(drop (call $make (i32.const 9))) (call $guess-drop (i32.const 1)) (i32.const 0)',
      'unknown handle index 1',
    ],
    [
      'given away and lent in one call',
      '(local.set $a (call $make (i32.const 9))) (call $own-and-borrow (local.get $a) (local.get $a)) (i32.const 0)',
      'unknown handle index 1',
    ],
    [
      'lent and given away in one call',
      '(local.set $a (call $make (i32.const 9))) (call $borrow-and-own (local.get $a) (local.get $a)) (i32.const 0)',
      'cannot remove owned resource while borrowed',
    ],
    [
      'a lent handle that is kept',
      '(call $keep (call $make (i32.const 9))) (i32.const 0)',
      'borrow handles still remain at the end of the call',
    ],
    [
      'a lent handle passed on as owned',
      '(call $pass-on (call $make (i32.const 9)))',
      'a borrowed handle was passed on as an owned one',
    ],
    [
      'an owned handle dropped while it is lent',
      '(global.set $handle (call $make (i32.const 9))) (call $call-back (global.get $handle)) (i32.const 0)',
      'cannot remove owned resource while borrowed',
    ],
  ])('traps on %s', async (_, body, message) => {
    expect(ending(await run(body))).toEqual(trapped(message));
  });

  it('may drop another handle while one is lent', async () => {
    const outcome = await run(
      `(global.set $handle (call $make (i32.const 1))) (call $call-back (call $make (i32.const 2))) (call $drops)`,
    );
    expect({ ...ending(outcome), value: outcome.value }).toEqual({ kind: 'ok', value: 1 });
  });

  it('ends the call when its destructor traps or never ends', async () => {
    const trap = await run('(call $drop (call $make (i32.const 666))) (i32.const 0)');
    expect(ending(trap)).toMatchObject({ kind: 'trapped', code: 'trap/unreachable' });
    const loop = await run('(call $drop (call $make (i32.const 777))) (i32.const 0)', { limits: { fuelMax: 1_000_000n } });
    expect(ending(loop)).toMatchObject({ kind: 'limited', code: 'limit/fuel' });
  });

  it.each([
    ['by its owner', '(call $flood (i32.const 100000000)) (i32.const 0)'],
    ['by its user', '(loop $l (drop (call $make (i32.const 1))) (br $l)) (i32.const 0)'],
    ['by both owners', '(loop $l (call $flood (i32.const 100)) (call $flood-2 (i32.const 100)) (br $l)) (i32.const 0)'],
  ])('has no more than the limit of handles, made %s', async (_, body) => {
    const outcome = await run(body);
    expect(ending(outcome)).toMatchObject({ kind: 'limited', code: 'limit/handles' });
    expect(outcome.error?.data).toEqual({ limit: 1024, used: 1025 });
  });

  it('has no more than a million of them', async () => {
    const outcome = await run('(call $flood (i32.const 100000000)) (i32.const 0)', {
      limits: { handlesMax: 1_000_000, timeoutMsMax: 60_000 },
    });
    expect(ending(outcome)).toMatchObject({ kind: 'limited', code: 'limit/handles' });
  }, 90_000);
});

describe('the built-ins of a resource', () => {
  /** A component that gets `r` from its owner, and one built-in of it in the hands of `go`. */
  const foreign = (builtin: string, core: string) =>
    assemble(`(component ${RESOURCE_OWNER}
      (instance $a (instantiate $Owner))
      (alias export $a "r" (type $r))
      (core func $builtin (canon ${builtin} $r))
      (core func $make (canon lower (func $a "make")))
      (core func $rep-of (canon lower (func $a "rep-of")))
      (core module $Main
        (import "" "builtin" (func $builtin (param i32) (result i32)))
        (import "" "make" (func $make (param i32) (result i32)))
        (import "" "rep-of" (func $rep-of (param i32) (result i32)))
        (func (export "go") (result i32) ${core}))
      (core instance $main (instantiate $Main (with "" (instance
        (export "builtin" (func $builtin)) (export "make" (func $make)) (export "rep-of" (func $rep-of))))))
      (func (export "go") (result u32) (canon lift (core func $main "go"))))`);

  it.each([
    ['resource.new', '(call $rep-of (call $builtin (i32.const 42)))'],
    ['resource.rep', '(call $builtin (call $make (i32.const 42)))'],
  ])('does not give %s to a component that did not define it', async (builtin, core) => {
    const bytes = await foreign(builtin, core);
    await expect(cells.go(bytes)).rejects.toMatchObject({ code: 'component/malformed' });
  });

  it.each(['resource.new', 'resource.rep'])("does not give %s of the host's resources", async (builtin) => {
    const bytes = await assemble(`(component
      (import "wasi:io/poll@0.2.0" (instance $poll (export "pollable" (type $p (sub resource)))))
      (alias export $poll "pollable" (type $pollable))
      (core func $builtin (canon ${builtin} $pollable))
      (core module $Main (import "" "builtin" (func $builtin (param i32) (result i32)))
        (func (export "go") (result i32) (call $builtin (i32.const 1))))
      (core instance $main (instantiate $Main (with "" (instance (export "builtin" (func $builtin))))))
      (func (export "go") (result u32) (canon lift (core func $main "go"))))`);
    await expect(cells.go(bytes)).rejects.toMatchObject({ code: 'component/malformed' });
  });
});
