import { bareObject } from '../bare-object.ts';
import {
  type AbiLimits,
  type Bindings,
  type EncodedHostFunction,
  type HostFunctionImplementation,
  type HostFunctionOwner,
  type HostImports,
  type NeutralHostFunction,
  TRACED,
  type TraceWasi,
} from '../bindings/bindings.ts';
import { CodedError } from '../error.ts';
import type { LogLine } from '../outcome.ts';
import { decodeValue, encodeParams, type WitValue } from '../value/index.ts';
import { BACK_FUNCTIONS, type BackName } from '../wasi/back.ts';
import type { ClosedWasi } from '../wasi/index.ts';
import { CallLog } from './call-log.ts';
import type { CellPlan, PlanImport } from './plan.ts';
import { tracedText } from './traced-text.ts';

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
 * @param fuel - of the guest: told to the trusted side, and charged for what was done there.
 * @throws CodedError `limit/host-calls`, `limit/fuel`, `capability/failed`.
 */
export type CallBridge = (functionIndex: number, args: Uint8Array, fuel: GuestFuel) => Uint8Array;

/** The fuel of one instance, for work outside of it. */
export interface GuestFuel {
  left(): bigint;
  /** @throws CodedError `limit/fuel`. */
  charge(units: bigint): void;
}

/** Of a plan made ready in one worker, what its imports are served from. */
export interface ServedPlan {
  readonly plan: CellPlan;
  readonly bindings: Bindings;
  readonly abiLimits: AbiLimits;
  /** By the import's name, from `loadLocals`. */
  readonly locals: ReadonlyMap<string, CreateCapability>;
}

/** Loads the modules of a plan's worker-local capabilities. @throws CodedError `internal/invariant` when one is no such module. */
export async function loadLocals(imports: readonly PlanImport[]): Promise<ReadonlyMap<string, CreateCapability>> {
  const locals = new Map<string, CreateCapability>();
  for (const item of imports) {
    if (item.kind !== 'local') continue;
    const loaded = (await import(item.moduleUrl)) as { createCapability?: CreateCapability }; // named by the trusted side
    if (typeof loaded.createCapability !== 'function') {
      throw new CodedError('internal/invariant', `the capability module of \`${item.name}\` exports no createCapability`);
    }
    locals.set(item.name, loaded.createCapability);
  }
  return locals;
}

/**
 * Serves the imports of one component instance: by its closed WASI, by capabilities of this worker, or over the bridge.
 * Counts the calls of the last two, and keeps what they leave behind: log lines, and the first failure.
 */
export class ImportServing {
  readonly #served: ServedPlan;
  readonly #wasi: ClosedWasi;
  readonly #fuel: GuestFuel;
  readonly log = new CallLog();
  #calls = 0;
  #failure: unknown;
  /** Of the call that the instance now serves. */
  callBridge: CallBridge | undefined;

  constructor(served: ServedPlan, wasi: ClosedWasi, fuel: GuestFuel) {
    this.#served = served;
    this.#wasi = wasi;
    this.#fuel = fuel;
  }

  /** Calls of host functions that were not WASI's, failed ones included. */
  get calls(): number {
    return this.#calls;
  }

  /** The first of our own errors that a host function raised: final, even if the guest catches what it throws. */
  get failure(): unknown {
    return this.#failure;
  }

  /** The import object of the instance. What the plan does not list is not in it. */
  imports(): HostImports {
    const imports = bareObject<unknown>();
    for (const item of this.#served.plan.imports) imports[item.name] = this.#serve(item);
    if (this.#served.plan.wasi.back?.['trace.wasi'] === undefined) return imports;
    return Object.assign(imports, { [TRACED]: this.#trace });
  }

  /** Tells the trusted side of a call of WASI's, in texts that are cut here. */
  readonly #trace: TraceWasi = ({ import: from, name, args, answer, failed, milliseconds }) => {
    const microseconds = BigInt(Math.round(milliseconds * 1000));
    this.back('trace.wasi', [from, name, args.map(tracedText).join(', '), tracedText(answer), failed, microseconds]);
  };

  #serve(item: PlanImport): unknown {
    if (item.kind === 'wasi') return this.#wasi.imports[item.interface];
    const { bindings, locals, abiLimits } = this.#served;
    const owner: HostFunctionOwner = { limits: abiLimits, failed: (thrown) => this.#fail(thrown) };
    const local = item.kind === 'local' ? locals.get(item.name)?.({ log: (line) => this.log.keep(line) }) : undefined;
    const functions = item.functions.map(({ name, type }, at) => {
      const implementation = item.kind === 'bridged' ? this.#bridged(item.firstIndex + at) : this.#local(local, item.name, name);
      return [bindings.memberName(name), bindings.hostFunction(type, implementation, owner)] as const;
    });
    if (item.isFunction) return functions[0]?.[1];
    return Object.assign(bareObject<unknown>(), Object.fromEntries(functions));
  }

  #bridged(functionIndex: number): HostFunctionImplementation {
    const call: EncodedHostFunction = (args) => this.#cross(functionIndex, args);
    return { form: 'encoded', call: this.#counted(call) };
  }

  #cross(functionIndex: number, args: Uint8Array): Uint8Array {
    if (this.callBridge === undefined) throw new CodedError('internal/invariant', 'a host function was called outside a call');
    return this.callBridge(functionIndex, args, this.#fuel);
  }

  /** Calls the trusted side on behalf of the WASI of this instance. A host call of WASI's, so counted there. */
  back(name: BackName, args: readonly WitValue[]): WitValue | undefined {
    const { plan } = this.#served;
    const functionIndex = plan.wasi.back?.[name];
    if (functionIndex === undefined) throw new CodedError('internal/invariant', `nothing serves \`${name}\``);
    const { params, result } = BACK_FUNCTIONS[name];
    const limits = { bytesMax: plan.limits.hostCallBytesMax };
    const answer = this.#cross(functionIndex, encodeParams(args, params, limits));
    return result === undefined ? undefined : decodeValue(answer, result, limits);
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
      this.#calls += 1;
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
}

function missing(importName: string, functionName: string): never {
  throw new CodedError('internal/invariant', `the capability of \`${importName}\` lacks \`${functionName}\``);
}
