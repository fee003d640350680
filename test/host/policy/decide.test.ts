import { describe, expect, test } from 'vitest';
import { type Decision, type DecisionRequest, type Denied, decide, type Usage } from '../../../host/policy/index.ts';
import { parse, UNUSED, USED_UP } from './fixture.ts';

const HEAD = `version: 1
alerts:
  file: { file: alerts.jsonl }
approvers:
  people: [ann, mia, zoe]
  webhooks: { ops: { url: "https://approvals.example.com/x", secretEnv: SECRET } }
tools:
  kubectl: { component: kubectl.wasm, functions: [run, get] }
  redact: { component: redact.wasm, functions: [redact] }
agents:
`;
const LINE = HEAD.split('\n').length;

/** Monday, 2 March 2026, 10:00 UTC. */
const MONDAY_10 = Date.UTC(2026, 2, 2, 10);

const REQUEST: DecisionRequest = {
  agent: 'triage',
  toolName: 'kubectl.run',
  parameters: { verb: 'get', namespace: 'web', replicas: 3n, targets: ['pod/a', 'pod/b'] },
  justification: 'the pod restarts in a loop',
  source: 'line 7 of the log',
};

function ask(
  policy: string,
  request: Partial<Record<keyof DecisionRequest, unknown>> = {},
  at = MONDAY_10,
  usage: Usage = UNUSED,
): Decision {
  // Requests come from outside; the types are a promise that they may not keep.
  return decide(parse(`${HEAD}${policy}`), { ...REQUEST, ...request } as DecisionRequest, at, usage);
}

function denial(...args: Parameters<typeof ask>): Denied {
  const decision = ask(...args);
  if (decision.effect !== 'deny') throw new Error(`expected a denial, got ${decision.effect}`);
  return decision;
}

/** The agent `triage` with one entry. */
const entry = (...lines: string[]): string =>
  `  triage:\n    tools:\n      - tool: kubectl.run\n${lines.map((line) => `        ${line}\n`).join('')}`;
const ENTRY = `agents.triage.tools[0] (cellblock.yaml:${LINE + 2})`;
const OFFERED = 'tools.kubectl.functions[0] (cellblock.yaml:8)';
/** The whole tool for the agent, and rules across agents. */
const rules = (...lines: string[]): string =>
  `  triage: { tools: [kubectl] }\nrules:\n${lines.map((line) => `  - ${line}\n`).join('')}`;
const ruleAt = (id: string, index: number): string => `${id} (cellblock.yaml:${LINE + 2 + index})`;

