// The two walls beside what they cannot be faster than: a bare round trip over a socket pair, and one between threads.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { ProcessRunner, Runtime } from 'cellblock/runtime';
import { bridgedBytes, invokeOk, prepareLoaded, subjects } from './components.mjs';
import { duration, median, ratio, rounded, summarise, table } from './stats.mjs';

const ECHO = fileURLToPath(new URL('./runner-echo.mjs', import.meta.url));

const THREADS = 2;

/** Host calls of one call of the guest that makes them. */
const HOST_CALLS = 1000;

/**
 * Measures, in turns: bare round trips; a warm call of `add`; a host call that does nothing, as the difference of a call with a
 * thousand of them and one without; and 64 calls in flight. Then what a runner takes to start and to keep.
 *
 * Round trips are measured where both sides share a core, and where each has one: waking a core that sleeps takes longer than all
 * else, and where the system puts threads changes from second to second.
 *
 * @returns `{latency: rows, throughput: rows, costs}`; samples are milliseconds.
 */
export async function measureRunners({ quick }) {
  const contenders = await openContenders();
  try {
    const rounds = quick ? 5 : 20;
    const latency = [];
    for (const placement of placements()) {
      const placed = contenders.filter(({ spins }) => !(spins && placement === 'one core'));
      place(placement, placed);
      latency.push(...(await takeTurns(placed, rounds, quick ? 100 : 250)).map((row) => ({ placement, ...row })));
    }
    place('anywhere', contenders);
    const throughput = [];
    for (const { name, many } of contenders)
      if (many !== undefined) throughput.push({ contender: name, ...(await inFlight(many, quick ? 4000 : 40_000)) });
    return { latency, throughput, costs: await startCosts(quick ? 3 : 10) };
  } finally {
    for (const { close } of contenders) await close();
  }
}

export function runnersTable({ latency, throughput, costs }) {
  const tables = [...new Set(latency.map(({ placement }) => placement))].map((placement) => latencyTable(latency, placement));
  return [
    ...tables,
    table(
      ['64 in flight', 'calls/s'],
      throughput.map(({ contender, callsPerSecond }) => [contender, Math.round(callsPerSecond)]),
    ),
    table(
      ['a runner process', 'median'],
      [
        ['start, to its first call ready', duration(median(costs.startMs))],
        ['first call of `add`: decode, prepare, compile, run', duration(median(costs.firstCallMs))],
        ['preparing redact there, compile alone', `${duration(median(costs.prepareMs))}, ${duration(median(costs.compileMs))}`],
        ['resident memory, idle', `${(median(costs.idleBytes) / 2 ** 20).toFixed(1)} MiB`],
        ['CPU time of an idle second', duration(median(costs.idleCpuMs))],
      ],
    ),
  ].join('\n\n');
}

function latencyTable(latency, placement) {
  const placed = latency.filter((row) => row.placement === placement);
  const p50 = (name) => placed.find(({ contender }) => contender === name).latencyMs.p50;
  const bare = { process: p50('socket pair, bare'), thread: p50('thread ping, bare') };
  const rows = placed.map(({ contender, wall, latencyMs }) => [
    contender,
    duration(latencyMs.p50),
    duration(latencyMs.p99),
    `${((latencyMs.p50 - bare[wall]) * 1000).toFixed(1)} us`,
    ratio(latencyMs.p50, bare[wall]),
  ]);
  return table([`one at a time, ${placement}`, 'p50', 'p99', 'over bare', 'over bare'], rows);
}

/** Where the two sides of a round trip run. Threads can be placed only by `taskset`, of Linux. */
function placements() {
  return canPlace() ? ['one core', 'two cores'] : ['anywhere'];
}

function canPlace() {
  return availableParallelism() >= 2 && spawnSync('taskset', ['-cp', '0-1', String(process.pid)]).status === 0;
}

/** Puts this process's main thread on the first core, and all workers on the same or the second. */
function place(placement, contenders) {
  if (!canPlace()) return;
  const here = placement === 'anywhere' ? '0-1' : '0';
  const there = { 'one core': '0', 'two cores': '1', anywhere: '0-1' }[placement];
  const pin = (cores, id, ...all) => execFileSync('taskset', [...all, '-cp', cores, String(id)], { stdio: 'ignore' });
  for (const thread of readdirSync('/proc/self/task')) pin(Number(thread) === process.pid ? here : there, thread);
  for (const { pids } of contenders) for (const pid of pids?.() ?? []) pin(there, pid, '-a');
}

async function openContenders() {
  const thread = new Runtime({ cacheDirectory: false, threads: THREADS });
  const process = new ProcessRunner({ cacheDirectory: false, threads: THREADS });
  return [
    await bareSocket({ name: 'socket pair, bare' }),
    await bareSocket({ name: 'socket pair, host spins', hostSpins: true, spins: true }),
    await bareSocket({ name: 'socket pair, both spin', hostSpins: true, workerSpins: true, spins: true }),
    await bareThread(),
    ...(await contendersOf('process', process)),
    ...(await contendersOf('thread', thread)),
  ];
}

