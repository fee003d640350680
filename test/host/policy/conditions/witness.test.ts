import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  compilePattern,
  compileTextDemand,
  compileValueCondition,
  compileWindow,
  type TextDemandSpec,
  textWitness,
  type ValueConditionSpec,
  valueWitness,
  valueWitnesses,
  type WindowSpec,
  windowWitness,
} from '../../../../host/policy/conditions/index.ts';
import { patternSamples } from '../../../../host/policy/conditions/pattern-sample.ts';

const SCOPE = { agent: 'triage', session: 's-1' };

describe('valueWitness', () => {
  test.each<[spec: ValueConditionSpec]>([
    [{ equals: 'web' }],
    [{ equals: 5 }],
    [{ equals: true }],
    [{ equals: 2n ** 64n - 1n }],
    [{ oneOf: ['a', 'bb'], lengthMin: 2 }],
    [{ oneOf: [1, 9], min: 5 }],
    [{ notOneOf: ['a', 'a0', 'a1'] }],
    [{ notOneOf: [0, 1, 2] }],
    [{ notOneOf: [true] }],
    [{ min: 5 }],
    [{ max: -5 }],
    [{ min: 5, max: 5 }],
    [{ min: 0.25, max: 0.75 }],
    [{ min: 2n ** 63n }],
    [{ min: 1, max: 3, notOneOf: [1, 2] }],
    [{ lengthMin: 7 }],
    [{ lengthMax: 0 }],
    [{ lengthMin: 1_000, lengthMax: 1_000 }],
    [{ pattern: 'deployment/[a-z0-9-]{1,40}' }],
    [{ pattern: 'deployment/[a-z0-9-]{1,40}', lengthMin: 30, lengthMax: 30 }],
    [{ pattern: '[a-z]+', lengthMin: 17, lengthMax: 17 }],
    [{ pattern: '[a-z]+@[a-z]+\\.com', lengthMin: 20, lengthMax: 20 }],
    [{ pattern: '(get|list|watch)', deny: ['get', 'list'] }],
    [{ pattern: '\\w+', notOneOf: ['a'] }],
    [{ patterns: ['x{3}', 'y'], lengthMin: 3 }],
    [{ deny: ['.*sh.*', 'a'] }],
    [{ deny: ['.*\\|\\s*(ba|z)?sh.*'], lengthMax: 200 }],
    [{ within: '/drafts/{session}' }],
    [{ within: 'data/{agent}', pattern: '.*\\.txt' }],
    [{ within: '/srv', lengthMin: 60, lengthMax: 60 }],
    [{ within: '/' }],
    [{ within: '/srv', deny: ['.*/a'] }],
    [{ hostname: ['example.com'] }],
    [{ hostname: ['*.example.com:8443'] }],
    [{ hostname: ['*.example.com'], pattern: 'https://[a-z.]+/a/b' }],
    [{ hostname: ['[::1]:80'] }],
  ])('finds a value for %o', (spec) => {
    for (const mode of spec.deny === undefined ? (['allow', 'restrict'] as const) : (['allow'] as const)) {
      const value = valueWitness(spec, SCOPE, mode);
      expect(value).toBeDefined();
      expect(compileValueCondition(spec, mode).failure(value!, SCOPE)).toBeUndefined();
    }
  });

  test.each<[spec: ValueConditionSpec]>([
    [{ equals: 'a', notOneOf: ['a'] }],
    [{ oneOf: ['get', 'list'], pattern: 'delete.*' }],
    [{ pattern: 'a+', deny: ['a*'] }],
    [{ pattern: 'a{3}', lengthMax: 2 }],
    [{ oneOf: ['a'], min: 1 }],
    [{ within: '/srv', pattern: '/etc/.*' }],
    [{ hostname: ['example.com'], deny: ['.*example.*'] }],
    [{ pattern: '[^\\x00-\\x{10FFFF}]' }],
    [{ pattern: 'a\\bb' }],
  ])('has none for %o', (spec) => {
    expect(valueWitness(spec, SCOPE)).toBeUndefined();
  });

  test('has none where the session cannot be part of a path', () => {
    expect(valueWitness({ within: '/drafts/{session}' }, { agent: 'a', session: '../x' })).toBeUndefined();
    expect(valueWitness({ within: '/drafts/{session}' }, { agent: 'a' })).toBeUndefined();
  });

  test('offers a value of each type that a condition can be about', () => {
    const types = (spec: ValueConditionSpec): string[] => [
      ...new Set(
        [...valueWitnesses(spec, SCOPE)].map((value) =>
          value instanceof Uint8Array ? 'bytes' : Array.isArray(value) ? 'list' : typeof value,
        ),
      ),
    ];
    expect(types({ lengthMin: 2 })).toEqual(['string', 'bytes', 'list']);
    expect(types({ min: 1 })).toEqual(['bigint', 'number']);
    expect(types({ equals: 5 })).toEqual(['bigint', 'number']);
    expect(types({ notOneOf: ['x', 1, true] })).toEqual(['string', 'bigint', 'number', 'boolean']);
  });

  test('every value that it offers satisfies the conditions', () => {
    const text = fc.constantFrom('a+', '[a-f]{2,4}', '(x|yy)*', '\\d\\d', '.*');
    const spec = fc.record(
      {
        pattern: text,
        deny: fc.array(text, { minLength: 1, maxLength: 2 }),
        lengthMin: fc.nat(5),
        notOneOf: fc.constantFrom(['a'], ['', 'aa']),
      },
      { requiredKeys: ['pattern'] },
    );
    fc.assert(
      fc.property(spec, (given) => {
        const { failure } = compileValueCondition(given, 'allow');
        for (const value of valueWitnesses(given, SCOPE)) expect(failure(value, SCOPE)).toBeUndefined();
      }),
      { numRuns: 20 },
    );
  });
});

