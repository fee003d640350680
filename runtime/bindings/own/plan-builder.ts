import type { CanonOptions, ComponentBody, Definition, NamedItem } from '../../component/definitions.ts';
import type { Extern } from '../../component/type-space.ts';
import type { Component, FunctionType } from '../../component/types.ts';
import { CodedError } from '../../error.ts';
import type { CoreRef, FuncRef, Lift, LinkPlan, PlanExport, PlanOptions, PlanResource, Step, Trampoline } from './link-plan.ts';
import { type CoreInstance, Frame, type InstanceValue, type Item, present } from './plan-frame.ts';
import { withoutShims } from './plan-shims.ts';
import { PlanTypes } from './plan-types.ts';

/**
 * Works out how to link a component: instantiates it and all that is nested in it on paper.
 *
 * @throws CodedError `component/unsupported` for what these bindings do not cover (functions lifted or lowered by the
 * asynchronous ABI, start functions, values, imported modules and components), `component/too-large` when nested
 * instantiations add up to more than `PLAN_ITEMS_MAX`.
 * Thread: any. Pure.
 * Source: the flattening of nested components in Wasmtime, `crates/environ/src/component/translate/inline.rs`.
 */
export function buildLinkPlan(component: Component): LinkPlan {
  const builder = new PlanBuilder();
  builder.root(component.body);
  return withoutShims(
    builder.plan(),
    component.coreModules.map((module) => module.bytes),
  );
}

/** Definitions, arguments and exports followed in all. A component of n bytes can ask for 2^n by nesting; real ones need some thousands. */
const PLAN_ITEMS_MAX = 200_000;

/** Core instances of one component. Each has its own memories and tables, whatever else; real components have some tens. */
const STEPS_MAX = 1000;

/** Component instances; each call makes them anew. */
const INSTANCES_MAX = 1000;

/** Bytes of a name that count as one item. */
const NAME_BYTES = 32;

/** Components that instantiate one another; each level takes native stack here. Real ones have 3 or 4. */
const PLAN_DEPTH_MAX = 100;

class PlanBuilder {
  readonly #instances: { readonly parent?: number }[] = [];
  readonly #resources: PlanResource[] = [];
  readonly #lifts: Lift[] = [];
  readonly #trampolines: Trampoline[] = [];
  readonly #steps: Step[] = [];
  readonly #exports: PlanExport[] = [];
  /** Options by what they say, so that equal ones are one object. */
  readonly #options = new Map<string, PlanOptions>();
  readonly #types = new PlanTypes((items) => this.#charge(items));
  #items = 0;
  #depth = 0;

  plan(): LinkPlan {
    return {
      instances: this.#instances,
      resources: this.#resources,
      lifts: this.#lifts,
      trampolines: this.#trampolines,
      steps: this.#steps,
      exports: this.#exports,
    };
  }

  root(body: ComponentBody): void {
    const frame = this.#frame(undefined, undefined);
    for (const definition of body.definitions) {
      if (definition.kind === 'import') this.#importFromHost(frame, definition.name, definition.extern);
      else this.#define(frame, definition);
    }
    for (const [name, { item, extern }] of frame.exports) this.#export(frame, name, item, extern);
  }

  #frame(outer: Frame | undefined, parent: number | undefined): Frame {
    if (this.#instances.length === INSTANCES_MAX)
      throw tooLarge(`the component makes more than ${INSTANCES_MAX} component instances`);
    this.#instances.push(parent === undefined ? {} : { parent });
    return new Frame(this.#instances.length - 1, outer, this.#types);
  }

  #charge(items: number): void {
    this.#items += items;
    if (this.#items <= PLAN_ITEMS_MAX) return;
    throw tooLarge(`the instantiations of nested components add up to more than ${PLAN_ITEMS_MAX} items`);
  }

  /** Names are written out wherever a plan has them. */
  #chargeName(name: string): void {
    this.#charge(1 + Math.floor(name.length / NAME_BYTES));
  }

