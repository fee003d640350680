import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { addPolicy } from '../../../host/cli/policy.ts';
import { isCoded } from '../../../runtime/index.ts';
import { decided, requested, T0, writeTrail } from '../../support/trails.ts';

const FOLDER = mkdtempSync(join(tmpdir(), 'cellblock-test-'));
const REDACT = fileURLToPath(new URL('../../../tools/redact/redact.wasm', import.meta.url));
const NOW_MS = Date.UTC(2026, 0, 28, 12);

function file(name: string, text: string): string {
  writeFileSync(join(FOLDER, name), text);
  return join(FOLDER, name);
}

function policyText(grants: string, rules = '[]', entry = 'redact'): string {
  return `version: 1
tools:
  redact: { component: ${JSON.stringify(REDACT)}, functions: [redact], grants: ${grants}, limits: { fuel: 1000 }, secrets: [text] }
agents:
  triage: { tools: [${entry}] }
rules: ${rules}
`;
}

const FORBID = '[{ id: no-keys, effect: forbid, agents: any, tools: any, parameters: { text: { pattern: "(?s).*KEY.*" } } }]';
const GOOD = file('good.yaml', policyText('[log]', FORBID));
const POOR = file('poor.yaml', policyText('[]', '[]', '{ tool: redact, parameters: { txt: { equals: a } } }'));

interface Ran {
  readonly out: string;
  readonly exitCode: number | string | undefined;
  readonly code?: string;
}

/** Runs `cellblock policy ...` as the program does. */
async function run(...args: string[]): Promise<Ran> {
  const out: string[] = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out.push(String(text));
    return true;
  });
  const before = process.exitCode;
  process.exitCode = undefined;
  const program = new Command('cellblock').exitOverride();
  addPolicy(program, () => NOW_MS);
  try {
    const code = await program.parseAsync(['policy', ...args], { from: 'user' }).then(
      () => undefined,
      (error: unknown) => {
        if (isCoded(error)) return error.code;
        throw error;
      },
    );
    return { out: out.join(''), exitCode: process.exitCode, ...(code === undefined ? {} : { code }) };
  } finally {
    process.exitCode = before;
    vi.restoreAllMocks();
  }
}

afterEach(() => vi.restoreAllMocks());
afterAll(() => rmSync(FOLDER, { recursive: true }));

describe('policy check', () => {
  it('ends with 0 where all fits, and with 3 where something does not', async () => {
    const good = await run('check', GOOD);
    expect(good).toMatchObject({ exitCode: undefined });
    expect(good.out).toMatch(/\n2 rules: 2 fire, 0 never, 0 unknown; no problems, no warnings\n$/);
    const poor = await run('check', POOR);
    expect(poor).toMatchObject({ exitCode: 3 });
    expect(poor.out).toContain('never: `txt`: there is no `txt`; did you mean `text`?');
    expect(poor.out).toContain('needs log: cellblock:host/log@0.1.0');
  });

  it('ends with 0 where there are warnings alone', async () => {
    const warned = await run('check', file('warned.yaml', policyText('[log, clock]')));
    expect(warned).toMatchObject({ exitCode: undefined });
    expect(warned.out).toContain('gets `clock` and never imports what it serves');
  });

  it('prints one JSON document whose witnesses can be explained', async () => {
    const { out } = await run('check', GOOD, '--json', '--at', '2026-02-01');
    const report = JSON.parse(out) as {
      rules: { id: string; result: { witness: { request: object; at: string; effect: string } } }[];
    };
    expect(report.rules.map(({ id, result }) => [id, result.witness.effect, result.witness.at])).toEqual([
      ['agents.triage.tools[0]', 'allow', '2026-02-01T00:00:00.000Z'],
      ['no-keys', 'deny', '2026-02-01T00:00:00.000Z'],
    ]);
    const { request, at } = report.rules[1]!.result.witness;
    const explained = await run('explain', GOOD, '--request', JSON.stringify(request), '--at', at);
    expect(explained.out).toContain('Denied [denied/forbidden]: forbidden by no-keys (good.yaml:6).');
  });

  it('throws what the loader finds, and refuses an instant without a zone', async () => {
    expect(await run('check', join(FOLDER, 'nothing.yaml'))).toMatchObject({ code: 'policy/missing', out: '' });
    expect(await run('check', file('bad.yaml', 'version: 2'))).toMatchObject({ code: 'policy/invalid-document', out: '' });
    expect(await run('check', GOOD, '--at', '2026-01-31T12:00:00')).toMatchObject({ code: 'usage/invalid-argument' });
    expect(await run('check', GOOD, '--ceiling', join(FOLDER, 'nothing.yaml'))).toMatchObject({ code: 'policy/missing' });
  });
});

