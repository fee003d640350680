import { bareObject } from '../bare-object.ts';
import { CodedError } from '../error.ts';
import { type InstrumentedModule, instrument } from './instrument.ts';
import { METER_EXPORTS, METER_MEMORY, METER_NAMESPACE } from './names.ts';
import { checkCap } from './size-limits.ts';

/** Highest budget: sums of charges cannot wrap a 64-bit counter that starts here. */
const FUEL_CEILING = 2n ** 62n;

/** What one component instance may use. */
export interface MeterBudget {
  /** Units of the cost model that its modules were instrumented with; 0 to 2^62. */
  readonly fuel: bigint;
  /** 64 KiB pages of all memories together; 0 to 65,536. */
  readonly pages: number;
  /** Elements of all tables together; 0 to 2^31 - 1. */
  readonly elements: number;
}

/** What a module takes before its first instruction, and how it is metered; an `InstrumentedModule` is one. */
export type Reservation = Pick<
  InstrumentedModule,
  'meter' | 'memory' | 'startFuel' | 'starts' | 'memoryPagesInitial' | 'tableElementsInitial'
>;

/**
 * The host's side of instrumentation: counters that all core modules of one component instance share.
 *
 * Once `exhausted`, every later entry into the guest traps at its first check. The instance must not be used again.
 */
