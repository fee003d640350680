import { describe, expect, it } from 'vitest';
import { moduleName } from '../../../runtime/bindings/own/link-plan.ts';
import { ownBindings } from '../../../runtime/bindings/own/own-bindings.ts';
import { buildLinkPlan } from '../../../runtime/bindings/own/plan-builder.ts';
import { decodeComponent } from '../../../runtime/component/decode.ts';
import { resolveFunction } from '../../../runtime/component/functions.ts';
import { decodeValue, encodeParams, type WitValue } from '../../../runtime/value/index.ts';
import { assemble } from '../../support/assemble.ts';

const LIMITS = {
  result: { bytesMax: 1000, elementsMax: 1000 },
  hostCall: { bytesMax: 1000, elementsMax: 1000 },
  handlesMax: 10,
};

/** An instance of a component, to be called by function name. */
async function instanceOf(wat: string): Promise<(name: string, ...params: WitValue[]) => WitValue | undefined> {
  const component = decodeComponent(await assemble(wat));
  const modules = new Map(
    component.coreModules.map(({ bytes }, at) => [moduleName(at), new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>)]),
  );
  const linked = ownBindings.link({ bindings: 'own', plan: buildLinkPlan(component) });
  const instance = linked.instantiate(modules, {}, (module, imports) => new WebAssembly.Instance(module, imports), LIMITS);
  return (name, ...params) => {
    const { type } = resolveFunction(component, name);
    const bound = instance.bind(undefined, name, type);
    const bytes = bound.lift(bound.call(bound.lower(encodeParams(params, type.params))));
    return type.result === undefined ? undefined : decodeValue(bytes, type.result);
  };
}

const SLOTS = `(component
  (canon context.get i32 0 (core func $get))
  (canon context.set i32 0 (core func $set))
  (canon backpressure.inc (core func $inc))
  (canon backpressure.dec (core func $dec))
  (canon thread.yield (core func $yield))
  (core module $M
    (import "" "get" (func $get (result i32)))
    (import "" "set" (func $set (param i32)))
    (import "" "inc" (func $inc))
    (import "" "dec" (func $dec))
    (import "" "yield" (func $yield (result i32)))
    (memory (export "memory") 1)
    (global $seen (mut i32) (i32.const -1))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (global.set $seen (call $get)) (call $set (i32.const 99)) (i32.const 64))
    (func (export "swap") (param i32) (result i32) (local i32)
      (local.set 1 (call $get)) (call $set (local.get 0)) (local.get 1))
    (func (export "text") (param i32 i32) (result i32) (call $get))
    (func (export "seen") (result i32) (global.get $seen))
    (func (export "after") (param i32) (global.set $seen (call $get)))
    (func (export "hold") (call $inc) (call $dec))
    (func (export "release") (call $dec))
    (func (export "yield") (drop (call $yield))))
  (core instance $m (instantiate $M (with "" (instance
    (export "get" (func $get)) (export "set" (func $set)) (export "inc" (func $inc)) (export "dec" (func $dec))
    (export "yield" (func $yield))))))
  (func (export "swap") (param "to" u32) (result u32) (canon lift (core func $m "swap") (post-return (core func $m "after"))))
  (func (export "text") (param "text" string) (result u32)
    (canon lift (core func $m "text") (memory (core memory $m "memory")) (realloc (core func $m "realloc"))))
  (func (export "seen") (result u32) (canon lift (core func $m "seen")))
  (func (export "hold") (canon lift (core func $m "hold")))
  (func (export "release") (canon lift (core func $m "release")))
  (func (export "yield") (canon lift (core func $m "yield"))))`;

describe('built-ins of the asynchronous ABI in synchronous functions', () => {
  it('give each call slots of its own, which its post-return still sees', async () => {
    const call = await instanceOf(SLOTS);
    expect(call('swap', 5)).toBe(0);
    expect(call('seen')).toBe(5);
    expect(call('swap', 6)).toBe(0);
  });

  it('give realloc slots of its own', async () => {
    const call = await instanceOf(SLOTS);
    expect(call('text', 'abc')).toBe(0); // what realloc has set is not seen
    expect(call('seen')).toBe(0); // and realloc sees nothing of the call
  });

  it('count backpressure, and trap below zero', async () => {
    const call = await instanceOf(SLOTS);
    expect(call('hold')).toBeUndefined();
    expect(() => call('release')).toThrow('backpressure counter overflow');
  });

  it('trap when they would need other tasks, and the instance stays shut', async () => {
    const call = await instanceOf(SLOTS);
    const message = 'the guest broke the canonical ABI: the built-in `thread.yield` of the asynchronous ABI is not supported';
    expect(() => call('yield')).toThrow(message);
    expect(() => call('seen')).toThrow(message);
  });
});
