import type { WitWorld } from '../../../authoring/index.ts';

export function compileGuest(options: {
  readonly world: WitWorld;
  readonly wit: string;
  readonly source?: string;
  readonly folder: string;
  readonly generate?: (world: WitWorld) => ReadonlyMap<string, string>;
  readonly optimize?: boolean;
}): Promise<Uint8Array>;
