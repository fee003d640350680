/** For tool authors: bindings, builds, checks, tests and profiles of tools. What the command line does, for programs. */

export { generateAssemblyScript } from './bindgen/assemblyscript/index.ts';
export { type BuildContext, type BuiltTool, buildTool } from './build/index.ts';
export { type CaseReport, type CasesOptions, type CasesReport, type Coverage, type Difference, runCases } from './cases/index.ts';
export { type Checked, type CheckOptions, type CheckReport, type CheckStatus, checkTool } from './check/index.ts';
export { type ComponentizeOptions, componentize, withDocs } from './componentize.ts';
export * from './profile/index.ts';
export { type Language, type NewTool, newTool, readProject, readYamlFile, type ToolProject } from './project/index.ts';
export { componentEmbed, componentNew, printWat } from './wasm-tools.ts';
export { type PackageDocs, readWorld, type WitWorld } from './wit/index.ts';
