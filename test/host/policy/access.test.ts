import { describe, expect, test } from 'vitest';
import { type Denied, decideAccess } from '../../../host/policy/index.ts';
import { EXAMPLE, parse } from './fixture.ts';

const policy = parse(EXAMPLE);
const ask = (agent: string, toolName: string) => decideAccess(policy, { agent, toolName });

function denial(agent: unknown, toolName: unknown): Omit<Denied, 'alerts' | 'logOnly'> {
  // Requests come from outside; the types are a promise that they may not keep.
  const decision = ask(agent as string, toolName as string);
  if (decision.effect !== 'deny') throw new Error('expected a denial');
  const { alerts, logOnly, ...denied } = decision;
  expect([alerts, logOnly]).toEqual([[], []]); // access has neither
  return denied;
}

describe('allows what a rule allows', () => {
  test('a tool alone, where it offers one function', () => {
    expect(ask('triage', 'redact')).toEqual({
      effect: 'allow',
      tool: policy.tools.get('redact'),
      functionName: 'redact',
      rules: ['agents.triage.tools[0] (cellblock.yaml:23)', 'tools.redact.functions[0] (cellblock.yaml:6)'],
    });
  });

  test('a function by name, under the whole tool', () => {
    expect(ask('triage', 'redact.redact')).toEqual(ask('triage', 'redact'));
    expect(ask('on-call', 'crash-summary.group-by-pod')).toMatchObject({
      effect: 'allow',
      functionName: 'group-by-pod',
      rules: ['agents.on-call.tools[0] (cellblock.yaml:26)', 'tools.crash-summary.functions[1] (cellblock.yaml:19)'],
    });
  });

  test('a function of an interface, whose name has dots', () => {
    expect(ask('on-call', 'crash-summary.cellblock:samples/crash@0.1.0#reset')).toMatchObject({
      effect: 'allow',
      functionName: 'cellblock:samples/crash@0.1.0#reset',
    });
  });

  test('a function that the agent has by name', () => {
    expect(ask('triage', 'crash-summary.summarise')).toMatchObject({
      effect: 'allow',
      rules: ['agents.triage.tools[1] (cellblock.yaml:23)', 'tools.crash-summary.functions[0] (cellblock.yaml:18)'],
    });
  });

  test('with every rule that allows it, when there are two', () => {
    const both = parse(EXAMPLE.replace('[redact, crash', '[redact.redact, redact, crash'));
    expect(decideAccess(both, { agent: 'triage', toolName: 'redact' }).rules).toEqual([
      'agents.triage.tools[1] (cellblock.yaml:23)',
      'agents.triage.tools[0] (cellblock.yaml:23)',
      'tools.redact.functions[0] (cellblock.yaml:6)',
    ]);
  });

  test('a tool alone, for an agent that has its only function by name', () => {
    const narrow = parse(EXAMPLE.replace('[redact, crash', '[redact.redact, crash'));
    expect(decideAccess(narrow, { agent: 'triage', toolName: 'redact' })).toMatchObject({
      effect: 'allow',
      functionName: 'redact',
    });
  });
});

