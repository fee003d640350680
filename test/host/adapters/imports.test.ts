import { readdirSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/* Cellblock works without any of the SDKs: no adapter, and nothing that one loads, imports one at run time. */

const DIST = fileURLToPath(new URL('../../../dist/host/', import.meta.url));
const SDKS = /^(?:ai|openai|@ai-sdk\/.*|@anthropic-ai\/.*|@openai\/.*|@langchain\/.*)(?:\/|$)/;
/** The package: text to text, as it is written by us. */
const OF = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as Readonly<
  Record<
    'exports' | 'peerDependencies' | 'peerDependenciesMeta' | 'dependencies' | 'devDependencies',
    Readonly<Record<string, unknown>>
  >
>;

/** Everything that a built module loads, its own imports and theirs: packages by name. */
function packagesOf(entry: string): ReadonlySet<string> {
  const packages = new Set<string>();
  const seen = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    const text = readFileSync(file, 'utf8');
    for (const match of text.matchAll(/(?:^|\n)\s*(?:import|export)\b[^;'"]*?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/g)) {
      const name = match[1] ?? match[2] ?? '';
      if (name.startsWith('.')) visit(resolve(dirname(file), name));
      else packages.add(name);
    }
  };
  visit(entry);
  expect(seen.size).toBeGreaterThan(1);
  return packages;
}

const adapters = readdirSync(resolve(DIST, 'adapters')).filter((name) => name.endsWith('.js'));

describe('what adapters load', () => {
  it('is there for each export of the package', () => {
    const exported = Object.keys(OF.exports).filter((name) => name.startsWith('./adapters/'));
    expect(exported.map((name) => `${name.slice('./adapters/'.length)}.js`).filter((name) => !adapters.includes(name))).toEqual(
      [],
    );
    expect(exported).toHaveLength(5);
  });

  it.each(['ai', 'anthropic', 'openai', 'openai-agents', 'langchain'])('is no SDK: %s', (name) => {
    const sdks = [...packagesOf(resolve(DIST, `adapters/${name}.js`))].filter((loaded) => SDKS.test(loaded));
    expect(sdks).toEqual([]);
  });

  it('names every SDK, and every compiler, as an optional peer, at the version that is tested', () => {
    const peers = Object.keys(OF.peerDependencies);
    const sdks = ['@anthropic-ai/sdk', '@langchain/core', '@openai/agents', 'ai', 'openai'];
    const compilers = ['@bytecodealliance/componentize-js', 'assemblyscript', 'esbuild']; // of tool authors
    expect([...peers].sort()).toEqual([...sdks, ...compilers].sort());
    for (const peer of peers) {
      expect(OF.peerDependenciesMeta[peer]).toEqual({ optional: true });
      expect(OF.devDependencies).toHaveProperty([peer]);
      expect(OF.dependencies).not.toHaveProperty([peer]);
    }
  });
});
