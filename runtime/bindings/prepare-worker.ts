import { parentPort, workerData } from 'node:worker_threads';
import { decodeComponent } from '../component/decode.ts';
import { withoutCustomSections } from '../component/strip-custom.ts';
import { isCoded } from '../error.ts';
import { type CostModelName, type InstrumentedModule, type InstrumentOptions, instrument } from '../instrument/index.ts';
import type { GuestFrame } from '../outcome.ts';
import { explainFrames, type StackFrame } from '../symbols/guest-stack.ts';
import type { Linking, RecipeModule } from './bindings.ts';
import { type BindingsChoice, chooseBindings, chooseJco, type JcoFacts } from './choose.ts';
import { coreModuleIndex, type LinkPlan, moduleName } from './own/link-plan.ts';

/** One job of the preparing thread. */
export interface PrepareJob extends JcoFacts {
  readonly bytes: Uint8Array;
  readonly bindings: BindingsChoice;
  readonly costModel: CostModelName;
  /** The component's imports by full name: jco's linking code asks for exactly these keys. */
  readonly importNames: readonly string[];
  readonly memoryPagesMax: number;
  readonly tableElementsMax: number;
  readonly callHooks?: boolean;
}

/** The other kind of job: frames of a guest that trapped, of a component prepared as that job says. */
export interface ExplainJob {
  readonly explain: readonly GuestFrame[];
  readonly of: PrepareJob;
}

/** A core module ready to compile, with what the host must know of it. */
export interface PreparedModule extends Omit<InstrumentedModule, 'costModel'> {
  readonly name: string;
}

/** All that running a component needs but its compiled code: plain data, for the cache too. */
export interface Prepared {
  readonly linking: Linking;
  /** Why our own bindings do not link it, where `auto` fell back to jco. */
  readonly bindingsReason?: string;
  readonly modules: readonly PreparedModule[];
  /** Milliseconds for the plan or the generated code; loading jco is not in it. */
  readonly linkMs: number;
  readonly instrumentMs: number;
}

/** `usedJco` says that jco is loaded in this thread now: 35 MB, and 150 ms or more. */
export type PrepareAnswer = { readonly usedJco: boolean } & (
  | { readonly type: 'done'; readonly prepared: Prepared }
  | { readonly type: 'explained'; readonly stack: readonly StackFrame[] }
  | {
      readonly type: 'failed';
      readonly code: string;
      readonly message: string;
      readonly data: unknown;
      readonly help?: string;
      /** The thread must not be used again. */
      readonly poisoned: boolean;
    }
);

/** What the thread is started with. */
export interface PrepareThreadData {
  /** Load jco at once, for a job that will need it. */
  readonly loadJco: boolean;
}

type Jco = typeof import('./jco-transpile.ts');

let jco: Promise<Jco> | undefined;

/** jco is heavy, and most components never need it. */
function loadJco(): Promise<Jco> {
  jco ??= import('./jco-transpile.ts').then(async (loaded) => {
    await loaded.initTranspiler();
    return loaded;
  });
  return jco;
}

async function answer(job: PrepareJob | ExplainJob): Promise<PrepareAnswer> {
  try {
    if ('explain' in job) return { type: 'explained', stack: await explain(job), usedJco: jco !== undefined };
    const prepared = await prepare(job);
    return { type: 'done', prepared, usedJco: jco !== undefined };
  } catch (error) {
    return { type: 'failed', ...failure(error), usedJco: jco !== undefined };
  }
}

function failure(error: unknown): Omit<PrepareAnswer & { type: 'failed' }, 'type' | 'usedJco'> {
  if (isCoded(error)) {
    const { poisoned, ...data } = error.data;
    const help = error.help === undefined ? {} : { help: error.help };
    return { code: error.code, message: error.message, data, ...help, poisoned: poisoned === true };
  }
  const words = error instanceof Error ? error.message : String(error);
  const code = jco === undefined ? 'internal/invariant' : 'component/transpile-failed';
  return { code, message: `the component cannot be prepared: ${words}`, data: {}, poisoned: true };
}

/** What an implementation gives: linking and core modules as the component has them. */
interface Linked {
  readonly linking: Linking;
  readonly bindingsReason?: string;
  readonly modules: readonly RecipeModule[];
  readonly linkMs: number;
}

async function prepare(job: PrepareJob): Promise<Prepared> {
  const { modules, ...linked } = await link(job);
  const began = performance.now();
  const optionsOf = instrumentOptions(job, linked.linking);
  const instrumented = modules.map(({ name, bytes }) => {
    const { costModel: _, ...module } = instrument(bytes, optionsOf(name));
    return { name, ...module };
  });
  return { ...linked, modules: instrumented, instrumentMs: performance.now() - began };
}

/** How each of a component's modules is instrumented, by its name. */
function instrumentOptions(job: PrepareJob, linking: Linking): (name: string) => InstrumentOptions {
  const { memoryPagesMax, tableElementsMax, costModel, callHooks = false } = job;
  // A hooked module is instantiated for one call, so that no memory of it is given again.
  const memory = callHooks ? 'own' : 'given';
  const options = { model: costModel, memory, memoryPagesMax, tableElementsMax, callHooks } as const;
  const counting = countingModule(linking);
  return (name) => ({ ...options, meter: name === counting ? 'own' : 'shared' });
}

async function explain({ explain: frames, of }: ExplainJob): Promise<readonly StackFrame[]> {
  const { modules, linking } = await link(of);
  const optionsOf = instrumentOptions(of, linking);
  const on = modules.map(({ name, bytes }, at) => ({ index: coreModuleIndex(name, at), bytes, options: optionsOf(name) }));
  return explainFrames(frames, on);
}

async function link(job: PrepareJob): Promise<Linked> {
  if (job.bindings === 'jco') return linkByJco(job, chooseJco(job).reason);
  const began = performance.now();
  const component = decodeComponent(job.bytes);
  const chosen = chooseBindings(component, job.bindings);
  if (chosen.bindings === 'jco') return linkByJco(job, chosen.reason);
  const { plan } = chosen;
  const modules = modulesOf(plan).map((index) => {
    return { name: moduleName(index), bytes: component.coreModules[index]?.bytes as Uint8Array }; // a plan names only what is there
  });
  return { linking: { bindings: 'own', plan }, modules, linkMs: performance.now() - began };
}

/**
 * The module that may hold the counters for all: the one that is instantiated first, if it is instantiated once. jco's
 * order is its own affair.
 */
function countingModule(linking: Linking): string | undefined {
  if (linking.bindings === 'jco') return undefined;
  const [first, ...rest] = linking.plan.steps.map((step) => step.module);
  return first === undefined || rest.includes(first) ? undefined : moduleName(first);
}

/** Indices of the core modules that a plan instantiates, each once. */
function modulesOf(plan: LinkPlan): readonly number[] {
  return [...new Set(plan.steps.map((step) => step.module))];
}

async function linkByJco({ bytes, importNames }: PrepareJob, reason: string | undefined): Promise<Linked> {
  const { transpile } = await loadJco();
  const began = performance.now();
  const { linking, modules } = transpile(withoutCustomSections(bytes), importNames);
  return { linking, modules, ...(reason === undefined ? {} : { bindingsReason: reason }), linkMs: performance.now() - began };
}

if ((workerData as PrepareThreadData).loadJco) await loadJco(); // ours: see `Preparer`
parentPort?.on('message', async (job: PrepareJob | ExplainJob) => parentPort?.postMessage(await answer(job)));
