import { TokenReader } from './token-reader.ts';

/** Doc comment of one item. */
interface ItemDocs {
  readonly docs?: string;
}

/** Doc comments of a type. */
export interface TypeDocs extends ItemDocs {
  /** Docs of fields, cases, names and bits. */
  readonly items?: Readonly<Record<string, string>>;
}

/** Doc comments in an interface, by the names in WIT. */
export interface InterfaceDocs extends ItemDocs {
  /** Methods of resources too, by their full names: `[method]blob.read`. */
  readonly funcs: Readonly<Record<string, ItemDocs>>;
  readonly types: Readonly<Record<string, TypeDocs>>;
}

/** Doc comments in a world, by the names in WIT; field names as in the section of a component. */
export interface WorldDocs extends ItemDocs {
  readonly funcs: Readonly<Record<string, ItemDocs>>;
  /** Of functions whose name is imported, too. */
  readonly func_exports: Readonly<Record<string, ItemDocs>>;
  readonly types: Readonly<Record<string, TypeDocs>>;
  readonly interfaces: Readonly<Record<string, InterfaceDocs>>;
  readonly interface_exports: Readonly<Record<string, InterfaceDocs>>;
}

/** Doc comments of one package, in the shape of `wit-parser`'s `PackageMetadata`. Parts without docs are left out. */
export interface PackageDocs extends ItemDocs {
  /** With its version: `cellblock:host@0.1.0`. */
  readonly package: string;
  readonly worlds: Readonly<Record<string, WorldDocs>>;
  readonly interfaces: Readonly<Record<string, InterfaceDocs>>;
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] extends Readonly<Record<string, infer V>> ? Record<string, V> : T[Key] };

interface OpenWorld extends Writable<WorldDocs> {
  /** Worlds whose items it includes, as the source names them. */
  readonly includes: string[];
}

interface OpenPackage {
  package: string;
  docs?: string;
  readonly worlds: Record<string, OpenWorld>;
  readonly interfaces: Record<string, InterfaceDocs>;
}

/** Declarations with a body of documented parts. */
const TYPES_WITH_PARTS: ReadonlySet<string> = new Set(['record', 'variant', 'enum', 'flags']);

/**
 * Reads the doc comments of WIT source, which compilers drop on the way to a component. It trusts that a compiler has accepted
 * the source: it looks for names and braces, and does not judge.
 *
 * @param source - one or more packages, as `readWitSource` merges them.
 */
export function readWitDocs(source: string): PackageDocs[] {
  const reader = new TokenReader(source);
  const packages = new Map<string, OpenPackage>();
  readPackage(reader, open(packages, ''), packages);
  for (const one of packages.values()) for (const world of Object.values(one.worlds)) include(world, one, packages, new Set());
  return [...packages.values()].filter((one) => one.package !== '').map(closed);
}

function closed(one: OpenPackage): PackageDocs {
  const worlds = Object.entries(one.worlds).map(([name, { includes: _, ...docs }]) => [name, docs] as const);
  return { ...one, worlds: Object.fromEntries(worlds) };
}

function open(packages: Map<string, OpenPackage>, name: string): OpenPackage {
  const known = packages.get(name) ?? { package: name, worlds: bare(), interfaces: bare() };
  packages.set(name, known);
  return known;
}

/** Names come from the author, so the object must not have any of its own. */
function bare<T>(): Record<string, T> {
  return Object.create(null) as Record<string, T>; // `Object.create` is typed `any`
}

/** Items up to the end of the source, or the `}` of a nested package. */
function readPackage(reader: TokenReader, first: OpenPackage, packages: Map<string, OpenPackage>): void {
  let current = first;
  while (!reader.isAtEnd) {
    const docs = reader.docs();
    const keyword = reader.next();
    if (keyword === '}') return;
    if (keyword === 'package') {
      const named = open(packages, reader.next() ?? '');
      if (docs !== undefined) named.docs = docs;
      if (reader.next() === '{') readPackage(reader, named, packages);
      else current = named;
    } else if (keyword === 'interface') {
      const name = reader.next() ?? '';
      current.interfaces[name] = { ...withDocs(docs), ...readInterface(reader) };
    } else if (keyword === 'world') {
      const name = reader.next() ?? '';
      current.worlds[name] = { ...withDocs(docs), ...readWorldBody(reader) };
    } else if (keyword !== undefined) reader.skipStatement();
  }
}

/** The body of an interface, from its `{` to after its `}`. */
function readInterface(reader: TokenReader): InterfaceDocs {
  const funcs = bare<ItemDocs>();
  const types = bare<TypeDocs>();
  reader.next();
  for (;;) {
    const docs = reader.docs();
    const word = reader.next();
    if (word === undefined || word === '}') return { funcs, types };
    if (readType(reader, word, docs, types, funcs)) continue;
    if (docs !== undefined) funcs[word] = { docs };
    reader.skipStatement();
  }
}

