/** The sample tools: every folder beside this one that has a `tool.yaml`. */

import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the repository. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** @returns {Promise<string[]>} names of the tools, sorted. */
export async function toolNames() {
  const folder = join(ROOT, 'tools');
  const names = [];
  for (const entry of (await readdir(folder)).sort()) {
    const has = await access(join(folder, entry, 'tool.yaml')).then(
      () => true,
      () => false,
    );
    if (has) names.push(entry);
  }
  return names;
}
