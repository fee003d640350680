import type { WitValue } from 'cellblock/runtime';
import { describe, expect, it } from 'vitest';
import { abiGuest, ending, guestText, hostFunction, OPTIONS, useHostileCells } from '../support/abi-guests.ts';
import { assemble } from '../support/assemble.ts';

/* Names that mean something to JavaScript. For our own bindings all names are data: nothing of them is evaluated or inherited. */

const cells = useHostileCells();

/** Names that WIT allows and that objects have, or that promises look for. */
const WORDS = [
  'constructor',
  'to-string',
  'value-of',
  'has-own-property',
  'then',
  'proto',
  'length',
  'prototype',
  'default',
  'call',
  'name',
];

/** Core names are any UTF-8. */
const CORE_NAMES = [
  '__proto__',
  'constructor',
  'toString',
  'then',
  '',
  "a'];globalThis.pwned=1;//",
  'a"\n\r\u2028b',
  '\\',
  '\u0000',
  '../core0',
  'ünï \u{1f600}',
];

const quoted = (name: string) => `"${[...Buffer.from(name)].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('')}"`;

/** A capability that runs inside the worker and tells what the objects there inherit. */
const WATCHER = {
  kind: 'local' as const,
  name: 'watcher',
  interface: 'test:host/watcher',
  moduleUrl: `data:text/javascript,${encodeURIComponent(`
    const names = () => [Object, Array, Function, Promise, Uint8Array, Map, Error].flatMap((one) => Reflect.ownKeys(one.prototype).length);
    const before = names();
    export const createCapability = () => ({ host: () => Number(String(names()) !== String(before)) + 2 * Number('pwned' in globalThis) });`)}`,
  signatures: { host: 'func() -> u32' },
};

function prototypes(): number[] {
  return [Object, Array, Function, Promise, Uint8Array, Map, Error].map((one) => Reflect.ownKeys(one.prototype).length);
}

