import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import asc from 'assemblyscript/asc';
import { generateAssemblyScript } from '../../../authoring/bindgen/assemblyscript/index.ts';
import { componentize } from '../../../authoring/componentize.ts';
import { readWorld } from '../../../authoring/wit/index.ts';

/** Runtimes of AssemblyScript that the bindings must work with. */
export const RUNTIMES = ['incremental', 'minimal', 'stub'] as const;
export type AscRuntime = (typeof RUNTIMES)[number];

export interface Built {
  readonly core: Uint8Array;
  readonly component: Uint8Array;
}

/** The bindings of WIT text, by path. */
export async function bindingsOf(wit: string, world?: string): Promise<ReadonlyMap<string, string>> {
  return inFolder(wit, async (file) => generateAssemblyScript(await readWorld(file, world)));
}

/**
 * Compiles a guest with plain `asc`, in memory.
 *
 * @param source - the author's `assembly/index.ts`.
 * @throws Error with the compiler's messages.
 */
export async function compileGuest(
  bindings: ReadonlyMap<string, string>,
  source: string,
  options: { readonly runtime?: AscRuntime; readonly optimize?: readonly string[] } = {},
): Promise<Uint8Array> {
  let binary: Uint8Array | undefined;
  let messages = '';
  const { error } = await asc.main(
    [
      'assembly/bindings/entry.ts',
      ...['--outFile', 'guest.wasm', '--runtime', options.runtime ?? 'incremental', '--noColors'],
      ...['--use', 'abort=assembly/bindings/canonical/abort', '--exportStart', '_initialize'],
      ...(options.optimize ?? ['-O1']),
    ],
    {
      readFile(name, base) {
        const path = posix.normalize(posix.join(base, name));
        if (path === 'assembly/index.ts') return source;
        return path.startsWith('assembly/bindings/') ? (bindings.get(path.slice('assembly/bindings/'.length)) ?? null) : null;
      },
      writeFile(_name, contents) {
        binary = contents as Uint8Array; // a `.wasm` file
      },
      listFiles: () => [],
      stdout: { write: () => true },
      stderr: {
        write(chunk) {
          messages += String(chunk);
          return true;
        },
      },
    },
  );
  if (error !== null || binary === undefined) throw new Error(messages || String(error));
  if (messages !== '') throw new Error(`warnings: ${messages}`);
  return binary;
}

/** Bindings, compiler and component in one. */
export async function buildGuest(
  wit: string,
  source: string,
  options: { readonly runtime?: AscRuntime; readonly optimize?: readonly string[] } = {},
): Promise<Built> {
  return inFolder(wit, async (file) => {
    const core = await compileGuest(generateAssemblyScript(await readWorld(file)), source, options);
    return { core, component: await componentize(core, { wit: file }) };
  });
}

async function inFolder<T>(wit: string, use: (file: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'cellblock-bindgen-'));
  try {
    const file = join(folder, 'world.wit');
    await writeFile(file, wit);
    return await use(file);
  } finally {
    await rm(folder, { recursive: true });
  }
}
