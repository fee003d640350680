import type { Language } from '../project/index.ts';
import type { Compile } from './compile.ts';

/** How each language is compiled; loaded when one is needed, since some bring a large compiler along. */
export const COMPILERS: Readonly<Record<Language, () => Promise<Compile>>> = {
  rust: async () => (await import('./rust.ts')).compileRust,
  assemblyscript: async () => (await import('./assemblyscript.ts')).compileAssemblyScript,
  javascript: async () => (await import('./javascript.ts')).compileJavaScript,
  c: async () => (await import('./c.ts')).compileC,
};
