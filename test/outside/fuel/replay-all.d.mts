import type { COST_MODELS, createMeter, instrument } from '../../../runtime/instrument/index.ts';
import type { Opcodes } from './opcodes.mjs';
import type { RecordingEntry } from './recording.mjs';

/** What is compared with Wasmtime. */
export interface Instrumentation {
  readonly instrument: typeof instrument;
  readonly createMeter: typeof createMeter;
  readonly COST_MODELS: typeof COST_MODELS;
  readonly opcodes: Opcodes;
}

export interface ReplaySums {
  readonly modules: number;
  readonly calls: number;
  readonly returned: number;
  /** Modules that did not run, by reason. */
  readonly skipped: Readonly<Record<string, number>>;
  /** Calls that returned, by dense opcode that they executed. */
  readonly executed: ReadonlyMap<number, number>;
  readonly ratios: readonly { readonly exact: number; readonly toExact: number; readonly toPath: number }[];
  readonly problems: readonly string[];
}

/** Replays modules of recordings, instrumented in every way and traced. */
export function replayAll(instrumentation: Instrumentation, modules: readonly RecordingEntry[]): ReplaySums;