describe('an entry with conditions', () => {
  test('allows what meets them, and says by which rule', () => {
    expect(ask(entry('parameters: { verb: { oneOf: [get, list] }, "targets[*]": { pattern: "pod/[a-z]+" } }'))).toMatchObject({
      effect: 'allow',
      functionName: 'run',
      rules: [ENTRY, OFFERED],
      budgets: [],
      alerts: [],
      logOnly: [],
    });
  });

  test('denies other parameters, naming path, condition and the rule that would have to allow them, and no value', () => {
    const denied = denial(entry('parameters: { verb: { oneOf: [get] }, namespace: { equals: vault } }'));
    expect(denied).toEqual({
      effect: 'deny',
      code: 'denied/parameters',
      message: 'no rule allows this value of parameter `namespace`: condition `equals` does not hold',
      rules: [ENTRY],
      help: `${ENTRY} would have to allow it`,
      data: { path: 'namespace', condition: 'equals' },
      alerts: [],
      logOnly: [],
    });
  });

  test('is described by the rule that came closest', () => {
    const both =
      '  triage:\n    tools:\n      - { tool: kubectl, parameters: { verb: { equals: scale } } }\n' +
      '      - { tool: kubectl.run, parameters: { verb: { equals: get }, namespace: { equals: vault } } }\n';
    expect(denial(both)).toMatchObject({
      data: { path: 'namespace' },
      rules: [ENTRY, `agents.triage.tools[1] (cellblock.yaml:${LINE + 3})`],
    });
  });

  test.each<[string, unknown]>([
    ['a list of the text', ['get']],
    ['an object that would become the text', { toString: () => 'get' }],
    ['nothing', null],
    ['true', true],
    ['no value at all', undefined],
  ])('takes %s for no text (PO-06)', (_, verb) => {
    const parameters = { ...REQUEST.parameters, verb };
    expect(denial(entry('parameters: { verb: { equals: get } }'), { parameters }).code).toBe('denied/parameters');
    expect(denial(entry('parameters: { verb: { pattern: ".*" } }'), { parameters }).code).toBe('denied/parameters');
  });

  test.each(['__proto__', 'constructor', 'toString'])('finds no parameter `%s` in a prototype (PO-02)', (name) => {
    const parameters = Object.freeze({ ...REQUEST.parameters });
    expect(denial(entry(`parameters: { '["${name}"]': { lengthMin: 0 } }`), { parameters }).data).toMatchObject({
      condition: 'present',
    });
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  test('needs an expression to be true', () => {
    expect(ask(entry("when: 'parameters.replicas < 5 && justification.size() > 10'")).effect).toBe('allow');
    expect(denial(entry("when: 'parameters.replicas < 3'"))).toMatchObject({
      code: 'denied/parameters',
      message: 'no rule allows these parameters: condition `when` does not hold',
      data: { condition: 'when' },
    });
  });

  test('that cannot be evaluated denies', () => {
    expect(denial(entry("when: 'parameters.verb < 5'"))).toMatchObject({
      code: 'denied/condition-failed',
      rules: [ENTRY],
      data: { condition: 'when' },
    });
  });

  test('needs a justification and a source where it says so', () => {
    const demanding = entry('justification: { lengthMin: 10 }', 'source: required');
    expect(ask(demanding).effect).toBe('allow');
    expect(denial(demanding, { source: undefined })).toMatchObject({
      code: 'denied/source-required',
      message: 'the request needs a `source`',
      help: `say in \`source\` what the call follows from, as ${ENTRY} asks`,
    });
    expect(denial(demanding, { justification: '  ' }).message).toBe('the request needs a `justification`');
    expect(denial(demanding, { justification: 'because' })).toMatchObject({
      code: 'denied/justification-required',
      message: 'the `justification` of the request does not satisfy condition `lengthMin`',
    });
  });

  test('holds in its hours only', () => {
    const hours = entry('during: { days: [mon], from: "08:00", to: "18:00", zone: UTC }');
    expect(ask(hours).effect).toBe('allow');
    for (const at of [MONDAY_10 - 3 * 3_600_000, MONDAY_10 + 8 * 3_600_000, MONDAY_10 + 24 * 3_600_000]) {
      expect(denial(hours, {}, at)).toMatchObject({
        code: 'denied/outside-hours',
        message: 'the rules that would allow this are not in force at this time',
      });
    }
  });

  test('is not about other functions and agents', () => {
    expect(denial(entry(), { toolName: 'kubectl.get' }).code).toBe('denied/tool-not-granted');
    expect(denial(entry(), { toolName: 'redact' }).code).toBe('denied/tool-not-granted');
    expect(denial(`${entry()}  other: { tools: [] }\n`, { agent: 'other' }).code).toBe('denied/tool-not-granted');
  });
});

describe('rules across agents', () => {
  const shell = 'no-shell, effect: forbid, agents: any, tools: [kubectl], parameters: { verb: { pattern: ".*sh" } }';

  test('forbid, whatever allows', () => {
    const policy = rules(`{ id: ${shell} }`, '{ effect: allow, agents: any, tools: any }');
    expect(ask(policy).effect).toBe('allow');
    expect(denial(policy, { parameters: { verb: 'bash' } })).toMatchObject({
      code: 'denied/forbidden',
      message: `forbidden by ${ruleAt('no-shell', 0)}`,
      rules: [ruleAt('no-shell', 0)],
    });
  });

  test('deny when a forbid cannot be evaluated, although nothing is forbidden', () => {
    expect(denial(rules(`{ id: ${shell} }`), { parameters: { verb: 7n } })).toMatchObject({
      code: 'denied/condition-failed',
      rules: [ruleAt('no-shell', 0)],
      data: { condition: 'pattern' },
    });
  });

  test('raise alerts when they fire, whatever is decided', () => {
    const alerting = `{ id: ${shell}, alert: { severity: critical, sinks: [file] } }`;
    const alert = { rule: ruleAt('no-shell', 0), severity: 'critical', sinks: ['file'] };
    expect(ask(rules(alerting)).alerts).toEqual([]);
    expect(ask(rules(alerting), { parameters: { verb: 'bash' } }).alerts).toEqual([alert]);
    // A value that breaks the rule does not silence it.
    expect(ask(rules(alerting), { parameters: { verb: 7n } }).alerts).toEqual([alert]);
    const only = rules('{ id: seen, effect: alert, agents: [triage], tools: any, alert: { sinks: [file] } }');
    expect(ask(only)).toMatchObject({ effect: 'allow', alerts: [{ rule: ruleAt('seen', 0), severity: 'warning' }] });
  });

  test('allow, together with others or alone', () => {
    const alone = '  triage: { tools: [] }\nrules:\n  - { id: reads, effect: allow, agents: [triage], tools: [kubectl.get] }\n';
    expect(ask(alone, { toolName: 'kubectl.get' })).toMatchObject({
      effect: 'allow',
      rules: [`reads (cellblock.yaml:${LINE + 2})`, expect.any(String)],
    });
    expect(denial(alone).code).toBe('denied/tool-not-granted');
    expect(denial(alone, { agent: 'nobody' }).code).toBe('denied/no-policy-for-agent');
  });

  test('are about nothing where a list is empty (WA-02)', () => {
    expect(ask(rules('{ effect: forbid, agents: [], tools: any }', '{ effect: forbid, agents: any, tools: [] }')).effect).toBe(
      'allow',
    );
    const opened =
      '  triage: { tools: [] }\nrules:\n  - { effect: allow, agents: [], tools: any }\n  - { effect: allow, agents: any, tools: [] }\n';
    expect(denial(opened).code).toBe('denied/tool-not-granted');
  });
});

describe('questions', () => {
  test('are put where an entry or a rule asks, in the strictest form of all', () => {
    const policy = `${entry('ask: { channels: [terminal], approvers: [ann, mia], expires: 10m }')}rules:
  - { id: changes, effect: ask, agents: any, tools: [kubectl], ask: { channels: ["webhook:ops"], approvers: [mia, zoe], useWithin: 5m } }
  - { id: all, effect: ask, agents: any, tools: any }
`;
    expect(ask(policy)).toMatchObject({
      effect: 'ask',
      rules: [ENTRY, OFFERED],
      demand: {
        rules: [ENTRY, `changes (cellblock.yaml:${LINE + 5})`, `all (cellblock.yaml:${LINE + 6})`],
        channels: ['terminal', 'webhook:ops'],
        approvers: ['mia'],
        expiresMs: 600_000,
        useWithinMs: 300_000,
      },
    });
  });

  test('that nobody could answer are denials', () => {
    const policy = rules(
      '{ id: one, effect: ask, agents: any, tools: any, ask: { approvers: [ann] } }',
      '{ id: two, effect: ask, agents: any, tools: any, ask: { approvers: [zoe] } }',
    );
    expect(denial(policy)).toMatchObject({
      code: 'denied/forbidden',
      message: 'the rules that ask have no approver in common, so that nobody could approve',
      rules: [ruleAt('one', 0), ruleAt('two', 1)],
    });
  });

  test('do not go away by another allow', () => {
    const policy = '  triage:\n    tools:\n      - kubectl\n      - { tool: kubectl.run, ask: { channels: [terminal] } }\n';
    expect(ask(policy).effect).toBe('ask');
    expect(ask(policy, { toolName: 'kubectl.get' }).effect).toBe('allow');
  });
});

describe('budgets', () => {
  const hourly = entry('id: hourly', 'budget: { calls: 2, per: 1h, by: [agent, session] }');
  const key = '"hourly" agent "triage" session null';

  test('are charged to the calls that they let through', () => {
    expect(ask(hourly)).toMatchObject({ effect: 'allow', budgets: [{ key, windowMs: 3_600_000 }] });
  });

  test('deny when they are used up, and say until when', () => {
    const usage: Usage = { used: () => 2, inFlight: () => 0, oldest: () => MONDAY_10 - 600_000 };
    expect(denial(hourly, {}, MONDAY_10, usage)).toMatchObject({
      code: 'denied/budget',
      message: `the budget of hourly (cellblock.yaml:${LINE + 2}) is used up`,
      data: { retryAfterMs: 3_000_000 },
      help: 'try again after 3000000 ms',
    });
  });

  test('of an allow stop that allow, those of a limit every call', () => {
    const both = `  triage:\n    tools:\n      - kubectl\n      - { tool: kubectl, budget: { calls: 1, per: 1h } }\n`;
    expect(ask(both, {}, MONDAY_10, USED_UP)).toMatchObject({ effect: 'allow', budgets: [] });
    const limit = rules('{ id: slow, effect: limit, agents: any, tools: any, budget: { concurrent: 1 } }');
    expect(ask(limit)).toMatchObject({ effect: 'allow', budgets: [{ key: '"slow"', windowMs: 0 }] });
    expect(denial(limit, {}, MONDAY_10, USED_UP)).toMatchObject({ code: 'denied/budget', data: { retryAfterMs: 1000 } });
  });

  test('ask the usage for the window that ends now, exclusive at its start', () => {
    const asked: [string, number][] = [];
    const usage: Usage = { ...UNUSED, used: (name, since) => asked.push([name, since]) * 0 };
    ask(hourly, {}, MONDAY_10, usage);
    expect(asked).toEqual([[key, MONDAY_10 - 3_600_000]]);
  });

  test('cannot be made another scope by a name', () => {
    const keys = ['s', '"s"', 's" agent "x', ' ', '', undefined].map((session) => {
      const decision = ask(entry('id: one', 'budget: { calls: 9, per: 1h, by: [session] }'), { session });
      return decision.effect === 'allow' ? decision.budgets[0]!.key : '';
    });
    expect(new Set(keys).size).toBe(6);
  });

  test.each<[string, Partial<Usage>]>([
    ['is no number', { used: () => Number.NaN }],
    ['is text', { used: () => '0' as unknown as number }],
    ['is below nothing', { used: () => -1 }],
    [
      'cannot be read',
      {
        used: () => {
          throw new Error('gone');
        },
      },
    ],
    ['in flight is no number', { inFlight: () => Number.NaN }],
  ])('deny when what is used %s', (_, broken) => {
    const policy = entry('budget: { calls: 9, per: 1h, concurrent: 9 }');
    expect(denial(policy, {}, MONDAY_10, { ...UNUSED, ...broken }).code).toBe('denied/condition-failed');
  });
});

describe('log-only', () => {
  const forbid = 'id: shut, effect: forbid, agents: any, tools: [kubectl]';

  test('of a rule records what it would have refused', () => {
    const policy = rules(`{ ${forbid}, mode: log-only, alert: { sinks: [file] } }`);
    expect(ask(policy)).toMatchObject({
      effect: 'allow',
      logOnly: [{ effect: 'deny', code: 'denied/forbidden', rules: [ruleAt('shut', 0)] }],
      alerts: [{ rule: ruleAt('shut', 0) }],
    });
    expect(ask(rules(`{ ${forbid} }`)).effect).toBe('deny');
  });

  test('of an entry gives the tool, and records its conditions, question and budget', () => {
    const policy = entry('parameters: { verb: { equals: list } }', 'mode: log-only');
    expect(ask(policy)).toMatchObject({
      effect: 'allow',
      rules: [ENTRY, OFFERED],
      logOnly: [{ code: 'denied/parameters', rules: [ENTRY] }],
    });
    expect(ask(entry('ask: {}', 'mode: log-only'))).toMatchObject({
      effect: 'allow',
      logOnly: [{ effect: 'ask', rules: [ENTRY] }],
    });
    const spent = entry('budget: { calls: 1, per: 1h }', 'mode: log-only');
    expect(ask(spent, {}, MONDAY_10, USED_UP)).toMatchObject({
      effect: 'allow',
      budgets: [{}],
      logOnly: [{ code: 'denied/budget' }],
    });
    expect(ask(entry("when: 'parameters.none == 1'", 'mode: log-only'))).toMatchObject({
      effect: 'allow',
      logOnly: [{ code: 'denied/condition-failed' }, ...[]],
    });
  });

  test('of a policy leaves access and the ceiling in force', () => {
    const open = (ceiling: string) => parse(`mode: log-only\n${HEAD}${rules(`{ ${forbid} }`)}${ceiling}`);
    const decided = (ceiling: string, toolName = 'kubectl.run') =>
      decide(open(ceiling), { ...REQUEST, toolName }, MONDAY_10, UNUSED);
    expect(decided('')).toMatchObject({ effect: 'allow', logOnly: [{ code: 'denied/forbidden' }] });
    expect(decided('', 'redact')).toMatchObject({ effect: 'deny', code: 'denied/tool-not-granted' });
    expect(decided('ceiling: { rules: [{ id: top, effect: forbid, agents: any, tools: any }] }')).toMatchObject({
      effect: 'deny',
      code: 'denied/forbidden',
      rules: [expect.stringContaining('top (')],
    });
  });
});

describe('whatever comes', () => {
  const policy = parse(`${HEAD}${entry('parameters: { verb: { equals: get } }')}`);
  const hostile = new Proxy(
    {},
    {
      get: () => {
        throw new Error('no');
      },
      getOwnPropertyDescriptor: () => {
        throw new Error('no');
      },
    },
  );

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a proxy that throws', hostile],
    ['a list', []],
    ['parameters that throw', { ...REQUEST, parameters: hostile }],
    ['no parameters', { ...REQUEST, parameters: undefined }],
    ['text for parameters', { ...REQUEST, parameters: 'get' }],
    ['an object as agent', { ...REQUEST, agent: { toString: () => 'triage' } }],
    ['a list as tool', { ...REQUEST, toolName: ['kubectl.run'] }],
    ['a justification that is no text', { ...REQUEST, justification: ['x'] }],
    ['a source that is null', { ...REQUEST, source: null }],
    ['a session that is a number', { ...REQUEST, session: 7 }],
  ])('denies %s and does not throw (PO-06)', (_, request) => {
    expect(decide(policy, request as DecisionRequest, MONDAY_10, UNUSED).effect).toBe('deny');
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, undefined, '2026'])('denies at the instant %s', (at) => {
    expect(decide(policy, REQUEST, at as number, UNUSED)).toMatchObject({ effect: 'deny', code: 'denied/condition-failed' });
  });

  test('reads each field of a request once', () => {
    let reads = 0;
    const request = {
      ...REQUEST,
      get toolName() {
        return reads++ === 0 ? 'kubectl.run' : 'redact';
      },
    };
    expect(decide(policy, request, MONDAY_10, UNUSED)).toMatchObject({ effect: 'allow', functionName: 'run' });
    expect(reads).toBe(1);
  });
});
