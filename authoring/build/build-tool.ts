import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { JCO_VERSION } from '../../runtime/index.ts';
import { readProject, type ToolProject } from '../project/index.ts';
import { readWorld } from '../wit/index.ts';
import type { BuildContext, Compiled } from './compile.ts';
import { COMPILERS } from './compilers.ts';

/** A tool, built. */
export interface BuiltTool extends Compiled {
  readonly project: ToolProject;
  /** `sha256:` and 64 hex digits. */
  readonly digest: string;
}

/** Where compilers keep intermediate files and caches, in the tool's folder. */
export const OUT = 'target';

/**
 * Builds the tool of a folder. Writes to `target/`, and what is generated from the WIT; the component is only returned.
 *
 * @param folder - with a `tool.yaml`.
 * @throws CodedError as `readProject`; `author/invalid-wit`; as `Compile`.
 */
export async function buildTool(folder: string, context: BuildContext = {}): Promise<BuiltTool> {
  const project = await readProject(folder);
  // A mistake in the WIT is told in the same words for each language, before a compiler tells it in its own.
  await readWorld(relative('', project.wit), project.world);
  const compile = await COMPILERS[project.language]();
  const out = join(project.folder, OUT);
  await mkdir(out, { recursive: true });
  const { component, toolchain } = await compile(project, out, context);
  return {
    project,
    component,
    digest: digestOf(component),
    toolchain: { ...toolchain, 'jco-transpile': JCO_VERSION.replace(/^.*\//, '') },
  };
}

/** @returns `sha256:` and 64 hex digits. */
export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
