/** From WIT source to our type tree, with its doc comments. */

import { type Component, decodeComponent } from '../../runtime/index.ts';
import { componentEmbed, componentNew } from '../wasm-tools.ts';
import { type PackageDocs, readWitDocs } from './docs.ts';
import { appendDocs } from './docs-sections.ts';
import { encodeError, readError } from './read-error.ts';
import { readWitSource, type WitSource } from './source.ts';

export type { PackageDocs } from './docs.ts';
export { appendDocs } from './docs-sections.ts';

/** One world of WIT source. */
export interface WitWorld {
  /** Name of the world in its package, for example `word-count-tool`. */
  readonly name: string;
  /** Package and world: `cellblock:samples/word-count-tool@0.1.0`. */
  readonly id: string;
  /** A component without code that has the world's imports and exports, types and docs. */
  readonly component: Component;
  /** Doc comments of all packages in the source. */
  readonly docs: readonly PackageDocs[];
  /** The source as one text. */
  readonly source: WitSource;
}

/**
 * Reads a world.
 *
 * @param path - a WIT file, or a folder as `wit-parser` reads it.
 * @param world - its name, or `package/name`; may be left out where the package has only one. Features behind gates are all on.
 * @throws CodedError `usage/unreadable-file`; `author/invalid-wit` with `file:line:col`.
 */
export async function readWorld(path: string, world?: string): Promise<WitWorld> {
  const source = await readWitSource(path);
  const core = await embed(source, { dummy: true }, world);
  const id = worldId(core);
  const docs = readWitDocs(source.text);
  const name = /\/([^/@]+)/.exec(id)?.[1] ?? id;
  const made = await componentNew(core).catch((thrown: unknown) => {
    throw encodeError(source, thrown);
  });
  const component = decodeComponent(appendDocs(made, docs, name));
  return { name, id, component, docs, source };
}

/**
 * Puts the types of a world into a core module, for `componentNew`; or makes a module without code.
 *
 * @param world - as for `readWorld`.
 * @returns a core module, new bytes.
 * @throws CodedError `author/invalid-wit`.
 */
export async function embed(
  source: WitSource,
  what: { readonly dummy: true } | { readonly binary: Uint8Array; readonly stringEncoding: 'utf8' | 'utf16' },
  world: string | undefined,
): Promise<Uint8Array> {
  try {
    return await componentEmbed({
      ...what,
      witSource: source.text,
      ...(world === undefined ? {} : { world: escaped(world) }),
      features: { tag: 'all' },
    });
  } catch (thrown) {
    throw await readError(source, world, thrown);
  }
}

/** A name that is a keyword of WIT, such as `type`, is read as a name with a `%` before it; any other name, too. */
function escaped(world: string): string {
  return world.replace(/(^|\/)(?=[A-Za-z][\w-]*(@|$))/, '$1%');
}

/** The world that a module was made for: the last name of the form `ns:pkg/world` before the world's own label. */
function worldId(core: Uint8Array): string {
  const text = Buffer.from(core.buffer, core.byteOffset, core.byteLength).toString('latin1');
  const section = text.slice(text.lastIndexOf('component-type'));
  return [...section.matchAll(/[a-z][\w-]*(?::[\w-]+)+\/[\w-]+(?:@[0-9][\w.+-]*)?/g)].at(-1)?.[0] ?? 'root';
}
