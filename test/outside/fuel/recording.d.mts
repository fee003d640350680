import type { Opcodes } from './opcodes.mjs';

/** A call, and what Wasmtime made of it. Bits are decimal strings. */
export type RecordedCall = { readonly export: string; readonly args: readonly string[] } & (
  | { readonly results: readonly string[]; readonly fuel: number }
  | { readonly trap: string }
);

export interface RecordedModule {
  readonly bytes: Uint8Array;
  readonly calls: readonly RecordedCall[];
  /** SHA-256 of the exported memory after all calls. */
  readonly memory?: string;
}

/** A module of a recording. `load` throws Error where the generator no longer makes the same bytes. */
export interface RecordingEntry {
  readonly name: string;
  readonly load: () => RecordedModule;
}

/** Reads a recording that `test/outside/fuel-reference.mjs record` wrote. */
export function readRecording(
  file: string,
  opcodes: Opcodes,
): { readonly wasmtime: string; readonly modules: readonly RecordingEntry[] };
