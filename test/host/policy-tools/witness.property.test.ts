import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Decision, type DecisionRequest, decide, type Policy } from '../../../host/policy/index.ts';
import type { Rule } from '../../../host/policy/rule.ts';
import { checkPolicy, type RuleReport } from '../../../host/policy-tools/check.ts';
import type { ToolComponents } from '../../../host/policy-tools/tool-components.ts';
import { recordFromJson } from '../../../host/policy-tools/typed-parameters.ts';
import { parseJson, type ValueType } from '../../../runtime/index.ts';
import { componentOf, list, NO_COMPONENTS, NOON_MS, option, paramsOf, policyOf, record, STRING, U32 } from './fixture.ts';

/*
 * Random policies: what is given as a witness is put before `decide` as anybody would file it, from its JSON; where a rule is said never to
 * fire, random requests try to make it fire all the same.
 */

const FIELDS: Readonly<Record<string, ValueType>> = {
  verb: { kind: 'enum', names: ['get', 'delete', 'drain'] },
  n: { kind: 'u8' },
  s: STRING,
  flag: { kind: 'bool' },
  l: list(STRING),
  o: option(U32),
  r: record({ a: STRING, b: option(list(record({ c: U32 }))) }),
};
const PARAMS = paramsOf(FIELDS);
const COMPONENTS: ToolComponents = new Map([
  ['t', componentOf({ f: FIELDS, g: FIELDS })],
  ['u', componentOf({ f: FIELDS })],
]);

const CONDITIONS: Readonly<Record<string, readonly object[]>> = {
  verb: [{ equals: 'get' }, { oneOf: ['delete', 'drain'] }, { notOneOf: ['get'] }, { equals: 'nope' }, { pattern: 'd.*' }],
  n: [{ min: 3, max: 5 }, { min: 250 }, { equals: 0 }, { min: 256 }, { notOneOf: [0, 1] }, { pattern: 'x' }],
  s: [
    { pattern: 'web-[a-z]{1,3}' },
    { equals: 'web' },
    { lengthMin: 2, lengthMax: 3 },
    { oneOf: ['a', 'web'] },
    { within: '/srv' },
  ],
  flag: [{ equals: true }, { equals: false }],
  l: [{ lengthMin: 2 }, { lengthMax: 0 }],
  'l[*]': [{ equals: 'a' }, { pattern: '[ab]' }],
  'l[0]': [{ equals: 'b' }, { equals: 'a' }],
  o: [{ min: 1 }, { equals: 7 }],
  'r.a': [{ equals: 'x' }, { lengthMin: 1 }],
  'r.b[*].c': [{ max: 4 }, { equals: 9 }],
  typo: [{ equals: 'x' }],
};

const arbParameters = fc
  .uniqueArray(fc.constantFrom(...Object.keys(CONDITIONS)), { minLength: 1, maxLength: 3 })
  .chain((paths) => fc.tuple(...paths.map((path) => fc.tuple(fc.constant(path), fc.constantFrom(...CONDITIONS[path]!)))))
  .map((entries): object => Object.fromEntries(entries));
const arbWindow = fc.constantFrom(
  { days: ['wed'], from: '08:00', to: '18:00', zone: 'UTC' },
  { days: ['sat', 'sun'], zone: 'UTC' },
  { from: '20:00', to: '06:00', zone: 'Europe/Berlin' },
);
const arbWhen = fc.constantFrom(
  'parameters.n > 3',
  'justification != null',
  'parameters.s == "magic"',
  'false',
  'parameters.nope == 1',
);
const rarely = <Value>(arb: fc.Arbitrary<Value>, freq: number): fc.Arbitrary<Value | undefined> =>
  fc.option(arb, { nil: undefined, freq });
const arbTools = fc.oneof(fc.constant('any'), fc.subarray(['t', 't.f', 't.g', 'u'], { minLength: 0 }));
const common = { parameters: rarely(arbParameters, 4), during: rarely(arbWindow, 1), when: rarely(arbWhen, 1) };
const allowing = {
  ...common,
  justification: rarely(fc.constantFrom('required', { lengthMin: 10 }), 1),
  budget: rarely(fc.constant({ calls: 3, per: '1h' }), 1),
  ask: rarely(fc.constantFrom({}, { approvers: ['ann'] }, { approvers: ['bob'] }), 1),
};
const arbEntry = fc.oneof(
  fc.constantFrom<unknown>('t', 't.f', 'u'),
  fc.record({ tool: fc.constantFrom('t', 't.f', 'u.f'), ...allowing, mode: rarely(fc.constant('log-only'), 1) }),
);
const arbRule = fc.oneof(
  fc.record({ effect: fc.constant('allow'), agents: fc.constantFrom<unknown>('any', ['a'], []), tools: arbTools, ...allowing }),
  ...['forbid', 'ask', 'limit', 'alert'].map((effect) =>
    fc.record({
      effect: fc.constant(effect),
      agents: fc.constantFrom<unknown>('any', ['a'], ['a', 'b'], []),
      tools: arbTools,
      ...common,
      mode: rarely(fc.constant('log-only'), 1),
      ...(effect === 'limit' ? { budget: fc.constant({ calls: 2, per: '1h' }) } : {}),
      ...(effect === 'alert' ? { alert: fc.constant({ sinks: ['console'] }) } : {}),
    }),
  ),
);
const plainOnly = (entries: readonly unknown[]): unknown[] =>
  entries.filter((entry, index) => typeof entry !== 'string' || entries.indexOf(entry) === index);
