import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { KNOWN_GRANTS, scopeSchemasOf } from '../../../host/capabilities/index.ts';
import { parsePolicy } from '../../../host/policy/index.ts';
import { type CheckReport, checkPolicy } from '../../../host/policy-tools/check.ts';
import { checkLines } from '../../../host/policy-tools/check-text.ts';
import { readToolComponents, type ToolComponents } from '../../../host/policy-tools/tool-components.ts';
import { CodedError } from '../../../runtime/index.ts';
import { componentOf, list, NO_COMPONENTS, NOON_MS, option, policyOf, STRING, U32 } from './fixture.ts';

const KUBECTL = {
  verb: { kind: 'enum', names: ['get', 'delete'] },
  namespace: STRING,
  replicas: option(U32),
  targets: list(STRING),
} as const;
const COMPONENTS: ToolComponents = new Map([['kubectl', componentOf({ run: KUBECTL })]]);

/** A policy with one tool and one agent. */
function check(entry: unknown, more: object = {}, components: ToolComponents = COMPONENTS, tool: object = {}): CheckReport {
  const policy = policyOf({
    alerts: { console: { stderr: true } },
    tools: { kubectl: { component: 'kubectl.wasm', functions: ['run'], ...tool } },
    agents: { triage: { tools: [entry] } },
    ...more,
  });
  return checkPolicy(policy, components, { nowMs: NOON_MS });
}

function messages(report: CheckReport): string[] {
  return report.findings.map(({ severity, kind, message }) => `${severity} ${kind}: ${message}`);
}

/** What is said of the first entry. */
function entryResult(parameters: object, more: object = {}): unknown {
  return check({ tool: 'kubectl.run', parameters }, more).rules[0]?.result;
}

