// What fuel costs: the same programs plain and metered, in processes that take turns, on one Node or several.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { nodeEngine, WASMTIME_MODES, wasmtimeEngine } from './fuel/engines.mjs';
import { MODELS, WASM_METERING } from './fuel/modes.mjs';
import { jobsOf, modesOf, paceOf } from './fuel/plan.mjs';
import { rounded } from './stats.mjs';

/**
 * Measures plain and metered runs of kernels and of workloads.
 *
 * @param quick - one turn and shorter ones. @param workloads, kernels, peerMetering - folders; see `--help`. @param wasmtime - a
 * Python with that package. @param nodes - Node binaries, by default the running one. @param jobs - names, by default all.
 * @returns `{pace, engines, jobs, failures, rewriting, compiling, samples}`, all raw; `fuel-report.mjs` makes tables and a plot of it.
 * @throws Error where a process fails, or where a metered program gives another answer than the plain one.
 */
export async function measureFuel({ quick, workloads, kernels, peerMetering, wasmtime, nodes = [process.execPath], jobs: only }) {
  const folder = mkdtempSync(join(tmpdir(), 'cellblock-bench-fuel-'));
  try {
    const pace = paceOf(quick);
    const places = { workloads: absolute(workloads), kernels: absolute(kernels), peerMetering: absolute(peerMetering), folder };
    const engines = nodes.map(nodeEngine);
    if (wasmtime !== undefined) engines.push(wasmtimeEngine(wasmtime));
    const bench = new FuelBench(engines, await jobsOf(folder, { ...places, only }), places, pace);
    bench.prepare();
    for (let turn = 0; turn < pace.turns; turn += 1) bench.turn(turn);
    return bench.results();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function absolute(folder) {
  return folder === undefined ? undefined : resolve(folder);
}

class FuelBench {
  #engines;
  #jobs;
  #places;
  #pace;
  /** By job: what the plain program answers. */
  #answers = new Map();
  #rewriting = [];
  #compiling = [];
  #samples = [];
  /** Of modes that cannot meter a job: `{job, mode, reason}`. */
  #failures = [];

  constructor(engines, jobs, places, pace) {
    this.#engines = engines;
    this.#jobs = jobs;
    this.#places = places;
    this.#pace = pace;
  }

  /** Runs each job once for its answer and its modules, and meters these in every mode. */
  prepare() {
    for (const job of this.#jobs) {
      progress(`prepare: ${job.name}`);
      const folder = mkdtempSync(join(this.#places.folder, `${job.name}-`));
      job.folder = folder;
      const { digest } = this.#run(this.#engines[0], job, 'plain', { collects: true, warmMs: 0, runsMin: 0 });
      this.#answers.set(job.name, digest);
      const digests = readdirSync(folder).map((file) => file.split('.')[0]);
      for (const engine of this.#engines.filter(({ kind }) => kind === 'node')) {
        this.#meter(engine, job, digests);
        if (job.set === 'workload') this.#compile(engine, job, digests);
      }
    }
  }

  #compile(engine, job, digests) {
    for (const whole of [false, true]) {
      const task = { digests, modes: MODELS, folder: job.folder, compileMs: this.#pace.compileMs };
      const rows = engine.compile(task, whole);
      this.#compiling.push(...rows.map((row) => ({ engine: engine.name, job: job.name, whole, ...row })));
    }
  }

  #meter(engine, job, digests) {
    const { peerMetering } = this.#places;
    const modes = this.#modes(job).filter((mode) => mode !== 'plain');
    const rows = engine.prepare({ digests, modes, folder: job.folder, peerMetering, warmMs: this.#pace.prepareMs });
    for (const row of rows) {
      const other = this.#rewriting.find(
        ({ job: name, module, mode }) => name === job.name && module === row.module && mode === row.mode,
      );
      if (other !== undefined && other.outDigest !== row.outDigest)
        throw new Error(`\`${row.mode}\` makes two modules of one of ${job.name}`);
      this.#rewriting.push({ engine: engine.name, job: job.name, ...row });
      if (row.failed !== undefined) this.#fail(job, row.mode, row.failed);
    }
  }

  /** A peer may fail; our own models may not. */
  #fail(job, mode, reason) {
    if (mode !== WASM_METERING) throw new Error(`\`${mode}\` cannot meter ${job.name}: ${reason}`);
    const known = this.#failures.some((failure) => failure.job === job.name && failure.mode === mode);
    if (!known) this.#failures.push({ job: job.name, mode, reason });
  }

  #modes(job) {
    return modesOf(job, this.#pace, this.#places.peerMetering !== undefined);
  }

  /** Each job in each mode on each engine once. Modes are neighbours in time, and begin with another one each turn. */
  turn(turn) {
    this.#jobs.forEach((job, at) => {
      progress(`turn ${turn + 1} of ${this.#pace.turns}, job ${at + 1} of ${this.#jobs.length}: ${job.name}`);
      for (const engine of this.#engines) {
        const modes = this.#modesOn(engine, job, turn);
        for (let place = 0; place < modes.length; place += 1)
          this.#measure(engine, job, modes[(place + turn) % modes.length], turn);
      }
    });
  }

  #modesOn({ kind }, job, turn) {
    const isOver = turn >= this.#pace.otherTurns;
    if (kind === 'wasmtime') return job.set === 'workload' || isOver ? [] : WASMTIME_MODES;
    const modes = isOver ? MODELS : this.#modes(job);
    return modes.filter((mode) => !this.#failures.some((failure) => failure.job === job.name && failure.mode === mode));
  }

  #measure(engine, job, mode, turn) {
    const { kernelMs, workloadMs, runsMin } = this.#pace;
    const sample = this.#run(engine, job, mode, { warmMs: job.set === 'workload' ? workloadMs : kernelMs, runsMin });
    const expected = this.#answers.get(job.name);
    if (sample.digest !== expected) {
      throw new Error(`${job.name} answers \`${sample.digest}\` as \`${mode}\` on ${engine.name}, and \`${expected}\` plain`);
    }
    const [loadMs, compileMs, firstMs] = rounded([sample.loadMs ?? 0, sample.compileMs, sample.firstMs]);
    this.#samples.push({ turn, engine: engine.name, job: job.name, mode, ...sample, loadMs, compileMs, firstMs });
  }

  #run(engine, job, mode, pace) {
    const { name, set, file, folder } = job;
    const { workloads, peerMetering } = this.#places;
    try {
      return engine.sample({ job: { name, set, file }, mode, folder, workloads, peerMetering, ...pace });
    } catch (error) {
      throw new Error(`${name} fails as \`${mode}\` on ${engine.name}: ${error.message}`);
    }
  }

  /** All that was measured, without the places of this machine. */
  results() {
    const { turns, otherTurns, kernelMs, workloadMs } = this.#pace;
    return {
      pace: { turns, otherTurns, kernelMs, workloadMs },
      engines: this.#engines.map(({ name, kind, versions }) => ({ name, kind, versions })),
      jobs: this.#jobs.map(({ name, set, kind, packages }) => ({
        name,
        set,
        kind,
        ...(packages === undefined ? {} : { packages }),
      })),
      failures: this.#failures,
      rewriting: this.#rewriting,
      compiling: this.#compiling,
      samples: this.#samples,
    };
  }
}

function progress(text) {
  console.error(`${new Date().toISOString().slice(11, 19)} ${text}`);
}
