import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { CodedError } from '../../runtime/index.ts';
import { packageRoot } from '../project/index.ts';

/** An installed npm package. */
export interface InstalledPackage {
  readonly folder: string;
  readonly version: string;
  /** Address of its module, for `import`. */
  readonly url: string;
}

const descriptionSchema = z.looseObject({
  version: z.string(),
  main: z.string().optional(),
  exports: z.looseObject({ import: z.string().optional() }).optional(),
});

/**
 * Finds a package as Node does: in the `node_modules` of a folder and of those above it; then in those of this package. So an
 * author can pin a version, and needs none of their own.
 *
 * @param folder - absolute.
 * @returns undefined where it is not installed.
 */
export function findPackage(name: string, folder: string): InstalledPackage | undefined {
  for (const start of [folder, packageRoot()]) {
    for (let at = start; ; at = dirname(at)) {
      const found = join(at, 'node_modules', name);
      if (existsSync(join(found, 'package.json'))) return describe(realpathSync(found));
      if (dirname(at) === at) break;
    }
  }
  return undefined;
}

/**
 * Finds a compiler that is a package of npm, as `findPackage`.
 *
 * @throws CodedError `author/no-compiler`.
 */
export function findNpmPackage(folder: string, name: string): InstalledPackage {
  const found = findPackage(name, folder);
  if (found !== undefined) return found;
  throw new CodedError('author/no-compiler', `the package \`${name}\` is not installed`, {
    help: `\`npm install --save-dev ${name}\` in the tool's folder, or in one above it`,
  });
}

function describe(folder: string): InstalledPackage {
  const { version, main, exports } = descriptionSchema.parse(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')));
  return { folder, version, url: pathToFileURL(join(folder, exports?.import ?? main ?? 'index.js')).href };
}
