import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CodedError } from '../../runtime/index.ts';
import { packageRoot } from '../project/index.ts';

/** An installed package of npm. */
export interface NpmPackage {
  /** Absolute. */
  readonly folder: string;
  readonly version: string;
}

/**
 * Finds a compiler that is a package of npm: what the tool's folder or one above it has installed, else what this package has. So an
 * author can pin a version, and needs none of their own.
 *
 * @param folder - of the tool, absolute.
 * @throws CodedError `author/no-compiler`.
 */
export async function findNpmPackage(folder: string, name: string): Promise<NpmPackage> {
  for (const start of [folder, packageRoot()]) {
    for (let at = start; ; at = dirname(at)) {
      const found = await readPackage(join(at, 'node_modules', name));
      if (found !== undefined) return found;
      if (at === dirname(at)) break;
    }
  }
  throw new CodedError('author/no-compiler', `the package \`${name}\` is not installed`, {
    help: `\`npm install --save-dev ${name}\` in the tool's folder, or in one above it`,
  });
}

async function readPackage(folder: string): Promise<NpmPackage | undefined> {
  const text = await readFile(join(folder, 'package.json'), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const { version } = JSON.parse(text) as { readonly version?: string }; // what npm installed
  return { folder, version: version ?? 'unknown' };
}
