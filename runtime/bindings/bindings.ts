import type { FunctionType } from '../component/types.ts';
import type { WitValue } from '../value/index.ts';

/** One core module to instantiate, by the name that the linking code asks for. */
export interface RecipeModule {
  readonly name: string;
  /** Core module in binary format, as the component has it (not yet instrumented). */
  readonly bytes: Uint8Array;
}

/**
 * Everything that linking a component needs, as plain data: made once, cached on disk, sent to workers.
 * What `linking` means is private to the implementation named by `bindings`.
 */
export interface Recipe {
  readonly bindings: BindingsName;
  readonly linking: string;
  readonly modules: readonly RecipeModule[];
}

/** The implementations of this interface. Our own bindings join here. */
export type BindingsName = 'jco';

/** An import object for instantiation: full import name to an object of functions and resource classes (or one function). */
export type HostImports = Readonly<Record<string, unknown>>;

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

/** The three phases of a call, apart so that each can be timed and capped. */
export interface BoundFunction {
  /** Values to the shape that `call` takes. */
  lower(params: readonly WitValue[]): readonly unknown[];
  /** Runs guest code. A trap, a limit or `exit` is thrown as it comes. */
  call(args: readonly unknown[]): unknown;
  /** The guest's answer as a value; absent when the function returns nothing. */
  lift(result: unknown): WitValue | undefined;
}

/** The worker's side of an implementation: a recipe made ready to instantiate many times. */
export interface Linked {
  /** @param modules - compiled (and instrumented) core modules, by recipe name. */
  instantiate(
    modules: ReadonlyMap<string, WebAssembly.Module>,
    imports: HostImports,
    instantiateCore: InstantiateCore,
  ): BoundInstance;
}

/** How a host function looks to the bindings: neutral values in and out; `result` functions return `{ok}` or `{err}`. */
export type NeutralHostFunction = (args: readonly WitValue[]) => WitValue | undefined;

/**
 * An implementation of bindings: links component instances and carries values across the canonical ABI.
 *
 * Two steps in two places: `prepare` may be slow and runs in the transpiler's thread; `link` runs in the cell's worker.
 */
export interface Bindings {
  readonly name: BindingsName;
  /** @throws CodedError `component/unsupported-instruction`, `component/transpile-failed`. Thread: cell worker. */
  link(recipe: Recipe): Linked;
  /** Wraps a neutral host function into the calling convention of this implementation. */
  hostFunction(type: FunctionType, call: NeutralHostFunction): unknown;
  /** The key that this implementation wants for a function or a type inside an import object. */
  memberName(witName: string): string;
}
