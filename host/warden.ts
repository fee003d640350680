import { setMaxListeners } from 'node:events';
import { stat } from 'node:fs/promises';
import {
  type CellOutcome,
  CodedError,
  DEFAULT_LIMITS,
  failure,
  isCoded,
  type Limits,
  type LoadedComponent,
  type PreparedCall,
  paramsFromJson,
  paramsFromPlain,
  parseJson,
  type Runner,
  threadsOf,
  WASM_PAGE_BYTES,
  type WitValue,
} from '../runtime/index.ts';
import { Admission, type AdmissionOptions } from './admission.ts';
import { BUILT_IN, type CapabilityEntry, grantFor } from './capabilities/index.ts';
import { readComponentBytes } from './component-file.ts';
import { decide, loadPolicy, type Policy, type ToolPolicy } from './policy/index.ts';
import { type Outcome, type ReceiptContext, toOutcome } from './receipt.ts';
import { Runners, type RunnersOptions } from './runners.ts';

/** What an agent files: it names a tool and parameters, and holds nothing. */
export type ToolRequest = {
  readonly agent: string;
  /** `tool` or `tool.function`, exactly as the policy has them. */
  readonly tool_name: string;
} & ParametersOf;

/** The parameters, one member for each WIT parameter in the JSON mapping of `docs/values.md`: as plain data, or as JSON text, which keeps 64-bit numbers exact. */
export type ParametersOf = { readonly parameters: unknown } | { readonly parametersJson: string | Uint8Array };

export interface WardenOptions extends RunnersOptions, Omit<AdmissionOptions, 'callsPerToolMax'> {
  /** Path of the policy file. */
  readonly policy: string;
  /** Capabilities of the embedding program, beside the built-in ones; the policy grants them by name. */
  readonly capabilities?: readonly CapabilityEntry[];
}

/** Bytes of a request's parameters as JSON text. */
const PARAMETERS_JSON_BYTES_MAX = 32 * 1024 * 1024;

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** A prepared tool is prepared again when its file changes, so that no call runs another component than the one on disk. */
interface KnownTool {
  readonly stamp: string;
  readonly component: Promise<LoadedComponent>;
  readonly call: Promise<PreparedCall>;
  readonly runner: Runner;
}

/**
 * Opens the warden for one policy file.
 *
 * @throws CodedError `policy/missing`, `policy/invalid-document`: without a valid policy there is no warden.
 */
export async function openWarden(options: WardenOptions): Promise<Warden> {
  const entries = [...BUILT_IN, ...(options.capabilities ?? [])];
  checkEntries(entries);
  const policy = await loadPolicy(options.policy, { knownGrants: new Set(entries.map((entry) => entry.name)) });
  return new Warden(policy, entries, options);
}

/** A name must mean one capability: two of one name would both be granted by it. */
function checkEntries(entries: readonly CapabilityEntry[]): void {
  const names = new Set<string>();
  for (const entry of entries) {
    const complete =
      typeof entry?.name === 'string' && Array.isArray(entry.interfaces) && typeof entry.capability?.kind === 'string';
    if (!complete)
      throw new CodedError('usage/invalid-argument', 'a capability needs `name`, `summary`, `interfaces` and `capability`');
    if (names.has(entry.name))
      throw new CodedError('usage/invalid-argument', `there are two capabilities named \`${entry.name}\``);
    names.add(entry.name);
  }
}

/**
 * The order of checks for every request, and the only caller of the runtime's invoke: policy, component, imports,
 * parameters, cell. Each step can only refuse; none can be skipped.
 */
export class Warden {
  readonly policy: Policy;
  readonly #entries: readonly CapabilityEntry[];
  readonly #runners: Runners;
  readonly #admission: Admission;
  readonly #tools = new Map<string, KnownTool>();
  /** Cancels every request that has not ended. */
  readonly #stop = new AbortController();
  readonly #inFlight = new Set<Promise<Outcome>>();
  #isDraining = false;

