import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openWarden, type Warden } from 'cellblock';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ISOLATIONS } from '../support/cells.ts';
import { guest } from '../support/guests.ts';

/* A component that is replaced on disk while its calls run: each call is of one version, and its receipt says of which. */

/** Answers with its version, after some work. */
function versionGuest(version: number): Promise<Uint8Array> {
  return guest(
    `(module (memory (export "memory") 1)
      (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
      (func (export "version") (param $turns i32) (result i32)
        (loop $l (br_if $l (local.tee $turns (i32.sub (local.get $turns) (i32.const 1)))))
        (i32.const ${version})))`,
    'package test:version; world w { export version: func(turns: u32) -> u32; }',
  );
}

describe.each(ISOLATIONS)('in a %s', (isolation) => {
  const folder = mkdtempSync(join(tmpdir(), 'cellblock-replaced-'));
  const component = join(folder, 'tool.wasm');
  let warden: Warden;

  /** Puts a version in place at once, as a package manager does. */
  async function install(version: number): Promise<void> {
    writeFileSync(`${component}.new`, await versionGuest(version));
    renameSync(`${component}.new`, component);
  }

  beforeAll(async () => {
    await install(0);
    const policy = join(folder, 'policy.yaml');
    writeFileSync(
      policy,
      `version: 1
tools:
  tool:
    component: tool.wasm
    functions: [version]
    isolation: ${isolation}
    limits: { fuel: 1000000000 }
agents:
  a: { tools: [tool] }
`,
    );
    warden = await openWarden({ policy, threads: 2, cacheDirectory: false });
  });

  afterAll(async () => {
    await warden.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('each call sees one version, the old one runs to its end, and those that follow see the new one', async () => {
    const digests = new Map<unknown, Set<unknown>>();
    const calls: Promise<void>[] = [];
    let newest = 0;
    const ask = async (): Promise<void> => {
      const least = newest;
      const outcome = await warden.request({ agent: 'a', tool_name: 'tool', parameters: { turns: 300_000 } });
      expect(outcome).toMatchObject({ kind: 'ok' });
      expect(outcome.value).toBeGreaterThanOrEqual(least);
      const known = digests.get(outcome.value) ?? new Set();
      digests.set(outcome.value, known.add(outcome.receipt.digest));
    };
    for (let version = 1; version <= 4; version += 1) {
      for (let at = 0; at < 8; at += 1) calls.push(ask());
      await calls[calls.length - 8];
      await install(version);
      newest = version;
      calls.push(ask());
    }
    await Promise.all(calls);
    expect([...digests.keys()].sort()).toEqual([0, 1, 2, 3, 4]);
    for (const known of digests.values()) expect(known.size).toBe(1);
    expect(new Set([...digests.values()].flatMap((known) => [...known])).size).toBe(5);
  });
});
