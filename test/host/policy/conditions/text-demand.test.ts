import { describe, expect, test } from 'vitest';
import { compileTextDemand, type TextDemandSpec } from '../../../../host/policy/conditions/index.ts';
import { failureOf } from './support.ts';

describe('compileTextDemand', () => {
  test.each<[spec: TextDemandSpec, text: unknown, failure: string | undefined]>([
    ['required', 'x', undefined],
    ['required', '\u{1f600}', undefined],
    ['required', undefined, 'missing'],
    ['required', null, 'missing'],
    ['required', ['x'], 'missing'],
    ['required', '', 'missing'],
    ['required', '   \n\t', 'missing'],
    ['required', '\u200b\u00ad\u2060\ufeff', 'missing'],
    ['required', '\u3164\u2800\u115f', 'missing'],
    ['required', '\0\u0007', 'missing'],
    ['required', '\ud800', 'missing'],
    [{}, 'x', undefined],
    [{}, ' ', 'missing'],
    [{ lengthMin: 0 }, '', 'missing'],
    [{ lengthMin: 5 }, 'abcde', undefined],
    [{ lengthMin: 5 }, 'abcd', 'lengthMin'],
    [{ lengthMin: 5 }, '  a  ', 'lengthMin'],
    [{ lengthMin: 5 }, `a${'\u200b'.repeat(9)}`, 'lengthMin'],
    [{ lengthMin: 5 }, 'a   b', undefined],
    [{ lengthMin: 2 }, '\u{1f600}', 'lengthMin'],
    [{ lengthMax: 2 }, '\u{1f600}\u{1f600}', undefined],
    [{ lengthMax: 2 }, '  ab\n', undefined],
    [{ lengthMax: 2 }, 'abc', 'lengthMax'],
    [{ pattern: 'TICKET-[0-9]+' }, 'TICKET-12', undefined],
    [{ pattern: 'TICKET-[0-9]+' }, 'see TICKET-12', 'pattern'],
    [{ pattern: 'TICKET-[0-9]+' }, 'TICKET-12 ', 'pattern'],
    [{ pattern: '.*' }, '', 'missing'],
    [{ lengthMin: 10, pattern: '(?s).*incident.*' }, 'the incident of today', undefined],
  ])('%j of %j: %s', (spec, text, failure) => {
    expect(compileTextDemand(spec)(text as string | undefined)).toBe(failure);
  });

  test('does not judge a text that is too long, and reads one of invisible characters once', () => {
    const demand = compileTextDemand('required');
    expect(demand('\u200b'.repeat(65_536))).toBe('missing');
    expect(demand(`${' '.repeat(30_000)}x${' '.repeat(30_000)}`)).toBeUndefined();
    expect(failureOf(() => demand('a'.repeat(65_537)))?.[0]).toBe('denied/condition-failed');
    expect(failureOf(() => compileTextDemand({ pattern: '(?:a{0,30}){0,30}' })('a'.repeat(9_000)))?.[0]).toBe(
      'denied/condition-failed',
    );
  });

  test.each<[spec: TextDemandSpec, message: string]>([
    [{ lengthMin: 5, lengthMax: 4 }, 'expected a `lengthMax` of at least 5, got 4'],
    [{ lengthMax: 0 }, 'expected a `lengthMax` of at least 1, got 0'],
    [{ pattern: '(' }, 'expected a pattern in RE2 syntax, got `(`: missing closing ) at `(`'],
  ])('refuses %j', (spec, message) => {
    expect(failureOf(() => compileTextDemand(spec))).toEqual(['usage/invalid-argument', message]);
  });
});
