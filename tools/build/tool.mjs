/** The sample tools, and how one becomes a component. */

import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { componentNew, componentWit } from '@bytecodealliance/jco-transpile/wasm-tools';
import { buildAssemblyScript } from './assemblyscript.mjs';
import { buildRust } from './rust.mjs';
import { appendCustomSection, docsBody, PACKAGE_DOCS, STANDARD_DOCS } from './sections.mjs';
import { pickDocs, readWitDocs } from './wit-docs.mjs';

/** The folder of the repository. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** By name: language, compile step, world, and the WIT files that say what it exports and imports. */
export const TOOLS = {
  redact: {
    language: 'Rust',
    compile: buildRust,
    world: 'redact-tool',
    wit: ['tools/redact/wit/redact.wit', 'wit/host/log.wit'],
  },
  'crash-summary': {
    language: 'AssemblyScript',
    compile: buildAssemblyScript,
    world: 'crash-summary-tool',
    wit: ['tools/crash-summary/wit/crash-summary.wit'],
  },
  'kubectl-plan': {
    language: 'AssemblyScript',
    compile: buildAssemblyScript,
    world: 'kubectl-plan-tool',
    wit: ['tools/kubectl-plan/wit/kubectl-plan.wit'],
  },
  'kube-restart': {
    language: 'Rust',
    compile: buildRust,
    world: 'kube-restart-tool',
    wit: ['tools/kube-restart/wit/kube-restart.wit', 'wit/host/http.wit'],
  },
};

/** @param {string} name @returns {string} path of the component that is kept beside the source. */
export function componentPath(name) {
  return join(ROOT, 'tools', name, `${name}.wasm`);
}

/** @param {Uint8Array} bytes @returns {string} `sha256:` and 64 hex digits. */
export function digestOf(bytes) {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/**
 * Builds one tool from its source. Compilers may leave a cache in the tool's `target/`; nothing else is written.
 *
 * @param {keyof TOOLS} name
 * @returns {Promise<{ component: Uint8Array, toolchain: Record<string, string> } | { missing: string }>}
 */
export async function buildTool(name) {
  const tool = TOOLS[name];
  const folder = join(ROOT, 'tools', name);
  const out = join(folder, 'target');
  await mkdir(out, { recursive: true });
  const built = await tool.compile({ root: ROOT, folder, out, name, world: tool.world });
  if ('missing' in built) return built;
  const component = await componentOf(built.core, tool);
  const jco = JSON.parse(await readFile(new URL('package.json', packageOf('@bytecodealliance/jco-transpile')), 'utf8'));
  return { component, toolchain: { ...built.toolchain, 'jco-transpile': jco.version } };
}

/** The folder of an installed package, from its main file in `dist/`. */
function packageOf(name) {
  return new URL('..', import.meta.resolve(name));
}

/**
 * @param {Uint8Array} core - a core module with its WIT embedded.
 * @param {{ world: string, wit: string[] }} tool - as in `TOOLS`.
 * @returns {Promise<Uint8Array>} its component, with the documentation of its WIT files.
 */
export async function componentOf(core, tool) {
  const component = await componentNew(core);
  const wit = await componentWit(component);
  const interfaces = new Set([...wit.matchAll(/^ {2}(?:import|export) ([^;\s]+);$/gm)].map((match) => match[1]));
  let result = component;
  for (const path of tool.wit) {
    const docs = pickDocs(readWitDocs(await readFile(join(ROOT, path), 'utf8')), interfaces, tool.world);
    const world = docs.worlds[tool.world];
    // The binary calls every world `root`.
    if (world !== undefined) result = appendCustomSection(result, STANDARD_DOCS, docsBody({ worlds: { root: world } }));
    result = appendCustomSection(result, PACKAGE_DOCS, docsBody(docs));
  }
  return result;
}
