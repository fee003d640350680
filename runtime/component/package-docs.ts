import { parseInterfaceId } from './names.ts';
import { type Mutable, partsOf } from './type-space.ts';
import type { Component, Field, FunctionType, InterfaceItem, ResourceType, ValueType, WorldItem } from './types.ts';

type Interface = Extract<WorldItem, { kind: 'interface' }>;
type Json = { readonly [key: string]: unknown };

/** Sections that carry doc comments: the standard one, and ours, which may come once for each package. */
export const DOCS_SECTIONS: ReadonlySet<string> = new Set(['package-docs', 'cellblock:package-docs']);

/**
 * Adds the doc comments of one section: one version byte (0 or 1), then JSON with the docs of worlds and interfaces of
 * one package. Where it names its `package`, only interfaces of that package are meant. Where it does not, an interface
 * is found by its label; if that fits interfaces of two packages, the exported one is meant, or else none.
 *
 * @param component - just decoded: its types are completed in place, the rest is copied.
 * @returns the component as it is when the section cannot be read; a hint never makes a component unusable.
 * Source: wit-component, `PackageMetadata`.
 */
export function addDocs(component: Component, section: Uint8Array, bytesMax: number): Component {
  const root = section.length > bytesMax ? undefined : parse(section);
  if (root === undefined) return component;
  const docs = new Docs(root, component);
  const documented = {
    ...component,
    imports: component.imports.map((item) => docs.worldItem(item, 'import')),
    exports: component.exports.map((item) => docs.worldItem(item, 'export')),
  };
  const text = docs.world();
  return text === undefined ? documented : { ...documented, docs: text };
}

function parse(section: Uint8Array): Json | undefined {
  if (section[0] !== 0 && section[0] !== 1) return undefined;
  try {
    return asObject(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(section.subarray(1))));
  } catch {
    return undefined;
  }
}

function asObject(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined; // just tested
}

/** Follows keys through nested objects; own keys only, since the keys are the author's. */
function at(json: Json | undefined, ...keys: readonly string[]): unknown {
  let value: unknown = json;
  for (const key of keys) {
    const object = asObject(value);
    if (object === undefined || !Object.hasOwn(object, key)) return undefined;
    value = object[key];
  }
  return value;
}

function text(value: unknown): string | undefined {
  const trimmed = typeof value === 'string' ? value.trim() : '';
  return trimmed === '' ? undefined : trimmed;
}

/** A function's docs: a string in version 0, an object in version 1. */
function funcText(value: unknown): string | undefined {
  return text(value) ?? text(at(asObject(value), 'docs'));
}

class Docs {
  readonly #interfaces: Json | undefined;
  readonly #world: Json | undefined;
  /** For each label of an interface in the docs, the one interface id that it means. */
  readonly #ids: ReadonlyMap<string, string>;
  readonly #seen = new Set<object>();
  /** Docs of the inline interfaces of the world, by their name. */
  readonly #inline = new Map<string, Json>();

  constructor(root: Json, component: Component) {
    this.#interfaces = asObject(at(root, 'interfaces'));
    const worlds = asObject(at(root, 'worlds')) ?? {};
    const names = Object.keys(worlds);
    // A component does not say which world of its package it was built for. wasm-tools calls it `root` when it reads one
    // back; else, with more than one world, none is taken.
    const name = names.includes('root') ? 'root' : names.length === 1 ? names[0] : undefined;
    this.#world = name === undefined ? undefined : asObject(at(worlds, name));
    this.#ids = idsByLabel(component, text(at(root, 'package')));
  }

