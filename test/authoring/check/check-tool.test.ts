import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { decodeComponent, Runtime } from 'cellblock/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CheckReport, checkLines, checkTool } from '../../../dist/authoring/check/index.js';
import { KNOWN_GRANTS, loadPolicy, scopeSchemasOf } from '../../../dist/host/index.js';
import { dummyComponent } from '../../support/assemble.ts';
import { hostileGuest, importingGuest, wasiGuest } from '../../support/guests.ts';

/* A tool against the policy that is to run it: each thing that may be wrong beside what is right. */

let folder: string;
let runner: Runtime;

function write(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cellblock-check-'));
  runner = new Runtime({ threads: 1, cacheDirectory: false });
  write('redact/redact.wasm', readFileSync('tools/redact/redact.wasm'));
  write(
    'redact/cases/redact.yaml',
    `version: 1
cases:
  - { name: hides, call: redact, params: { text: a@example.com, options: { custom: [] } }, grants: [log], expect: { kind: ok } }
  - { name: longer, call: redact, params: { text: "a@example.com and b@example.com", options: { custom: [] } }, grants: [log], expect: { kind: ok } }
`,
  );
  write('hostile/hostile.wasm', await hostileGuest());
  write('importing/importing.wasm', await importingGuest());
  write('wasi/wasi.wasm', await wasiGuest());
});

afterAll(async () => {
  await runner.close();
  rmSync(folder, { recursive: true });
});

async function check(
  tool: string,
  fields: string,
  options: { previous?: string; cases?: string } = {},
  named = tool,
): Promise<CheckReport> {
  const text = `version: 1\ntools:\n  ${tool}: { component: ${tool}/${tool}.wasm, ${fields} }\nagents:\n  a: { tools: [${tool}] }\n`;
  const path = write(`${tool}.yaml`, text);
  const policy = await loadPolicy(path, { knownGrants: KNOWN_GRANTS, scopeSchemas: scopeSchemasOf() });
  return checkTool(named, { runner, policy, ...options });
}

/** `status check: message`, without what is well. */
const faults = ({ checks }: CheckReport): string[] =>
  checks.flatMap(({ status, check: what, message }) =>
    status === 'problem' || status === 'warning' ? [`${status} ${what}: ${message}`] : [],
  );

