import type { RuntimeTest } from './runtime-worlds.d.mts';

export function worldsWithoutGuest(test: RuntimeTest, guests?: string): string[];
export function layOver(
  folders: { readonly from: string; readonly to: string; readonly guests?: string },
  tests: readonly RuntimeTest[],
): Promise<void>;
