import { existsSync, readdirSync } from 'node:fs';
import { cp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Our guests: a folder for each test, in it `WORLD.ts` for each world. */
export const GUESTS = fileURLToPath(new URL('../../fixtures/bindgen-runtime', import.meta.url));

/** @param {import('./runtime-worlds.mjs').RuntimeTest} test @returns {string[]} its worlds for which there is no guest of ours. */
export function worldsWithoutGuest({ name, dependencies }, guests = GUESTS) {
  return dependencies.filter((world) => !existsSync(join(guests, name, `${world}.ts`)));
}

/**
 * Copies `tests/runtime` and puts our guests in the place of the suite's own, which leaves its runners.
 *
 * @param {{ from: string, to: string, guests?: string }} folders
 * @param {readonly import('./runtime-worlds.mjs').RuntimeTest[]} tests - those that get our guests.
 */
export async function layOver({ from, to, guests = GUESTS }, tests) {
  await rm(to, { recursive: true, force: true });
  await cp(from, to, { recursive: true });
  for (const test of tests) {
    const folder = join(to, test.name);
    for (const file of await readdir(folder)) {
      const isGuest = /\.(rs|ts)$/.test(file) && test.dependencies.some((world) => file.startsWith(world));
      if (isGuest) await rm(join(folder, file));
    }
    const own = join(guests, test.name);
    // The runner is ours only where the suite has none in Rust.
    const hasRunner = readdirSync(folder).some((file) => file.startsWith(test.runner) && file.endsWith('.rs'));
    await cp(own, folder, { recursive: true, filter: (file) => !(hasRunner && file === join(own, `${test.runner}.ts`)) });
  }
}
