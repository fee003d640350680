import type { z } from 'zod';
import { serves } from '../../runtime/index.ts';
import type { NamesInScope } from '../policy/index.ts';
import { APPROVE } from './approve.ts';
import type { CapabilityEntry } from './capability.ts';
import { CLOCK } from './clock.ts';
import { CONFIG } from './config.ts';
import { FILES } from './files/index.ts';
import { HTTP } from './http/index.ts';
import { KV } from './kv/index.ts';
import { LOG } from './log.ts';
import { PROGRESS } from './progress.ts';
import { RANDOM } from './random.ts';
import { SECRETS } from './secrets/index.ts';
import { TOOLS } from './tools.ts';

export * from './capability.ts';

/** Every capability that this host can grant. Embedding programs add their own through the library. */
export const BUILT_IN: readonly CapabilityEntry[] = [
  LOG,
  CLOCK,
  RANDOM,
  CONFIG,
  HTTP,
  FILES,
  KV,
  SECRETS,
  TOOLS,
  APPROVE,
  PROGRESS,
];

/** Names that a policy may grant. */
export const KNOWN_GRANTS: ReadonlySet<string> = new Set(BUILT_IN.map((entry) => entry.name));

/** What a policy may say of capabilities beside their names, as `loadPolicy` takes it. */
export function scopeSchemasOf(entries: readonly CapabilityEntry[] = BUILT_IN): ReadonlyMap<string, z.ZodType> {
  return new Map(entries.flatMap(({ name, scope }) => (scope === undefined ? [] : [[name, scope] as const])));
}

/** What scopes name that a policy must have, as `loadPolicy` takes it. */
export function namesInScopeOf(entries: readonly CapabilityEntry[] = BUILT_IN): NamesInScope {
  return (capability, scope) => entries.find(({ name }) => name === capability)?.names?.(scope) ?? {};
}

/** The name to grant for an import, where there is one. */
export function grantFor(importName: string, entries: readonly CapabilityEntry[] = BUILT_IN): string | undefined {
  return entries.find((entry) => entry.interfaces.some((provided) => serves(provided, importName)))?.name;
}

/** The name of the capability that opens an interface which is there for everybody, closed; undefined where none does. */
export function openerOf(importName: string, entries: readonly CapabilityEntry[] = BUILT_IN): string | undefined {
  return entries.find(({ opens = [] }) => opens.some((prefix) => importName.startsWith(prefix)))?.name;
}
