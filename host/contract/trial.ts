import { randomUUID } from 'node:crypto';
import { type Capability, failure, type HostCallContext, type LogLine } from '../../runtime/index.ts';
import type { CapabilityEntry, CapabilityHost, CapabilityUse } from '../capabilities/index.ts';
import { CapabilityCalls } from '../capability-calls.ts';
import { HostStates, openCapabilities } from '../open-capabilities.ts';
import { RunningCalls } from '../running-calls.ts';

/** A capability opened for one tool, and one call of that tool that uses it; nothing else of a warden. */
export class Trial {
  readonly capabilities: readonly Capability[];
  readonly context: HostCallContext;
  readonly logged: LogLine[] = [];
  readonly #audit = randomUUID();
  readonly #running = new RunningCalls();
  readonly #calls = new CapabilityCalls(this.#running);
  readonly #states = new HostStates();
  readonly #cancel = new AbortController();

  /** @param scope - as the schema made it. @param callerScope - of a tool on whose behalf the call runs. */
  constructor(entry: CapabilityEntry, scope: unknown, host: Omit<CapabilityHost, 'state'>, callerScope?: unknown) {
    const scopes = new Map([[entry.name, scope]]);
    const parent = callerScope === undefined ? undefined : this.#begin('caller', new Map([[entry.name, callerScope]]), undefined);
    this.#begin(this.#audit, scopes, parent);
    const setting = {
      tool: 'trial',
      scopes,
      ceilingScopes: [],
      host: { ...host, state: this.#states.state },
      calls: this.#calls,
    };
    this.capabilities = openCapabilities([entry], [entry.name], setting);
    this.context = {
      signal: this.#cancel.signal,
      ref: this.#audit,
      answerBytesMax: 2 ** 20,
      fuelLeft: 1_000_000n,
      log: (line) => void this.logged.push(line),
      charge: () => undefined,
    };
  }

  #begin(audit: string, scopes: ReadonlyMap<string, unknown>, parent: ReturnType<RunningCalls['get']>) {
    const { signal } = this.#cancel;
    const endsMs = Date.now() + 60_000;
    const chain = parent === undefined ? [] : [parent.audit];
    const call = {
      audit,
      agent: 'agent',
      tool: 'trial',
      session: 'session',
      grants: [...scopes.keys()],
      scopes,
      parent,
      chain,
      endsMs,
      signal,
    };
    this.#running.begin(call);
    return call;
  }

  /** Ends the call, as one that was cancelled. @returns what the capability left word of. */
  async end(): Promise<readonly CapabilityUse[]> {
    this.#running.end(this.#audit);
    const { uses } = await this.#calls.end(this.#audit, failure(undefined, 0));
    return uses;
  }

  /** Frees what the capability keeps beyond calls. */
  close(): Promise<void> {
    return this.#states.close(() => undefined);
  }
}
