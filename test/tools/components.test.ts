/** The sample components as they are kept: their digest, what they ask of the host, and what they say of themselves. */

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { componentWit } from '@bytecodealliance/jco-transpile/wasm-tools';
import { describe, expect, it } from 'vitest';
import type { PackageDocs } from '../../authoring/wit/index.ts';
import { readTool, TOOLS_FOLDER } from './callers.ts';

const BYTES_MAX = 120_000;
const EXPORTS = {
  redact: 'cellblock:samples/redact@0.1.0',
  'crash-summary': 'cellblock:samples/crash-summary@0.1.0',
  'kubectl-plan': 'cellblock:samples/kubectl-plan@0.1.0',
  'kube-restart': 'cellblock:samples/kube-restart@0.1.0',
};
const IMPORTS = {
  redact: ['cellblock:host/log@0.1.0'],
  'crash-summary': [],
  'kubectl-plan': [],
  'kube-restart': ['cellblock:host/http@0.1.0'],
};
const DOCS = [
  ['redact', 'cellblock:samples@0.1.0', 'redact', 'redact', 'Replaces what it finds'],
  ['redact', 'cellblock:host@0.1.0', 'log', 'write', 'Leaves one line.'],
  ['crash-summary', 'cellblock:samples@0.1.0', 'crash-summary', 'summarise', 'Summarises a log.'],
  ['kubectl-plan', 'cellblock:samples@0.1.0', 'kubectl-plan', 'plan', 'Plans one action.'],
  ['kube-restart', 'cellblock:samples@0.1.0', 'kube-restart', 'restart', 'Restarts one deployment.'],
  ['kube-restart', 'cellblock:host@0.1.0', 'http', 'send', 'Sends one request'],
] as const;

describe.each(['redact', 'crash-summary', 'kubectl-plan', 'kube-restart'] as const)('%s', (name) => {
  it('is the component that component.json names', async () => {
    const bytes = await readTool(name);
    const about = JSON.parse(await readFile(new URL(`${name}/component.json`, TOOLS_FOLDER), 'utf8'));
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    expect(about).toMatchObject({ name, digest, bytes: bytes.length, build: `node tools/build.mjs ${name}` });
    expect(bytes.length).toBeLessThan(BYTES_MAX);
  });

  it('imports what its world names and nothing else', async () => {
    const wit = await componentWit(await readTool(name));
    expect([...wit.matchAll(/^ {2}import ([^;]+);$/gm)].map((match) => match[1])).toEqual(IMPORTS[name]);
    expect([...wit.matchAll(/^ {2}export ([^;]+);$/gm)].map((match) => match[1])).toEqual([EXPORTS[name]]);
  });

  it('carries the documentation of its world where every reader of WIT finds it', async () => {
    expect(await componentWit(await readTool(name))).toMatch(/^\/\/\/ A tool that /m);
  });

  it('names no folder of the machine that built it', async () => {
    expect((await readTool(name)).toString('latin1')).not.toMatch(/\/(home|root|Users|tmp|usr|work)\//);
  });
});

it.each(DOCS)('%s carries the documentation of %s', async (name, id, label, func, text) => {
  const docs = packageDocsOf(await readTool(name)).find((found) => found.package === id);
  expect(docs?.interfaces[label]?.funcs[func]?.docs).toContain(text);
  expect(docs?.interfaces[label]?.docs).toMatch(/\w/);
  // No interface that the component does not have, such as the other ones of `cellblock:host`.
  expect(Object.keys(docs?.interfaces ?? {})).toEqual([label]);
});

describe('tools/build.mjs', () => {
  it.each(['crash-summary', 'kubectl-plan'])(
    'finds that the AssemblyScript source still yields the kept component: %s',
    async (name) => {
      const { code, stdout } = await build([name, '--check', '--require']);
      expect(stdout).toMatch(new RegExp(`^${name}: same (bytes|interface and answers)\\n$`));
      expect(code).toBe(0);
    },
    60_000,
  );

  it('skips a tool whose compiler is not there, unless it is required', async () => {
    const text =
      'no Rust compiler was found: install Rust from https://rustup.rs, then `rustup target add wasm32-unknown-unknown`\n';
    const env = { PATH: '' };
    expect(await build(['redact', '--check'], env)).toEqual({ code: 0, stdout: `redact: skipped: ${text}` });
    expect(await build(['redact', '--check', '--require'], env)).toEqual({ code: 1, stdout: `redact: missing: ${text}` });
  });

  it('refuses a tool that it does not know', async () => {
    expect(await build(['toString'])).toEqual({ code: 2, stdout: '' });
  });
});

async function build(args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
  const script = fileURLToPath(new URL('build.mjs', TOOLS_FOLDER));
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [script, ...args], { env });
    return { code: 0, stdout };
  } catch (error) {
    // `execFile` rejects with the exit code and the output so far.
    const { code, stdout } = error as { code: number; stdout: string };
    return { code, stdout };
  }
}

/** The bodies of all `cellblock:package-docs` sections. */
function packageDocsOf(component: Buffer): PackageDocs[] {
  const found: PackageDocs[] = [];
  for (let at = 8; at < component.length; ) {
    const id = component[at];
    const size = leb128(component, at + 1);
    const end = size.end + size.value;
    if (id === 0) {
      const length = leb128(component, size.end);
      const nameEnd = length.end + length.value;
      const isDocs = component.toString('utf8', length.end, nameEnd) === 'cellblock:package-docs';
      if (isDocs) found.push(JSON.parse(component.toString('utf8', nameEnd + 1, end)));
    }
    at = end;
  }
  return found;
}

function leb128(bytes: Uint8Array, start: number): { value: number; end: number } {
  let value = 0;
  for (let at = start, scale = 1; ; at++, scale *= 128) {
    const byte = bytes[at]!;
    value += (byte & 127) * scale;
    if (byte < 128) return { value, end: at + 1 };
  }
}
