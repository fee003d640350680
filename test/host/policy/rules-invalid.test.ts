import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { issuesOf, parse } from './fixture.ts';

const HEAD = `version: 1
alerts:
  file: { file: alerts.jsonl }
approvers:
  people: [ann]
  webhooks: { ops: { url: "https://approvals.example.com/x", secretEnv: SECRET } }
  slack: { team: { urlEnv: URL, signingSecretEnv: SIGNING, users: { U123: mia } } }
tools:
  kubectl: { component: kubectl.wasm, functions: [run, get], secrets: [token, "headers[*].value"] }
agents:
`;

/** Issues of one entry of an agent, or of one rule, each with its column; the line is the only one that differs. */
const inEntry = (fields: string): string[] => issuesOf(`${HEAD}  triage:\n    tools:\n      - ${fields}\n`);
const inRule = (fields: string): string[] => issuesOf(`${HEAD}  triage: { tools: [kubectl] }\nrules:\n  - ${fields}\n`);

const RULE_FIELDS = {
  forbid: '`effect`, `agents`, `tools`, `id`, `when`, `during`, `alert`, `parameters`, `mode`',
  allow: '`effect`, `agents`, `tools`, `id`, `when`, `during`, `alert`, `parameters`, `justification`, `source`, `budget`, `ask`',
};
const PERIOD = 'expected a period such as `15m`, in ms, s, m, h or d';

test('what the tables below break is whole', () => {
  const policy = parse(
    `${HEAD}  triage: { tools: [kubectl] }\nrules:\n  - { effect: ask, agents: [triage], tools: [kubectl.run], ask: { channels: ["slack:team", "webhook:ops", terminal], approvers: [mia, ann] }, alert: { sinks: [file] } }\n`,
  );
  expect(policy.ruleSet.all.map(({ id }) => id)).toEqual(['agents.triage.tools[0]', 'rules[0]']);
  expect([...policy.approverChannels.keys()]).toEqual(['terminal', 'webhook:ops', 'slack:team']);
  expect([...policy.approverNames]).toEqual(['ann', 'mia']);
  expect(policy.tools.get('kubectl')?.secrets.map(({ text }) => text)).toEqual(['token', 'headers[*].value']);
});

