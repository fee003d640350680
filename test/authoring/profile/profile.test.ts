import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FuelTree, flameGraph, foldedStacks, type ProfileRequest, profileCalls, profileTable } from 'cellblock/authoring';
import { Runtime, resolveFunction } from 'cellblock/runtime';
import { afterAll, describe, expect, it } from 'vitest';
import { guest } from '../../support/guests.ts';
import { readTool } from '../../tools/callers.ts';

const folder = mkdtempSync(join(tmpdir(), 'cellblock-profile-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const redact = (params: string): ProfileRequest => ({
  component: 'tools/redact/redact.wasm',
  function: 'redact',
  params: [params],
  grants: ['log'],
  scopes: new Map([['log', {}]]),
});
const PARAMS = JSON.stringify({ text: 'mail me at ann@example.com, token=abc', options: { custom: [] } });

async function fileOf(name: string, core: string, wit: string): Promise<string> {
  const path = join(folder, name);
  writeFileSync(path, await guest(core, wit));
  return path;
}

describe('a profile', () => {
  it.each(['exact', 'region'] as const)('of a Rust tool adds up to the receipt of the same call in %s', async (costModel) => {
    const runtime = new Runtime({ threads: 2, cacheDirectory: false, costModel });
    try {
      const component = await runtime.load(await readTool('redact'));
      const found = resolveFunction(component, 'redact');
      const { openBuiltIn } = await import('cellblock');
      const call = await runtime.prepare(component, { function: found.id, capabilities: openBuiltIn(['log']) });
      const plain = await runtime.invoke(call, [
        'mail me at ann@example.com, token=abc',
        { kinds: null, 'keep-last': null, custom: [] },
      ]);
      const profile = await profileCalls({ ...redact(PARAMS), costModel });
      expect(plain.kind).toBe('ok');
      expect(profile.outcomes.map(({ kind }) => kind)).toEqual(['ok']);
      expect(profile.fuel).toBe(Number(plain.usage.fuel));
      expect(profile.outcomes[0]?.receipt.fuel).toBe(String(plain.usage.fuel));
      expect(profile.rows.reduce((sum, { self }) => sum + self, 0)).toBe(profile.fuel);
      expect(profile.tree.total).toBe(profile.fuel);
      expect(profile.rows.every(({ self, inclusive }) => self >= 0 && inclusive >= self)).toBe(true);
    } finally {
      await runtime.close();
    }
  });

  it('is the same to the byte each time', async () => {
    const pictures = async (): Promise<string> => {
      const { tree, rows } = await profileCalls(redact(PARAMS));
      return JSON.stringify([rows, tree, foldedStacks(tree), flameGraph(tree, { title: 'redact', unit: 'fuel' })]);
    };
    expect(await pictures()).toBe(await pictures());
  });

  it('has rows for starting, for parameters, for the result and for what host calls carry', async () => {
    const { rows } = await profileCalls(redact(PARAMS));
    const names = rows.map(({ name }) => name);
    for (const name of ['[instantiation]', '[passing parameters]', '[taking the result]', '[host calls]'])
      expect(names).toContain(name);
  });

  it('of several calls is their sum', async () => {
    const one = await profileCalls(redact(PARAMS));
    const two = await profileCalls({ ...redact(PARAMS), params: [PARAMS, PARAMS] });
    expect([two.calls, two.fuel]).toEqual([2, 2 * one.fuel]);
    expect(two.rows[0]).toEqual({
      ...one.rows[0],
      calls: 2 * (one.rows[0]?.calls ?? 0),
      self: 2 * (one.rows[0]?.self ?? 0),
      inclusive: 2 * (one.rows[0]?.inclusive ?? 0),
    });
  });

  it('goes to the trap of a call, with all that was spent until then', async () => {
    const core = '(module (func $boom unreachable) (func (export "run") i32.const 1 drop call $boom))';
    const component = await fileOf('trap.wasm', core, 'package t:t; world w { export run: func(); }');
    const profile = await profileCalls({ component, function: 'run', params: ['{}'] });
    expect(profile.outcomes[0]).toMatchObject({ kind: 'trapped', error: { code: 'trap/unreachable' } });
    expect(profile.rows.map(({ name }) => name)).toContain('boom');
    expect(String(profile.fuel)).toBe(profile.outcomes[0]?.receipt.fuel);
  });

  it('is none where a call was ended from outside, which its outcome says', async () => {
    const component = await fileOf(
      'spin.wasm',
      '(module (func (export "run") (loop (br 0))))',
      'package t:t; world w { export run: func(); }',
    );
    const limits = { timeoutMsMax: 50, fuelMax: BigInt(Number.MAX_SAFE_INTEGER) };
    const profile = await profileCalls({ component, function: 'run', params: ['{}'], limits });
    expect(profile).toMatchObject({ calls: 0, fuel: 0, outcomes: [{ kind: 'limited', error: { code: 'limit/deadline' } }] });
  });

  it('counts up to 2^53, so that a larger limit is refused', async () => {
    await expect(profileCalls({ ...redact(PARAMS), limits: { fuelMax: 2n ** 53n } })).rejects.toMatchObject({
      code: 'usage/invalid-argument',
    });
  });

  it('bounds its tree where calls go deep, and not its rows', async () => {
    const core = `(module (func $down (param i32) local.get 0 if local.get 0 i32.const 1 i32.sub call $down end)
      (func (export "run") i32.const 3000 call $down))`;
    const component = await fileOf('deep.wasm', core, 'package t:t; world w { export run: func(); }');
    const { rows, tree, fuel } = await profileCalls({ component, function: 'run', params: ['{}'] });
    expect(rows[0]).toMatchObject({ name: 'down', calls: 3001 });
    expect(depthOf(tree)).toBeLessThan(410);
    expect(foldedStacks(tree)).toContain('[deeper calls]');
    expect(tree.total).toBe(fuel);
  });
});

