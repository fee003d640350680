import type { ComponentBody, NamedItem } from '../../component/definitions.ts';
import type { CoreSort, Sort } from '../../component/scope.ts';
import type { Extern } from '../../component/type-space.ts';
import type { FunctionType, ResourceType } from '../../component/types.ts';
import { CodedError } from '../../error.ts';
import type { CoreRef, FuncRef, PlanResourceType } from './link-plan.ts';
import { PlanTypes } from './plan-types.ts';

/** A component with the scope that its outer aliases look into. */
export interface ComponentValue {
  readonly body: ComponentBody;
  readonly frame: Frame;
}

export type CoreInstance =
  | { readonly kind: 'step'; readonly step: number }
  | { readonly kind: 'bag'; readonly items: ReadonlyMap<string, CoreRef> };

/** A component instance's exports, types left out. */
export type InstanceValue = ReadonlyMap<string, Item>;

/** An entry of one of a frame's index spaces. */
export type Item =
  | { readonly sort: 'func'; readonly func: FuncRef }
  | { readonly sort: 'instance'; readonly instance: InstanceValue }
  | { readonly sort: 'component'; readonly component: ComponentValue }
  | { readonly sort: 'core module'; readonly module: number }
  | { readonly sort: 'core instance'; readonly instance: CoreInstance }
  | { readonly sort: 'core func' | 'core memory' | 'core table' | 'core global' | 'core tag'; readonly ref: CoreRef };

/** The index spaces of one component instance while it is linked on paper, and who its resources are. */
export class Frame {
  /** Index of `LinkPlan.instances`. */
  readonly instance: number;
  readonly outer: Frame | undefined;
  readonly funcs: FuncRef[] = [];
  readonly instances: InstanceValue[] = [];
  readonly components: ComponentValue[] = [];
  readonly coreModules: number[] = [];
  readonly coreInstances: CoreInstance[] = [];
  readonly coreFuncs: CoreRef[] = [];
  readonly coreMemories: CoreRef[] = [];
  readonly #otherCore = new Map<Sort, CoreRef[]>();
  /** By name; `item` is absent for types. */
  readonly exports = new Map<string, { readonly item: Item | undefined; readonly extern: Extern }>();
  readonly #resources = new Map<ResourceType, PlanResourceType>();
  readonly #types: PlanTypes;

  /**
   * @param outer - the frame in whose scope the component was defined.
   * @param shared - types without handles, which are the same in all frames of a plan.
   */
  constructor(instance: number, outer: Frame | undefined, shared: PlanTypes) {
    this.instance = instance;
    this.outer = outer;
    this.#types = new PlanTypes(shared.charge, shared, (resource) => this.resource(resource));
  }

  add(item: Item): void {
    switch (item.sort) {
      case 'func':
        this.funcs.push(item.func);
        return;
      case 'instance':
        this.instances.push(item.instance);
        return;
      case 'component':
        this.components.push(item.component);
        return;
      case 'core module':
        this.coreModules.push(item.module);
        return;
      case 'core instance':
        this.coreInstances.push(item.instance);
        return;
      default:
        this.#coreSpace(item.sort).push(item.ref);
    }
  }

  item(sort: Sort, index: number): Item {
    switch (sort) {
      case 'func':
        return { sort, func: present(this.funcs[index]) };
      case 'instance':
        return { sort, instance: present(this.instances[index]) };
      case 'component':
        return { sort, component: present(this.components[index]) };
      case 'core module':
        return { sort, module: present(this.coreModules[index]) };
      default:
        throw new CodedError('component/unsupported', `the component passes on a ${sort}`);
    }
  }

  coreRef(sort: CoreSort, index: number): CoreRef {
    return present(this.#coreSpace(sort)[index]);
  }

  #coreSpace(sort: CoreSort): CoreRef[] {
    if (sort === 'core func') return this.coreFuncs;
    if (sort === 'core memory') return this.coreMemories;
    let space = this.#otherCore.get(sort);
    if (space === undefined) {
      space = [];
      this.#otherCore.set(sort, space);
    }
    return space;
  }

  itemsOf(items: readonly NamedItem[]): InstanceValue {
    const values = new Map<string, Item>();
    for (const { name, sort, index } of items) if (sort !== 'type') values.set(name, this.item(sort, index));
    return values;
  }

  /** Exports an item, which also adds it to its index space again. */
  export(name: string, sort: Sort, index: number, extern: Extern): void {
    const item = sort === 'type' ? undefined : this.item(sort, index);
    this.exports.set(name, { item, extern });
    if (item !== undefined) this.add(item);
  }

  outward(count: number): Frame {
    let frame: Frame = this;
    for (let left = count; left > 0; left--) frame = present(frame.outer);
    return frame;
  }

  hasResource(resource: ResourceType): boolean {
    return this.#resources.has(resource);
  }

  bindResource(resource: ResourceType, planned: PlanResourceType): void {
    this.#resources.set(resource, planned);
  }

  /** Who a resource of this scope, or of a scope around it, is. */
  resource(resource: ResourceType): PlanResourceType {
    for (let frame: Frame | undefined = this; frame !== undefined; frame = frame.outer) {
      const found = frame.#resources.get(resource);
      if (found !== undefined) return found;
    }
    throw new CodedError('internal/invariant', 'a resource has no identity');
  }

  /** The same signature with the plan's own resources, without names and docs that only people read. */
  resolveFunction(type: FunctionType): FunctionType {
    return this.#types.functionOf(type);
  }
}

/** What the decoder has checked to be there. */
export function present<T>(value: T | undefined): T {
  if (value === undefined) throw new CodedError('internal/invariant', 'a definition names what is not there');
  return value;
}
