import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compilePattern } from '../../../../host/policy/conditions/index.ts';
import { failureOf } from './support.ts';

describe('compilePattern', () => {
  test.each<[pattern: string, matching: string, other: string]>([
    ['deployment/[a-z0-9-]{1,40}', 'deployment/webapp', 'deployment/webapp; rm -rf /'],
    ['get|list', 'list', 'get-all'],
    ['get|list', 'get', 'unlist'],
    ['a', 'a', 'xa'],
    ['a', 'a', 'ax'],
    ['a$', 'a', 'a\n'],
    ['^a', 'a', '\na'],
    ['(?m)^a$', 'a', 'b\na'],
    ['a.b', 'a-b', 'a\nb'],
    ['(?s)a.b', 'a\nb', 'ab'],
    ['.', '\u{1f600}', '\u{1f600}\u{1f600}'],
    ['.{2}', 'e\u0301', '\u00e9'],
    ['k', 'k', 'K'],
    ['(?i)k', '\u212a', 'c'],
    ['\\d+', '12', '\u0661\u0662'],
    ['\\w+', 'az_9', 'a\u00e4'],
    ['\\p{Greek}+', '\u03b1\u03b2', 'ab'],
    ['\\Qa.b\\E', 'a.b', 'axb'],
    ['', '', 'a'],
  ])('`%s` matches the whole of one text and not another', (pattern, matching, other) => {
    const { matches } = compilePattern(pattern);
    expect(matches(matching)).toBe(true);
    expect(matches(other)).toBe(false);
  });

  test('is linear where a backtracking engine is not', () => {
    for (const pattern of ['^(a+)+$', '(a|aa)+', '(a|a?)+', '(.*)*(.*)*(.*)*x']) {
      expect(compilePattern(pattern).matches(`${'a'.repeat(40)}!`)).toBe(false);
      expect(compilePattern(pattern).matches(`${'a'.repeat(30_000)}!`)).toBe(false);
    }
  });

  test('stays right when its remembered states do not fit', () => {
    const { matches } = compilePattern('(?:a|b)*a(?:a|b){30}');
    let text = '';
    for (let seed = 1; text.length < 20_000; seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648)
      text += seed % 65_536 < 32_768 ? 'a' : 'b';
    expect(matches(`${text}a${'b'.repeat(30)}`)).toBe(true);
    expect(matches(`${text}b${'b'.repeat(30)}`)).toBe(false);
  });

  test.each([
    ['(?=a)', 'expected a pattern in RE2 syntax, got `(?=a)`: invalid or unsupported Perl syntax at `(?=`'],
    ['(a)\\1', 'expected a pattern in RE2 syntax, got `(a)\\1`: invalid escape sequence at `\\1`'],
    ['(', 'expected a pattern in RE2 syntax, got `(`: missing closing ) at `(`'],
    ['a{1001}', 'expected a pattern in RE2 syntax, got `a{1001}`: invalid repeat count at `{1001}`'],
    ['*', 'expected a pattern in RE2 syntax, got `*`: missing argument to repetition operator at `*`'],
    ['a'.repeat(1_001), 'expected a pattern of at most 1000 characters, got 1001'],
    ['\ud800', 'expected a pattern that is valid Unicode'],
  ])('refuses %j', (pattern, message) => {
    expect(failureOf(() => compilePattern(pattern))).toEqual(['usage/invalid-argument', message]);
  });

  test('refuses a pattern whose program is too large', () => {
    const [code, message] = failureOf(() => compilePattern('(?:\\pL{1,50}){1,20}x{1000}'))!;
    expect(code).toBe('usage/invalid-argument');
    expect(message).toMatch(
      /^expected a pattern of at most 2048 instructions, got `\(\?:\\pL\{1,50\}\)\{1,20\}x\{1000\}`, which has \d{4}: its counted repeats are large$/,
    );
    expect(compilePattern('[a-z]{1,1000}').matches('a'.repeat(1_000))).toBe(true);
  });

  test('refuses every pattern by our own error', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ab()[]{}|*+?^$\\.1,-:=!<>PpQEi\u00e9'), maxLength: 24 }), (text) => {
        try {
          compilePattern(text).matches('ab');
        } catch (error) {
          expect(error).toMatchObject({ code: 'usage/invalid-argument' });
        }
      }),
      { numRuns: 500 },
    );
  });

  test('does not judge a value that is longer than its program allows', () => {
    const small = compilePattern('a*');
    expect(small.valueCharsMax).toBe(65_536);
    expect(small.matches('a'.repeat(65_536))).toBe(true);
    expect(failureOf(() => small.matches('a'.repeat(65_537)))).toEqual([
      'denied/condition-failed',
      'condition `pattern` cannot be evaluated: the text is longer than 65536 UTF-16 units',
    ]);
    const large = compilePattern('(?:a{0,30}){0,30}');
    expect(large.valueCharsMax).toBeLessThan(5_000);
    expect(large.matches('a'.repeat(900))).toBe(true);
    expect(large.matches('a'.repeat(901))).toBe(false);
    expect(() => large.matches('a'.repeat(5_000))).toThrow('cannot be evaluated');
  });

  test('agrees with the native engine where both mean the same', () => {
    const piece = fc.constantFrom('a', 'b', '[ab]', '[^a]', 'c?', '(?:ab)*', 'b+', '(?:a|bc)', 'a{2,3}', '\\d');
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 6 }),
        fc.string({ unit: fc.constantFrom('a', 'b', 'c', '1'), maxLength: 12 }),
        (pieces, text) => {
          const pattern = pieces.join('');
          expect(compilePattern(pattern).matches(text)).toBe(new RegExp(`^(?:${pattern})$`, 'u').test(text));
        },
      ),
      { numRuns: 500 },
    );
  });
});
