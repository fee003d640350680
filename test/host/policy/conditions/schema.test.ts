import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  allowParameters,
  compileParameterConditions,
  compileTextDemand,
  compileWhen,
  compileWindow,
  restrictParameters,
  textDemand,
  timeWindow,
  whenSource,
} from '../../../../host/policy/conditions/index.ts';

const SCHEMAS = {
  allow: allowParameters,
  restrict: restrictParameters,
  window: timeWindow,
  demand: textDemand,
  when: whenSource,
} as const;
type Name = keyof typeof SCHEMAS;

const published = z.toJSONSchema(z.strictObject(SCHEMAS).partial(), { io: 'input', target: 'draft-2020-12' });
const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(published);

/** Issues as `place: reason`. */
function issues(name: Name, value: unknown): string[] {
  const checked = SCHEMAS[name].safeParse(value);
  return checked.success ? [] : checked.error.issues.map(({ path, message }) => `${path.join('/')}: ${message}`);
}

const RULE = {
  verb: { oneOf: ['get', 'list', 1, true] },
  namespace: { equals: 'web' },
  'targets[*]': { pattern: 'deployment/[a-z0-9-]{1,40}', deny: ['deployment/kube-.*'] },
  replicas: { min: 1, max: '18446744073709551615', notOneOf: [13] },
  ratio: { min: '0.25', max: '-0.0', optional: true },
  note: { lengthMin: 0, lengthMax: 4_294_967_295, patterns: ['a', 'b'] },
  path: { within: '/drafts/{session}' },
  'a["odd name"].url': { hostname: ['example.com', '*.example.com', '127.0.0.1:8080'] },
};

