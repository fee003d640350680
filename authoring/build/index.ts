export { type BuiltTool, buildTool, digestOf } from './build-tool.ts';
export type { BuildContext, Compile, Compiled } from './compile.ts';
export { COMPILERS, missingCompiler } from './compilers.ts';
export { readKept, writeComponent } from './write-component.ts';
