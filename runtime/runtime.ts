import { type Artifact, type ArtifactChoice, choiceOf, explainGuestFrames, prepareArtifact, startNeeds } from './artifact.ts';
import { ArtifactCache, defaultCacheDirectory } from './artifact-cache.ts';
import type { BindingsChoice } from './bindings/choose.ts';
import { Preparer } from './bindings/preparer.ts';
import type { InvokeOptions } from './cell/call.ts';
import { callSpec, checkStart, nextPlanId } from './cell/call-spec.ts';
import { resolveImports, wasiSetup } from './cell/grants.ts';
import type { CellPlan } from './cell/plan.ts';
import { PlanCalls } from './cell/plan-calls.ts';
import { CellPool, type PoolOptions } from './cell/pool.ts';
import { newProfileChannel, type ProfiledCall, withProfile } from './cell/profile-channel.ts';
import { type ThreadOptions, ThreadWorkers } from './cell/thread-workers.ts';
import { decodeComponent } from './component/decode.ts';
import { findCallable } from './component/functions.ts';
import type { Component } from './component/types.ts';
import { CodedError } from './error.ts';
import { type CostModelName, INSTRUMENT_DEFAULTS } from './instrument/index.ts';
import { completeLimits } from './limits.ts';
import type { CellOutcome } from './outcome.ts';
import type { LoadedComponent, PlanOptions, PreparedCall, Runner } from './runner.ts';
import { withStack } from './stack-outcome.ts';
import type { WitValue } from './value/index.ts';

export interface RuntimeOptions extends PoolOptions, ThreadOptions {
  /** Folder for prepared components; `false` keeps none. Default: `defaultCacheDirectory()`. */
  readonly cacheDirectory?: string | false;
  /** What links components: our own bindings, jco's, or (`auto`, the default) our own and jco's where ours do not suffice. */
  readonly bindings?: BindingsChoice;
  /** What fuel counts: `region`, the cheapest, is the default; `exact` is Wasmtime's count. */
  readonly costModel?: CostModelName;
}

/** Prepared components kept in memory; the least recently prepared one goes first. */
const ARTIFACTS_MAX = 64;

/**
 * The runner whose cells are threads of this process: the lowest latency, and no wall against a guest that breaks out of V8.
 *
 * Owns its worker threads, the preparing thread and the cache.
 */
export class Runtime implements Runner<CellPlan> {
  readonly isolation = 'thread';
  readonly #pool: CellPool<CellPlan>;
  readonly #calls: PlanCalls<CellPlan>;
  readonly #preparer = new Preparer();
  readonly #choice: ArtifactChoice;
  readonly #cache: ArtifactCache | undefined;
  readonly #artifacts = new Map<string, Promise<Artifact>>();

  constructor(options: RuntimeOptions = {}) {
    this.#choice = choiceOf(options, { bindings: 'auto', costModel: INSTRUMENT_DEFAULTS.model });
    const cacheDirectory = options.cacheDirectory ?? defaultCacheDirectory() ?? false;
    this.#cache = cacheDirectory === false ? undefined : new ArtifactCache(cacheDirectory);
    this.#pool = new CellPool(() => new ThreadWorkers(options), options);
    this.#calls = new PlanCalls(this.#pool);
  }

  async load(bytes: Uint8Array): Promise<Component> {
    return decodeComponent(bytes);
  }

  /** @param component - as `load` or `decodeComponent` returned it. */
  async prepare(component: LoadedComponent, options: PlanOptions): Promise<PreparedCall<CellPlan>> {
    return this.#prepare(component, options, false);
  }

  async #prepare(component: LoadedComponent, options: PlanOptions, callHooks: boolean): Promise<ProfiledPlan> {
    if (!isDecoded(component)) throw new CodedError('usage/invalid-argument', 'the component was loaded by another runner');
    const { capabilities = [], grantFor = () => undefined } = options;
    const limits = completeLimits(options.limits ?? {});
    const choice = choiceOf(options, this.#choice);
    const { imports, bridged, back } = resolveImports(component, capabilities, grantFor);
    const found = findCallable(component, options.function);
    const artifact = callHooks
      ? await prepareArtifact(component, { ...choice, callHooks }, this.#preparer, undefined)
      : await this.#artifact(component, choice);
    checkStart(startNeeds(artifact), limits);
    const spec = callSpec(component, found, { planId: nextPlanId(), imports, wasi: wasiSetup(capabilities, back), limits });
    const { linking, modules } = artifact;
    const { isolation } = this;
    return { component, function: found, artifact, limits, plan: { ...spec, linking, modules }, bridged, isolation };
  }

  /**
   * As `prepare`, for `profile` alone: prepared anew each time, from modules that tell of their calls, and never kept.
   *
   * @throws CodedError also `usage/invalid-argument` for a limit of fuel beyond 2^53, up to which profiles count.
   */
  async prepareProfile(component: LoadedComponent, options: PlanOptions): Promise<ProfiledPlan> {
    if (completeLimits(options.limits ?? {}).fuelMax > Number.MAX_SAFE_INTEGER)
      throw new CodedError('usage/invalid-argument', 'a profile takes at most 2^53 - 1 units of fuel');
    const prepared = await this.#prepare(component, options, true);
    return { ...prepared, plan: { ...prepared.plan, profile: newProfileChannel() } };
  }

  /**
   * Runs one call, and says where its fuel went.
   *
   * @returns also the outcome, as `invoke` would give it, but for the time that it took.
   */
  profile(call: ProfiledPlan, params: readonly WitValue[] | Uint8Array, options?: InvokeOptions): Promise<ProfiledCall> {
    return withProfile(call.plan, () => this.invoke(call, params, options));
  }

  invoke(call: PreparedCall<CellPlan>, params: readonly WitValue[] | Uint8Array, options?: InvokeOptions): Promise<CellOutcome> {
    return this.#calls.invoke(call, params, options);
  }

  async explain({ component, artifact }: PreparedCall<CellPlan>, outcome: CellOutcome): Promise<CellOutcome> {
    return withStack(outcome, async (frames) => {
      if (!isDecoded(component)) return [];
      const { bindings, costModel } = artifact;
      return explainGuestFrames(component, { bindings, costModel }, frames, this.#preparer);
    });
  }

  release(call: PreparedCall<CellPlan>): void {
    this.#calls.release(call);
  }

  async close(): Promise<void> {
    await Promise.all([this.#pool.close(), this.#preparer.close()]);
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

/** A call prepared for its profile: the core modules in the numbering of its report. */
export interface ProfiledPlan extends PreparedCall<CellPlan> {
  readonly artifact: Artifact;
}

function isDecoded(component: LoadedComponent): component is Component {
  return 'body' in component && 'coreModules' in component;
}
