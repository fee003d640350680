import { type Artifact, type ArtifactChoice, prepareArtifact } from './artifact.ts';
import { ArtifactCache, defaultCacheDirectory } from './artifact-cache.ts';
import { type BindingsChoice, checkBindingsChoice } from './bindings/choose.ts';
import { Preparer } from './bindings/preparer.ts';
import { type CallPlan, failure, type InvokeOptions, runCall } from './cell/call.ts';
import { type Capability, resolveImports } from './cell/grants.ts';
import type { CellPlan, PlanTarget, WasiSetup } from './cell/plan.ts';
import { CellPool, type PoolOptions } from './cell/pool.ts';

import { type CallableFunction, resolveFunction } from './component/functions.ts';
import type { Component, Param } from './component/types.ts';
import { CodedError } from './error.ts';
import { type CostModelName, checkCostModel, INSTRUMENT_DEFAULTS } from './instrument/index.ts';
import { completeLimits, type Limits, PARAMS_BYTES_MAX } from './limits.ts';
import type { CellOutcome } from './outcome.ts';
import { decodeParams, encodeParams, type WitValue } from './value/index.ts';

export interface RuntimeOptions extends PoolOptions {
  /** Folder for prepared components; `false` keeps none. Default: `defaultCacheDirectory()`. */
  readonly cacheDirectory?: string | false;
  /** What links components: our own bindings, jco's, or (`auto`, the default) our own and jco's where ours do not suffice. */
  readonly bindings?: BindingsChoice;
  /** What fuel counts: `region`, the cheapest, is the default; `exact` is Wasmtime's count. */
  readonly costModel?: CostModelName;
}

export interface PlanOptions {
  /** Function id: `interface#function`, the interface without its version, or the plain name where it is unique. */
  readonly function: string;
  /** What the call is granted; nothing by default. */
  readonly capabilities?: readonly Capability[];
  /** Overrides of `DEFAULT_LIMITS`. */
  readonly limits?: Partial<Limits>;
  /** In place of the runtime's own choice. */
  readonly bindings?: BindingsChoice;
  /** The same. */
  readonly costModel?: CostModelName;
  /** Names what would grant an import, for refusals. */
  readonly grantFor?: (importName: string) => string | undefined;
}

/** One function of one component under fixed grants and limits, ready to be invoked any number of times. */
export interface PreparedCall extends CallPlan {
  readonly component: Component;
  readonly function: CallableFunction;
  readonly artifact: Artifact;
  readonly limits: Limits;
}

const CLOSED_WASI: WasiSetup = { clock: 'fixed', random: 'seeded', clockStartNanoseconds: 0n };

/** Prepared components kept in memory; the least recently prepared one goes first. */
const ARTIFACTS_MAX = 64;

let lastPlanId = 0;

/**
 * Runs components without knowing who asks or why: decode, prepare, plan, invoke. `close` when done.
 *
 * Owns its worker threads, the preparing thread and the cache.
 */
export class Runtime {
  readonly #pool: CellPool;
  readonly #preparer = new Preparer();
  readonly #choice: ArtifactChoice;
  readonly #cache: ArtifactCache | undefined;
  /** Calls that have not ended, by plan. */
  readonly #running = new Map<number, number>();
  readonly #released = new Set<number>();
  readonly #artifacts = new Map<string, Promise<Artifact>>();

  constructor(options: RuntimeOptions = {}) {
    this.#choice = choiceOf(options, { bindings: 'auto', costModel: INSTRUMENT_DEFAULTS.model });
    const cacheDirectory = options.cacheDirectory ?? defaultCacheDirectory() ?? false;
    this.#cache = cacheDirectory === false ? undefined : new ArtifactCache(cacheDirectory);
    this.#pool = new CellPool(options);
  }

