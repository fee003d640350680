import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { readYamlFile } from '../../project/yaml-file.ts';

/** Name of the file of a C tool that says more than its sources do. Most tools need none. */
export const SETTINGS = 'c.yaml';

/** A path below a folder: no root, no `..`. */
const inside = z
  .string()
  .min(1)
  .refine(
    (path) => !/^([a-z]:|[\\/])|(^|[\\/])\.\.([\\/]|$)/i.test(path),
    'lies outside of its folder; expected a relative path',
  );

/** Only flags that define or warn or optimise: a path of this machine has no place in what others build, too. */
const flag = z.string().regex(/^-(?:[DUWOf]|std=)[^/\\]*$/, 'expected a flag that begins with -D, -U, -W, -O, -f or -std=');

const packageSchema = z.strictObject({
  /** `NAME@VERSION` on crates.io. */
  crate: z.string().regex(/^[A-Za-z0-9_-]+@\d+\.\d+\.\d+[A-Za-z0-9.+-]*$/, 'expected `NAME@VERSION`'),
  /** Of the package's file, in hex. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 hex digits'),
  /** Folders in it that headers are looked for in. */
  include: z.array(inside).default([]),
  /** Files in it that are compiled; what it says about them is not shown. */
  sources: z.array(inside).default([]),
});

const settingsSchema = z.strictObject({
  version: z.literal(1),
  /** For all sources; come after our own. */
  flags: z.array(flag).default([]),
  /** KiB of the C stack; what overflows it traps. */
  stackKiB: z.int().min(16).max(16_384).default(256),
  /** Sources of others. They are fetched once, checked, and not kept with the tool. */
  packages: z.array(packageSchema).max(20).default([]),
});

export type CSettings = z.output<typeof settingsSchema>;
export type CPackage = z.output<typeof packageSchema>;

/**
 * Reads the `c.yaml` of a tool's folder; what it does not say has defaults.
 *
 * @throws CodedError `author/invalid-file` with the lines that are wrong.
 */
export async function readSettings(folder: string): Promise<CSettings> {
  const path = join(folder, SETTINGS);
  return existsSync(path) ? readYamlFile(path, settingsSchema) : settingsSchema.parse({ version: 1 });
}
