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
  exportsMax: 100_000,
  tablesMax: 100,
  /** Defined memories. */
  memoriesMax: 16,
  tagsMax: 1000,
  elementSegmentsMax: 10_000,
  /** Entries of all element segments together. */
  elementsMax: 1_000_000,
  /** V8's own limit is 100,000. */
  dataSegmentsMax: 50_000,
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
   * Locals times blocks, summed over all functions. V8's first compiler keeps a copy of every local's place for each
   * block: 50,000 locals and 10,000 blocks took it 13 s (26 ns for each pair), at the first call, deaf to fuel and
   * `terminate`.
   */
  localsTimesBlocksMax: 100_000_000,
} as const;

/** Checks one count against its limit. @throws CodedError `component/too-large`, `data: {limitName, limit, used}`. */
export function checkCount(limitName: keyof typeof MODULE_LIMITS, used: number, where = 'the module'): void {
  const limit = MODULE_LIMITS[limitName];
  if (used > limit) throw tooLarge(limitName, limit, used, where);
}
