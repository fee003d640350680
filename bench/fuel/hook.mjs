// Puts a transform between a program and WebAssembly, so that packages run metered without knowing it.
import { METER_EXPORTS } from '../../dist/runtime/instrument/names.js';
import { clock } from './closed-host.mjs';

const FUEL = 2n ** 52n;

/** A way for every form of bytes that WebAssembly takes. */
function bytesOf(source) {
  if (source instanceof Uint8Array) return source;
  return ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source);
}

/** What a hook saw. Times are milliseconds. */
class Ledger {
  /** In the transform, which a job's own times leave out. */
  transformMs = 0;
  compileMs = 0;
  /** Of modules that were compiled, in order. */
  modules = [];
  #counters = [];
  #peerFuel = 0;

  /** Fuel of all instances so far, in the units of their mode. */
  fuelUsed() {
    return this.#counters.reduce((sum, counter) => sum + FUEL - counter.value, BigInt(this.#peerFuel));
  }

  /** Fills the counters of a new instance and starts it. */
  adopt(instance) {
    const { fuel, pages, elements, start } = METER_EXPORTS;
    const { exports } = instance;
    if (exports[fuel] === undefined) return instance;
    exports[fuel].value = FUEL;
    if (exports[pages] !== undefined) exports[pages].value = 65_536;
    if (exports[elements] !== undefined) exports[elements].value = 10_000_000;
    this.#counters.push(exports[fuel]);
    exports[start]?.();
    return instance;
  }

  /** What wasm-metering imports, and the least that a host must do there. */
  peer() {
    return {
      usegas: (units) => {
        this.#peerFuel += units;
        if (this.#peerFuel > Number.MAX_SAFE_INTEGER) throw new Error('out of fuel');
      },
    };
  }
}

/**
 * Hooks `WebAssembly` of this process. Every module is compiled synchronously, whatever the program asked for, so that compile
 * times of all programs mean the same.
 *
 * @param transform - bytes to bytes. @param importsPeer - whether its modules import what wasm-metering does.
 * @returns the ledger.
 */
export function hookWebAssembly(transform, importsPeer = false) {
  void globalThis.fetch; // loads Node's own undici, which has a module too
  void globalThis.Response;
  const { Module, Instance } = WebAssembly;
  const ledger = new Ledger();
  const compile = (source) => {
    const began = clock();
    const bytes = transform(bytesOf(source));
    const transformed = clock();
    const module = new Module(bytes);
    ledger.transformMs += transformed - began;
    ledger.compileMs += clock() - transformed;
    ledger.modules.push(bytes.length);
    return module;
  };
  const link = importsPeer ? (imports) => ({ ...imports, metering: ledger.peer() }) : (imports) => imports;
  const instantiate = (module, imports) => ledger.adopt(new Instance(module, link(imports)));
  define(compile, instantiate, { Module, Instance });
  return ledger;
}

function define(compile, instantiate, { Module, Instance }) {
  const body = async (response) => (await response).arrayBuffer();
  const both = (source, imports) => {
    const module = compile(source);
    return { module, instance: instantiate(module, imports) };
  };
  const functions = {
    Module: new Proxy(Module, { construct: (_, [source]) => compile(source) }),
    Instance: new Proxy(Instance, { construct: (_, [module, imports]) => instantiate(module, imports) }),
    compile: async (source) => compile(source),
    instantiate: async (source, imports) => (source instanceof Module ? instantiate(source, imports) : both(source, imports)),
    compileStreaming: async (response) => compile(await body(response)),
    instantiateStreaming: async (response, imports) => both(await body(response), imports),
  };
  for (const [name, value] of Object.entries(functions)) {
    Object.defineProperty(WebAssembly, name, { value, writable: true, configurable: true });
  }
}
