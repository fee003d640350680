import type {
  AbiLimits,
  Bindings,
  BindingsName,
  BoundFunction,
  EncodedHostFunction,
  HostFunctionImplementation,
  HostFunctionOwner,
  HostImports,
  Linked,
  NeutralHostFunction,
} from '../bindings/bindings.ts';
import { jcoBindings } from '../bindings/jco-glue.ts';
import { ownBindings } from '../bindings/own/own-bindings.ts';
import { CodedError } from '../error.ts';
import { createMeter, type Meter } from '../instrument/meter.ts';
import type { Limits } from '../limits.ts';
import type { LogLine } from '../outcome.ts';
import { type ClosedWasi, createClosedWasi, exitCodeOf } from '../wasi/index.ts';
import type { ResultFrame } from './frames.ts';
import type { CellPlan, PlanImport, PlanModule } from './plan.ts';
import { endingOf } from './trap.ts';

/** What a worker-local capability may reach: this call's log, nothing else. */
export interface LocalContext {
  /** Keeps one line for the outcome; lines beyond the cell's cap are counted and dropped. */
  log(line: LogLine): void;
}

/** The export `createCapability` of a worker-local capability's module: functions by WIT name, fresh for each instance. */
export type CreateCapability = (context: LocalContext) => Readonly<Record<string, NeutralHostFunction>>;

/**
 * Calls a bridged host function and blocks until it answers. Arguments and answer are canonical encodings, which this
 * thread passes on unread.
 *
 * @throws CodedError `limit/host-calls`, `capability/failed`.
 */
export type CallBridge = (functionIndex: number, args: Uint8Array) => Uint8Array;

/** A plan made ready in one worker: component linked, local capabilities loaded. */
export interface LoadedPlan {
  readonly plan: CellPlan;
  readonly bindings: Bindings;
  readonly linked: Linked;
  readonly abiLimits: AbiLimits;
  readonly modules: ReadonlyMap<string, WebAssembly.Module>;
  readonly details: ReadonlyMap<WebAssembly.Module, PlanModule>;
  readonly locals: ReadonlyMap<string, CreateCapability>;
}

const BINDINGS: Readonly<Record<BindingsName, Bindings>> = { jco: jcoBindings, own: ownBindings };

/** List elements, record fields and tuple items of one host call's arguments: what the trusted side must build from its bytes. */
const HOST_CALL_ELEMENTS_MAX = 1024 * 1024;

/** Bytes of log lines kept per call, messages and levels together. */
const LOG_BYTES_MAX = 64 * 1024;
/** What a line costs beside its text, so that empty lines are not free. */
const LOG_LINE_BYTES = 32;

/** Links a plan in this worker. @throws CodedError when it cannot be linked or a local capability cannot be loaded. */
export async function loadPlan(plan: CellPlan): Promise<LoadedPlan> {
  const locals = new Map<string, CreateCapability>();
  for (const item of plan.imports) {
    if (item.kind !== 'local') continue;
    const loaded = (await import(item.moduleUrl)) as { createCapability?: CreateCapability }; // named by the trusted side
    if (typeof loaded.createCapability !== 'function') {
      throw new CodedError('internal/invariant', `the capability module of \`${item.name}\` exports no createCapability`);
    }
    locals.set(item.name, loaded.createCapability);
  }
  const bindings = BINDINGS[plan.linking.bindings];
  return {
    plan,
    bindings,
    linked: bindings.link(plan.linking),
    abiLimits: abiLimitsOf(plan.limits),
    modules: new Map(plan.modules.map((module) => [module.name, module.module])),
    details: new Map(plan.modules.map((module) => [module.module, module])),
    locals,
  };
}

function abiLimitsOf({ resultBytesMax, resultElementsMax, hostCallBytesMax, handlesMax }: Limits): AbiLimits {
  return {
    result: { bytesMax: resultBytesMax, elementsMax: resultElementsMax },
    hostCall: { bytesMax: hostCallBytesMax, elementsMax: HOST_CALL_ELEMENTS_MAX },
    handlesMax,
  };
}

/**
 * One component instance for one call: instantiated by `start`, used by `run`, then dropped.
 *
 * It may be started ahead of its call. That is only sound when starting asked the host for nothing, which
 * `startedAlone` tells: then nothing in it can depend on the call's seed or grants.
 */
export class CellInstance {
  readonly #loaded: LoadedPlan;
  readonly #meter: Meter;
  readonly #wasi: ClosedWasi;
  readonly #seed = new Uint8Array(16);
  readonly #memories: WebAssembly.Memory[] = [];
  readonly #log: LogLine[] = [];
  #logBytes = 0;
  #logDropped = 0;
  #ownCalls = 0;
  #instantiateMs = 0;
  #startFuel = 0n;
  #callBridge: CallBridge | undefined;
  /** The first of our own errors that a host function raised: final, even if the guest catches what it throws. */
  #failure: unknown;
  #bound: BoundFunction | undefined;
  #startFailure: { readonly thrown: unknown } | undefined;

