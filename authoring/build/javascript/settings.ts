import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { CodedError } from '../../../runtime/index.ts';
import { readYamlFile } from '../../project/yaml-file.ts';

/** Parts of the engine that reach out of the component, as componentize-js calls them. */
const FEATURES = ['stdio', 'random', 'clocks', 'http', 'fetch-event'] as const;

export type Feature = (typeof FEATURES)[number];

/** What the `package.json` of a tool says about its build. */
export interface JavaScriptSettings {
  /** Features that the component has. All others are compiled away, with what they import. */
  readonly features: readonly Feature[];
  /** Names of npm packages that the tool is made of. */
  readonly dependencies: readonly string[];
}

/** Standard error, so that an error that nobody caught is seen with its stack. */
const FEATURES_DEFAULT: readonly Feature[] = ['stdio'];

const settingsSchema = z.looseObject({
  dependencies: z.record(z.string(), z.string()).optional(),
  cellblock: z.strictObject({ features: z.array(z.enum(FEATURES)).optional() }).optional(),
});

/** Files that may be the tool's module, in the order in which they are looked for. */
const ENTRIES = ['src/index.ts', 'src/index.js', 'src/index.mjs'];

/**
 * @param folder - of the tool; `package.json` need not be there.
 * @throws CodedError `author/invalid-file`.
 */
export async function readSettings(folder: string): Promise<JavaScriptSettings> {
  const path = join(folder, 'package.json');
  const { dependencies, cellblock } = existsSync(path) ? await readYamlFile(path, settingsSchema) : {};
  return { features: cellblock?.features ?? FEATURES_DEFAULT, dependencies: Object.keys(dependencies ?? {}) };
}

/** @returns the features that a component does not have. */
export function disabledFeatures({ features }: JavaScriptSettings): readonly Feature[] {
  return FEATURES.filter((feature) => !features.includes(feature));
}

/** @returns path of the tool's module, relative to its folder. @throws CodedError `author/does-not-compile`. */
export function findEntry(folder: string): string {
  const found = ENTRIES.find((path) => existsSync(join(folder, path)));
  if (found !== undefined) return found;
  throw new CodedError('author/does-not-compile', 'there is neither `src/index.js` nor `src/index.ts`', {
    help: "write the tool's module there; what it exports is what the world exports",
  });
}
