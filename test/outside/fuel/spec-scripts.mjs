import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';

/**
 * Finds the scripts below a path: JSON files with their modules beside them, as `wast2json` and `wasm-tools
 * json-from-wast` write them; where there is none, `.wast` files, which the converter makes into such.
 *
 * @param converter - a command that is one of the two.
 * @returns `{ name, folder, commands }` each, and those that could not be read as `{ name, problem }`.
 */
export function* scriptsBelow(path, converter) {
  const root = statSync(path).isDirectory() ? path : dirname(path);
  const found = root === path ? filesBelow(path) : [path];
  const ready = found.filter((file) => file.endsWith('.json'));
  for (const file of ready) yield readScript(relative(root, file), file);
  if (ready.length > 0) return;
  for (const file of found.filter((one) => one.endsWith('.wast'))) yield* converted(relative(root, file), file, converter);
}

function filesBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** The folder lives until the next script is asked for. */
function* converted(name, file, converter) {
  const folder = mkdtempSync(join(tmpdir(), 'cellblock-spec-'));
  try {
    const out = join(folder, 'script.json');
    const args = basename(converter).startsWith('wast2json')
      ? ['--enable-all', file, '-o', out]
      : ['json-from-wast', '--wasm-dir', folder, '-o', out, file];
    const { status, error, stderr } = spawnSync(converter, args, { encoding: 'utf8' });
    if (error !== undefined) throw error;
    if (status === 0) yield readScript(name, out);
    else yield { name, problem: `${converter}: ${firstLine(stderr)}` };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function readScript(name, file) {
  const { commands } = JSON.parse(readFileSync(file, 'utf8'));
  return { name: name.replace(/\.(json|wast)$/, ''), folder: dirname(file), commands };
}

function firstLine(text) {
  return text.trim().split('\n')[0];
}
