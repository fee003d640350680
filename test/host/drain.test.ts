import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openWarden } from 'cellblock';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ISOLATIONS } from '../support/cells.ts';
import { hostileGuest } from '../support/guests.ts';

let folder: string;
const CLI = fileURLToPath(new URL('../../dist/host/cli/main.js', import.meta.url));

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cellblock-drain-'));
  writeFileSync(join(folder, 'hostile.wasm'), await hostileGuest());
  const limits = 'limits: { fuel: "4611686018427387904", timeout: 20s }';
  const policy = `version: 1\ntools:\n  hostile:\n    component: hostile.wasm\n    functions: [add, spin]\n    ${limits}\nagents:\n  one:\n    tools: [hostile]\n`;
  writeFileSync(join(folder, 'cellblock.yaml'), policy);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(ISOLATIONS)('draining a warden whose tools are in a %s', (isolation) => {
  it('takes no more requests, lets calls end, and cancels those that do not', async () => {
    const warden = await openWarden({ policy: join(folder, 'cellblock.yaml'), cacheDirectory: false, threads: 2, isolation });
    const request = (name: string, parameters: unknown) =>
      warden.request({ agent: 'one', tool_name: `hostile.${name}`, parameters });
    expect(await request('add', { a: 1, b: 2 })).toMatchObject({ kind: 'ok', receipt: { isolation } });
    const endless = request('spin', {});
    const short = Array.from({ length: 9 }, () => request('add', { a: 1, b: 2 }));
    const drained = warden.drain(500);
    expect(await request('add', { a: 1, b: 2 })).toMatchObject({ kind: 'failed', error: { code: 'usage/closed' } });
    for (const outcome of await Promise.all(short)) expect(outcome).toMatchObject({ kind: 'ok', value: 3 });
    expect(await endless).toMatchObject({ kind: 'cancelled' });
    await drained;
  });
});

describe('the command line', () => {
  it('lets its call end when it is told to stop, cancels it after a while, and says so', async () => {
    const child = spawn(process.execPath, [CLI, 'call', 'hostile.spin', '--json'], {
      cwd: folder,
      env: { ...process.env, CELLBLOCK_CACHE_DIR: join(folder, 'cache') },
    });
    let stdout = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    await untilBusy(child.pid as number); // it says nothing when its call begins
    child.kill('SIGTERM');
    const [status] = await once(child, 'exit');
    expect(status).toBe(7);
    expect(JSON.parse(stdout)).toMatchObject({ kind: 'cancelled', receipt: { isolation: 'process' } });
  });
});

/** Waits until a process started by another has used two seconds of processor time: more than it takes to start, so that a guest runs. */
async function untilBusy(parent: number): Promise<void> {
  for (;;) {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      const [, ppid, ...rest] = statOf(pid);
      const ticks = Number(rest[9]) + Number(rest[10]); // user and system time, hundredths of a second
      if (ppid === String(parent) && ticks > 200) return;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Fields of a process's `stat` after its name; none once it is gone. */
function statOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ');
  } catch {
    return [];
  }
}
