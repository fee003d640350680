import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ProcessRunner, type Runner, type RunnerEvent } from 'cellblock/runtime';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type HostileValue, passing } from '../support/abi-guests.ts';
import { ISOLATIONS, openRunner } from '../support/cells.ts';
import { hostileGuest } from '../support/guests.ts';
import { callingBackGuest, type HeldHost, heldHost } from '../support/threat-guests.ts';

/*
 * Threats to what runs guests, by the ids of the list of threats: a worker or a runner that dies takes its own calls along and no
 * others, and the host lives.
 */

const opened: Runner[] = [];
const opening = <R extends Runner>(runner: R): R => {
  opened.push(runner);
  return runner;
};
const OPTIONS = { threads: 2, cacheDirectory: false } as const;

const started: ChildProcess[] = [];

afterEach(async () => {
  for (const child of started.splice(0)) child.kill('SIGKILL'); // one that a failed test left
  await Promise.all(opened.splice(0).map((runner) => runner.close()));
});

/** Calls that are in the middle of their guests, and stay there until the host function is let go. */
async function callsInFlight(runners: readonly Runner[], each: number, held: HeldHost) {
  const { capabilities } = held;
  const prepared = await Promise.all(
    runners.map(async (runner) => {
      const component = await runner.load(await callingBackGuest());
      const call = await runner.prepare(component, { function: 'go', capabilities, limits: { timeoutMsMax: 60_000 } });
      return { runner, call };
    }),
  );
  const calls = prepared.flatMap(({ runner, call }) => Array.from({ length: each }, () => runner.invoke(call, [1])));
  await held.arrived(calls.length);
  return calls;
}

describe.each(ISOLATIONS)('a JavaScript heap that a guest fills, in a %s', (isolation) => {
  // jco's glue builds all of a result before our caps see it; our own bindings build none in the worker. A thread is ended like
  // this as well where the heap fills in small steps; for one large step that its engine cannot do there is no promise.
  it.each([
    ['arrays', { type: '(list (tuple u32 u32))', pages: 1300, pointer: 0, length: 10_000_000 }],
    ['strings', { type: '(list string)', pages: 17, fill: SAME_MEBIBYTE, pointer: 16 * 65_536, length: 1000 }],
  ] satisfies readonly (readonly [string, HostileValue])[])(
    'RS-06: with %s ends that call alone, and the runner goes on',
    async (_what, value) => {
      const held = heldHost();
      const elsewhere = await callsInFlight([opening(openRunner(isolation, OPTIONS))], 2, held);
      const small = opening(openRunner(isolation, { ...OPTIONS, workerHeapMiBMax: 64 }));
      const limits = { resultBytesMax: 32 * 2 ** 20, resultElementsMax: 16_000_000, fuelMax: 2n ** 62n, timeoutMsMax: 20_000 };
      const component = await small.load(await passing('result', value));
      const filling = await small.prepare(component, { function: 'go', bindings: 'jco', limits });
      const outcome = await small.invoke(filling, []);
      expect(['limit/memory', 'failed/worker-crashed', 'failed/runner-crashed']).toContain(outcome.error?.code);
      held.open();
      expect(await Promise.all(elsewhere)).toMatchObject([{ value: 11 }, { value: 11 }]);
      const add = await small.prepare(await small.load(await hostileGuest()), { function: 'add' });
      expect(await small.invoke(add, [2, 40])).toMatchObject({ kind: 'ok', value: 42 });
    },
  );
});

describe('a runner process that is killed', () => {
  it('PR-09: ends the one call in it; ten calls elsewhere go on, and the next call of it has a new process', async () => {
    const events: RunnerEvent[] = [];
    const hit = opening(new ProcessRunner({ ...OPTIONS, onRunnerEvent: (event) => events.push(event) }));
    const others = heldHost();
    const five = () => opening(new ProcessRunner({ ...OPTIONS, threads: 5 }));
    const elsewhere = await callsInFlight([five(), five()], 5, others);
    let ended = 0;
    for (const call of elsewhere) void call.then(() => (ended += 1));
    const [one] = await callsInFlight([hit], 1, heldHost());
    const [pid] = hit.pids;
    process.kill(pid as number, 'SIGSEGV');
    expect(await one).toMatchObject({ kind: 'failed', error: { code: 'failed/runner-crashed' } });
    expect(events).toMatchObject([{ type: 'crashed', pid, reason: expect.stringContaining('SIGSEGV') }]);
    const add = await hit.prepare(await hit.load(await hostileGuest()), { function: 'add' });
    expect(await hit.invoke(add, [2, 40])).toMatchObject({ kind: 'ok', value: 42 });
    expect(hit.pids).not.toContain(pid);
    expect(ended).toBe(0);
    others.open();
    const outcomes = await Promise.all(elsewhere);
    expect(outcomes.map(({ value }) => value)).toEqual(new Array(10).fill(11));
  });
});

