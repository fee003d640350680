import type { StringEncoding } from '../../component/definitions.ts';
import type { FunctionType, ResourceType } from '../../component/types.ts';

/*
 * How to link one component, worked out ahead: all nested components instantiated on paper, every index resolved. Plain
 * data, so it can be cached and sent to workers by structured clone, which keeps shared types shared.
 */

/** A resource type with its place in `LinkPlan.resources`; all handle types in a plan refer to these. */
export interface PlanResourceType extends ResourceType {
  readonly index: number;
}

/** Where a core item comes from while linking. */
export type CoreRef =
  /** The export `name` of the core instance that step `step` makes. */
  | { readonly from: 'instance'; readonly step: number; readonly name: string }
  /** `LinkPlan.trampolines[index]`: a core function that the bindings make. */
  | { readonly from: 'trampoline'; readonly index: number };

export interface PlanOptions {
  readonly encoding: StringEncoding;
  readonly memory?: CoreRef;
  readonly realloc?: CoreRef;
  readonly postReturn?: CoreRef;
}

/** One core module to instantiate; its place in `LinkPlan.steps` names the core instance. */
export interface Step {
  /** Index of `Component.coreModules`; the recipe has the module under `moduleName(module)`. */
  readonly module: number;
  /** For each module name that it imports from: a whole instance, or single items. */
  readonly imports: readonly (
    | { readonly name: string; readonly step: number }
    | { readonly name: string; readonly items: readonly { readonly name: string; readonly ref: CoreRef }[] }
  )[];
}

/** A function that the host gives. `interface` is absent for one that the world imports directly. Names are WIT's. */
export interface ImportRef {
  readonly from: 'import';
  readonly interface?: string;
  readonly name: string;
}

/** A component function: one that the host gives, or one that a component instance lifts. */
export type FuncRef = ImportRef | { readonly from: 'lift'; readonly index: number };

export interface Lift {
  readonly callee: CoreRef;
  readonly options: PlanOptions;
  readonly type: FunctionType;
  /** The component instance whose function it is. */
  readonly instance: number;
}

/** A component function as core wasm calls it. */
export interface LowerTrampoline {
  readonly kind: 'lower';
  readonly func: FuncRef;
  readonly options: PlanOptions;
  readonly type: FunctionType;
  /** The component instance that calls. */
  readonly instance: number;
}

export type Trampoline =
  | LowerTrampoline
  | {
      readonly kind: 'resource-new' | 'resource-drop' | 'resource-rep';
      readonly resource: number;
      readonly instance: number;
    }
  | { readonly kind: 'context-get' | 'context-set'; readonly slot: 0 | 1; readonly instance: number }
  | { readonly kind: 'backpressure'; readonly change: 1 | -1; readonly instance: number }
  /** A built-in that these bindings do not have: calling it traps. */
  | { readonly kind: 'unsupported'; readonly name: string; readonly instance: number };

export type PlanResource =
  /** Defined by a component instance. */
  | { readonly from: 'instance'; readonly name: string; readonly instance: number; readonly dtor?: CoreRef }
  /** Given by the host: a class, under its WIT name in the interface. */
  | { readonly from: 'import'; readonly interface?: string; readonly name: string };

export interface PlanExport {
  /** Absent for a function that the world exports directly. */
  readonly interface?: string;
  readonly name: string;
  readonly func: FuncRef;
  readonly type: FunctionType;
}

export interface LinkPlan {
  /** Component instances, the root first; each with the index of the one that instantiated it. */
  readonly instances: readonly { readonly parent?: number }[];
  readonly resources: readonly PlanResource[];
  readonly lifts: readonly Lift[];
  readonly trampolines: readonly Trampoline[];
  /** In order. */
  readonly steps: readonly Step[];
  readonly exports: readonly PlanExport[];
}

/** The recipe's name for a core module of the component. */
export function moduleName(module: number): string {
  return `core${module}`;
}

/**
 * Which core module of the component goes by a name: ours, or jco's (`component.core.wasm`, `component.core2.wasm`), which are numbered in the
 * component's order. @param otherwise - for any other name.
 */
export function coreModuleIndex(name: string, otherwise: number): number {
  const own = /^core(\d+)$/.exec(name);
  if (own !== null) return Number(own[1]);
  const ofJco = /\.core(\d*)\.wasm$/.exec(name);
  return ofJco === null ? otherwise : Math.max(0, Number(ofJco[1] || '1') - 1);
}
