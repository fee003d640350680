import { describe, expect, it } from 'vitest';
import { decodeComponent } from '../../../runtime/component/decode.ts';
import type { ComponentBody, Definition } from '../../../runtime/component/definitions.ts';
import { assemble, fixture } from '../../support/assemble.ts';

/** One word for each definition: what it is and which indices it names. */
function short(definition: Definition): string {
  const { kind } = definition;
  switch (kind) {
    case 'core-module':
      return `${kind} ${definition.module}`;
    case 'component':
      return kind;
    case 'core-instantiate':
      return `${kind} ${definition.module} (${definition.args.map((arg) => `${arg.name}=${arg.instance}`)})`;
    case 'core-exports':
      return `${kind} (${definition.items.map((item) => `${item.name}=${item.sort} ${item.index}`)})`;
    case 'instantiate':
      return `${kind} ${definition.component} (${definition.args.map((arg) => `${arg.name}=${arg.sort} ${arg.index}`)})`;
    case 'exports':
      return `${kind} (${definition.items.map((item) => `${item.name}=${item.sort} ${item.index}`)})`;
    case 'alias-export':
    case 'alias-core-export':
      return `${kind} ${definition.sort} ${definition.instance}.${definition.name}`;
    case 'alias-outer':
      return `${kind} ${definition.sort} ${definition.count} ${definition.index}`;
    case 'resource':
      return `${kind} ${definition.dtor}`;
    case 'lift':
      return `${kind} ${definition.coreFunc} ${JSON.stringify(definition.options)}`;
    case 'lower':
      return `${kind} ${definition.func} ${JSON.stringify(definition.options)}`;
    case 'resource-builtin':
    case 'async-builtin':
      return `${kind} ${definition.name}`;
    case 'import':
      return `${kind} ${definition.name} ${definition.extern.kind}`;
    case 'export':
      return `${kind} ${definition.name} ${definition.sort} ${definition.index}`;
    default:
      return kind;
  }
}

async function bodyOf(wat: string): Promise<ComponentBody> {
  return decodeComponent(await assemble(wat)).body;
}

function only<K extends Definition['kind']>(body: ComponentBody, kind: K): (Definition & { kind: K })[] {
  return body.definitions.filter((definition): definition is Definition & { kind: K } => definition.kind === kind);
}

const NESTED = `(component
  (import "host" (instance $host (export "r" (type $r (sub resource))) (export "take" (func (param "h" (own $r))))))
  (core module $memory (memory (export "m") 1) (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 0))
  (component $other)
  (component $inner
    (import "r" (type $r (sub resource)))
    (import "take" (func $take (param "h" (own $r))))
    (alias outer 1 $memory (core module $memory))
    (alias outer 1 $other (component $copy))
    (core instance $m (instantiate $memory))
    (alias core export $m "m" (core memory $mem))
    (alias core export $m "realloc" (core func $realloc))
    (core func $lowered (canon lower (func $take) string-encoding=latin1+utf16 (memory $mem) (realloc $realloc)))
    (core func $drop (canon resource.drop $r))
    (core module $code
      (import "" "take" (func (param i32))) (import "" "drop" (func (param i32)))
      (func (export "dtor") (param i32)) (func (export "run") (param i32)) (func (export "after"))
      (global (export "g") i32 (i32.const 1)) (table (export "t") 1 funcref))
    (core instance $bag (export "take" (func $lowered)) (export "drop" (func $drop)))
    (core instance $c (instantiate $code (with "" (instance $bag))))
    (alias core export $c "g" (core global))
    (alias core export $c "t" (core table))
    (alias core export $c "dtor" (core func $dtor))
    (type $own (resource (rep i32) (dtor (core func $dtor))))
    (core func (canon resource.new $own))
    (core func (canon resource.rep $own))
    (alias core export $c "run" (core func $run))
    (func $f (param "a" u32) (canon lift (core func $run) (post-return (core func $c "after"))))
    (instance $empty (instantiate $copy))
    (instance $items (export "f" (func $f)))
    (export "items" (instance $items))
    (alias export $items "f" (func $again))
    (export "again" (func $again)))
  (alias export $host "r" (type $r))
  (alias export $host "take" (func $take))
  (instance $i (instantiate $inner (with "r" (type $r)) (with "take" (func $take))))
  (alias export $i "items" (instance $items))
  (export "items" (instance $items)))`;

