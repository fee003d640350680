import { afterEach, describe, expect, test } from 'vitest';
import { compileWhen } from '../../../../host/policy/conditions/index.ts';
import type { DecisionRequest } from '../../../../host/policy/decision-request.ts';
import type { ParameterRecord, ParameterValue } from '../../../../host/policy/parameter-value.ts';
import { failureOf, record } from './support.ts';

const PARAMETERS = record({
  replicas: 3n,
  ratio: 0.5,
  whole: 3,
  big: 2n ** 64n - 1n,
  exact: 2n ** 53n + 1n,
  nan: Number.NaN,
  name: 'webapp',
  empty: '',
  flag: true,
  bytes: new Uint8Array([1, 2]),
  none: null,
  tags: ['a', 'b'],
  mixed: ['a', 1n, null, true],
  targets: [record({ ns: 'web', n: 1n }), record({ ns: 'db', n: 2n })],
  nested: record({ a: record({ b: 'x' }) }),
});
const REQUEST: DecisionRequest = {
  agent: 'triage',
  toolName: 'kubectl.run',
  parameters: PARAMETERS,
  justification: 'the pod restarts in a loop',
  source: undefined,
  session: 's-1',
};
/** Thursday. */
const INSTANT_MS = Date.parse('2026-11-26T09:30:15.250Z');

const result = (source: string, request: DecisionRequest = REQUEST): boolean | string => {
  const when = compileWhen(source);
  return failureOf(() => when(request, INSTANT_MS))?.[0] ?? when(request, INSTANT_MS);
};

const hostZone = process.env.TZ;
afterEach(() => {
  if (hostZone === undefined) delete process.env.TZ;
  else process.env.TZ = hostZone;
});