describe('a process that is told to stop', () => {
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cellblock-stop-'));
    writeFileSync(join(folder, 'hostile.wasm'), await hostileGuest());
    writeFileSync(join(folder, 'calling.wasm'), await callingBackGuest());
    const limits = 'limits: { fuel: "4611686018427387904", timeout: 60s }';
    const tools = `  hostile: { component: hostile.wasm, functions: [spin], ${limits} }\n  calling: { component: calling.wasm, functions: [go], grants: [hold], ${limits} }\n`;
    writeFileSync(join(folder, 'held.yaml'), `version: 1\ntools:\n${tools}agents:\n  one: { tools: [calling] }\n`);
    const spinning = tools.split('\n', 1)[0];
    writeFileSync(join(folder, 'cellblock.yaml'), `version: 1\ntools:\n${spinning}\nagents:\n  one: { tools: [hostile] }\n`);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(ISOLATIONS)('RE-01: lets ten calls in flight in a %s end, takes no more, and ends by itself', async (isolation) => {
    const child = start(folder, ['--input-type=module', '-e', TEN_CALLS, isolation]);
    const lines = linesOf(child);
    expect(await lines.next()).toMatchObject({ value: 'in flight' });
    child.kill('SIGTERM');
    const [exit, answer] = await Promise.all([once(child, 'exit'), lines.next()]);
    expect(exit).toEqual([0, null]);
    expect(JSON.parse(String(answer.value))).toEqual({ values: new Array(10).fill(11), late: 'usage/closed', isolation });
  });

  it('RE-01: ends at once when `cellblock call` is told a second time, and takes its runner along', async () => {
    const child = start(folder, [CLI, 'call', 'hostile.spin', '--json']);
    const exit = once(child, 'exit');
    const pid = child.pid as number;
    const runners = await until(() => childrenOf(pid).filter(isBusy), 'a guest that spins in a runner');
    child.kill('SIGTERM');
    await until(() => (catchesTermination(pid) ? [] : [pid]), 'the first signal was heard'); // the handler is taken away by it
    const second = performance.now();
    child.kill('SIGTERM');
    expect(await exit).toEqual([null, 'SIGTERM']); // else the call would be cancelled after 2 s, with status 7
    await until(() => (runners.some(isAlive) ? [] : [pid]), 'its runner is gone');
    expect(performance.now() - second).toBeLessThan(4000); // promised within a second of the host's death
  });
});

/** Core code that writes 1,000 pairs of pointer and length behind the first 16 pages: each the first MiB. */
const SAME_MEBIBYTE = `(loop $pairs
  (i32.store offset=1048576 (i32.shl (local.get $i) (i32.const 3)) (i32.const 0))
  (i32.store offset=1048580 (i32.shl (local.get $i) (i32.const 3)) (i32.const 1048576))
  (br_if $pairs (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 1000))))`;

const CLI = fileURLToPath(new URL('../../dist/host/cli/main.js', import.meta.url));

/** A program that has ten calls in flight, of which two run, until it is told to stop. Then it drains. */
const TEN_CALLS = `
  import { openWarden } from ${JSON.stringify(new URL('../../dist/host/index.js', import.meta.url).href)};
  const isolation = process.argv[1];
  let open;
  const opened = new Promise((resolve) => { open = resolve; });
  let asked = 0;
  const again = async () => {
    asked += 1;
    if (asked === 2) console.log('in flight');
    await opened;
    return 0;
  };
  const name = 'test:threats/host@1.0.0';
  const capability = { kind: 'bridged', name: 'hold', interface: name, functions: { again } };
  const capabilities = [{ name: 'hold', summary: 'waits', interfaces: [name], capability }];
  const warden = await openWarden({ policy: 'held.yaml', cacheDirectory: false, threads: 2, isolation, capabilities });
  const request = () => warden.request({ agent: 'one', tool_name: 'calling.go', parameters: { depth: 1 } });
  const ten = Array.from({ length: 10 }, request);
  process.once('SIGTERM', async () => {
    const drained = warden.drain(20_000);
    const late = await request();
    open();
    const outcomes = await Promise.all(ten);
    await drained;
    const isolations = new Set(outcomes.map((outcome) => outcome.receipt.isolation));
    console.log(JSON.stringify({ values: outcomes.map(({ value }) => value), late: late.error?.code, isolation: [...isolations].join() }));
  });`;

function start(folder: string, args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, args, {
    cwd: folder,
    env: { ...process.env, CELLBLOCK_CACHE_DIR: join(folder, 'cache') },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  started.push(child);
  return child;
}

/** What a process writes, line by line. */
async function* linesOf({ stdout }: ChildProcess): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of stdout ?? []) {
    const lines = `${rest}${chunk}`.split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}

/** Looks at other processes until there is something: they have no events for us. */
async function until<T>(look: () => readonly T[], what: string): Promise<readonly T[]> {
  for (const began = performance.now(); performance.now() - began < 20_000; ) {
    const found = look();
    if (found.length > 0) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`not seen within 20 s: ${what}`);
}

/** Processes that another one started. */
function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => statOf(pid)[1] === String(parent));
}

/** Whether a process has used two seconds of processor time: more than a runner takes to start, so that its guest runs. */
function isBusy(pid: number): boolean {
  const fields = statOf(pid);
  return Number(fields[11]) + Number(fields[12]) > 200; // user and system time, hundredths of a second
}

/** Whether a process runs: one that waits to be collected does not. */
function isAlive(pid: number): boolean {
  return /^[^Z]/.test(statOf(pid)[0] ?? '');
}

/** Fields of a process's `stat` behind its name: state, parent and so on; none once it is gone. */
function statOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
  } catch {
    return [];
  }
}

/** Whether a process has a handler of its own for SIGTERM. */
function catchesTermination(pid: number): boolean {
  const mask = /^SigCgt:\s+([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0';
  return (BigInt(`0x${mask}`) & (1n << 14n)) !== 0n; // signal 15
}
