import { CodedError } from '../error.ts';
import { METER_NAMESPACE } from './names.ts';
import { checkCap } from './size-limits.ts';

/** Highest budget: sums of charges cannot wrap a 64-bit counter that starts here. */
const FUEL_CEILING = 2n ** 62n;

/** What one component instance may use. */
export interface MeterBudget {
  /** Units of `COST_MODEL`; 0 to 2^62. */
  readonly fuel: bigint;
  /** 64 KiB pages of all memories together; 0 to 65,536. */
  readonly pages: number;
  /** Elements of all tables together; 0 to 2^31 - 1. */
  readonly elements: number;
}

/** What a module takes before its first instruction; an `InstrumentedModule` is one. */
export interface Reservation {
  readonly startFuel: number;
  readonly memoryPagesInitial: number;
  readonly tableElementsInitial: number;
}

/**
 * The host's side of instrumentation: three counters that all core modules of one component instance share.
 *
 * Once `exhausted`, every later entry into the guest traps at its first block. The instance must not be used again.
 */
export interface Meter {
  /** To be spread into the import object of each module. */
  readonly imports: { readonly [METER_NAMESPACE]: Readonly<Record<'fuel' | 'pages' | 'elements', WebAssembly.Global>> };
  /** Fuel not yet used; 0 when exhausted. */
  readonly fuelLeft: bigint;
  /** Fuel used so far; never more than the budget. */
  fuelUsed(): bigint;
  /** True when the guest was charged more than its budget: the call ends as `limited`, whatever else happened. */
  exhausted(): boolean;
  /**
   * Charges work that the host does for the guest. Never throws for lack of fuel, since the guest could catch that.
   *
   * @returns false when the meter is exhausted: the caller then refuses the work.
   */
  charge(units: number | bigint): boolean;
  /**
   * Takes what a module needs to start. To be called before each instantiation.
   *
   * @throws CodedError `limit/fuel`, `limit/memory` or `limit/table`, with `data: {limit, used}`; nothing may run then.
   */
  reserve(module: Reservation): void;
}

/**
 * Makes the meter of one component instance.
 *
 * @throws CodedError `usage/invalid-argument` for a budget outside its range.
 * Thread: the one that instantiates the modules.
 *
 * ```ts
 * const instrumented = instrument(moduleBytes);
 * const meter = createMeter({ fuel: 1_000_000n, pages: 16, elements: 100 });
 * meter.reserve(instrumented);
 * const instance = new WebAssembly.Instance(new WebAssembly.Module(instrumented.bytes), { ...meter.imports });
 * // Call its exports; a trap with `meter.exhausted()` is the end of the fuel.
 * ```
 */
export function createMeter(budget: MeterBudget): Meter {
  checkBudget(budget);
  const fuel = new WebAssembly.Global({ value: 'i64', mutable: true }, budget.fuel);
  const pages = new WebAssembly.Global({ value: 'i32', mutable: true }, budget.pages);
  const elements = new WebAssembly.Global({ value: 'i32', mutable: true }, budget.elements);
  const left = (): bigint => fuel.value as bigint; // an i64 global
  const meter: Meter = {
    imports: { [METER_NAMESPACE]: { fuel, pages, elements } },
    get fuelLeft() {
      return left() < 0n ? 0n : left();
    },
    fuelUsed: () => budget.fuel - meter.fuelLeft,
    exhausted: () => left() < 0n,
    charge(units) {
      const amount = typeof units === 'bigint' ? units : BigInt(Number.isSafeInteger(units) ? units : -1);
      if (amount < 0n || amount > FUEL_CEILING)
        throw new CodedError('internal/invariant', 'a charge is an integer from 0 to 2^62');
      // From -1 on, further charges change nothing that anyone can see, and could wrap the counter.
      if (left() >= 0n) fuel.value = left() - amount;
      return left() >= 0n;
    },
    reserve(module) {
      take(pages, 'memory', module.memoryPagesInitial, budget.pages);
      take(elements, 'table', module.tableElementsInitial, budget.elements);
      if (meter.charge(module.startFuel)) return;
      throw new CodedError('limit/fuel', `the fuel of ${budget.fuel} units is not enough to start the component`, {
        data: { limit: String(budget.fuel), used: String(budget.fuel) },
      });
    },
  };
  return meter;
}

function take(counter: WebAssembly.Global, what: 'memory' | 'table', amount: number, budget: number): void {
  const left = counter.value as number; // an i32 global
  checkCap(what, budget - left + amount, budget);
  counter.value = left - amount;
}

function checkBudget({ fuel, pages, elements }: MeterBudget): void {
  const whole = (value: number, max: number): boolean => Number.isInteger(value) && value >= 0 && value <= max;
  if (fuel >= 0n && fuel <= FUEL_CEILING && whole(pages, 65_536) && whole(elements, 0x7fff_ffff)) return;
  throw new CodedError('usage/invalid-argument', 'the fuel must be 0 to 2^62, the pages 0 to 65536, the elements 0 to 2^31 - 1');
}
