import { CodedError } from '../runtime/index.ts';
import { renameExports } from './export-names.ts';
import { componentNew } from './wasm-tools.ts';
import { appendDocs, embed, readWorld } from './wit/index.ts';

export interface ComponentizeOptions {
  /** Path of a WIT file or folder. */
  readonly wit: string;
  /** May be left out where the package has only one. */
  readonly world?: string;
  /** Of the module's strings; `utf16` unless it says otherwise, which is what AssemblyScript has. */
  readonly stringEncoding?: 'utf8' | 'utf16';
  /** Modules that adapt imports, such as those of WASI preview 1, by the name of the imported module. */
  readonly adapters?: [string, Uint8Array][];
}

/**
 * Makes a component of a core module: gives exports that begin with `cm$` their names in the component model, embeds the WIT,
 * and adds its doc comments.
 *
 * @param core - core module; not changed.
 * @throws CodedError `usage/unreadable-file`; `author/invalid-wit`; `author/mismatch` when the module is not one for the world.
 */
export async function componentize(core: Uint8Array, options: ComponentizeOptions): Promise<Uint8Array> {
  const { name, source, docs } = await readWorld(options.wit, options.world);
  const binary = renameExports(core);
  const embedded = await embed(source, { binary, stringEncoding: options.stringEncoding ?? 'utf16' }, options.world);
  try {
    return appendDocs(await componentNew(embedded, options.adapters), docs, name);
  } catch (cause) {
    throw mismatch(cause, name);
  }
}

/**
 * Adds the doc comments of WIT to a component whose compiler left them out.
 *
 * @param component - not changed.
 */
export async function withDocs(
  component: Uint8Array,
  options: { readonly wit: string; readonly world?: string },
): Promise<Uint8Array> {
  const { name, docs } = await readWorld(options.wit, options.world);
  return appendDocs(component, docs, name);
}

/** What `componentNew` says about a module that does not fit its world, as one line. */
function mismatch(cause: unknown, world: string): CodedError {
  const text = cause instanceof Error ? cause.message : String(cause);
  const lines = text
    .split('\n')
    .map((line) => line.replace(/^\s*\d+: /, '').trim())
    .filter(
      (line) =>
        line !== '' && line !== 'Caused by:' && !/^\$?(failed to (encode|decode|validate)|module was not valid)/i.test(line),
    );
  const why = lines.join(': ') || text;
  return new CodedError('author/mismatch', `the module does not fit world \`${world}\`: ${why}`, {
    cause,
    ...(/module imports? .*`?env`?|from module `env`|`env`/.test(why)
      ? {
          help: 'a component has no `env`: compile with `--use abort=` as the documentation shows, and without `trace` or `seed`',
        }
      : {}),
  });
}
