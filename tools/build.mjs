/**
 * Builds the sample tools: `node tools/build.mjs [redact|crash-summary|kubectl-plan|kube-restart|all] [--check] [--require]`.
 *
 * Writes `tools/NAME/NAME.wasm` and `tools/NAME/component.json`. With `--check` it writes neither, and exits 1 unless the
 * source still yields a component with the same interface, documentation and answers. A tool whose compiler is not
 * installed is skipped; with `--require` that is an error.
 */

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { compareComponents } from './build/check.mjs';
import { buildTool, componentPath, digestOf, ROOT, TOOLS } from './build/tool.mjs';

/** Builds or checks one tool; what it has to say, and whether all is well. */
async function handle(name, options) {
  const built = await buildTool(name);
  if ('missing' in built) return { ok: !options.require, text: `${options.require ? 'missing' : 'skipped'}: ${built.missing}` };
  return options.check ? check(name, built.component) : write(name, built);
}

async function write(name, { component, toolchain }) {
  const about = {
    name,
    digest: digestOf(component),
    bytes: component.length,
    language: TOOLS[name].language,
    toolchain,
    build: `node tools/build.mjs ${name}`,
  };
  await writeFile(componentPath(name), component);
  await writeFile(join(ROOT, 'tools', name, 'component.json'), `${JSON.stringify(about, null, 2)}\n`);
  return { ok: true, text: `${about.bytes} bytes, ${about.digest}` };
}

async function check(name, rebuilt) {
  const kept = await readFile(componentPath(name));
  const about = JSON.parse(await readFile(join(ROOT, 'tools', name, 'component.json'), 'utf8'));
  const differences = await compareComponents(name, kept, rebuilt);
  if (about.digest !== digestOf(kept)) differences.push('component.json has another digest');
  const same = digestOf(rebuilt) === about.digest ? 'same bytes' : 'same interface and answers';
  return differences.length === 0 ? { ok: true, text: same } : { ok: false, text: differences.join('; ') };
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { check: { type: 'boolean', default: false }, require: { type: 'boolean', default: false } },
});
const wanted = positionals.length === 0 || positionals.includes('all') ? Object.keys(TOOLS) : positionals;
const unknown = wanted.find((name) => !Object.hasOwn(TOOLS, name));
if (unknown !== undefined) {
  console.error(`unknown tool \`${unknown}\`: ${Object.keys(TOOLS).join(', ')}`);
  process.exitCode = 2;
} else {
  for (const name of wanted) {
    const { ok, text } = await handle(name, values);
    console.log(`${name}: ${text}`);
    if (!ok) process.exitCode = 1;
  }
}
