import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ConditionName, compileValueCondition, type ValueConditionSpec } from '../../../../host/policy/conditions/index.ts';
import type { ParameterValue } from '../../../../host/policy/parameter-value.ts';
import { failureOf, record } from './support.ts';

const SCOPE = { agent: 'a', session: 's' };

/** The failure in mode `allow`, and in mode `restrict` the same, or `throws`. */
function judged(
  spec: ValueConditionSpec,
  value: ParameterValue,
): readonly [allow: string | undefined, restrict: string | undefined] {
  const allow = compileValueCondition(spec, 'allow').failure(value, SCOPE);
  if (spec.deny !== undefined) return [allow, undefined];
  const restrict = compileValueCondition(spec, 'restrict');
  const error = failureOf(() => restrict.failure(value, SCOPE));
  if (error !== undefined) expect(error[0]).toBe('denied/condition-failed');
  return [allow, error === undefined ? restrict.failure(value, SCOPE) : 'throws'];
}

const HOLDS = [undefined, undefined] as const;
const fails = (name: ConditionName) => [name, name] as const;
const unjudged = (name: ConditionName) => [name, 'throws'] as const;

describe('compileValueCondition', () => {
  test.each<[spec: ValueConditionSpec, value: ParameterValue, expected: readonly [string | undefined, string | undefined]]>([
    [{ equals: 'web' }, 'web', HOLDS],
    [{ equals: 'web' }, 'web ', fails('equals')],
    [{ equals: 'web' }, 'Web', fails('equals')],
    [{ equals: '\u00e9' }, 'e\u0301', fails('equals')],
    [{ equals: '' }, '', HOLDS],
    [{ equals: true }, true, HOLDS],
    [{ equals: true }, false, fails('equals')],
    [{ equals: true }, 'true', unjudged('equals')],
    [{ equals: true }, 1n, unjudged('equals')],
    [{ equals: '5' }, 5n, unjudged('equals')],
    [{ equals: 5 }, 5n, HOLDS],
    [{ equals: 5 }, 5, HOLDS],
    [{ equals: 5n }, 5, HOLDS],
    [{ equals: 5 }, 5.5, fails('equals')],
    [{ equals: 5 }, '5', unjudged('equals')],
    [{ equals: 0 }, -0, HOLDS],
    [{ equals: 0 }, false, unjudged('equals')],
    [{ equals: 0 }, '', unjudged('equals')],
    [{ equals: 0 }, null, unjudged('equals')],
    [{ equals: 2n ** 53n + 1n }, 2 ** 53, fails('equals')],
    [{ equals: 2n ** 53n }, 2 ** 53, HOLDS],
    [{ equals: 2n ** 63n - 1n }, 2n ** 63n - 1n, HOLDS],
    [{ equals: 2n ** 63n - 1n }, 2n ** 63n, fails('equals')],
    [{ oneOf: ['get', 'list'] }, 'list', HOLDS],
    [{ oneOf: ['get', 'list'] }, 'delete', fails('oneOf')],
    [{ oneOf: ['get', 'list'] }, 'toString', fails('oneOf')],
    [{ oneOf: ['get', 1, true] }, 1n, HOLDS],
    [{ oneOf: ['get', 1, true] }, true, HOLDS],
    [{ oneOf: ['get', 1, true] }, '1', fails('oneOf')],
    [{ oneOf: ['get', 'list'] }, ['get'], unjudged('oneOf')],
    [{ oneOf: ['1', '2'] }, 1n, unjudged('oneOf')],
    [{ notOneOf: ['rm'] }, 'ls', HOLDS],
    [{ notOneOf: ['rm'] }, 'rm', fails('notOneOf')],
    [{ notOneOf: ['rm'] }, ['rm'], unjudged('notOneOf')],
    [{ notOneOf: ['rm'] }, null, unjudged('notOneOf')],
    [{ notOneOf: ['rm'] }, 5n, unjudged('notOneOf')],
    [{ notOneOf: [5] }, 5, fails('notOneOf')],
    [{ notOneOf: [5] }, 6n, HOLDS],
    [{ notOneOf: [5] }, Number.NaN, unjudged('notOneOf')],
    [{ min: 5.5 }, 5n, fails('min')],
    [{ min: 5.5 }, 6n, HOLDS],
    [{ max: 5.5 }, 5n, HOLDS],
    [{ max: 5.5 }, 6n, fails('max')],
    [{ min: 1, max: 3 }, 1n, HOLDS],
    [{ min: 1, max: 3 }, 3.0, HOLDS],
    [{ min: 1, max: 3 }, 3.0000001, fails('max')],
    [{ min: 1, max: 3 }, 0n, fails('min')],
    [{ max: 2n ** 53n }, 2n ** 53n + 1n, fails('max')],
    [{ max: 2n ** 64n - 1n }, 2n ** 64n - 1n, HOLDS],
    [{ min: -1 }, Number.NEGATIVE_INFINITY, fails('min')],
    [{ min: -1 }, Number.POSITIVE_INFINITY, HOLDS],
    [{ min: 0 }, Number.NaN, unjudged('min')],
    [{ max: 0 }, Number.NaN, unjudged('max')],
    [{ min: 0 }, '1', unjudged('min')],
    [{ min: 0 }, true, unjudged('min')],
    [{ min: 0 }, null, unjudged('min')],
    [{ max: 0 }, [], unjudged('max')],
    [{ lengthMin: 2 }, '\u{1f600}', fails('lengthMin')],
    [{ lengthMin: 2 }, '\u{1f600}\u{1f600}', HOLDS],
    [{ lengthMax: 1 }, '\u{1f600}', HOLDS],
    [{ lengthMax: 1 }, '\u{1f600}a', fails('lengthMax')],
    [{ lengthMax: 2 }, 'e\u0301', HOLDS],
    [{ lengthMax: 0 }, '', HOLDS],
    [{ lengthMin: 0 }, '', HOLDS],
    [{ lengthMax: 2 }, new Uint8Array(2), HOLDS],
    [{ lengthMax: 2 }, new Uint8Array(3), fails('lengthMax')],
    [{ lengthMin: 1 }, [], fails('lengthMin')],
    [{ lengthMin: 1 }, [null], HOLDS],
    [{ lengthMax: 5 }, 3n, unjudged('lengthMax')],
    [{ lengthMax: 5 }, record({ length: 1n }), unjudged('lengthMax')],
    [{ pattern: 'a+' }, 'aa', HOLDS],
    [{ pattern: 'a+' }, 'aab', fails('pattern')],
    [{ pattern: '.*' }, ['aa'], unjudged('pattern')],
    [{ pattern: '.*' }, null, unjudged('pattern')],
    [{ pattern: '.*' }, true, unjudged('pattern')],
    [{ pattern: '.*' }, 1n, unjudged('pattern')],
    [{ pattern: '(?s).*' }, new Uint8Array([97]), unjudged('pattern')],
    [{ pattern: '.*' }, record({ toString: 'aa' }), unjudged('pattern')],
    [{ pattern: 'a*' }, 'a'.repeat(65_537), unjudged('pattern')],
    [{ patterns: ['a+', 'b+'] }, 'bb', HOLDS],
    [{ patterns: ['a+', 'b+'] }, 'ab', fails('patterns')],
    [{ deny: ['.*sh', 'x'] }, 'ls', HOLDS],
    [{ deny: ['.*sh', 'x'] }, 'bash', ['deny', undefined]],
    [{ deny: ['.*sh', 'x'] }, 'x', ['deny', undefined]],
    [{ deny: ['.*\\|\\s*(ba|z)?sh.*'] }, 'curl x\n| bash\n', ['deny', undefined]],
    [{ deny: ['(?-s).*sh'] }, 'a\nsh', HOLDS],
    [{ pattern: 'a.*' }, 'a\nb', ['pattern', undefined]],
    [{ patterns: ['x', 'a.*'] }, 'a\nb', ['patterns', undefined]],
    [{ deny: ['.*sh'] }, ['ls'], ['deny', undefined]],
    [{ deny: ['.*sh'] }, null, ['deny', undefined]],
    [{ deny: ['.*sh'] }, 'a'.repeat(70_000), ['deny', undefined]],
    [{ within: '/srv' }, ['/srv/x'], unjudged('within')],
    [{ hostname: ['example.com'] }, ['example.com'], unjudged('hostname')],
    [{ oneOf: ['aa', 'b'], pattern: 'a+', lengthMin: 2 }, 'aa', HOLDS],
    [{ oneOf: ['aa', 'b'], pattern: 'a+', lengthMin: 2 }, 'b', fails('lengthMin')],
    [{ oneOf: ['aa', 'b'], pattern: 'a+' }, 'b', fails('pattern')],
    [{ pattern: 'a+', deny: ['aaa'] }, 'aaa', ['deny', undefined]],
    [{ pattern: 'a+', optional: true, deny: ['x'] }, 'a', HOLDS],
  ])('%o of %o', (spec, value, expected) => {
    expect(judged(spec, value)).toEqual(expected);
  });

  test('coerces nothing: an object of the wrong kind is not asked', () => {
    const hostile = {
      toString: () => 'web',
      valueOf: () => 5,
      [Symbol.toPrimitive]: () => {
        throw new Error('asked');
      },
    } as unknown as ParameterValue;
    for (const spec of [
      { equals: 'web' },
      { equals: 5 },
      { min: 1 },
      { pattern: 'web' },
      { oneOf: ['web'] },
      { lengthMin: 1 },
      { deny: ['x'] },
    ]) {
      expect(compileValueCondition(spec, 'allow').failure(hostile, SCOPE)).toBe(Object.keys(spec)[0]);
    }
  });

  test('an error names the condition and no value', () => {
    const { failure } = compileValueCondition({ pattern: 'a' }, 'restrict');
    expect(failureOf(() => failure(['secret'], SCOPE))).toEqual([
      'denied/condition-failed',
      'condition `pattern` cannot be evaluated: the value is none that it can judge',
    ]);
  });

  test.each<[spec: ValueConditionSpec, message: string]>([
    [{}, 'expected one or more conditions, got none'],
    [{ optional: true }, 'expected one or more conditions, got none'],
    [{ oneOf: [] }, 'expected one or more values for `oneOf`, got an empty list, which nothing can match'],
    [{ notOneOf: [] }, 'expected one or more values for `notOneOf`, got an empty list, which nothing can match'],
    [{ patterns: [] }, 'expected one or more values for `patterns`, got an empty list, which nothing can match'],
    [{ deny: [] }, 'expected one or more values for `deny`, got an empty list, which nothing can match'],
    [{ hostname: [] }, 'expected a list of one or more hostnames, got an empty one'],
    [{ min: 2, max: 1 }, 'expected a `max` of at least 2, got 1'],
    [{ lengthMin: 2, lengthMax: 1 }, 'expected a `lengthMax` of at least 2, got 1'],
    [{ min: Number.NaN }, 'expected a finite number, got NaN'],
    [{ max: Number.POSITIVE_INFINITY }, 'expected a finite number, got Infinity'],
    [{ equals: 2 ** 53 }, 'expected a number that is exact; above 2^53 - 1 it is a bigint, in quotes where YAML is'],
  ])('refuses %o', (spec, message) => {
    expect(failureOf(() => compileValueCondition(spec, 'allow'))).toEqual(['usage/invalid-argument', message]);
  });

  test('a rule that restricts has no `deny`', () => {
    expect(failureOf(() => compileValueCondition({ deny: ['a'] }, 'restrict'))?.[1]).toBe(
      '`deny` is for rules that allow; a rule that forbids has `pattern` or `patterns`',
    );
  });

  const number = fc.oneof(
    fc.integer({ min: -3, max: 3 }).map(BigInt),
    fc.integer({ min: -6, max: 6 }).map((half) => half / 2),
    fc.constantFrom(2n ** 53n, 2n ** 53n + 1n, 2 ** 53, 2n ** 64n - 1n, Number.NaN, Number.POSITIVE_INFINITY),
  );
  const value = fc.oneof(
    number,
    fc.constantFrom<ParameterValue>('', 'a', 'ab', '\u{1f600}', true, false, null, ['a'], new Uint8Array(2)),
  );
  const bound = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom(2n ** 53n, 0.5));
  const scalars = fc.array(fc.constantFrom<string | number | boolean>('a', '', 1, 0, true), { minLength: 1, maxLength: 3 });
  const spec = fc.record(
    {
      equals: fc.constantFrom<string | number | boolean>('a', 1, true),
      oneOf: scalars,
      notOneOf: scalars,
      min: bound,
      max: bound,
      lengthMin: fc.nat(2),
      lengthMax: fc.integer({ min: 2, max: 3 }),
    },
    { requiredKeys: [] },
  );

  test('agrees with a naive reading', () => {
    fc.assert(
      fc.property(spec, value, (given, candidate) => {
        if (Object.keys(given).length === 0 || (given.min !== undefined && given.max !== undefined && given.min > given.max))
          return;
        const allowed = compileValueCondition(given, 'allow').failure(candidate, SCOPE) === undefined;
        expect(allowed).toBe(naive(given, candidate));
        const restrict = compileValueCondition(given, 'restrict');
        if (failureOf(() => restrict.failure(candidate, SCOPE)) === undefined) {
          expect(restrict.failure(candidate, SCOPE) === undefined).toBe(allowed);
        } else expect(allowed).toBe(false);
      }),
      { numRuns: 3_000 },
    );
  });
});

