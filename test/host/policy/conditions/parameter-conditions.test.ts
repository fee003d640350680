import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileParameterConditions, type ParameterConditionsSpec } from '../../../../host/policy/conditions/index.ts';
import type { ParameterRecord, ParameterValue } from '../../../../host/policy/parameter-value.ts';
import { failureOf, record } from './support.ts';

const SCOPE = { agent: 'a' };

function failed(spec: ParameterConditionsSpec, mode: 'allow' | 'restrict', parameters: ParameterRecord): string {
  const conditions = compileParameterConditions(spec, mode);
  const error = failureOf(() => conditions.failure(parameters, SCOPE));
  if (error !== undefined) return error[0];
  const failure = conditions.failure(parameters, SCOPE);
  return failure === undefined ? 'holds' : `${failure.path}: ${failure.condition}`;
}

const items = (...names: (string | null)[]): ParameterRecord => record({ list: names.map((c) => record({ c })) });

describe('compileParameterConditions', () => {
  const every = { 'list[*].c': { oneOf: ['web', 'db'] } };
  test.each<[spec: ParameterConditionsSpec, parameters: ParameterRecord, allow: string, restrict: string]>([
    [every, items('web', 'db'), 'holds', 'holds'],
    [every, items('web', 'prod'), 'list[*].c: oneOf', 'holds'],
    [every, items('prod', 'web'), 'list[*].c: oneOf', 'holds'],
    [every, items('prod'), 'list[*].c: oneOf', 'list[*].c: oneOf'],
    [every, items(), 'list[*].c: present', 'list[*].c: present'],
    [every, items('web', null), 'list[*].c: present', 'holds'],
    [every, items(null), 'list[*].c: present', 'list[*].c: present'],
    [every, record({}), 'list[*].c: present', 'list[*].c: present'],
    [every, record({ list: null }), 'list[*].c: present', 'list[*].c: present'],
    [every, record({ list: [record({})] }), 'list[*].c: present', 'list[*].c: present'],
    [every, record({ list: ['web'] }), 'list[*].c: type', 'denied/condition-failed'],
    [every, record({ list: 'web' }), 'list[*].c: type', 'denied/condition-failed'],
    [every, record({ list: record({ c: 'web' }) }), 'list[*].c: type', 'denied/condition-failed'],
    [every, record({ list: [record({ c: ['web'] })] }), 'list[*].c: oneOf', 'denied/condition-failed'],
    [{ a: { equals: 'x' }, b: { max: 3 } }, record({ a: 'x', b: 3n }), 'holds', 'holds'],
    [{ a: { equals: 'x' }, b: { max: 3 } }, record({ a: 'x', b: 4n }), 'b: max', 'b: max'],
    [{ a: { equals: 'x' }, b: { max: 3 } }, record({ a: 'y', b: 4n }), 'a: equals', 'a: equals'],
    [{ a: { equals: 'x' }, b: { max: 3 } }, record({ a: 'x' }), 'b: present', 'b: present'],
    [{ 'm[*][*]': { max: 3 } }, record({ m: [[1n], [], [2n]] }), 'holds', 'holds'],
    [{ 'm[*][*]': { max: 3 } }, record({ m: [[], []] }), 'm[*][*]: present', 'm[*][*]: present'],
    [{ 'm[*][0]': { max: 3 } }, record({ m: [[1n], []] }), 'm[*][0]: present', 'holds'],
    [{ 'bytes[*]': { max: 3 } }, record({ bytes: new Uint8Array([1]) }), 'bytes[*]: type', 'denied/condition-failed'],
    [{ __proto__x: { max: 3 } }, record({}), '__proto__x: present', '__proto__x: present'],
    [{ 'a.constructor': { pattern: '.*' } }, record({ a: record({}) }), 'a.constructor: present', 'a.constructor: present'],
    [{ 'a.length': { max: 9 } }, record({ a: 'text' }), 'a.length: type', 'denied/condition-failed'],
  ])('%j', (spec, parameters, allow, restrict) => {
    expect(failed(spec, 'allow', parameters)).toBe(allow);
    expect(failed(spec, 'restrict', parameters)).toBe(restrict);
  });

  test('`optional` lets a path select nothing, but nothing else', () => {
    const spec = { 'list[*].c': { equals: 'web', optional: true } };
    for (const parameters of [record({}), record({ list: null }), items(), items(null), items('web', null)]) {
      expect(failed(spec, 'allow', parameters)).toBe('holds');
    }
    expect(failed(spec, 'allow', items(null, 'prod'))).toBe('list[*].c: equals');
    expect(failed(spec, 'allow', record({ list: 'web' }))).toBe('list[*].c: type');
    expect(failed(spec, 'allow', record({ list: [record({ c: 5n })] }))).toBe('list[*].c: equals');
    expect(failureOf(() => compileParameterConditions(spec, 'restrict'))?.[1]).toBe(
      '`optional` is for rules that allow: other rules match where a value is there',
    );
  });

  test('its failures are made once, so that they cost nothing on the way', () => {
    const conditions = compileParameterConditions({ a: { equals: 'x' } }, 'allow');
    const first = conditions.failure(record({ a: 'y' }), SCOPE);
    expect(first).toEqual({ path: 'a', condition: 'equals' });
    expect(conditions.failure(record({ a: 'z' }), SCOPE)).toBe(first);
    expect(Object.isFrozen(first)).toBe(true);
  });

  test.each<[spec: ParameterConditionsSpec, message: string]>([
    [{}, 'expected conditions for one or more parameter paths, got none'],
    [{ a: {} }, 'expected one or more conditions, got none'],
  ])('refuses %j', (spec, message) => {
    for (const mode of ['allow', 'restrict'] as const) {
      expect(failureOf(() => compileParameterConditions(spec, mode))).toEqual(['usage/invalid-argument', message]);
    }
  });

  test('agrees with a naive walk', () => {
    const leaf = fc.constantFrom<ParameterValue>('x', 'y', null, 1n);
    const inner = fc.oneof(leaf, fc.array(leaf, { maxLength: 3 }), fc.record({ b: leaf }, { requiredKeys: [] }).map(record));
    const parameters = fc.record({ a: fc.oneof(inner, fc.array(inner, { maxLength: 3 })) }, { requiredKeys: [] }).map(record);
    const paths = [['a'], ['a', 'b'], ['a', '*'], ['a', '*', 'b'], ['a', '*', '*'], ['a', 0], ['a', '*', 0]] as const;
    fc.assert(
      fc.property(parameters, fc.constantFrom(...paths), fc.boolean(), (given, steps, optional) => {
        const path = steps
          .map((step, index) =>
            step === '*' ? '[*]' : typeof step === 'number' ? `[${step}]` : `${index === 0 ? '' : '.'}${step}`,
          )
          .join('');
        const found = branches(given, steps);
        const allows = found.every((one) => one === 'x' || (one === 'nothing' && optional)) && (optional || found.length > 0);
        expect(failed({ [path]: { equals: 'x', optional } }, 'allow', given) === 'holds').toBe(allows);
        const first = found.find((one) => one === 'x' || one === 'unjudged');
        expect(failed({ [path]: { equals: 'x' } }, 'restrict', given)).toBe(
          first === 'x'
            ? 'holds'
            : first === 'unjudged'
              ? 'denied/condition-failed'
              : `${path}: ${found.includes('other') ? 'equals' : 'present'}`,
        );
      }),
      { numRuns: 2_000 },
    );
  });
});

/** What is at the end of each branch of a path. */
function branches(
  value: ParameterValue,
  [step, ...rest]: readonly (string | number)[],
): ('x' | 'other' | 'nothing' | 'unjudged')[] {
  if (value === null || value === undefined) return ['nothing'];
  if (step === undefined) return typeof value === 'string' ? [value === 'x' ? 'x' : 'other'] : ['unjudged'];
  if (step === '*') return Array.isArray(value) ? value.flatMap((item) => branches(item, rest)) : ['unjudged'];
  const fits = typeof step === 'number' ? Array.isArray(value) : typeof value === 'object' && !Array.isArray(value);
  return fits ? branches((value as never)[step] ?? null, rest) : ['unjudged'];
}
