/** For tool authors: bindings, builds, checks, tests and profiles of tools. What the command line does, for programs. */

export { readYamlFile } from './project/yaml-file.ts';
export { componentEmbed, componentNew, printWat } from './wasm-tools.ts';
