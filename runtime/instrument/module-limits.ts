import { tooLarge } from './faults.ts';

/**
 * What one core module may hold. Checked while its bytes are read, before anything is compiled, because compiling
 * cannot be interrupted. They bound the compiler's time and memory; they are *not* limits on what the guest does.
 */
export const MODULE_LIMITS = {
  /** The whole binary. The largest known tools, which embed a JavaScript engine, have about 15 MB. */
  moduleBytesMax: 64 * 1024 * 1024,
  /** Function types. Toolchains emit a few hundred. */
  typesMax: 20_000,
  /** Imports of all kinds. */
  importsMax: 10_000,
  /** Defined functions; a JavaScript engine has about 20,000. */
  functionsMax: 100_000,
  globalsMax: 20_000,
  /** V8's own limit is 100,000; instrumentation adds a few. */
  exportsMax: 90_000,
  tablesMax: 100,
  /** Defined memories. */
  memoriesMax: 16,
  tagsMax: 1000,
  elementSegmentsMax: 10_000,
  /** Entries of all element segments together. */
  elementsMax: 1_000_000,
  /** V8's own limit. Go's compiler emits one for each run of bytes that are not 0. */
  dataSegmentsMax: 100_000,
  /** One function's body, before and after instrumentation: V8's own limit. */
  functionBytesMax: 7_654_321,
  /** Locals of one function with its parameters: V8's own limit. */
  functionLocalsMax: 50_000,
  /** Declared locals of all functions together. */
  localsMax: 2_000_000,
  /** Blocks inside one another in one function; a `switch` with n cases nests n deep. */
  nestingMax: 20_000,
  /** Entries of all `br_table` instructions together. */
  branchTargetsMax: 4_000_000,
  /**
   * Locals and operands that the compiler's copies of its state hold, all blocks of all functions together; see
   * `compile-cost.ts`. About 10 ns each. The largest real module tried, of 3.5 MB, needs a tenth of it.
   */
  compileValuesMax: 60_000_000,
} as const;

/** Checks one count against its limit. @throws CodedError `component/too-large`, `data: {limitName, limit, used}`. */
export function checkCount(limitName: keyof typeof MODULE_LIMITS, used: number, where = 'the module'): void {
  const limit = MODULE_LIMITS[limitName];
  if (used > limit) throw tooLarge(limitName, limit, used, where);
}
