/** The WIT of a checkout's `tests/codegen`: files, and folders that have WIT or a folder `wit`. */

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { worldsOf } from './wit-words.mjs';

/**
 * @param {string} root - `tests/codegen`.
 * @returns {{ name: string, wit: string, world?: string, text: string, why?: string }[]} a row for each world; `why`: there is none.
 */
export function codegenWorlds(root) {
  return readdirSync(root)
    .sort()
    .flatMap((name) => {
      const path = join(root, name);
      if (!statSync(path).isDirectory()) return name.endsWith('.wit') ? worldRows(name, path, [path], [path]) : [];
      const wit = existsSync(join(path, 'wit')) ? join(path, 'wit') : path;
      const all = readdirSync(wit, { recursive: true }).filter((file) => file.endsWith('.wit'));
      if (all.length === 0) return [{ name, wit, text: '', why: 'an empty folder: a git submodule that is not there' }];
      const own = all.filter((file) => !/[/\\]/.test(file)).map((file) => join(wit, file));
      return worldRows(
        name,
        wit,
        own,
        all.map((file) => join(wit, file)),
      );
    });
}

/** @param {string[]} own - files of the package. @param {string[]} all - and of those it uses. */
function worldRows(name, wit, own, all) {
  const worlds = own.flatMap((file) => worldsOf(readFileSync(file, 'utf8')));
  const text = all.map((file) => readFileSync(file, 'utf8')).join('\n');
  if (worlds.length === 0) return [{ name, wit, text, why: 'has no world' }];
  return worlds.map((world) => ({ name: worlds.length === 1 ? name : `${name}, ${world}`, wit, world, text }));
}
