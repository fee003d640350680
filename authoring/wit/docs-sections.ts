import { type Component, decodeComponent } from '../../runtime/index.ts';
import type { PackageDocs } from './docs.ts';

/**
 * Section that every reader of WIT knows. As `wit-parser` in jco 0.15 reads it, it may only document the world itself: a
 * name of any other package makes the whole component unreadable, and so does the newer field `package`.
 */
const STANDARD_DOCS = 'package-docs';

/**
 * Section of the same body in the newest form of `wit-parser` (version byte 1, JSON with `package`), one for each package.
 * Under this name older readers pass over it; once they know `package`, it can be called `package-docs` as well.
 * Source: wasm-tools `crates/wit-parser/src/metadata.rs`.
 */
const PACKAGE_DOCS = 'cellblock:package-docs';

/** Version of the body of both sections. */
const DOCS_VERSION = 1;

/**
 * Adds the doc comments of WIT to a component, in sections at its end.
 *
 * @param component - not changed.
 * @param docs - packages that it may have interfaces of; what it does not have is left out.
 * @param world - name of the world that it was made for. The binary calls every world `root`.
 * @returns new bytes, or the component itself where there are no docs.
 * @throws CodedError `component/*` where it is not a component.
 */
export function appendDocs(component: Uint8Array, docs: readonly PackageDocs[], world: string): Uint8Array {
  const decoded = decodeComponent(component);
  let result = component;
  const own = docs.find((one) => Object.hasOwn(one.worlds, world))?.worlds[world];
  if (own !== undefined) {
    const root = nonEmpty({ docs: own.docs, funcs: own.funcs, types: own.types });
    if (Object.keys(root).length > 0) result = appendCustomSection(result, STANDARD_DOCS, docsBody({ worlds: { root } }));
  }
  for (const one of docs) {
    const picked = pickDocs(one, decoded, world);
    if (picked !== undefined) result = appendCustomSection(result, PACKAGE_DOCS, docsBody(picked));
  }
  return result;
}

/** The docs of a package that are about a component; undefined when none are. */
function pickDocs(docs: PackageDocs, component: Component, world: string): object | undefined {
  const ids = new Set([...component.imports, ...component.exports].map((item) => item.name));
  const [name, version] = docs.package.split('@');
  const idOf = (item: string): string => `${name}/${item}${version === undefined ? '' : `@${version}`}`;
  const interfaces = Object.fromEntries(Object.entries(docs.interfaces).filter(([item]) => ids.has(idOf(item))));
  const worlds = Object.hasOwn(docs.worlds, world) ? { [world]: nonEmpty({ ...docs.worlds[world] }) } : {};
  if (Object.keys(interfaces).length === 0 && Object.keys(worlds).length === 0) return undefined;
  return { ...docs, worlds, interfaces };
}

/** Without what is absent or has nothing in it. */
function nonEmpty(docs: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const said = ([, value]: [string, unknown]): boolean =>
    value !== undefined && (typeof value !== 'object' || value === null || Object.keys(value).length > 0);
  return Object.fromEntries(Object.entries(docs).filter(said));
}

function docsBody(docs: object): Uint8Array {
  return Buffer.concat([Uint8Array.of(DOCS_VERSION), Buffer.from(JSON.stringify(docs))]);
}

/** Appends one custom section to a component or core module; the bytes are copied. */
function appendCustomSection(binary: Uint8Array, name: string, body: Uint8Array): Uint8Array {
  const nameBytes = Buffer.from(name);
  const content = Buffer.concat([leb128(nameBytes.length), nameBytes, body]);
  return Buffer.concat([binary, Uint8Array.of(0), leb128(content.length), content]);
}

/** Unsigned LEB128 of an integer from 0 to 2^32-1. */
export function leb128(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Uint8Array.from([...bytes, rest]);
    bytes.push((rest % 128) | 128);
  }
}
