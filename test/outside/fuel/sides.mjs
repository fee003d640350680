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

/** Instrumented modules: each with counters of its own, or all under one meter. */
export class MeteredSide {
  #instrument;
  #createMeter;
  #options;
  #meters = [];

  /** @param model - `region` or `exact`. @param meter - `own` or `shared`. */
  constructor({ instrument, createMeter }, { model, meter }) {
    this.name = `${model}/${meter}`;
    this.#instrument = instrument;
    this.#createMeter = createMeter;
    this.#options = { ...WIDE_CAPS, model, meter };
  }

  /** @throws what `instrument` throws. */
  check(bytes) {
    this.#instrument(bytes, this.#options);
  }

  /** @throws what `instrument`, the engine or the start function throws. */
  instantiate(bytes, imports) {
    const instrumented = this.#instrument(bytes, this.#options);
    const compiled = new WebAssembly.Module(instrumented.bytes);
    if (instrumented.meter === 'own' || this.#meters.length === 0) this.#renew();
    try {
      return this.#meters.at(-1).instantiate(instrumented, compiled, imports);
    } catch (error) {
      // Initial sizes of all modules of a script add up under a shared meter; plain, they do not.
      if (error.code !== 'limit/memory') throw error;
      this.#renew();
      return this.#meters.at(-1).instantiate(instrumented, compiled, imports);
    }
  }

  #renew() {
    this.#meters.push(this.#createMeter(PLENTY));
  }

  /** Fuel that all modules so far have used. */
  fuelUsed() {
    return this.#meters.reduce((sum, meter) => sum + meter.fuelUsed(), 0n);
  }
}
