import type { AbiLimits, BoundFunction, BoundInstance, HostImports, Linked } from '../../runtime/bindings/bindings.ts';
import { jcoBindings } from '../../runtime/bindings/jco-glue.ts';
import { initTranspiler, transpile } from '../../runtime/bindings/jco-transpile.ts';
import { fromJco, toJco } from '../../runtime/bindings/jco-value.ts';
import { moduleName } from '../../runtime/bindings/own/link-plan.ts';
import { ownBindings } from '../../runtime/bindings/own/own-bindings.ts';
import { buildLinkPlan } from '../../runtime/bindings/own/plan-builder.ts';
import { decodeComponent } from '../../runtime/component/decode.ts';
import type { Component, FunctionType } from '../../runtime/component/types.ts';
import { isCoded } from '../../runtime/error.ts';
import { decodeParams, encodeValue, type WitValue } from '../../runtime/value/index.ts';

/*
 * One component in the hands of our bindings and of jco's, in this thread, without instrumentation: what is different is
 * the bindings' doing.
 */

/** Who links, and in which form host functions are given. */
export const CONTENDERS = ['own, values', 'own, encoded', 'own, plain', 'jco, plain'] as const;
export type Contender = (typeof CONTENDERS)[number];

/** A host function by its neutral form; the contenders wrap it as they want it. */
export type HostCall = (args: readonly WitValue[]) => WitValue | undefined;

export interface HostFunction {
  readonly type: FunctionType;
  readonly call: HostCall;
}

/** Interfaces, each with its functions by WIT name; `''` has those that the world imports directly. */
export type Host = ReadonlyMap<string, ReadonlyMap<string, HostFunction>>;

/** How a call ended. Bytes are canonical; `what` is a code of ours, or the words of who threw. */
export type Ending = { readonly bytes: Uint8Array } | { readonly what: string };

const LIMITS: AbiLimits = {
  result: { bytesMax: 2 ** 26, elementsMax: 2 ** 22 },
  hostCall: { bytesMax: 2 ** 26, elementsMax: 2 ** 22 },
  handlesMax: 1024,
};

/** Must be awaited before `subject` is given a component that jco is to link. */
export const ready: Promise<void> = initTranspiler();

/** A component, linked by those who can. */
export interface Subject {
  readonly component: Component;
  readonly contenders: readonly Contender[];
  /**
   * A fresh instance.
   *
   * @param imports - made by `hostImports`, or objects as jco wants them.
   * @param sees - is shown each core instance.
   */
  instantiate(contender: Contender, imports: HostImports, sees?: (core: WebAssembly.Instance) => void): Instance;
}

/** @param withJco - false for components that jco cannot be asked to transpile: it would trap, and be lost. */
export function subject(bytes: Uint8Array, withJco = true): Subject {
  const component = decodeComponent(bytes);
  const own = linkOwn(component);
  const jco = withJco && component.jcoRefuses === undefined ? linkJco(component) : undefined;
  return {
    component,
    contenders: CONTENDERS.filter((name) => jco !== undefined || !isJco(name)),
    instantiate(contender, imports, sees) {
      const found = isJco(contender) ? jco : own;
      if (found === undefined) throw new Error(`${contender} does not link this component`);
      const instantiateCore = (module: WebAssembly.Module, wanted?: WebAssembly.Imports) => {
        const core = new WebAssembly.Instance(module, wanted);
        sees?.(core);
        return core;
      };
      return new Instance(component, found.linked.instantiate(found.modules, imports, instantiateCore, LIMITS));
    },
  };
}

interface Made {
  readonly linked: Linked;
  readonly modules: ReadonlyMap<string, WebAssembly.Module>;
}

function linkOwn(component: Component): Made {
  const modules = component.coreModules.map((one, at) => [moduleName(at), compile(one.bytes)] as const);
  return { linked: ownBindings.link({ bindings: 'own', plan: buildLinkPlan(component) }), modules: new Map(modules) };
}

function linkJco(component: Component): Made {
  const recipe = transpile(
    component.bytes,
    component.imports.map((item) => item.name),
  );
  return {
    linked: jcoBindings.link(recipe.linking),
    modules: new Map(recipe.modules.map(({ name, bytes }) => [name, compile(bytes)] as const)),
  };
}