describe('denies the rest', () => {
  test('an agent that is not in the policy, whatever it asks for', () => {
    expect(denial('intruder', 'redact')).toEqual({
      effect: 'deny',
      code: 'denied/no-policy-for-agent',
      message: 'the policy has no agent `intruder`',
      rules: ['agents (cellblock.yaml:21)'],
      help: 'to allow it, add `intruder` and the tools it may use to agents (cellblock.yaml:21)',
    });
    expect(denial('intruder', 'no-such-tool')).toEqual(denial('intruder', 'redact'));
  });

  test('a tool that is not in the policy', () => {
    expect(denial('triage', 'restore')).toEqual({
      effect: 'deny',
      code: 'denied/no-policy-for-tool',
      message: 'the policy has no tool `restore`',
      rules: ['tools (cellblock.yaml:2)'],
      help: 'to allow it, add `restore` to tools (cellblock.yaml:2) and to agents.triage.tools (cellblock.yaml:23)',
    });
  });

  test('a tool that this agent may not use', () => {
    expect(denial('on-call', 'redact')).toEqual({
      effect: 'deny',
      code: 'denied/tool-not-granted',
      message: 'agent `on-call` may not use tool `redact`',
      rules: ['agents.on-call.tools (cellblock.yaml:25)'],
      help: 'to allow it, add `redact` to agents.on-call.tools (cellblock.yaml:25)',
    });
  });

  test('everything, for an agent with an empty list (WA-02)', () => {
    for (const toolName of ['redact', 'redact.redact', 'redact.x', 'crash-summary', 'crash-summary.summarise']) {
      expect(denial('idle', toolName).code).toBe('denied/tool-not-granted');
    }
  });

  test('a function that the agent does not have, of a tool that it has in part', () => {
    expect(denial('triage', 'crash-summary.group-by-pod')).toEqual({
      effect: 'deny',
      code: 'denied/tool-not-granted',
      message: 'agent `triage` may not call function `group-by-pod` of tool `crash-summary`',
      rules: ['agents.triage.tools (cellblock.yaml:23)'],
      help: 'to allow it, add `crash-summary.group-by-pod` to agents.triage.tools (cellblock.yaml:23)',
    });
  });

  test('a function that the tool does not offer', () => {
    expect(denial('triage', 'redact.restore')).toEqual({
      effect: 'deny',
      code: 'denied/function-not-listed',
      message: 'tool `redact` offers no function `restore`',
      rules: ['tools.redact.functions (cellblock.yaml:6)'],
      help: 'to allow it, add `restore` to tools.redact.functions (cellblock.yaml:6); functions that this agent may call: `redact.redact`',
    });
    expect(denial('triage', 'redact.')).toMatchObject({
      code: 'denied/function-not-listed',
      help: 'no policy can have a function of this name; functions that this agent may call: `redact.redact`',
    });
  });

  test('a tool alone that offers several, naming only what this agent may call', () => {
    expect(denial('triage', 'crash-summary')).toEqual({
      effect: 'deny',
      code: 'denied/function-not-listed',
      message: 'tool `crash-summary` offers 3 functions, so the request must name one of them',
      rules: ['tools.crash-summary.functions (cellblock.yaml:17)'],
      help: 'functions that this agent may call: `crash-summary.summarise`',
    });
    expect(denial('on-call', 'crash-summary').help).toBe(
      'functions that this agent may call: `crash-summary.summarise`, `crash-summary.group-by-pod`, `crash-summary.cellblock:samples/crash@0.1.0#reset`',
    );
  });
});

describe('matches names exactly (PO-01)', () => {
  test.each([
    ['', '``'],
    ['Redact', '`Redact`'],
    ['REDACT', '`REDACT`'],
    ['redact ', '`redact `'],
    [' redact', '` redact`'],
    ['redact\n', '`redact\\u{a}`'],
    ['redact\0', '`redact\\u{0}`'],
    ['red\u200bact', '`red\\u{200b}act`'],
    ['ｒｅｄａｃｔ', '`\\u{ff52}\\u{ff45}\\u{ff44}\\u{ff41}\\u{ff43}\\u{ff54}`'],
    ['crash_summary', '`crash_summary`'],
    ['crash\uff3fsummary', '`crash\\u{ff3f}summary`'],
    ['../redact', '`../redact`'],
    ['Redact.redact', '`Redact.redact`'],
    ['__proto__', '`__proto__`'],
    ['toString', '`toString`'],
    [`${'x'.repeat(1000)}!`, `\`${'x'.repeat(80)}...\``],
  ])('tool %j', (toolName, shown) => {
    expect(denial('triage', toolName)).toMatchObject({
      code: 'denied/no-policy-for-tool',
      message: `the policy has no tool ${shown}`,
      help: 'no policy can have a tool of this name: tool names are kebab-case and match exactly; tools of this agent: `redact`, `crash-summary`',
    });
  });

  test.each(['', 'Triage', 'triage ', 'ｔriage', '__proto__', 'constructor', 'toString'])('agent %j', (agent) => {
    expect(denial(agent, 'redact').code).toBe('denied/no-policy-for-agent');
  });

  test.each(['Redact', 'redact ', 'ｒedact', '__proto__', 'toString', 'redact.redact'])('function %j', (name) => {
    expect(denial('triage', `redact.${name}`).code).toBe('denied/function-not-listed');
  });

  test.each([undefined, null, true, 0, ['redact'], { toString: () => 'redact' }, Symbol('redact')])(
    'no coercion of %s',
    (value) => {
      expect(denial('triage', value)).toMatchObject({
        code: 'denied/no-policy-for-tool',
        message: 'the policy has no tool that is not text',
      });
      expect(denial(value, 'redact')).toMatchObject({
        code: 'denied/no-policy-for-agent',
        message: 'the policy has no agent that is not text',
      });
    },
  );
});
