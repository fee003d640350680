import type { Linking } from '../bindings/bindings.ts';
import type { FunctionType } from '../component/types.ts';
import type { InstrumentedModule } from '../instrument/index.ts';
import type { Limits } from '../limits.ts';
import type { BackName } from '../wasi/back.ts';
import type { FilesSetup } from '../wasi/index.ts';

/*
 * A plan is everything about a call that does not change from one call to the next: which component, which function,
 * which imports it gets, under which limits. It is sent to a worker once; a call then names it by number.
 */

/** A compiled core module with what the host must know before it may start. */
export interface PlanModule extends Omit<InstrumentedModule, 'bytes' | 'costModel'> {
  readonly name: string;
  readonly module: WebAssembly.Module;
}

export interface PlanFunction {
  readonly name: string;
  readonly type: FunctionType;
}

/** One import of the component and who serves it. What is not granted has no entry, so it does not exist for the guest. */
export type PlanImport =
  /** Served by the closed WASI inside the worker. `interface` is the name without its version. */
  | { readonly kind: 'wasi'; readonly name: string; readonly interface: string }
  /**
   * Served inside the worker by a module of the host's: it holds no authority, or only the worker's own. `isFunction`: the
   * import is no interface but the one function in `functions`.
   */
  | {
      readonly kind: 'local';
      readonly name: string;
      readonly isFunction: boolean;
      readonly moduleUrl: string;
      readonly functions: readonly PlanFunction[];
    }
  /** Served by the trusted side over the port; `isFunction` as above. `firstIndex` numbers the plan's bridged functions through. */
  | {
      readonly kind: 'bridged';
      readonly name: string;
      readonly isFunction: boolean;
      readonly firstIndex: number;
      readonly functions: readonly PlanFunction[];
    };

/** How the closed WASI of each call is opened up. The defaults are deterministic. */
export interface WasiSetup {
  readonly clock: 'fixed' | 'real';
  readonly random: 'seeded' | 'secure';
  /** The instant at which the fixed clock starts, in nanoseconds since 1970. */
  readonly clockStartNanoseconds: bigint;
  /** Directories that the guest finds open; served over the `files.*` functions of the trusted side. */
  readonly files?: FilesSetup;
  /** True where `wasi:http` is served, over the `http.*` functions of the trusted side. */
  readonly http?: boolean;
  /** Values of `cellblock:host/config`; undefined: it is not served. */
  readonly config?: readonly (readonly [name: string, value: string])[];
  /** Arguments of `wasi:cli/environment`, the program's name included. */
  readonly args?: readonly string[];
  /** Variables of `wasi:cli/environment`. */
  readonly env?: readonly (readonly [name: string, value: string])[];
  /** Numbers of the bridged functions that serve it from the trusted side. */
  readonly back?: Readonly<Partial<Record<BackName, number>>>;
}

export interface PlanTarget {
  readonly interface?: string;
  readonly name: string;
  readonly type: FunctionType;
  /** True for `wasi:cli/run#run`: `exit` then ends the program normally. */
  readonly isCommand: boolean;
}

/** What the trusted side knows of a plan: enough to send calls and to read their results. */
export interface CallSpec {
  readonly planId: number;
  /** Digest of the component. */
  readonly digest: string;
  /** True when the component imports any randomness: then the seed of a call matters. */
  readonly usesRandom: boolean;
  readonly imports: readonly PlanImport[];
  readonly target: PlanTarget;
  readonly wasi: WasiSetup;
  readonly limits: Limits;
  /** Name of the channel on which the profile of its call is told; the modules of such a plan have hooks. */
  readonly profile?: string;
}

/** Plain data: crosses to a worker by structured clone, once. */
export interface CellPlan extends CallSpec {
  readonly linking: Linking;
  readonly modules: readonly PlanModule[];
}

/** Messages beside the port, for what bytes cannot carry (compiled modules): both are rare and off the path of a call. */
export type ControlMessage =
  | { readonly type: 'plan'; readonly plan: CellPlan }
  | { readonly type: 'forget'; readonly planId: number }
  | { readonly type: 'close' };
