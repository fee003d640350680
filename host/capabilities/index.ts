import type { z } from 'zod';
import { serves } from '../../runtime/index.ts';
import type { CapabilityEntry } from './capability.ts';
import { LOG } from './log.ts';

export * from './capability.ts';

/** Every capability that this host can grant. Embedding programs add their own through the library. */
export const BUILT_IN: readonly CapabilityEntry[] = [
  {
    name: 'log',
    summary: 'write log lines that come back with the outcome (at most 64 KiB a call)',
    capability: LOG,
    effect: 'none',
    interfaces: ['cellblock:host/log@0.1.0'],
  },
  {
    name: 'clock',
    summary: 'see the real time at 1 ms, instead of a fixed clock that only sleeping moves',
    capability: { kind: 'wasi', name: 'clock', setup: { clock: 'real' } },
    effect: 'none',
    interfaces: [],
    opens: ['wasi:clocks/'],
  },
  {
    name: 'random',
    summary: 'get secure random bytes, instead of ones that follow from the seed of the call',
    capability: { kind: 'wasi', name: 'random', setup: { random: 'secure' } },
    effect: 'none',
    interfaces: [],
    opens: ['wasi:random/'],
  },
];

/** Names that a policy may grant. */
export const KNOWN_GRANTS: ReadonlySet<string> = new Set(BUILT_IN.map((entry) => entry.name));

/** What a policy may say of capabilities beside their names, as `loadPolicy` takes it. */
export function scopeSchemasOf(entries: readonly CapabilityEntry[] = BUILT_IN): ReadonlyMap<string, z.ZodType> {
  return new Map(entries.flatMap(({ name, scope }) => (scope === undefined ? [] : [[name, scope] as const])));
}

/** The name to grant for an import, where there is one. */
export function grantFor(importName: string, entries: readonly CapabilityEntry[] = BUILT_IN): string | undefined {
  return entries.find((entry) => entry.interfaces.some((provided) => serves(provided, importName)))?.name;
}

/** The name of the capability that opens an interface which is there for everybody, closed; undefined where none does. */
export function openerOf(importName: string, entries: readonly CapabilityEntry[] = BUILT_IN): string | undefined {
  return entries.find(({ opens = [] }) => opens.some((prefix) => importName.startsWith(prefix)))?.name;
}
