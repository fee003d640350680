import { CallProfile, HOST_ROW, MODULE_STEP, type ProfileReport } from '../../../runtime/cell/call-profile.ts';
import type { CallHooks } from '../../../runtime/instrument/call-hooks.ts';
import {
  createMeter,
  type InstrumentedModule,
  type InstrumentOptions,
  instrument,
  METER_EXPORTS,
  type Meter,
  type MeterBudget,
} from '../../../runtime/instrument/index.ts';
import { compile, endOf, wat } from './guest.ts';

/** A module with hooked calls, tied to a profile, and ready to be called. */
export interface Hooked {
  readonly exports: WebAssembly.Exports;
  readonly meter: Meter;
  readonly instrumented: InstrumentedModule;
  /** Ends the profile. */
  report(): ProfileReport;
}

/** Instruments a module, hooks its calls and instantiates it, as a cell does. */
export function startHooked(
  source: string | Uint8Array,
  options: InstrumentOptions & { readonly imports?: WebAssembly.Imports; readonly budget?: MeterBudget } = {},
): Hooked {
  const { imports, budget = { fuel: 10n ** 9n, pages: 64, elements: 10_000 }, ...rest } = options;
  const bytes = typeof source === 'string' ? wat(source, true) : source;
  const instrumented = instrument(bytes, { model: 'exact', callHooks: true, ...rest });
  const meter = createMeter(budget);
  const profile = new CallProfile(budget.fuel);
  const exports = instantiateHooked(meter, instrumented, compile(instrumented.bytes), imports, profile, 0).exports;
  profile.phase('call', meter.fuelUsed());
  return { exports, meter, instrumented, report: () => profile.finish(meter.fuelUsed(), 0n) };
}

export function instantiateHooked(
  meter: Meter,
  instrumented: InstrumentedModule,
  compiled: WebAssembly.Module,
  imports: WebAssembly.Imports | undefined,
  profile: CallProfile,
  module: number,
): WebAssembly.Instance {
  const { starts } = instrumented;
  const instance = meter.instantiate({ ...instrumented, starts: false }, compiled, imports);
  profile.attach(module, instrumented.callHooks as CallHooks, instance); // asked for
  if (starts) (instance.exports[METER_EXPORTS.start] as () => void)(); // by instrumentation
  return instance;
}

/** Calls an export, whatever comes of it. @returns its value, or the engine's words for the trap. */
export function callHooked({ exports }: Hooked, name: string, ...args: unknown[]): string {
  return endOf(() => (exports[name] as (...values: unknown[]) => unknown)(...args)); // the test knows what it is
}

/** Rows of functions by index: own fuel, inclusive fuel and calls, as text. Rows of the host are left out. */
export function functionRows({ rows }: ProfileReport): Record<number, string> {
  const functions = rows.filter(({ row }) => row >= 0);
  return Object.fromEntries(
    functions.map(({ row, self, inclusive, calls }) => [row % MODULE_STEP, `${self} ${inclusive} ${calls}`]),
  );
}

/** What the rows' own fuel, and that of the tree's nodes, adds up to. */
export function sums({ rows, tree }: ProfileReport): { readonly rows: number; readonly tree: number } {
  return { rows: rows.reduce((sum, { self }) => sum + self, 0), tree: tree.self.reduce((sum, self) => sum + self, 0) };
}

export { HOST_ROW };
