import { isCoded } from '../../runtime/index.ts';
import type { Language } from '../project/index.ts';
import { findBindgen, findClang, noBindgen } from './c/toolchain.ts';
import type { Compile } from './compile.ts';
import { findCompilers } from './javascript/packages.ts';
import { findNpmPackage } from './npm-package.ts';
import { findRust } from './rust-toolchain.ts';

/** How each language is compiled; loaded when one is needed, since some bring a large compiler along. */
export const COMPILERS: Readonly<Record<Language, () => Promise<Compile>>> = {
  rust: async () => (await import('./rust.ts')).compileRust,
  assemblyscript: async () => (await import('./assemblyscript.ts')).compileAssemblyScript,
  javascript: async () => (await import('./javascript.ts')).compileJavaScript,
  c: async () => (await import('./c.ts')).compileC,
};

/** Each looks for what a language needs, from a tool's folder on, and throws `author/no-compiler` where it is not there. */
const SEARCHES: Readonly<Record<Language, (folder: string) => Promise<unknown>>> = {
  rust: findRust,
  assemblyscript: async (folder) => findNpmPackage(folder, 'assemblyscript'),
  javascript: async (folder) => findCompilers(folder),
  c: async () => {
    await findClang();
    if ((await findBindgen()) === undefined) throw noBindgen('');
  },
};

/**
 * Says what an author has to install before a tool can be built.
 *
 * @param folder - of the tool, absolute.
 * @returns how to, for people; undefined where nothing is missing, as far as can be told before a build.
 */
export async function missingCompiler(language: Language, folder: string): Promise<string | undefined> {
  try {
    await SEARCHES[language](folder);
    return undefined;
  } catch (error) {
    if (!isCoded(error) || error.code !== 'author/no-compiler') throw error;
    return `${error.message}: ${error.help ?? ''}`;
  }
}