describe('patternSamples', () => {
  test.each([
    'abc',
    '',
    'a|b|',
    '(?:a|(b|c))+d?',
    '(?i)select',
    '(?i:a)b(?-i)c',
    '(?P<name>x)(?<other>y)',
    '[[:alpha:]]{3}[[:^digit:]]',
    '[]a]',
    '[^]a]',
    '[a\\]b]',
    '[\\d.-]+',
    '\\pL\\p{Greek}\\PL\\p{^Greek}',
    '\\x41\\x{1F600}\\101\\n\\t',
    '\\Qa.b*\\E+',
    '\\Q(unclosed',
    'a{2}b{2,}c{2,3}d{0}e{,5}',
    'a*?b+?c??d{2}?',
    '^start.*end$',
    '\\Aa\\z',
    '\\bword\\b',
    '(?s).(?m)^$|x',
    '{a}{',
    '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*',
    '((((a))))',
    '[^\\x00-\\x7F]',
    '\u{1f600}+\u00e9',
    '.{1000}',
    '\\$\\{\\}\\(\\)\\.\\*',
    '[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z',
  ])('finds texts for `%s`', (text) => {
    const pattern = compilePattern(text);
    const samples = [...patternSamples(text)];
    expect(samples.length).toBeGreaterThan(0);
    for (const sample of samples) expect(pattern.matches(sample)).toBe(true);
    expect([...patternSamples(text)]).toEqual(samples);
  });

  test('finds a text for most patterns that can match, and never throws', () => {
    const piece = fc.constantFrom(
      'a',
      'b',
      '[ab]',
      '[^a]',
      'c?',
      '(?:ab)*',
      'b+',
      '(a|bc)',
      'a{2,3}',
      '\\d',
      '.',
      '\\.',
      '(?i)x',
      '\\pL',
      '|',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 7 }), (pieces) => {
        const [first] = patternSamples(pieces.join(''));
        expect(first).toBeDefined();
      }),
      { numRuns: 200 },
    );
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ab()[]{}|*+?^$\\.1,-:QEpL'), maxLength: 16 }), (text) => {
        try {
          compilePattern(text);
        } catch {
          return;
        }
        for (const sample of patternSamples(text)) expect(compilePattern(text).matches(sample)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

describe('windowWitness', () => {
  const FROM = Date.parse('2026-11-26T09:30:00Z');
  test.each<[spec: WindowSpec]>([
    [{ zone: 'UTC' }],
    [{ days: ['wed'], zone: 'Europe/Berlin' }],
    [{ days: ['sun'], from: '23:59', to: '00:01', zone: 'Europe/Berlin' }],
    [{ days: ['thu'], from: '03:07', to: '03:08', zone: 'Asia/Kathmandu' }],
    [{ days: ['sun'], from: '02:10', to: '02:20', zone: 'Europe/Berlin' }],
  ])('finds an instant in %j', (spec) => {
    for (const from of [FROM, Date.parse('2026-03-28T12:00:00Z')]) {
      const instant = windowWitness(spec, from)!;
      expect(instant).toBeGreaterThanOrEqual(from);
      expect(compileWindow(spec).contains(instant)).toBe(true);
    }
  });
});

describe('textWitness', () => {
  test.each<[spec: TextDemandSpec]>([
    ['required'],
    [{}],
    [{ lengthMin: 500 }],
    [{ lengthMax: 3 }],
    [{ lengthMin: 7, lengthMax: 7 }],
    [{ pattern: 'TICKET-[0-9]+' }],
    [{ pattern: 'TICKET-[0-9]+', lengthMin: 30 }],
  ])('finds a text for %j', (spec) => {
    expect(compileTextDemand(spec)(textWitness(spec)!)).toBeUndefined();
    expect(textWitness(spec)).toBeDefined();
  });

  test('has none where there is none', () => {
    expect(textWitness({ pattern: 'a{3}', lengthMin: 4 })).toBeUndefined();
  });
});
