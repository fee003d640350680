import { Comparison } from './compare.ts';
import { malformed, quote, tooLarge } from './reader.ts';
import { describeExtern, type Extern, type Externs, type Instance, type Template, type TypeSpace } from './type-space.ts';
import type { FunctionType, Param, ResourceType, TypeName, ValueType } from './types.ts';

/**
 * Copies types while it replaces some of them: what instantiation does to the types of a template. Types born before
 * the template's start cannot mention anything of its own and are kept as they are, so the cost is the size of the
 * template; it is charged to the item budget, because one template can be instantiated many times.
 */
export class Remapper {
  readonly #space: TypeSpace;
  readonly #start: number;
  readonly #outer: Remapper | undefined;
  /** Remappers that a look-up can pass through, this one included: the depth of its recursion. */
  readonly links: number;
  readonly #resources = new Map<ResourceType, ResourceType>();
  readonly #types = new Map<ValueType, ValueType>();
  readonly #funcs = new Map<FunctionType, FunctionType>();
  readonly #instances = new Map<Instance, Instance>();
  readonly #renames = new Map<ValueType, TypeName>();

  constructor(space: TypeSpace, start: number, outer?: Remapper, links = 1 + (outer?.links ?? 0)) {
    const max = space.limits.nestingMax;
    if (links > max) throw tooLarge(space.at, 'nestingMax', max, 'the levels of instantiation');
    this.#space = space;
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
    if (this.#space.birthOf(resource) < this.#start) return this.#outer?.resource(resource) ?? resource;
    const fresh = this.#space.resource(resource.name);
    this.#resources.set(resource, fresh);
    return fresh;
  }

  /** The copy of a value type. Recursion is bounded by `typeDepthMax`. */
  type(type: ValueType): ValueType {
    const known = this.#types.get(type);
    if (known !== undefined) return known;
    if (this.#space.birthOf(type) < this.#start) return this.#outer?.type(type) ?? type;
    const copy = this.#copy(type);
    this.#types.set(type, copy);
    return copy;
  }

  #copy(type: ValueType): ValueType {
    const name = this.#renames.get(type);
    if (name !== undefined) return this.#space.withTypeName(this.#parts(type), name);
    const origin = this.#space.aliasOf(type);
    if (origin !== undefined && type.typeName !== undefined) return this.#space.named(this.type(origin), type.typeName.name);
    return this.#space.value(this.#parts(type));
  }

  #parts(type: ValueType): ValueType {
    switch (type.kind) {
      case 'list':
        return { ...type, element: this.type(type.element) };
      case 'option':
        return { ...type, some: this.type(type.some) };
      case 'record':
        this.#space.charge(type.fields.length);
        return { ...type, fields: type.fields.map((field) => ({ ...field, type: this.type(field.type) })) };
      case 'tuple':
        this.#space.charge(type.items.length);
        return { ...type, items: type.items.map((item) => this.type(item)) };
      case 'variant':
        this.#space.charge(type.cases.length);
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
    if (this.#space.birthOf(type) < this.#start) return this.#outer?.func(type) ?? type;
    this.#space.charge(type.params.length);
    const params: Param[] = type.params.map((param) => ({ name: param.name, type: this.type(param.type) }));
    const result = type.result === undefined ? undefined : this.type(type.result);
    const copy = this.#space.func(params, result, type.isAsync);
    this.#funcs.set(type, copy);
    return copy;
  }

  /** The copy of an instance. Recursion is bounded by `nestingMax`. */
  instance(instance: Instance): Instance {
    const known = this.#instances.get(instance);
    if (known !== undefined) return known;
    const copy = this.#space.instance(this.externs(instance.exports));
    this.#instances.set(instance, copy);
    return copy;
  }

  externs(externs: Externs): Externs {
    const copies = new Map<string, Extern>();
    this.#space.charge(externs.size);
    for (const [name, extern] of externs) copies.set(name, this.extern(extern));
    return copies;
  }

  extern(extern: Extern): Extern {
    switch (extern.kind) {
      case 'func':
        return { kind: 'func', type: this.func(extern.type) };
      case 'type':
        return { kind: 'type', type: this.type(extern.type) };
      case 'resource':
        return { kind: 'resource', resource: this.resource(extern.resource), fresh: extern.fresh };
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
      default:
        return extern;
    }
  }

  /** A template keeps its own types; what it uses from outside is replaced when it is instantiated. */
  template(template: Template): Template {
    const outer = template.outer === undefined ? this : new ChainedRemapper(this.#space, template.outer, this);
    return { ...template, outer };
  }

  /**
   * Puts what is given in the place of what is expected, checks that it fits, and replaces the expected types by the
   * given ones from here on. Throws `component/malformed` when it does not fit.
   */
  bind(name: string, expected: Extern, given: Extern): void {
    this.#space.charge(1);
    if (expected.kind !== given.kind) {
      throw this.#mismatch(name, expected, describeExtern(given));
    }
    if (expected.kind === 'resource' && given.kind === 'resource') this.#bindResource(name, expected, given);
    else if (expected.kind === 'type' && given.kind === 'type') this.#bindType(name, expected, given);
    else if (expected.kind === 'instance' && given.kind === 'instance') {
      for (const [key, inner] of expected.instance.exports) {
        const actual = given.instance.exports.get(key);
        if (actual === undefined) throw this.#mismatch(`${name}.${key}`, inner, 'nothing');
        this.bind(key, inner, actual);
      }
    } else if (expected.kind === 'func' && given.kind === 'func') {
      const same = new Comparison(this.#space).funcs(this.func(expected.type), given.type);
      if (!same) throw this.#mismatch(name, expected, 'a function of another type');
    }
  }

  #bindResource(name: string, expected: Extern & { kind: 'resource' }, given: Extern & { kind: 'resource' }): void {
    if (expected.fresh && !this.#resources.has(expected.resource)) this.#resources.set(expected.resource, given.resource);
    else if (this.resource(expected.resource) !== given.resource) throw this.#mismatch(name, expected, 'another resource');
  }

  #bindType(name: string, expected: Extern & { kind: 'type' }, given: Extern & { kind: 'type' }): void {
    if (!new Comparison(this.#space).types(this.type(expected.type), given.type)) {
      throw this.#mismatch(name, expected, 'a type of another shape');
    }
    // INVARIANT: same shape, so types made from the old one before this stay right; new ones get the given one's name.
    if (this.#space.birthOf(expected.type) >= this.#start) this.#types.set(expected.type, given.type);
  }

  #mismatch(name: string, expected: Extern, found: string): Error {
    return malformed(this.#space.at, `expected ${describeExtern(expected)} for ${quote(name)}, found ${found}`);
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

  override func(type: FunctionType): FunctionType {
    return this.#then.func(this.#first.func(type));
  }
}

/** Instantiates a template: its imports are bound to the arguments, what it declares itself becomes fresh. */
export function instantiate(space: TypeSpace, template: Template, args: Externs): Instance {
  const remapper = new Remapper(space, template.start, template.outer);
  for (const [name, expected] of template.imports) {
    const given = args.get(name);
    if (given === undefined) throw malformed(space.at, `expected an argument for the import ${quote(name)}`);
    remapper.bind(name, expected, given);
  }
  return space.instance(remapper.externs(template.exports));
}
