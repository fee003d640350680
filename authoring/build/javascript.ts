import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { appendDocs, readWorld } from '../wit/index.ts';
import type { Compile } from './compile.ts';
import { bundleSource } from './javascript/bundle.ts';
import { runEngine } from './javascript/engine.ts';
import { engineFailure } from './javascript/engine-failure.ts';
import { installPackages } from './javascript/install.ts';
import { findCompilers } from './javascript/packages.ts';
import { disabledFeatures, findEntry, readSettings } from './javascript/settings.ts';
import { checkTypes, writeTypes } from './javascript/types.ts';

/**
 * Compiles a tool that is written in JavaScript or TypeScript: `src/index.js` or `src/index.ts`, which exports what the world exports,
 * by componentize-js, that is with the JavaScript engine StarlingMonkey inside.
 *
 * Writes `types/`, and `node_modules/` where a package of the tool is not there.
 */
export const compileJavaScript: Compile = async (project, out, context) => {
  const settings = await readSettings(project.folder);
  const entry = findEntry(project.folder);
  const { componentize, esbuild } = findCompilers(project.folder);
  const world = await readWorld(project.wit, project.world);
  await installPackages(project, settings.dependencies, context);
  await writeTypes(project, world);
  const folder = join(out, 'javascript');
  await mkdir(folder, { recursive: true });
  const bundle = await bundleSource(project, world, entry, folder, esbuild);
  await checkTypes(project, context.onOutput); // after the bundler, which says of a syntax error only what it is
  const end = await runEngine(folder, bundle.path, world, disabledFeatures(settings), componentize);
  if ('failure' in end) throw engineFailure(project, world, entry, bundle, end.failure);
  return {
    component: appendDocs(end.component, world.docs, world.name),
    toolchain: { 'componentize-js': componentize.version, esbuild: esbuild.version },
  };
};