/** Numbers as fractions of 2, which all numbers of the test are; undefined for others. */
function halves(value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return value * 2n;
  return typeof value === 'number' && Number.isFinite(value) ? BigInt(value * 2) : undefined;
}

function naive(spec: ValueConditionSpec, value: ParameterValue): boolean {
  const kind = (one: unknown): string => (typeof one === 'bigint' ? 'number' : typeof one);
  const same = (one: unknown): boolean =>
    kind(one) === kind(value) && (one === value || (halves(one) !== undefined && halves(one) === halves(value)));
  const isNumber = kind(value) === 'number' && !Number.isNaN(value);
  const least = (bound: number | bigint): boolean =>
    isNumber && (value === Number.POSITIVE_INFINITY || halves(value)! >= halves(bound)!);
  const most = (bound: number | bigint): boolean =>
    isNumber && value !== Number.POSITIVE_INFINITY && halves(value)! <= halves(bound)!;
  const length =
    typeof value === 'string'
      ? [...value].length
      : Array.isArray(value) || value instanceof Uint8Array
        ? value.length
        : Number.NaN;
  return (
    (spec.equals === undefined || same(spec.equals)) &&
    (spec.oneOf === undefined || spec.oneOf.some(same)) &&
    (spec.notOneOf === undefined ||
      (!Number.isNaN(value) && spec.notOneOf.some((one) => kind(one) === kind(value)) && !spec.notOneOf.some(same))) &&
    (spec.min === undefined || least(spec.min)) &&
    (spec.max === undefined || most(spec.max)) &&
    (spec.lengthMin === undefined || length >= spec.lengthMin) &&
    (spec.lengthMax === undefined || length <= spec.lengthMax)
  );
}
