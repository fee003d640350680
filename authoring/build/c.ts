import { CodedError } from '../../runtime/index.ts';
import type { Compile } from './compile.ts';

/** Compiles a tool that is written in C. */
export const compileC: Compile = async () => {
  throw new CodedError('author/no-compiler', 'tools in C cannot be built yet');
};