describe('what a body does', () => {
  it('is recorded definition by definition, with indices that count aliases, imports and exports', async () => {
    const root = await bodyOf(NESTED);
    expect(root.definitions.map(short)).toEqual([
      'import host instance',
      'core-module 0',
      'component',
      'component',
      'alias-export func 0.take',
      'instantiate 1 (r=type 1,take=func 0)',
      'alias-export instance 1.items',
      'export items instance 2',
    ]);
    const inner = only(root, 'component')[1]?.body;
    expect(inner?.definitions.map(short)).toEqual([
      'import r resource',
      'import take func',
      'alias-outer core module 1 0',
      'alias-outer component 1 0',
      'core-instantiate 0 ()',
      'alias-core-export core memory 0.m',
      'alias-core-export core func 0.realloc',
      'lower 0 {"encoding":"latin1+utf16","memory":0,"realloc":0}',
      'resource-builtin drop',
      'core-module 1',
      'core-exports (take=core func 1,drop=core func 2)',
      'core-instantiate 1 (=1)',
      'alias-core-export core global 2.g',
      'alias-core-export core table 2.t',
      'alias-core-export core func 2.dtor',
      'resource 3',
      'resource-builtin new',
      'resource-builtin rep',
      'alias-core-export core func 2.run',
      'alias-core-export core func 2.after',
      'lift 6 {"encoding":"utf8","postReturn":7}',
      'instantiate 0 ()',
      'exports (f=func 1)',
      'export items instance 1',
      'alias-export func 1.f',
      'export again func 2',
    ]);
  });

  it('has the types of its own scope', async () => {
    const root = await bodyOf(NESTED);
    const inner = only(root, 'component')[1]?.body as ComponentBody; // the list above has it
    const [r, take] = only(inner, 'import').map((definition) => definition.extern);
    const [lower] = only(inner, 'lower');
    const [drop, make, rep] = only(inner, 'resource-builtin');
    const [own] = only(inner, 'resource');
    const fresh = r?.kind === 'resource' ? r.resource : undefined;
    expect(fresh).toBeDefined();
    expect(drop?.resource).toBe(fresh);
    expect(take?.kind === 'func' ? take.type : undefined).toBe(lower?.type);
    expect(lower?.type.params[0]?.type).toEqual({ kind: 'own', resource: fresh });
    expect(make?.resource).toBe(own?.resource);
    expect(rep?.resource).toBe(own?.resource);
    const given = only(root, 'instantiate')[0]?.args[0]?.extern;
    expect(given?.kind === 'resource' ? given.resource : undefined).not.toBe(fresh);
  });

  it('is recorded for the types of an instance as its scope sees them', async () => {
    const root = decodeComponent(await fixture('nested.wat')).body;
    const instantiations = only(root, 'instantiate');
    expect(instantiations.length).toBeGreaterThan(0);
    const aliased = only(root, 'export').filter((definition) => definition.sort === 'instance');
    expect(aliased.every((definition) => definition.extern.kind === 'instance')).toBe(true);
  });

  it('names the built-ins of the asynchronous ABI as the text format does', async () => {
    const body = await bodyOf(`(component
      (core module $m (memory (export "m") 1)) (core instance $i (instantiate $m)) (alias core export $i "m" (core memory $m))
      (type $s (stream u8)) (type $f (future))
      (core func (canon task.return)) (core func (canon task.cancel)) (core func (canon subtask.drop))
      (core func (canon stream.new $s)) (core func (canon stream.read $s (memory $m)))
      (core func (canon stream.cancel-write $s)) (core func (canon future.drop-readable $f))
      (core func (canon waitable-set.new)) (core func (canon waitable-set.poll (memory $m)))
      (core func (canon waitable.join)) (core func (canon backpressure.inc)) (core func (canon thread.yield))
      (core func (canon context.get i32 0)))`);
    expect(only(body, 'async-builtin').map((definition) => definition.name)).toEqual(
      (
        'task.return task.cancel subtask.drop stream.new stream.read stream.cancel-write future.drop-readable ' +
        'waitable-set.new waitable-set.poll waitable.join backpressure.inc thread.yield context.get'
      ).split(' '),
    );
  });

  it('says that functions use the asynchronous ABI', async () => {
    const body = await bodyOf(`(component
      (core module $m (func (export "f") (result i32) unreachable) (func (export "cb") (param i32 i32 i32) (result i32) unreachable))
      (core instance $i (instantiate $m))
      (func (export "f") async (canon lift (core func $i "f") async (callback (core func $i "cb")))))`);
    expect(only(body, 'lift').map((definition) => definition.options)).toEqual([{ encoding: 'utf8', async: true }]);
  });
});

describe('what jco must not be used on', () => {
  it.each([
    [
      '(core func (canon lower (func $f) string-encoding=latin1+utf16))',
      /^jco fails on the string encoding latin1\+utf16 at byte \d+$/,
    ],
    [
      `(core module $m) (core instance (export "a'];code();//" (func $low)))`,
      /^jco writes names into JavaScript unescaped, such as `a'\];code\(\);\/\/` at byte \d+$/,
    ],
    ['(core instance (export "__proto__" (func $low)))', /^jco writes names .* `__proto__` at byte \d+$/],
  ])('is said of %s', async (definition, reason) => {
    const wat = `(component (import "f" (func $f)) (core func $low (canon lower (func $f))) ${definition})`;
    expect(decodeComponent(await assemble(wat)).jcoRefuses).toMatch(reason);
  });

  it('is the first such thing', async () => {
    const wat = '(component (core instance (export "\u00e4")) (core instance (export "\u00f6")))';
    await expect(assemble(wat)).rejects.toThrow();
    const two = `(component (import "f" (func $f)) (core func $low (canon lower (func $f)))
      (core instance (export "\u00e4" (func $low))) (core instance (export "\u00f6" (func $low))))`;
    expect(decodeComponent(await assemble(two)).jcoRefuses).toContain('`\u00e4`');
  });

  it('is absent from others', async () => {
    expect(decodeComponent(await fixture('nested.wat'))).not.toHaveProperty('jcoRefuses');
  });
});