  world(): string | undefined {
    return text(at(this.#world, 'docs'));
  }

  worldItem(item: WorldItem, side: 'import' | 'export'): WorldItem {
    switch (item.kind) {
      case 'interface':
        return this.#interface(item, side);
      case 'func': {
        this.#func(item.type);
        const exported = side === 'export' ? funcText(at(this.#world, 'func_exports', item.name)) : undefined;
        return withDocs(item, exported ?? funcText(at(this.#world, 'funcs', item.name)));
      }
      case 'type':
        this.#type(item.type);
        return withDocs(item, text(at(this.#world, 'types', item.name, 'docs')));
      case 'resource':
        this.#resource(item.resource);
        return withDocs(item, text(at(this.#world, 'types', item.name, 'docs')));
      default:
        return item;
    }
  }

  #interface(item: Interface, side: 'import' | 'export'): WorldItem {
    const inline = parseInterfaceId(item.name) === undefined ? this.#inlineDocs(item.name, side) : undefined;
    if (inline !== undefined) this.#inline.set(item.name, inline);
    const docs = inline ?? this.#docsOf(item.name);
    const onUse = text(at(this.#world, `interface_${side}_docs`, item.name));
    const items = item.items.map((inner) => this.#item(inner, docs));
    return withDocs({ ...item, items }, text(at(docs, 'docs')) ?? onUse);
  }

  #inlineDocs(name: string, side: 'import' | 'export'): Json | undefined {
    const exported = side === 'export' ? asObject(at(this.#world, 'interface_exports', name)) : undefined;
    return exported ?? asObject(at(this.#world, 'interfaces', name));
  }

  /** The docs of an interface by its name in the world, where this package's docs are about it. */
  #docsOf(name: string): Json | undefined {
    const id = parseInterfaceId(name);
    if (id === undefined) return this.#inline.get(name);
    return this.#ids.get(id.name) === name ? asObject(at(this.#interfaces, id.name)) : undefined;
  }

  #item(item: InterfaceItem, docs: Json | undefined): InterfaceItem {
    if (item.kind === 'func') {
      this.#func(item.type);
      return withDocs(item, funcText(at(docs, 'funcs', item.name)));
    }
    if (item.kind === 'type') this.#type(item.type);
    else this.#resource(item.resource);
    return withDocs(item, text(at(docs, 'types', item.name, 'docs')));
  }

  #func(type: FunctionType): void {
    for (const param of type.params) this.#type(param.type);
    if (type.result !== undefined) this.#type(type.result);
  }

  /** Completes a type and those inside it. Each once: types are shared. */
  #type(type: ValueType): void {
    if (this.#seen.has(type)) return;
    this.#seen.add(type);
    for (const part of partsOf(type)) this.#type(part);
    if (type.kind === 'own' || type.kind === 'borrow') this.#resource(type.resource);
    if (type.typeName === undefined) return;
    const docs = this.#typeDocs(type.typeName.name, type.typeName.interface);
    setDocs(type, text(at(docs, 'docs')));
    const labelled = type.kind === 'record' ? type.fields : type.kind === 'variant' ? type.cases : [];
    for (const one of labelled) setDocs(one, text(at(docs, 'items', one.name)));
  }

  #resource(resource: ResourceType): void {
    if (this.#seen.has(resource)) return;
    this.#seen.add(resource);
    setDocs(resource, text(at(this.#typeDocs(resource.name, resource.interface), 'docs')));
  }

  #typeDocs(name: string, within: string | undefined): Json | undefined {
    const docs = within === undefined ? this.#world : this.#docsOf(within);
    return asObject(at(docs, 'types', name));
  }
}

function idsByLabel(component: Component, packageId: string | undefined): Map<string, string> {
  const ids = new Map<string, string>();
  const ambiguous = new Set<string>();
  const claimed = new Set<string>();
  for (const items of [component.exports, component.imports]) {
    for (const item of items) {
      const id = item.kind === 'interface' ? parseInterfaceId(item.name) : undefined;
      if (id === undefined || claimed.has(id.name)) continue;
      const own = id.version === undefined ? id.package : `${id.package}@${id.version}`;
      if (packageId !== undefined && packageId !== own) continue;
      if (ids.has(id.name) && ids.get(id.name) !== item.name) ambiguous.add(id.name);
      ids.set(id.name, item.name);
    }
    for (const label of ids.keys()) claimed.add(label);
  }
  for (const label of ambiguous) ids.delete(label);
  return ids;
}

function withDocs<T extends { readonly docs?: string }>(item: T, docs: string | undefined): T {
  return docs === undefined ? item : { ...item, docs };
}

function setDocs(target: Field | ValueType | ResourceType | { readonly docs?: string }, docs: string | undefined): void {
  if (docs === undefined) return;
  const own: Mutable<{ docs?: string }> = target;
  own.docs = docs;
}
