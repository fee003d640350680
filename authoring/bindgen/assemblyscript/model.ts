import type { FunctionType, InterfaceItem, ResourceType, ValueType, WorldItem } from '../../../runtime/index.ts';
import type { WitWorld } from '../../wit/index.ts';
import { bareName, distinctNames, numbered, pascalName } from './names.ts';

/** Seen by the component: what others give it, and what it gives. */
export type Side = 'imports' | 'exports';
/** Types that have to have a name, and are the same only where they are declared once. */
export type Nominal = ValueType & { kind: 'record' | 'variant' | 'enum' | 'flags' };
/** A name of a file that stands for a type or resource; `name` as AssemblyScript has it. `tagName`: enum of a variant's cases. */
export type Declared = { readonly name: string; readonly docs?: string } & (
  | { readonly kind: 'nominal'; readonly type: Nominal; readonly tagName?: string }
  | { readonly kind: 'alias'; readonly type: ValueType }
  | { readonly kind: 'resource'; readonly resource: ResourceType }
  /** A type of another interface under a name of this one. */
  | { readonly kind: 'use'; readonly type?: ValueType; readonly resource?: ResourceType }
);

/** A function of an interface or world. */
export interface Func {
  /** As in WIT: `summarise`, `[method]blob.read`. */
  readonly name: string;
  readonly type: FunctionType;
  readonly docs?: string;
}

/** One generated file about an interface of the world, or about the world itself, on one side. */
export interface Module {
  readonly side: Side;
  /** Name of the interface in the world; undefined for the world itself. */
  readonly interfaceId: string | undefined;
  /** `imports/types`: path from the folder of the bindings, without ending. */
  readonly file: string;
  /** What other generated files call it: `typesImports`. */
  readonly alias: string;
  readonly docs: string | undefined;
  readonly declared: readonly Declared[];
  readonly funcs: readonly Func[];
  /** Name of the author's class that has its free functions: `CrashSummary`. */
  readonly guest: string;
}

/** Where something is declared. */
export interface Owner {
  readonly module: Module;
  readonly declared: Declared;
}

type OpenModule = Module & {
  readonly items: readonly (InterfaceItem | WorldItem)[];
  declared: Declared[];
  funcs: Func[];
  docs: string | undefined;
};

/** The world as files and names. */
export class Model {
  readonly modules: readonly Module[];
  readonly world: WitWorld;
  readonly #nominal = new Map<object, Owner>();
  readonly #aliases = new Map<ValueType, Owner>();
  readonly #resources = new Map<ResourceType, Owner>();
  /** Author's classes of exported resources, named so that no two are the same. */
  readonly #authorNames: ReadonlyMap<ResourceType, string>;

  constructor(world: WitWorld) {
    this.world = world;
    const modules = openModules(world);
    for (const module of modules) this.#declare(module);
    const resources = modules.flatMap((module) =>
      module.declared.flatMap((one) =>
        one.kind === 'resource' && module.side === 'exports' ? [{ module, resource: one.resource }] : [],
      ),
    );
    const names = distinctNames(resources, ({ module, resource }) => [
      pascalName(resource.name),
      bareName(module.guest) + bareName(resource.name),
    ]);
    this.#authorNames = new Map([...names].map(([{ resource }, name]) => [resource, name]));
    this.modules = withGuestNames(modules, new Set(names.values()));
  }

  modulesOf(side: Side): Module[] {
    return this.modules.filter((module) => module.side === side);
  }

  /** Where a record, variant, enum or flags is declared. */
  ownerOf(type: Nominal): Owner {
    const owner = this.#nominal.get(identityOf(type));
    if (owner === undefined) throw new Error(`no declaration of ${type.kind} ${type.typeName?.name ?? ''}`);
    return owner;
  }

  /** Where a type has a name, although it is not one of those that must; undefined for types without. */
  aliasOf(type: ValueType): Owner | undefined {
    return this.#aliases.get(type);
  }

  /** Where a resource is declared. */
  resourceOwner(resource: ResourceType): Owner {
    const owner = this.#resources.get(resource);
    if (owner === undefined) throw new Error(`no declaration of resource ${resource.name}`);
    return owner;
  }

  /** The author's class for an exported resource. */
  authorClass(resource: ResourceType): string {
    return this.#authorNames.get(resource) ?? pascalName(resource.name);
  }

  /** Whether a resource is implemented by this component. */
  isExported(resource: ResourceType): boolean {
    return this.resourceOwner(resource).module.side === 'exports';
  }

