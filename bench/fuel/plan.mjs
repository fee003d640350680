// What the fuel benchmark measures: which jobs, in which modes, how often.
import { compileKernels } from './kernels.mjs';
import { ALL_OFF, BLOCK_COUNTER, MODELS, SWITCHED_OFF, WASM_METERING } from './modes.mjs';
import { checkPackages } from './packages.mjs';
import { WORKLOADS } from './workloads/index.mjs';

/** Jobs on which optimizations are switched off in turn: calls, loops, interpreters, a database, a codec, code from C and Rust. */
const SWITCHED_JOBS = ['fib', 'indirect-calls', 'interpreter', 'quickjs', 'sqljs', 'zstd'];

/**
 * Times are milliseconds for one process after its first run. `turns` is how many processes each job has in the models and
 * plain, `otherTurns` in any other mode.
 */
const DEFAULT_PACE = {
  turns: 3,
  otherTurns: 2,
  kernelMs: 150,
  workloadMs: 1500, // large programs take a second or two until V8 has compiled what is hot
  runsMin: 20,
  prepareMs: 600,
  compileMs: 150,
  switchedJobs: SWITCHED_JOBS,
};
const QUICK_PACE = {
  turns: 1,
  otherTurns: 1,
  kernelMs: 100,
  workloadMs: 150,
  runsMin: 2,
  prepareMs: 0,
  compileMs: 0,
  switchedJobs: ['fib', 'indirect-calls', 'quickjs'],
};

export function paceOf(quick) {
  return quick ? QUICK_PACE : DEFAULT_PACE;
}

/**
 * The jobs, kernels first.
 *
 * @param folder - where compiled kernels go. @param workloads - the folder with the packages; without it, only kernels.
 * @param kernels - a folder with kernels from outside. @param only - names of the jobs to keep.
 */
export async function jobsOf(folder, { workloads, kernels, only }) {
  const programs =
    workloads === undefined ? [] : WORKLOADS.map(({ name, kind, packages }) => ({ name, set: 'workload', kind, packages }));
  const jobs = [...(await compileKernels(folder, kernels)), ...programs];
  const chosen = jobs.filter(({ name }) => only === undefined || only.includes(name));
  const unknown = only?.find((name) => !jobs.some((job) => job.name === name));
  if (unknown !== undefined) throw new Error(`there is no job \`${unknown}\``);
  const clash = jobs.find(({ name }, at) => jobs.findIndex((job) => job.name === name) !== at);
  if (clash !== undefined) throw new Error(`two jobs have the name \`${clash.name}\``);
  checkPackages(workloads, chosen);
  return chosen;
}

/** The modes of a job in Node. @param peerMetering - whether wasm-metering is there. */
export function modesOf({ name, set }, { switchedJobs }, peerMetering) {
  const modes = [...MODELS];
  const switched = switchedJobs.includes(name);
  if (set !== 'workload' || switched) modes.push(BLOCK_COUNTER);
  if (peerMetering && (set === 'kernel' || set === 'worst')) modes.push(WASM_METERING);
  if (switched) modes.push(ALL_OFF, ...SWITCHED_OFF.keys());
  return modes;
}
