import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Opcodes } from './opcodes.mjs';

/** The ways in which a module can be metered. */
export const METERED = ['region', 'exact'].flatMap((model) => ['own', 'shared'].map((meter) => ({ model, meter })));

/** For modules that grow at random; Wasmtime is given the same limits, see `record-wasmtime.py`. */
export const CAPS = { memoryPagesMax: 1024, tableElementsMax: 100_000 };
/** A meter that never refuses to grow, and one that never runs out of fuel either. */
export const SIZES = { pages: 65_536, elements: 2 ** 31 - 1 };
export const PLENTY = { ...SIZES, fuel: 2n ** 61n };
/** Sizes that no module of a suite passes, and V8 does not either. */
const WIDE_CAPS = { memoryPagesMax: 65_536, tableElementsMax: 10_000_000 };

/** @returns what a build of this project has for instrumentation, with its table of instructions. @param dist - its folder. */
export async function loadInstrumentation(dist) {
  const load = (file) => import(pathToFileURL(join(dist, 'runtime/instrument', file)).href);
  const { MNEMONICS } = await load('opcodes.js');
  return { ...(await load('index.js')), opcodes: new Opcodes(MNEMONICS) };
}

/** Modules as they are. */
export class PlainSide {
  name = 'plain';

  /** @throws what the engine throws for a module that is not valid. */
  check(bytes) {
    new WebAssembly.Module(bytes);
  }

  instantiate(bytes, imports) {
    return new WebAssembly.Instance(new WebAssembly.Module(bytes), imports);
  }

  fuelUsed() {
    return 0n;
  }
}

/** Instrumented modules: all under one meter, or each with counters of its own unless it links with another. */
export class MeteredSide {
  #instrument;
  #createMeter;
  #model;
  #own;
  #meters = [];
  /** The meter of each instance, by its exports. */
  #meterOf = new WeakMap();

  /** @param model - `region` or `exact`. @param meter - `own` or `shared`. */
  constructor({ instrument, createMeter }, { model, meter }) {
    this.name = `${model}/${meter}`;
    this.#instrument = instrument;
    this.#createMeter = createMeter;
    this.#model = model;
    this.#own = meter === 'own';
  }

  /** @throws what `instrument` throws. */
  check(bytes) {
    this.#instrument(bytes, { ...WIDE_CAPS, model: this.#model, meter: this.#own ? 'own' : 'shared' });
  }

  /** @throws what `instrument`, the engine or the start function throws. */
  instantiate(bytes, imports) {
    const known = this.#own ? this.#linked(bytes, imports) : this.#meters.at(-1);
    const meter = this.#own && known === undefined ? 'own' : 'shared';
    const instrumented = this.#instrument(bytes, { ...WIDE_CAPS, model: this.#model, meter });
    const compiled = new WebAssembly.Module(instrumented.bytes);
    try {
      return this.#start(known ?? this.#newMeter(), instrumented, compiled, imports);
    } catch (error) {
      // Initial sizes of all modules of a script add up under a shared meter; plain, they do not.
      if (error.code !== 'limit/memory') throw error;
      return this.#start(this.#newMeter(), instrumented, compiled, imports);
    }
  }

  #start(meter, instrumented, compiled, imports) {
    const instance = meter.instantiate(instrumented, compiled, imports);
    this.#meterOf.set(instance.exports, meter);
    return instance;
  }

  /** The meter of the first instance that a module imports from: modules that share tables or functions share their fuel. */
  #linked(bytes, imports) {
    if (!WebAssembly.validate(bytes)) return;
    const names = WebAssembly.Module.imports(new WebAssembly.Module(bytes)).map(({ module }) => module);
    return names.map((name) => this.#meterOf.get(imports[name] ?? {})).find((meter) => meter !== undefined);
  }

  #newMeter() {
    this.#meters.push(this.#createMeter(PLENTY));
    return this.#meters.at(-1);
  }

  /** Fuel that all modules so far have used. */
  fuelUsed() {
    return this.#meters.reduce((sum, meter) => sum + meter.fuelUsed(), 0n);
  }
}
