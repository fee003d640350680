import { type Fixups, hasStart, readFixups, readShim, type Shim } from './core-shim.ts';
import type { CoreRef, Lift, LinkPlan, PlanOptions, PlanResource, Step, Trampoline } from './link-plan.ts';

/**
 * Takes the detours out of a plan that `wasm-tools component new` puts into every component whose imports need memory.
 *
 * There a module imports functions of a "shim" that call through a table, and a last module, the "fixups", fills the table
 * with the canonical functions. Here those exist from the start, since they look their memory up when they are called; so
 * the module can import them directly, and two of three core instances need not be made. The guest cannot tell: no guest code
 * runs between the two (a plan with a start function there is left as it is), and nothing else sees shim or table.
 */
export function withoutShims(plan: LinkPlan, modules: readonly Uint8Array[]): LinkPlan {
  const looks = new ModuleLooks(modules);
  let current = plan;
  let left = SHIMS_MAX;
  for (let at = 0; at < current.steps.length && left > 0; at++) {
    const shim = looks.shim(current.steps[at]!);
    const shorter = shim && withoutShim(current, at, shim, looks);
    if (shorter !== undefined) {
      current = shorter;
      left--;
      at--; // the steps after it have moved up
    }
  }
  return current;
}

/** Shims that are taken out of one plan: each time, the plan is copied. Components have one, composed ones some more. */
const SHIMS_MAX = 16;

/** What the modules of a plan are, each looked at once. */
class ModuleLooks {
  readonly #modules: readonly Uint8Array[];
  readonly #shims = new Map<number, Shim | undefined>();
  readonly #fixups = new Map<number, Fixups | undefined>();
  readonly #starts = new Map<number, boolean>();

  constructor(modules: readonly Uint8Array[]) {
    this.#modules = modules;
  }

