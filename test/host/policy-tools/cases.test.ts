import { describe, expect, it } from 'vitest';
import { readCases } from '../../../host/policy/cases-schema.ts';
import { casesLines, runCases } from '../../../host/policy-tools/cases.ts';
import type { ToolComponents } from '../../../host/policy-tools/tool-components.ts';
import { componentOf, NO_COMPONENTS, policyOf, STRING } from './fixture.ts';

const POLICY = policyOf({
  tools: { kubectl: { component: 'k.wasm', functions: ['run'] } },
  agents: {
    triage: {
      tools: [
        {
          tool: 'kubectl',
          id: 'web',
          parameters: { namespace: { equals: 'web' } },
          budget: { calls: 3, per: '1h', by: ['agent'] },
        },
        { tool: 'kubectl', id: 'big', parameters: { size: { min: '9007199254740993' } }, during: { days: ['sat'], zone: 'UTC' } },
      ],
    },
  },
  rules: [{ id: 'ask-db', effect: 'ask', agents: 'any', tools: 'any', parameters: { verb: { equals: 'db' } } }],
});
const COMPONENTS: ToolComponents = new Map([
  ['kubectl', componentOf({ run: { namespace: STRING, verb: STRING, size: { kind: 'u64' } } })],
]);
const FULL = { namespace: 'web', verb: 'get', size: 1 };

function run(cases: readonly object[], components = COMPONENTS) {
  return runCases(POLICY, components, readCases(JSON.stringify({ version: 1, cases }, null, 1), '/etc/cells/cases.yaml'));
}

function one(parameters: object, expected: object, more: object = {}) {
  const request = { agent: 'triage', tool_name: 'kubectl', parameters };
  return run([{ name: 'case', at: '2026-01-28T12:00:00Z', request, expect: expected, ...more }]).cases[0]!;
}

describe('cases', () => {
  it('passes what is decided as expected', () => {
    expect(one(FULL, { effect: 'allow', rule: 'web' })).toMatchObject({
      passed: true,
      problems: [],
      isTyped: true,
      ref: 'case (cases.yaml:4)',
    });
    expect(one({ ...FULL, verb: 'db' }, { effect: 'ask', rule: 'ask-db' })).toMatchObject({ passed: true });
    expect(one({ ...FULL, namespace: 'x' }, { effect: 'deny', code: 'denied/outside-hours', rule: 'big' }, {})).toMatchObject({
      passed: false,
      code: 'denied/parameters',
    });
    expect(
      one(FULL, { effect: 'deny', code: 'denied/no-policy-for-agent' }, { request: { agent: 'x', tool_name: 'kubectl' } }),
    ).toMatchObject({ passed: true });
  });

  it.each<[string, object, object]>([
    ['expected deny, got allow by', FULL, { effect: 'deny' }],
    ['expected allow, got deny [denied/parameters] by', { ...FULL, namespace: 'x' }, { effect: 'allow' }],
    [
      'expected `denied/forbidden`, got `denied/parameters`',
      { ...FULL, namespace: 'x' },
      { effect: 'deny', code: 'denied/forbidden' },
    ],
    ['expected rule `ask-db` among web (cellblock.yaml', FULL, { effect: 'allow', rule: 'ask-db' }],
    ['the policy has no rule `wb`; did you mean `web`?', FULL, { effect: 'allow', rule: 'wb' }],
  ])('fails: %s', (problem, parameters, expected) => {
    const result = one(parameters, expected);
    expect(result.passed).toBe(false);
    expect(result.problems.join('\n')).toContain(problem);
  });

  it('counts what was used of a budget, at its last call and after it', () => {
    expect(one(FULL, { effect: 'allow' }, { usage: { web: { calls: 2 } } })).toMatchObject({ passed: true });
    expect(one(FULL, { effect: 'deny', code: 'denied/budget' }, { usage: { web: { calls: 3 } } })).toMatchObject({
      passed: true,
    });
    expect(one(FULL, { effect: 'allow' }, { usage: { 'ask-db': { calls: 3 } } }).problems).toEqual([
      'the policy has no rule with a budget `ask-db`',
    ]);
  });

  it('takes parameters through their types: a 64-bit number in quotes is one', () => {
    const big = { ...FULL, namespace: 'x', size: '9007199254740993' };
    const saturday = { at: '2026-01-31T12:00:00+01:00' };
    expect(one(big, { effect: 'allow', rule: 'big' }, saturday)).toMatchObject({ passed: true });
    expect(one({ ...big, size: '9007199254740992' }, { effect: 'deny', code: 'denied/parameters' }, saturday)).toMatchObject({
      passed: true,
    });
    expect(one({ ...FULL, verb: 7 }, { effect: 'deny', code: 'params/invalid' })).toMatchObject({ passed: true });
    const untyped = run(
      [
        {
          name: 'a',
          ...saturday,
          request: { agent: 'triage', tool_name: 'kubectl', parameters: big },
          expect: { effect: 'allow' },
        },
      ],
      NO_COMPONENTS,
    );
    expect(untyped.cases[0]).toMatchObject({ passed: false, isTyped: false });
    expect(casesLines(untyped).at(-2)).toMatch(/^1 cases were decided without the types/);
  });

  it('fails a case that depends on the time and does not say when', () => {
    const result = one(FULL, { effect: 'allow' }, { at: undefined });
    expect(result.passed).toBe(false);
    expect(result.problems).toEqual([
      expect.stringMatching(/^the decision depends on the time \(big .*\): give the case an `at`$/),
    ]);
  });

  it('prints a table', () => {
    const request = { agent: 'triage', tool_name: 'kubectl', parameters: FULL };
    const at = '2026-01-28T12:00:00Z';
    const report = run([
      { name: 'good', at, request, expect: { effect: 'allow' } },
      { name: 'bad', at, request, expect: { effect: 'ask' } },
    ]);
    expect(casesLines(report)).toEqual([
      'passed  allow  good (cases.yaml:4)',
      'FAILED  allow  bad (cases.yaml:20)',
      expect.stringMatching(/^ {8}expected ask, got allow by web/),
      '',
      '1 passed, 1 failed',
    ]);
  });

  it.each<[string, object]>([
    ['cases.yaml:3:11: cases: expected one or more cases, got none', { version: 1, cases: [] }],
    [
      'cases[0].expect.effect: expected `allow`, `ask` or `deny`, got text `maybe`',
      { cases: [{ name: 'a', request: { agent: 'a', tool_name: 't' }, expect: { effect: 'maybe' } }] },
    ],
    [
      'unknown field; the fields here are `effect`, `code`, `rule`',
      { cases: [{ name: 'a', request: { agent: 'a', tool_name: 't' }, expect: { effect: 'deny', cod: 'x' } }] },
    ],
    [
      'only a denial has a code',
      { cases: [{ name: 'a', request: { agent: 'a', tool_name: 't' }, expect: { effect: 'allow', code: 'x' } }] },
    ],
    [
      'expected an instant in quotes',
      { cases: [{ name: 'a', at: '2026-01-31 12:00', request: { agent: 'a', tool_name: 't' }, expect: { effect: 'allow' } }] },
    ],
  ])('refuses: %s', (message, data) => {
    const text = JSON.stringify({ version: 1, ...data }, null, 1);
    expect(() => readCases(text, 'cases.yaml')).toThrow(
      expect.objectContaining({ code: 'policy/invalid-document', message: expect.stringContaining(message) }),
    );
  });
});