  /**
   * Checks one function's imports, prepares its component and fixes grants and limits.
   *
   * @throws CodedError `component/unknown-function`, `component/not-callable`, `denied/no-grant` (before anything is
   * prepared), other `component/*`, `limit/memory` or `limit/table` when the component cannot start within its limits.
   */
  async prepare(component: Component, options: PlanOptions): Promise<PreparedCall> {
    const { capabilities = [], grantFor = () => undefined } = options;
    const limits = completeLimits(options.limits ?? {});
    const choice = choiceOf(options, this.#choice);
    const resolved = resolveImports(component, capabilities, grantFor);
    const found = resolveFunction(component, options.function);
    if (!found.callable) throw new CodedError('component/not-callable', `\`${found.id}\` cannot be called: ${found.reason}`);
    const artifact = await this.#artifact(component, choice);
    checkStart(artifact, limits);
    const wasi = Object.assign(
      {},
      CLOSED_WASI,
      ...capabilities.map((item) => (item.kind === 'wasi' ? item.setup : {})),
    ) as WasiSetup;
    lastPlanId += 1;
    const { linking, modules } = artifact;
    const plan: CellPlan = {
      planId: lastPlanId,
      digest: component.digest,
      usesRandom: component.imports.some((item) => item.name.startsWith('wasi:random/')),
      linking,
      modules,
      imports: resolved.imports,
      target: targetOf(found),
      wasi,
      limits,
    };
    return { component, function: found, artifact, limits, plan, bridged: resolved.bridged };
  }

  /**
   * Runs one call in a fresh cell.
   *
   * @param params - values by position, or their canonical encoding, which is checked like values.
   * @returns the outcome; never rejects. Parameters that do not match their types are `refused`.
   */
  invoke(call: PreparedCall, params: readonly WitValue[] | Uint8Array, options?: InvokeOptions): Promise<CellOutcome> {
    try {
      const bytes = paramsBytes(params, call.function.type.params);
      if (bytes.length > PARAMS_BYTES_MAX) {
        throw new CodedError('params/too-large', `the parameters have ${bytes.length} bytes, more than ${PARAMS_BYTES_MAX}`);
      }
      const { planId } = call.plan;
      this.#running.set(planId, (this.#running.get(planId) ?? 0) + 1);
      return runCall(this.#pool, call, bytes, options).finally(() => this.#ended(planId));
    } catch (error) {
      return Promise.resolve(failure(error, 0));
    }
  }

  /** Lets go of what the workers hold for a prepared call, once the last call of it has ended. */
  release(call: PreparedCall): void {
    const { planId } = call.plan;
    this.#released.add(planId);
    if (!this.#running.has(planId)) this.#forget(planId);
  }

  /** Ends all threads. Calls that still run end as `failed`. */
  async close(): Promise<void> {
    await Promise.all([this.#pool.close(), this.#preparer.close()]);
  }

  #ended(planId: number): void {
    const left = (this.#running.get(planId) ?? 1) - 1;
    if (left > 0) return void this.#running.set(planId, left);
    this.#running.delete(planId);
    if (this.#released.has(planId)) this.#forget(planId);
  }

  /** Only between calls: a worker must not lose a plan while a call of it is on its way. */
  #forget(planId: number): void {
    this.#released.delete(planId);
    this.#pool.forget(planId);
  }

  #artifact(component: Component, choice: ArtifactChoice): Promise<Artifact> {
    const key = `${choice.bindings} ${choice.costModel} ${component.digest}`;
    const known = this.#artifacts.get(key);
    if (known !== undefined) return known;
    const preparing = prepareArtifact(component, choice, this.#preparer, this.#cache);
    this.#artifacts.set(key, preparing);
    preparing.catch(() => this.#artifacts.delete(key));
    for (const oldest of this.#artifacts.keys()) {
      if (this.#artifacts.size <= ARTIFACTS_MAX) break;
      this.#artifacts.delete(oldest);
    }
    return preparing;
  }
}

/** @throws CodedError `usage/invalid-argument`. */
function choiceOf({ bindings, costModel }: Partial<ArtifactChoice>, otherwise: ArtifactChoice): ArtifactChoice {
  return {
    bindings: checkBindingsChoice(bindings ?? otherwise.bindings),
    costModel: checkCostModel(costModel ?? otherwise.costModel),
  };
}

function targetOf(found: CallableFunction): PlanTarget {
  const isCommand = found.name === 'run' && /^wasi:cli\/run@0\.2\./.test(found.interface ?? '');
  return {
    ...(found.interface === undefined ? {} : { interface: found.interface }),
    name: found.name,
    type: found.type,
    isCommand,
  };
}

/** INVARIANT: a cell gets bytes that the encoder wrote, or could have: it carries them into the guest's memory unread. */
function paramsBytes(params: readonly WitValue[] | Uint8Array, types: readonly Param[]): Uint8Array {
  if (!(params instanceof Uint8Array)) return encodeParams(params, types);
  decodeParams(params, types);
  return params;
}

/** What the modules need before their first instruction must fit the limits of the call. */
function checkStart(artifact: Artifact, limits: Limits): void {
  const pages = artifact.modules.reduce((sum, module) => sum + module.memoryPagesInitial, 0);
  const elements = artifact.modules.reduce((sum, module) => sum + module.tableElementsInitial, 0);
  if (pages > limits.memoryPagesMax) {
    throw new CodedError(
      'limit/memory',
      `the component starts with ${pages} pages of memory, more than ${limits.memoryPagesMax}`,
      {
        data: { limit: limits.memoryPagesMax, used: pages, unit: '64 KiB pages' },
        help: `allow at least ${Math.ceil(pages / 16)}MiB of memory`,
      },
    );
  }
  if (elements > limits.tableElementsMax) {
    throw new CodedError(
      'limit/table',
      `the component starts with ${elements} table elements, more than ${limits.tableElementsMax}`,
      {
        data: { limit: limits.tableElementsMax, used: elements },
        help: `allow at least ${elements} table elements`,
      },
    );
  }
}
