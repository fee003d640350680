export { LANGUAGE_TITLES, LANGUAGES, type Language, languageOf } from './language.ts';
export { readProject, type ToolProject } from './manifest.ts';
export { type NewTool, newTool } from './new-tool.ts';
export { packageRoot } from './package-root.ts';
export { whyNoToolName } from './tool-name.ts';
export { readYamlFile } from './yaml-file.ts';
