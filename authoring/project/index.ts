export { LANGUAGE_TITLES, LANGUAGES, type Language, languageOf } from './language.ts';
export { MANIFEST, readProject, type ToolProject } from './manifest.ts';
export { TOOL_NAME_CHARS_MAX, whyNoToolName } from './tool-name.ts';
export { readYamlFile } from './yaml-file.ts';
