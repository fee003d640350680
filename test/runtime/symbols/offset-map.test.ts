import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { guestFramesOf, keepGuestFrames } from '../../../runtime/cell/guest-frames.ts';
import { explainFrames } from '../../../runtime/symbols/guest-stack.ts';
import { offsetMap } from '../../../runtime/symbols/offset-map.ts';
import { compile, MODELS, start, startPlain, wat } from '../instrument/guest.ts';
import { HOST, textOf } from '../instrument/program.ts';
import { programs } from '../instrument/random-program.ts';

keepGuestFrames();

/** Positions of the guest's frames when a call ends by a throw. */
function positionsOf(exports: WebAssembly.Exports, argument: number, x: number): readonly number[] {
  (exports.x as WebAssembly.Global).value = x;
  try {
    (exports.run as (argument: number) => number)(argument);
    return [];
  } catch (error) {
    return guestFramesOf(error).map(({ position }) => position);
  }
}

describe('places in instrumented modules', () => {
  it('are those at which the plain module traps, for every frame of random programs', () => {
    let traps = 0;
    fc.assert(
      fc.property(programs, fc.nat(4), fc.integer(), fc.constantFrom(...MODELS), (program, argument, x, model) => {
        const bytes = wat(textOf(program));
        const plain = positionsOf(startPlain(bytes, HOST) as unknown as WebAssembly.Exports, argument, x);
        fc.pre(plain.length > 0 && plain.length < 20); // longer ones are cut by the frames of helpers
        const options = { model, meter: 'own' } as const;
        const found = positionsOf(start(bytes, { ...options, fuel: 2n ** 40n, imports: HOST }).all, argument, x);
        const map = offsetMap(bytes, options);
        expect(found.flatMap((position) => map.of(position)?.offset ?? [])).toEqual(plain);
        traps += 1;
      }),
      { numRuns: 120, seed: 20_261_127 },
    );
    expect(traps).toBeGreaterThan(50);
  }, 60_000);

  it('are functions of the module, and nothing where instrumentation has put its own', () => {
    const bytes = wat('(module (memory 1) (func (export "run") (param i32) i32.const 0 i32.const 0 local.get 0 memory.fill))');
    const map = offsetMap(bytes, { model: 'exact' });
    expect(map.of(0)).toBeUndefined();
    expect(map.isAppended(0)).toBe(false);
  });

  it('tell modules of one component apart by what their frames are at', () => {
    const first = wat('(module (func (export "f") unreachable))', true);
    const second = wat(
      '(module (import "a" "f" (func $f)) (func $pad nop nop nop nop) (func $g (export "g") nop nop nop call $f))',
      true,
    );
    const options = { model: 'region', meter: 'own' } as const;
    const inner = start(first, options);
    const { instrumented } = start(second, { ...options, meter: 'shared', imports: { a: { f: inner.exports.f as () => void } } });
    expect(compile(instrumented.bytes)).toBeDefined();
    const outer = start(second, { ...options, imports: { a: { f: inner.exports.f as () => void } } });
    let thrown: unknown;
    try {
      outer.exports.g?.();
    } catch (error) {
      thrown = error;
    }
    const modules = [first, second].map((bytes, index) => ({ index, bytes, options }));
    const stack = explainFrames(guestFramesOf(thrown), modules);
    expect(stack.map((frame) => [frame.function, frame.module])).toEqual([
      ['f', 0],
      ['g', 1],
    ]);
  });
});
