import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { CodedError } from '../../../runtime/index.ts';
import type { ToolProject } from '../../project/index.ts';
import type { WitWorld } from '../../wit/index.ts';
import { placeOf, type WitSource } from '../../wit/source.ts';
import { witTokens } from '../../wit/tokens.ts';
import { doesNotCompile } from '../diagnostic.ts';
import type { Bundle } from './bundle.ts';

/** Something that the world exports and the module does not. */
interface Missing {
  /** Of the interface that has it, as the world names it; absent for a function of the world itself. */
  readonly interface: string | undefined;
  /** WIT name of the function; absent where the whole interface is missing. */
  readonly func: string | undefined;
}

/**
 * Turns what the engine says about a module into an error with places.
 *
 * @param entry - the tool's module, relative to its folder.
 * @param failure - what was written to standard error.
 */
export function engineFailure(project: ToolProject, world: WitWorld, entry: string, bundle: Bundle, failure: string): CodedError {
  const missing = missingOf(failure, world);
  if (missing !== undefined) return mismatch(project, world, entry, missing, failure);
  const [, line, column, message] = /^(?:.*\/)?[\w.-]+\.[jt]s:(\d+):(\d+) (\w*Error.*)$/m.exec(failure) ?? [];
  if (message !== undefined) {
    const place = bundle.placeOf(Number(line), Number(column));
    return doesNotCompile(project, [{ ...place, message: `while the module is read: ${message}` }], failure);
  }
  const said = /^(?:Uncaught )?\w*Error: (.*)$/m.exec(failure)?.[1];
  return doesNotCompile(project, said === undefined ? [] : [{ file: entry, message: said }], failure);
}

/** componentize-js has three sentences for what is not there; other texts are about something else. */
function missingOf(failure: string, world: WitWorld): Missing | undefined {
  const [, whole] = /does not export an? "([^"]+)" interface as expected/.exec(failure) ?? [];
  if (whole !== undefined) return { interface: exportedInterface(world, whole), func: undefined };
  const [, id, func] = /does not export an? "([^"]+)" (\S+) function as expected/.exec(failure) ?? [];
  if (id !== undefined) return { interface: id, func: kebab(func ?? '') };
  const [, own] = /does not export an? "([^"]+)" function as expected/.exec(failure) ?? [];
  return own === undefined ? undefined : { interface: undefined, func: kebab(own) };
}

/** componentize-js names an interface by its id, or by the alias that a module may export it as. */
function exportedInterface(world: WitWorld, name: string): string {
  const ids = world.component.exports.map((one) => one.name);
  return ids.find((id) => id === name || aliasOf(id) === name) ?? name;
}

function mismatch(project: ToolProject, world: WitWorld, entry: string, missing: Missing, output: string): CodedError {
  const alias = missing.interface === undefined ? undefined : aliasOf(missing.interface);
  const own = missing.func === undefined ? undefined : camel(missing.func);
  const source = readFileSync(join(project.folder, entry), 'utf8');
  const place = `${entry}:${placeOfExport(source, alias ?? own ?? '')}`;
  const lacks =
    own === undefined
      ? `does not export \`${alias}\``
      : alias === undefined
        ? `does not export \`${own}\``
        : `\`${alias}\` has no function \`${own}\``;
  const write =
    own === undefined
      ? `export const ${alias} = { ... };`
      : alias === undefined
        ? `export function ${own}(...) { ... }`
        : `${own}(...) { ... } in \`export const ${alias} = { ... }\``;
  const wit = declarationOf(world.source, missing);
  const asks = wit === undefined ? `world \`${world.name}\` asks for it` : `${witPath(project, wit.place)}: ${wit.text}`;
  return new CodedError('author/mismatch', `${place}: ${lacks}, which world \`${world.name}\` exports`, {
    help: `the WIT has ${asks}\nwrite ${write}`,
    data: { output },
  });
}

/** Line and column of `export ... NAME`, or of the beginning. */
function placeOfExport(source: string, name: string): string {
  const found = new RegExp(`\\bexport\\b[^;={(]*?\\b${name.replaceAll('$', '\\$')}\\b`).exec(source);
  const before = source.slice(0, found?.index ?? 0).split('\n');
  return `${before.length}:${(before.at(-1) ?? '').length + 1}`;
}

/** The line of WIT that declares what is missing. */
function declarationOf(source: WitSource, missing: Missing): { readonly place: string; readonly text: string } | undefined {
  const tokens = witTokens(source.text);
  const isNamed = (at: number, name: string | undefined): boolean => name !== undefined && tokens[at]?.text === name;
  const block = tokens.findIndex(
    (token, at) => token.text === 'interface' && missing.interface !== undefined && isNamed(at + 1, nameOf(missing.interface)),
  );
  const isFunction = (at: number): boolean =>
    isNamed(at, missing.func) && isNamed(at + 1, ':') && /^(func|async)$/.test(tokens[at + 2]?.text ?? '');
  const at = missing.func === undefined ? block : tokens.findIndex((_, at) => at > block && isFunction(at));
  const token = tokens[at];
  if (token === undefined) return undefined;
  const text = source.text.slice(token.at).split(missing.func === undefined ? /\s*\{/ : ';', 1)[0] ?? '';
  return { place: placeOf(source, token.at), text: text.replace(/\s+/g, ' ') };
}

function witPath(project: ToolProject, place: string): string {
  return relative(project.folder, place);
}

/** `a:b/word-list@1.0.0` is `word-list`; a name of the world itself stays as it is. */
function nameOf(id: string): string {
  return id.replace(/^.*\//, '').replace(/@.*$/, '');
}

/** The name under which a module exports an interface. */
function aliasOf(id: string): string {
  return camel(nameOf(id));
}

function camel(name: string): string {
  return name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** Of a name that may be one of JavaScript already. */
function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