describe('a check', () => {
  it('has no problem with a tool that gets what it needs, and shows the dearest sample', async () => {
    const { digest } = decodeComponent(readFileSync('tools/redact/redact.wasm'));
    const report = await check(
      'redact',
      `functions: [redact], grants: [log], digest: "${digest}", limits: { fuel: 500000, memory: 2MiB }`,
    );
    expect(faults(report)).toEqual([]);
    expect(report).toMatchObject({ good: true, digest });
    expect(report.checks.map(({ check: what, status }) => `${what} ${status}`)).toEqual([
      'loads ok',
      'digest ok',
      'grants ok',
      'functions ok',
      'compatible skipped',
      'cases ok',
      'repeatable ok',
      'fuel ok',
      'memory ok',
    ]);
    const fuel = report.checks.find(({ check: what }) => what === 'fuel')!;
    expect(fuel.message).toMatch(/^the dearest sample is longer: \d\d,\d{3} fuel of 500,000 fuel, \d+(\.\d)? %$/);
    expect(checkLines(report).at(-1)).toBe('0 problems, 0 warnings');
  });

  it('says which grants are missing, and which are given and not needed', async () => {
    expect(faults(await check('redact', 'functions: [redact]', { cases: join(folder, 'redact/cases/redact.yaml') }))).toEqual([
      'warning digest: the policy pins none',
      'problem grants: needs log: cellblock:host/log@0.1.0',
    ]);
    expect(faults(await check('redact', 'functions: [redact], grants: [log, random, clock]'))).toEqual([
      'warning digest: the policy pins none',
      'problem grants: gets `random`, `clock` and never imports what they serve',
    ]);
    expect(faults(await check('importing', 'functions: [twice]'))).toContain(
      'problem grants: imports `test:host/double@1.0.0`, which no capability here serves',
    );
  });

  it('says which offered function is not there, and which is there and not offered', async () => {
    const report = await check('hostile', 'functions: [add, nothing]');
    expect(faults(report)[1]).toMatch(/^problem functions: no function `nothing` is exported/);
    expect(report.checks).toContainEqual(
      expect.objectContaining({
        check: 'functions',
        status: 'note',
        message: expect.stringContaining('not offered: `big-list`, `spin`'),
      }),
    );
  });

  it('finds a pinned digest that is another one, and bytes that are no component', async () => {
    const report = await check('hostile', `functions: [add], digest: "sha256:${'0'.repeat(64)}"`);
    expect(faults(report)[0]).toMatch(/^problem digest: the component is `sha256:.*` and not the one that `digest` pins$/);
    write('broken/broken.wasm', 'no component');
    const broken = await check('broken', 'functions: [f]');
    expect(broken).toMatchObject({ good: false, checks: [{ check: 'loads', status: 'problem' }] });
    const gone = await check('gone', 'functions: [f]');
    expect(gone.checks).toEqual([
      expect.objectContaining({ check: 'loads', status: 'problem', help: 'build it first: `cellblock build`' }),
    ]);
  });

  it('prepares it under the limits of the policy', async () => {
    write('large/large.wasm', await dummyComponent('package test:large; world w { export f: func(); }', 'w'));
    expect(faults(await check('large', 'functions: [f]'))).not.toContain(expect.stringContaining('loads'));
    const small = await check('redact', 'functions: [redact], grants: [log], limits: { memory: 64KiB }');
    expect(faults(small)).toContainEqual(expect.stringMatching(/^problem loads: .* \[limit\/memory\]$/));
  });

  it('runs samples under the limits of the policy, and warns where the dearest is near them', async () => {
    const near = await check('redact', 'functions: [redact], grants: [log], limits: { fuel: 80000 }');
    expect(faults(near)).toContainEqual(
      expect.stringMatching(/^warning fuel: the dearest sample is longer: \d+,\d+ fuel of 80,000 fuel, [89]\d(\.\d)? %$/),
    );
    const over = await check('redact', 'functions: [redact], grants: [log], limits: { fuel: 1000 }');
    expect(faults(over)).toContainEqual(
      expect.stringMatching(/^problem cases: hides: kind, expected ok, actual limited: the call used up its 1000 units of fuel/),
    );
  });

  it('finds what is not the same twice', async () => {
    write('wasi/cases/a.yaml', 'version: 1\ncases: [{ name: rolls, call: random, grants: [random], expect: { kind: ok } }]\n');
    expect(faults(await check('wasi', 'functions: [random], grants: [random]'))).toContainEqual(
      expect.stringMatching(/^problem repeatable: rolls: result sha256:\w+, then sha256:\w+$/),
    );
    write('wasi/cases/a.yaml', 'version: 1\ncases: [{ name: rolls, call: random, expect: { kind: ok } }]\n');
    expect(faults(await check('wasi', 'functions: [random]')).join()).not.toContain('repeatable');
  });

  it('warns where there are no cases, and fails where the ones that are named are none', async () => {
    expect(faults(await check('hostile', 'functions: [add]'))).toContainEqual(
      expect.stringMatching(/^warning cases: .* has no cases, so nothing shows what calls need$/),
    );
    mkdirSync(join(folder, 'empty'), { recursive: true });
    expect(faults(await check('hostile', 'functions: [add]', { cases: join(folder, 'empty') }))).toContainEqual(
      expect.stringMatching(/^problem cases: .* has no cases$/),
    );
  });

  it('finds the tool by its folder and by its digest, and says what there is', async () => {
    expect(await check('redact', 'functions: [redact], grants: [log]', {}, join(folder, 'redact'))).toMatchObject({
      tool: 'redact',
    });
    const copy = write('elsewhere/copy.wasm', readFileSync('tools/redact/redact.wasm'));
    const { digest } = decodeComponent(readFileSync(copy));
    expect(await check('redact', `functions: [redact], grants: [log], digest: "${digest}"`, {}, copy)).toMatchObject({
      tool: 'redact',
      component: copy,
    });
    await expect(check('redact', 'functions: [redact]', {}, copy)).rejects.toMatchObject({ code: 'usage/not-found' });
    await expect(check('redact', 'functions: [redact]', {}, 'redakt')).rejects.toMatchObject({
      code: 'usage/not-found',
      help: 'did you mean `redact`? the policy has `redact`',
    });
  });
});

describe('the previous version', () => {
  const version = (type: string) =>
    dummyComponent(`package test:p; world w { enum kind { a, b } enum less { a } export f: func(k: ${type}); }`, 'w');

  it('is the file that is named', async () => {
    write('p/p.wasm', await version('less'));
    const previous = write('p/old.wasm', await version('kind'));
    const report = await check('p', 'functions: [f]', { previous });
    expect(faults(report)).toContain('problem compatible: f.k: enum lost case `b`');
    const back = await check('p', 'functions: [f]', { previous: join(folder, 'p/p.wasm') });
    expect(back.checks).toContainEqual({
      check: 'compatible',
      status: 'ok',
      message: `the same component as ${join(folder, 'p/p.wasm')}`,
    });
  });

  it('else is what git has in its last commit', async () => {
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], { cwd: join(folder, 'g') });
    write('g/g.wasm', await version('kind'));
    git('init', '-q');
    git('add', 'g.wasm');
    git('commit', '-qm', 'first');
    expect((await check('g', 'functions: [f]')).checks).toContainEqual({
      check: 'compatible',
      status: 'ok',
      message: 'the same component as git HEAD:g.wasm',
    });
    write('g/g.wasm', await version('less'));
    expect(faults(await check('g', 'functions: [f]'))).toContain('problem compatible: f.k: enum lost case `b`');
  });
});
