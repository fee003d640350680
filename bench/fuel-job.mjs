// One job of the fuel benchmark in one mode, in a process of its own: prints what it measured as JSON.
import { readFileSync } from 'node:fs';
import { clock, closeHost } from './fuel/closed-host.mjs';
import { hookWebAssembly } from './fuel/hook.mjs';
import { digestOf, keep, kept } from './fuel/prepared.mjs';
import { rounded } from './stats.mjs';

/** Runs of one process are no more than this, however short they are. */
const RUNS_MAX = 120;

/**
 * The task: `{job: {name, set, file}, mode, folder, workloads, peerMetering, warmMs, runsMin, collects}`. `folder` has the
 * prepared modules; with `collects`, the plain ones go there. `warmMs` is how long to go on after the first run.
 */
const task = JSON.parse(process.argv[2]);

/** From plain bytes to those of the mode: prepared ones, or, for modules that came up only now, made here. */
async function transform({ mode, folder, peerMetering, collects }) {
  if (mode === 'plain' && !collects) return (bytes) => bytes;
  if (collects) {
    return (bytes) => {
      keep(folder, digestOf(bytes), 'plain', bytes);
      return bytes;
    };
  }
  const { transformOf } = await import('./fuel/modes.mjs');
  const make = transformOf(mode, peerMetering);
  return (bytes) => kept(folder, digestOf(bytes), mode) ?? make(bytes.slice());
}

/** @returns a function that does the job once, and answers with the same text each time. */
async function loadJob({ name, set, file }, workloads) {
  if (set === 'workload') {
    const { packagesIn } = await import('./fuel/packages.mjs');
    const { WORKLOADS } = await import('./fuel/workloads/index.mjs');
    return WORKLOADS.find((job) => job.name === name).load(packagesIn(workloads));
  }
  const { instance } = await WebAssembly.instantiate(readFileSync(file), {});
  return () => String(instance.exports.run());
}

/** Times what is done, less the time that the transform took meanwhile. */
async function timed(ledger, work) {
  const before = ledger.transformMs;
  const began = clock();
  const value = await work();
  return { value, ms: clock() - began - (ledger.transformMs - before) };
}

async function measure({ job, mode, workloads, warmMs, runsMin }) {
  const ledger = hookWebAssembly(await transform(task), mode === 'wasm-metering');
  const { value: run, ms: loadMs } = await timed(ledger, () => loadJob(job, workloads));
  const compiledAhead = ledger.compileMs;
  const fuelBefore = ledger.fuelUsed();
  const first = await timed(ledger, run);
  const fuel = ledger.fuelUsed() - fuelBefore;
  const samples = [];
  for (let spent = 0; samples.length < runsMin || (spent < warmMs && samples.length < RUNS_MAX); ) {
    const { value, ms } = await timed(ledger, run);
    if (value !== first.value) throw new Error(`\`${job.name}\` gave two answers: \`${first.value}\` and \`${value}\``);
    samples.push(ms);
    spent += ms;
  }
  return {
    digest: first.value,
    ...(mode === 'plain' ? {} : { fuel: String(fuel) }),
    loadMs,
    compileMs: ledger.compileMs,
    firstMs: compiledAhead + first.ms,
    warmMs: rounded(samples),
    moduleBytes: ledger.modules,
  };
}

closeHost();
const sample = await measure(task);
// Some packages print, and some keep the process alive: the answer is the last line, and then it ends.
process.stdout.write(`\n${JSON.stringify(sample)}\n`, () => process.exit(0));