describe('schema of conditions', () => {
  test('gives specs that compile, with exact numbers', () => {
    const { ratio, ...rule } = RULE;
    const spec = allowParameters.parse(rule);
    expect(spec.replicas).toEqual({ min: 1, max: 18446744073709551615n, notOneOf: [13] });
    expect(compileParameterConditions(spec, 'allow').failure({}, { agent: 'a' })).toEqual({ path: 'verb', condition: 'present' });
    expect(allowParameters.parse({ ratio: { ...ratio, max: '0.5' } })).toEqual({
      ratio: { min: 0.25, max: 0.5, optional: true },
    });
    const { 'targets[*]': targets, ...others } = rule;
    const restrict = restrictParameters.parse({ ...others, 'targets[*]': { pattern: targets.pattern } });
    expect(compileParameterConditions(restrict, 'restrict').failure({}, { agent: 'a' })).toEqual({
      path: 'verb',
      condition: 'present',
    });
    const window = { days: ['mon', 'sun'], from: '23:00', to: '24:00', zone: 'Europe/Berlin' };
    expect(compileWindow(timeWindow.parse(window)).contains(0)).toBe(false);
    expect(compileTextDemand(textDemand.parse('required'))('')).toBe('missing');
    expect(compileTextDemand(textDemand.parse({ lengthMin: 2 }))('a')).toBe('lengthMin');
    expect(compileWhen(whenSource.parse('agent == "a"'))({ agent: 'a', toolName: 't', parameters: {} }, 0)).toBe(true);
  });

  test('publishes what people write', () => {
    validate({ allow: RULE, window: { from: '08:00', to: '24:00', zone: 'UTC' }, demand: 'required', when: 'true' });
    expect(validate.errors).toBeNull();
    expect(validate({ demand: { lengthMin: 5, lengthMax: 9, pattern: '.*' } })).toBe(true);
  });

  test.each<[name: Name, value: unknown, issues: string[]]>([
    ['allow', {}, [': expected a mapping of one or more parameter paths, got an empty one']],
    ['allow', [], [': expected a mapping of one or more parameter paths, got a list']],
    ['allow', { a: {} }, ['a: expected one or more conditions, got none']],
    ['allow', { a: { optional: true } }, ['a: expected one or more conditions, got none']],
    ['allow', { a: null }, ['a: expected a mapping of conditions, got nothing']],
    ['allow', { a: 'x' }, ['a: expected a mapping of conditions, got text `x`']],
    [
      'allow',
      { a: { equals: null } },
      ['a/equals: expected text, a whole number up to 2^53 - 1, `true` or `false`, got nothing'],
    ],
    [
      'allow',
      { a: { equals: ['x'] } },
      ['a/equals: expected text, a whole number up to 2^53 - 1, `true` or `false`, got a list'],
    ],
    [
      'allow',
      { a: { equals: 2 ** 53 } },
      ['a/equals: expected a whole number up to 2^53 - 1; above that `min` and `max` take digits in quotes'],
    ],
    [
      'allow',
      { a: { oneOf: [] } },
      ['a/oneOf: expected a list of one or more values, got an empty one, which nothing can match'],
    ],
    ['allow', { a: { oneOf: 'x' } }, ['a/oneOf: expected a list of one or more values, got text `x`']],
    ['allow', { a: { oneOf: ['x', 1, 'x'] } }, ['a/oneOf: `x` is listed twice']],
    [
      'allow',
      { a: { deny: [] } },
      ['a/deny: expected a list of one or more patterns, got an empty one, which nothing can match'],
    ],
    [
      'allow',
      { a: { pattern: '(?=x)' } },
      ['a/pattern: expected a pattern in RE2 syntax, got `(?=x)`: invalid or unsupported Perl syntax at `(?=`'],
    ],
    ['allow', { a: { deny: ['x', '(x'] } }, ['a/deny/1: expected a pattern in RE2 syntax, got `(x`: missing closing ) at `(x`']],
    ['allow', { a: { pattern: 5 } }, ['a/pattern: expected a pattern in RE2 syntax, got 5']],
    [
      'allow',
      { a: { min: 'lots' } },
      ['a/min: expected a whole number, or in quotes one above 2^53 - 1 or with a fraction, got text `lots`'],
    ],
    ['allow', { a: { min: 0.5 } }, ['a/min: expected a whole number, or in quotes one above 2^53 - 1 or with a fraction']],
    [
      'allow',
      { a: { min: '1e9' } },
      ['a/min: expected a whole number, or in quotes one above 2^53 - 1 or with a fraction, got text `1e9`'],
    ],
    ['allow', { a: { min: 5, max: 4 } }, ['a: expected a `max` of at least 5, got 4']],
    ['allow', { a: { lengthMin: -1 } }, ['a/lengthMin: expected a whole number from 0 to 4294967295, got -1']],
    ['allow', { a: { lengthMin: 3, lengthMax: 2 } }, ['a: expected a `lengthMax` of at least 3, got 2']],
    [
      'allow',
      { a: { within: '/srv/../etc' } },
      [
        'a/within: expected a folder such as `/srv/data` or `/drafts/{session}`, without `.`, `..` or empty parts, got `/srv/../etc`',
      ],
    ],
    [
      'allow',
      { a: { hostname: ['example.com', 'http://x'] } },
      [
        'a/hostname/1: expected a hostname in lower-case ASCII such as `example.com`, `*.example.com` or `example.com:8443`, got `http://x`',
      ],
    ],
    ['allow', { a: { optional: 'yes', equals: 1 } }, ['a/optional: expected `true` or `false`, got text `yes`']],
    [
      'restrict',
      { a: { optional: true, equals: 1 } },
      [expect.stringMatching(/^a: the fields here are `equals`, .*`hostname`$/) as unknown as string],
    ],
    [
      'restrict',
      { a: { deny: ['x'] } },
      [expect.stringMatching(/^a: the fields here are `equals`, .*`hostname`$/) as unknown as string],
    ],
    ['window', {}, ['zone: missing; expected a time zone such as `Europe/Berlin` or `UTC`']],
    ['window', { zone: 'Mars/Base' }, ['zone: expected a time zone such as `Europe/Berlin` or `UTC`, got `Mars/Base`']],
    ['window', { zone: 'UTC', days: [] }, ['days: expected a list of one or more days, got an empty one']],
    ['window', { zone: 'UTC', days: ['fry'] }, ['days/0: expected one of mon, tue, wed, thu, fri, sat, sun, got text `fry`']],
    ['window', { zone: 'UTC', days: ['fri', 'fri'] }, ['days/1: `fri` is listed twice']],
    [
      'window',
      { zone: 'UTC', from: 480, to: '09:00' },
      ['from: expected a time in quotes, from `"00:00"` to `"23:59"`, got 480'],
    ],
    ['window', { zone: 'UTC', from: '08:00' }, [': expected both `from` and `to`, or neither for the whole day']],
    [
      'window',
      { zone: 'UTC', from: '08:00', to: '08:00' },
      [': expected `from` and `to` to differ; a whole day has neither, got `08:00` for both'],
    ],
    [
      'demand',
      'optional',
      [': expected `required`, or a mapping with any of `lengthMin`, `lengthMax` and `pattern`, got text `optional`'],
    ],
    ['demand', { pattern: '(' }, ['pattern: expected a pattern in RE2 syntax, got `(`: missing closing ) at `(`']],
    ['demand', { lengthMin: 3, lengthMax: 2 }, [': expected a `lengthMax` of at least 3, got 2']],
    ['when', 5, [': expected an expression in CEL, got 5']],
    ['when', 'x == 1', [': expected an expression that fits its types, got `x == 1`: unknown variable: x']],
  ])('%s refuses %j', (name, value, expected) => {
    expect(issues(name, value)).toEqual(expected);
  });

  test('a path that cannot be read is an issue of its key', () => {
    const checked = allowParameters.safeParse({ 'a..b': { equals: 1 } });
    expect(checked.error?.issues).toMatchObject([
      {
        code: 'invalid_key',
        path: ['a..b'],
        issues: [{ message: 'expected a parameter path such as `a.b`, `list[*].c`, `list[0]` or `a["odd name"]`, got `a..b`' }],
      },
    ]);
  });
});
