import type { OperatorTable } from './random-expressions.mjs';

/** A random module and calls of its exports. The same seed gives the same bytes. */
export function randomModule(
  table: OperatorTable,
  seed: number,
  options?: { readonly exceptions?: 'none' | 'exnref' | 'legacy'; readonly newer?: boolean },
): {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly calls: readonly { readonly export: string; readonly args: readonly string[] }[];
};
