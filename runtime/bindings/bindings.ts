import type { FunctionType } from '../component/types.ts';
import type { WitValue } from '../value/index.ts';
import type { BudgetLimits } from './own/budget.ts';
import type { LinkPlan } from './own/link-plan.ts';

/** One core module to instantiate, by the name that the linking code asks for. */
export interface RecipeModule {
  readonly name: string;
  /** Core module in binary format, as the component has it (not yet instrumented). */
  readonly bytes: Uint8Array;
}

/** The implementations of this interface: jco's generated glue, and our own. */
export type BindingsName = 'jco' | 'own';

/** How to link a component, in the words of one implementation: jco's generated source, or our plan. */
export type Linking =
  | { readonly bindings: 'jco'; readonly source: string }
  | { readonly bindings: 'own'; readonly plan: LinkPlan };

/** Everything that linking a component needs, as plain data: made once, cached on disk, sent to workers by structured clone. */
export interface Recipe {
  readonly linking: Linking;
  readonly modules: readonly RecipeModule[];
}

/**
 * An import object for instantiation: full import name to an object of functions and resource classes, or to one function
 * where the world imports a function. What `hostFunction` made is under `memberName`; the closed WASI has the names of
 * preview2-shim.
 */
export type HostImports = Readonly<Record<string, unknown>> & { readonly [TRACED]?: TraceWasi };

/** Where an import object has who wants to hear of each call of the closed WASI; absent otherwise. Our own bindings tell, jco's do not. */
export const TRACED = Symbol('traced');

/** Hears of one call when it was served: the import and the function by their WIT names. Throws what ends the call. */
export type TraceWasi = (call: {
  readonly import: string;
  readonly name: string;
  readonly args: readonly unknown[];
  /** What it returned, or threw. */
  readonly answer: unknown;
  readonly failed: boolean;
  readonly milliseconds: number;
}) => void;

/** Instantiates one core module; the cell adds the meter here and sees every instance. */
export type InstantiateCore = (module: WebAssembly.Module, imports?: WebAssembly.Imports) => WebAssembly.Instance;

/** One live component instance. Used for one call, then dropped. */
export interface BoundInstance {
  /**
   * Prepares one exported function.
   *
   * @throws CodedError `internal/invariant` when the instance has no such export.
   */
  bind(interfaceName: string | undefined, functionName: string, type: FunctionType): BoundFunction;
}

/**
 * The three phases of a call, apart so that each can be timed and capped. Values are in the canonical encoding
 * (`docs/values.md`) on both sides.
 */
export interface BoundFunction {
  /** Puts the parameters where `call` takes them; guest code (`realloc`) may run. @param params - made by our own encoder. */
  lower(params: Uint8Array): unknown;
  /** Runs guest code. A trap, a limit or `exit` is thrown as it comes. @param lowered - what `lower` gave. */
  call(lowered: unknown): unknown;
  /**
   * Takes the guest's answer; guest code (`post-return`) may run.
   *
   * @returns bytes that stay as they are until the next value leaves a guest in this thread; empty when there is no result.
   * @throws CodedError `limit/result`, `trap/abi`
   */
  lift(result: unknown): Uint8Array;
}

/** What may cross the canonical ABI; see `Limits` of the runtime. */
export interface AbiLimits {
  readonly result: BudgetLimits;
  /** Arguments of one host call. */
  readonly hostCall: BudgetLimits;
  /** Handles of all component instances together. */
  readonly handlesMax: number;
  /** Takes fuel, one unit for each byte that crosses either way; throws `limit/fuel`. Absent where nothing is metered. */
  readonly charge?: (units: number) => void;
}

/** The worker's side of an implementation: a component made ready to instantiate many times. */
export interface Linked {
  /** @param modules - compiled (and instrumented) core modules, by recipe name. */
  instantiate(
    modules: ReadonlyMap<string, WebAssembly.Module>,
    imports: HostImports,
    instantiateCore: InstantiateCore,
    limits: AbiLimits,
  ): BoundInstance;
}

/** How a host function looks to the bindings: neutral values in and out; `result` functions return `{ok}` or `{err}`. */
export type NeutralHostFunction = (args: readonly WitValue[]) => WitValue | undefined;

/**
 * A host function that takes and gives canonical encodings; for one that returns nothing the answer is not looked at. The
 * arguments stay as they are until it returns.
 */
export type EncodedHostFunction = (args: Uint8Array) => Uint8Array;

export type HostFunctionImplementation =
  | { readonly form: 'values'; readonly call: NeutralHostFunction }
  | { readonly form: 'encoded'; readonly call: EncodedHostFunction };

/** What a host function belongs to; for implementations whose instances do not keep these themselves. */
export interface HostFunctionOwner {
  readonly limits: AbiLimits;
  /** Hears what was thrown while arguments or an answer crossed. It is final, even if the guest catches it. */
  failed(thrown: unknown): void;
}

/**
 * An implementation of bindings: links component instances and carries values across the canonical ABI.
 *
 * Two steps in two places: the recipe is made in the preparing thread and may take long; `link` runs in the cell's worker.
 */
export interface Bindings {
  readonly name: BindingsName;
  /** @throws CodedError `component/unsupported-instruction`, `component/transpile-failed`. Thread: cell worker. */
  link(linking: Linking): Linked;
  /** Wraps a host function into the calling convention of this implementation. */
  hostFunction(type: FunctionType, implementation: HostFunctionImplementation, owner: HostFunctionOwner): unknown;
  /** The key that this implementation wants for a function of `hostFunction` inside an import object. */
  memberName(witName: string): string;
}
