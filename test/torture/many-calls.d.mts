import type { Isolation, WitValue } from 'cellblock/runtime';

export interface Look {
  readonly calls: number;
  readonly bytes: number;
  readonly descriptors: number;
  readonly threads: number;
}

export function manyCalls(options: {
  readonly isolation: Isolation;
  readonly bytes: Uint8Array;
  readonly call: { readonly function: string; readonly params: readonly WitValue[]; readonly expected: WitValue };
  readonly calls: number;
  readonly looks: number;
  readonly progress?: (look: Look) => void;
}): Promise<readonly Look[]>;

export function slopeBytes(looks: readonly Look[]): number;
