import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ISOLATIONS } from '../../support/cells.ts';
import { hostileGuest } from '../../support/guests.ts';
import type { Look } from '../../torture/many-calls.mjs';

describe.each(ISOLATIONS)('three hundred thousand calls in a %s', (isolation) => {
  it('leave nothing behind', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cellblock-calls-'));
    writeFileSync(join(folder, 'guest.wasm'), await hostileGuest());
    const script = `
      import { readFileSync } from 'node:fs';
      import { manyCalls } from ${JSON.stringify(new URL('../../torture/many-calls.mjs', import.meta.url).href)};
      const bytes = new Uint8Array(readFileSync(${JSON.stringify(join(folder, 'guest.wasm'))}));
      const call = { function: 'add', params: [2, 40], expected: 42 };
      console.log(JSON.stringify(await manyCalls({ isolation: ${JSON.stringify(isolation)}, bytes, call, calls: 300_000, looks: 8 })));`;
    // A process of its own, which can collect its garbage before it looks.
    const node = ['--expose-gc', '--input-type=module', '-e', script];
    const { stdout, stderr } = spawnSync(process.execPath, node, { encoding: 'utf8', cwd: new URL('../../..', import.meta.url) });
    rmSync(folder, { recursive: true });
    expect(stderr).toBe('');
    const looks = JSON.parse(stdout) as readonly Look[];
    expect(new Set(looks.map(({ descriptors }) => descriptors)).size).toBe(1);
    expect(new Set(looks.map(({ threads }) => threads)).size).toBe(1);
    // A fifth of the calls warms up, since heaps of workers first grow to their usual size. Of the other 240,000, 300 bytes
    // kept of each would show. `npm run torture` measures to the megabyte in 100,000 calls.
    const [first, last] = [looks[0], looks.at(-1)];
    expect((last?.bytes ?? 0) - (first?.bytes ?? 0)).toBeLessThan(64 * 2 ** 20);
  }, 120_000);
});