async function contendersOf(wall, runner) {
  const [add] = await subjects();
  const { call, values } = await prepareLoaded(runner, add);
  const noop = { kind: 'bridged', name: 'noop', interface: 'bench:host/noop', functions: { noop: () => undefined } };
  const options = { function: 'go', capabilities: [noop], limits: { fuelMax: 2n ** 40n } };
  const bridged = await runner.prepare(await runner.load(await bridgedBytes()), options);
  const run = () => invokeOk(runner, call, values);
  const hostCalls = async () => {
    const began = performance.now();
    await invokeOk(runner, bridged, [HOST_CALLS]);
    const between = performance.now();
    await invokeOk(runner, bridged, [0]);
    return (2 * between - began - performance.now()) / HOST_CALLS;
  };
  return [
    { name: `${wall}, warm call of add`, wall, run, many: run, pids: () => runner.pids ?? [], close: () => runner.close() },
    { name: `${wall}, host call`, wall, sample: hostCalls, close: async () => undefined },
  ];
}

/**
 * A worker thread of another process that sleeps in a read, and answers what it gets.
 *
 * @param hostSpins - this side polls for the answer instead of sleeping. @param workerSpins - so does the worker, all the time.
 */
async function bareSocket({ name, hostSpins = false, workerSpins = false, spins = false }) {
  const mode = workerSpins ? 'spin' : 'process';
  const child = spawn(process.execPath, [ECHO, mode], { stdio: ['ignore', 'ignore', 'inherit', 'pipe'], env: {} });
  const socket = child.stdio[3];
  let answered;
  socket.on('data', () => {
    const resolve = answered;
    answered = undefined;
    resolve();
  });
  const message = Buffer.alloc(64);
  const spin = () => answered !== undefined && setImmediate(spin);
  const run = () =>
    new Promise((resolve) => {
      answered = resolve;
      socket.write(message);
      if (hostSpins) setImmediate(spin);
    });
  await run();
  const { pause, resume } = workerSpins ? signals(child) : {};
  const pids = () => [child.pid];
  return { name, wall: 'process', spins, run, pause, resume, pids, close: async () => child.kill('SIGKILL') };
}

/** A worker that spins would take a core from all others: it is stopped between its turns. */
function signals(child) {
  child.kill('SIGSTOP');
  return { pause: () => child.kill('SIGSTOP'), resume: () => child.kill('SIGCONT') };
}

/** A worker thread that asks and sleeps; the trusted side is woken by its event loop. */
async function bareThread() {
  const answers = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(ECHO, { argv: ['thread'], workerData: answers });
  let done;
  worker.on('message', (message) => {
    if (message.samples !== undefined) return done(message.samples);
    Atomics.add(answers, 0, 1);
    Atomics.notify(answers, 0);
  });
  const sample = async () => {
    const samples = await new Promise((resolve) => {
      done = resolve;
      worker.postMessage(HOST_CALLS);
    });
    return samples / HOST_CALLS;
  };
  return { name: 'thread ping, bare', wall: 'thread', sample, close: () => worker.terminate() };
}

/** Batch by batch, so that whatever else the machine does meets all alike. */
async function takeTurns(contenders, rounds, batch) {
  const results = contenders.map(({ name, wall }) => ({ contender: name, wall, samplesMs: [] }));
  for (let round = -3; round < rounds; round += 1) {
    for (const [at, { run, sample, pause, resume }] of contenders.entries()) {
      const samples = [];
      resume?.();
      if (sample !== undefined) samples.push(await sample());
      for (let left = sample === undefined ? batch : 0; left > 0; left -= 1) {
        const began = performance.now();
        await run();
        samples.push(performance.now() - began);
      }
      pause?.();
      if (round >= 0) results[at].samplesMs.push(...samples);
    }
  }
  return results.map(({ samplesMs, ...row }) => ({ ...row, latencyMs: summarise(samplesMs), samplesMs: rounded(samplesMs) }));
}

async function inFlight(run, calls) {
  let left = calls;
  const lane = async () => {
    while (left > 0) {
      left -= 1;
      await run();
    }
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: 64 }, lane));
  return { calls, callsPerSecond: (calls * 1000) / (performance.now() - began) };
}

async function startCosts(times) {
  const [add, , redact] = await subjects();
  const costs = { startMs: [], firstCallMs: [], prepareMs: [], compileMs: [], idleBytes: [], idleCpuMs: [] };
  for (let turn = 0; turn < times; turn += 1) {
    const began = performance.now();
    const runner = new ProcessRunner({ cacheDirectory: false, threads: THREADS });
    await runner.ready();
    costs.startMs.push(performance.now() - began);
    const called = performance.now();
    const { call, values } = await prepareLoaded(runner, add);
    await invokeOk(runner, call, values);
    costs.firstCallMs.push(performance.now() - called);
    const preparing = performance.now();
    const { call: prepared } = await prepareLoaded(runner, redact);
    costs.prepareMs.push(performance.now() - preparing);
    costs.compileMs.push(prepared.artifact.times.compileMs);
    const [pid] = runner.pids;
    const before = cpuMs(pid);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    costs.idleCpuMs.push(cpuMs(pid) - before);
    costs.idleBytes.push(residentBytes(pid));
    await runner.close();
  }
  return costs;
}

function residentBytes(pid) {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024;
}

/** User and system time; the kernel counts in hundredths of a second. */
function cpuMs(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
