import { join, resolve, sep } from 'node:path';
import { z } from 'zod';
import { LANGUAGES, type Language } from './language.ts';
import { whyNoToolName } from './tool-name.ts';
import { readYamlFile } from './yaml-file.ts';

/** Name of the file that makes a folder a tool's. */
export const MANIFEST = 'tool.yaml';

const NO_MANIFEST_HELP = 'name the folder of a tool, or begin one: `cellblock new NAME --lang LANGUAGE`';

/** A tool's folder, as its `tool.yaml` describes it. Paths are absolute. */
export interface ToolProject {
  readonly folder: string;
  /** A label of WIT in lower case, such as `word-count`. */
  readonly name: string;
  readonly language: Language;
  /** Name of the world that the tool implements. */
  readonly world: string;
  /** Folder of the tool's WIT, with `deps/` for what it imports. */
  readonly wit: string;
  /** The file that a build writes. */
  readonly component: string;
}

const nameSchema = z.string().superRefine((name, context) => {
  const why = whyNoToolName(name);
  if (why !== undefined) context.addIssue({ code: 'custom', message: why });
});

/** A path inside the tool's folder: what is built must not write or read elsewhere. */
const pathSchema = z
  .string()
  .min(1)
  .refine((path) => isInside(path), 'lies outside of the folder; expected a relative path without `..`');

function isInside(path: string): boolean {
  const root = resolve(sep, 'tool');
  const found = resolve(root, path);
  return found.startsWith(root + sep) && !/^([a-z]:|[\\/])/i.test(path);
}

const manifestSchema = z.strictObject({
  version: z.literal(1),
  name: nameSchema,
  language: z.enum(LANGUAGES),
  world: z.string().min(1),
  wit: pathSchema.default('wit'),
  component: pathSchema.optional(),
});

/**
 * Reads the `tool.yaml` of a folder. What it names need not be there yet.
 *
 * @param folder - of the tool; relative to the working directory, or absolute.
 * @throws CodedError `usage/unreadable-file`; `author/invalid-file` with the lines that are wrong.
 */
export async function readProject(folder: string): Promise<ToolProject> {
  const root = resolve(folder);
  const { name, language, world, wit, component } = await readYamlFile(join(root, MANIFEST), manifestSchema, NO_MANIFEST_HELP);
  return { folder: root, name, language, world, wit: join(root, wit), component: join(root, component ?? `${name}.wasm`) };
}