  constructor(policy: Policy, entries: readonly CapabilityEntry[], options: Omit<WardenOptions, 'policy' | 'capabilities'>) {
    this.policy = policy;
    this.#entries = entries;
    this.#runners = new Runners(options);
    this.#admission = new Admission({ ...options, callsPerToolMax: threadsOf(options.threads) });
    setMaxListeners(0, this.#stop.signal); // each request listens
  }

  /**
   * Decides a request and runs it if every check allows.
   *
   * @returns the outcome with its receipt. Never rejects.
   */
  request(request: ToolRequest, { signal }: { readonly signal?: AbortSignal } = {}): Promise<Outcome> {
    const either = signal === undefined ? this.#stop.signal : AbortSignal.any([signal, this.#stop.signal]);
    const outcome = this.#answer(request, either);
    this.#inFlight.add(outcome);
    void outcome.finally(() => this.#inFlight.delete(outcome));
    return outcome;
  }

  /**
   * Ends in peace: takes no more requests, lets those in flight end, cancels what has not after a while, and closes.
   *
   * @param graceMs - milliseconds that calls in flight have.
   */
  async drain(graceMs: number): Promise<void> {
    this.#isDraining = true;
    const timer = setTimeout(() => this.#stop.abort(), graceMs);
    await Promise.all(this.#inFlight);
    clearTimeout(timer);
    await this.close();
  }

  async #answer(request: ToolRequest, signal: AbortSignal): Promise<Outcome> {
    const began = performance.now();
    const context: Writable<ReceiptContext> = { policy: { digest: this.policy.digest, rules: [] } };
    try {
      if (this.#isDraining) throw new CodedError('usage/closed', 'the warden takes no more requests: it is about to end');
      return await this.#decided(request, signal, began, context);
    } catch (error) {
      return toOutcome(failure(error, since(began)), context);
    }
  }

  async #decided(request: ToolRequest, signal: AbortSignal, began: number, context: Writable<ReceiptContext>): Promise<Outcome> {
    const { agent, tool_name: toolName } = checkRequest(request);
    Object.assign(context, { agent, tool: toolName });
    const decision = decide(this.policy, { agent, toolName });
    context.policy = { digest: this.policy.digest, rules: decision.rules };
    if (decision.effect === 'deny') {
      const { code, message, help, rules } = decision;
      throw new CodedError(code, message, { help, data: { rules } });
    }
    const { tool, functionName } = decision;
    Object.assign(context, { function: functionName, grants: tool.grants });
    const known = await this.#prepare(tool, functionName);
    context.digest = (await known.component).digest; // a refusal after this names the component that it is about
    const call = await orCancelled(known.call, signal);
    context.call = call;
    const values = valuesOf(request, call);
    const memoryBytes = call.limits.memoryPagesMax * WASM_PAGE_BYTES;
    const waitMsMax = call.limits.timeoutMsMax;
    const admitted = await this.#admission.enter({ agent, tool: tool.name, memoryBytes, waitMsMax }, signal);
    const { waitedMs } = admitted;
    const cell = await known.runner.invoke(call, values, { waitedMs, signal }).finally(() => admitted.leave());
    return toOutcome(withWallTime(cell, since(began)), context);
  }

  /** Ends all threads and processes at once. Calls that still run end as `failed`. */
  async close(): Promise<void> {
    this.#isDraining = true;
    await this.#runners.close();
  }

  async #prepare(tool: ToolPolicy, functionName: string): Promise<KnownTool> {
    const key = `${tool.name}\n${functionName}`;
    const stamp = await stampOf(tool);
    const known = this.#tools.get(key);
    if (known !== undefined && known.stamp === stamp) return known;
    const runner = this.#runners.for(tool);
    const component = readComponent(tool, runner);
    const call = component.then((loaded) => this.#prepareAfresh(runner, loaded, tool, functionName));
    const fresh: KnownTool = { stamp, component, call, runner };
    this.#tools.set(key, fresh);
    call.catch(() => this.#tools.get(key) === fresh && this.#tools.delete(key));
    void known?.call.then((old) => known.runner.release(old)).catch(() => undefined);
    return fresh;
  }

  #prepareAfresh(runner: Runner, component: LoadedComponent, tool: ToolPolicy, functionName: string): Promise<PreparedCall> {
    return runner.prepare(component, {
      function: functionName,
      capabilities: this.#entries.filter((entry) => tool.grants.includes(entry.name)).map((entry) => entry.capability),
      limits: limitsOf(tool),
      grantFor: (importName) => grantFor(importName, this.#entries),
    });
  }
}

/** Requests come from programs and agents: the shape is checked, not believed. */
function checkRequest(request: ToolRequest): ToolRequest {
  const candidate = (typeof request === 'object' && request !== null ? request : {}) as Record<string, unknown>; // any value may come
  if (typeof candidate.agent !== 'string' || typeof candidate.tool_name !== 'string') {
    throw new CodedError('params/invalid', 'a request has an `agent` and a `tool_name`, both strings', { data: { path: '$' } });
  }
  if ('parameters' in candidate === 'parametersJson' in candidate) {
    throw new CodedError('params/invalid', 'a request has either `parameters` or `parametersJson`', { data: { path: '$' } });
  }
  return request;
}

/** Lets a caller leave while a component is prepared; what was begun goes on, for the next who asks. */
function orCancelled<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = () => reject(new CodedError('cancelled/by-caller', 'the call was cancelled'));
    if (signal.aborted) return leave();
    signal.addEventListener('abort', leave, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}

function valuesOf(request: ParametersOf, { function: { type } }: PreparedCall): readonly WitValue[] {
  if ('parametersJson' in request) {
    const { parametersJson: json } = request;
    if (typeof json !== 'string' && !(json instanceof Uint8Array)) {
      throw new CodedError('params/malformed-json', '`parametersJson` is neither text nor bytes');
    }
    return paramsFromJson(parseJson(json, { bytesMax: PARAMETERS_JSON_BYTES_MAX }), type.params);
  }
  return paramsFromPlain(request.parameters, type.params);
}

/** The caller's clock starts at the request, before the policy and the component were looked at. */
function withWallTime(cell: CellOutcome, wallMs: number): CellOutcome {
  return { ...cell, usage: { ...cell.usage, wallMs } };
}

function since(began: number): number {
  return performance.now() - began;
}

/** What tells one version of a file from another without reading it. */
async function stampOf(tool: ToolPolicy): Promise<string> {
  const stats = await stat(tool.componentPath, { bigint: true }).catch((error: unknown) => {
    throw componentMissing(tool, error);
  });
  return `${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}`;
}

async function readComponent(tool: ToolPolicy, runner: Runner): Promise<LoadedComponent> {
  const bytes = await readComponentBytes(tool.componentPath).catch((error: unknown) => {
    throw isCoded(error) && error.code !== 'usage/unreadable-file' ? error : componentMissing(tool, error);
  });
  const component = await runner.load(bytes);
  if (tool.componentDigest !== undefined && tool.componentDigest !== component.digest) {
    throw new CodedError('policy/digest-mismatch', `the component of \`${tool.name}\` is not the one that the policy pins`, {
      data: { expected: tool.componentDigest, got: component.digest },
      help: 'check where the new file comes from; if it is the right one, put its digest into the policy',
    });
  }
  return component;
}

function componentMissing(tool: ToolPolicy, cause: unknown): CodedError {
  return new CodedError(
    'policy/component-missing',
    `the component of \`${tool.name}\` cannot be read: \`${tool.componentPath}\``,
    {
      cause,
      help: 'build the tool, or correct `component` in the policy (the path is relative to the policy file)',
    },
  );
}

function limitsOf(tool: ToolPolicy): Partial<Limits> {
  return Object.fromEntries(Object.entries(tool.limits).filter(([key, value]) => key in DEFAULT_LIMITS && value !== undefined));
}
