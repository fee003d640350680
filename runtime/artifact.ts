import { createHash } from 'node:crypto';
import type { BindingsName, Linking } from './bindings/bindings.ts';
import { type BindingsChoice, checkBindingsChoice, chooseJco } from './bindings/choose.ts';
import { JCO_VERSION } from './bindings/jco-version.ts';
import { LINK_PLAN_VERSION } from './bindings/own/plan-version.ts';
import type { Prepared, PreparedModule, PrepareJob } from './bindings/prepare-worker.ts';
import type { Preparer } from './bindings/preparer.ts';
import type { StartNeeds } from './cell/call-spec.ts';
import type { PlanModule } from './cell/plan.ts';
import { checkPlainName } from './component/plain-names.ts';
import type { Component } from './component/types.ts';
import { CodedError } from './error.ts';
import { COST_MODELS, type CostModelName, checkCostModel } from './instrument/index.ts';
import type { GuestFrame } from './outcome.ts';
import type { StackFrame } from './symbols/guest-stack.ts';

/** How long each step of preparing took, in milliseconds; a step that the cache saved is 0. */
export interface PrepareTimes {
  /** Making the link plan, or jco's linking code; without loading jco. */
  readonly linkMs: number;
  readonly instrumentMs: number;
  readonly compileMs: number;
  readonly fromCache: boolean;
}

/** A component ready to instantiate: how to link it, and compiled, instrumented core modules. Shared by all its plans. */
export interface Artifact {
  readonly bindings: BindingsName;
  /** Why not our own bindings, where `auto` fell back to jco. */
  readonly bindingsReason?: string;
  readonly linking: Linking;
  readonly modules: readonly PlanModule[];
  readonly costModel: CostModelName;
  readonly times: PrepareTimes;
}

/** Format of what is cached; raise it when `Prepared` changes. */
const FORMAT = 4;

/** Ceilings written into the modules. Each call's own, lower limits are enforced by its meter. */
const CEILINGS = { memoryPagesMax: 65_536, tableElementsMax: 10_000_000 };

/** What may be chosen of how a component is prepared. */
export interface ArtifactChoice {
  readonly bindings: BindingsChoice;
  readonly costModel: CostModelName;
  /** For a profile: its modules tell of their calls. Such an artifact is never kept in a store. */
  readonly callHooks?: boolean;
}

/** Where prepared components are kept between processes, by name. What cannot be read is not there. */
export interface ArtifactStore {
  read(name: string): Promise<unknown>;
  write(name: string, value: unknown): Promise<void>;
}

/**
 * Prepares a component: from the store where it has an authentic entry, else in the preparing thread.
 *
 * @throws CodedError `component/*` when the component cannot be run by the bindings that were chosen.
 */
export async function prepareArtifact(
  component: Component,
  choice: ArtifactChoice,
  preparer: Preparer,
  store: ArtifactStore | undefined,
): Promise<Artifact> {
  const name = artifactName(component.digest, choice);
  if (choice.callHooks === true && store !== undefined) throw new CodedError('internal/invariant', 'hooked modules are not kept');
  const cached = await store?.read(name);
  const prepared = isPrepared(cached) ? cached : await preparer.run(jobOf(component, choice));
  const began = performance.now();
  const { linking, bindingsReason } = prepared;
  const { bindings } = linking;
  // Asked again here: the store may hold what was prepared before there was a reason against it.
  if (bindings === 'jco') chooseJco(component, bindingsReason);
  const modules = await Promise.all(prepared.modules.map((module) => compile(module, bindings)));
  const compileMs = performance.now() - began;
  // Now that it is known to compile.
  if (prepared !== cached) await store?.write(name, prepared);
  const fromCache = prepared === cached;
  const times = {
    linkMs: fromCache ? 0 : prepared.linkMs,
    instrumentMs: fromCache ? 0 : prepared.instrumentMs,
    compileMs,
    fromCache,
  };
  return {
    bindings,
    ...(bindingsReason === undefined ? {} : { bindingsReason }),
    linking,
    modules,
    costModel: choice.costModel,
    times,
  };
}

