import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildTool, missingCompiler } from '../../../authoring/build/index.ts';
import { newTool } from '../../../authoring/project/index.ts';
import { decodeComponent, findFunctions } from '../../../runtime/index.ts';

/*
 * Builds the template by the real compiler. What cargo has compiled stays in the checkout's `target/` from one run to the next: where
 * `std` is built from source, the first run takes minutes.
 */

const KEPT = fileURLToPath(new URL('../../../target/test-rust/', import.meta.url));
const WIT_SIDE = 'the WIT says, at wit/words.wit:42:3: count: func(text: string, options: options) -> result<report, problem>';
const MINUTES = 60_000;

const missing = await missingCompiler('rust', KEPT);

/** A new tool in a folder that is the same each time, with what cargo kept. */
async function freshTool(place: string): Promise<string> {
  const parent = join(KEPT, place);
  const [folder, kept] = [join(parent, 'words'), join(parent, 'kept-target')];
  mkdirSync(parent, { recursive: true });
  if (existsSync(join(folder, 'target'))) renameSync(join(folder, 'target'), kept);
  rmSync(folder, { recursive: true, force: true });
  await newTool('words', 'rust', parent);
  if (existsSync(kept)) renameSync(kept, join(folder, 'target'));
  return folder;
}

describe.skipIf(missing !== undefined)('a tool in Rust', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await freshTool('here');
    await buildTool(folder);
  }, 15 * MINUTES);

  /** What the build says once the source is changed; the change is taken back. */
  async function errorWith(from: string, to: string): Promise<unknown> {
    const path = join(folder, 'src/lib.rs');
    const before = readFileSync(path, 'utf8');
    expect(before).toContain(from);
    writeFileSync(path, before.replace(from, to));
    return buildTool(folder)
      .then(
        () => undefined,
        (error: unknown) => error,
      )
      .finally(() => writeFileSync(path, before));
  }

  it(
    'has the same bytes in another folder, at another time, with the documentation of its WIT',
    async () => {
      const here = await buildTool(folder, { locked: true });
      const elsewhere = await freshTool('a/deeper/place');
      // `std` depends on no folder of ours; what cargo compiles of the tool and its macros is compiled anew.
      if (!existsSync(join(elsewhere, 'target'))) cpSync(join(folder, 'target'), join(elsewhere, 'target'), { recursive: true });
      const there = await buildTool(elsewhere, { locked: true });
      expect(there.digest).toBe(here.digest);
      expect(there.toolchain).toMatchObject({ rustc: expect.stringMatching(/^\d/), 'wit-bindgen': '0.63.0' });
      expect(Buffer.from(there.component).toString('latin1')).not.toContain('target/test-rust');
      const component = decodeComponent(there.component);
      expect(component.imports.map((item) => item.name)).toEqual(['cellblock:host/log@0.1.0']);
      expect(findFunctions(component)[0]?.docs).toMatch(/^Counts how often each word is in a text\.\n/);
    },
    15 * MINUTES,
  );

  it(
    'shows both sides for a function with another type',
    async () => {
      expect(await errorWith('options: Options)', 'options: u32)')).toMatchObject({
        code: 'author/does-not-compile',
        message:
          'src/lib.rs:20:37: method `count` has an incompatible type for trait: expected `Options`, found `u32` (and 3 more)',
        help: `${WIT_SIDE}\nin Rust that is: fn(String, Options) -> Result<_, _>\nthe source has: fn(String, u32) -> Result<_, _>`,
      });
    },
    MINUTES,
  );

  it(
    'shows both sides for a function that is not there',
    async () => {
      expect(await errorWith('fn count(', 'fn tally(')).toMatchObject({
        message: 'src/lib.rs:19:1: not all trait items implemented, missing: `count` (and 1 more)',
        help: expect.stringContaining(WIT_SIDE),
      });
    },
    MINUTES,
  );

  it(
    'tells other mistakes by their place only',
    async () => {
      const error = await errorWith('const LIMIT_MAX: u32 = 1000', 'const LIMIT_MAX: u32 = "1000"');
      expect(error).toMatchObject({ message: expect.stringMatching(/^src\/lib\.rs:14:24: mismatched types: expected `u32`/) });
      expect(error).toHaveProperty('help', undefined);
      expect(error).toMatchObject({ data: { output: expect.stringContaining('error[E0308]') } });
    },
    MINUTES,
  );
});