describe('entries of agents', () => {
  test.each<[string, string]>([
    ['7', '13:9: agents.triage.tools[0]: expected `tool`, `tool.function` or a mapping with `tool`, got 7'],
    ['{ parameters: { a: { equals: x } } }', '13:9: agents.triage.tools[0].tool: missing; expected `tool` or `tool.function`'],
    ['{ tool: kubect }', '13:17: agents.triage.tools[0].tool: unknown tool `kubect`; tools here: `kubectl`'],
    [
      '{ tool: kubectl.put }',
      '13:17: agents.triage.tools[0].tool: tool `kubectl` offers no function `put`; it offers: `run`, `get`',
    ],
    ['{ tool: kubectl, id: No_Shell }', '13:30: agents.triage.tools[0].id: expected an id in kebab-case, got text `No_Shell`'],
    [
      '{ tool: kubectl, mode: observe }',
      '13:32: agents.triage.tools[0].mode: expected `enforce` or `log-only`, got text `observe`',
    ],
    ['{ tool: kubectl, budget: {} }', '13:34: agents.triage.tools[0].budget: expected `calls` and `per`, or `concurrent`'],
    [
      '{ tool: kubectl, budget: { calls: 3 } }',
      '13:34: agents.triage.tools[0].budget: `calls` needs the period `per`, such as `1h`',
    ],
    ['{ tool: kubectl, budget: { per: 1h } }', '13:34: agents.triage.tools[0].budget: `per` needs a number of `calls`'],
    [
      '{ tool: kubectl, budget: { calls: 0, per: 1h } }',
      '13:43: agents.triage.tools[0].budget.calls: expected a number of calls, a whole number from 1 to 1000000, got 0',
    ],
    ['{ tool: kubectl, budget: { calls: 3, per: 1w } }', `13:51: agents.triage.tools[0].budget.per: ${PERIOD}, got \`1w\``],
    [
      '{ tool: kubectl, budget: { calls: 3, per: 25d } }',
      `13:51: agents.triage.tools[0].budget.per: ${PERIOD}, at most 2147483647, got \`25d\``,
    ],
    [
      '{ tool: kubectl, budget: { concurrent: 1, by: [] } }',
      '13:55: agents.triage.tools[0].budget.by: expected a list of one or more of `agent`, `tool` and `session`, got an empty one',
    ],
    [
      '{ tool: kubectl, budget: { concurrent: 1, by: [user] } }',
      '13:56: agents.triage.tools[0].budget.by[0]: expected `agent`, `tool` or `session`, got text `user`',
    ],
    [
      '{ tool: kubectl, ask: { channels: [] } }',
      '13:43: agents.triage.tools[0].ask.channels: expected a list of one or more channels, got an empty one',
    ],
    [
      '{ tool: kubectl, ask: { channels: [mail] } }',
      '13:44: agents.triage.tools[0].ask.channels[0]: expected `terminal`, or `webhook:`, `slack:` or `mcp:` and a name, got text `mail`',
    ],
    [
      '{ tool: kubectl, ask: { channels: ["slack:ops"] } }',
      '13:44: agents.triage.tools[0].ask.channels[0]: unknown channel `slack:ops`; channels here: `slack:team`, `terminal`, `webhook:ops`',
    ],
    [
      '{ tool: kubectl, ask: { approvers: [bob] } }',
      '13:45: agents.triage.tools[0].ask.approvers[0]: unknown approver `bob`; approvers here: `ann`, `mia`',
    ],
    [
      '{ tool: kubectl, ask: { approvers: [] } }',
      '13:44: agents.triage.tools[0].ask.approvers: expected a list of one or more approvers, got an empty one',
    ],
    [
      '{ tool: kubectl, alert: { sinks: [] } }',
      '13:42: agents.triage.tools[0].alert.sinks: expected a list of one or more sinks, got an empty one',
    ],
    [
      '{ tool: kubectl, alert: { sinks: [pager] } }',
      '13:43: agents.triage.tools[0].alert.sinks[0]: unknown sink `pager`; sinks here: `file`',
    ],
    ['{ tool: kubectl, alert: {} }', '13:26: agents.triage.tools[0].alert.sinks: missing; expected a list of one or more sinks'],
  ])('refuses `%s`', (fields, issue) => expect(inEntry(fields)).toEqual([issue]));

  test.each<string>([
    '{ tool: kubectl, parameters: {} }',
    '{ tool: kubectl, parameters: { a: {} } }',
    '{ tool: kubectl, parameters: { a: { oneOf: [] } } }',
    '{ tool: kubectl, parameters: { a: { pattern: "(" } } }',
    '{ tool: kubectl, parameters: { a: { pattern: "(?=x)" } } }',
    '{ tool: kubectl, parameters: { "a[": { equals: x } } }',
    '{ tool: kubectl, parameters: { a: { equal: x } } }',
    '{ tool: kubectl, when: "parameters." }',
    '{ tool: kubectl, when: "nobody == 1" }',
    '{ tool: kubectl, when: "1 + 1" }',
    '{ tool: kubectl, during: { zone: Mars/Olympus } }',
    '{ tool: kubectl, during: { days: [], zone: UTC } }',
    '{ tool: kubectl, justification: maybe }',
    '{ tool: kubectl, source: true }',
  ])('refuses `%s`, with the place and a reason', (fields) => {
    const issues = inEntry(fields);
    expect(issues).toHaveLength(1);
    expect(issues[0]).toMatch(
      /^13:\d+: agents\.triage\.tools\[0\]\.(?:parameters|when|during|justification|source)\S*: [^\n]*(?:expected |the fields here are )/,
    );
  });
});

