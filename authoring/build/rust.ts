import { CodedError } from '../../runtime/index.ts';
import type { Compile } from './compile.ts';

/** Compiles a tool that is written in Rust. */
export const compileRust: Compile = async () => {
  throw new CodedError('author/no-compiler', 'tools in Rust cannot be built yet');
};
