import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isCoded } from '../../runtime/error.ts';
import { decodeParams, decodeValue, encodeParams, encodeValue } from '../../runtime/value/index.ts';
import { arbParamsAndValues, arbType, arbTypeAndValue, arbValue } from '../support/arbitrary-types.ts';

describe('canonical bytes', () => {
  it('decode to the value that was encoded', () => {
    fc.assert(
      fc.property(arbTypeAndValue(), ({ type, value }) => {
        expect(isDeepStrictEqual(decodeValue(encodeValue(value, type), type), value)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it('decode to the parameters that were encoded', () => {
    fc.assert(
      fc.property(arbParamsAndValues(), ({ params, values }) => {
        expect(isDeepStrictEqual(decodeParams(encodeParams(values, params), params), values)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('are equal exactly when the values are', () => {
    const arbTwo = arbType().chain((type) => {
      const value = arbValue(type);
      const pair = fc.oneof(fc.tuple(value, value), fc.clone(value, 2));
      return pair.map(([left, right]) => ({ type, left, right }));
    });
    let equal = 0;
    let different = 0;
    fc.assert(
      fc.property(arbTwo, ({ type, left, right }) => {
        const same = isDeepStrictEqual(left, right);
        if (same) equal++;
        else different++;
        expect(isDeepStrictEqual(encodeValue(left, type), encodeValue(right, type))).toBe(same);
      }),
      { numRuns: 1000 },
    );
    expect(Math.min(equal, different)).toBeGreaterThan(50);
  });

  it('are refused, or are what their value encodes to, after any change', () => {
    const arbMutant = fc.record({
      sample: arbTypeAndValue(),
      at: fc.nat(),
      byte: fc.oneof(fc.constantFrom(0, 1, 2, 0x7f, 0x80, 0xff), fc.nat(255)),
      how: fc.constantFrom('set', 'insert', 'remove', 'cut'),
    });
    let accepted = 0;
    let refused = 0;
    fc.assert(
      fc.property(arbMutant, ({ sample: { type, value }, at, byte, how }) => {
        const bytes = [...encodeValue(value, type)];
        const index = at % (bytes.length + 1);
        if (how === 'cut') bytes.length = index;
        else bytes.splice(index, how === 'insert' ? 0 : 1, ...(how === 'remove' ? [] : [byte]));
        const mutant = Uint8Array.from(bytes);
        try {
          expect(isDeepStrictEqual(encodeValue(decodeValue(mutant, type), type), mutant)).toBe(true);
          accepted++;
        } catch (error) {
          if (!isCoded(error)) throw error;
          expect(error.code).toMatch(/^params\//);
          refused++;
        }
      }),
      { numRuns: 2000 },
    );
    expect(Math.min(accepted, refused)).toBeGreaterThan(100);
  });

  it('of one type are refused, or read as a value of the other type, when the types are mixed up', () => {
    fc.assert(
      fc.property(arbTypeAndValue(), arbType(), ({ type, value }, other) => {
        const bytes = encodeValue(value, type);
        try {
          expect(isDeepStrictEqual(encodeValue(decodeValue(bytes, other), other), bytes)).toBe(true);
        } catch (error) {
          if (!isCoded(error)) throw error;
        }
      }),
      { numRuns: 500 },
    );
  });
});