describe('rules', () => {
  test.each<[string, string]>([
    ['no-shell', '13:5: rules[0]: expected a mapping of the fields of a rule, got text `no-shell`'],
    [
      '{ agents: any, tools: any }',
      '13:5: rules[0].effect: missing; expected the effect of a rule: `allow`, `forbid`, `ask`, `limit` or `alert`',
    ],
    [
      '{ effect: deny, agents: any, tools: any }',
      '13:15: rules[0].effect: expected the effect of a rule: `allow`, `forbid`, `ask`, `limit` or `alert`, got text `deny`',
    ],
    ['{ effect: forbid, tools: any }', '13:5: rules[0].agents: missing; expected `any` or a list of agents'],
    ['{ effect: forbid, agents: any }', '13:5: rules[0].tools: missing; expected `any` or a list of tools'],
    ['{ effect: forbid, agents: all, tools: any }', '13:31: rules[0].agents: expected `any` or a list of agents, got text `all`'],
    [
      '{ effect: forbid, agents: [triag], tools: any }',
      '13:32: rules[0].agents[0]: unknown agent `triag`; agents here: `triage`',
    ],
    ['{ effect: forbid, agents: ["*"], tools: any }', '13:32: rules[0].agents[0]: expected the name of an agent, got text `*`'],
    [
      '{ effect: forbid, agents: any, tools: [redact] }',
      '13:44: rules[0].tools[0]: unknown tool `redact`; tools here: `kubectl`',
    ],
    ['{ effect: forbid, agents: any, tools: [kubectl, kubectl] }', '13:53: rules[0].tools[1]: `kubectl` is listed twice'],
    [
      '{ effect: forbid, agents: any, tools: any, budget: { concurrent: 1 } }',
      `13:48: rules[0].budget: unknown field; the fields here are ${RULE_FIELDS.forbid}`,
    ],
    [
      '{ effect: forbid, agents: any, tools: any, justification: required }',
      `13:48: rules[0].justification: unknown field; the fields here are ${RULE_FIELDS.forbid}`,
    ],
    [
      '{ effect: allow, agents: any, tools: any, mode: log-only }',
      `13:47: rules[0].mode: unknown field; the fields here are ${RULE_FIELDS.allow}`,
    ],
    [
      '{ effect: limit, agents: any, tools: any }',
      '13:5: rules[0].budget: missing; expected a mapping of the fields of a budget',
    ],
    ['{ effect: alert, agents: any, tools: any }', '13:5: rules[0].alert: missing; expected a mapping of the fields of an alert'],
    ['{ effect: ask, agents: any, tools: any, ask: { expires: 0s } }', `13:61: rules[0].ask.expires: ${PERIOD}, got \`0s\``],
  ])('refuses `%s`', (fields, issue) => expect(inRule(fields)).toEqual([issue]));

  test.each(['deny: ["x"]', 'optional: true'])('refuses `%s` where a rule does not allow', (condition) => {
    expect(inRule(`{ effect: forbid, agents: any, tools: any, parameters: { a: { equals: x, ${condition} } } }`)[0]).toMatch(
      /^13:\d+: rules\[0\]\.parameters\.a\.(?:deny|optional): unknown field; /,
    );
  });

  test('refuses an id that another rule has, naming that one', () => {
    const text = `${HEAD}  triage: { tools: [{ tool: kubectl, id: one }] }\nrules:\n  - { id: one, effect: forbid, agents: any, tools: any }\n`;
    expect(issuesOf(text)).toEqual([
      '13:11: rules[0].id: agents.triage.tools[0] at cellblock.yaml:11 has this id, too; give each rule its own',
    ]);
  });
});

