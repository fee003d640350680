import type { DecodeLimits } from './decode-limits.ts';
import { article, quote, tooLarge } from './reader.ts';
import type { Remapper } from './remap.ts';
import type { FunctionType, Param, ResourceType, TypeName, ValueType } from './types.ts';

/** What an instance exports or a component imports, under one name. */
export type Extern =
  | { readonly kind: 'func'; readonly type: FunctionType }
  | { readonly kind: 'type'; readonly type: ValueType }
  /** `fresh`: declared as `sub resource`, so whoever instantiates chooses it; otherwise it equals a resource known before. */
  | { readonly kind: 'resource'; readonly resource: ResourceType; readonly fresh: boolean }
  | { readonly kind: 'instance'; readonly instance: Instance }
  | { readonly kind: 'component'; readonly template: Template }
  | { readonly kind: 'module' }
  | { readonly kind: 'value' }
  /** An exported type that describes no value: a function, instance or component type. */
  | { readonly kind: 'definition'; readonly definition: Exclude<TypeDefinition, { kind: 'value' | 'resource' }> };

export type Externs = ReadonlyMap<string, Extern>;

/** A component instance: concrete types only, each resource with its identity. */
export interface Instance {
  readonly exports: Externs;
  /** Levels of instances in it, itself included. */
  readonly depth: number;
}

/**
 * A component, a component type or an instance type (without imports): its resources and named types are made anew by
 * each instantiation. `start` tells what is its own: every type made inside has a birth of `start` or later.
 */
export interface Template {
  readonly imports: Externs;
  readonly exports: Externs;
  readonly start: number;
  /** Levels of templates and instances in it, itself included. */
  readonly depth: number;
  /** Substitution that still has to reach the types from outside, where the template was itself part of one. */
  readonly outer?: Remapper;
}

/** One entry of a type index space. */
export type TypeDefinition =
  | { readonly kind: 'value'; readonly type: ValueType }
  | { readonly kind: 'resource'; readonly resource: ResourceType }
  | { readonly kind: 'func'; readonly type: FunctionType }
  | { readonly kind: 'instance' | 'component'; readonly template: Template };

interface Facts {
  readonly birth: number;
  /** Size when shared parts are written out. */
  readonly nodes: number;
  readonly depth: number;
  /** For a type named by an export or import of another: that other. */
  readonly aliasOf?: ValueType;
}

/** Removes `readonly` for the decoder itself, which may complete an object of its own before it hands it out. */
export type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/**
 * Makes every type of one decode, with what the decoder must know about it: when it was made, and how large it is when
 * written out. Holds the budget of items that all parts of the decode draw from.
 */
export class TypeSpace {
  readonly limits: DecodeLimits;
  /** Byte offset of the definition at work, for errors that surface below it. */
  at = 0;
  /** Whether a built-in, option or type of the asynchronous ABI was seen anywhere. */
  asyncAbi = false;
  /** Types and resources that an import or export of the root component has named: the first name stays. */
  readonly claimed = new WeakSet<ValueType | ResourceType>();
  #births = 0;
  #items = 0;
  readonly #facts = new WeakMap<object, Facts>();

  constructor(limits: DecodeLimits) {
    this.limits = limits;
  }

