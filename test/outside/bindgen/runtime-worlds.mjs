/** The runtime tests of a wit-bindgen checkout: folders with a `test.wit`, whose first comments say how they are composed. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/**
 * @typedef {object} RuntimeTest
 * @property {string} name - its folder below `tests/runtime`.
 * @property {string} folder - absolute.
 * @property {string} wit - what a reader of WIT is given: the folder where it has `deps`, else `test.wit`.
 * @property {string} runner - world of the component that asserts.
 * @property {string[]} dependencies - worlds of the components that it is composed with.
 * @property {string[]} rust - its Rust sources.
 */

/** @param {string} root - `tests/runtime`. @returns {RuntimeTest[]} by name. */
export function runtimeTests(root) {
  return readdirSync(root, { recursive: true })
    .filter((name) => name === 'test.wit' || /[/\\]test\.wit$/.test(name))
    .map((name) => runtimeTest(root, dirname(join(root, name))))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function runtimeTest(root, folder) {
  const config = configOf(readFileSync(join(folder, 'test.wit'), 'utf8'));
  return {
    name: relative(root, folder),
    folder,
    wit: existsSync(join(folder, 'deps')) ? folder : join(folder, 'test.wit'),
    runner: config.runner?.[0] ?? 'runner',
    dependencies: config.dependencies ?? ['test'],
    rust: readdirSync(folder).filter((name) => name.endsWith('.rs')),
  };
}

/** Its lines `//@ key = value` are TOML, of which only texts and lists of texts are used. */
function configOf(text) {
  const config = {};
  for (const line of text.split('\n')) {
    const [, key, value] = /^\/\/@\s*([\w-]+)\s*=\s*(.*)$/.exec(line) ?? [];
    if (key !== undefined) config[key] = [...value.matchAll(/["']([^"']*)["']/g)].map((match) => match[1]);
  }
  return config;
}

/** Sources of a world: their names begin with its name, as the harness finds them. */
export function sourcesOf({ runner, dependencies, rust }, world) {
  const worlds = [runner, ...dependencies];
  const ownerOf = (file) => worlds.find((one) => file.startsWith(one));
  return rust.filter((file) => ownerOf(file) === world);
}
