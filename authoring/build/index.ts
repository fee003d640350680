export { type BuiltTool, buildTool, digestOf } from './build-tool.ts';
export type { BuildContext, Compile, Compiled } from './compile.ts';
export { COMPILERS, missingCompiler } from './compilers.ts';
export { type Diagnostic, diagnosticText, doesNotCompile, fileInTool } from './diagnostic.ts';
export { findNpmPackage, type NpmPackage } from './npm-package.ts';
export { type CompilerEnd, type CompilerRun, runCompiler } from './run-compiler.ts';
export { readKept, writeComponent } from './write-component.ts';
