import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findCompilers } from '../../authoring/build/javascript/packages.ts';
import { compileJavaScript } from '../../authoring/build/javascript.ts';
import { readProject } from '../../authoring/project/index.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const KEPT = join(ROOT, 'node_modules', '.cache', 'cellblock-test');

/** What a build writes, or what has no part in its bytes. */
const NO_SOURCE = /^(target|types|node_modules|cases)(\/|$)|\.(wasm|md)$|^component\.json$/;

/** Builds a tool in JavaScript, now. @param folder - its `tool.yaml`, sources and WIT are in it. */
export async function buildJavaScript(folder: string): Promise<Uint8Array> {
  const out = await mkdtemp(join(tmpdir(), 'cellblock-js-'));
  try {
    return (await compileJavaScript(await readProject(folder), out, {})).component;
  } finally {
    await rm(out, { recursive: true });
  }
}

/**
 * The component of a tool in JavaScript, built once for each state of its sources and compilers: a build takes seconds. Kept in
 * `node_modules/.cache`, by a digest of all that has a part in it.
 */
export async function builtJavaScript(folder: string): Promise<Uint8Array> {
  const path = join(KEPT, `${await digestOfSources(folder)}.wasm`);
  const kept = await readFile(path).catch(() => undefined);
  if (kept !== undefined) return kept;
  const component = await buildJavaScript(folder);
  await mkdir(KEPT, { recursive: true });
  const half = `${path}.${process.pid}`;
  await writeFile(half, component);
  await rename(half, path);
  return component;
}

async function digestOfSources(folder: string): Promise<string> {
  const hash = createHash('sha256');
  const { componentize, esbuild } = findCompilers(folder);
  hash.update(JSON.stringify([componentize.version, esbuild.version]));
  const compiler = join(ROOT, 'authoring', 'build', 'javascript');
  for (const [base, paths] of [
    [folder, await filesOf(folder)],
    [compiler, await filesOf(compiler)],
  ] as const) {
    for (const path of paths) {
      const bytes = await readFile(join(base, path));
      hash.update(`\n${path} ${bytes.length}\n`).update(bytes);
    }
  }
  return hash.digest('hex');
}

async function filesOf(folder: string): Promise<string[]> {
  const paths = await readdir(folder, { recursive: true, withFileTypes: true });
  return paths
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .filter((path) => !NO_SOURCE.test(path))
    .sort();
}
