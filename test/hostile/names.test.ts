import { decodeComponent } from 'cellblock/runtime';
import { describe, expect, it } from 'vitest';
import { assemble } from '../support/assemble.ts';
import { useCells } from '../support/cells.ts';
import { guest } from '../support/guests.ts';

/*
 * Names that would be code where a bindings generator writes them into JavaScript. Our own bindings write nothing: to them
 * any name is a string. jco does not escape core names, so `'` would end its string: it never gets such a component.
 */

const cells = useCells();

/** Where in a component a core name can stand; each is `name` in one of the components of a test. */
const PLACES = ['export', 'memory', 'realloc', 'argument', 'field', 'bag', 'unused'] as const;
type Place = (typeof PLACES)[number];

function quoted(name: string): string {
  return `"${[...Buffer.from(name)].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('')}"`;
}

/** `go: func(x: string) -> u32` answers 41 plus the length of `x`, with the core name `name` in one place. */
function component(name: string, place: Place): Promise<Uint8Array> {
  const at = (where: Place) => quoted(place === where ? name : where);
  return assemble(`(component
    (core module $provider
      (memory (export ${at('memory')}) 1)
      (func (export ${at('field')}) (result i32) i32.const 41)
      (func (export ${at('unused')}))
      (func (export ${at('realloc')}) (param i32 i32 i32 i32) (result i32) i32.const 64))
    (core module $user
      (import ${at('argument')} ${at('field')} (func $field (result i32)))
      (import "second" ${at('bag')} (func $bag (result i32)))
      (func (export ${at('export')}) (param i32 i32) (result i32)
        (i32.add (local.get 1) (call $bag))))
    (core instance $p (instantiate $provider))
    (core instance $bag (export ${at('bag')} (func $p ${at('field')})))
    (core instance $u (instantiate $user (with ${at('argument')} (instance $p)) (with "second" (instance $bag))))
    (func $go (param "x" string) (result u32)
      (canon lift (core func $u ${at('export')}) (memory (core memory $p ${at('memory')})) (realloc (core func $p ${at('realloc')}))))
    (export "go" (func $go)))`);
}

const CODE = 'globalThis.pwned=1;';

describe('core names that are code or break it', () => {
  const ODD = [
    `');${CODE}('`,
    `'];${CODE}//`,
    `']});${CODE}//`,
    `");${CODE}("`,
    `\\`,
    `a\\'];${CODE}//`,
    `a\nb`,
    `a\r${CODE}`,
    `a\u2028${CODE}`,
    `a\u2029b`,
    '`',
    `\${${CODE}}`,
    `*/${CODE}/*`,
    'a\u0000b',
    'ünï',
    '__proto__',
  ];

  it.each(ODD)('is only a name to our own bindings, and refused by jco: %j in every place', async (name) => {
    for (const place of PLACES) {
      const bytes = await component(name, place);
      expect(await cells.run(bytes, 'go', ['x'], { bindings: 'own' }), place).toMatchObject({ kind: 'ok', value: 42 });
      await expect(cells.run(bytes, 'go', ['x'], { bindings: 'jco' }), place).rejects.toMatchObject({
        code: 'component/unsupported',
      });
    }
  });

  it.each(ODD)('is refused for jco by the compiled modules as well: %j', async (name) => {
    // The decoder's word for it is taken away: what stands behind it must refuse too, before any code is evaluated.
    const bytes = await component(name, 'export');
    const { jcoRefuses, ...decoded } = decodeComponent(bytes);
    expect(jcoRefuses).toBeDefined();
    const preparing = cells.runtime.prepare({ ...decoded, digest: `sha256:${name}` }, { function: 'go', bindings: 'jco' });
    await expect(preparing).rejects.toMatchObject({ code: expect.stringMatching(/^component\//) });
    expect((globalThis as { pwned?: unknown }).pwned).toBeUndefined();
  });

  it.each([
    `);${CODE}(`,
    '</script>',
    '//',
    '1',
    'constructor',
    'toString',
    'exports0',
    'await',
    'wasi:io/streams@0.2.0#[method]input-stream.read',
    'cm32p2|a:b/c|d',
    ' !#$%&()*+,-./0123456789:;<=>?@[]^_a{|}~',
  ])('takes %j as a name and nothing else', async (name) => {
    for (const place of PLACES) {
      for (const bindings of ['own', 'jco'] as const) {
        const outcome = await cells.run(await component(name, place), 'go', ['x'], { bindings });
        expect(outcome, `${place}, ${bindings}`).toMatchObject({ kind: 'ok', value: 42 });
      }
    }
  });

  // jco makes its variables from the last part of such a name; where two of them meet, the linking code does not load.
  it.each([
    '<!--',
    '-->',
    '',
    ' ',
    'x/exports0',
    'x/Object',
    'x/WebAssembly',
    'x/instantiateCore',
    'x/imports',
    'x/memory0',
    'x/undefined',
    'x/let',
  ])('runs %j, by jco or refuses it by a code, and then a good call works', async (name) => {
    for (const place of PLACES) {
      expect(await cells.run(await component(name, place), 'go', ['x'], { bindings: 'own' })).toMatchObject({ value: 42 });
      const { kind, error, value } = await cells.run(await component(name, place), 'go', ['x'], { bindings: 'jco' });
      if (kind === 'ok') expect(value).toBe(42);
      else expect(error?.code, place).toMatch(/^(component|trap)\//);
    }
    const plain = await component('plain', 'export');
    expect(await cells.run(plain, 'go', ['x'], { bindings: 'jco' })).toMatchObject({ kind: 'ok', value: 42 });
  });
});

describe('WIT names that mean something in JavaScript', () => {
  const MEMORY = '(memory (export "memory") 1) (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 64)';

  it.each([
    'constructor',
    'delete',
    'eval',
    'arguments',
    'await',
    'then',
    'to-string',
    'instantiate',
    'imports',
    'web-assembly',
    'global-this',
    'undefined',
    'proto',
  ])('calls a function named `%s`', async (name) => {
    const core = `(module ${MEMORY} (func (export "${name}") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1))))`;
    const bytes = await guest(core, `package test:names; world w { export %${name}: func(%${name}: u32) -> u32; }`);
    for (const bindings of ['own', 'jco'] as const) {
      expect(await cells.run(bytes, name, [41], { bindings }), bindings).toMatchObject({ kind: 'ok', value: 42 });
    }
  });
});