  /** Takes items from the budget; throws `component/too-large` when it is used up. */
  charge(items: number): void {
    this.#items += items;
    if (this.#items > this.limits.itemsMax)
      throw tooLarge(this.at, 'itemsMax', this.limits.itemsMax, 'the items of the component');
  }

  /** A number later than every birth so far. */
  now(): number {
    return this.#births;
  }

  birthOf(type: ValueType | FunctionType | ResourceType): number {
    return this.#facts.get(type)?.birth ?? 0;
  }

  aliasOf(type: ValueType): ValueType | undefined {
    return this.#facts.get(type)?.aliasOf;
  }

  /** Registers a new value type; throws `component/too-large` when it is larger or deeper than the limits. */
  value<T extends ValueType>(type: T, aliasOf?: ValueType): T {
    let nodes = 1;
    let depth = 0;
    for (const part of partsOf(type)) {
      const facts = this.#facts.get(part);
      nodes += facts?.nodes ?? 1;
      depth = Math.max(depth, facts?.depth ?? 1);
    }
    // Labels count too: an enum of 10,000 names is not one node to whoever prints it.
    if (type.kind === 'enum' || type.kind === 'flags') nodes += type.names.length;
    if (type.kind === 'variant') nodes += type.cases.length;
    this.#checkNodes(nodes);
    const levels = this.limits.typeDepthMax;
    if (depth + 1 > levels) throw tooLarge(this.at, 'typeDepthMax', levels, 'the levels of a type');
    const facts = { birth: this.#births++, nodes, depth: depth + 1 };
    this.#facts.set(type, aliasOf === undefined ? facts : { ...facts, aliasOf });
    this.charge(1);
    return type;
  }

  func(params: readonly Param[], result: ValueType | undefined, isAsync: boolean): FunctionType {
    let nodes = 1;
    for (const param of params) nodes += this.#facts.get(param.type)?.nodes ?? 1;
    if (result !== undefined) nodes += this.#facts.get(result)?.nodes ?? 1;
    this.#checkNodes(nodes);
    const type: FunctionType = result === undefined ? { params, isAsync } : { params, result, isAsync };
    this.#facts.set(type, { birth: this.#births++, nodes, depth: 1 });
    this.charge(1);
    return type;
  }

  resource(name: string): ResourceType {
    const resource: ResourceType = { kind: 'resource', name };
    this.#facts.set(resource, { birth: this.#births++, nodes: 1, depth: 1 });
    this.charge(1);
    return resource;
  }

  /**
   * The same type under a name. A type that has this very name keeps it, with the interface that declared it: that is
   * how WIT's `use` looks in a binary. Another name makes a new named type, as `type a = b` does.
   */
  named(type: ValueType, name: string): ValueType {
    if (type.typeName?.name === name) return type;
    return this.withTypeName(type, { name }, type);
  }

  withTypeName(type: ValueType, typeName: TypeName, aliasOf?: ValueType): ValueType {
    return this.value({ ...type, typeName }, aliasOf);
  }

  /** Checks the levels of a template or instance around parts of these depths; gives its own. */
  depthAround(externs: Iterable<Extern>): number {
    let depth = 0;
    for (const extern of externs) {
      if (extern.kind === 'instance') depth = Math.max(depth, extern.instance.depth);
      if (extern.kind === 'component') depth = Math.max(depth, extern.template.depth);
    }
    const max = this.limits.nestingMax;
    if (depth + 1 > max) throw tooLarge(this.at, 'nestingMax', max, 'the levels of nested instances');
    return depth + 1;
  }

  instance(exports: Externs): Instance {
    this.charge(1);
    return { exports, depth: this.depthAround(exports.values()) };
  }

  #checkNodes(nodes: number): void {
    const max = this.limits.typeNodesMax;
    if (nodes > max) throw tooLarge(this.at, 'typeNodesMax', max, 'the nodes of a type');
  }
}

/** The types directly inside a value type. */
export function partsOf(type: ValueType): readonly ValueType[] {
  switch (type.kind) {
    case 'list':
      return [type.element];
    case 'option':
      return [type.some];
    case 'record':
      return type.fields.map((field) => field.type);
    case 'tuple':
      return type.items;
    case 'variant':
      return type.cases.flatMap((one) => (one.type === undefined ? [] : [one.type]));
    case 'result':
      return [type.ok, type.err].filter((part) => part !== undefined);
    default:
      return [];
  }
}

/** What an extern is, for messages. */
export function describeExtern(extern: Extern): string {
  if (extern.kind === 'type' && extern.type.typeName !== undefined) return `the type ${quote(extern.type.typeName.name)}`;
  if (extern.kind === 'resource') return `the resource ${quote(extern.resource.name)}`;
  if (extern.kind === 'definition') return `${article(extern.definition.kind)} type`;
  return article(extern.kind === 'func' ? 'function' : extern.kind);
}
