import { tooLarge } from './reader.ts';
import type { Extern, Externs, Instance, NameId, Template, TypeSpace } from './type-space.ts';
import type { FunctionType, Param, ResourceType, TypeName, ValueType } from './types.ts';

/**
 * Copies types while it replaces some of them: what instantiation does to the types of a template. Types born before
 * the template's start cannot mention anything of its own and are kept as they are, so the cost is the size of the
 * template; it is charged to the item budget, because one template can be instantiated many times.
 */
export class Remapper {
  protected readonly space: TypeSpace;
  readonly #start: number;
  readonly #outer: Remapper | undefined;
  /** Remappers that a look-up can pass through, this one included: the depth of its recursion. */
  readonly links: number;
  readonly #resources = new Map<ResourceType, ResourceType>();
  readonly #types = new Map<ValueType, ValueType>();
  readonly #funcs = new Map<FunctionType, FunctionType>();
  readonly #instances = new Map<Instance, Instance>();
  readonly #renames = new Map<ValueType, TypeName>();
  readonly #names = new Map<NameId, NameId>();

  constructor(space: TypeSpace, start: number, outer?: Remapper, links = 1 + (outer?.links ?? 0)) {
    const max = space.limits.nestingMax;
    if (links > max) throw tooLarge(space.at, 'nestingMax', max, 'the levels of instantiation');
    this.space = space;
    this.#start = start;
    this.#outer = outer;
    this.links = links;
  }

  /** Gives the copy of a named type another name. Only before its first use. */
  rename(type: ValueType, name: TypeName): void {
    this.#renames.set(type, name);
  }