describe('compileWhen', () => {
  test.each<[source: string, expected: boolean]>([
    ['parameters.replicas < 5 && justification.size() > 10', true],
    ['parameters.replicas > 5', false],
    ['parameters.replicas == 3 && parameters.replicas != 4', true],
    ['parameters.replicas == 3.0 && parameters.whole == 3', true],
    ['parameters.replicas < 3.5 && parameters.replicas > 2.5', true],
    ['parameters.replicas == "3"', false],
    ['parameters.ratio > 0.25', true],
    ['parameters.big > 9223372036854775807', true],
    ['parameters.exact == 9007199254740993', true],
    ['parameters.exact == 9007199254740992', false],
    ['parameters.exact == 9007199254740992.0', false],
    ['parameters.nan == parameters.nan', false],
    ['parameters.nan < 1.0 || parameters.nan >= 1.0', false],
    ['parameters.name.startsWith("web") && parameters.name.contains("ap")', true],
    ['parameters.name == "webapp" || parameters.missing == 1', true],
    ['parameters["name"] == "webapp"', true],
    ['parameters.flag', true],
    ['!parameters.flag', false],
    ['parameters.bytes == b"\\x01\\x02" && parameters.bytes.size() == 2 && parameters.bytes.at(1) == 2', true],
    ['parameters.none == null', true],
    ['parameters.none == "a"', false],
    ['source == null', true],
    ['justification == null', false],
    ['session == "s-1" && agent == "triage"', true],
    ['tool == "kubectl"', true],
    ['"a" in parameters.tags', true],
    ['"c" in parameters.tags', false],
    ['1 in parameters.mixed && null in parameters.mixed', true],
    ['"name" in parameters && !("toString" in parameters)', true],
    ['has(parameters.name) && !has(parameters.missing)', true],
    ['has(parameters.nested.a.b) && !has(parameters.nested.a.c)', true],
    ['parameters.tags.all(t, t in ["a", "b"])', true],
    ['parameters.tags.exists(t, t == "b")', true],
    ['parameters.tags.exists_one(t, t == "b")', true],
    ['parameters.tags.filter(t, t == "b").size() == 1', true],
    ['parameters.targets.all(t, t.ns in ["web", "db"] && t.n < 3)', true],
    ['parameters.targets.all(t, t.ns == "web")', false],
    ['parameters.name.fits("web[a-z]+")', true],
    ['parameters.name.fits("web")', false],
    ['now >= timestamp("2026-11-26T09:30:15Z") && now < timestamp("2026-11-27T00:00:00Z")', true],
    [
      'now - duration("1h") < timestamp("2026-11-26T10:00:00+01:00") && now - duration("1h30m") < timestamp("2026-11-26T08:30:00Z")',
      true,
    ],
    ['now.getHours() == 9 && now.getMinutes() == 30 && now.getDayOfWeek() == 4 && now.getFullYear() == 2026', true],
    ['parameters.replicas > 2 ? agent == "triage" : false', true],
    ['size(parameters.tags) == 2 && int("5") == 5 && string(parameters.replicas) == "3"', true],
  ])('%s', (source, expected) => {
    expect(result(source)).toBe(expected);
  });

  test.each([
    'parameters.missing == 1',
    'parameters.missing == 1 || false',
    'parameters.none.size() > 1',
    'source.size() > 1',
    'parameters.name > 3',
    'parameters.replicas',
    'parameters.name',
    'parameters.none',
    'parameters.flag ? parameters.name : parameters.name',
    'parameters.replicas / 0 == 1',
    'parameters.big * parameters.big > 1',
    'parameters.tags[5] == "a"',
    'parameters.tags[-1] == "a"',
    'parameters.replicas.fits("3")',
    'parameters.tags.fits("a")',
    'parameters.tags.all(t, t > 1)',
    'parameters.replicas.all(t, true)',
    'parameters.__proto__ == null',
    'parameters.constructor == null',
    'parameters.toString == null',
    'parameters.nested.a.__proto__ == null',
    'parameters["__proto__"] == null',
    'parameters.tags.length == 2',
    'int(parameters.name) == 1',
  ])('an error of %s denies', (source) => {
    expect(result(source)).toBe('denied/condition-failed');
  });

  test('an error has no value of a parameter in its message', () => {
    const when = compileWhen('bool(parameters.name)');
    expect(failureOf(() => when(REQUEST, INSTANT_MS))).toEqual([
      'denied/condition-failed',
      'condition `when` cannot be evaluated: the expression has an error for this request',
    ]);
    expect(failureOf(() => compileWhen('parameters.name')(REQUEST, INSTANT_MS))?.[1]).toBe(
      'condition `when` cannot be evaluated: its result is neither true nor false',
    );
    expect(failureOf(() => compileWhen('true')(REQUEST, Number.NaN))?.[1]).toBe(
      'condition `when` cannot be evaluated: the instant is none',
    );
  });

  test.each<[source: string, message: RegExp]>([
    ['unknown == 1', /^expected an expression that fits its types, got `unknown == 1`: unknown variable: unknown$/],
    ['Parameters.x == 1', /unknown variable: Parameters$/],
    ['process.env == 1', /unknown variable: process$/],
    ['agent < 1', /no such overload: string < int$/],
    ['agent && true', /logical operator requires bool operands, got 'string'$/],
    ['agent', /^expected an expression that is true or false, got `agent`, which is of type `string`$/],
    ['1', /which is of type `int`$/],
    ['now', /which is of type `google.protobuf.Timestamp`$/],
    ['', /^expected an expression in CEL, got ``: /],
    ['parameters.x ==', /^expected an expression in CEL, got `parameters.x ==`: unexpected token: EOF$/],
    ['parameters.x == 1; true', /^expected an expression in CEL/],
    [
      'parameters.name.matches("a")',
      /^an expression has no method `matches` here; `fits\("pattern"\)` takes an RE2 pattern for the whole text$/,
    ],
    ['parameters.x.fits("(?=a)")', /^expected a pattern in RE2 syntax, got `\(\?=a\)`/],
    ['parameters.x.fits(parameters.y)', /^expected one pattern in quotes for `fits`: it is read when the policy is loaded$/],
    ['parameters.x.fits("a" + "b")', /^expected one pattern in quotes for `fits`/],
    ['duration(parameters.x) < duration("1h")', /^expected one duration in quotes, such as `"1h30m"` for `duration`/],
    ['now < now + duration("1 hour")', /^expected one duration in quotes/],
    [
      'now < timestamp(parameters.x)',
      /^expected one time in quotes, such as `"2026-11-26T09:30:00Z"` for `timestamp`: it is read when the policy is loaded$/,
    ],
    ['now < timestamp("2026-11-26T09:30:00.000")', /^expected one time in quotes/],
    ['now < timestamp("Thu, 26 Nov 2026 09:30:00")', /^expected one time in quotes/],
    ['now < timestamp("2026-13-26T09:30:00Z")', /^expected one time in quotes/],
    ['now < timestamp(1)', /^expected one time in quotes/],
    ['now.getHours("Europe/Berlin") > 3', /^`getHours` is for UTC alone: expected no zone; `during` has one$/],
    ['now.getDayOfYear() > 3', /^an expression has no method `getDayOfYear` here; it depends on the time zone of the host$/],
    ['[1].map(x, x).size() == 1', /^an expression has no method `map` here; there are `all`, /],
    ['cel.bind(x, 1, x == 1)', /no method `bind`/],
    ['parameters.x.split(",").size() == 1', /no method `split`/],
    ['["a"].join() == "a"', /no method `join`/],
    ['parameters.x.json().a == 1', /no method `json`/],
    ['parameters.x.lowerAscii() == "a"', /no method `lowerAscii`/],
    ['eval("1") == 1', /^an expression has no function `eval` here; there are `size`, `has`, /],
    ['parameters.tags.all(t, t.matches("a"))', /no method `matches`/],
    ['true ? parameters.x.matches("a") : false', /no method `matches`/],
    ['{"a": parameters.x.matches("a")}.a', /no method `matches`/],
    ['[parameters.x.matches("a")][0]', /no method `matches`/],
    ['!parameters.x.matches("a")', /no method `matches`/],
    ['has(parameters.x.matches("a").y)', /no method `matches`/],
    [`agent == "${'a'.repeat(2_000)}"`, /^expected an expression of at most 2000 characters, got 2011$/],
    [`${'('.repeat(200)}true${')'.repeat(200)}`, /^expected an expression in CEL, got .*depth/i],
    [Array(300).fill('true').join('&&'), /^expected an expression in CEL, got .*: exceeded/],
  ])('refuses %s', (source, message) => {
    const [code, words] = failureOf(() => compileWhen(source))!;
    expect(code).toBe('usage/invalid-argument');
    expect(words).toMatch(message);
  });

  test('knows the tool by its name alone, however the agent wrote it', () => {
    for (const toolName of ['kubectl', 'kubectl.run', 'kubectl.a:b/c@1.0#run']) {
      expect(result('tool == "kubectl"', { ...REQUEST, toolName })).toBe(true);
    }
    expect(result('tool == "kubectl"', { ...REQUEST, toolName: 'kubectl-admin.run' })).toBe(false);
  });

  test.each(['Pacific/Apia', 'America/New_York', 'Europe/Berlin'])('says the same when the host is in %s', (zone) => {
    process.env.TZ = zone;
    expect(result('now.getHours() == 9 && now.getDate() == 26 && now.getMonth() == 10 && now.getDayOfWeek() == 4')).toBe(true);
  });

  describe('bounds its work', () => {
    const many = (count: number, of: (index: number) => ParameterValue = (index) => `item ${index}`): ParameterValue =>
      Array.from({ length: count }, (_, index) => of(index));
    const asked = (parameters: { readonly [name: string]: ParameterValue }): DecisionRequest => ({
      ...REQUEST,
      parameters: record(parameters),
    });

    test.each([
      'parameters.l.all(x, x in parameters.m)',
      'parameters.l.all(x, parameters.m.exists(y, y == x))',
      'parameters.l.all(x, parameters.m.all(y, parameters.l.all(z, x != y || y != z)))',
      'parameters.l.all(x, parameters.m.filter(y, y != x).size() > 5)',
      'parameters.l.all(x, parameters.m == parameters.k)',
      'parameters.records.all(r, r.tags.all(t, t in r.tags))',
      'parameters.records.all(r, r.tags.all(t, r.tags.all(u, t != u || u == t)))',
      'parameters.l.all(x, parameters.text.contains(x))',
      'parameters.l.all(x, parameters.text.size() > 5)',
      'parameters.l.all(x, parameters.text.fits("(a|b)*c"))',
      'parameters.l.all(x, (parameters.m + parameters.k).size() > 5)',
      '[parameters.l, parameters.l, parameters.l].all(x, x.all(y, parameters.l.all(z, z != y)))',
    ])('%s', (source) => {
      const when = compileWhen(source);
      const records = (count: number): ParameterValue => [record({ tags: many(count) })];
      const large = asked({
        l: many(30_000),
        m: many(30_000),
        k: many(30_000),
        text: 'a'.repeat(60_000),
        records: records(30_000),
      });
      expect(failureOf(() => when(large, INSTANT_MS))).toEqual([
        'denied/condition-failed',
        'condition `when` cannot be evaluated: the parameters are too large for loops in loops',
      ]);
      // The same with a small request is no error.
      expect(typeof when(asked({ l: many(9), m: many(9), k: many(9), text: 'aaaaaaaa', records: records(9) }), INSTANT_MS)).toBe(
        'boolean',
      );
    });

    test.each([
      'parameters.l.all(x, x != "y")',
      'parameters.l.all(x, x in ["a", "b"] || x.startsWith("item"))',
      'parameters.l.all(x, x.size() > 3 && x.fits("item [0-9]+"))',
      '!parameters.l.exists(x, x == parameters.records)',
      'parameters.records.all(x, x.tags.all(y, y != "z"))',
      '!("z" in parameters.l) && parameters.l != parameters.records',
    ])('%s takes one walk, so that large lists are no error', (source) => {
      const parameters: { readonly [name: string]: ParameterValue } = {
        l: many(30_000),
        records: many(10_000, () => record({ tags: ['a', 'b'] })),
      };
      expect(compileWhen(source)(asked(parameters), INSTANT_MS)).toBe(true);
    });
  });

  test('calls are independent: one that throws leaves nothing behind', () => {
    const when = compileWhen('parameters.tags.all(t, t == agent)');
    const asks = (tags: ParameterValue, agent: string): boolean | string => {
      const request = { ...REQUEST, agent, parameters: { tags } as ParameterRecord };
      return failureOf(() => when(request, INSTANT_MS))?.[0] ?? when(request, INSTANT_MS);
    };
    expect([asks(['a'], 'a'), asks(5n, 'a'), asks(['b'], 'a'), asks([undefined as never], 'a'), asks(['a'], 'a')]).toEqual([
      true,
      'denied/condition-failed',
      false,
      'denied/condition-failed',
      true,
    ]);
  });
});
