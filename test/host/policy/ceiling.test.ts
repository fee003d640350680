import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { decide, loadPolicy, type Policy, parsePolicy } from '../../../host/policy/index.ts';
import { GRANTS, thrownBy, UNUSED } from './fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'cellblock-ceiling-'));
afterAll(() => rmSync(folder, { recursive: true }));

const POLICY = `version: 1
tools:
  redact:
    component: redact.wasm
    functions: [redact]
    grants: [log]
    limits: { fuel: 2000, timeout: 5s }
agents:
  triage: { tools: [redact] }
`;

function parse(policy: string, ceilingText?: string): Policy {
  const apart = ceilingText === undefined ? {} : { ceilingFile: '/etc/top/ceiling.yaml', ceilingText };
  return parsePolicy(policy, '/etc/cells/cellblock.yaml', { knownGrants: GRANTS, ...apart });
}

const inPolicy = (ceiling: string): string => `${POLICY}ceiling: ${ceiling}\n`;
const inFile = (ceiling: string): string => `version: 1\nceiling: ${ceiling}\n`;
const REQUEST = { agent: 'triage', toolName: 'redact', parameters: { text: 'x' } };

describe.each<[string, (ceiling: string) => Policy, string]>([
  ['in the policy', (ceiling) => parse(inPolicy(ceiling)), 'cellblock.yaml:10'],
  ['in a file of its own', (ceiling) => parse(POLICY, inFile(ceiling)), 'ceiling.yaml:2'],
])('a ceiling %s', (_, load, where) => {
  test('takes a policy below it, and gives tools the limits that they do not set', () => {
    const { limits } = load('{ grants: [log], limits: { fuel: 2000, timeout: 10s, memory: 1MiB, result: 32MiB } }').tools.get(
      'redact',
    )!;
    // A limit above the default of the runtime leaves the default.
    expect(limits).toEqual({ fuelMax: 2000n, timeoutMsMax: 5000, memoryPagesMax: 16, resultBytesMax: 8 * 2 ** 20 });
  });

  test.each<[string, string]>([
    [
      '{ grants: [] }',
      '6:14: tools.redact.grants[0]: `log` is above the ceiling, which has none (ceiling.grants at WHERE); remove one or add to the other',
    ],
    [
      '{ grants: [clock] }',
      '6:14: tools.redact.grants[0]: `log` is above the ceiling, which has `clock` (ceiling.grants at WHERE); remove one or add to the other',
    ],
    [
      '{ limits: { fuel: 1999 } }',
      '7:21: tools.redact.limits.fuel: this is above the ceiling (ceiling.limits.fuel at WHERE); lower one or raise the other',
    ],
    [
      '{ limits: { timeout: 4999ms } }',
      '7:36: tools.redact.limits.timeout: this is above the ceiling (ceiling.limits.timeout at WHERE); lower one or raise the other',
    ],
  ])('refuses a tool above `%s`, naming both lines', (ceiling, message) => {
    const error = thrownBy(() => load(ceiling));
    expect([error.code, error.message]).toEqual(['policy/invalid-document', `cellblock.yaml:${message.replace('WHERE', where)}`]);
  });

  test('has rules that hold whatever allows', () => {
    const forbidding = load('{ rules: [{ id: never, effect: forbid, agents: any, tools: [redact] }] }');
    expect(decide(forbidding, REQUEST, 0, UNUSED)).toMatchObject({
      effect: 'deny',
      code: 'denied/forbidden',
      rules: [`never (${where})`],
    });
    expect(decide(load('{ rules: [] }'), REQUEST, 0, UNUSED).effect).toBe('allow');
  });

  test.each(['allow', 'alert'])('has no rule that would %s', (effect) => {
    const error = thrownBy(() => load(`{ rules: [{ effect: ${effect}, agents: any, tools: any }] }`));
    expect(error.message).toContain(
      `ceiling.rules[0].effect: expected the effect of a rule: \`forbid\`, \`ask\` or \`limit\`, which is what a ceiling can have, got text \`${effect}\``,
    );
    expect(error.message.startsWith(where)).toBe(true);
  });

  test.each<[string, string]>([
    ['{ rules: [{ effect: forbid, agents: any, tools: any, mode: log-only }] }', 'ceiling.rules[0].mode: unknown field; '],
    ['{ rules: [{ effect: forbid, agents: [nobody], tools: any }] }', 'ceiling.rules[0].agents[0]: unknown agent `nobody`; '],
    [
      '{ rules: [{ effect: ask, agents: any, tools: any, ask: { approvers: [ann] } }] }',
      'ceiling.rules[0].ask.approvers[0]: unknown approver `ann`; ',
    ],
    ['{ grants: [logs] }', 'ceiling.grants[0]: unknown capability `logs`; '],
    ['{ grants: }', 'ceiling.grants: expected a list of capabilities, got nothing'],
    ['{ limit: {} }', 'ceiling.limit: unknown field; the fields here are `grants`, `limits`, `rules`'],
  ])('refuses `%s` at its line', (ceiling, message) => {
    const error = thrownBy(() => load(ceiling));
    expect(error.code).toBe('policy/invalid-document');
    expect(error.message).toMatch(new RegExp(`^${where.replace('.', '\\.')}:\\d+: `));
    expect(error.message).toContain(message);
  });
});

