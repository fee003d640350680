import { CoreFuncTypes, type CoreModuleType } from './core-types.ts';
import type { DecodeLimits } from './decode-limits.ts';
import { article, malformed, quote, tooLarge } from './reader.ts';
import type { Remapper } from './remap.ts';
import {
  type Facts,
  factsOfFunction,
  factsOfResource,
  factsOfValue,
  NO_FACTS,
  type Origin,
  partsOf,
  VALUE_BYTES_END,
} from './type-facts.ts';
import type { FunctionType, Param, ResourceType, TypeName, ValueType } from './types.ts';

/**
 * Which definition, import or export introduced a resource under the index that a handle type mentions: one resource can be
 * known by several, and imports and exports may only mention those that are visible from outside.
 */
export type NameId = number;

/** What an instance exports or a component imports, under one name. */
export type Extern =
  | { readonly kind: 'func'; readonly type: FunctionType }
  | { readonly kind: 'type'; readonly type: ValueType }
  /** `fresh`: declared as `sub resource`, so whoever instantiates chooses it; otherwise it equals a resource known before. */
  | { readonly kind: 'resource'; readonly resource: ResourceType; readonly fresh: boolean; readonly nameId: NameId }
  | { readonly kind: 'instance'; readonly instance: Instance }
  | { readonly kind: 'component'; readonly template: Template }
  | { readonly kind: 'module'; readonly type: CoreModuleType }
  | { readonly kind: 'value'; readonly type: ValueType }
  /** An exported type that describes no value: a function, instance or component type. */
  | { readonly kind: 'definition'; readonly definition: DescribingType };

export type Externs = ReadonlyMap<string, Extern>;

/** A component instance: concrete types only, each resource with its identity. */
export interface Instance {
  readonly exports: Externs;
  /** Levels of instances in it, itself included. */
  readonly depth: number;
  /** Birth of the first resource that its exports mention; infinite when they mention none. */
  readonly oldestResource: number;
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
  /** As of `Instance`; one older than `start` comes from outside. */
  readonly oldestResource: number;
  /** Substitution that still has to reach the types from outside, where the template was itself part of one. */
  readonly outer?: Remapper;
}

/** A type that describes no value. */
export type DescribingType = Exclude<TypeDefinition, { kind: 'value' | 'resource' }>;

