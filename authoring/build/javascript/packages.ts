import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { CodedError } from '../../../runtime/index.ts';
import { packageRoot } from '../../project/package-root.ts';

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
 * Finds a package as Node does: in the `node_modules` of a folder and of those above it; then in those of this package.
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
 * The packages that compile JavaScript.
 *
 * @param folder - of the tool, absolute: what is installed there comes first.
 * @throws CodedError `author/no-compiler` with the command that installs what is missing.
 */
export function findCompilers(folder: string): { readonly componentize: InstalledPackage; readonly esbuild: InstalledPackage } {
  const componentize = findPackage('@bytecodealliance/componentize-js', folder);
  const esbuild = findPackage('esbuild', folder);
  if (componentize !== undefined && esbuild !== undefined) return { componentize, esbuild };
  const missing = componentize === undefined ? '@bytecodealliance/componentize-js' : 'esbuild';
  throw new CodedError('author/no-compiler', `\`${missing}\` is not installed, which compiles tools in JavaScript`, {
    help: "in the tool's folder: `npm install --save-dev @bytecodealliance/componentize-js@0.23 esbuild@0.28`",
  });
}

function describe(folder: string): InstalledPackage {
  const { version, main, exports } = descriptionSchema.parse(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')));
  return { folder, version, url: pathToFileURL(join(folder, exports?.import ?? main ?? 'index.js')).href };
}
