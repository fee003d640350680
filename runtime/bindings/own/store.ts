import type { ResourceType } from '../../component/types.ts';
import { CodedError } from '../../error.ts';
import type { AbiLimits, HostImports } from '../bindings.ts';
import { Abi, type HandleSpace, type Realloc } from './abi.ts';
import { Budget } from './budget.ts';
import { type Handle, type HandleQuota, HandleTable, type Task } from './handles.ts';
import { pascalCase } from './host-names.ts';
import type { CoreRef, LinkPlan, PlanOptions, PlanResourceType } from './link-plan.ts';
import { abiTrap } from './trap.ts';

/** A function of core wasm, or one that stands for it. */
export type CoreFunction = (...args: never[]) => unknown;

/** What a linked component must be asked for by the parts of its store. */
export interface CoreItems {
  /** The core item that a reference names. */
  resolve(ref: CoreRef): unknown;
}

/**
 * The state of one linked component: its component instances, what they may use in all, and whether it has trapped.
 * Made for one call and dropped with it.
 */
export class Store {
  readonly plan: LinkPlan;
  readonly imports: HostImports;
  readonly limits: AbiLimits;
  readonly budget: Budget;
  readonly instances: readonly ComponentInstance[];
  readonly #core: CoreItems;
  readonly #abis = new Map<PlanOptions, Abi>();
  readonly #quota: HandleQuota;
  /** The first thing that was thrown across the canonical ABI. Guest code may catch it; it is final all the same. */
  #failure: { readonly thrown: unknown } | undefined;

  constructor(plan: LinkPlan, imports: HostImports, limits: AbiLimits, core: CoreItems) {
    this.plan = plan;
    this.imports = imports;
    this.limits = limits;
    this.#core = core;
    this.budget = new Budget(limits.charge);
    this.#quota = { left: limits.handlesMax, max: limits.handlesMax };
    this.instances = plan.instances.map(() => new ComponentInstance(this, this.#quota));
  }

  /** Shuts all instances: guest code must not go on. @returns what to throw, which is what was thrown first. */
  fail(thrown: unknown): unknown {
    if (this.#failure === undefined) {
      this.#failure = { thrown };
      for (const instance of this.instances) instance.mayLeave = false;
    }
    return this.#failure.thrown;
  }

  /** Throws what made this store unusable, if anything did. While none did, `mayLeave` says whether an instance may call out. */
  checkUsable(): void {
    if (this.#failure !== undefined) throw this.#failure.thrown;
  }

  resolve(ref: CoreRef): unknown {
    return this.#core.resolve(ref);
  }

  coreFunction(ref: CoreRef): CoreFunction {
    const found = this.#core.resolve(ref);
    if (typeof found !== 'function') throw new CodedError('component/malformed', 'a core export that must be a function is none');
    return found as CoreFunction; // core functions take and give core values
  }

  /**
   * The memory, allocator and handles that go with a set of options. Shared by what shares its memory, allocator, encoding
   * and instance.
   */
  abi(options: PlanOptions, instance: number): Abi {
    let abi = this.#abis.get(options);
    if (abi === undefined) {
      const owner = this.instance(instance);
      abi = new Abi(options.encoding, owner, this.budget, this.#memory(options.memory), this.#realloc(options.realloc, owner));
      this.#abis.set(options, abi);
    }
    return abi;
  }

  instance(index: number): ComponentInstance {
    return this.instances[index] as ComponentInstance; // the plan's own index
  }

  #memory(ref: CoreRef | undefined): WebAssembly.Memory | undefined {
    if (ref === undefined) return undefined;
    const found = this.#core.resolve(ref);
    if (found instanceof WebAssembly.Memory) return found;
    throw new CodedError('component/malformed', 'a core export that must be a memory is none');
  }

  #realloc(ref: CoreRef | undefined, owner: ComponentInstance): Realloc | undefined {
    if (ref === undefined) return undefined;
    const realloc = this.coreFunction(ref) as unknown as Realloc; // its type was checked by the decoder
    return (pointer, oldBytes, alignment, newBytes) => {
      const { context } = owner;
      owner.context = undefined; // `realloc` is a task of its own
      owner.mayLeave = false;
      const found = realloc(pointer, oldBytes, alignment, newBytes);
      this.checkUsable();
      owner.mayLeave = true;
      owner.context = context;
      return found;
    };
  }
}

/**
 * One component instance: whether it may be entered or left now, and its handles.
 *
 * INVARIANT: flags that a call sets are set back only when it ends well. After a trap they stay, and with them the
 * instance stays shut.
 */
export class ComponentInstance implements HandleSpace {
  mayEnter = true;
  mayLeave = true;
  /** The thread-local storage of the task that runs; undefined while both slots are 0. */
  context: [number, number] | undefined;
  /** Calls of `backpressure.inc` less those of `backpressure.dec`. It holds up asynchronous tasks only, of which there are none. */
  backpressure = 0;
  /** Handles lent to the call whose arguments are being lifted. */
  lenders: Handle[] | undefined;
  /** The call whose arguments are being lowered. */
  task: Task | undefined;
  readonly handles: HandleTable;
  readonly #store: Store;

  constructor(store: Store, quota: HandleQuota) {
    this.#store = store;
    this.handles = new HandleTable(quota);
  }

  liftOwn(index: number, resource: ResourceType): unknown {
    const handle = this.handles.remove(index, indexOf(resource));
    if (!handle.own) throw abiTrap('a borrowed handle was passed on as an owned one');
    return handle.representation;
  }

  liftBorrow(index: number, resource: ResourceType): unknown {
    const handle = this.handles.get(index, indexOf(resource));
    if (this.lenders === undefined) throw new CodedError('internal/invariant', 'a handle was lent outside a call');
    handle.lends++;
    this.lenders.push(handle);
    return handle.representation;
  }

  lowerOwn(representation: unknown, resource: ResourceType): number {
    const index = indexOf(resource);
    this.#checkRepresentation(representation, index);
    return this.handles.add({ resource: index, representation, own: true, task: undefined, lends: 0 });
  }

  lowerBorrow(representation: unknown, resource: ResourceType): number {
    const index = indexOf(resource);
    const planned = this.#store.plan.resources[index];
    // The instance that defines the resource gets its own representation back.
    if (planned?.from === 'instance' && this.#store.instance(planned.instance) === this) return representation as number;
    if (this.task === undefined) throw new CodedError('internal/invariant', 'a handle was borrowed outside a call');
    this.#checkRepresentation(representation, index);
    this.task.borrows++;
    return this.handles.add({ resource: index, representation, own: false, task: this.task, lends: 0 });
  }

  /** What the host hands out as a resource must be of the class that it gave for it. */
  #checkRepresentation(representation: unknown, index: number): void {
    const planned = this.#store.plan.resources[index];
    if (planned?.from !== 'import') return;
    const given = hostClass(this.#store.imports, planned);
    if (given !== undefined && representation instanceof given) return;
    throw new CodedError('capability/failed', `the host gave something that is no \`${planned.name}\``);
  }
}

/** The class that the host gives for a resource. */
export function hostClass(
  imports: HostImports,
  { interface: within, name }: { readonly interface?: string; readonly name: string },
): (new (...args: never[]) => object) | undefined {
  const given =
    within === undefined ? imports[name] : (imports[within] as Record<string, unknown> | undefined)?.[pascalCase(name)];
  return typeof given === 'function' ? (given as new (...args: never[]) => object) : undefined; // a class, as far as can be told
}

function indexOf(resource: ResourceType): number {
  return (resource as PlanResourceType).index; // all types in a plan have the plan's own resources
}
