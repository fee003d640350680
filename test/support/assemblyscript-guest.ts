import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { main } from 'assemblyscript/asc';
import { generateAssemblyScript } from '../../authoring/bindgen/assemblyscript/index.ts';
import { componentize } from '../../authoring/componentize.ts';
import { readWorld } from '../../authoring/wit/index.ts';

/** What `asc` is told beside the entry; the flags that docs/assemblyscript.md gives. */
const FLAGS = ['--exportStart', '_initialize', '--use', 'abort=assembly/bindings/canonical/abort'];
const OPTIMISED = ['-O3', '--shrinkLevel', '1'];

export interface AssemblyScriptGuest {
  /** Path of a WIT file or folder. */
  readonly wit: string;
  readonly world: string;
  /** The author's files by their names in `assembly/`. */
  readonly sources: Readonly<Record<string, string>>;
  readonly runtime?: 'incremental' | 'minimal';
  /** False for a guest that nobody measures: a third of the time. */
  readonly optimised?: boolean;
}

/**
 * Compiles a guest by our bindings and plain `asc`, in memory.
 *
 * @throws Error with the compiler's messages.
 */
export async function assemblyScriptCore(guest: AssemblyScriptGuest): Promise<Uint8Array> {
  const { wit, world, sources, runtime = 'incremental', optimised = true } = guest;
  const files = new Map(Object.entries(sources).map(([name, text]) => [`assembly/${name}`, text]));
  for (const [name, text] of generateAssemblyScript(await readWorld(wit, world))) files.set(`assembly/bindings/${name}`, text);
  let core: Uint8Array | undefined;
  const { error, stderr } = await main(
    [
      'assembly/bindings/entry.ts',
      '--outFile',
      'core.wasm',
      '--runtime',
      runtime,
      '--noColors',
      ...FLAGS,
      ...(optimised ? OPTIMISED : []),
    ],
    {
      readFile: (name) => files.get(name) ?? null,
      writeFile: (_, contents) => {
        if (typeof contents !== 'string') core = contents;
      },
      listFiles: () => [],
    },
  );
  if (error !== null || core === undefined) throw new Error(`${error?.message}\n${stderr.toString()}`);
  return core;
}

/** The same as a component. */
export async function assemblyScriptComponent(guest: AssemblyScriptGuest): Promise<Uint8Array> {
  return componentize(await assemblyScriptCore(guest), { wit: guest.wit, world: guest.world });
}

/** WIT text as a file, for as long as `use` runs. */
export async function withWit<T>(text: string, use: (path: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'cellblock-wit-'));
  try {
    const path = join(folder, 'world.wit');
    await writeFile(path, text);
    return await use(path);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** AssemblyScript files of a folder, by name. */
export function assemblyScriptFiles(folder: string): Readonly<Record<string, string>> {
  const names = readdirSync(folder).filter((name) => name.endsWith('.ts'));
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}
