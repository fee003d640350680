import { moduleTypes } from './module-types.mjs';
import { regionProblems } from './region.mjs';
import { endOf, sha256 } from './replay.mjs';
import { CAPS, METERED, PLENTY, SIZES } from './sides.mjs';
import { standInImports } from './stand-ins.mjs';

/**
 * Runs one random module plain, traced and metered with several budgets, and compares.
 *
 * @param instrumentation - as from `loadInstrumentation`. @param tracer - a `Tracer`.
 * @param random - numbers from 0 up to 1, for the budgets.
 * @returns `{ problems, calls, returned, exhausted, ratios }`: differences as text, what was done, and for each returned call
 * how many times the exact count `region` took.
 */
export function fuzzModule(instrumentation, tracer, { bytes, calls }, random) {
  const one = new ModuleFuzz(instrumentation, tracer, bytes, calls);
  one.comparePaths();
  for (const way of METERED) one.compareBudgets(way, random);
  return one.found;
}

class ModuleFuzz {
  #instrumentation;
  #bytes;
  #calls;
  #types;
  #plain;
  #trace;
  /** By way of metering. */
  #compiled = new Map();
  found = { problems: [], calls: 0, returned: 0, exhausted: 0, ratios: [] };

  constructor(instrumentation, tracer, bytes, calls) {
    this.#instrumentation = instrumentation;
    this.#bytes = bytes;
    this.#calls = calls;
    this.#types = moduleTypes(bytes);
    const plain = this.#instance(new WebAssembly.Module(bytes));
    this.#plain = { ends: calls.map((call) => this.#end(plain, call)), memory: memoryOf(plain) };
    const traced = this.#instance(new WebAssembly.Module(tracer.build(bytes)));
    const last = new Map();
    tracer.countsOf(traced, last);
    this.#trace = calls.map((call) => ({ end: this.#end(traced, call), ...tracer.countsOf(traced, last) }));
    this.found.calls = calls.length;
    this.found.returned = this.#plain.ends.filter(({ thrown }) => thrown === undefined).length;
  }

  #instance(module) {
    return new WebAssembly.Instance(module, standInImports(this.#types));
  }

  /** A metered instance. @returns also its meter, with fuel for what it takes to start and `fuel` more. */
  #metered({ model, meter }, fuel) {
    const { instrument, createMeter } = this.#instrumentation;
    const key = `${model}/${meter}`;
    if (!this.#compiled.has(key)) {
      const instrumented = instrument(this.#bytes, { ...CAPS, model, meter });
      this.#compiled.set(key, { instrumented, module: new WebAssembly.Module(instrumented.bytes) });
    }
    const { instrumented, module } = this.#compiled.get(key);
    const budget = fuel === undefined ? PLENTY.fuel : fuel + BigInt(instrumented.startFuel);
    const meterOfCalls = createMeter({ ...SIZES, fuel: budget });
    return { instance: meterOfCalls.instantiate(instrumented, module, standInImports(this.#types)), meter: meterOfCalls };
  }

  #end(instance, { export: name, args }) {
    return endOf(instance.exports[name], this.#types.exports.get(name), args);
  }

  /** With enough fuel: the same ends as plain, the naive count in `exact`, and the bounds in `region`. */
  comparePaths() {
    for (const way of METERED) {
      const { instance, meter } = this.#metered(way);
      for (const [at, call] of this.#calls.entries()) {
        const before = meter.fuelUsed();
        const end = this.#end(instance, call);
        const plain = this.#plain.ends[at];
        if (wordsOf(end) !== wordsOf(plain)) this.#report(way, at, `${wordsOf(end)}, plain ${wordsOf(plain)}`);
        if (plain.thrown === undefined) this.#checkFuel(way, at, meter.fuelUsed() - before);
      }
      if (memoryOf(instance) !== this.#plain.memory) this.#report(way, 'end', 'another memory');
    }
  }

  #checkFuel(way, at, used) {
    const { exact } = this.#trace[at];
    if (way.model === 'exact') {
      if (used !== exact) this.#report(way, at, `fuel ${used}, by the naive count ${exact}`);
      return;
    }
    for (const text of regionProblems(used, this.#trace[at])) this.#report(way, at, text);
    if (way.meter === 'own') this.found.ratios.push(Number(used) / Number(exact));
  }

  /** One call of a fresh instance: exactly its fuel is enough, one less is not, and less still ends no other way. */
  compareBudgets(way, random) {
    const at = Math.floor(random() * this.#calls.length);
    const call = this.#calls[at];
    const whole = this.#metered(way);
    const before = whole.meter.fuelUsed();
    const wanted = wordsOf(this.#end(whole.instance, call));
    const fuel = whole.meter.fuelUsed() - before;
    const isReturn = !wanted.startsWith('thrown');
    if (!isReturn || fuel === 0n) return;
    const enough = this.#metered(way, fuel);
    const end = wordsOf(this.#end(enough.instance, call));
    if (end !== wanted || enough.meter.exhausted()) this.#report(way, at, `with its fuel of ${fuel}: ${end}`);
    if (enough.meter.fuelLeft !== 0n) this.#report(way, at, `with its fuel of ${fuel}, ${enough.meter.fuelLeft} are left`);
    for (const less of [fuel - 1n, BigInt(Math.floor(random() * Number(fuel)))]) this.#expectExhausted(way, at, less, wanted);
  }

  #expectExhausted(way, at, fuel, wanted) {
    const { instance, meter } = this.#metered(way, fuel);
    const end = wordsOf(this.#end(instance, this.#calls[at]));
    this.found.exhausted += 1;
    if (!meter.exhausted()) this.#report(way, at, `with a budget of ${fuel} not exhausted: ${end}`);
    else if (end !== 'thrown unreachable' && end !== wanted) this.#report(way, at, `with a budget of ${fuel}: ${end}`);
  }

  #report({ model, meter }, at, text) {
    const call = this.#calls[at];
    this.found.problems.push(`${model}/${meter} call ${at} ${call === undefined ? '' : `${call.export}(${call.args})`}: ${text}`);
  }
}

function wordsOf({ results, thrown }) {
  if (thrown === undefined) return `results ${results.join()}`;
  return `thrown ${thrown instanceof WebAssembly.Exception ? 'exception' : thrown.message}`;
}

function memoryOf({ exports }) {
  return sha256(exports.memory.buffer);
}