describe('core names', () => {
  it.each(CORE_NAMES)('%j is a name like any other, in every place', async (name) => {
    const before = prototypes();
    const at = quoted(name);
    const bytes = await assemble(`(component
      (import "host" (func $host (result u32)))
      (core module $Libc (memory (export ${at}) 1))
      (core module $Alloc (func (export ${at}) (param i32 i32 i32 i32) (result i32) (i32.const 64)))
      (core module $Post (func (export ${at}) (param i32)))
      (core module $Main
        (import ${at} ${at} (memory 1))
        (import "bag" ${at} (func $host (result i32)))
        (func (export ${at}) (param i32 i32) (result i32)
          (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (i32.add (local.get 1) (call $host))) (i32.const 16)))
      (core instance $libc (instantiate $Libc))
      (core instance $alloc (instantiate $Alloc))
      (core instance $post (instantiate $Post))
      (core func $host (canon lower (func $host)))
      (core instance $bag (export ${at} (func $host)))
      (core instance $main (instantiate $Main (with ${at} (instance $libc)) (with "bag" (instance $bag))))
      (func (export "go") (param "x" string) (result string) (canon lift (core func $main ${at})
        (memory (core memory $libc ${at})) (realloc (core func $alloc ${at})) (post-return (core func $post ${at})))))`);
    // "bag" and a name of the same text would be one import: every other name stands in both places.
    const { capabilities } = hostFunction(() => 0);
    expect(await cells.go(bytes, ['abc'], { capabilities })).toMatchObject({ kind: 'ok', value: 'abc' });
    expect(prototypes()).toEqual(before);
    expect('pwned' in globalThis).toBe(false);
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('%j is not inherited from an object', async (name) => {
    const bytes = await assemble(
      `(component
      (core module $Empty)
      (core module $Main (import "empty" "${name}" (func)) (func (export "go")))
      (core instance $empty (instantiate $Empty))
      (core instance $bag (export "other" (func $f)))
      (core module $F (func (export "f")))
      (core instance $main (instantiate $Main (with "empty" (instance $empty))))
      (func (export "go") (canon lift (core func $main "go"))))`.replace('(core instance $bag (export "other" (func $f)))', ''),
    );
    const found = await cells.go(bytes).then(ending, (error: { code: string }) => ({ kind: 'refused', code: error.code }));
    expect(found.kind).not.toBe('ok');
    expect(found.code).toMatch(/^(component|trap)\//);
  });

  it('leave the worker as it was', async () => {
    for (const name of CORE_NAMES) {
      const guest = await abiGuest({
        before: '(import "test:host/watcher" (instance $watcher (export "host" (func (result u32)))))',
        lowered: '(core func $pass (canon lower (func $watcher "host")))',
        uses: { pass: '(result i32)' },
        core: `(global (export ${quoted(`${name} `)}) i32 (i32.const 1)) (func (export "go") (result i32) (call $pass))`,
        type: '(result u32)',
      });
      expect(await cells.go(guest, [], { capabilities: [WATCHER] }), name).toMatchObject({ kind: 'ok', value: 0 });
    }
  });
});

describe('WIT names', () => {
  it.each(WORDS)('`%s` names a function, an interface, a parameter, a field, a case and a flag', async (name) => {
    const bytes = await assemble(`(component
      (type $r (record (field "${name}" string) (field "other" u8))) (import "t-r" (type $record (eq $r)))
      (type $v (variant (case "${name}" u32) (case "other"))) (import "t-v" (type $variant (eq $v)))
      (type $f (flags "${name}" "other")) (import "t-f" (type $flags (eq $f)))
      (type $e (enum "other" "${name}")) (import "t-e" (type $enum (eq $e)))
      (import "host" (func $host (param "${name}" $record) (param "v" $variant) (param "f" $flags) (param "e" $enum) (result $record)))
      (core module $Libc (memory (export "memory") 1)
        (global $next (mut i32) (i32.const 1024))
        (func (export "realloc") (param i32 i32 i32 i32) (result i32)
          (global.set $next (i32.add (global.get $next) (i32.const 256))) (global.get $next)))
      (core instance $libc (instantiate $Libc))
      (core func $host (canon lower (func $host) ${OPTIONS}))
      (core module $Main (import "" "host" (func $host (param i32 i32 i32 i32 i32 i32 i32 i32)))
        (func (export "go") (param i32 i32 i32 i32 i32 i32 i32) (result i32)
          (call $host (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5) (local.get 6) (i32.const 16))
          (i32.const 16)))
      (core instance $main (instantiate $Main (with "" (instance (export "host" (func $host))))))
      (func $go (param "${name}" $record) (param "v" $variant) (param "f" $flags) (param "e" $enum) (result $record)
        (canon lift (core func $main "go") ${OPTIONS}))
      (export "${name}" (func $go))
      (instance $inner (export "${name}" (func $go)))
      (export "a:b/${name}" (instance $inner)))`);
    const record: WitValue = { [name]: 'text', other: 7 };
    const params: WitValue[] = [record, { tag: name, value: 5 }, [name], name];
    const before = prototypes();
    for (const id of [name, `a:b/${name}#${name}`]) {
      const { calls, capabilities } = hostFunction(([given]) => given as WitValue);
      const outcome = await cells.run(bytes, id, params, { bindings: 'own', capabilities });
      expect(ending(outcome)).toEqual({ kind: 'ok' });
      expect(Object.entries(outcome.value as object)).toEqual(Object.entries(record));
      expect(calls.map((args) => JSON.stringify(args))).toEqual([JSON.stringify(params)]);
    }
    expect(prototypes()).toEqual(before);
  });

  it.each(WORDS)('`%s` crosses between components', async (name) => {
    const types = `(type $r (record (field "${name}" string))) (export $record "t-r" (type $r))
      (type $v (variant (case "${name}" $record) (case "other"))) (export $variant "t-v" (type $v))`;
    const inner = {
      before: types,
      core: '(func (export "go") (param i32 i32 i32) (result i32) (local.get 2))',
      type: `(param "${name}" $variant) (result u32)`,
    };
    const guest = await abiGuest({
      before: `(component $Inner ${guestText(inner)}) (instance $inner (instantiate $Inner))`,
      lowered: `(core func $pass (canon lower (func $inner "go") ${OPTIONS}))`,
      uses: { pass: '(param i32 i32 i32) (result i32)' },
      core: '(func (export "go") (result i32) (call $pass (i32.const 0) (i32.const 64) (i32.const 9)))',
      type: '(result u32)',
    });
    expect(await cells.go(guest)).toMatchObject({ kind: 'ok', value: 9 });
  });

  it.each(['__proto__', 'toString', 'constructor ', 'a.b', ''])('%j is none', async (name) => {
    const guest = await abiGuest({
      before: `(type $record (record (field ${quoted(name)} u8)))`,
      core: '(func (export "go") (result i32) (i32.const 1))',
      type: '(result $record)',
    }).catch(() => undefined); // the assembler may not even write it
    if (guest !== undefined) await expect(cells.go(guest)).rejects.toMatchObject({ code: 'component/malformed' });
  });
});
