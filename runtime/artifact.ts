import { createHash } from 'node:crypto';
import type { ArtifactCache } from './artifact-cache.ts';
import { JCO_VERSION } from './bindings/jco-version.ts';
import type { Transpiled, TranspiledModule } from './bindings/transpile-worker.ts';
import type { Transpiler } from './bindings/transpiler.ts';
import type { PlanModule } from './cell/plan.ts';
import { checkPlainName } from './component/plain-names.ts';
import { withoutCustomSections } from './component/strip-custom.ts';
import type { Component } from './component/types.ts';
import { CodedError } from './error.ts';
import { COST_MODEL } from './instrument/index.ts';

/** How long each step of preparing took, in milliseconds; a step that the cache saved is 0. */
export interface PrepareTimes {
  readonly transpileMs: number;
  readonly instrumentMs: number;
  readonly compileMs: number;
  readonly fromCache: boolean;
}

/** A component ready to instantiate: linking code and compiled, instrumented core modules. Shared by all its plans. */
export interface Artifact {
  readonly bindings: 'jco';
  readonly linking: string;
  readonly modules: readonly PlanModule[];
  readonly times: PrepareTimes;
}

/** Format of what is cached; raise it when `Transpiled` changes. */
const FORMAT = 1;

/** Ceilings written into the modules. Each call's own, lower limits are enforced by its meter. */
const CEILINGS = { memoryPagesMax: 65_536, tableElementsMax: 10_000_000 };

/**
 * Prepares a component: from the cache where it has an authentic entry, else by the transpiler.
 *
 * @throws CodedError `component/*` when the component cannot be run.
 */
export async function prepareArtifact(
  component: Component,
  transpiler: Transpiler,
  cache: ArtifactCache | undefined,
): Promise<Artifact> {
  const name = cacheName(component);
  const cached = await cache?.read(name);
  const transpiled = isTranspiled(cached) ? cached : await transpiler.run(jobOf(component));
  if (transpiled !== cached) await cache?.write(name, transpiled);
  const began = performance.now();
  const modules = await Promise.all(transpiled.modules.map(compile));
  const fromCache = transpiled === cached;
  const times = {
    transpileMs: fromCache ? 0 : transpiled.transpileMs,
    instrumentMs: fromCache ? 0 : transpiled.instrumentMs,
    compileMs: performance.now() - began,
    fromCache,
  };
  return { bindings: transpiled.bindings, linking: transpiled.linking, modules, times };
}

/** Everything that an artifact depends on: the component and each thing that made it what it is. */
function cacheName(component: Component): string {
  const parts = [
    String(FORMAT),
    component.digest,
    JCO_VERSION,
    COST_MODEL.name,
    String(COST_MODEL.version),
    COST_MODEL.digest,
    JSON.stringify(CEILINGS),
  ];
  return createHash('sha256').update(parts.join('\n')).digest('hex');
}

function jobOf(component: Component): Parameters<Transpiler['run']>[0] {
  const importNames = component.imports
    .filter((item) => item.kind === 'interface' || item.kind === 'func')
    .map((item) => item.name);
  return { bytes: withoutCustomSections(component.bytes), importNames, ...CEILINGS };
}

/** Entries are authentic when they get here; this guards against an entry of our own with another shape. */
function isTranspiled(value: unknown): value is Transpiled {
  const candidate = value as Partial<Transpiled> | undefined;
  return candidate?.bindings === 'jco' && typeof candidate.linking === 'string' && Array.isArray(candidate.modules);
}

async function compile(module: TranspiledModule): Promise<PlanModule> {
  const { name, bytes, startFuel, memories, memoryPagesInitial, tableElementsInitial } = module;
  const compiled = await compileBytes(bytes);
  checkNames(compiled);
  return { name, module: compiled, startFuel, memories, memoryPagesInitial, tableElementsInitial };
}

async function compileBytes(bytes: Uint8Array): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(bytes as Uint8Array<ArrayBuffer>); // never a view of shared memory
  } catch (error) {
    throw new CodedError(
      'component/invalid-core-module',
      `a core module does not compile: ${error instanceof Error ? error.message : error}`,
    );
  }
}

/** INVARIANT: no linking code is evaluated before the names in it were looked at, here by the engine's own reading of them. */
function checkNames(module: WebAssembly.Module): void {
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    checkPlainName(from);
    checkPlainName(name);
  }
  for (const { name } of WebAssembly.Module.exports(module)) checkPlainName(name);
}