/** @returns whether the word begins a declaration of a type; that is then read. */
function readType(
  reader: TokenReader,
  word: string,
  docs: string | undefined,
  types: Record<string, TypeDocs>,
  funcs: Record<string, ItemDocs>,
): boolean {
  if (reader.peek() === ':') return false; // a function that is called like a keyword
  if (TYPES_WITH_PARTS.has(word)) {
    const name = reader.next() ?? '';
    keep(types, name, { ...withDocs(docs), ...readParts(reader) });
  } else if (word === 'resource') {
    const name = reader.next() ?? '';
    keep(types, name, withDocs(docs));
    readResource(reader, name, funcs);
  } else if (word === 'type') {
    keep(types, reader.next() ?? '', withDocs(docs));
    reader.skipStatement();
  } else if (word === 'use') {
    skipUse(reader);
  } else return false;
  return true;
}

function keep<T extends object>(into: Record<string, T>, name: string, docs: T): void {
  if (Object.keys(docs).length > 0) into[name] = docs;
}

/** `use a.{b as c};` */
function skipUse(reader: TokenReader): void {
  for (let word = reader.next(); word !== undefined && word !== ';'; ) word = reader.next();
}

/** The documented parts of a record, variant, enum or flags, from `{` to after `}`. */
function readParts(reader: TokenReader): { items?: Record<string, string> } {
  const items = bare<string>();
  reader.next();
  for (;;) {
    const docs = reader.docs();
    const word = reader.next();
    if (word === undefined || word === '}') return Object.keys(items).length === 0 ? {} : { items };
    if (docs !== undefined) items[word] = docs;
    reader.skipToComma();
  }
}

/** Constructor, methods and static functions, from the `{` or `;` after the name. */
function readResource(reader: TokenReader, resource: string, funcs: Record<string, ItemDocs>): void {
  if (reader.next() !== '{') return;
  for (;;) {
    const docs = reader.docs();
    const word = reader.next();
    if (word === undefined || word === '}') return;
    const isStatic = reader.peek() === ':' && reader.peek(1) === 'static';
    const name = reader.peek() === '(' ? `[constructor]${resource}` : `[${isStatic ? 'static' : 'method'}]${resource}.${word}`;
    if (docs !== undefined) funcs[name] = { docs };
    reader.skipStatement();
  }
}

/** The body of a world, from its `{` to after its `}`. */
function readWorldBody(reader: TokenReader): OpenWorld {
  const world: OpenWorld = {
    funcs: bare(),
    func_exports: bare(),
    types: bare(),
    interfaces: bare(),
    interface_exports: bare(),
    includes: [],
  };
  reader.next();
  for (;;) {
    const docs = reader.docs();
    const word = reader.next();
    if (word === undefined || word === '}') return world;
    if (word === 'import' || word === 'export') readPort(reader, word, docs, world);
    else if (word === 'include') {
      world.includes.push(reader.next() ?? '');
      reader.skipStatement();
    } else if (!readType(reader, word, docs, world.types, world.funcs)) reader.skipStatement();
  }
}

/** After `import` or `export`. */
function readPort(reader: TokenReader, side: 'import' | 'export', docs: string | undefined, world: OpenWorld): void {
  const name = reader.next() ?? '';
  const isNamed = reader.peek() === ':';
  if (isNamed && reader.peek(1) === 'interface') {
    reader.next();
    reader.next();
    const body = { ...withDocs(docs), ...readInterface(reader) };
    (side === 'import' ? world.interfaces : world.interface_exports)[name] = body;
    return;
  }
  if (isNamed && docs !== undefined && /^(async|func)$/.test(reader.peek(1) ?? ''))
    (side === 'import' ? world.funcs : world.func_exports)[name] = { docs };
  reader.skipStatement();
}

/** Adds the docs of included worlds; what the world itself says comes first. Items that `with` renames are not found again. */
function include(world: OpenWorld, within: OpenPackage, packages: ReadonlyMap<string, OpenPackage>, seen: Set<OpenWorld>): void {
  if (seen.has(world)) return;
  seen.add(world);
  for (const path of world.includes.splice(0)) {
    const [, owner, name, version] = /^(?:(.*)\/)?([^/@]+)(@.*)?$/.exec(path) ?? [];
    const other = owner === undefined ? within : packages.get(`${owner}${version ?? ''}`);
    const included = name === undefined ? undefined : other?.worlds[name];
    if (included === undefined || other === undefined) continue;
    include(included, other, packages, seen);
    for (const key of ['funcs', 'func_exports', 'types', 'interfaces', 'interface_exports'] as const)
      for (const [item, docs] of Object.entries(included[key])) (world[key] as Record<string, unknown>)[item] ??= docs; // same key, same type
  }
}

function withDocs(docs: string | undefined): ItemDocs {
  return docs === undefined || docs === '' ? {} : { docs };
}