test('both ceilings hold', () => {
  const { limits } = parse(
    inPolicy('{ limits: { memory: 1MiB } }'),
    inFile('{ limits: { memory: 2MiB, stdout: 1KiB } }'),
  ).tools.get('redact')!;
  expect(limits).toMatchObject({ memoryPagesMax: 16, stdioBytesMax: 1024 });
  const apart = inFile('{ rules: [{ effect: limit, agents: any, tools: any, budget: { calls: 1, per: 1h } }] }');
  const both = parse(inPolicy('{ rules: [{ effect: limit, agents: any, tools: any, budget: { calls: 1, per: 1h } }] }'), apart);
  const decision = decide(both, REQUEST, 0, UNUSED);
  // The same place in two files is two budgets.
  expect(decision.effect === 'allow' && new Set(decision.budgets.map(({ key }) => key)).size).toBe(2);
});

describe('a file of its own', () => {
  test.each<[string, string]>([
    ['', 'ceiling.yaml:1:1: the file is empty'],
    ['{}', 'ceiling.yaml:1:1: version: missing; expected 1'],
    ['version: 1\n', 'ceiling.yaml:1:1: ceiling: missing; expected a mapping of the fields of a ceiling'],
    ['version: 2\nceiling: {}\n', 'ceiling.yaml:1:10: version: expected 1, got 2'],
    ['version: 1\nceiling: {}\nrules: []\n', 'ceiling.yaml:3:1: rules: unknown field; the fields here are `version`, `ceiling`'],
    ['version: 1\nceiling: [\n', 'ceiling.yaml:'],
  ])('is refused as %j (PO-10)', (text, message) => {
    const error = thrownBy(() => parse(POLICY, text));
    expect(error.code).toBe('policy/invalid-document');
    expect(error.message.startsWith(message)).toBe(true);
  });

  test('is read beside the policy, and refused where it cannot be', async () => {
    const [policy, ceiling] = [join(folder, 'cellblock.yaml'), join(folder, 'ceiling.yaml')];
    writeFileSync(policy, POLICY);
    writeFileSync(ceiling, inFile('{ grants: [log] }'));
    const expected = parsePolicy(POLICY, policy, {
      knownGrants: GRANTS,
      ceilingFile: ceiling,
      ceilingText: inFile('{ grants: [log] }'),
    });
    expect(await loadPolicy(policy, { knownGrants: GRANTS, ceilingFile: ceiling })).toEqual(expected);
    await expect(loadPolicy(policy, { knownGrants: GRANTS, ceilingFile: join(folder, 'absent.yaml') })).rejects.toMatchObject({
      code: 'policy/missing',
    });
  });

  test('is never left out silently', () => {
    expect(thrownBy(() => parsePolicy(POLICY, 'cellblock.yaml', { ceilingFile: 'ceiling.yaml' })).code).toBe(
      'usage/invalid-argument',
    );
    expect(thrownBy(() => parsePolicy(POLICY, 'cellblock.yaml', { ceilingText: inFile('{}') })).code).toBe(
      'usage/invalid-argument',
    );
  });

  test('is part of the version of the policy', () => {
    const digests = [
      parse(POLICY),
      parse(POLICY, inFile('{}')),
      parse(POLICY, `${inFile('{}')}# \n`),
      parse(`${POLICY}# \n`, inFile('{}')),
    ];
    expect(new Set(digests.map(({ digest }) => digest)).size).toBe(4);
    expect(digests[0]!.digest).toBe(`sha256:${createHash('sha256').update(POLICY).digest('hex')}`);
    const length = (text: string) => Buffer.concat([Buffer.alloc(7), Buffer.from([text.length])]);
    const framed = ['cellblock policy and ceiling, version 1\0', length(POLICY), POLICY, length(inFile('{}')), inFile('{}')];
    const hash = createHash('sha256');
    for (const part of framed) hash.update(part);
    expect(digests[1]!.digest).toBe(`sha256:${hash.digest('hex')}`);
  });
});