export interface Meter {
  /** Fuel not yet used; 0 when exhausted. */
  readonly fuelLeft: bigint;
  /**
   * Fuel used so far; never more than the budget. After a trap in a loop it may lack what that loop used, since the counter
   * was in a local.
   */
  fuelUsed(): bigint;
  /** 64 KiB pages that all memories have together. They never shrink, so it is their peak too. */
  pagesUsed(): number;
  /** True when the guest was charged more than its budget: the call ends as `limited`, whatever else happened. */
  exhausted(): boolean;
  /**
   * Charges work that the host does for the guest. Never throws for lack of fuel, since the guest could catch that.
   *
   * @returns false when the meter is exhausted: the caller then refuses the work.
   */
  charge(units: number | bigint): boolean;
  /**
   * Stops the guest for good, as if it were exhausted. For a host function that calls into the guest, catches its trap and
   * would let it go on: a trap in a loop loses what that loop used, so such a guest could work for nothing.
   */
  abandon(): void;
  /**
   * Instantiates a module under this meter: takes what it needs to start, links it to the counters, and runs its start
   * function. A module with counters of its own has to come first, and they become those of the meter.
   *
   * @param compiled - what the engine made of `module.bytes`. @param imports - the module's own imports. @param memory - of
   * `module.memory`, all 0 and of that size; by default a new one.
   * @throws CodedError `limit/fuel`, `limit/memory` or `limit/table`, with `data: {limit, used}`, before anything of it runs;
   * what the engine or the start function throws.
   */
  instantiate(
    module: Reservation,
    compiled: WebAssembly.Module,
    imports?: WebAssembly.Imports,
    memory?: WebAssembly.Memory,
  ): WebAssembly.Instance;
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
 * const instance = meter.instantiate(instrumented, new WebAssembly.Module(instrumented.bytes), imports);
 * // Call its exports; a trap with `meter.exhausted()` is the end of the fuel.
 * ```
 */
export function createMeter(budget: MeterBudget): Meter {
  checkBudget(budget);
  return new CounterMeter(budget);
}

/** The exports of the module that holds the counters. */
interface Counters {
  readonly fuel: WebAssembly.Global;
  readonly pages: WebAssembly.Global;
  readonly elements: WebAssembly.Global;
  readonly charge: (units: number) => number;
}

class CounterMeter implements Meter {
  readonly #budget: MeterBudget;
  #counters: Counters | undefined;
  /** Charged before there were counters. */
  #early = 0n;

  constructor(budget: MeterBudget) {
    this.#budget = budget;
  }

  get #left(): bigint {
    return this.#counters === undefined ? this.#budget.fuel - this.#early : (this.#counters.fuel.value as bigint); // an i64
  }

  get fuelLeft(): bigint {
    const left = this.#left;
    return left < 0n ? 0n : left;
  }

  fuelUsed(): bigint {
    return this.#budget.fuel - this.fuelLeft;
  }

  pagesUsed(): number {
    return this.#counters === undefined ? 0 : this.#budget.pages - (this.#counters.pages.value as number); // an i32
  }

  exhausted(): boolean {
    return this.#left < 0n;
  }

  charge(units: number | bigint): boolean {
    const charge = this.#counters?.charge;
    if (charge !== undefined && typeof units === 'number' && units >= 0 && units <= 0xffff_ffff && units === Math.trunc(units))
      return charge(units) !== 0;
    const amount = typeof units === 'bigint' ? units : BigInt(Number.isSafeInteger(units) ? units : -1);
    if (amount < 0n || amount > FUEL_CEILING) throw new CodedError('internal/invariant', 'a charge is an integer from 0 to 2^62');
    // From -1 on, further charges change nothing that anyone can see, and could wrap the counter.
    if (this.#left < 0n) return false;
    if (this.#counters === undefined) this.#early += amount;
    else this.#counters.fuel.value = this.#left - amount;
    return this.#left >= 0n;
  }

  abandon(): void {
    this.#early = this.#budget.fuel + 1n;
    if (this.#counters !== undefined) this.#counters.fuel.value = -1n;
  }

  instantiate(
    module: Reservation,
    compiled: WebAssembly.Module,
    imports: WebAssembly.Imports = {},
    memory?: WebAssembly.Memory,
  ): WebAssembly.Instance {
    const own = module.meter === 'own';
    if (own && this.#counters !== undefined)
      throw new CodedError('internal/invariant', 'a module with counters of its own must be the first of its meter');
    if (!own) this.#counters ??= this.#fill(sharedCounters());
    this.#reserve(module);
    const given = module.memory === undefined ? undefined : (memory ?? new WebAssembly.Memory(module.memory));
    const instance = new WebAssembly.Instance(compiled, this.#linked(imports, given));
    if (own) {
      const { memoryPagesInitial, tableElementsInitial } = module;
      this.#counters = this.#fill(countersOf(instance), memoryPagesInitial, tableElementsInitial);
    }
    if (module.starts) (instance.exports[METER_EXPORTS.start] as () => void)(); // exported by instrumentation
    return instance;
  }

  /** The imports without a prototype: the engine looks names up with the inherited ones, and a guest may import any name. */
  #linked(imports: WebAssembly.Imports, memory: WebAssembly.Memory | undefined): WebAssembly.Imports {
    const own = Object.assign(bareObject<WebAssembly.ModuleImports>(), imports);
    if (this.#counters === undefined && memory === undefined) return own;
    const { fuel, pages, elements }: Partial<Counters> = this.#counters ?? {};
    own[METER_NAMESPACE] = { fuel, pages, elements, [METER_MEMORY]: memory } as WebAssembly.ModuleImports; // what there is is all that it asks for
    return own;
  }

  /** Takes what a module needs to start. Nothing of it may run if that is too much. */
  #reserve({ startFuel, memoryPagesInitial, tableElementsInitial }: Reservation): void {
    const { pages, elements, fuel } = this.#budget;
    this.#take('memory', 'pages', memoryPagesInitial, pages);
    this.#take('table', 'elements', tableElementsInitial, elements);
    if (this.charge(startFuel)) return;
    throw new CodedError('limit/fuel', `the fuel of ${fuel} units is not enough to start the component`, {
      data: { limit: String(fuel), used: String(fuel) },
    });
  }

  #take(what: 'memory' | 'table', name: 'pages' | 'elements', amount: number, budget: number): void {
    const counter = this.#counters?.[name];
    const left = counter === undefined ? budget : (counter.value as number); // an i32
    checkCap(what, budget - left + amount, budget);
    if (counter !== undefined) counter.value = left - amount;
  }

  #fill(counters: Counters, pagesTaken = 0, elementsTaken = 0): Counters {
    counters.fuel.value = this.#budget.fuel - this.#early;
    counters.pages.value = this.#budget.pages - pagesTaken;
    counters.elements.value = this.#budget.elements - elementsTaken;
    return counters;
  }
}

function countersOf({ exports }: WebAssembly.Instance): Counters {
  const { fuel, pages, elements, charge } = METER_EXPORTS;
  const [first, second, third] = [fuel, pages, elements].map((name) => exports[name]);
  return { fuel: first, pages: second, elements: third, charge: exports[charge] } as unknown as Counters; // by instrumentation
}

const EMPTY_MODULE = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

let counterModule: WebAssembly.Module | undefined;

/** Counters for modules that share them: those of an empty module. */
function sharedCounters(): Counters {
  counterModule ??= new WebAssembly.Module(instrument(EMPTY_MODULE).bytes as Uint8Array<ArrayBuffer>); // made by us, not shared
  return countersOf(new WebAssembly.Instance(counterModule));
}

function checkBudget({ fuel, pages, elements }: MeterBudget): void {
  const whole = (value: number, max: number): boolean => Number.isInteger(value) && value >= 0 && value <= max;
  if (fuel >= 0n && fuel <= FUEL_CEILING && whole(pages, 65_536) && whole(elements, 0x7fff_ffff)) return;
  throw new CodedError('usage/invalid-argument', 'the fuel must be 0 to 2^62, the pages 0 to 65536, the elements 0 to 2^31 - 1');
}