  #declare(module: OpenModule): void {
    const types = module.items.filter((item) => item.kind === 'type' || item.kind === 'resource');
    const names = distinctNames(types, (item) => [pascalName(item.name)]);
    const used = new Set(names.values());
    for (const item of types) {
      const name = names.get(item) ?? item.name;
      const docs = docsOf(item);
      if (item.kind === 'resource') this.#declareResource(module, item.resource, item.name, name, docs);
      else this.#declareType(module, item.type, item.name, name, docs, used);
    }
    for (const item of module.items)
      if (item.kind === 'func') module.funcs.push({ name: item.name, type: item.type, ...docsOf(item) });
  }

  #declareResource(module: OpenModule, resource: ResourceType, label: string, name: string, docs: { docs?: string }): void {
    const isOwn = resource.name === label && !this.#resources.has(resource);
    const declared: Declared = isOwn ? { kind: 'resource', name, resource, ...docs } : { kind: 'use', name, resource };
    if (isOwn) this.#resources.set(resource, { module, declared });
    module.declared.push(declared);
  }

  #declareType(
    module: OpenModule,
    type: ValueType,
    label: string,
    name: string,
    docs: { docs?: string },
    used: Set<string>,
  ): void {
    const isOwn = type.typeName?.interface === module.interfaceId && type.typeName?.name === label;
    const nominal = isNominal(type) ? type : undefined;
    let declared: Declared;
    if (nominal !== undefined && !this.#nominal.has(identityOf(nominal))) {
      const tagName = nominal.kind === 'variant' ? numbered(`${name}Tag`, used) : undefined;
      if (tagName !== undefined) used.add(tagName);
      declared = { kind: 'nominal', name, type: nominal, ...docs, ...(tagName === undefined ? {} : { tagName }) };
      this.#nominal.set(identityOf(nominal), { module, declared });
    } else if (isOwn && !this.#aliases.has(type)) {
      declared = { kind: 'alias', name, type, ...docs };
      this.#aliases.set(type, { module, declared });
    } else declared = { kind: 'use', name, type };
    module.declared.push(declared);
  }
}

/** Whether a type has to have a name. */
export function isNominal(type: ValueType): type is Nominal {
  return type.kind === 'record' || type.kind === 'variant' || type.kind === 'enum' || type.kind === 'flags';
}

/** The same object for a type and all its aliases, which are nodes of their own but share its parts. */
export function identityOf(type: Nominal): object {
  return type.kind === 'record' ? type.fields : type.kind === 'variant' ? type.cases : type.names;
}

function docsOf(item: { readonly docs?: string } | { readonly kind: string }): { docs?: string } {
  return 'docs' in item && item.docs !== undefined ? { docs: item.docs } : {};
}

function openModules(world: WitWorld): OpenModule[] {
  const seeds: { side: Side; id: string | undefined; items: readonly (InterfaceItem | WorldItem)[]; docs?: string }[] = [];
  for (const side of ['imports', 'exports'] as const) {
    const items = world.component[side];
    for (const item of items)
      if (item.kind === 'interface') seeds.push({ side, id: item.name, items: item.items, ...docsOf(item) });
    const own = items.filter((item) => item.kind !== 'interface');
    const { docs } = world.component;
    if (own.length > 0) seeds.push({ side, id: undefined, items: own, ...(docs === undefined ? {} : { docs }) });
  }
  const files = distinctNames(seeds, ({ side, id }) => namesOf(id, world.name).map((name) => `${side}/${name}`));
  const aliases = distinctNames(seeds, (seed) => [aliasOf(files.get(seed) ?? '', seed.side)]);
  return seeds.map((seed) => ({
    side: seed.side,
    interfaceId: seed.id,
    file: files.get(seed) ?? '',
    alias: aliases.get(seed) ?? '',
    docs: seed.docs,
    items: seed.items,
    declared: [],
    funcs: [],
    guest: bareName((files.get(seed) ?? '').replace(/^.*\//, '')),
  }));
}

/** `a:b/types@1.0.0` as `types`, `b-types`, `a-b-types` and `a-b-types-1-0-0`, for the first that no other has. */
function namesOf(id: string | undefined, world: string): string[] {
  if (id === undefined) return [world, `${world}-world`];
  const [, path = '', name = id, version = ''] = /^(?:(.*)\/)?([^/@]*)(?:@(.*))?$/.exec(id) ?? [];
  const packages = path.split(/[:/]/).filter((part) => part !== '');
  const names = [name];
  for (const part of packages.reverse()) names.push(`${part}-${names.at(-1) ?? ''}`);
  const words = version === '' ? [] : version.split(/[^A-Za-z0-9]+/);
  return [...names, [name, ...words].join('-'), [names.at(-1) ?? '', ...words].join('-')];
}

function aliasOf(file: string, side: Side): string {
  const name = bareName(file.replace(/^.*\//, ''));
  return name.charAt(0).toLowerCase() + name.slice(1) + bareName(side);
}

/** Resources keep their names; an interface of the same name gives way. */
function withGuestNames(modules: readonly OpenModule[], taken: ReadonlySet<string>): Module[] {
  const exported = modules.filter((module) => module.side === 'exports');
  const names = distinctNames(exported, ({ guest }) => [pascalName(guest), `${guest}Interface`], taken);
  return modules.map((module) => ({ ...module, guest: names.get(module) ?? module.guest }));
}