const arbPolicy = fc
  .record({
    a: fc.array(arbEntry, { maxLength: 3 }),
    b: fc.array(arbEntry, { maxLength: 1 }),
    rules: fc.array(arbRule, { minLength: 1, maxLength: 4 }),
  })
  .map(({ a, b, rules }) =>
    policyOf(
      JSON.parse(
        JSON.stringify({
          alerts: { console: { stderr: true } },
          approvers: { people: ['ann', 'bob'] },
          tools: { t: { component: 't.wasm', functions: ['f', 'g'] }, u: { component: 'u.wasm', functions: ['f'] } },
          agents: { a: { tools: plainOnly(a) }, b: { tools: plainOnly(b) } },
          rules,
        }),
      ) as object,
    ),
  );

const arbRequest = fc.record({
  agent: fc.constantFrom('a', 'b'),
  toolName: fc.constantFrom('t.f', 't.g', 'u'),
  json: fc.record({
    verb: fc.constantFrom('get', 'delete', 'drain'),
    n: fc.constantFrom(0, 2, 3, 5, 255),
    s: fc.constantFrom('', 'a', 'web', 'web-a', 'magic', '/srv/x'),
    flag: fc.boolean(),
    l: fc.constantFrom([], ['a'], ['b'], ['a', 'b'], ['a', 'a']),
    o: fc.constantFrom(null, 1, 7),
    r: fc.record({ a: fc.constantFrom('x', 'yy', ''), b: fc.constantFrom(null, [], [{ c: 1 }], [{ c: 9 }, { c: 9 }]) }),
  }),
  justification: fc.constantFrom(undefined, 'x', 'because it hangs again'),
  instantMs: fc.constantFrom(NOON_MS, NOON_MS + 3 * 86_400_000, NOON_MS + 11 * 3_600_000),
});

const UNUSED = { used: () => 0, inFlight: () => 0, oldest: () => undefined };

/** Whether a decision shows a rule, from the words of the documentation. A log-only allow is in `rules` whether it holds or not. */
function shows({ ref, id, effect, isEnforced }: Rule, decision: Decision): boolean {
  const wouldBe = decision.logOnly.some((would) => would.rules.includes(ref));
  if (effect === 'alert') return decision.alerts.some(({ rule }) => rule === ref);
  if (effect === 'limit')
    return decision.effect !== 'deny' && decision.budgets.some(({ key }) => key.startsWith(JSON.stringify(id)));
  if (effect === 'allow') return decision.effect !== 'deny' && decision.rules.includes(ref) && (isEnforced || !wouldBe);
  if (!isEnforced) return wouldBe;
  if (effect === 'ask') return decision.effect === 'ask' && decision.demand.rules.includes(ref);
  return decision.effect === 'deny' && decision.code === 'denied/forbidden' && decision.rules.includes(ref);
}

function ruleOf(policy: Policy, { ref }: RuleReport): Rule {
  return policy.ruleSet.all.find((rule) => rule.ref === ref)!;
}

function replay(policy: Policy, report: RuleReport, isTyped: boolean): void {
  if (report.result.result !== 'fires') return;
  const { witness } = report.result;
  expect(witness.isTyped).toBe(isTyped);
  // As it is printed, and read again by the strict reader.
  const { agent, tool_name, parameters, justification, source, session } = JSON.parse(
    JSON.stringify(witness.request),
  ) as typeof witness.request;
  const record = recordFromJson(parseJson(JSON.stringify(parameters)), isTyped ? PARAMS : undefined);
  const request: DecisionRequest = { agent, toolName: tool_name, parameters: record, justification, source, session };
  const decision = decide(policy, request, Date.parse(witness.at), UNUSED);
  expect(decision.effect).toBe(witness.effect);
  expect(shows(ruleOf(policy, report), decision)).toBe(true);
}

test('every witness makes its rule part of the decision, and no request does what never happens', () => {
  const counts = { fires: 0, never: 0, unknown: 0 };
  fc.assert(
    fc.property(arbPolicy, fc.array(arbRequest, { minLength: 60, maxLength: 60 }), (policy, requests) => {
      const { rules } = checkPolicy(policy, COMPONENTS, { nowMs: NOON_MS });
      expect(rules.length).toBe(policy.ruleSet.all.length);
      const never = rules.filter(({ result }) => result.result === 'never').map((report) => ruleOf(policy, report));
      for (const report of rules) {
        counts[report.result.result]++;
        replay(policy, report, true);
      }
      for (const { agent, toolName, json, justification, instantMs } of never.length === 0 ? [] : requests) {
        const parameters = recordFromJson(parseJson(JSON.stringify(json)), PARAMS);
        const decision = decide(policy, { agent, toolName, parameters, justification }, instantMs, UNUSED);
        for (const rule of never)
          if (rule.isEnforced || rule.effect !== 'allow') expect([rule.ref, shows(rule, decision)]).toEqual([rule.ref, false]);
      }
    }),
    { numRuns: 120 },
  );
  // The answers are worth something only when most rules get one.
  expect(counts.fires).toBeGreaterThan(counts.unknown);
  expect(counts.never).toBeGreaterThan(20);
});

test('witnesses without types replay as well', () => {
  fc.assert(
    fc.property(arbPolicy, (policy) => {
      for (const report of checkPolicy(policy, NO_COMPONENTS, { nowMs: NOON_MS }).rules) replay(policy, report, false);
    }),
    { numRuns: 40 },
  );
});
