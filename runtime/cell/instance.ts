import type { AbiLimits, Bindings, BindingsName, BoundFunction, Linked } from '../bindings/bindings.ts';
import { jcoBindings } from '../bindings/jco-glue.ts';
import { ownBindings } from '../bindings/own/own-bindings.ts';
import { CodedError } from '../error.ts';
import type { CallHooks } from '../instrument/call-hooks.ts';
import { createMeter, type Meter } from '../instrument/meter.ts';
import { METER_EXPORTS } from '../instrument/names.ts';
import { type Limits, WASM_PAGE_BYTES } from '../limits.ts';
import type { GuestFrame } from '../outcome.ts';
import type { WitValue } from '../value/index.ts';
import type { BackName } from '../wasi/back.ts';
import { type ClosedWasi, createClosedWasi, exitCodeOf } from '../wasi/index.ts';
import { CallProfile } from './call-profile.ts';
import type { CallFrame, ResultFrame } from './frames.ts';
import { guestFramesOf } from './guest-frames.ts';
import { type CallBridge, ImportServing, loadLocals, type ServedPlan } from './import-serving.ts';
import { MemoryStore } from './memory-store.ts';
import type { CellPlan, PlanModule } from './plan.ts';
import { postProfile } from './profile-channel.ts';
import { endingOf } from './trap.ts';

/** A plan made ready in one worker: component linked, local capabilities loaded. */
export interface LoadedPlan extends ServedPlan {
  readonly linked: Linked;
  readonly modules: ReadonlyMap<string, WebAssembly.Module>;
  readonly details: ReadonlyMap<WebAssembly.Module, PlanModule>;
  readonly memories: MemoryStore;
}

const BINDINGS: Readonly<Record<BindingsName, Bindings>> = { jco: jcoBindings, own: ownBindings };

/** List elements, record fields and tuple items of one host call's arguments: what the trusted side must build from its bytes. */
const HOST_CALL_ELEMENTS_MAX = 1024 * 1024;

