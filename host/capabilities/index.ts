import { type Capability, serves } from '../../runtime/index.ts';
import { LOG } from './log.ts';

/** A capability as operators know it: the name that policies and `--grant` use, and what it lets a tool do. */
export interface CapabilityEntry {
  readonly name: string;
  /** One line for `inspect`, `--help` and refusals. */
  readonly summary: string;
  readonly capability: Capability;
  /** Interfaces that a component may then import, or that change behaviour; for showing what grants an import. */
  readonly interfaces: readonly string[];
  /**
   * `none`: using it changes nothing outside of the call. Then a call may begin before its intent is on the disk; its result still waits for
   * the trail. Without it, each call with this grant waits for its intent.
   */
  readonly effect?: 'none';
}

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
  },
  {
    name: 'random',
    summary: 'get secure random bytes, instead of ones that follow from the seed of the call',
    capability: { kind: 'wasi', name: 'random', setup: { random: 'secure' } },
    effect: 'none',
    interfaces: [],
  },
];

/** Names that a policy may grant. */
export const KNOWN_GRANTS: ReadonlySet<string> = new Set(BUILT_IN.map((entry) => entry.name));

/** The name to grant for an import, where there is one. */
export function grantFor(importName: string, entries: readonly CapabilityEntry[] = BUILT_IN): string | undefined {
  return entries.find((entry) => entry.interfaces.some((provided) => serves(provided, importName)))?.name;
}
