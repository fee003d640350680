import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type Capability, ProcessRunner, type RunnerEvent } from 'cellblock/runtime';
import { afterAll, describe, expect, it } from 'vitest';
import { MALFORMED } from '../fixtures/capabilities/malformed.mjs';
import { hostileGuest, importingGuest } from '../support/guests.ts';

/* Code of an attacker in a runner process: what it can see, and what becomes of what it sends. */

const FIXTURES = new URL('../fixtures/capabilities/', import.meta.url);

const ESCAPE: Capability = {
  kind: 'local',
  name: 'escape',
  interface: 'test:host/double@1.0.0',
  moduleUrl: new URL('escape.mjs', FIXTURES).href,
  signatures: { double: 'func(x: u32) -> u32', check: 'func(x: u32) -> result<_, _>' },
};

const events: RunnerEvent[] = [];
const options = {
  threads: 2,
  cacheDirectory: false,
  readable: [FIXTURES.pathname],
  onRunnerEvent: (event: RunnerEvent) => events.push(event),
} as const;
const runner = new ProcessRunner(options);
afterAll(() => runner.close());

async function breakOut(what: number, on: ProcessRunner = runner) {
  const call = await on.prepare(await on.load(await importingGuest()), {
    function: 'twice',
    capabilities: [ESCAPE],
    limits: { timeoutMsMax: 5000 },
  });
  return on.invoke(call, [what]);
}

describe('code that broke out into a runner process', () => {
  it('finds no environment, no file, no descriptor but roads, and nobody to signal', async () => {
    const outcome = await breakOut(0);
    expect(outcome).toMatchObject({ kind: 'ok' });
    const found = JSON.parse(outcome.log[0]?.message ?? '{}');
    expect(found).toMatchObject({ env: [] });
    // Some Nodes let it be read: then there is nothing, or what a shell names after itself.
    expect(found.environ).toMatch(/^(refused: \w+|(_=[^\0]*\0)?)$/);
    expect(found.secret).toMatch(/^refused: /);
    expect(found.write).toMatch(/^refused: /);
    expect(found.spawn).toMatch(/^refused: /);
    if (process.getuid?.() === 0 && process.env.CELLBLOCK_RUNNER_USER === undefined) {
      expect(found.uid).toBe(65_534);
      expect(found.parent).toBe('refused: EPERM');
    }
  });

  it.each([
    ['crashes', 1, 'failed/runner-crashed'],
    ['ends its thread', 2, 'failed/worker-crashed'],
  ])('ends its own calls and nobody else’s when it %s, and the next call has another', async (_what, number, code) => {
    const other = new ProcessRunner({ ...options });
    const spin = await other.prepare(await other.load(await hostileGuest()), {
      function: 'spin',
      limits: { timeoutMsMax: 1500, fuelMax: 2n ** 62n },
    });
    const elsewhere = Array.from({ length: 2 }, () => other.invoke(spin, []));
    expect(await breakOut(number)).toMatchObject({ kind: 'failed', error: { code } });
    expect(await Promise.all(elsewhere)).toMatchObject([
      { error: { code: 'limit/deadline' } },
      { error: { code: 'limit/deadline' } },
    ]);
    await other.close();
    const add = await runner.prepare(await runner.load(await hostileGuest()), { function: 'add' });
    expect(await runner.invoke(add, [1, 2])).toMatchObject({ kind: 'ok', value: 3 });
  });

  it.each(MALFORMED.map(([what], at) => [what, at] as const))('dies of sending %s', async (_what, at) => {
    const own: RunnerEvent[] = [];
    const alone = new ProcessRunner({ ...options, onRunnerEvent: (event) => own.push(event) });
    const outcome = await breakOut(100 + at, alone);
    expect(outcome).toMatchObject({ kind: 'failed' });
    expect(['failed/runner-crashed', 'internal/invariant']).toContain(outcome.error?.code);
    expect(own).toMatchObject([{ type: 'killed' }]);
    await alone.close();
  });
});

describe('the process that started a runner', () => {
  it('takes it along when it is killed, within a second', async () => {
    const script = `
      import { ProcessRunner } from ${JSON.stringify(new URL('../../dist/runtime/index.js', import.meta.url).href)};
      const runner = new ProcessRunner({ threads: 2, cacheDirectory: false });
      await runner.ready();
      console.log(runner.pids.join());
      setInterval(() => undefined, 1000);`;
    const host = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = await once(host.stdout, 'data');
    const pid = Number(String(line));
    expect(isAlive(pid)).toBe(true);
    host.kill('SIGKILL');
    const killed = performance.now();
    while (isAlive(pid)) {
      expect(performance.now() - killed).toBeLessThan(1000);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  });
});

/** Whether a process runs: one that waits to be collected does not. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