/**
 * Says what frames of a trapped guest are in its source. The component is prepared once more, in part, so this takes as long.
 *
 * @param choice - with which it was prepared. @throws CodedError as `prepareArtifact`.
 */
export function explainGuestFrames(
  component: Component,
  choice: ArtifactChoice,
  frames: readonly GuestFrame[],
  preparer: Preparer,
): Promise<readonly StackFrame[]> {
  return preparer.explain(frames, jobOf(component, choice));
}

/** What a prepared component takes before its first instruction. */
export function startNeeds({ modules }: Artifact): StartNeeds {
  return {
    memoryPagesInitial: modules.reduce((sum, module) => sum + module.memoryPagesInitial, 0),
    tableElementsInitial: modules.reduce((sum, module) => sum + module.tableElementsInitial, 0),
  };
}

/** Everything that an artifact depends on: the component and each thing that made it what it is. */
export function artifactName(componentDigest: string, { bindings, costModel }: ArtifactChoice): string {
  const { name, version, digest } = COST_MODELS[costModel];
  const parts = [
    String(FORMAT),
    componentDigest,
    bindings,
    String(LINK_PLAN_VERSION),
    JCO_VERSION,
    name,
    String(version),
    digest,
    JSON.stringify(CEILINGS),
  ];
  return createHash('sha256').update(parts.join('\n')).digest('hex');
}

function jobOf({ bytes, imports, jcoRefuses }: Component, { bindings, costModel, callHooks }: ArtifactChoice): PrepareJob {
  const importNames = imports.filter((item) => item.kind === 'interface' || item.kind === 'func').map((item) => item.name);
  return {
    bytes,
    bindings,
    costModel,
    importNames,
    ...(jcoRefuses === undefined ? {} : { jcoRefuses }),
    ...(callHooks === true ? { callHooks } : {}),
    ...CEILINGS,
  };
}

/** Entries are authentic when they get here; this guards against an entry of our own with another shape. */
function isPrepared(value: unknown): value is Prepared {
  const candidate = value as Partial<Prepared> | undefined;
  return isLinking(candidate?.linking) && Array.isArray(candidate?.modules);
}

function isLinking(linking: Linking | undefined): boolean {
  if (linking?.bindings === 'jco') return typeof linking.source === 'string';
  return linking?.bindings === 'own' && Array.isArray(linking.plan?.steps) && Array.isArray(linking.plan.exports);
}

async function compile(module: PreparedModule, bindings: BindingsName): Promise<PlanModule> {
  const { name, bytes, ...details } = module;
  const compiled = await compileBytes(bytes);
  if (bindings === 'jco') checkNames(compiled);
  return { name, module: compiled, ...details };
}

async function compileBytes(bytes: Uint8Array): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(bytes as Uint8Array<ArrayBuffer>); // never a view of shared memory
  } catch (error) {
    // The original was validated before it was instrumented, and what comes of that is compiled unchecked.
    const ours = error instanceof WebAssembly.CompileError;
    throw new CodedError(
      ours ? 'internal/invariant' : 'component/invalid-core-module',
      `${ours ? 'an instrumented' : 'a'} core module does not compile: ${error instanceof Error ? error.message : error}`,
    );
  }
}

/**
 * INVARIANT: no code of jco's is evaluated before the names in it were looked at, here by the engine's own reading of them.
 * Our own bindings generate no code.
 */
function checkNames(module: WebAssembly.Module): void {
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    checkPlainName(from);
    checkPlainName(name);
  }
  for (const { name } of WebAssembly.Module.exports(module)) checkPlainName(name);
}

/**
 * Completes a choice.
 *
 * @throws CodedError `usage/invalid-argument`.
 */
export function choiceOf({ bindings, costModel }: Partial<ArtifactChoice>, otherwise: ArtifactChoice): ArtifactChoice {
  return {
    bindings: checkBindingsChoice(bindings ?? otherwise.bindings),
    costModel: checkCostModel(costModel ?? otherwise.costModel),
  };
}