  #importFromHost(frame: Frame, name: string, extern: Extern): void {
    this.#charge(1);
    if (extern.kind === 'func') return frame.add({ sort: 'func', func: { from: 'import', name } });
    if (extern.kind === 'resource') return this.#hostResource(frame, extern, { from: 'import', name });
    if (extern.kind === 'type' || extern.kind === 'definition') return;
    if (extern.kind !== 'instance')
      throw unsupported(`the import \`${name}\` is a ${extern.kind}, which cannot be given from outside`);
    const items = new Map<string, Item>();
    for (const [key, inner] of extern.instance.exports) {
      this.#charge(1);
      if (inner.kind === 'func') items.set(key, { sort: 'func', func: { from: 'import', interface: name, name: key } });
      else if (inner.kind === 'resource') this.#hostResource(frame, inner, { from: 'import', interface: name, name: key });
      else if (inner.kind !== 'type') throw unsupported(`the import \`${name}\` has a ${inner.kind} inside`);
    }
    frame.add({ sort: 'instance', instance: items });
  }

  #hostResource(frame: Frame, extern: Extern & { kind: 'resource' }, resource: PlanResource): void {
    if (extern.fresh) frame.bindResource(extern.resource, this.#resource(extern.resource.name, resource));
  }

  #resource(name: string, resource: PlanResource): { kind: 'resource'; name: string; index: number } {
    this.#resources.push(resource);
    return { kind: 'resource', name, index: this.#resources.length - 1 };
  }

  /** Follows one definition, imports apart: those are met by the host or by arguments. */
  #define(frame: Frame, definition: Exclude<Definition, { kind: 'import' }>): void {
    this.#charge(1);
    switch (definition.kind) {
      case 'core-module':
        return frame.add({ sort: 'core module', module: definition.module });
      case 'component':
        return frame.add({ sort: 'component', component: { body: definition.body, frame } });
      case 'core-instantiate':
        return this.#coreInstantiate(frame, definition);
      case 'core-exports':
        return this.#coreExports(frame, definition);
      case 'instantiate':
        return this.#instantiate(frame, definition);
      case 'exports':
        this.#charge(definition.items.length);
        return frame.add({ sort: 'instance', instance: frame.itemsOf(definition.items) });
      case 'alias-export':
        return frame.add(exportOf(frame.instances[definition.instance], definition.name));
      case 'alias-core-export':
        this.#chargeName(definition.name);
        return frame.add({
          sort: definition.sort,
          ref: coreExportOf(frame.coreInstances[definition.instance], definition.name),
        } as Item); // the sorts of core items share one shape
      case 'alias-outer':
        return frame.add(frame.outward(definition.count).item(definition.sort, definition.index));
      case 'export':
        return frame.export(definition.name, definition.sort, definition.index, definition.extern);
      case 'resource':
        return this.#ownResource(frame, definition);
      case 'lift':
        return this.#lift(frame, definition);
      case 'lower':
      case 'resource-builtin':
      case 'async-builtin':
        this.#trampolines.push(this.#trampoline(frame, definition));
        return frame.add({ sort: 'core func', ref: { from: 'trampoline', index: this.#trampolines.length - 1 } });
      case 'start':
      case 'value':
        throw unsupported(`the component has a ${definition.kind} definition`);
    }
  }

  #coreInstantiate(frame: Frame, definition: Definition & { kind: 'core-instantiate' }): void {
    for (const { name } of definition.args) this.#chargeName(name);
    if (this.#steps.length === STEPS_MAX) throw tooLarge(`the component makes more than ${STEPS_MAX} core instances`);
    const module = present(frame.coreModules[definition.module]);
    const imports = definition.args.map(({ name, instance }) => {
      const given = present(frame.coreInstances[instance]);
      if (given.kind === 'step') return { name, step: given.step };
      for (const key of given.items.keys()) this.#chargeName(key);
      return { name, items: Array.from(given.items, ([key, ref]) => ({ name: key, ref })) };
    });
    this.#steps.push({ module, imports });
    frame.add({ sort: 'core instance', instance: { kind: 'step', step: this.#steps.length - 1 } });
  }

  #coreExports(frame: Frame, definition: Definition & { kind: 'core-exports' }): void {
    this.#charge(definition.items.length);
    const items = new Map(definition.items.map(({ name, sort, index }) => [name, frame.coreRef(sort, index)]));
    frame.add({ sort: 'core instance', instance: { kind: 'bag', items } });
  }

  #ownResource(frame: Frame, { resource, dtor }: Definition & { kind: 'resource' }): void {
    const name = resource.name;
    const defined: PlanResource = {
      from: 'instance',
      name,
      instance: frame.instance,
      ...(dtor === undefined ? {} : { dtor: present(frame.coreFuncs[dtor]) }),
    };
    frame.bindResource(resource, this.#resource(name, defined));
  }

  #instantiate(frame: Frame, definition: Definition & { kind: 'instantiate' }): void {
    const { body, frame: outer } = present(frame.components[definition.component]);
    this.#depth++;
    if (this.#depth > PLAN_DEPTH_MAX)
      throw tooLarge(`components instantiate one another more than ${PLAN_DEPTH_MAX} levels deep`);
    const inner = this.#frame(outer, frame.instance);
    const args = new Map(definition.args.map((arg) => [arg.name, arg]));
    for (const part of body.definitions) {
      if (part.kind === 'import') this.#importFromArgument(inner, part.extern, frame, present(args.get(part.name)));
      else this.#define(inner, part);
    }
    this.#depth--;
    const items = new Map<string, Item>();
    for (const [name, { item, extern }] of inner.exports) {
      this.#charge(1);
      if (item !== undefined) items.set(name, item);
      const seen = definition.instance.exports.get(name);
      if (seen !== undefined) this.#pair(frame, seen, inner, extern);
    }
    frame.add({ sort: 'instance', instance: items });
  }

  #importFromArgument(inner: Frame, expected: Extern, outer: Frame, given: NamedItem): void {
    this.#pair(inner, expected, outer, given.extern);
    if (given.sort !== 'type') inner.add(outer.item(given.sort, given.index));
  }

  /** Gives each resource that `extern` names its identity: the one that `source` has for it in its own scope. */
  #pair(frame: Frame, extern: Extern, source: Frame, sourceExtern: Extern): void {
    this.#charge(1);
    if (extern.kind === 'resource' && sourceExtern.kind === 'resource') {
      if (!frame.hasResource(extern.resource)) frame.bindResource(extern.resource, source.resource(sourceExtern.resource));
      return;
    }
    if (extern.kind !== 'instance' || sourceExtern.kind !== 'instance') return;
    for (const [name, inner] of extern.instance.exports) {
      const given = sourceExtern.instance.exports.get(name);
      if (given !== undefined) this.#pair(frame, inner, source, given);
    }
  }

  #lift(frame: Frame, definition: Definition & { kind: 'lift' }): void {
    const { type, options } = definition;
    if (options.async || type.isAsync) throw unsupported('a function is lifted by the asynchronous ABI');
    const callee = present(frame.coreFuncs[definition.coreFunc]);
    this.#lifts.push({
      callee,
      options: this.#optionsOf(frame, options),
      type: frame.resolveFunction(type),
      instance: frame.instance,
    });
    frame.add({ sort: 'func', func: { from: 'lift', index: this.#lifts.length - 1 } });
  }

  /** INVARIANT: one object for each instance and set of options; `Store` keys what belongs to them by it. */
  #optionsOf(frame: Frame, { encoding, memory, realloc, postReturn }: CanonOptions): PlanOptions {
    const options = {
      encoding,
      ...(memory === undefined ? {} : { memory: present(frame.coreMemories[memory]) }),
      ...(realloc === undefined ? {} : { realloc: present(frame.coreFuncs[realloc]) }),
      ...(postReturn === undefined ? {} : { postReturn: present(frame.coreFuncs[postReturn]) }),
    };
    const key = [frame.instance, encoding, memory, realloc, postReturn].join(' ');
    const same = this.#options.get(key);
    if (same !== undefined) return same;
    this.#options.set(key, options);
    return options;
  }

  #trampoline(frame: Frame, definition: Definition & { kind: 'lower' | 'resource-builtin' | 'async-builtin' }): Trampoline {
    const { instance } = frame;
    if (definition.kind === 'async-builtin') return builtIn(definition, instance);
    if (definition.kind === 'resource-builtin') {
      return { kind: `resource-${definition.name}`, resource: frame.resource(definition.resource).index, instance };
    }
    const { type, options } = definition;
    if (options.async || type.isAsync) throw unsupported('a function is lowered by the asynchronous ABI');
    const func = present(frame.funcs[definition.func]);
    return { kind: 'lower', func, options: this.#optionsOf(frame, options), type: frame.resolveFunction(type), instance };
  }

  #export(frame: Frame, name: string, item: Item | undefined, extern: Extern): void {
    if (item?.sort === 'func' && extern.kind === 'func') this.#exportFunction(frame, undefined, name, item.func, extern.type);
    if (item?.sort !== 'instance' || extern.kind !== 'instance') return;
    for (const [key, inner] of extern.instance.exports) {
      this.#charge(1);
      const found = item.instance.get(key);
      if (inner.kind === 'func' && found?.sort === 'func') this.#exportFunction(frame, name, key, found.func, inner.type);
    }
  }

  #exportFunction(frame: Frame, within: string | undefined, name: string, func: FuncRef, type: FunctionType): void {
    this.#chargeName(name);
    this.#chargeName(within ?? '');
    const resolved = frame.resolveFunction(type);
    this.#exports.push({ ...(within === undefined ? {} : { interface: within }), name, func, type: resolved });
  }
}

/** Of the built-ins of the asynchronous ABI, those that mean something to synchronous functions. */
function builtIn({ name, slot }: Definition & { kind: 'async-builtin' }, instance: number): Trampoline {
  if (name === 'context.get' && slot !== undefined) return { kind: 'context-get', slot, instance };
  if (name === 'context.set' && slot !== undefined) return { kind: 'context-set', slot, instance };
  if (name === 'backpressure.inc') return { kind: 'backpressure', change: 1, instance };
  if (name === 'backpressure.dec') return { kind: 'backpressure', change: -1, instance };
  return { kind: 'unsupported', name, instance };
}

function exportOf(instance: InstanceValue | undefined, name: string): Item {
  return present(present(instance).get(name));
}

function coreExportOf(instance: CoreInstance | undefined, name: string): CoreRef {
  const found = present(instance);
  return found.kind === 'step' ? { from: 'instance', step: found.step, name } : present(found.items.get(name));
}

function tooLarge(what: string): CodedError {
  return new CodedError('component/too-large', what);
}

function unsupported(what: string): CodedError {
  return new CodedError('component/unsupported', what);
}
