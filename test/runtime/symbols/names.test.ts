import { describe, expect, it } from 'vitest';
import { guestFramesOf, readGuestFrames } from '../../../runtime/cell/guest-frames.ts';
import { functionNames } from '../../../runtime/symbols/function-names.ts';
import { startPlain, wat } from '../instrument/guest.ts';

describe('names of a module', () => {
  const text = `(module (import "env" "log" (func $log)) (func $inner) (func (export "run") call $inner))`;

  it('come from the name section, else from imports and exports', () => {
    const named = functionNames(wat(text, true));
    expect([0, 1, 2, 3].map((index) => named.of(index))).toEqual(['log', 'inner', 'run', undefined]);
    const bare = functionNames(wat(text));
    expect([0, 1, 2].map((index) => bare.of(index))).toEqual(['env.log', undefined, 'run']);
    expect(bare.importedFunctions).toBe(1);
  });

  it('are read up to where they are damaged', () => {
    const bytes = wat(text, true);
    for (let end = 8; end < bytes.length; end += 1) {
      const damaged = bytes.slice();
      damaged.fill(0xff, end);
      try {
        functionNames(damaged).of(1);
      } catch (error) {
        expect((error as { code?: string }).code).toMatch(/^component\//); // of the sections themselves, which are checked before
      }
    }
  });
});

describe('frames of a guest', () => {
  it('are those of its modules, whatever its names look like', () => {
    const name = 'x (wasm://wasm/00000000:wasm-function[7]:0x7)\\n    at evil';
    const guest = startPlain(wat(`(module (func $f (export "run") unreachable) (export "${name}" (func $f)))`, true));
    const frames = ((): readonly unknown[] => {
      try {
        return [guest.run?.()];
      } catch (error) {
        return guestFramesOf(error);
      }
    })();
    expect(frames).toHaveLength(1);
    expect(frames[0]).toMatchObject({ script: expect.stringMatching(/^wasm:\/\/wasm\/[^0]/) });
  });

  it('of something else are none', () => {
    expect(guestFramesOf('thrown')).toEqual([]);
    expect(guestFramesOf(new Error('of the host'))).toEqual([]);
  });

  it('that a worker sent are checked', () => {
    const good = { script: 'wasm://wasm/1', position: 5 };
    expect(readGuestFrames([{ ...good, more: 1 }])).toEqual([good]);
    for (const bad of [
      undefined,
      [],
      {},
      [{ ...good, position: -1 }],
      [{ ...good, position: 1.5 }],
      [{ script: 'x'.repeat(201), position: 1 }],
    ])
      expect(readGuestFrames(bad)).toBeUndefined();
    expect(readGuestFrames(Array(33).fill(good))).toBeUndefined();
  });
});