function compile(bytes: Uint8Array): WebAssembly.Module {
  return new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>); // bytes of a component are never shared
}

export function isJco(contender: Contender): boolean {
  return contender === 'jco, plain';
}

/** A component instance and the functions that it has bound. Not to be used again after an ending that is not bytes. */
export class Instance {
  readonly #component: Component;
  readonly #bound: BoundInstance;
  readonly #functions = new Map<string, BoundFunction>();

  constructor(component: Component, bound: BoundInstance) {
    this.#component = component;
    this.#bound = bound;
  }

  /** Calls an exported function. @param params - canonical bytes. */
  call(within: string, name: string, params: Uint8Array): Ending {
    try {
      const id = `${within}#${name}`;
      let bound = this.#functions.get(id);
      if (bound === undefined) {
        bound = this.#bound.bind(within, name, functionType(this.#component.exports, within, name));
        this.#functions.set(id, bound);
      }
      return { bytes: bound.lift(bound.call(bound.lower(params))) };
    } catch (error) {
      return { what: wordsOf(error) };
    }
  }
}

export function wordsOf(error: unknown): string {
  if (isCoded(error)) return `${error.code}: ${error.message}`;
  return error instanceof Error ? `${error.constructor.name}: ${error.message}` : `thrown: ${String(error)}`;
}

/** The type of a function of an interface, as the component's binary has it. */
export function functionType(items: Component['imports'], within: string, name: string): FunctionType {
  const found = items.find((item) => item.kind === 'interface' && item.name === within);
  const func = found?.kind === 'interface' ? found.items.find((item) => item.kind === 'func' && item.name === name) : undefined;
  if (func?.kind !== 'func') throw new Error(`there is no ${within}#${name}`);
  return func.type;
}

/** The type of a function that the world imports directly. */
export function rootFunctionType(items: Component['imports'], name: string): FunctionType {
  const found = items.find((item) => item.kind === 'func' && item.name === name);
  if (found?.kind !== 'func') throw new Error(`there is no ${name}`);
  return found.type;
}

/** The import object of a host, in the form of a contender. */
export function hostImports(contender: Contender, host: Host): HostImports {
  const imports: Record<string, unknown> = {};
  for (const [within, functions] of host) {
    const members: Record<string, unknown> = {};
    for (const [name, { type, call }] of functions) {
      const made = given(contender, type, call);
      if (within === '') imports[name] = made;
      else members[memberName(contender, name)] = made;
    }
    if (within !== '') imports[within] = members;
  }
  return imports;
}

function memberName(contender: Contender, name: string): string {
  return isPlain(contender) ? jcoBindings.memberName(name) : ownBindings.memberName(name);
}

function isPlain(contender: Contender): boolean {
  return contender === 'own, plain' || contender === 'jco, plain';
}

const OWNER = { limits: LIMITS, failed: () => undefined };

function given(contender: Contender, type: FunctionType, call: HostCall): unknown {
  if (isPlain(contender)) return plain(type, call);
  if (contender === 'own, values') return ownBindings.hostFunction(type, { form: 'values', call }, OWNER);
  const encoded = (args: Uint8Array): Uint8Array => {
    const answer = call(decodeParams(args, type.params, WIDE));
    return type.result === undefined ? NOTHING : encodeValue(answer as WitValue, type.result, WIDE); // the type's own value
  };
  return ownBindings.hostFunction(type, { form: 'encoded', call: encoded }, OWNER);
}

const NOTHING = new Uint8Array(0);
/** As wide as `LIMITS`. */
export const WIDE = { bytesMax: 2 ** 26, elementsMax: 2 ** 22 };

/** A function as jco's users write one: jco's values, `err` is thrown. */
function plain({ params, result }: FunctionType, call: HostCall): (...args: unknown[]) => unknown {
  return (...args) => {
    const answer = call(params.map((param, at) => fromJco(args[at], param.type)));
    if (result === undefined) return undefined;
    const value = toJco(answer as WitValue, result); // the type's own value
    if (result.kind !== 'result') return value;
    const { tag, val } = value as { tag: 'ok' | 'err'; val?: unknown }; // jco's shape of a result
    if (tag === 'ok') return val;
    // Both ways to say `err` that jco knows.
    throw typeof val === 'object' ? Object.assign(new Error('err'), { payload: val }) : val;
  };
}
