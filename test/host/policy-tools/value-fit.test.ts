import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ConditionMode, compileValueCondition, type ValueConditionSpec } from '../../../host/policy/conditions/index.ts';
import type { ParameterValue } from '../../../host/policy/index.ts';
import { type Fit, fitValue } from '../../../host/policy-tools/value-fit.ts';
import { isCoded, type ValueType } from '../../../runtime/index.ts';
import { record, STRING, U32 } from './fixture.ts';

const U8: ValueType = { kind: 'u8' };
const BOOL: ValueType = { kind: 'bool' };
const VERB: ValueType = { kind: 'enum', names: ['get', 'delete', 'drain'] };
const SCOPE = { agent: 'a', session: 's' };

function fit(spec: ValueConditionSpec, type?: ValueType, mode: ConditionMode = 'allow'): Fit {
  return fitValue(spec, { mode, scope: SCOPE, type });
}

describe('fitValue', () => {
  it.each<[string, ValueConditionSpec, ValueType | undefined]>([
    ['`pattern` is for text, and the parameter is a u32', { pattern: 'a+' }, U32],
    ['`min` is for numbers, and the parameter is a string', { min: 1 }, STRING],
    ['`equals` is for numbers, and the parameter is a bool', { equals: 1 }, BOOL],
    ['`pattern` is for text, and `min` for numbers', { min: 1, pattern: 'a' }, undefined],
    ['`lengthMax` is for text, bytes and lists, and the parameter is a record', { lengthMax: 3 }, record({ a: U32 })],
    ['no u8 is at least 256', { min: 256 }, U8],
    ['no u8 is at least -9 and at most -1', { min: -9, max: -1 }, U8],
    ['every u8 that is at least 254 is left out by `notOneOf`', { min: 254, notOneOf: [254, 255] }, U8],
    ['no value of `equals` satisfies `oneOf`', { equals: 'a', oneOf: ['b'] }, STRING],
    ['no value of `oneOf` satisfies `pattern`', { oneOf: ['a', 'b'], pattern: 'c.*' }, undefined],
    ['no value of `oneOf` satisfies `min` and `max`', { oneOf: [1, 9], min: 3, max: 5 }, U8],
    ['no value of `equals` is one of this enum; did you mean `delete`?', { equals: 'delte' }, VERB],
    ['no case of the enum satisfies `pattern`', { pattern: 'x.*' }, VERB],
    ['no value of `equals` is one of this u8', { equals: 300 }, U8],
    ['the length of a tuple here is always 1', { lengthMin: 2 }, { kind: 'tuple', items: [U8] }],
    ['there are only 2 flags', { lengthMin: 3 }, { kind: 'flags', names: ['a', 'b'] }],
  ])('never: %s', (reason, spec, type) => {
    expect(fit(spec, type)).toEqual({ kind: 'never', reason, isUnjudged: expect.any(Boolean) });
  });

  it.each<[ValueConditionSpec, ValueType | undefined]>([
    [{ min: 255 }, U8],
    [{ min: 254, notOneOf: [254] }, U8],
    [{ oneOf: ['x', 'drain'] }, VERB],
    [{ pattern: 'd.*', notOneOf: ['drain'] }, VERB],
    [{ lengthMin: 1, lengthMax: 1 }, { kind: 'char' }],
    [{ min: 1, max: 1 }, { kind: 'f32' }],
    [{ within: '/srv/{session}/x' }, STRING],
    [{ hostname: ['*.example.com'] }, STRING],
    [{ lengthMin: 4 }, { kind: 'list', element: U8 }],
    [{ equals: true }, BOOL],
    [{ notOneOf: [true] }, BOOL],
    [{ lengthMin: 2 }, { kind: 'flags', names: ['a', 'b'] }],
  ])('finds values: %j', (spec, type) => {
    const found = fit(spec, type);
    expect(found.kind).toBe('values');
    const condition = compileValueCondition(spec, 'allow');
    for (const value of found.kind === 'values' ? found.values : []) expect(condition.failure(value, SCOPE)).toBeUndefined();
  });

  it('does not claim never for a pattern that it cannot fill', () => {
    expect(fit({ pattern: '[a-z]{3}', deny: ['[a-z].*'] }, STRING).kind).toBe('unknown');
  });

  const scalar = fc.constantFrom('get', 'delete', 'x', 0, 1, 7, 255, true, false);
  const some = fc.uniqueArray(scalar, { minLength: 1, maxLength: 3 });
  const CONDITIONS = {
    equals: scalar,
    oneOf: some,
    notOneOf: some,
    pattern: fc.constantFrom('d.*', '[a-z]{0,3}', 'x', '(?s).*'),
    min: fc.constantFrom(0, 1, 6, 255, 256),
    max: fc.constantFrom(256, 300, 1000),
    lengthMin: fc.constantFrom(0, 1, 2),
    lengthMax: fc.constantFrom(2, 3),
  };
  // Few conditions at a time: of many, hardly any value satisfies all.
  const arbSpec = fc
    .subarray(Object.keys(CONDITIONS) as (keyof typeof CONDITIONS)[], { minLength: 1, maxLength: 3 })
    .chain((names) =>
      fc.record(Object.fromEntries(names.map((name) => [name, CONDITIONS[name]]))),
    ) as fc.Arbitrary<ValueConditionSpec>;
  const U8_VALUES: ParameterValue[] = Array.from({ length: 256 }, (_, index) => BigInt(index));
  const TEXTS: ParameterValue[] = ['', 'x', 'xx', 'get', 'delete', 'drain', 'abc', 'abcd'];
  const domains: (readonly [ValueType | undefined, readonly ParameterValue[]])[] = [
    [BOOL, [true, false]],
    [VERB, ['get', 'delete', 'drain']],
    [U8, U8_VALUES],
    [STRING, TEXTS],
    [{ kind: 'list', element: STRING }, [[], ['a'], ['a', 'b'], ['a', 'b', 'c']]],
    [undefined, [true, false, ...TEXTS, ...U8_VALUES.slice(0, 9), 255n, 256n, 300n, 0.5, [], ['a'], new Uint8Array(2)]],
  ];

  it('says never only where no value does, and gives only values that do (naive search)', () => {
    const seen = new Set<string>();
    const check = (spec: ValueConditionSpec, mode: ConditionMode, [type, domain]: (typeof domains)[number]): void => {
      const found = fit(spec, type, mode);
      const condition = compileValueCondition(spec, mode);
      const does = (value: ParameterValue): boolean => {
        try {
          return condition.failure(value, SCOPE) === undefined;
        } catch (error) {
          if (isCoded(error)) return false;
          throw error;
        }
      };
      seen.add(found.kind);
      if (found.kind === 'never') expect(domain.filter(does)).toEqual([]);
      if (found.kind === 'values') expect(found.values.every(does)).toBe(true);
      // Where all values can be listed, there is always an answer.
      if (type === BOOL || type === VERB || type === U8) expect(found.kind).not.toBe('unknown');
    };
    fc.assert(fc.property(arbSpec, fc.constantFrom<ConditionMode>('allow', 'restrict'), fc.constantFrom(...domains), check), {
      numRuns: 1500,
    });
    expect([...seen]).toEqual(expect.arrayContaining(['never', 'values']));
  });
});
