import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assemble } from '../../support/assemble.ts';
import { hostileGuest, importingGuest, wasiGuest } from '../../support/guests.ts';

/* The command line as its users meet it: a process with arguments, input, two outputs and an exit code. */

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const MAIN = join(ROOT, 'dist/host/cli/main.js');
const REDACT = join(ROOT, 'tools/redact/redact.wasm');

let folder: string;

interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function cellblock(args: readonly string[], input = ''): Promise<Result> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [MAIN, ...args], {
      cwd: folder,
      env: { ...process.env, CELLBLOCK_CACHE_DIR: join(folder, 'cache') },
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.on('close', (code) => resolve({ code, stdout, stderr }));
    child.stdin.end(input);
  });
}

/** With `--json`, stdout is one outcome on one line and nothing else. */
function outcomeOf({ stdout }: Result): {
  kind: string;
  value?: unknown;
  error?: { code: string };
  receipt: Record<string, unknown>;
} {
  expect(stdout.split('\n')).toHaveLength(2);
  return JSON.parse(stdout);
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cellblock-cli-'));
  writeFileSync(join(folder, 'hostile.wasm'), await hostileGuest());
  writeFileSync(join(folder, 'wasi.wasm'), await wasiGuest());
  writeFileSync(join(folder, 'importing.wasm'), await importingGuest());
  writeFileSync(join(folder, 'async.wasm'), await assemble('(component (core func (canon waitable-set.new)))'));
  const odd = `(core module $m (func (export "it's"))) (core instance $i (instantiate $m)) (alias core export $i "it's" (core func))`;
  writeFileSync(join(folder, 'neither.wasm'), await assemble(`(component (core func (canon waitable-set.new)) ${odd})`));
  writeFileSync(join(folder, 'params.json'), '{"a": 40, "b": 2}');
  writeFileSync(
    join(folder, 'cellblock.yaml'),
    'version: 1\ntools:\n  math: { component: hostile.wasm, functions: [add, spin], limits: { fuel: 1000000 } }\nagents:\n  one: { tools: [math.add] }\n  two: { tools: [math] }\n',
  );
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('exit codes', () => {
  it.each([
    [0, ['run', 'hostile.wasm', 'add', '--params', '{"a": 1, "b": 2}'], 'ok', undefined],
    [1, ['run', 'wasi.wasm', 'run'], 'tool-error', 'tool/exit-status'],
    [2, ['run', 'none.wasm', 'add'], 'failed', 'usage/unreadable-file'],
    [2, ['run', 'hostile.wasm', 'add', '--grant', 'everything'], 'failed', 'usage/invalid-argument'],
    [2, ['run', 'hostile.wasm', 'add', '--memory', '64MB'], 'failed', 'usage/invalid-argument'],
    [2, ['run', 'hostile.wasm', 'add', '--bindings', 'fast'], 'failed', 'usage/invalid-argument'],
    [2, ['call', 'math.add', '--agent', 'one', '--bindings', ''], 'failed', 'usage/invalid-argument'],
    [2, ['run', 'hostile.wasm', 'add', '--params', '@none.json'], 'failed', 'usage/unreadable-file'],
    [3, ['run', 'importing.wasm', 'twice'], 'refused', 'denied/no-grant'],
    [3, ['run', 'hostile.wasm', 'nothing'], 'refused', 'component/unknown-function'],
    [3, ['run', 'hostile.wasm', 'add', '--params', '{"a": 1}'], 'refused', 'params/invalid'],
    [3, ['run', 'hostile.wasm', 'add', '--params', '{a: 1}'], 'refused', 'params/malformed-json'],
    [3, ['run', 'cellblock.yaml', 'add'], 'refused', 'component/not-a-component'],
    [3, ['call', 'math.spin', '--agent', 'one'], 'refused', 'denied/tool-not-granted'],
    [3, ['call', 'nothing', '--agent', 'one'], 'refused', 'denied/no-policy-for-tool'],
    [3, ['call', 'math.add', '--agent', 'one', '--policy', 'none.yaml'], 'refused', 'policy/missing'],
    [2, ['call', 'math.add'], 'failed', 'usage/invalid-argument'],
    [4, ['run', 'hostile.wasm', 'panic'], 'trapped', 'trap/unreachable'],
    [5, ['run', 'hostile.wasm', 'spin', '--fuel', '1_000_000'], 'limited', 'limit/fuel'],
    [5, ['run', 'hostile.wasm', 'spin', '--fuel', '4000000000000000000', '--timeout', '200ms'], 'limited', 'limit/deadline'],
    [5, ['call', 'math.spin', '--agent', 'two'], 'limited', 'limit/fuel'],
  ] as const)('is %i for %j', async (code, args, kind, error) => {
    const result = await cellblock([...args, '--json']);
    const outcome = outcomeOf(result);
    expect({ code: result.code, kind: outcome.kind, error: outcome.error?.code }).toEqual({ code, kind, error });
    for (const field of ['fuel', 'memoryBytesPeak', 'wallMs', 'hostCalls', 'grants', 'costModel'])
      expect(outcome.receipt).toHaveProperty(field);
  });

  it.each([[['run', '--json']], [['run', 'hostile.wasm', 'add', '--nope', '--json']], [['call', '--json']], [['fly', '--json']]])(
    'is 2 with one outcome for %j',
    async (args) => {
      const result = await cellblock(args);
      expect(result.code).toBe(2);
      expect(outcomeOf(result)).toMatchObject({ kind: 'failed', error: { code: 'usage/invalid-argument' } });
    },
  );

  it('is 2 for a device in place of a component or of parameters', async () => {
    for (const args of [
      ['run', '/dev/zero', 'add'],
      ['run', 'hostile.wasm', 'add', '--params', '@/dev/zero'],
    ]) {
      expect(await cellblock(args)).toMatchObject({ code: 2, stdout: '' });
    }
  });

  it('is 2 for arguments that cannot be read, with a way on', async () => {
    for (const args of [['fly'], ['run'], ['run', 'hostile.wasm'], ['run', 'hostile.wasm', 'add', '--nope']]) {
      const result = await cellblock(args);
      expect(result).toMatchObject({ code: 2, stdout: '' });
      expect(result.stderr).toContain('cellblock --help');
    }
  });
});

describe('parameters', () => {
  it.each([
    ['a file', ['--params', '@params.json'], ''],
    ['standard input', ['--params', '-'], '{"a": 40, "b": 2}'],
    ['the argument', ['--params', '{"a": 40, "b": 2}'], ''],
  ])('come from %s', async (_where, params, input) => {
    const result = await cellblock(['run', 'hostile.wasm', 'add', ...params], input);
    expect(result).toMatchObject({ code: 0, stdout: '42\n' });
    expect(result.stderr).toMatch(
      /^receipt: ok · [\d,]+ of 1,000,000,000 fuel · 0\.1 MiB · [\d.]+ ms · 0 host calls · sha256:[0-9a-f]{12}\n$/,
    );
  });
});

describe('inspect', () => {
  it('shows imports and what grants them, functions with docs and signature', async () => {
    const { code, stdout } = await cellblock(['inspect', REDACT]);
    expect(code).toBe(0);
    expect(stdout).toContain('cellblock:host/log@0.1.0  (grant: log)');
    expect(stdout).toContain('redact: func(text: string, options: options) -> result<report, redact-error>');
    expect(stdout).toContain('Replaces what it finds in `text`.');
    expect(stdout.match(/enum kind \{/g)).toHaveLength(1);
  });

  it('prints one JSON document with schemas, and its digest is the one of the file', async () => {
    const { stdout } = await cellblock(['inspect', REDACT, '--json']);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({
      bindings: 'own',
      imports: [{ import: 'cellblock:host/log@0.1.0', servedBy: 'grant', grant: 'log' }],
    });
    expect(report.functions[0]).toMatchObject({ callable: true, params: { type: 'object', required: ['text', 'options'] } });
  });

  it('refuses what is no component, with the offset', async () => {
    const human = await cellblock(['inspect', 'cellblock.yaml']);
    expect(human).toMatchObject({ code: 3, stdout: '' });
    expect(human.stderr).toContain('[component/not-a-component]');
    expect(outcomeOf(await cellblock(['inspect', 'cellblock.yaml', '--json']))).toMatchObject({
      kind: 'refused',
      error: { code: 'component/not-a-component' },
    });
  });
});

describe('bindings', () => {
  const params = ['--params', '{"a": 40, "b": 2}', '--json'];

  it.each([
    ['own', ['run', 'hostile.wasm', 'add']],
    ['own', ['run', 'hostile.wasm', 'add', '--bindings', 'own']],
    ['jco', ['run', 'hostile.wasm', 'add', '--bindings', 'jco']],
    ['own', ['call', 'math.add', '--agent', 'one']],
    ['jco', ['call', 'math.add', '--agent', 'one', '--bindings', 'jco']],
  ])('are %s, as the receipt says, for %j', async (bindings, args) => {
    expect(outcomeOf(await cellblock([...args, ...params]))).toMatchObject({ kind: 'ok', value: 42, receipt: { bindings } });
  });

  it('that there are not are refused with those that there are', async () => {
    const { code, stderr } = await cellblock(['run', 'hostile.wasm', 'add', '--bindings', 'fast']);
    expect(code).toBe(2);
    expect(stderr).toContain('there are no bindings `fast` [usage/invalid-argument]\nhelp: known: auto, own, jco\n');
  });

  it('are shown by inspect, with the reason where they are not our own', async () => {
    expect((await cellblock(['inspect', 'hostile.wasm'])).stdout).toContain('\nbindings: own\n');
    const reason = 'the component uses the asynchronous ABI';
    expect((await cellblock(['inspect', 'async.wasm'])).stdout).toContain(`\nbindings: jco (${reason})\n`);
    const report = JSON.parse((await cellblock(['inspect', 'async.wasm', '--json'])).stdout);
    expect(report).toMatchObject({ bindings: 'jco', bindingsReason: reason });
    const none = JSON.parse((await cellblock(['inspect', 'neither.wasm', '--json'])).stdout);
    expect(none).toMatchObject({ bindings: 'none', bindingsReason: expect.stringContaining(reason) });
  });
});

describe('output for people', () => {
  it('shows a policy error at its line and column', async () => {
    writeFileSync(join(folder, 'bad.yaml'), 'version: 1\ntools:\n  t: { component: x.wasm, functions: [] }\nagents: {}\n');
    const { code, stderr } = await cellblock(['call', 't', '--agent', 'a', '--policy', 'bad.yaml']);
    expect(code).toBe(3);
    expect(stderr).toMatch(/bad\.yaml:3:\d+: tools\.t\.functions/);
  });

  it('teaches in its help', async () => {
    expect((await cellblock(['--help'])).stdout).toContain('Exit codes: 0 ok, 1 tool error, 2 usage, 3 refused');
    expect((await cellblock(['run', '--help'])).stdout).toContain('write log lines that come back with the outcome');
    expect((await cellblock(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});
