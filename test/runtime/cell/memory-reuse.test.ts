import { describe, expect, it } from 'vitest';
import { MemoryStore } from '../../../runtime/cell/memory-store.ts';
import { ISOLATIONS, useCells } from '../../support/cells.ts';
import { guest } from '../../support/guests.ts';

/* The memory of a call that ended well serves the next one: nothing of the call before may be in it. */

/** Fills its memory, all of it, after growing it; and sums all bytes, of which a data segment sets four. */
function sievingGuest(pages: number): Promise<Uint8Array> {
  return guest(
    `(module (memory (export "memory") ${pages})
      (data (i32.const 100) "\\01\\02\\03\\04")
      (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
      (func $fill (export "fill") (param $grow i32) (result i32)
        (drop (memory.grow (local.get $grow)))
        (memory.fill (i32.const 0) (i32.const 255) (i32.mul (memory.size) (i32.const 65536)))
        (memory.size))
      (func (export "fill-and-trap") (drop (call $fill (i32.const 0))) (unreachable))
      (func (export "sum") (result i64) (local $at i32) (local $sum i64)
        (local.set $at (i32.mul (memory.size) (i32.const 65536)))
        (loop $l
          (local.set $at (i32.sub (local.get $at) (i32.const 8)))
          (local.set $sum (i64.add (local.get $sum) (i64.load (local.get $at))))
          (br_if $l (local.get $at)))
        (i64.add (i64.mul (local.get $sum) (i64.const 1000)) (i64.extend_i32_u (memory.size)))))`,
    'package test:sieve; world w { export fill: func(grow: u32) -> u32; export fill-and-trap: func(); export sum: func() -> u64; }',
  );
}

/** The data segment lies at byte 4 of its 8 bytes: 0x04030201 << 32. */
const FRESH = (pages: bigint): bigint => BigInt.asUintN(64, (0x0403_0201n << 32n) * 1000n + pages);

describe.each(ISOLATIONS)('in a %s', (isolation) => {
  const cells = useCells(isolation);

  it.each([
    ['own', 1],
    ['own', 4],
    ['own', 5],
    ['jco', 1],
  ] as const)('a call never finds what another left in memory: %s bindings, %i pages', async (bindings, pages) => {
    const component = await cells.load(await sievingGuest(pages));
    const limits = { fuelMax: 10n ** 12n };
    const prepare = (name: string) => cells.runtime.prepare(component, { function: name, bindings, limits });
    const [fill, trap, sum] = [await prepare('fill'), await prepare('fill-and-trap'), await prepare('sum')];
    const check = async () =>
      expect(await cells.runtime.invoke(sum, [])).toMatchObject({ kind: 'ok', value: FRESH(BigInt(pages)) });
    for (let round = 0; round < 6; round += 1) {
      await check();
      expect(await cells.runtime.invoke(fill, [0])).toMatchObject({ kind: 'ok', value: pages });
      await check();
      expect(await cells.runtime.invoke(fill, [3])).toMatchObject({ kind: 'ok', value: pages + 3 });
    }
    expect(await cells.runtime.invoke(trap, [])).toMatchObject({ kind: 'trapped' });
    await check();
  });

  it('each call of one function finds its memory as it was declared, whatever the last one did to it', async () => {
    const call = await cells.runtime.prepare(await cells.load(await sievingGuest(2)), { function: 'fill' });
    for (let round = 0; round < 12; round += 1) {
      const grow = round % 3;
      const outcome = await cells.runtime.invoke(call, [grow]);
      expect(outcome).toMatchObject({ kind: 'ok', value: 2 + grow, usage: { memoryBytesPeak: (2 + grow) * 65_536 } });
    }
  });
});

describe('memories between two calls', () => {
  const [module, size] = [new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)), { initial: 1, maximum: 8 }];

  it('are given again, empty', () => {
    const store = new MemoryStore();
    const memory = store.take(module, size);
    new Uint8Array(memory.buffer).fill(7);
    store.giveBack(module, size, memory);
    expect(store.take(module, size)).toBe(memory);
    expect(new Uint8Array(memory.buffer).every((byte) => byte === 0)).toBe(true);
    expect(store.take(module, size)).not.toBe(memory);
  });

  it('are not given again when they were grown', () => {
    const store = new MemoryStore();
    const memory = store.take(module, size);
    memory.grow(1);
    store.giveBack(module, size, memory);
    expect(store.take(module, size)).not.toBe(memory);
  });
});
