import { partsOf } from '../../component/type-space.ts';
import type { FunctionType, ResourceType, ValueType } from '../../component/types.ts';
import type { PlanResourceType } from './link-plan.ts';

/**
 * Copies types into a plan: without names and docs that only people read, and with the plan's own resources in the place of
 * those of one scope. Types that mention no resource are copied once for the whole plan.
 */
export class PlanTypes {
  /** Takes so many items from the budget of the plan. */
  readonly charge: (items: number) => void;
  readonly #shared: PlanTypes | undefined;
  readonly #resource: ((resource: ResourceType) => PlanResourceType) | undefined;
  readonly #types = new Map<ValueType, ValueType>();
  readonly #functions = new Map<FunctionType, FunctionType>();
  readonly #mentions = new Map<ValueType, boolean>();

  /**
   * @param shared - where types without resources are kept; absent for that place itself.
   * @param resource - who a resource of the scope is.
   */
  constructor(charge: (items: number) => void, shared?: PlanTypes, resource?: (resource: ResourceType) => PlanResourceType) {
    this.charge = charge;
    this.#shared = shared;
    this.#resource = resource;
  }

  functionOf(type: FunctionType): FunctionType {
    const known = this.#functions.get(type);
    if (known !== undefined) return known;
    const types = [...type.params.map((param) => param.type), ...(type.result === undefined ? [] : [type.result])];
    const home = types.some((part) => this.#mentionsResource(part)) ? this : (this.#shared ?? this);
    const copy = home === this ? this.#copyFunction(type) : home.functionOf(type);
    this.#functions.set(type, copy);
    return copy;
  }

  #copyFunction(type: FunctionType): FunctionType {
    this.charge(1 + type.params.length);
    const params = type.params.map((param) => ({ name: param.name, type: this.#of(param.type) }));
    return { params, isAsync: false, ...(type.result === undefined ? {} : { result: this.#of(type.result) }) };
  }

  #mentionsResource(type: ValueType): boolean {
    if (this.#shared !== undefined && type.kind !== 'own' && type.kind !== 'borrow') return this.#shared.#mentionsResource(type);
    let mentions = this.#mentions.get(type);
    if (mentions === undefined) {
      mentions = type.kind === 'own' || type.kind === 'borrow' || partsOf(type).some((part) => this.#mentionsResource(part));
      this.#mentions.set(type, mentions);
    }
    return mentions;
  }

  #of(type: ValueType): ValueType {
    if (this.#shared !== undefined && !this.#mentionsResource(type)) return this.#shared.#of(type);
    let copy = this.#types.get(type);
    if (copy === undefined) {
      copy = this.#copy(type);
      this.#types.set(type, copy);
    }
    return copy;
  }

  /** Recursion is bounded by the decoder's `typeDepthMax`. */
  #copy(type: ValueType): ValueType {
    this.charge(1 + partsOf(type).length);
    switch (type.kind) {
      case 'list':
        return { kind: 'list', element: this.#of(type.element) };
      case 'option':
        return { kind: 'option', some: this.#of(type.some) };
      case 'record':
        return { kind: 'record', fields: type.fields.map(({ name, type: part }) => ({ name, type: this.#of(part) })) };
      case 'tuple':
        return { kind: 'tuple', items: type.items.map((item) => this.#of(item)) };
      case 'variant':
        return {
          kind: 'variant',
          cases: type.cases.map(({ name, type: part }) => (part === undefined ? { name } : { name, type: this.#of(part) })),
        };
      case 'result':
        return {
          kind: 'result',
          ...(type.ok === undefined ? {} : { ok: this.#of(type.ok) }),
          ...(type.err === undefined ? {} : { err: this.#of(type.err) }),
        };
      case 'enum':
      case 'flags':
        this.charge(type.names.length);
        return { kind: type.kind, names: type.names };
      case 'own':
      case 'borrow':
        return { kind: type.kind, resource: this.#resource?.(type.resource) ?? type.resource };
      case 'unsupported':
        return { kind: 'unsupported', what: type.what };
      default:
        return { kind: type.kind };
    }
  }
}
