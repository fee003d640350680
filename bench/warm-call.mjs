// A warm call of a tiny function beside a task of a bare piscina pool: same process, same number of threads, in turns.
import { fileURLToPath } from 'node:url';
import { Runtime } from 'cellblock/runtime';
import { Piscina } from 'piscina';
import { invokeOk, prepare, subjects } from './components.mjs';
import { duration, ratio, rounded, summarise, table } from './stats.mjs';

const THREADS = 2;

/**
 * Measures latency and throughput at 1 and 16 calls in flight.
 *
 * The contenders take turns batch by batch, so that whatever else the machine does meets all of them alike. While one
 * runs the others are idle: their threads sleep.
 *
 * @returns rows of `{contender, inFlight, latencyMs: summary, callsPerSecond, samplesMs}`.
 */
export async function measureWarmCalls({ quick }) {
  const rounds = quick ? 10 : 40;
  const contenders = await openContenders();
  try {
    const rows = [];
    for (const inFlight of [1, 16]) {
      const batch = (quick ? 100 : 250) * (inFlight === 1 ? 1 : 4);
      rows.push(...(await takeTurns(contenders, inFlight, batch, rounds)));
    }
    return rows;
  } finally {
    for (const contender of contenders) await contender.close();
  }
}

export function warmCallTable(rows) {
  const base = (row) => rows.find((other) => other.inFlight === row.inFlight && other.contender === 'piscina no-op');
  return table(
    ['warm call', 'in flight', 'p50', 'p99', 'mean', 'p50 / no-op', 'calls/s', 'of no-op'],
    rows.map((row) => [
      row.contender,
      row.inFlight,
      duration(row.latencyMs.p50),
      duration(row.latencyMs.p99),
      duration(row.latencyMs.mean),
      ratio(row.latencyMs.p50, base(row).latencyMs.p50),
      Math.round(row.callsPerSecond),
      ratio(row.callsPerSecond, base(row).callsPerSecond),
    ]),
  );
}

async function openContenders() {
  const runtime = new Runtime({ cacheDirectory: false, threads: THREADS });
  const [add] = await subjects();
  const { call, values } = await prepare(runtime, add);
  return [
    { name: 'cellblock add', run: () => invokeOk(runtime, call, values), close: () => runtime.close() },
    noop('piscina no-op', {}),
    noop('piscina no-op, atomics off', { atomics: 'disabled' }),
  ];
}

function noop(name, options) {
  const filename = fileURLToPath(new URL('./noop-worker.mjs', import.meta.url));
  const pool = new Piscina({ filename, minThreads: THREADS, maxThreads: THREADS, ...options });
  return { name, run: () => pool.run(1), close: () => pool.destroy() };
}

async function takeTurns(contenders, inFlight, batch, rounds) {
  const results = contenders.map(({ name }) => ({ contender: name, inFlight, samplesMs: [], busyMs: 0 }));
  for (let round = -2; round < rounds; round += 1) {
    for (const [at, { run }] of contenders.entries()) {
      const began = performance.now();
      const samples = await runBatch(run, inFlight, batch);
      if (round < 0) continue; // the first rounds warm up threads and compiler
      results[at].busyMs += performance.now() - began;
      results[at].samplesMs.push(...samples);
    }
  }
  return results.map(({ samplesMs, busyMs, ...row }) => ({
    ...row,
    latencyMs: summarise(samplesMs),
    callsPerSecond: (samplesMs.length / busyMs) * 1000,
    samplesMs: rounded(samplesMs),
  }));
}

/** Keeps `inFlight` calls going until `batch` are done: a new one starts when one ends. */
async function runBatch(run, inFlight, batch) {
  const samples = [];
  let started = 0;
  const lane = async () => {
    while (started < batch) {
      started += 1;
      const began = performance.now();
      await run();
      samples.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  return samples;
}