describe('witnesses', () => {
  it('shows a whole request for a rule with conditions of every kind', () => {
    const report = check({
      tool: 'kubectl.run',
      id: 'restart-web',
      parameters: {
        verb: { oneOf: ['get'] },
        namespace: { within: 'teams/{agent}/{session}' },
        replicas: { min: 2, max: 5 },
        'targets[*]': { pattern: 'deployment/[a-z0-9-]{1,40}' },
      },
      during: { days: ['sat'], from: '22:00', to: '02:00', zone: 'Europe/Berlin' },
      justification: { lengthMin: 10 },
      source: 'required',
      when: 'parameters.replicas == 4',
      ask: {},
    });
    expect(report).toMatchObject({ problems: 0, warnings: 0 });
    expect(report.rules[0]).toMatchObject({
      id: 'restart-web',
      result: {
        result: 'fires',
        witness: {
          request: {
            agent: 'triage',
            tool_name: 'kubectl.run',
            parameters: {
              verb: 'get',
              namespace: expect.stringMatching(/^teams\/triage\/session-1/),
              replicas: 4,
              targets: [expect.stringMatching(/^deployment\//)],
            },
            justification: expect.stringMatching(/.{10}/),
            source: expect.any(String),
            session: 'session-1',
          },
          at: '2026-01-31T21:00:00.000Z',
          effect: 'ask',
          isTyped: true,
        },
      },
    });
  });

  it('goes around what forbids and limits by hours', () => {
    const forbid = { effect: 'forbid', agents: 'any', tools: 'any' };
    const report = check('kubectl', {
      rules: [
        { ...forbid, parameters: { verb: { equals: 'get' } } },
        { ...forbid, during: { from: '00:00', to: '23:00', zone: 'UTC' } },
      ],
    });
    expect(report.rules.map(({ result }) => result.result)).toEqual(['fires', 'fires', 'fires']);
    expect(report.rules[0]?.result).toMatchObject({
      witness: { at: '2026-01-28T23:00:00.000Z', request: { parameters: { verb: 'delete' } } },
    });
  });

  it('finds a request that a rule asks about beside one that forbids, and leaves out what may be left out', () => {
    const rule = { agents: 'any', tools: 'any' };
    const forbidGet = { ...rule, effect: 'forbid', parameters: { verb: { equals: 'get' } } };
    const asked = check('kubectl', { rules: [{ ...rule, effect: 'ask' }, forbidGet] });
    expect(asked.rules[1]?.result).toMatchObject({ witness: { effect: 'ask', request: { parameters: { verb: 'delete' } } } });
    const three = { ...rule, effect: 'forbid', parameters: { replicas: { equals: 3 } } };
    expect(entryResult({ replicas: { equals: 3, optional: true } }, { rules: [three] })).toMatchObject({
      witness: { effect: 'allow', request: { parameters: { replicas: null } } },
    });
    expect(entryResult({ replicas: { equals: 3 } }, { rules: [three] })).toMatchObject({ result: 'never' });
    const silent = { ...rule, effect: 'forbid', when: 'justification == null' };
    expect(check('kubectl', { rules: [silent] }).rules[0]?.result).toMatchObject({
      witness: { request: { justification: expect.any(String) } },
    });
  });

  it('does not make lists in lists that fill the memory', () => {
    const parameters = { a: { lengthMin: 1500 }, 'a[*]': { lengthMin: 1500 }, 'a[*][*]': { lengthMin: 1500 } };
    expect(check({ tool: 'kubectl.run', parameters }, {}, NO_COMPONENTS).rules[0]?.result).toEqual({
      result: 'unknown',
      reason: 'lists of more than 2000 items are not made to show a rule',
    });
    expect(
      check({ tool: 'kubectl.run', parameters: { 'a[99999999]': { equals: 1 } } }, {}, NO_COMPONENTS).rules[0]?.result,
    ).toMatchObject({ result: 'unknown' });
  });

  it('gives each path of a rule that forbids an item of its own where one is not enough', () => {
    const parameters = { 'targets[*]': { pattern: 'a+' }, '["targets"][*]': { pattern: 'b+' } };
    const report = check('kubectl', { rules: [{ effect: 'forbid', agents: 'any', tools: 'any', parameters }] });
    expect(report.rules[1]?.result).toMatchObject({
      result: 'fires',
      witness: { request: { parameters: { targets: [expect.stringMatching(/^a+$/), expect.stringMatching(/^b+$/)] } } },
    });
  });

  it('names the condition that stayed open where an expression is not solved', () => {
    const report = check({ tool: 'kubectl.run', when: 'parameters.namespace.size() > 5000' });
    expect(report.rules[0]?.result).toMatchObject({
      result: 'unknown',
      reason: expect.stringMatching(/^of \d+ requests none makes it fire; the closest: `when` did not hold$/),
    });
    expect(report.problems).toBe(0);
  });
});

describe('never', () => {
  it.each<[string, unknown]>([
    ['`namespce`: there is no `namespce`; did you mean `namespace`?', { namespce: { equals: 'web' } }],
    ['`replicas`: `pattern` is for text, and the parameter is a u32', { replicas: { pattern: '[0-9]' } }],
    ['`namespace`: no value of `equals` satisfies `oneOf`', { namespace: { equals: 'a', oneOf: ['b'] } }],
    ['`verb`: no value of `equals` is one of this enum; did you mean `delete`?', { verb: { equals: 'delet' } }],
    ['`namespace.x`: a string has no fields', { 'namespace.x': { equals: 'a' } }],
  ])('%s', (reason, parameters) => {
    expect(entryResult(parameters as object)).toEqual({ result: 'never', reason });
  });

  it('says which rule forbids all that an allow matches', () => {
    const verbs = { verb: { oneOf: ['delete'] } };
    const all = { id: 'no-kubectl', effect: 'forbid', agents: 'any', tools: ['kubectl'] };
    const shadow = {
      result: 'never',
      reason: 'no-kubectl (cellblock.yaml:33) forbids whatever it matches',
      shadowedBy: ['no-kubectl (cellblock.yaml:33)'],
    };
    expect(entryResult(verbs, { rules: [all] })).toEqual(shadow);
    expect(entryResult(verbs, { rules: [{ ...all, parameters: { verb: { notOneOf: ['get'] } } }] })).toEqual(shadow);
    // A little less than all, or not enforced, is none.
    expect(
      entryResult({ verb: { oneOf: ['get', 'delete'] } }, { rules: [{ ...all, parameters: { verb: { equals: 'delete' } } }] }),
    ).toMatchObject({ result: 'fires' });
    expect(entryResult(verbs, { rules: [{ ...all, mode: 'log-only' }] })).toMatchObject({ result: 'fires' });
    expect(entryResult(verbs, { rules: [{ ...all, agents: [] }] })).toMatchObject({ result: 'fires' });
  });

  it('says that lists are empty, and that nobody may call what a rule is about', () => {
    const more = {
      rules: [
        { effect: 'forbid', agents: [], tools: 'any' },
        { effect: 'ask', agents: 'any', tools: [] },
        { effect: 'forbid', agents: ['idle'], tools: 'any' },
      ],
      agents: { triage: { tools: ['kubectl'] }, idle: { tools: [] } },
    };
    const report = check('kubectl', more);
    expect(report.rules.slice(1).map(({ result }) => result)).toEqual([
      { result: 'never', reason: 'its list of agents is empty' },
      { result: 'never', reason: 'its list of tools is empty' },
      { result: 'never', reason: 'no agent that it covers may call what it covers' },
    ]);
    expect(messages(report)).toEqual([
      'problem rule-never-fires: never fires: its list of agents is empty',
      'problem rule-never-fires: never fires: its list of tools is empty',
      'warning rule-never-fires: never fires: no agent that it covers may call what it covers',
      'warning agent-without-tools: agent `idle` may use no tool',
    ]);
  });

  it('says that a question can never be asked where all is forbidden', () => {
    const rule = { agents: 'any', tools: 'any' };
    const report = check('kubectl', {
      rules: [
        { ...rule, effect: 'ask' },
        { ...rule, effect: 'forbid', id: 'all' },
      ],
    });
    expect(report.rules.map(({ result }) => result.result)).toEqual(['never', 'never', 'fires']);
  });
});

describe('findings', () => {
  it('is clean for a policy that fits its component', () => {
    const report = check('kubectl', {}, COMPONENTS, { secrets: ['namespace', 'targets[*]'] });
    expect(messages(report)).toEqual([]);
    expect(checkLines(report).at(-1)).toBe('1 rule: 1 fire, 0 never, 0 unknown; no problems, no warnings');
  });

  it('finds what components need, get and do not have', () => {
    const log = 'cellblock:host/log@0.1.0';
    const component = (imports: string[], functions = { run: KUBECTL }): ToolComponents =>
      new Map([['kubectl', componentOf(functions, { imports })]]);
    expect(messages(check('kubectl', {}, component([log])))).toEqual([`problem grant-missing: needs log: ${log}`]);
    expect(messages(check('kubectl', {}, component([log]), { grants: ['log'] }))).toEqual([]);
    expect(messages(check('kubectl', {}, component(['my:own/thing@1.0.0'])))).toEqual([
      'problem import-not-served: imports `my:own/thing@1.0.0`, which no capability here serves',
    ]);
    expect(
      messages(check('kubectl', {}, component(['wasi:clocks/wall-clock@0.2.0']), { grants: ['log', 'clock', 'random'] })),
    ).toEqual(['warning grant-unused: gets `log`, `random` and never imports what they serve']);
  });

  it('finds calls of other tools that are always refused', () => {
    const log = 'cellblock:host/log@0.1.0';
    const tools = 'cellblock:host/tools@0.1.0';
    const components: ToolComponents = new Map([
      ['kubectl', componentOf({ run: KUBECTL }, { imports: [tools] })],
      ['redact', componentOf({ run: KUBECTL }, { imports: [log] })],
    ]);
    const known = { knownGrants: KNOWN_GRANTS, scopeSchemas: scopeSchemasOf() };
    const calls = (grants: string): string[] => {
      const text = `{ version: 1, agents: { triage: { tools: [kubectl, redact] } }, tools: {
        kubectl: { component: kubectl.wasm, functions: [run], grants: ${grants} },
        redact: { component: redact.wasm, functions: [run], grants: [log] } } }`;
      return messages(checkPolicy(parsePolicy(text, '/etc/cells/cellblock.yaml', known), components, { nowMs: NOON_MS }));
    };
    expect(calls('[{ tools: { call: [redact.run, kubectl] } }]')).toEqual([
      'warning caller-without-grant: calls `redact`, which needs `log`; a called tool gets only the grants that its caller has, too',
      'warning calls-itself: `tools` names the tool itself, which cannot call itself',
    ]);
    expect(calls('[{ tools: { call: [redact] } }, log]')).toEqual([]);
  });

  it('finds a component that is not the pinned one, and one that cannot be read', () => {
    const pinned = check('kubectl', {}, COMPONENTS, { digest: `sha256:${'b'.repeat(64)}` });
    expect(messages(pinned)).toEqual([expect.stringContaining('problem digest-mismatch: the component is `sha256:aaaa')]);
    const gone: ToolComponents = new Map([
      ['kubectl', new CodedError('usage/unreadable-file', 'the component cannot be read: `x`')],
    ]);
    const report = check('kubectl', {}, gone);
    expect(messages(report)).toEqual(['problem component-unreadable: the component cannot be read: `x` [usage/unreadable-file]']);
    expect(report.untyped).toEqual(['kubectl']);
  });

  it('finds a rule that would deny every request because it cannot be evaluated', () => {
    const rule = { effect: 'forbid', agents: 'any', tools: 'any', parameters: { replicas: { pattern: '9.*' } } };
    expect(messages(check('kubectl', { rules: [rule] }))).toContain(
      'problem condition-unjudged: `replicas` of `kubectl.run`: `pattern` is for text, and the parameter is a u32; every request with a value there is denied, since the rule cannot be evaluated',
    );
  });

  it('lets a rule for any tool be about parameters that some tools have', () => {
    const tools = { kubectl: { component: 'k.wasm', functions: ['run'] }, other: { component: 'o.wasm', functions: ['go'] } };
    const components: ToolComponents = new Map([...COMPONENTS, ['other', componentOf({ go: { text: STRING } })]]);
    const parameters = { namespace: { equals: 'web' } };
    const agents = { triage: { tools: ['kubectl', 'other'] } };
    const any = check('', { tools, agents, rules: [{ effect: 'forbid', agents: 'any', tools: 'any', parameters }] }, components);
    expect(messages(any)).toEqual([]);
    const named = check(
      '',
      { tools, agents, rules: [{ effect: 'forbid', agents: 'any', tools: ['kubectl', 'other'], parameters }] },
      components,
    );
    expect(messages(named)).toEqual([
      'warning path-missing: `namespace` of `other.go`: there is no `namespace`; parameters here: `text`',
    ]);
  });

  it('finds a secret that is none', () => {
    expect(messages(check('kubectl', {}, COMPONENTS, { secrets: ['tokn'] }))).toEqual([
      expect.stringMatching(
        /^problem secret-missing: `secrets`: `tokn`: there is no `tokn`; .*; its value would be kept in the open$/,
      ),
    ]);
  });

  it('finds conditions beside an entry that allows the same without, and no such thing where they ask', () => {
    const agents = (more: object) => ({
      agents: { triage: { tools: ['kubectl', { tool: 'kubectl.run', parameters: { verb: { equals: 'get' } }, ...more }] } },
    });
    expect(messages(check('', agents({})))).toEqual([
      'warning conditions-without-effect: its conditions decide nothing: agents.triage.tools[0] (cellblock.yaml:19) allows the same',
    ]);
    expect(messages(check('', agents({ ask: {} })))).toEqual([]);
    expect(messages(check('', agents({ mode: 'log-only' })))).toEqual([]);
  });

  it('finds tools that nobody may use', () => {
    const tools = { kubectl: { component: 'k.wasm', functions: ['run'] }, spare: { component: 's.wasm', functions: ['go'] } };
    expect(messages(check('kubectl', { tools }))).toEqual(['warning tool-without-agents: no agent may use tool `spare`']);
  });
});

describe('real components', () => {
  const file = fileURLToPath(new URL('../../../tools/cellblock.yaml', import.meta.url)); // there is none: components are found from there
  const POLICY = `version: 1
tools:
  crash-summary: { component: crash-summary/crash-summary.wasm, functions: [summarise] }
  redact: { component: redact/redact.wasm, functions: [redact], grants: [log] }
  redact-without-log: { component: redact/redact.wasm, functions: [redact] }
agents:
  triage: { tools: [crash-summary, redact, redact-without-log] }
  intern: { tools: [crash-summary.summarise] }
`;

  it('checks a policy that has one grant too few', async () => {
    const policy = parsePolicy(POLICY, file, { knownGrants: KNOWN_GRANTS });
    const report = checkPolicy(policy, await readToolComponents(policy), { nowMs: NOON_MS });
    expect(report.rules.map(({ result }) => result.result)).toEqual(policy.ruleSet.all.map(() => 'fires'));
    expect(report.rules.every(({ result }) => result.result === 'fires' && result.witness.isTyped)).toBe(true);
    expect(report.findings).toEqual([
      {
        severity: 'problem',
        kind: 'grant-missing',
        ref: expect.stringMatching(/^tools\.redact-without-log \(cellblock\.yaml:\d+\)$/),
        message: 'needs log: cellblock:host/log@0.1.0',
      },
    ]);
  });

  it('reads a file that two tools share once', async () => {
    const policy = parsePolicy(POLICY, file, { knownGrants: KNOWN_GRANTS });
    const read: string[] = [];
    const failing = async (path: string): Promise<never> => {
      read.push(path);
      throw new CodedError('usage/unreadable-file', 'gone');
    };
    const components = await readToolComponents(policy, undefined, failing);
    expect(components.size).toBe(3);
    expect(new Set(read).size).toBe(read.length);
  });
});

it('works without any component, and says so', () => {
  const report = check('kubectl', {}, NO_COMPONENTS);
  expect(report.rules[0]?.result).toMatchObject({ result: 'fires', witness: { isTyped: false } });
});