describe('sinks, approvers and the trail', () => {
  const rest = 'tools: {}\nagents: {}\n';
  const URL_FORM = 'an `https:` URL without a user name, or an `http:` one of this machine';
  test.each<[string, string]>([
    ['alerts: { a: {} }', '2:14: alerts.a: expected exactly one of `file`, `webhook`, `slack` and `stderr`'],
    [
      'alerts: { a: { file: x, stderr: true } }',
      '2:14: alerts.a: expected exactly one of `file`, `webhook`, `slack` and `stderr`',
    ],
    ['alerts: { a: { file: x, secretEnv: S } }', '2:14: alerts.a: `secretEnv` goes with `webhook`'],
    ['alerts: { a: { stderr: false } }', '2:24: alerts.a.stderr: expected true, got false'],
    [
      'alerts: { a: { webhook: "http://example.com" } }',
      `2:25: alerts.a.webhook: expected ${URL_FORM}, got text \`http://example.com\``,
    ],
    [
      'alerts: { a: { webhook: "https://u:p@example.com" } }',
      `2:25: alerts.a.webhook: expected ${URL_FORM}, got text \`https://u:p@example.com\``,
    ],
    [
      'alerts: { a: { webhook: "file:///etc/passwd" } }',
      `2:25: alerts.a.webhook: expected ${URL_FORM}, got text \`file:///etc/passwd\``,
    ],
    [
      'alerts: { a: { slack: { urlEnv: "https://x" } } }',
      '2:33: alerts.a.slack.urlEnv: expected the name of an environment variable, got text `https://x`',
    ],
    [
      'approvers: { webhooks: { ops: { url: "https://x.example" } } }',
      '2:26: approvers.webhooks.ops.secretEnv: missing; expected the name of an environment variable',
    ],
    ['approvers: { people: ann }', '2:22: approvers.people: expected a list of names, got text `ann`'],
    ['trail: { sync: never }', '2:16: trail.sync: expected `each`, `group` or `os`, got text `never`'],
    ['trail: { segment: 1KiB }', '2:19: trail.segment: expected a size from 4KiB to 1GiB, got 1024 bytes'],
    ['trail: { folder: "" }', '2:18: trail.folder: expected the path of a folder, got text ``'],
    ['trail: { results: none }', '2:19: trail.results: expected `digest` or `keep`, got text `none`'],
    ['mode: off', '2:7: mode: expected `enforce` or `log-only`, got text `off`'],
  ])('refuses `%s`', (line, issue) => expect(issuesOf(`version: 1\n${line}\n${rest}`)).toEqual([issue]));

  test('takes a local webhook without encryption', () => {
    const policy = parse(`version: 1\nalerts: { a: { webhook: "http://127.0.0.1:8080/x" } }\n${rest}`);
    expect(policy.alertSinks.get('a')).toEqual({ kind: 'webhook', name: 'a', url: 'http://127.0.0.1:8080/x' });
  });

  test('has a trail beside the file where none is written, and what is written', () => {
    const trail = {
      folder: '/etc/cells/.cellblock',
      sync: 'group',
      segmentBytesMax: 16_777_216,
      results: 'digest',
      answers: 'none',
    };
    expect(parse(`version: 1\n${rest}`).trail).toEqual(trail);
    const written = 'trail: { folder: /var/trail, sync: each, segment: 1MiB, results: keep, answers: keep }';
    expect(parse(`version: 1\n${written}\n${rest}`).trail).toEqual({
      folder: '/var/trail',
      sync: 'each',
      segmentBytesMax: 1_048_576,
      results: 'keep',
      answers: 'keep',
    });
  });
});

test.each(['kubectl', '""', '["a["]', '[a, 7]'])('refuses the secrets `%s`', (secrets) => {
  const text = `version: 1\ntools: { kubectl: { component: x.wasm, functions: [run], secrets: ${secrets} } }\nagents: {}\n`;
  expect(issuesOf(text)[0]).toMatch(/^2:\d+: tools\.kubectl\.secrets\S*: expected /);
});

test('a damaged file with rules of every kind is a policy or a typed refusal, and never anything else (PO-10)', () => {
  const whole = `${HEAD}  triage:
    tools:
      - { tool: kubectl.run, parameters: { verb: { oneOf: [get] }, "list[*]": { pattern: "a+", deny: ["b"], lengthMax: 9 } } }
      - { tool: kubectl, when: "parameters.n < 5", during: { days: [mon], from: "08:00", to: "18:00", zone: UTC }, justification: required }
      - { tool: kubectl, budget: { calls: 3, per: 1h, by: [agent] }, ask: { channels: [terminal], approvers: [ann], expires: 15m } }
rules:
  - { id: no-shell, effect: forbid, agents: any, tools: [kubectl], parameters: { host: { hostname: ["*.example.com"] } } }
  - { effect: limit, agents: [triage], tools: any, budget: { concurrent: 2 }, alert: { severity: info, sinks: [file] } }
ceiling: { limits: { fuel: 100 }, rules: [{ effect: ask, agents: any, tools: any, when: "source != null" }] }
`;
  expect(parse(whole).ruleSet.all).toHaveLength(6);
  const damage = fc.tuple(
    fc.nat(whole.length),
    fc.nat(8),
    fc.oneof(
      fc.string({ maxLength: 4 }),
      fc.constantFrom('', ' ', '[', ']', '{', '}', ': ', ', ', '"', '~', '0', '-1', 'any', '*', '(', '\n  '),
    ),
  );
  fc.assert(
    fc.property(fc.array(damage, { minLength: 1, maxLength: 2 }), (damages) => {
      const text = damages.reduce((all, [at, cut, added]) => all.slice(0, at) + added + all.slice(at + cut), whole);
      try {
        expect(parse(text).digest).toMatch(/^sha256:/);
      } catch (error) {
        expect(error).toMatchObject({
          code: 'policy/invalid-document',
          message: expect.stringMatching(/^cellblock\.yaml:\d+:\d+: [^\n]+$/),
        });
      }
    }),
    { numRuns: 300 },
  );
});
