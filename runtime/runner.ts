import type { PrepareTimes } from './artifact.ts';
import type { BindingsName } from './bindings/bindings.ts';
import type { BindingsChoice } from './bindings/choose.ts';
import type { CallPlan, InvokeOptions } from './cell/call.ts';
import type { Capability } from './cell/grants.ts';
import type { CallSpec } from './cell/plan.ts';
import type { ComponentDescription } from './component/description.ts';
import type { CallableFunction } from './component/functions.ts';
import type { CostModelName } from './instrument/index.ts';
import type { Limits } from './limits.ts';
import type { CellOutcome } from './outcome.ts';
import type { WitValue } from './value/index.ts';

/** Which wall stands between a guest and its host: a thread of the same process, or a process of its own. */
export type Isolation = 'thread' | 'process';

/** A component that a runner has decoded. */
export interface LoadedComponent extends ComponentDescription {
  readonly bytes: Uint8Array;
}

export interface PlanOptions {
  /** Function id: `interface#function`, the interface without its version, or the plain name where it is unique. */
  readonly function: string;
  /** What the call is granted; nothing by default. */
  readonly capabilities?: readonly Capability[];
  /** Overrides of `DEFAULT_LIMITS`. */
  readonly limits?: Partial<Limits>;
  /** In place of the runner's own choice. */
  readonly bindings?: BindingsChoice;
  /** The same. */
  readonly costModel?: CostModelName;
  /** Names what would grant an import, for refusals. */
  readonly grantFor?: (importName: string) => string | undefined;
}

/** How a component was prepared. */
export interface ArtifactReport {
  readonly bindings: BindingsName;
  /** Why not our own bindings, where `auto` fell back to jco. */
  readonly bindingsReason?: string;
  readonly costModel: CostModelName;
  readonly times: PrepareTimes;
}

/** One function of one component under fixed grants and limits, ready to be invoked any number of times. */
export interface PreparedCall<Plan extends CallSpec = CallSpec> extends CallPlan<Plan> {
  readonly component: LoadedComponent;
  readonly function: CallableFunction;
  readonly artifact: ArtifactReport;
  readonly limits: Limits;
  /** The wall that holds. */
  readonly isolation: Isolation;
}

/**
 * Runs components without knowing who asks or why: load, prepare, invoke. `close` when done.
 *
 * Two implementations pass one suite of tests: `Runtime`, threads of this process, has the lowest latency, for tools that are
 * trusted; `ProcessRunner` has a process of its own, which may do what it likes and die.
 */
export interface Runner<Plan extends CallSpec = CallSpec> {
  readonly isolation: Isolation;
  /**
   * Decodes a component.
   *
   * @param bytes - the binary; kept, not copied. @throws CodedError as `decodeComponent`.
   */
  load(bytes: Uint8Array): Promise<LoadedComponent>;
  /**
   * Checks one function's imports, prepares its component and fixes grants and limits.
   *
   * @throws CodedError `component/unknown-function`, `component/not-callable`, `denied/no-grant` (before anything is
   * prepared), other `component/*`, `limit/memory` or `limit/table` when the component cannot start within its limits.
   */
  prepare(component: LoadedComponent, options: PlanOptions): Promise<PreparedCall<Plan>>;
  /**
   * Runs one call in a fresh cell.
   *
   * @param params - values by position, or their canonical encoding, which is checked like values.
   * @returns the outcome; never rejects. Parameters that do not match their types are `refused`.
   */
  invoke(call: PreparedCall<Plan>, params: readonly WitValue[] | Uint8Array, options?: InvokeOptions): Promise<CellOutcome>;
  /**
   * Says where in its source a guest was when its call ended by a trap or a limit. It takes about as long as preparing the component, so it is for
   * who shows it to an author, and on no call's path.
   *
   * @returns the outcome with `error.data.stack`, a list of `StackFrame`, innermost first; as it is where nothing is known.
   */
  explain(call: PreparedCall<Plan>, outcome: CellOutcome): Promise<CellOutcome>;
  /** Lets go of what the workers hold for a prepared call, once the last call of it has ended. */
  release(call: PreparedCall<Plan>): void;
  /** Ends all threads and processes. Calls that still run end as `failed`. */
  close(): Promise<void>;
}
