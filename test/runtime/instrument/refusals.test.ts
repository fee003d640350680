import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isCoded } from '../../../runtime/error.ts';
import { instrument } from '../../../runtime/instrument/index.ts';
import { thrownBy } from '../value/thrown-by.ts';
import { validInstrumented, wat } from './guest.ts';

describe('refusals', () => {
  it.each([
    [
      '(module (import "cellblock:meter" "fuel" (global (mut i64))))',
      'core module: it imports from `cellblock:meter`, which is reserved, at byte 11',
    ],
    [
      '(module (memory 1) (export "cellblock:memory:0" (memory 0)))',
      'core module: it exports `cellblock:memory:0`, which is reserved, at byte 16',
    ],
    ['(module (func (export "cellblock:fuel")))', 'core module: it exports `cellblock:fuel`, which is reserved, at byte 21'],
    [
      '(module (func) (export "cellblock:start" (func 0)))',
      'core module: it exports `cellblock:start`, which is reserved, at byte 21',
    ],
    [
      '(module (import "other" "cellblock:fuel" (global (mut i64))))',
      'core module: it imports `cellblock:fuel`, which is reserved, at byte 11',
    ],
    ['(module (memory i64 1))', 'core module: a memory with 64-bit addresses at byte 11 is not supported'],
    ['(module (memory 1 2 shared))', 'core module: a shared memory at byte 11 is not supported'],
  ])('%s', (source, message) => {
    const error = thrownBy(() => instrument(wat(source)));
    expect([error.code, error.message]).toEqual(['component/unsupported', message]);
  });

  it('leaves names alone that only look reserved', () => {
    const source = `(module (import "cellblock:meter/x@1.0.0" "f" (func)) (import "a" "cellblock:samples/redact@0.1.0" (func))
      (func (export "cellblock:samples/redact@0.1.0#run")) (func (export "cellblock")))`;
    expect(validInstrumented(wat(source)).starts).toBe(false);
  });

  it('refuses a cost model that there is not', () => {
    for (const model of ['block', 'toString', '__proto__']) {
      const error = thrownBy(() => instrument(wat('(module)'), { model: model as 'region' })); // what a JavaScript caller may give
      expect([error.code, error.message]).toEqual(['usage/invalid-argument', `there is no cost model \`${model}\``]);
    }
  });

  it("passes on the engine's words for a module that does not validate, even where the rewriter would have made it valid", () => {
    const invalid = Uint8Array.from([
      0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 5, 1, 0x60, 0, 1, 0x7f, 3, 2, 1, 0, 10, 4, 1, 2, 0, 0x0b,
    ]);
    const error = thrownBy(() => instrument(invalid));
    expect(error.code).toBe('component/invalid-core-module');
    expect(error.message).toMatch(/expected 1 elements on the stack/);
    // `call 1` does not exist, but would be the first helper.
    const call = Uint8Array.from([
      0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 10, 6, 1, 4, 0, 0x10, 1, 0x0b,
    ]);
    expect(thrownBy(() => instrument(call)).message).toBe('core module: function 1 does not exist at byte 24');
  });

  it('meets damaged modules with typed errors alone', () => {
    const source = wat(
      `(module (import "a" "f" (func (param i32))) (memory 1 2) (table 2 funcref) (tag (param i32)) (global (mut i64) (i64.const 1))
      (func (export "g") (param i32) (result i32) (local f64 v128) (try (do (call 0 (local.get 0))) (catch 0 (drop)))
        (memory.fill (i32.const 0) (i32.const 0) (i32.const 9)) (block (br_table 0 0 0 (local.get 0))) (memory.grow (i32.const 1)))
      (elem (i32.const 0) 0 1) (data (i32.const 3) "abc"))`,
      true,
    );
    const byte = fc.tuple(fc.nat(source.length - 9), fc.oneof(fc.nat(255), fc.constantFrom(0x7f, 0x80, 0xff, 0xfc, 0xfd, 0x40)));
    fc.assert(
      fc.property(fc.array(byte, { minLength: 1, maxLength: 4 }), fc.option(fc.nat(source.length)), (changes, cut) => {
        const damaged = source.slice(0, cut ?? source.length);
        for (const [at, value] of changes) if (8 + at < damaged.length) damaged[8 + at] = value;
        try {
          expect(WebAssembly.validate(damaged) && validInstrumented(damaged).bytes.length > 0).toBe(true);
        } catch (error) {
          if (WebAssembly.validate(damaged)) expect(isCoded(error)).toBe(true);
          else expect(thrownBy(() => instrument(damaged)).code).not.toBe('internal/invariant');
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('refuses caps that make no sense', () => {
    const error = thrownBy(() => instrument(wat('(module)'), { memoryPagesMax: 1.5 }));
    expect([error.code, error.message]).toEqual([
      'usage/invalid-argument',
      '`memoryPagesMax` must be an integer from 0 to 65536',
    ]);
  });
});
