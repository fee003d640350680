import { CodedError } from '../../../runtime/index.ts';
import { findPackage, type InstalledPackage } from '../npm-package.ts';

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
