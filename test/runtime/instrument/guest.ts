import loadWabt from 'wabt';
import {
  createMeter,
  type InstrumentOptions,
  instrument,
  type Meter,
  type MeterBudget,
} from '../../../runtime/instrument/index.ts';

const wabt = await loadWabt();

const FEATURES = { exceptions: true, tail_call: true, extended_const: true, multi_memory: true, threads: true, memory64: true };

/** Core module from WebAssembly text, by wabt. `names` keeps the names of the text in a name section. */
export function wat(text: string, names = false): Uint8Array {
  const module = wabt.parseWat('guest.wat', text, FEATURES);
  try {
    return module.toBinary({ write_debug_names: names }).buffer;
  } finally {
    module.destroy();
  }
}

/** Text of a core module, by wabt; not checked for validity. */
export function toWat(bytes: Uint8Array): string {
  const module = wabt.readWasm(bytes, { ...FEATURES, readDebugNames: true });
  try {
    return module.toText({ foldExprs: false, inlineExport: false });
  } finally {
    module.destroy();
  }
}

/** An export that takes and gives whatever the test knows. */
export type GuestFunction = (...args: unknown[]) => unknown;

export interface Guest {
  readonly exports: Readonly<Record<string, GuestFunction>>;
  readonly all: WebAssembly.Exports;
  readonly meter: Meter;
  /** Fuel that one more call takes. */
  fuelOf(name: string, ...args: unknown[]): bigint;
}

interface Start extends Partial<MeterBudget> {
  readonly imports?: WebAssembly.Imports;
  readonly options?: InstrumentOptions;
  readonly meter?: Meter;
}

/** Instruments and instantiates a module without charging its start, so that tests count calls alone. */
export function start(source: string | Uint8Array, { imports = {}, options, ...given }: Start = {}): Guest {
  const meter =
    given.meter ?? createMeter({ fuel: given.fuel ?? 10n ** 9n, pages: given.pages ?? 64, elements: given.elements ?? 1000 });
  const { bytes } = instrument(typeof source === 'string' ? wat(source) : source, options);
  const instance = new WebAssembly.Instance(compile(bytes), { ...imports, ...meter.imports });
  const exports = instance.exports as Guest['exports']; // the tests call only functions
  return {
    exports,
    all: instance.exports,
    meter,
    fuelOf(name, ...args) {
      const before = meter.fuelUsed();
      exports[name]?.(...args);
      return meter.fuelUsed() - before;
    },
  };
}

/** The same module as it is. */
export function startPlain(source: string | Uint8Array, imports: WebAssembly.Imports = {}): Guest['exports'] {
  return new WebAssembly.Instance(compile(typeof source === 'string' ? wat(source) : source), imports)
    .exports as Guest['exports']; // as above
}

/** What a call ends with: its value, or the engine's words for the trap. */
export function endOf(work: () => unknown): string {
  try {
    return `value ${String(work())}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Compiles bytes that no other thread can change. */
export function compile(bytes: Uint8Array): WebAssembly.Module {
  return new WebAssembly.Module(new Uint8Array(bytes));
}
