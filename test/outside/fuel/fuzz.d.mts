import type { Instrumentation } from './replay-all.mjs';
import type { Tracer } from './trace.mjs';

/** What came of one random module. */
export interface Fuzzed {
  readonly problems: readonly string[];
  readonly calls: number;
  readonly returned: number;
  /** Calls with too little fuel. */
  readonly exhausted: number;
  /** `region` to `exact`, for each call that returned. */
  readonly ratios: readonly number[];
}

/** Runs one random module plain, traced and metered with several budgets, and compares. */
export function fuzzModule(
  instrumentation: Instrumentation,
  tracer: Tracer,
  module: {
    readonly bytes: Uint8Array;
    readonly calls: readonly { readonly export: string; readonly args: readonly string[] }[];
  },
  random: () => number,
): Fuzzed;