/** One entry of a type index space. */
export type TypeDefinition =
  | { readonly kind: 'value'; readonly type: ValueType }
  | { readonly kind: 'resource'; readonly resource: ResourceType; readonly nameId: NameId }
  | { readonly kind: 'func'; readonly type: FunctionType }
  | { readonly kind: 'instance' | 'component'; readonly template: Template };

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
  /** Why jco must not be used on the component; the first reason found. */
  jcoRefuses: string | undefined;
  /** Types and resources that an import or export of the root component has named: the first name stays. */
  readonly claimed = new WeakSet<ValueType | ResourceType>();
  #births = 0;
  #items = 0;
  readonly #names: (NameId | undefined)[] = [];
  readonly coreFuncs = new CoreFuncTypes();
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
    return this.#factsOf(type).birth;
  }

  aliasOf(type: ValueType): ValueType | undefined {
    return this.#factsOf(type).aliasOf;
  }

  /**
   * Registers a new value type.
   *
   * @throws CodedError `component/too-large` when it is larger or deeper than the limits, `component/malformed` when its
   * values would be larger than the format allows.
   */
  value<T extends ValueType>(type: T, origin: Origin = {}): T {
    const facts = factsOfValue(type, this.#factsOf, this.#births++, origin);
    this.#checkNodes(facts.nodes);
    const levels = this.limits.typeDepthMax;
    if (facts.depth > levels) throw tooLarge(this.at, 'typeDepthMax', levels, 'the levels of a type');
    if (facts.bytes >= VALUE_BYTES_END && !origin.isMapPair)
      throw malformed(this.at, `expected values of less than ${VALUE_BYTES_END} bytes, found ${facts.bytes}`);
    this.#facts.set(type, facts);
    this.charge(1);
    return type;
  }

  func(params: readonly Param[], result: ValueType | undefined, isAsync: boolean): FunctionType {
    const type: FunctionType = result === undefined ? { params, isAsync } : { params, result, isAsync };
    const facts = factsOfFunction(type, this.#factsOf, this.#births++);
    this.#checkNodes(facts.nodes);
    this.#facts.set(type, facts);
    this.charge(1);
    return type;
  }

  /** What is known of a type that this space made. */
  readonly #factsOf = (type: object): Facts => this.#facts.get(type) ?? NO_FACTS;

  factsOf(type: ValueType | FunctionType | ResourceType): Facts {
    return this.#factsOf(type);
  }

  /** A new way to name a resource; `of` is the one that it was introduced by. */
  newName(of?: NameId): NameId {
    return this.#names.push(of) - 1;
  }

  /** What the definition behind a name names itself; `undefined` for the first name of a resource. */
  nameBehind(name: NameId): NameId | undefined {
    return this.#names[name];
  }

  resource(name: string): ResourceType {
    const resource: ResourceType = { kind: 'resource', name };
    this.#facts.set(resource, factsOfResource(this.#births++));
    this.charge(1);
    return resource;
  }

  /**
   * The same type under a name. A type that has this very name keeps it, with the interface that declared it: that is
   * how WIT's `use` looks in a binary. Another name makes a new named type, as `type a = b` does.
   */
  named(type: ValueType, name: string): ValueType {
    if (type.typeName?.name === name) return type;
    this.charge(partsOf(type).length);
    return this.withTypeName(type, { name }, { aliasOf: type });
  }

  withTypeName(type: ValueType, typeName: TypeName, origin: Origin): ValueType {
    return this.value({ ...type, typeName }, origin);
  }

  /** What a template or instance around these parts has to know of itself; checks its levels. */
  around(externs: Iterable<Extern>): Pick<Instance, 'depth' | 'oldestResource'> {
    let depth = 0;
    let oldestResource = Number.POSITIVE_INFINITY;
    for (const extern of externs) {
      const inner = this.#within(extern);
      depth = Math.max(depth, inner.depth);
      oldestResource = Math.min(oldestResource, inner.oldestResource);
    }
    const max = this.limits.nestingMax;
    if (depth + 1 > max) throw tooLarge(this.at, 'nestingMax', max, 'the levels of nested instances');
    return { depth: depth + 1, oldestResource };
  }

  #within(extern: Extern): Pick<Instance, 'depth' | 'oldestResource'> {
    switch (extern.kind) {
      case 'instance':
        return extern.instance;
      case 'component':
        return extern.template;
      case 'definition':
        return extern.definition.kind === 'func'
          ? { depth: 0, oldestResource: this.#factsOf(extern.definition.type).oldestResource }
          : extern.definition.template;
      case 'module':
        return NO_FACTS;
      default:
        return {
          depth: 0,
          oldestResource: this.#factsOf(extern.kind === 'resource' ? extern.resource : extern.type).oldestResource,
        };
    }
  }

  instance(exports: Externs): Instance {
    this.charge(1);
    return { exports, ...this.around(exports.values()) };
  }

  #checkNodes(nodes: number): void {
    const max = this.limits.typeNodesMax;
    if (nodes > max) throw tooLarge(this.at, 'typeNodesMax', max, 'the nodes of a type');
  }
}

export { partsOf };

/** What an extern is, for messages. */
export function describeExtern(extern: Extern): string {
  if (extern.kind === 'type' && extern.type.typeName !== undefined) return `the type ${quote(extern.type.typeName.name)}`;
  if (extern.kind === 'resource') return `the resource ${quote(extern.resource.name)}`;
  if (extern.kind === 'definition') return `${article(extern.definition.kind)} type`;
  return article(extern.kind === 'func' ? 'function' : extern.kind);
}