describe('policy explain', () => {
  const request = (text: string): string =>
    JSON.stringify({ tool_name: 'redact', parameters: { text, options: { custom: [] } } });

  it('needs to know who asks, where there is more than one agent', async () => {
    expect((await run('explain', GOOD, '--request', request('a'))).out).toContain('Agent `triage` asks');
    const two = file('two.yaml', policyText('[log]').replace('rules:', '  other: { tools: [redact] }\nrules:'));
    expect(await run('explain', two, '--request', request('a'))).toMatchObject({ code: 'usage/invalid-argument' });
    const { out, exitCode } = await run('explain', GOOD, '--agent', 'triage', '--request', request('a'));
    expect(out).toContain('\nAllowed.\n');
    expect(exitCode).toBeUndefined();
    const other = JSON.stringify({ agent: 'x', tool_name: 'redact', parameters: {} });
    expect(await run('explain', GOOD, '--agent', 'triage', '--request', other)).toMatchObject({ code: 'params/invalid' });
  });

  it('reads a file, and never repeats a value or what could move a cursor', async () => {
    const path = file('request.json', request('my KEY \u001b[2J'));
    const { out } = await run('explain', GOOD, '--agent', 'triage', '--request', `@${path}`);
    expect(out).toContain('Denied [denied/forbidden]');
    expect(out).not.toMatch(/my KEY|\u001b/);
    const strange = JSON.stringify({ tool_name: '\u001b[2J\u202e', parameters: { '\u001b[31m': 1 } });
    expect((await run('explain', GOOD, '--agent', 'triage', '--request', strange)).out).not.toMatch(/[\u001b\u202e]/);
  });

  it('prints JSON', async () => {
    const { out } = await run('explain', GOOD, '--agent', 'triage', '--request', request('a'), '--json');
    expect(JSON.parse(out)).toMatchObject({
      agent: 'triage',
      tool: 'redact.redact',
      at: '2026-01-28T12:00:00.000Z',
      isTyped: true,
      decision: { effect: 'allow', tool: 'redact', functionName: 'redact' },
    });
  });
});

describe('policy test', () => {
  const cases = (effect: string): string => `version: 1
cases:
  - name: a key in the text
    request: { agent: triage, tool_name: redact, parameters: { text: my KEY, options: { custom: [] } } }
    expect: { effect: ${effect} }
`;

  it('ends with 0 where all pass, and with 1 where one fails', async () => {
    const passed = await run('test', file('cases.yaml', cases('deny')), '--policy', GOOD);
    expect(passed).toEqual({
      out: 'passed  deny   a key in the text (cases.yaml:3)  [denied/forbidden]\n\n1 passed, 0 failed\n',
      exitCode: undefined,
    });
    const failed = await run('test', file('cases.yaml', cases('allow')), '--policy', GOOD);
    expect(failed).toMatchObject({ exitCode: 1, out: expect.stringContaining('FAILED  deny') });
    expect(failed.out).toContain('expected allow, got deny [denied/forbidden] by no-keys (good.yaml:6)');
  });

  it('refuses a file that is none', async () => {
    expect(await run('test', join(FOLDER, 'nothing.yaml'), '--policy', GOOD)).toMatchObject({ code: 'usage/unreadable-file' });
    expect(await run('test', file('cases.yaml', 'version: 1\ncases: []\n'), '--policy', GOOD)).toMatchObject({
      code: 'policy/invalid-document',
    });
  });
});

describe('policy diff', () => {
  it('compares two policies', async () => {
    const { out, exitCode } = await run('diff', GOOD, POOR);
    expect(out).toContain('    grants: ["log"] -> []\n');
    expect(out).toContain('- rule no-keys: forbid any for any');
    expect(exitCode).toBeUndefined();
    expect(await run('diff', GOOD, POOR, '--since', '7d')).toMatchObject({ code: 'usage/invalid-argument' });
  });

  it('decides the requests of a trail under both', async () => {
    const folder = join(FOLDER, 'trail');
    const parameters = { text: 'a KEY', options: { custom: [] } };
    writeTrail(folder, [
      [requested('a1', { parameters }), decided('a1', 'allow'), requested('a2', { agent: 'x' }), decided('a2', 'deny')],
    ]);
    const open = file('open.yaml', policyText('[log]'));
    const { out } = await run('diff', open, GOOD, '--trail', folder);
    expect(out).toContain('  + deny [denied/forbidden]  by no-keys (good.yaml:6)\n');
    expect(out).toContain('2 requests: 1 the same, 1 changed, 0 unknown\n  1 allow -> deny [denied/forbidden]\n');
    const none = await run('diff', open, GOOD, '--trail', folder, '--since', new Date(T0 + 60_000).toISOString(), '--json');
    expect(JSON.parse(none.out)).toMatchObject({ requests: 0 });
    expect(await run('diff', open, GOOD, '--trail', join(FOLDER, 'nothing'))).toMatchObject({ code: 'audit/unreadable' });
  });
});

describe('policy schema', () => {
  it('prints the JSON Schema', async () => {
    const { out } = await run('schema');
    expect(JSON.parse(out)).toMatchObject({
      title: 'Cellblock policy, version 1',
      type: 'object',
      required: expect.arrayContaining(['version', 'tools', 'agents']),
    });
  });
});

it('every command has an example in its help', () => {
  const program = new Command('cellblock');
  addPolicy(program);
  for (const command of program.commands[0]!.commands) {
    let help = '';
    command.configureOutput({
      writeOut: (text) => {
        help += text;
      },
    });
    command.outputHelp();
    expect(help).toContain('Example:\n  cellblock policy ');
  }
});
