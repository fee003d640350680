import { createHash } from 'node:crypto';
import { type ArtifactChoice, artifactName, choiceOf } from '../artifact.ts';
import { ArtifactCache, defaultCacheDirectory } from '../artifact-cache.ts';
import type { InvokeOptions } from '../cell/call.ts';
import { failure } from '../cell/call-outcome.ts';
import { callSpec, checkStart, nextPlanId } from '../cell/call-spec.ts';
import { resolveImports, wasiSetup } from '../cell/grants.ts';
import type { PlanImport } from '../cell/plan.ts';
import { PlanCalls } from '../cell/plan-calls.ts';
import { CellPool, type PoolOptions } from '../cell/pool.ts';
import { decodeDescription } from '../component/description-decode.ts';
import { findCallable } from '../component/functions.ts';
import { CodedError } from '../error.ts';
import { INSTRUMENT_DEFAULTS } from '../instrument/index.ts';
import { completeLimits } from '../limits.ts';
import type { CellOutcome } from '../outcome.ts';
import type { LoadedComponent, PlanOptions, PreparedCall, Runner } from '../runner.ts';
import { withStack } from '../stack-outcome.ts';
import type { WitValue } from '../value/index.ts';
import { Breaker } from './breaker.ts';
import type { ImportSpec, PreparedSummary } from './control.ts';
import { type ProcessOptions, ProcessWorkers } from './process-workers.ts';
import type { ByteStore, RunnerPlan } from './runner-process.ts';

export interface ProcessRunnerOptions extends ProcessOptions, PoolOptions, Partial<ArtifactChoice> {
  /** Folder for prepared components; `false` keeps none. Default: `defaultCacheDirectory()`. */
  readonly cacheDirectory?: string | false;
  /** Name of those who trust one another: prepared components are kept apart for each. */
  readonly group?: string;
}

/**
 * The runner whose cells are in a process of their own: components are decoded, prepared and run there. The process has no
 * environment and no descriptor but the roads to this one, and what it sends is checked. Whatever happens in it ends with it.
 *
 * Owns the process, which it starts at once and again when it ends.
 */
export class ProcessRunner implements Runner<RunnerPlan> {
  readonly isolation = 'process';
  readonly #workers: ProcessWorkers;
  readonly #pool: CellPool<RunnerPlan>;
  readonly #calls: PlanCalls<RunnerPlan>;
  readonly #breaker = new Breaker();
  readonly #choice: ArtifactChoice;
  readonly #cache: ArtifactCache | undefined;
  readonly #group: string;

  constructor(options: ProcessRunnerOptions = {}) {
    this.#group = options.group ?? '';
    const cacheDirectory = options.cacheDirectory ?? defaultCacheDirectory() ?? false;
    this.#cache = cacheDirectory === false ? undefined : new ArtifactCache(cacheDirectory);
    this.#choice = choiceOf(options, { bindings: 'auto', costModel: INSTRUMENT_DEFAULTS.model });
    this.#workers = new ProcessWorkers(options);
    this.#pool = new CellPool(() => this.#workers, options);
    this.#calls = new PlanCalls(this.#pool, ({ digest }, { error }) => {
      if (error?.code === 'failed/runner-crashed') this.#breaker.crashed(digest);
    });
  }

  /** Process ids of the runner: one, and others while they end. */
  get pids(): readonly number[] {
    return this.#workers.pids;
  }

  /** Resolves when a worker can take a call. @throws CodedError `failed/runner-start`, `usage/closed`. */
  ready(): Promise<void> {
    return this.#pool.ready();
  }

  async load(bytes: Uint8Array): Promise<LoadedComponent> {
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    const { runner } = this.#workers;
    const text = await this.#breaker.watch(digest, () => runner.decode(digest, bytes));
    try {
      const description = decodeDescription(text);
      if (description.digest !== digest) throw new CodedError('internal/invariant', 'a runner gave a component another digest');
      return { ...description, bytes };
    } catch (error) {
      throw runner.breach(error as CodedError); // nothing else is thrown here
    }
  }

  async prepare(component: LoadedComponent, options: PlanOptions): Promise<PreparedCall<RunnerPlan>> {
    const { capabilities = [], grantFor = () => undefined } = options;
    const limits = completeLimits(options.limits ?? {});
    const choice = choiceOf(options, this.#choice);
    const { imports, bridged, back } = resolveImports(component, capabilities, grantFor);
    const found = findCallable(component, options.function);
    const { digest, bytes: componentBytes } = component;
    const store = this.#storeOf(digest, choice);
    const summary = await this.#breaker.watch(digest, () => this.#workers.runner.prepare(digest, componentBytes, choice, store));
    checkStart(summary, limits);
    const wasi = wasiSetup(capabilities, back);
    const call = callSpec(component, found, { planId: nextPlanId(), imports, wasi, limits });
    const { planId } = call;
    const spec = { planId, digest, choice, function: found.id, imports: imports.map(importSpec), wasi, limits };
    const { isolation } = this;
    const plan: RunnerPlan = { ...call, spec, componentBytes };
    return { component, function: found, artifact: reportOf(summary, choice), limits, plan, bridged, isolation };
  }

  invoke(
    call: PreparedCall<RunnerPlan>,
    params: readonly WitValue[] | Uint8Array,
    options?: InvokeOptions,
  ): Promise<CellOutcome> {
    try {
      this.#breaker.check(call.plan.digest);
    } catch (error) {
      return Promise.resolve(failure(error, 0));
    }
    return this.#calls.invoke(call, params, options);
  }

  async explain({ component, artifact }: PreparedCall<RunnerPlan>, outcome: CellOutcome): Promise<CellOutcome> {
    const { bindings, costModel } = artifact;
    return withStack(outcome, (frames) => this.#workers.runner.explain(component, { bindings, costModel }, frames));
  }

  release(call: PreparedCall<RunnerPlan>): void {
    this.#calls.release(call);
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }

  /** What one trust group prepared is for that group: a runner that was taken over could have written it. */
  #storeOf(digest: string, choice: ArtifactChoice): ByteStore {
    const cache = this.#cache;
    if (cache === undefined) return NO_STORE;
    const name = createHash('sha256')
      .update(`${artifactName(digest, choice)}\nrunner ${this.#group}`)
      .digest('hex');
    return { read: () => cache.readBytes(name), write: (bytes) => cache.writeBytes(name, bytes) };
  }
}

const NO_STORE: ByteStore = { read: async () => undefined, write: async () => undefined };

function importSpec(item: PlanImport): ImportSpec {
  const { kind, name } = item;
  if (kind === 'local') return { kind, name, moduleUrl: item.moduleUrl };
  return kind === 'bridged' ? { kind, name, firstIndex: item.firstIndex } : { kind, name };
}

function reportOf(
  { bindings, bindingsReason, linkMs, instrumentMs, compileMs, fromCache }: PreparedSummary,
  { costModel }: ArtifactChoice,
): PreparedCall['artifact'] {
  return {
    bindings,
    ...(bindingsReason === undefined ? {} : { bindingsReason }),
    costModel,
    times: { linkMs, instrumentMs, compileMs, fromCache },
  };
}
