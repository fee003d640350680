import { CodedError } from '../../runtime/index.ts';
import type { Compile } from './compile.ts';

/** Compiles a tool that is written in JavaScript. */
export const compileJavaScript: Compile = async () => {
  throw new CodedError('author/no-compiler', 'tools in JavaScript cannot be built yet');
};
