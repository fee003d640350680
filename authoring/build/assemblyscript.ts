import { CodedError } from '../../runtime/index.ts';
import type { Compile } from './compile.ts';

/** Compiles a tool that is written in AssemblyScript. */
export const compileAssemblyScript: Compile = async () => {
  throw new CodedError('author/no-compiler', 'tools in AssemblyScript cannot be built yet');
};
