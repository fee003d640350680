import { bareObject } from '../../bare-object.ts';
import { CodedError } from '../../error.ts';
import type { AbiLimits, BoundFunction, BoundInstance, HostImports, InstantiateCore, Linked } from '../bindings.ts';
import { ExportedFunction } from './exported-function.ts';
import { type CoreRef, type Lift, type LinkPlan, moduleName, type PlanExport, type Step } from './link-plan.ts';
import { ScalarExport } from './scalar-export.ts';
import { type CoreItems, Store } from './store.ts';
import { type ImportedFunction, makeTrampoline } from './trampolines.ts';

/** A plan made ready in one worker. */
export class LinkedComponent implements Linked {
  readonly #plan: LinkPlan;
  readonly #exports: ReadonlyMap<string, PlanExport>;

  constructor(plan: LinkPlan) {
    this.#plan = plan;
    this.#exports = new Map(plan.exports.map((one) => [exportKey(one.interface, one.name), one]));
  }

  instantiate(
    modules: ReadonlyMap<string, WebAssembly.Module>,
    imports: HostImports,
    instantiateCore: InstantiateCore,
    limits: AbiLimits,
  ): BoundInstance {
    const core = new CoreInstances(this.#plan);
    const store = new Store(this.#plan, imports, limits, core);
    core.instantiate(store, modules, instantiateCore);
    return { bind: (within, name) => this.#bind(store, within, name) };
  }

  #bind(store: Store, within: string | undefined, name: string): BoundFunction {
    const found = this.#exports.get(exportKey(within, name));
    if (found === undefined) throw new CodedError('internal/invariant', `the instance has no export \`${name}\``);
    if (found.func.from !== 'lift') {
      throw new CodedError('component/not-callable', `\`${name}\` is an import that the component exports again`);
    }
    const lift = this.#plan.lifts[found.func.index] as Lift; // the plan's own index
    return ScalarExport.of(store, lift) ?? new ExportedFunction(store, lift);
  }
}

/** A space separates them: neither kind of name has one. */
function exportKey(within: string | undefined, name: string): string {
  return `${within ?? ''} ${name}`;
}

/** The core instances of one linked component, and the functions that stand between them and the host. */
class CoreInstances implements CoreItems {
  readonly #plan: LinkPlan;
  readonly #instances: WebAssembly.Instance[] = [];
  readonly #trampolines: (ImportedFunction | undefined)[];
  #store: Store | undefined;

  constructor(plan: LinkPlan) {
    this.#plan = plan;
    this.#trampolines = new Array(plan.trampolines.length).fill(undefined);
  }

  /** Follows the steps of the plan; start functions run. */
  instantiate(store: Store, modules: ReadonlyMap<string, WebAssembly.Module>, instantiateCore: InstantiateCore): void {
    this.#store = store;
    for (const step of this.#plan.steps) {
      const module = modules.get(moduleName(step.module));
      if (module === undefined) throw new CodedError('internal/invariant', `there is no core module ${step.module}`);
      this.#instances.push(instantiateCore(module, this.#importsOf(step)));
      store.checkUsable(); // a start function may have caught what a host function threw
    }
  }

  resolve(ref: CoreRef): unknown {
    if (ref.from === 'trampoline') return this.#trampoline(ref.index);
    const instance = this.#instances[ref.step];
    const item = instance?.exports[ref.name];
    if (item === undefined) throw new CodedError('component/malformed', `a core instance has no export \`${ref.name}\``);
    return item;
  }

  #importsOf(step: Step): WebAssembly.Imports {
    const imports = bareObject<WebAssembly.ModuleImports>(); // names are the guest's
    for (const given of step.imports) {
      if ('step' in given) {
        imports[given.name] = this.#instances[given.step]?.exports as WebAssembly.ModuleImports; // exports can be imports
        continue;
      }
      const items = bareObject<WebAssembly.ImportValue>();
      for (const { name, ref } of given.items) items[name] = this.resolve(ref) as WebAssembly.ImportValue; // core items
      imports[given.name] = items;
    }
    return imports;
  }

  #trampoline(index: number): ImportedFunction {
    let made = this.#trampolines[index];
    if (made === undefined) {
      const trampoline = this.#plan.trampolines[index];
      if (trampoline === undefined || this.#store === undefined)
        throw new CodedError('internal/invariant', `there is no trampoline ${index}`);
      made = makeTrampoline(this.#store, trampoline);
      this.#trampolines[index] = made;
    }
    return made;
  }
}