  resource(resource: ResourceType): ResourceType {
    const known = this.#resources.get(resource);
    if (known !== undefined) return known;
    if (this.space.birthOf(resource) < this.#start) return this.#outer?.resource(resource) ?? resource;
    const fresh = this.space.resource(resource.name);
    this.#resources.set(resource, fresh);
    return fresh;
  }

  /** The name that takes the place of one that a handle mentions its resource by. */
  nameId(name: NameId): NameId {
    return this.#names.get(name) ?? this.#outer?.nameId(name) ?? name;
  }

  /** The copy of a value type. Recursion is bounded by `typeDepthMax`. */
  type(type: ValueType): ValueType {
    const known = this.#types.get(type);
    if (known !== undefined) return known;
    if (this.space.birthOf(type) < this.#start) return this.#outer?.type(type) ?? type;
    const copy = this.#copy(type);
    this.#types.set(type, copy);
    return copy;
  }

  #copy(type: ValueType): ValueType {
    const name = this.#renames.get(type);
    const { aliasOf, nameId } = this.space.factsOf(type);
    const origin = { nameId: nameId === undefined ? undefined : this.nameId(nameId) };
    if (name !== undefined) return this.space.withTypeName(this.#parts(type), name, origin);
    if (aliasOf !== undefined && type.typeName !== undefined) return this.space.named(this.type(aliasOf), type.typeName.name);
    return this.space.value(this.#parts(type), origin);
  }

  #parts(type: ValueType): ValueType {
    switch (type.kind) {
      case 'list':
        return { ...type, element: this.type(type.element) };
      case 'option':
        return { ...type, some: this.type(type.some) };
      case 'record':
        this.space.charge(type.fields.length);
        return { ...type, fields: type.fields.map((field) => ({ ...field, type: this.type(field.type) })) };
      case 'tuple':
        this.space.charge(type.items.length);
        return { ...type, items: type.items.map((item) => this.type(item)) };
      case 'variant':
        this.space.charge(type.cases.length);
        return {
          ...type,
          cases: type.cases.map((one) => (one.type === undefined ? one : { ...one, type: this.type(one.type) })),
        };
      case 'result':
        return {
          ...type,
          ...(type.ok === undefined ? {} : { ok: this.type(type.ok) }),
          ...(type.err === undefined ? {} : { err: this.type(type.err) }),
        };
      case 'unsupported':
        return type.parts === undefined ? { ...type } : { ...type, parts: type.parts.map((part) => this.type(part)) };
      case 'own':
      case 'borrow':
        return { ...type, resource: this.resource(type.resource) };
      default:
        return { ...type };
    }
  }

  func(type: FunctionType): FunctionType {
    const known = this.#funcs.get(type);
    if (known !== undefined) return known;
    if (this.space.birthOf(type) < this.#start) return this.#outer?.func(type) ?? type;
    this.space.charge(type.params.length);
    const params: Param[] = type.params.map((param) => ({ name: param.name, type: this.type(param.type) }));
    const result = type.result === undefined ? undefined : this.type(type.result);
    const copy = this.space.func(params, result, type.isAsync);
    this.#funcs.set(type, copy);
    return copy;
  }

  /** The copy of an instance. Recursion is bounded by `nestingMax`. */
  instance(instance: Instance): Instance {
    const known = this.#instances.get(instance);
    if (known !== undefined) return known;
    const copy = this.space.instance(this.externs(instance.exports));
    this.#instances.set(instance, copy);
    return copy;
  }

  externs(externs: Externs): Externs {
    const copies = new Map<string, Extern>();
    this.space.charge(externs.size);
    for (const [name, extern] of externs) copies.set(name, this.extern(extern));
    return copies;
  }

  extern(extern: Extern): Extern {
    switch (extern.kind) {
      case 'func':
        return { kind: 'func', type: this.func(extern.type) };
      case 'type':
        return { kind: 'type', type: this.type(extern.type) };
      case 'resource': {
        const { resource, fresh, nameId } = extern;
        return { kind: 'resource', resource: this.resource(resource), fresh, nameId: this.nameId(nameId) };
      }
      case 'instance':
        return { kind: 'instance', instance: this.instance(extern.instance) };
      case 'component':
        return { kind: 'component', template: this.template(extern.template) };
      case 'definition': {
        const { definition } = extern;
        if (definition.kind === 'func')
          return { kind: 'definition', definition: { kind: 'func', type: this.func(definition.type) } };
        return { kind: 'definition', definition: { kind: definition.kind, template: this.template(definition.template) } };
      }
      case 'value':
        return { kind: 'value', type: this.type(extern.type) };
      case 'module':
        return extern;
    }
  }

  /** A template keeps its own types; what it uses from outside is replaced when it is instantiated. */
  template(template: Template): Template {
    const outer = template.outer === undefined ? this : new ChainedRemapper(this.space, template.outer, this);
    return { ...template, outer };
  }

  /** Replaces what this scope has from here on; what was copied before keeps what it got. */
  protected replaceResource(resource: ResourceType, given: ResourceType): void {
    this.#resources.set(resource, given);
  }

  protected replaceName(name: NameId, given: NameId): void {
    this.#names.set(name, given);
  }

  protected replaceType(type: ValueType, given: ValueType): void {
    if (this.space.birthOf(type) >= this.#start) this.#types.set(type, given);
  }

  /** Whether a resource was copied or replaced before. */
  protected knows(resource: ResourceType): boolean {
    return this.#resources.has(resource);
  }
}

/** Copies types only to give some of them another name: resources keep their identity. */
export class Renamer extends Remapper {
  override resource(resource: ResourceType): ResourceType {
    return resource;
  }
}

/** Applies one substitution after another; for templates that pass through more than one instantiation. */
class ChainedRemapper extends Remapper {
  readonly #first: Remapper;
  readonly #then: Remapper;

  constructor(space: TypeSpace, first: Remapper, then: Remapper) {
    super(space, 0, undefined, first.links + then.links);
    this.#first = first;
    this.#then = then;
  }

  override resource(resource: ResourceType): ResourceType {
    return this.#then.resource(this.#first.resource(resource));
  }

  override type(type: ValueType): ValueType {
    return this.#then.type(this.#first.type(type));
  }

  override nameId(name: NameId): NameId {
    return this.#then.nameId(this.#first.nameId(name));
  }

  override func(type: FunctionType): FunctionType {
    return this.#then.func(this.#first.func(type));
  }
}
