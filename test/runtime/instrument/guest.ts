import loadWabt from 'wabt';
import {
  createMeter,
  type InstrumentedModule,
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

/** Both cost models, for tests that hold for each. */
export const MODELS = ['region', 'exact'] as const;

/** An export that takes and gives whatever the test knows. */
export type GuestFunction = (...args: unknown[]) => unknown;

export interface Guest {
  readonly exports: Readonly<Record<string, GuestFunction>>;
  readonly all: WebAssembly.Exports;
  readonly meter: Meter;
  readonly instrumented: InstrumentedModule;
  /** Fuel used since the module started. */
  used(): bigint;
  /** Fuel that one more call takes; it may end as it likes. */
  fuelOf(name: string, ...args: unknown[]): bigint;
}

/** The budget is for what comes after the start: what the module takes to start is added to it. */
interface Start extends Partial<MeterBudget>, InstrumentOptions {
  readonly imports?: WebAssembly.Imports;
  /** A meter that other modules have already, instead of a budget. */
  readonly under?: Meter;
}

/** Instruments and instantiates a module. */
export function start(source: string | Uint8Array, given: Start = {}): Guest {
  const { imports = {}, under, fuel = 10n ** 9n, pages = 64, elements = 1000, ...options } = given;
  const instrumented = instrument(typeof source === 'string' ? wat(source) : source, {
    ...(under === undefined ? {} : { meter: 'shared' }),
    ...options,
  });
  const meter =
    under ??
    createMeter({
      fuel: fuel + BigInt(instrumented.startFuel),
      pages: pages + instrumented.memoryPagesInitial,
      elements: elements + instrumented.tableElementsInitial,
    });
  const all = meter.instantiate(instrumented, compile(instrumented.bytes), imports).exports;
  const exports = all as Guest['exports']; // the tests call only functions
  const started = meter.fuelUsed();
  return {
    exports,
    all,
    meter,
    instrumented,
    used: () => meter.fuelUsed() - started,
    fuelOf(name, ...args) {
      const before = meter.fuelUsed();
      endOf(() => exports[name]?.(...args));
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

/** Instruments a module, which has to give a valid one: `instrument` itself leaves that to whoever compiles it. */
export function validInstrumented(bytes: Uint8Array, options: InstrumentOptions = {}): InstrumentedModule {
  const instrumented = instrument(bytes, options);
  compile(instrumented.bytes); // unlike `validate`, it says what is wrong
  return instrumented;
}

/** Compiles bytes that no other thread can change. */
export function compile(bytes: Uint8Array): WebAssembly.Module {
  return new WebAssembly.Module(new Uint8Array(bytes));
}
