import { instantiate } from './bind.ts';
import { partsOf } from './type-facts.ts';
import type { Extern, Instance, NameId, Template, TypeSpace } from './type-space.ts';
import type { FunctionType, ResourceType, ValueType } from './types.ts';

/**
 * The types that have a name outside of a component, for its imports and for its exports: no other resource, record,
 * variant, enum or flags may occur in the type of an import or export.
 * Source: component model, Explainer.md, External Visibility of Types; wasmparser, `validate_and_register_named_types`.
 */
export class Visibility {
  readonly #space: TypeSpace;
  readonly #imported: VisibleTypes;
  readonly #exported: VisibleTypes;

  constructor(space: TypeSpace) {
    this.#space = space;
    this.#imported = new VisibleTypes(space);
    this.#exported = new VisibleTypes(space);
  }

  /** Makes the types that an import declares visible. @returns whether it may be imported. */
  import(extern: Extern): boolean {
    if (extern.kind === 'instance') return every(this.#itemsOf(extern.instance), (inner) => this.import(inner));
    if (!this.#imported.covers(extern) || this.#namesExport(extern)) return false;
    this.#imported.add(extern);
    this.#exported.add(extern);
    return true;
  }

  /** As `import`, for an export. */
  export(extern: Extern): boolean {
    if (extern.kind === 'instance') return every(this.#itemsOf(extern.instance), (inner) => this.export(inner));
    if (!this.#exported.covers(extern)) return false;
    this.#exported.add(extern);
    return true;
  }

  /** One large instance can be exported again and again. */
  #itemsOf({ exports }: Instance): Iterable<Extern> {
    this.#space.charge(exports.size);
    return exports.values();
  }

  /** Makes visible what stands for an import or export that was found to be. */
  copied(extern: Extern, isImport: boolean): void {
    if (isImport) this.#imported.addAll(extern);
    this.#exported.addAll(extern);
  }

  /** Whether a resource may occur in component types that are imported or exported. */
  knows(resource: ResourceType, isImport: boolean): boolean {
    return (isImport ? this.#imported : this.#exported).knows(resource);
  }

  /** An imported type cannot be one that is visible as an export only. */
  #namesExport(extern: Extern): boolean {
    if (extern.kind === 'resource') {
      const of = this.#space.nameBehind(extern.nameId);
      return of !== undefined && this.#exported.has(extern.resource, of) && !this.#imported.has(extern.resource, of);
    }
    if (extern.kind !== 'type') return false;
    const of = this.#space.aliasOf(extern.type) ?? extern.type;
    return this.#exported.hasType(of) && !this.#imported.hasType(of);
  }
}

/** Types with a name. What does not need one, such as a list, is visible when its parts are. */
class VisibleTypes {
  readonly #space: TypeSpace;
  readonly #outer: VisibleTypes | undefined;
  /** Also holds functions and types without a name that were found to be visible: what is so once stays so. */
  readonly #types = new Set<ValueType | FunctionType>();
  readonly #resources = new Map<ResourceType, Set<NameId>>();

  constructor(space: TypeSpace, outer?: VisibleTypes) {
    this.#space = space;
    this.#outer = outer;
  }

  hasType(type: ValueType): boolean {
    return this.#types.has(type) || this.#outer?.hasType(type) === true;
  }

  has(resource: ResourceType, name: NameId): boolean {
    return this.#resources.get(resource)?.has(name) === true || this.#outer?.has(resource, name) === true;
  }

  knows(resource: ResourceType): boolean {
    return this.#resources.has(resource);
  }

  add(extern: Extern): void {
    if (extern.kind === 'type') this.#types.add(extern.type);
    if (extern.kind !== 'resource') return;
    const names = this.#resources.get(extern.resource);
    if (names === undefined) this.#resources.set(extern.resource, new Set([extern.nameId]));
    else names.add(extern.nameId);
  }

  /** Adds every type that an extern mentions. */
  addAll(extern: Extern): void {
    this.add(extern);
    if (extern.kind === 'instance') for (const inner of extern.instance.exports.values()) this.addAll(inner);
    if (extern.kind === 'type' || extern.kind === 'value') this.#addType(extern.type);
    if (extern.kind === 'func') for (const type of typesOf(extern.type)) this.#addType(type);
  }

  #addType(type: ValueType): void {
    if (this.#types.has(type)) return;
    this.#space.charge(1);
    this.#types.add(type);
    for (const part of partsOf(type)) this.#addType(part);
  }

  /** Whether all types that an extern mentions are visible; a type that it declares itself has its name from that. */
  covers(extern: Extern): boolean {
    switch (extern.kind) {
      case 'func':
        return this.#coversFunc(extern.type);
      case 'type':
        return this.#coversParts(extern.type);
      case 'value':
        return this.#coversType(extern.type);
      case 'instance':
        return every(extern.instance.exports.values(), (inner) => this.covers(inner));
      case 'definition': {
        const { definition } = extern;
        if (definition.kind === 'func') return this.#coversFunc(definition.type);
        return definition.kind === 'component' || this.#coversInstanceType(definition.template);
      }
      // A resource is named by its import or export; modules and component types have no types from outside.
      default:
        return true;
    }
  }

  #coversFunc(type: FunctionType): boolean {
    if (this.#types.has(type)) return true;
    this.#space.charge(type.params.length);
    if (!typesOf(type).every((part) => this.#coversType(part))) return false;
    this.#types.add(type);
    return true;
  }

  /** Types that an instance type exports are visible inside of it only. */
  #coversInstanceType(template: Template): boolean {
    const inner = new VisibleTypes(this.#space, this);
    const { exports } = instantiate(this.#space, template, new Map());
    return every(exports.values(), (extern) => {
      inner.add(extern);
      return inner.covers(extern);
    });
  }

  /** Recursion is bounded by `typeDepthMax`. */
  #coversType(type: ValueType): boolean {
    if (this.hasType(type)) return true;
    if (NEEDS_NAME.has(type.kind)) return false;
    this.#space.charge(1);
    if (!this.#coversParts(type)) return false;
    this.#types.add(type);
    return true;
  }

  #coversParts(type: ValueType): boolean {
    if (type.kind !== 'own' && type.kind !== 'borrow') return partsOf(type).every((part) => this.#coversType(part));
    const { nameId } = this.#space.factsOf(type);
    return nameId !== undefined && this.has(type.resource, nameId);
  }
}

const NEEDS_NAME: ReadonlySet<ValueType['kind']> = new Set(['record', 'variant', 'enum', 'flags']);

function typesOf({ params, result }: FunctionType): ValueType[] {
  const types = params.map((param) => param.type);
  if (result !== undefined) types.push(result);
  return types;
}

function every<T>(items: Iterable<T>, test: (item: T) => boolean): boolean {
  for (const item of items) if (!test(item)) return false;
  return true;
}
