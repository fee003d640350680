import { describe, expect, it } from 'vitest';
import type { LinkPlan } from '../../../runtime/bindings/own/link-plan.ts';
import { buildLinkPlan } from '../../../runtime/bindings/own/plan-builder.ts';
import { decodeComponent } from '../../../runtime/component/decode.ts';
import { assemble } from '../../support/assemble.ts';
import { guest } from '../../support/guests.ts';

async function planOf(wat: string): Promise<LinkPlan> {
  return buildLinkPlan(decodeComponent(await assemble(wat)));
}

const WIT = `package test:shim;
  interface host { note: func(text: string); next: func(at: u32) -> u32; }
  world w { import host; export go: func(); }`;

function core(more: string): string {
  return `(module
    (import "test:shim/host" "note" (func $note (param i32 i32)))
    (import "test:shim/host" "next" (func $next (param i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64))
    (func $go (export "go") (call $note (i32.const 0) (i32.const 0)))
    ${more})`;
}

describe('a plan of a component made by wasm-tools', () => {
  it('has one core instance, whose imports are canonical functions: shim and fixups are left out', async () => {
    const plan = buildLinkPlan(decodeComponent(await guest(core(''), WIT)));
    expect(plan.steps).toHaveLength(1);
    const [given] = plan.steps[0]?.imports ?? [];
    expect(given).toEqual({
      name: 'test:shim/host',
      items: expect.arrayContaining([
        { name: 'note', ref: { from: 'trampoline', index: expect.any(Number) } },
        { name: 'next', ref: { from: 'trampoline', index: expect.any(Number) } },
      ]),
    });
    expect(plan.lifts[0]?.callee).toEqual({ from: 'instance', step: 0, name: 'go' });
  });

  it('keeps them where a start function could see the table empty', async () => {
    const plan = buildLinkPlan(decodeComponent(await guest(core('(func $s (drop (call $next (i32.const 1)))) (start $s)'), WIT)));
    expect(plan.steps).toHaveLength(3);
  });
});

/** A shim and its fixups, as wasm-tools makes them, with single parts replaced. */
function shimmed(parts: { shim?: string; fixups?: string; user?: string; elements?: number }): string {
  return `(component
    (import "note" (func $note (param "at" u32)))
    (core module $Shim
      (type $t (func (param i32)))
      (table (export "$imports") ${parts.elements ?? 1} funcref)
      (func (export "0") (type $t) ${parts.shim ?? '(call_indirect (type $t) (local.get 0) (i32.const 0))'}))
    (core module $Fixups
      (type $t (func (param i32)))
      (import "" "0" (func (type $t)))
      (import "" "$imports" (table 0 funcref))
      ${parts.fixups ?? '(elem (i32.const 0) func 0)'})
    (core module $Main
      (import "host" "note" (func (param i32)))
      ${parts.user ?? ''}
      (func (export "go") (call 0 (i32.const 7))))
    (core instance $shim (instantiate $Shim))
    (core instance $main (instantiate $Main
      (with "host" (instance (export "note" (func $shim "0"))))
      ${parts.user === undefined ? '' : '(with "shim" (instance $shim))'}))
    (canon lower (func $note) (core func $lowered))
    (core instance (instantiate $Fixups (with "" (instance
      (export "0" (func $lowered)) (export "$imports" (table $shim "$imports"))))))
    (func (export "go") (canon lift (core func $main "go"))))`;
}

describe('a module that is like a shim', () => {
  it('goes when it is one', async () => {
    const plan = await planOf(shimmed({}));
    expect(plan.steps).toEqual([
      { module: 2, imports: [{ name: 'host', items: [{ name: 'note', ref: { from: 'trampoline', index: 0 } }] }] },
    ]);
  });

  it.each([
    ['counts before it calls', { shim: '(call_indirect (type $t) (i32.add (local.get 0) (i32.const 1)) (i32.const 0))' }],
    ['has a table too small for its fixups', { elements: 0 }],
    ['calls another place', { shim: '(call_indirect (type $t) (local.get 0) (i32.const 1))' }],
    ['is seen by another module as a whole', { user: '(import "shim" "$imports" (table 1 funcref))' }],
  ])('stays when it %s', async (_what, parts) => {
    expect((await planOf(shimmed(parts))).steps).toHaveLength(3);
  });

  it.each([
    ['place it elsewhere', { fixups: '(elem (i32.const 1) func 0)' }],
    ['do more than that', { fixups: '(elem (i32.const 0) func 0) (func)' }],
    ['have a start function', { fixups: '(elem (i32.const 0) func 0) (func $s) (start $s)' }],
  ])('stays when its fixups %s', async (_what, parts) => {
    expect((await planOf(shimmed(parts))).steps).toHaveLength(3);
  });
});

describe('a plan of nested components', () => {
  it('gives each instance of a component its own resource, and its parent', async () => {
    const plan = await planOf(`(component
      (component $C
        (type $r (resource (rep i32)))
        (canon resource.new $r (core func $new))
        (core module $M (import "" "new" (func (param i32) (result i32))) (func (export "make") (result i32) (call 0 (i32.const 1))))
        (core instance $m (instantiate $M (with "" (instance (export "new" (func $new))))))
        (export $e "r" (type $r))
        (func (export "make") (result (own $e)) (canon lift (core func $m "make"))))
      (instance $a (instantiate $C))
      (instance $b (instantiate $C))
      (alias export $a "make" (func $make))
      (canon lower (func $make) (core func $lowered))
      (core module $U (import "" "make" (func (result i32))))
      (core instance (instantiate $U (with "" (instance (export "make" (func $lowered)))))))`);
    expect(plan.instances).toEqual([{}, { parent: 0 }, { parent: 0 }]);
    expect(plan.resources).toMatchObject([
      { from: 'instance', instance: 1 },
      { from: 'instance', instance: 2 },
    ]);
    expect(plan.lifts.map((lift) => lift.type.result)).toMatchObject([
      { kind: 'own', resource: { index: 0 } },
      { kind: 'own', resource: { index: 1 } },
    ]);
    const lowered = plan.trampolines.find((one) => one.kind === 'lower');
    expect(lowered).toMatchObject({
      func: { from: 'lift', index: 0 },
      type: { result: { resource: { index: 0 } } },
      instance: 0,
    });
  });
});