/** Links a plan in this worker. @throws CodedError when it cannot be linked or a local capability cannot be loaded. */
export async function loadPlan(plan: CellPlan): Promise<LoadedPlan> {
  const locals = await loadLocals(plan.imports);
  const bindings = BINDINGS[plan.linking.bindings];
  return {
    plan,
    bindings,
    linked: bindings.link(plan.linking),
    abiLimits: abiLimitsOf(plan.limits),
    modules: new Map(plan.modules.map((module) => [module.name, module.module])),
    details: new Map(plan.modules.map((module) => [module.module, module])),
    locals,
    memories: new MemoryStore(),
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
  readonly #serving: ImportServing;
  readonly #seed = new Uint8Array(16);
  /** Memories that were given to it, until they are given back. */
  readonly #given: { readonly module: PlanModule; readonly memory: WebAssembly.Memory }[] = [];
  #instantiateMs = 0;
  #startFuel = 0n;
  #bound: BoundFunction | undefined;
  #startFailure: { readonly thrown: unknown } | undefined;
  /** Units of the plan's that this call may not use. */
  #withheld = 0n;
  /** Follows calls and fuel, where the plan is for a profile. */
  readonly #profile: CallProfile | undefined;

  constructor(loaded: LoadedPlan) {
    this.#loaded = loaded;
    const { limits, wasi } = loaded.plan;
    this.#profile = loaded.plan.profile === undefined ? undefined : new CallProfile(limits.fuelMax);
    this.#meter = createMeter({ fuel: limits.fuelMax, pages: limits.memoryPagesMax, elements: limits.tableElementsMax });
    this.#wasi = createClosedWasi({
      seed: this.#seed,
      clock: wasi.clock === 'real' ? { kind: 'real' } : { kind: 'fixed', startNanoseconds: wasi.clockStartNanoseconds },
      random: wasi.random,
      args: wasi.args ?? [],
      env: wasi.env ?? [],
      ...(wasi.files === undefined ? {} : { files: wasi.files }),
      ...(wasi.config === undefined ? {} : { config: wasi.config }),
      hostCallBytesMax: limits.hostCallBytesMax,
      stdoutBytesMax: limits.stdioBytesMax,
      stderrBytesMax: limits.stdioBytesMax,
      handlesMax: limits.handlesMax,
      http: wasi.http === true,
      ...(wasi.back === undefined ? {} : { back: (name: BackName, args: readonly WitValue[]) => this.#serving.back(name, args) }),
    });
    const fuel = { left: () => this.#meter.fuelLeft, charge: (units: bigint) => this.#charge(units) };
    this.#serving = new ImportServing(loaded, this.#wasi, fuel);
  }

  /** True when instantiation succeeded without one call to the host. */
  get startedAlone(): boolean {
    return this.#startFailure === undefined && this.#serving.failure === undefined && this.#hostCalls === 0;
  }

  /** Fuel that starting took. */
  get startFuel(): bigint {
    return this.#startFuel;
  }

  get #hostCalls(): number {
    return this.#serving.calls + this.#wasi.hostCalls();
  }

  /** Instantiates the component; guest code may run. A failure is kept for `run`. */
  start(seed: Uint8Array | undefined, callBridge: CallBridge): void {
    if (seed !== undefined) this.#seed.set(seed);
    this.#serving.callBridge = callBridge;
    const began = performance.now();
    try {
      const { linked, modules, plan, abiLimits } = this.#loaded;
      const instantiateCore = (module: WebAssembly.Module, imports: WebAssembly.Imports | undefined) =>
        this.#instantiateCore(module, imports);
      const limits = { ...abiLimits, charge: (units: number) => this.#charge(units) };
      const instance = linked.instantiate(modules, this.#serving.imports(), instantiateCore, limits);
      this.#bound = instance.bind(plan.target.interface, plan.target.name, plan.target.type);
    } catch (thrown) {
      this.#startFailure = { thrown };
    }
    this.#instantiateMs = performance.now() - began;
    this.#startFuel = this.#meter.fuelUsed();
  }

  /** Ties an instance that was started ahead to the call that uses it. */
  adopt(callBridge: CallBridge): void {
    this.#serving.callBridge = callBridge;
  }

  /** Lets the next instance have what can be emptied. Only after a call that ended well, when nobody will enter this one again. */
  giveBack(): void {
    for (const { module, memory } of this.#given.splice(0))
      if (module.memory !== undefined) this.#loaded.memories.giveBack(module.module, module.memory, memory);
  }

  /** Runs the call to its end, whatever the guest does; never throws. */
  run({ callId, params, seed, fuelMax }: CallFrame, prepared: boolean): ResultFrame {
    this.#seed.set(seed);
    const times = { began: performance.now(), lowered: 0, called: 0, done: 0 };
    let value: Uint8Array = new Uint8Array(0);
    let ending: ReturnType<typeof endingOf> | undefined;
    let frames: readonly GuestFrame[] = [];
    try {
      if (this.#startFailure !== undefined) throw this.#startFailure.thrown;
      this.#withhold(fuelMax);
      value = this.#call(params, times);
    } catch (thrown) {
      ending = this.#ending(thrown);
      if (ending !== undefined) frames = guestFramesOf(thrown);
    }
    times.done = performance.now();
    const phases = {
      instantiateMs: prepared ? 0 : this.#instantiateMs,
      lowerMs: span(times.began, times.lowered || times.done),
      guestMs: span(times.lowered, times.called || times.done),
      liftMs: span(times.called, times.done),
    };
    const result = this.#result(callId, value, ending, frames, phases);
    if (this.#profile !== undefined) postProfile(this.#loaded.plan, this.#profile.finish(result.fuel, this.#withheld));
    return result;
  }

  #call(params: Uint8Array, times: { lowered: number; called: number }): Uint8Array {
    const bound = this.#bound;
    if (bound === undefined) throw new CodedError('internal/invariant', 'the instance was not started');
    this.#profile?.phase('parameters', this.#meter.fuelUsed());
    const lowered = bound.lower(params);
    times.lowered = performance.now();
    this.#profile?.phase('call', this.#meter.fuelUsed());
    const raw = bound.call(lowered);
    times.called = performance.now();
    this.#profile?.phase('result', this.#meter.fuelUsed());
    this.#checkSpent();
    const value = bound.lift(raw);
    this.#checkSpent(); // lifting ends with guest code
    if (!this.#isErr(value)) this.#finish();
    return value;
  }

  /** A limit is final: glue or guest code that swallowed the trap does not turn it into a result. */
  #checkSpent(): void {
    if (this.#meter.exhausted()) throw outOfFuel(this.#fuelMax);
    const failure = this.#wasi.failure ?? this.#serving.failure;
    if (failure !== undefined) throw failure;
  }

  #ending(thrown: unknown): ReturnType<typeof endingOf> | undefined {
    const { target } = this.#loaded.plan;
    if (this.#meter.exhausted()) return endingOf(outOfFuel(this.#fuelMax));
    const cause = this.#wasi.failure ?? this.#serving.failure ?? thrown;
    const exitCode = exitCodeOf(cause);
    if (exitCode === undefined) return endingOf(cause);
    if (!target.isCommand) return endingOf(new CodedError('trap/exit', `the guest ended the program with status ${exitCode}`));
    return exitCode === 0
      ? this.#finishAfterExit()
      : endingOf(new CodedError('tool/exit-status', `the command ended with status ${exitCode}`, { data: { exitCode } }));
  }

  /** What the guest leaves is only taken where it ended well. */
  #finish(): void {
    this.#wasi.finish();
    this.#checkSpent();
  }

  #finishAfterExit(): ReturnType<typeof endingOf> | undefined {
    try {
      this.#wasi.finish();
      return undefined;
    } catch (error) {
      return endingOf(error);
    }
  }

  #isErr(value: Uint8Array): boolean {
    return this.#loaded.plan.target.type.result?.kind === 'result' && value[0] === 1;
  }

  #result(
    callId: number,
    value: Uint8Array,
    ending: ReturnType<typeof endingOf> | undefined,
    frames: readonly GuestFrame[],
    phases: ResultFrame['phases'],
  ): ResultFrame {
    const { target } = this.#loaded.plan;
    const isErr = ending === undefined && this.#isErr(value);
    const commandFailed = isErr && target.isCommand;
    const stdout = this.#wasi.stdout();
    const stderr = this.#wasi.stderr();
    return {
      callId,
      kind: ending?.kind ?? (isErr ? 'tool-error' : 'ok'),
      fuel: this.#meter.exhausted() ? this.#fuelMax : this.#meter.fuelUsed() - this.#withheld,
      memoryBytesPeak: this.#meter.pagesUsed() * WASM_PAGE_BYTES,
      hostCalls: this.#hostCalls,
      phases,
      stdout: stdout.bytes,
      stdoutTruncated: stdout.truncated,
      stderr: stderr.bytes,
      stderrTruncated: stderr.truncated,
      value,
      ...errorPart(ending, frames, isErr, commandFailed),
      log: this.#serving.log.lines,
      logDropped: this.#serving.log.dropped,
    };
  }

  /** What this call may use: the plan's fuel, or less. */
  get #fuelMax(): bigint {
    return this.#loaded.plan.limits.fuelMax - this.#withheld;
  }

  /** A call may have less than its plan, whose instances are made ahead. */
  #withhold(fuelMax: bigint): void {
    const units = this.#loaded.plan.limits.fuelMax - fuelMax;
    if (units <= 0n) return;
    this.#withheld = units;
    this.#profile?.skip(units);
    this.#charge(units);
  }

  #charge(units: number | bigint): void {
    const isLeft = this.#meter.charge(units);
    this.#profile?.charged(units, this.#meter.fuelUsed());
    if (!isLeft) throw outOfFuel(this.#fuelMax);
  }

  #instantiateCore(module: WebAssembly.Module, imports: WebAssembly.Imports | undefined): WebAssembly.Instance {
    const details = this.#loaded.details.get(module);
    if (details === undefined) throw new CodedError('internal/invariant', 'an unknown core module was to be instantiated');
    if (this.#profile !== undefined && details.callHooks !== undefined)
      return this.#profiled(this.#profile, details, details.callHooks, imports);
    if (details.memory === undefined) return this.#meter.instantiate(details, module, imports);
    const memory = this.#loaded.memories.take(module, details.memory);
    this.#given.push({ module: details, memory });
    return this.#meter.instantiate(details, module, imports, memory);
  }

  /** Its hooks are tied before its start function runs. */
  #profiled(
    profile: CallProfile,
    details: PlanModule,
    hooks: CallHooks,
    imports: WebAssembly.Imports | undefined,
  ): WebAssembly.Instance {
    const { module, starts } = details;
    const instance = this.#meter.instantiate({ ...details, starts: false }, module, imports);
    profile.attach(this.#loaded.plan.modules.indexOf(details), hooks, instance);
    if (starts) (instance.exports[METER_EXPORTS.start] as () => void)(); // exported by instrumentation
    return instance;
  }
}

function errorPart(
  ending: ReturnType<typeof endingOf> | undefined,
  frames: readonly GuestFrame[],
  isErr: boolean,
  commandFailed: boolean,
): Pick<ResultFrame, 'error'> {
  if (ending !== undefined) return { error: frames.length === 0 ? ending.error : { ...ending.error, frames } };
  if (commandFailed)
    return { error: { code: 'tool/exit-status', message: 'the command ended with a failure', data: { exitCode: 1 } } };
  return isErr ? { error: { code: 'tool/error', message: 'the tool returned `err`' } } : {};
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