  constructor(loaded: LoadedPlan) {
    this.#loaded = loaded;
    const { limits, wasi } = loaded.plan;
    this.#meter = createMeter({ fuel: limits.fuelMax, pages: limits.memoryPagesMax, elements: limits.tableElementsMax });
    this.#wasi = createClosedWasi({
      seed: this.#seed,
      clock: wasi.clock === 'real' ? { kind: 'real' } : { kind: 'fixed', startNanoseconds: wasi.clockStartNanoseconds },
      random: wasi.random,
      args: [],
      env: [],
      stdoutBytesMax: limits.stdioBytesMax,
      stderrBytesMax: limits.stdioBytesMax,
      handlesMax: limits.handlesMax,
    });
  }

  /** True when instantiation succeeded without one call to the host. */
  get startedAlone(): boolean {
    return this.#startFailure === undefined && this.#failure === undefined && this.#hostCalls === 0;
  }

  /** Fuel that starting took. */
  get startFuel(): bigint {
    return this.#startFuel;
  }

  get #hostCalls(): number {
    return this.#ownCalls + this.#wasi.hostCalls();
  }

  /** Instantiates the component; guest code may run. A failure is kept for `run`. */
  start(seed: Uint8Array | undefined, callBridge: CallBridge): void {
    if (seed !== undefined) this.#seed.set(seed);
    this.#callBridge = callBridge;
    const began = performance.now();
    try {
      const { linked, modules, plan, abiLimits } = this.#loaded;
      const instantiateCore = (module: WebAssembly.Module, imports: WebAssembly.Imports | undefined) =>
        this.#instantiateCore(module, imports);
      const instance = linked.instantiate(modules, this.#imports(), instantiateCore, abiLimits);
      this.#bound = instance.bind(plan.target.interface, plan.target.name, plan.target.type);
    } catch (thrown) {
      this.#startFailure = { thrown };
    }
    this.#instantiateMs = performance.now() - began;
    this.#startFuel = this.#meter.fuelUsed();
  }

  /** Ties an instance that was started ahead to the call that uses it. */
  adopt(callBridge: CallBridge): void {
    this.#callBridge = callBridge;
  }

  /** Runs the call to its end, whatever the guest does; never throws. */
  run(callId: number, params: Uint8Array, seed: Uint8Array, prepared: boolean): ResultFrame {
    this.#seed.set(seed);
    const times = { began: performance.now(), lowered: 0, called: 0, done: 0 };
    let value: Uint8Array = new Uint8Array(0);
    let ending: ReturnType<typeof endingOf> | undefined;
    try {
      if (this.#startFailure !== undefined) throw this.#startFailure.thrown;
      value = this.#call(params, times);
    } catch (thrown) {
      ending = this.#ending(thrown);
    }
    times.done = performance.now();
    const phases = {
      instantiateMs: prepared ? 0 : this.#instantiateMs,
      lowerMs: span(times.began, times.lowered || times.done),
      guestMs: span(times.lowered, times.called || times.done),
      liftMs: span(times.called, times.done),
    };
    return this.#result(callId, value, ending, phases);
  }

  #call(params: Uint8Array, times: { lowered: number; called: number }): Uint8Array {
    const bound = this.#bound;
    if (bound === undefined) throw new CodedError('internal/invariant', 'the instance was not started');
    const lowered = bound.lower(params);
    times.lowered = performance.now();
    const raw = bound.call(lowered);
    times.called = performance.now();
    this.#checkSpent();
    const value = bound.lift(raw);
    this.#checkSpent(); // lifting ends with guest code
    return value;
  }

  /** A limit is final: glue or guest code that swallowed the trap does not turn it into a result. */
  #checkSpent(): void {
    if (this.#meter.exhausted()) throw outOfFuel(this.#loaded.plan.limits.fuelMax);
    const failure = this.#wasi.failure ?? this.#failure;
    if (failure !== undefined) throw failure;
  }

  #ending(thrown: unknown): ReturnType<typeof endingOf> | undefined {
    const { target, limits } = this.#loaded.plan;
    if (this.#meter.exhausted()) return endingOf(outOfFuel(limits.fuelMax));
    const cause = this.#wasi.failure ?? this.#failure ?? thrown;
    const exitCode = exitCodeOf(cause);
    if (exitCode === undefined) return endingOf(cause);
    if (!target.isCommand) return endingOf(new CodedError('trap/exit', `the guest ended the program with status ${exitCode}`));
    return exitCode === 0
      ? undefined
      : endingOf(new CodedError('tool/exit-status', `the command ended with status ${exitCode}`, { data: { exitCode } }));
  }

  #result(
    callId: number,
    value: Uint8Array,
    ending: ReturnType<typeof endingOf> | undefined,
    phases: ResultFrame['phases'],
  ): ResultFrame {
    const { target } = this.#loaded.plan;
    const isErr = ending === undefined && target.type.result?.kind === 'result' && value[0] === 1;
    const commandFailed = isErr && target.isCommand;
    const stdout = this.#wasi.stdout();
    const stderr = this.#wasi.stderr();
    return {
      callId,
      kind: ending?.kind ?? (isErr ? 'tool-error' : 'ok'),
      fuel: this.#meter.fuelUsed(),
      memoryBytesPeak: this.#memories.reduce((sum, memory) => sum + memory.buffer.byteLength, 0),
      hostCalls: this.#hostCalls,
      phases,
      stdout: stdout.bytes,
      stdoutTruncated: stdout.truncated,
      stderr: stderr.bytes,
      stderrTruncated: stderr.truncated,
      value,
      ...errorPart(ending, isErr, commandFailed),
      log: this.#log,
      logDropped: this.#logDropped,
    };
  }

  #instantiateCore(module: WebAssembly.Module, imports: WebAssembly.Imports | undefined): WebAssembly.Instance {
    const details = this.#loaded.details.get(module);
    if (details === undefined) throw new CodedError('internal/invariant', 'an unknown core module was to be instantiated');
    this.#meter.reserve(details);
    const instance = new WebAssembly.Instance(module, withoutPrototype({ ...imports, ...this.#meter.imports }));
    for (let at = 0; at < details.memories; at += 1) {
      this.#memories.push(instance.exports[`cellblock:memory:${at}`] as WebAssembly.Memory); // added by the instrumentation
    }
    return instance;
  }

  #imports(): HostImports {
    const imports: Record<string, unknown> = withoutPrototype({});
    for (const item of this.#loaded.plan.imports) imports[item.name] = this.#serve(item);
    return imports;
  }

  #serve(item: PlanImport): unknown {
    if (item.kind === 'wasi') return this.#wasi.imports[item.interface];
    const { bindings, locals, abiLimits } = this.#loaded;
    const owner: HostFunctionOwner = { limits: abiLimits, failed: (thrown) => this.#fail(thrown) };
    const local = item.kind === 'local' ? locals.get(item.name)?.({ log: (line) => this.#keepLine(line) }) : undefined;
    const functions = item.functions.map(({ name, type }, at) => {
      const implementation = item.kind === 'bridged' ? this.#bridged(item.firstIndex + at) : this.#local(local, item.name, name);
      return [bindings.memberName(name), bindings.hostFunction(type, implementation, owner)] as const;
    });
    if (item.isFunction) return functions[0]?.[1];
    return withoutPrototype(Object.fromEntries(functions));
  }

  #bridged(functionIndex: number): HostFunctionImplementation {
    const call: EncodedHostFunction = (args) => {
      if (this.#callBridge === undefined) throw new CodedError('internal/invariant', 'a host function was called outside a call');
      return this.#callBridge(functionIndex, args);
    };
    return { form: 'encoded', call: this.#counted(call) };
  }

  #local(
    local: Readonly<Record<string, NeutralHostFunction>> | undefined,
    importName: string,
    name: string,
  ): HostFunctionImplementation {
    const own = local !== undefined && Object.hasOwn(local, name) ? local[name] : undefined;
    return { form: 'values', call: this.#counted(own ?? (() => missing(importName, name))) };
  }

  /** Counts a host function's calls, and lets none happen after one that failed. */
  #counted<Args, Answer>(serve: (args: Args) => Answer): (args: Args) => Answer {
    return (args) => {
      this.#ownCalls += 1;
      if (this.#failure !== undefined) throw this.#failure;
      try {
        return serve(args);
      } catch (error) {
        this.#fail(error);
        throw error;
      }
    };
  }

  #fail(thrown: unknown): void {
    this.#failure ??= thrown;
  }

  #keepLine(line: LogLine): void {
    this.#logBytes += LOG_LINE_BYTES + Buffer.byteLength(line.level) + Buffer.byteLength(line.message);
    if (this.#logBytes <= LOG_BYTES_MAX) this.#log.push(line);
    else this.#logDropped += 1;
  }
}

function errorPart(
  ending: ReturnType<typeof endingOf> | undefined,
  isErr: boolean,
  commandFailed: boolean,
): Pick<ResultFrame, 'error'> {
  if (ending !== undefined) return { error: ending.error };
  if (commandFailed)
    return { error: { code: 'tool/exit-status', message: 'the command ended with a failure', data: { exitCode: 1 } } };
  return isErr ? { error: { code: 'tool/error', message: 'the tool returned `err`' } } : {};
}

/**
 * The same object without a prototype. A core module may import any names, and the engine looks them up with the inherited
 * ones: `constructor` would give it a function of the host's.
 */
function withoutPrototype<T extends object>(fresh: T): T {
  return Object.setPrototypeOf(fresh, null) as T; // lib types it as any
}

function missing(importName: string, functionName: string): never {
  throw new CodedError('internal/invariant', `the capability of \`${importName}\` lacks \`${functionName}\``);
}

function outOfFuel(fuelMax: bigint): CodedError {
  return new CodedError('limit/fuel', `the call used up its ${fuelMax} units of fuel`, {
    data: { limit: String(fuelMax), used: String(fuelMax) },
    help: 'raise `fuel` for this tool, or give it less to do',
  });
}

function span(from: number, to: number): number {
  return from === 0 || to === 0 ? 0 : Math.max(0, to - from);
}
