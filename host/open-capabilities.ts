import { type Capability, CodedError, type HostFunction, isCoded } from '../runtime/index.ts';
import type { CapabilityCall, CapabilityEntry, CapabilityHost, Grant } from './capabilities/index.ts';
import type { CapabilityCalls, LiveCall } from './capability-calls.ts';
import type { Scopes } from './policy/index.ts';

/** What capabilities are opened with for one tool. */
export interface OpenSetting {
  readonly tool: string;
  /** Scopes of the tool's grants, as their schemas made them. */
  readonly scopes: Scopes;
  readonly ceilingScopes: readonly Scopes[];
  readonly host: CapabilityHost;
  readonly calls: Pick<CapabilityCalls, 'of'>;
}

/**
 * What a component is linked with.
 *
 * @param grants - names of the capabilities that it gets.
 * @throws CodedError as `CapabilityEntry.open`; `internal/invariant` when that throws anything else.
 */
export function openCapabilities(
  entries: readonly CapabilityEntry[],
  grants: readonly string[],
  setting: OpenSetting,
): readonly Capability[] {
  return entries.filter(({ name }) => grants.includes(name)).flatMap((entry) => openOne(entry, setting));
}

function openOne(entry: CapabilityEntry, setting: OpenSetting): readonly Capability[] {
  if (entry.open === undefined) return entry.capability === undefined ? [] : [entry.capability];
  try {
    return entry.open(grantOf(entry.name, setting)).map((item) => quiet(item, entry.name));
  } catch (error) {
    if (isCoded(error)) throw error;
    throw new CodedError('internal/invariant', `the capability \`${entry.name}\` could not be opened`, { cause: error });
  }
}

/** Nobody knows what the words of a foreign error hold: they reach neither outcome nor trail. */
function quiet(item: Capability, name: string): Capability {
  if (item.kind === 'bridged') return { ...item, functions: quietOnes(item.functions, name) };
  return item.kind === 'wasi' && item.back !== undefined ? { ...item, back: quietOnes(item.back, name) } : item;
}

function quietOnes(functions: Readonly<Record<string, HostFunction>>, name: string): Readonly<Record<string, HostFunction>> {
  const failed = (error: unknown): never => {
    if (isCoded(error)) throw error;
    throw new CodedError('capability/failed', `the capability \`${name}\` failed`, { cause: error });
  };
  const quietly =
    (call: HostFunction): HostFunction =>
    (args, context) => {
      try {
        const answer = call(args, context);
        return answer instanceof Promise ? answer.catch(failed) : answer;
      } catch (error) {
        return failed(error);
      }
    };
  return Object.fromEntries(Object.entries(functions).map(([key, call]) => [key, quietly(call)]));
}

function grantOf(name: string, { tool, scopes, ceilingScopes, host, calls }: OpenSetting): Grant<unknown> {
  const scope = scopes.get(name);
  const ceilings = ceilingScopes.filter((ceiling) => ceiling.has(name)).map((ceiling) => ceiling.get(name));
  return {
    tool,
    scope,
    host,
    callOf: (context) => calls.of(context),
    scopesFor: (call) => [scope, ...ceilings, ...callerScopes(name, call)],
  };
}

/** Scopes of all on whose behalf a call runs: it gets nothing that one of them has not. */
function callerScopes(name: string, call: CapabilityCall): readonly unknown[] {
  const scopes: unknown[] = [];
  let caller = (call as LiveCall).running.parent; // `callOf` makes no others
  for (; caller !== undefined; caller = caller.parent) {
    if (caller.scopes.has(name)) scopes.push(caller.scopes.get(name));
  }
  return scopes;
}

/** What capabilities keep while the host is open. */
export class HostStates {
  readonly #states = new Map<object, { readonly state: unknown; end(): void | Promise<void> }>();
  #isClosed = false;

  /** As `CapabilityHost.state`. */
  readonly state = <T>(key: object, make: () => T, end: (state: T) => void | Promise<void>): T => {
    if (this.#isClosed) throw new CodedError('usage/closed', 'the host is closed');
    const known = this.#states.get(key);
    if (known !== undefined) return known.state as T; // made by the same capability, under its own key
    const state = make();
    this.#states.set(key, { state, end: () => end(state) });
    return state;
  };

  /** Ends them all, the last made first. Never rejects. @param onProblem - hears of those that could not be ended. */
  async close(onProblem: (problem: string) => void): Promise<void> {
    this.#isClosed = true;
    const states = [...this.#states.values()].reverse();
    this.#states.clear(); // before anything is awaited: who closes it meanwhile, ends nothing twice
    for (const kept of states) {
      try {
        await kept.end();
      } catch {
        onProblem('a capability could not let go of what it kept');
      }
    }
  }
}
