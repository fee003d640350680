import { type Capability, CodedError } from 'cellblock/runtime';
import { describe, expect, it } from 'vitest';
import { assemble } from '../../support/assemble.ts';
import { ISOLATIONS, useCells } from '../../support/cells.ts';

/* Arguments and answers of bridged host functions: how large they may be, and that passing a limit is final. */

describe.each(ISOLATIONS)('in a %s', (isolation) => {
  const cells = useCells(isolation);

  /**
   * Imports `send: func(x: list<u8>) -> list<u8>` and `nest: func(x: list<list<bool>>) -> u32`, functions of the world, and exports
   * one function for each that passes `n` bytes, or `n` times the same list of 16,384.
   */
  function sender(callSend = '(call $send (i32.const 0) (local.get 0) (i32.const 16))'): Promise<Uint8Array> {
    return assemble(`(component
    (import "send" (func $send (param "x" (list u8)) (result (list u8))))
    (import "nest" (func $nest (param "x" (list (list bool))) (result u32)))
    (core module $libc
      (memory (export "memory") 64)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 65536))
    (core instance $l (instantiate $libc))
    (core func $s (canon lower (func $send) (memory (core memory $l "memory")) (realloc (core func $l "realloc"))))
    (core func $n (canon lower (func $nest) (memory (core memory $l "memory")) (realloc (core func $l "realloc"))))
    (core module $m
      (import "libc" "memory" (memory 1))
      (import "host" "send" (func $send (param i32 i32 i32)))
      (import "host" "nest" (func $nest (param i32 i32) (result i32)))
      (func (export "go") (param i32) (result i32) ${callSend} (i32.load (i32.const 20)))
      (func (export "lists") (param $n i32) (result i32) (local $at i32)
        (loop $l
          (i32.store offset=65536 (i32.mul (local.get $at) (i32.const 8)) (i32.const 0))
          (i32.store offset=65540 (i32.mul (local.get $at) (i32.const 8)) (i32.const 16384))
          (br_if $l (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 1))) (local.get $n))))
        (call $nest (i32.const 65536) (local.get $n))))
    (core instance $i (instantiate $m
      (with "libc" (instance $l)) (with "host" (instance (export "send" (func $s)) (export "nest" (func $n))))))
    (func (export "go") (param "n" u32) (result u32) (canon lift (core func $i "go")))
    (func (export "lists") (param "n" u32) (result u32) (canon lift (core func $i "lists"))))`);
  }

  const seen: number[] = [];
  const capabilities: readonly Capability[] = [
    {
      kind: 'bridged',
      name: 'send',
      interface: 'send',
      functions: {
        send: ([bytes]) => {
          seen.push((bytes as Uint8Array).length);
          return bytes;
        },
      },
    },
    { kind: 'bridged', name: 'nest', interface: 'nest', functions: { nest: ([lists]) => (lists as unknown[]).length } },
  ];

  describe.each(['own', 'jco'] as const)('a host call through %s', (bindings) => {
    const options = { capabilities, bindings, limits: { hostCallBytesMax: 100_000 } };

    it('carries as many bytes as its limit allows, with their length, and no more', async () => {
      const bytes = await sender();
      expect(await cells.run(bytes, 'go', [99_996], options)).toMatchObject({ kind: 'ok', value: 99_996 });
      seen.length = 0;
      const over = await cells.run(bytes, 'go', [99_997], options);
      expect(over).toMatchObject({ kind: 'limited', error: { code: 'limit/host-calls' } });
      expect(seen).toEqual([]);
    });

    it('does not carry an answer beyond the limit', async () => {
      const large: Capability = {
        kind: 'bridged',
        name: 'send',
        interface: 'send',
        functions: { send: () => new Uint8Array(99_997) },
      };
      const given = [large, ...capabilities.slice(1)];
      const over = await cells.run(await sender(), 'go', [1], { ...options, capabilities: given });
      expect(over).toMatchObject({ kind: 'limited', error: { code: 'limit/host-calls' } });
    });

    it('ends by the code of an error of ours, with its words and its help', async () => {
      const send = (): never => {
        throw new CodedError('capability/unavailable', 'the key is not there', { help: 'put it there' });
      };
      const given: Capability = { kind: 'bridged', name: 'send', interface: 'send', functions: { send } };
      const all = [given, ...capabilities.slice(1)];
      expect(await cells.run(await sender(), 'go', [1], { ...options, capabilities: all })).toMatchObject({
        kind: 'failed',
        error: { code: 'capability/unavailable', message: 'the key is not there', help: 'put it there' },
      });
    });

    it('counts elements, not the memory that they lie in', async () => {
      const limits = { hostCallBytesMax: 32 * 1024 * 1024 };
      const fits = await cells.run(await sender(), 'lists', [60], { ...options, limits });
      expect(fits).toMatchObject({ kind: 'ok', value: 60 });
      const over = await cells.run(await sender(), 'lists', [64], { ...options, limits });
      expect(over).toMatchObject({ kind: 'limited', error: { code: 'limit/host-calls' } });
    });
  });

  describe('a guest that catches what a host call throws', () => {
    // jco does not take components with this form of exceptions.
    const caught = 'try (call $send (i32.const 0) (local.get 0) (i32.const 16)) catch_all end';

    it('does not outlive a limit', async () => {
      const options = { capabilities, bindings: 'own', limits: { hostCallBytesMax: 100_000 } } as const;
      expect(await cells.run(await sender(caught), 'go', [5], options)).toMatchObject({ kind: 'ok', value: 5 });
      const over = await cells.run(await sender(caught), 'go', [99_997], options);
      expect(over).toMatchObject({ kind: 'limited', error: { code: 'limit/host-calls' } });
    });

    it('does not outlive a broken rule of the canonical ABI', async () => {
      const wild = 'try (call $send (i32.const -4) (i32.const 100) (i32.const 16)) catch_all end';
      const outcome = await cells.run(await sender(wild), 'go', [5], { capabilities, bindings: 'own' });
      expect(outcome).toMatchObject({ kind: 'trapped', error: { code: 'trap/abi' } });
    });
  });
});
