import { randomUUID } from 'node:crypto';
import {
  type Capability,
  type CellOutcome,
  CodedError,
  failure,
  type HostCallContext,
  type InvokeOptions,
} from '../runtime/index.ts';
import { BUILT_IN, type CapabilityEntry, type CapabilityUse } from './capabilities/index.ts';
import { CapabilityCalls, type EndedCall, LiveCall } from './capability-calls.ts';
import { bareCapabilityHost } from './capability-host.ts';
import { HostStates, openCapabilities } from './open-capabilities.ts';
import type { Scopes } from './policy/index.ts';
import { quote } from './policy/quote.ts';
import { RunningCalls } from './running-calls.ts';

export interface LoneCallSetting {
  readonly tool: string;
  readonly entries: readonly CapabilityEntry[];
  /** Names of capabilities. */
  readonly grants: readonly string[];
  readonly scopes: Scopes;
  readonly ceilingScopes?: readonly Scopes[];
  /** Where relative paths of scopes start. */
  readonly folder: string;
  /** A folder for what outlives calls, such as kv; absent: there is none. */
  readonly stateFolder?: string;
  /** Values of secrets. Default: there are none. */
  readonly secret?: (name: string) => string;
  /** Hears of each use of a capability when it is noted. */
  readonly onUse?: (use: CapabilityUse) => void;
}

/** A call that no warden looks after: of `cellblock run`, and of a replay. It has capabilities, and no secrets, no other tools and no human. */
export class LoneCall {
  readonly capabilities: readonly Capability[];
  readonly #setting: LoneCallSetting;
  readonly #running = new RunningCalls();
  readonly #calls: CapabilityCalls;
  readonly #states = new HostStates();

  /** @throws CodedError as `openCapabilities`. */
  constructor(setting: LoneCallSetting) {
    const { entries, grants, tool, scopes, ceilingScopes = [], folder, stateFolder, secret } = setting;
    this.#setting = setting;
    this.#calls = new CapabilityCalls(this.#running, setting.onUse);
    const bare = bareCapabilityHost(folder, this.#states);
    const host = { ...bare, stateFolder, ...(secret === undefined ? {} : { secret }) };
    this.capabilities = openCapabilities(entries, grants, { tool, scopes, ceilingScopes, host, calls: this.#calls });
  }

  /** @param invoke - runs the call with these options. @param timeoutMs - its time limit. */
  async run(timeoutMs: number, invoke: (options: InvokeOptions) => Promise<CellOutcome>): Promise<EndedCall> {
    const { tool, grants, scopes } = this.#setting;
    const audit = randomUUID();
    const { signal } = new AbortController();
    const endsMs = Date.now() + timeoutMs;
    this.#running.begin({ audit, agent: 'nobody', tool, grants, scopes, parent: undefined, chain: [], endsMs, signal });
    try {
      const cell = await invoke({ ref: audit });
      this.#running.end(audit);
      return await this.#calls.end(audit, cell);
    } catch (error) {
      this.#running.end(audit);
      await this.#calls.end(audit, failure(error, 0)); // what was kept is freed on this path, too
      throw error;
    } finally {
      await this.#states.close(() => undefined);
    }
  }
}

/**
 * What a component is linked with outside of any warden, for programs that use the runtime alone: built-in capabilities that need no scope.
 *
 * @throws CodedError `usage/invalid-argument` for one that is not there, or that needs a scope.
 */
export function openBuiltIn(grants: readonly string[]): readonly Capability[] {
  const scopes = new Map<string, unknown>();
  for (const name of grants) {
    const entry = BUILT_IN.find((candidate) => candidate.name === name);
    const checked = entry?.scope?.safeParse(undefined);
    if (entry === undefined || checked?.success === false) {
      throw new CodedError('usage/invalid-argument', `there is no capability ${quote(name)}, or it needs a scope`);
    }
    if (checked !== undefined) scopes.set(name, checked.data);
  }
  const host = bareCapabilityHost(process.cwd(), new HostStates());
  return openCapabilities(BUILT_IN, grants, { tool: 'none', scopes, ceilingScopes: [], host, calls: new NamelessCalls() });
}

/** Calls that nobody began and of whose end nobody tells: each is known by its context alone. */
class NamelessCalls implements Pick<CapabilityCalls, 'of'> {
  readonly #calls = new WeakMap<HostCallContext, LiveCall>();

  of(context: HostCallContext): LiveCall {
    const known = this.#calls.get(context);
    if (known !== undefined) return known;
    const names = { audit: context.ref ?? 'none', agent: 'nobody', tool: 'none', parent: undefined, chain: [] };
    const { signal } = context;
    const call = new LiveCall({ ...names, grants: [], scopes: new Map(), endsMs: Infinity, signal }, signal);
    this.#calls.set(context, call);
    return call;
  }
}
