/**
 * Builds the sample tools, by the code that builds the tools of authors: `node tools/build.mjs [NAME ...|all] [--check] [--require]`, after
 * `npm run build`.
 *
 * Writes `tools/NAME/NAME.wasm` and `tools/NAME/component.json`. With `--check` it writes neither, and exits 1 unless the
 * source still yields a component with the same interface, documentation and answers. A tool whose compiler is not
 * installed is skipped; with `--require` that is an error.
 */

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildTool, digestOf, readKept, writeComponent } from '../dist/authoring/build/index.js';
import { LANGUAGE_TITLES } from '../dist/authoring/project/index.js';
import { compareComponents } from './build/check.mjs';
import { ROOT, toolNames } from './build/tools.mjs';

const COMPONENT_JSON = 'component.json';

/** Builds or checks one tool; what it has to say, and whether all is well. */
async function handle(name, options) {
  try {
    const built = await buildTool(join(ROOT, 'tools', name), { locked: true });
    return options.check ? await check(name, built) : await write(name, built);
  } catch (error) {
    if (error.code !== 'author/no-compiler') throw error;
    return { ok: !options.require, text: `${options.require ? 'missing' : 'skipped'}: ${error.message}: ${error.help}` };
  }
}

async function write(name, { project, component, digest, toolchain }) {
  const about = {
    name,
    digest,
    bytes: component.length,
    language: LANGUAGE_TITLES[project.language],
    toolchain,
    build: `node tools/build.mjs ${name}`,
  };
  await writeComponent(project.component, component);
  await writeFile(join(project.folder, COMPONENT_JSON), `${JSON.stringify(about, null, 2)}\n`);
  return { ok: true, text: `${about.bytes} bytes, ${about.digest}` };
}

async function check(name, { project, component, digest }) {
  const about = JSON.parse(await readFile(join(project.folder, COMPONENT_JSON), 'utf8'));
  if (about.digest === digest) return { ok: true, text: 'same bytes' };
  const kept = await readKept(project.component);
  // Large components are not kept in the repository: their digest is all that there is to compare with.
  if (kept === undefined)
    return { ok: false, text: 'other bytes than those of component.json, and no component to compare with' };
  const differences = await compareComponents(name, kept, component);
  if (about.digest !== digestOf(kept)) differences.push('component.json has another digest');
  return differences.length === 0
    ? { ok: true, text: 'same interface and answers' }
    : { ok: false, text: differences.join('; ') };
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { check: { type: 'boolean', default: false }, require: { type: 'boolean', default: false } },
});
const known = await toolNames();
const wanted = positionals.length === 0 || positionals.includes('all') ? known : positionals;
const unknown = wanted.find((name) => !known.includes(name));
if (unknown !== undefined) {
  console.error(`unknown tool \`${unknown}\`: ${known.join(', ')}`);
  process.exitCode = 2;
} else {
  for (const name of wanted) {
    const { ok, text } = await handle(name, values);
    console.log(`${name}: ${text}`);
    if (!ok) process.exitCode = 1;
  }
}