  shim({ module }: Step): Shim | undefined {
    if (!this.#shims.has(module)) this.#shims.set(module, readShim(this.#modules[module]!));
    return this.#shims.get(module);
  }

  fixups({ module }: Step): Fixups | undefined {
    if (!this.#fixups.has(module)) this.#fixups.set(module, readFixups(this.#modules[module]!));
    return this.#fixups.get(module);
  }

  hasStart({ module }: Step): boolean {
    let starts = this.#starts.get(module);
    if (starts === undefined) {
      starts = hasStart(this.#modules[module]!);
      this.#starts.set(module, starts);
    }
    return starts;
  }
}

function withoutShim(plan: LinkPlan, shimStep: number, shim: Shim, looks: ModuleLooks): LinkPlan | undefined {
  const found = findFixups(plan, shimStep, shim, looks);
  if (found === undefined) return undefined;
  if (found.targets.length > shim.tableElements) return undefined; // filling the table must trap
  if (plan.steps.slice(shimStep + 1, found.step).some((step) => looks.hasStart(step))) return undefined;
  const targets = new Map<string, CoreRef>();
  for (const [name, { place, type }] of shim.calls) {
    const target = found.targets[place];
    // Calling through the table checks the type: what it would refuse must still reach it.
    if (target === undefined || found.fixups.functions[place]?.type !== type) return undefined;
    targets.set(name, target);
  }
  const replaced = new Replacement(shimStep, found.step, targets);
  const shorter = replaced.plan(plan);
  return replaced.failed ? undefined : shorter;
}

interface FoundFixups {
  readonly step: number;
  readonly fixups: Fixups;
  /** What they put into the table, in its order. */
  readonly targets: readonly CoreRef[];
}

/** The step that fills the shim's table; undefined unless all that it puts there are canonical functions. */
function findFixups(plan: LinkPlan, shimStep: number, shim: Shim, looks: ModuleLooks): FoundFixups | undefined {
  for (let at = shimStep + 1; at < plan.steps.length; at++) {
    const step = plan.steps[at]!;
    const fixups = looks.fixups(step);
    if (fixups === undefined || !isTableOf(resolve(step, fixups.table), shimStep, shim)) continue;
    const targets = targetsOf(step, fixups);
    return targets === undefined ? undefined : { step: at, fixups, targets };
  }
  return undefined;
}

function targetsOf(step: Step, fixups: Fixups): readonly CoreRef[] | undefined {
  const given = new Map<string, Map<string, CoreRef>>();
  for (const one of step.imports) if ('items' in one) given.set(one.name, new Map(one.items.map(({ name, ref }) => [name, ref])));
  const targets = fixups.functions.map(({ module, name }) => given.get(module)?.get(name));
  return targets.every((ref) => ref?.from === 'trampoline') ? (targets as CoreRef[]) : undefined; // each was just looked at
}

function isTableOf(ref: CoreRef | undefined, shimStep: number, shim: Shim): boolean {
  return ref?.from === 'instance' && ref.step === shimStep && ref.name === shim.table;
}

/** What a step gives for an import of its module. */
function resolve(step: Step, wanted: { readonly module: string; readonly name: string }): CoreRef | undefined {
  const given = step.imports.find((one) => one.name === wanted.module);
  if (given === undefined) return undefined;
  if ('step' in given) return { from: 'instance', step: given.step, name: wanted.name };
  return given.items.find((item) => item.name === wanted.name)?.ref;
}

/** Copies a plan without two of its steps. `failed` is set when something else needs one of them. */
class Replacement {
  failed = false;
  readonly #shimStep: number;
  readonly #fixupsStep: number;
  readonly #targets: ReadonlyMap<string, CoreRef>;
  readonly #options = new Map<PlanOptions, PlanOptions>();

  constructor(shimStep: number, fixupsStep: number, targets: ReadonlyMap<string, CoreRef>) {
    this.#shimStep = shimStep;
    this.#fixupsStep = fixupsStep;
    this.#targets = targets;
  }

  plan(plan: LinkPlan): LinkPlan {
    return {
      ...plan,
      resources: plan.resources.map((resource) => this.#resource(resource)),
      lifts: plan.lifts.map(
        (lift): Lift => ({ ...lift, callee: this.#ref(lift.callee), options: this.#optionsOf(lift.options) }),
      ),
      trampolines: plan.trampolines.map(
        (one): Trampoline => (one.kind === 'lower' ? { ...one, options: this.#optionsOf(one.options) } : one),
      ),
      steps: plan.steps
        .filter((_, at) => at !== this.#shimStep && at !== this.#fixupsStep)
        .map((step) => ({ ...step, imports: step.imports.map((given) => this.#given(given)) })),
    };
  }

  #given(given: Step['imports'][number]): Step['imports'][number] {
    if ('step' in given) return { name: given.name, step: this.#step(given.step) };
    return { name: given.name, items: given.items.map(({ name, ref }) => ({ name, ref: this.#ref(ref) })) };
  }

  #resource(resource: PlanResource): PlanResource {
    return resource.from === 'import' || resource.dtor === undefined ? resource : { ...resource, dtor: this.#ref(resource.dtor) };
  }

  /** Equal options stay one object. */
  #optionsOf(options: PlanOptions): PlanOptions {
    let copy = this.#options.get(options);
    if (copy === undefined) {
      const { memory, realloc, postReturn } = options;
      copy = {
        encoding: options.encoding,
        ...(memory === undefined ? {} : { memory: this.#ref(memory) }),
        ...(realloc === undefined ? {} : { realloc: this.#ref(realloc) }),
        ...(postReturn === undefined ? {} : { postReturn: this.#ref(postReturn) }),
      };
      this.#options.set(options, copy);
    }
    return copy;
  }

  #ref(ref: CoreRef): CoreRef {
    if (ref.from === 'trampoline') return ref;
    if (ref.step !== this.#shimStep) return { ...ref, step: this.#step(ref.step) };
    const target = this.#targets.get(ref.name);
    if (target !== undefined) return target;
    this.failed = true;
    return ref;
  }

  #step(step: number): number {
    if (step === this.#shimStep || step === this.#fixupsStep) this.failed = true;
    return step - (step > this.#shimStep ? 1 : 0) - (step > this.#fixupsStep ? 1 : 0);
  }
}