describe('pictures of a profile', () => {
  const leaf = (name: string, total: number): FuelTree => ({ name, self: total, total, calls: 1, children: [] });
  const tree: FuelTree = {
    name: 'all',
    self: 0,
    total: 1_000_000,
    calls: 0,
    children: [leaf('big <T>', 999_000), leaf('small "a"', 300), leaf('tiny', 700)],
  };

  it('merge frames narrower than a pixel, with their sum', () => {
    const svg = flameGraph(tree, { title: 'a & b', unit: 'units' });
    expect(svg).toContain('<title>… 2 more: 1,000 (0.1 %), itself 1,000, calls 2</title>');
    expect(svg).not.toContain('tiny:');
  });

  it('escape names, need no script, and say what they show', () => {
    const svg = flameGraph(tree, { title: '<script>alert(1)</script>', unit: 'units' });
    expect(svg).not.toMatch(/<script|href|onload|@import|url\(/);
    expect(svg).toContain('&lt;script&gt;');
    expect(svg).toContain('<title>big &lt;T&gt;: 999,000 (99.9 %)');
    expect(svg).toMatch(/<desc id="d">A flame graph: .* 1,000,000 in all/);
  });

  it('as folded stacks have one line for each way that took fuel itself', () => {
    expect(foldedStacks({ ...tree, self: 5 })).toBe('[host] 5\nbig <T> 999000\nsmall "a" 300\ntiny 700\n');
    expect(foldedStacks({ ...tree, children: [leaf('a;b', 1)] })).toBe('a,b 1\n');
  });

  it('as a table show 30 rows and the sum of the rest', () => {
    const rows = Array.from({ length: 40 }, (_, at) => ({ name: `f${at}`, calls: 1, self: 10, inclusive: 10 }));
    const table = profileTable({
      digest: 'sha256:0',
      function: 'f',
      costModel: 'exact',
      calls: 1,
      fuel: 400,
      rows,
      tree,
      outcomes: [],
    });
    expect(table).toHaveLength(1 + 30 + 2);
    expect(table.at(-2)).toMatch(/^ +100 +25\.0 .*10 more$/);
    expect(table.at(-1)).toMatch(/^ +400 +100\.0 .*all, by the cost model exact$/);
  });
});

function depthOf(tree: FuelTree): number {
  return 1 + Math.max(0, ...tree.children.map(depthOf));
}
