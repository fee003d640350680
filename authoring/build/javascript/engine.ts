import { chmod, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../../project/package-root.ts';
import type { WitWorld } from '../../wit/index.ts';
import type { InstalledPackage } from '../npm-package.ts';
import { runCompiler } from '../run-compiler.ts';
import type { Feature } from './settings.ts';

/** What the engine made of a tool's module, or why it did not. */
export type EngineEnd = { readonly component: Uint8Array } | { readonly failure: string };

/** What `componentize-main` reads from its file. */
export interface EngineJob {
  /** Address of componentize-js. */
  readonly compiler: string;
  /** Where the component is written. */
  readonly out: string;
  readonly options: {
    readonly sourcePath: string;
    readonly witWorld: string;
    readonly worldName: string;
    readonly disableFeatures: readonly Feature[];
    readonly wizerBin?: string;
  };
}

/**
 * Puts a module into the JavaScript engine and reads it there. That happens in a process of its own, which writes what the module
 * writes to standard output, and which may change the clock that compilers see.
 *
 * @param folder - absolute; holds the module, and takes intermediate files.
 * @param path - of the module, relative to the folder.
 */
export async function runEngine(
  folder: string,
  path: string,
  world: WitWorld,
  disableFeatures: readonly Feature[],
  compiler: InstalledPackage,
): Promise<EngineEnd> {
  const root = await realpath(folder);
  const out = join(root, 'engine.wasm');
  await rm(out, { force: true });
  const job: EngineJob = {
    compiler: compiler.url,
    out,
    options: {
      sourcePath: join(root, path),
      witWorld: world.source.text,
      worldName: world.name,
      disableFeatures,
      ...(process.platform === 'win32' ? {} : { wizerBin: await writeInitializer(root) }),
    },
  };
  const jobPath = join(root, 'engine.json');
  await writeFile(jobPath, JSON.stringify(job));
  const { code, stderr } = await runCompiler(process.execPath, ['--no-warnings', mainOf('componentize-main'), jobPath], {
    folder: root,
  });
  return code === 0 ? { component: await readFile(out) } : { failure: stderr };
}

/** A program that takes the place of Wizer's. Its name is all that componentize-js takes, so Node and our file stand inside. */
async function writeInitializer(folder: string): Promise<string> {
  const path = join(folder, 'initialize.sh');
  const command = [process.execPath, '--no-warnings', mainOf('initialize-main')].map(
    (word) => `'${word.replaceAll("'", `'\\''`)}'`,
  );
  await writeFile(path, `#!/bin/sh\nexec ${command.join(' ')} "$@"\n`);
  await chmod(path, 0o700);
  return path;
}

/** @returns path of a program of this folder. Node runs what is built, also where this file itself is run from its source. */
function mainOf(name: string): string {
  return join(packageRoot(), 'dist', 'authoring', 'build', 'javascript', `${name}.js`);
}
