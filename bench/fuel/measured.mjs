// What the raw data of the fuel benchmark say: ratios to the plain program, by engine, job and mode.
import { median } from '../stats.mjs';

const NONE = Number.NaN;

/**
 * The raw data, with ways to ask for ratios. NaN says that something was not measured.
 *
 * A time is the shortest of all turns: the programs are deterministic, so that whatever made a run longer was the machine, or
 * code not yet compiled. Plain and metered are treated alike.
 */
export class Measured {
  #results;
  #samples = new Map();

  constructor(results) {
    this.#results = results;
    for (const sample of results.samples) {
      const key = keyOf(sample.engine, sample.job, sample.mode);
      this.#samples.set(key, [...(this.#samples.get(key) ?? []), sample]);
    }
  }

  get engines() {
    return this.#results.engines;
  }

  /** Engines of one kind, `node` or `wasmtime`, by name. */
  enginesOf(kind) {
    return this.engines.filter((engine) => engine.kind === kind).map(({ name }) => name);
  }

  /** Jobs for which something holds. */
  jobs(isWanted = () => true) {
    return this.#results.jobs.filter(isWanted);
  }

  /** Modes that an engine ran for a job, in the order in which they were planned. */
  modes(engine) {
    return [
      ...new Set(this.#results.samples.filter((sample) => sample.engine === engine && sample.turn === 0).map(({ mode }) => mode)),
    ];
  }

  samples(engine, job, mode) {
    return this.#samples.get(keyOf(engine, job, mode)) ?? [];
  }

  /** Shortest run once warm, in milliseconds. @param turns - how many of the first turns count; by default all. */
  bestMs(engine, job, mode, turns = Number.POSITIVE_INFINITY) {
    const samples = this.samples(engine, job, mode).filter(({ turn }) => turn < turns);
    return least(samples.flatMap(({ warmMs }) => warmMs));
  }

  /** Warm runs, over plain ones of as many turns: more turns find shorter runs. */
  warm(engine, job, mode) {
    const turns = this.samples(engine, job, mode).length;
    return this.bestMs(engine, job, mode, turns) / this.bestMs(engine, job, 'plain', turns);
  }

  /** The same turn by turn, smallest and largest: what a ratio can be trusted to. */
  spread(engine, job, mode) {
    const ratios = this.samples(engine, job, mode).map(({ turn, warmMs }) => {
      const plain = this.samples(engine, job, 'plain').find((sample) => sample.turn === turn);
      return plain === undefined ? NONE : least(warmMs) / least(plain.warmMs);
    });
    return ratios.length === 0 ? [NONE, NONE] : [Math.min(...ratios), Math.max(...ratios)];
  }

  /** Compiling and the first run, over plain. */
  first(engine, job, mode) {
    return this.#least(engine, job, mode, 'firstMs') / this.#least(engine, job, 'plain', 'firstMs');
  }

  /** Compiling all modules of a job once, over plain. @param whole - every function at once; else as V8 does by itself. */
  compile(engine, job, mode, whole) {
    const rows = this.#results.compiling.filter((row) => row.engine === engine && row.job === job && row.whole === whole);
    const msOf = (wanted) => sum(rows.filter((row) => row.mode === wanted).map(({ ms }) => least(ms)));
    return rows.length === 0 ? NONE : msOf(mode) / msOf('plain');
  }

  #least(engine, job, mode, field) {
    return least(this.samples(engine, job, mode).map((sample) => sample[field]));
  }

  /** Bytes of code after rewriting, over before. */
  code(job, mode) {
    const rows = this.#modulesOf(job, mode);
    return sum(rows.map(({ outCodeBytes }) => outCodeBytes)) / sum(rows.map(({ codeBytes }) => codeBytes));
  }

  #modulesOf(job, mode) {
    return this.rewriting(this.enginesOf('node')[0], mode).filter((row) => row.job === job);
  }

  /** Modules that an engine rewrote in a mode, with times. */
  rewriting(engine, mode) {
    return this.#results.rewriting.filter((row) => row.engine === engine && row.mode === mode && row.failed === undefined);
  }

  /** All numbers of fuel that a job's first run took in a mode, over engines and turns; more than one is a disagreement. */
  fuel(engines, job, mode) {
    return new Set(engines.flatMap((engine) => this.samples(engine, job, mode).map(({ fuel }) => fuel)));
  }
}

function keyOf(engine, job, mode) {
  return `${engine}\n${job}\n${mode}`;
}

function least(values) {
  return values.length === 0 ? NONE : Math.min(...values);
}

function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}

/** The geometric mean; NaN for no ratios. */
export function geometricMean(ratios) {
  return Math.exp(sum(ratios.map(Math.log)) / ratios.length);
}

/**
 * Ratios in a few numbers.
 *
 * @returns `counted`, the geometric mean with ratios below 1 counted as 1, since metering makes nothing faster and noise must
 * not pay for cost elsewhere; `raw`, without that; `median`; `max`.
 */
export function summary(ratios) {
  return {
    counted: geometricMean(ratios.map((ratio) => Math.max(1, ratio))),
    raw: geometricMean(ratios),
    median: median(ratios),
    max: Math.max(...ratios),
  };
}
