import { createHash } from 'node:crypto';
import { callWithBits } from './exact-bits.mjs';
import { moduleTypes } from './module-types.mjs';
import { regionProblems } from './region.mjs';
import { sameResults } from './same-results.mjs';
import { CAPS, METERED, PLENTY } from './sides.mjs';
import { standInImports } from './stand-ins.mjs';

/**
 * Runs what Wasmtime recorded on V8, instrumented in every way and traced, and compares.
 *
 * @param instrumentation - `{ instrument, createMeter }`. @param tracer - a `Tracer`, or none.
 * @param module - `{ bytes, calls: [{ export, args, results, fuel } | { export, args, trap }], memory }`.
 * @returns `{ problems, fuel, executed, prices }`: differences as text; by model, for each call that returned, its fuel as bigint
 * (else undefined); how many calls that returned executed each opcode; and for each call what its path is worth in `region`.
 * @throws CodedError when the module is refused.
 */
export function replay(instrumentation, tracer, module, ways = METERED) {
  const run = new Replay(instrumentation, module);
  for (const way of ways) run.metered(way);
  if (tracer !== undefined) run.traced(tracer);
  return { problems: run.problems, fuel: run.fuel, executed: run.executed, prices: run.prices };
}

class Replay {
  problems = [];
  fuel = {};
  executed = new Map();
  /** By call, what the path that was taken costs at the prices of `region`; see `Tracer.countsOf`. */
  prices = [];
  #instrumentation;
  #module;
  #types;

  constructor(instrumentation, module) {
    this.#instrumentation = instrumentation;
    this.#module = module;
    this.#types = moduleTypes(module.bytes);
  }

  metered({ model, meter }) {
    const { instrument, createMeter } = this.#instrumentation;
    const { bytes, calls, memory } = this.#module;
    const instrumented = instrument(bytes, { ...CAPS, model, meter });
    const meterOfCalls = createMeter(PLENTY);
    const compiled = new WebAssembly.Module(instrumented.bytes);
    const instance = meterOfCalls.instantiate(instrumented, compiled, standInImports(this.#types));
    const name = `${model}/${meter}`;
    const used = calls.map((call, at) => {
      const before = meterOfCalls.fuelUsed();
      this.#call(name, instance, call, at);
      const fuel = meterOfCalls.fuelUsed() - before;
      if (call.trap !== undefined) return undefined;
      if (model === 'exact' && fuel !== BigInt(call.fuel)) this.#report(name, at, `fuel ${fuel}, under Wasmtime ${call.fuel}`);
      return fuel;
    });
    this.#checkSame(model, used);
    if (memory !== undefined && sha256(instance.exports[this.#types.memory].buffer) !== memory)
      this.problems.push(`${name}: another memory at the end`);
  }

  /** Checks Wasmtime's count by the naive one, and what `region` took by its bounds. */
  traced(tracer) {
    const module = new WebAssembly.Module(tracer.build(this.#module.bytes));
    const instance = new WebAssembly.Instance(module, standInImports(this.#types));
    const last = new Map();
    tracer.countsOf(instance, last);
    for (const [at, call] of this.#module.calls.entries()) {
      this.#call('traced', instance, call, at);
      const counts = tracer.countsOf(instance, last);
      this.prices.push(counts.region);
      if (call.trap !== undefined) continue;
      if (counts.exact !== BigInt(call.fuel)) this.#report('traced', at, `fuel ${counts.exact}, under Wasmtime ${call.fuel}`);
      const used = this.fuel.region?.[at];
      if (used !== undefined) for (const text of regionProblems(used, counts)) this.#report('region', at, text);
      for (const opcode of counts.executed.keys()) this.executed.set(opcode, (this.executed.get(opcode) ?? 0) + 1);
    }
  }

  #call(name, instance, call, at) {
    const signature = this.#types.exports.get(call.export);
    const { results, thrown } = endOf(instance.exports[call.export], signature, call.args);
    if (call.trap === undefined && thrown !== undefined) this.#report(name, at, `${thrown.message}; under Wasmtime it returned`);
    else if (call.trap !== undefined && thrown === undefined) this.#report(name, at, `returned; under Wasmtime ${call.trap}`);
    else if (thrown === undefined && !sameResults(signature.results, results, call.results))
      this.#report(name, at, `results ${results}, under Wasmtime ${call.results}`);
  }

  /** The same model counts the same, wherever its counters are. */
  #checkSame(model, used) {
    this.fuel[model] ??= used;
    const at = used.findIndex((one, index) => one !== this.fuel[model][index]);
    if (at >= 0) this.#report(model, at, `fuel ${used[at]} with a shared meter, ${this.fuel[model][at]} with its own`);
  }

  #report(name, at, text) {
    const call = this.#module.calls[at];
    this.problems.push(`${name} call ${at} ${call.export}(${call.args}): ${text}`);
  }
}

/** How a call with these bits ends: `{ results }` or `{ thrown }`. */
export function endOf(callee, signature, args) {
  try {
    return { results: callWithBits(callee, signature, args.map(BigInt)) };
  } catch (thrown) {
    return { thrown };
  }
}

export function sha256(buffer) {
  return createHash('sha256').update(new Uint8Array(buffer)).digest('hex');
}
