export type { BuildContext, Compile, Compiled } from './compile.ts';
export { COMPILERS } from './compilers.ts';
export { type Diagnostic, diagnosticText, doesNotCompile, fileInTool } from './diagnostic.ts';
export { type CompilerEnd, type CompilerRun, runCompiler } from './run-compiler.ts';
