import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CapabilityEntry, openWarden, type TrailRecord, verifyTrail, type Warden, type WardenOptions } from 'cellblock';
import type { HostFunction } from 'cellblock/runtime';
import { afterAll, beforeAll, expect } from 'vitest';
import { actingTool, askingTool, plainTool } from './warden-guests.ts';

/** The tools of `warden-guests.ts` as a policy has them, to be followed by `agents` and what else there is. */
export const TOOLS = `version: 1
tools:
  plain: { component: plain.wasm, functions: [take, work, echo, fail, send, deep, spin, panic], limits: { fuel: 100000000, timeout: 10s } }
  acting: { component: acting.wasm, functions: [act], grants: [effect] }
  asking: { component: asking.wasm, functions: [ask], grants: [deputy] }
`;

/** A folder for wardens: components and their cache are shared, each policy has a folder and a trail of its own. */
export interface Place {
  readonly folder: string;
  readonly cacheDirectory: string;
  /** Writes a policy into a new folder. @returns the folder. */
  site(policy: string): string;
  /** Writes the policy anew, in the same place. */
  rewrite(site: string, policy: string): void;
  /** Opens a warden; whatever is left open is closed after the tests of the file. */
  open(site: string, options?: Partial<WardenOptions>): Promise<Warden>;
}

export function usePlace(): Place {
  const folder = mkdtempSync(join(tmpdir(), 'cellblock-hostile-'));
  const components = new Map<string, Uint8Array>();
  const opened: Warden[] = [];
  let sites = 0;
  beforeAll(async () => {
    components.set('plain.wasm', await plainTool());
    components.set('acting.wasm', await actingTool());
    components.set('asking.wasm', await askingTool());
  });
  afterAll(async () => {
    await Promise.all(opened.map((warden) => warden.close().catch(() => undefined)));
    rmSync(folder, { recursive: true, force: true });
  });
  const cacheDirectory = join(folder, 'cache');
  return {
    folder,
    cacheDirectory,
    site(policy) {
      sites += 1;
      const site = join(folder, `site-${sites}`);
      mkdirSync(site, { mode: 0o700 });
      for (const [name, bytes] of components) writeFileSync(join(site, name), bytes);
      this.rewrite(site, policy);
      return site;
    },
    rewrite(site, policy) {
      writeFileSync(join(site, 'cellblock.yaml'), policy);
    },
    async open(site, options = {}) {
      const policy = join(site, 'cellblock.yaml');
      const warden = await openWarden({
        policy,
        cacheDirectory,
        isolation: 'thread',
        threads: 2,
        capabilities: hostFunctions({}),
        ...options,
      });
      opened.push(warden);
      return warden;
    },
  };
}

/** Capabilities that the two tools which need some import. */
export function hostFunctions(functions: {
  readonly act?: HostFunction;
  readonly ask?: HostFunction;
}): readonly CapabilityEntry[] {
  const { act = ([n]) => Number(n), ask = ([n]) => Number(n) } = functions;
  return [entry('effect', 'test:host/effect@1.0.0', { act }), entry('deputy', 'test:host/deputy@1.0.0', { ask })];
}

function entry(name: string, from: string, functions: Readonly<Record<string, HostFunction>>): CapabilityEntry {
  return { name, summary: name, interfaces: [from], capability: { kind: 'bridged', name, interface: from, functions } };
}

export type Read = TrailRecord & { readonly [field: string]: unknown };

/** All records of a site's trail, as they stand in its files. */
export function recordsOf(site: string): readonly Read[] {
  const trail = join(site, '.cellblock', 'trail');
  return readdirSync(trail)
    .sort()
    .flatMap((name) => readFileSync(join(trail, name), 'utf8').split('\n').slice(0, -1))
    .map((line) => JSON.parse(line) as Read);
}

/** Kinds of the records of one request, in their order. */
export function kindsOf(site: string, audit: string | undefined): readonly string[] {
  return recordsOf(site)
    .filter((record) => record.audit === audit)
    .map(({ kind }) => kind);
}

/** Each call begins at most once and ends exactly once; each request is decided once; the chain holds. */
export async function expectWholeTrail(site: string): Promise<void> {
  const counts = new Map<string, Record<string, number>>();
  for (const { kind, audit } of recordsOf(site)) {
    if (typeof audit !== 'string') continue;
    const count = counts.get(audit) ?? {};
    count[kind] = (count[kind] ?? 0) + 1;
    counts.set(audit, count);
  }
  for (const [audit, { requested, decided, intent = 0, outcome = 0 }] of counts) {
    expect({ audit, requested, decided }).toEqual({ audit, requested: 1, decided: 1 });
    expect({ audit, outcome }).toEqual({ audit, outcome: intent });
    expect(intent).toBeLessThanOrEqual(1);
  }
  expect(await verifyTrail(join(site, '.cellblock'))).toMatchObject({ ok: true });
}
