import type { z } from 'zod';
import type { Capability, CellOutcome, CodedError, HostCallContext, PlainJson } from '../../runtime/index.ts';
import type { ScopeNames } from '../policy/index.ts';

/**
 * A capability as operators know it: the name that policies and `--grant` use, what it lets a tool do, and within which scope.
 *
 * An embedding program adds its own: `defineCapability` with an `open` function, one WIT interface that tools are built against, one schema
 * for what the policy may say of it. It then gets what the built-in ones have: the bridge, the checks, the trail and the contract test.
 */
export interface CapabilityEntry {
  /** Kebab-case; no two entries share one. */
  readonly name: string;
  /** One line for `inspect`, `--help` and refusals. */
  readonly summary: string;
  /** Interfaces that a component may then import, with their version; for showing what grants an import. */
  readonly interfaces: readonly string[];
  /** Beginnings of the names of interfaces that every component is served, closed, and that this opens, such as `wasi:clocks/`. */
  readonly opens?: readonly string[];
  /**
   * `none`: using it changes nothing outside of the call. Then a call may begin before its intent is on the disk; its result still waits for
   * the trail. Without it, each call with this grant waits for its intent.
   */
  readonly effect?: 'none';
  /**
   * What a policy says in `grants: [{name: SCOPE}]`. A schema that takes `undefined` lets the bare name stand for that scope; absent: the bare
   * name is all that there is to say.
   */
  readonly scope?: z.ZodType;
  /** What the scope names that the policy has to have elsewhere, such as secrets: a name that it has not is refused when it is loaded. */
  readonly names?: (scope: unknown) => ScopeNames;
  /** What a component is linked with, where that is the same for every tool; else `open`. */
  readonly capability?: Capability;
  /**
   * Makes what a component is linked with, once for each tool and set of grants; opens no file and no connection yet.
   *
   * @throws CodedError `policy/invalid-document` for a scope that passed the schema and still cannot be.
   */
  readonly open?: (grant: Grant<unknown>) => readonly Capability[];
}

/** A capability with a scope, before its type is forgotten: entries of several types are kept in one list. */
export interface ScopedCapability<Scope> extends Omit<CapabilityEntry, 'scope' | 'open' | 'capability' | 'names'> {
  readonly scope: z.ZodType<Scope>;
  readonly names?: (scope: Scope) => ScopeNames;
  readonly open: (grant: Grant<Scope>) => readonly Capability[];
}

/** Makes the entry of a capability with a scope: what `open` gets has passed the schema. */
export function defineCapability<Scope>(capability: ScopedCapability<Scope>): CapabilityEntry {
  // The loader parsed it by this schema.
  const { names, open, ...rest } = capability;
  const named = names === undefined ? {} : { names: (scope: unknown) => names(scope as Scope) };
  return { ...rest, ...named, open: (grant) => open(grant as Grant<Scope>) };
}

/** One capability as granted to one tool. */
export interface Grant<Scope> {
  readonly tool: string;
  readonly scope: Scope;
  readonly host: CapabilityHost;
  /**
   * The call that a host function serves.
   *
   * @throws CodedError `internal/invariant` when that call has ended.
   */
  callOf(context: HostCallContext): CapabilityCall;
  /**
   * What must all allow a use of the capability: the tool's own scope first, then the scopes of ceilings, then those of the callers on whose
   * behalf the call runs. Only the first one gives anything (a secret, a certificate); the others only take away.
   */
  scopesFor(call: CapabilityCall): readonly [Scope, ...Scope[]];
}

/** One running call, as capabilities know it. */
export interface CapabilityCall {
  /** Id of the request in the trail. */
  readonly audit: string;
  readonly agent: string;
  readonly tool: string;
  readonly session?: string | undefined;
  /** Milliseconds since 1970 at which it has to have ended. */
  readonly endsMs: number;
  /** Aborts when the call ends, however it does. */
  readonly signal: AbortSignal;
  /**
   * What a capability keeps for this call, made at first use.
   *
   * @param key - an object of the capability's own, one for each kind of state. @param make - makes it.
   * @param end - frees it when the call has ended, on every path; awaited before the outcome is written. May return an error, which then is
   * how a call ends that had ended well.
   */
  state<T>(key: object, make: () => T, end?: (state: T, cell: CellOutcome) => EndResult | Promise<EndResult>): T;
  /** Leaves word in the trail and the receipt of what was done, or refused. At most 100 of a call are kept, 50 of refusals, the rest is counted. */
  note(use: CapabilityUse): void;
}

/** Undefined: all is well. */
export type EndResult = CodedError | undefined;

/** One use of a capability, for the trail and the receipt. Plain text without secrets; both are cut at 1,000 characters. */
export interface CapabilityUse {
  readonly capability: string;
  /** What was asked, such as `PATCH https://10.0.1.58/apis/apps/v1/namespaces/web/deployments/webapp`. */
  readonly act: string;
  /** How it ended, in a word or two, such as `200`, `denied: no rule has this path`. */
  readonly result: string;
  /** Sizes in bytes and digests, where there are any. */
  readonly data?: { readonly [name: string]: PlainJson };
}

/** What the host gives to capabilities. */
export interface CapabilityHost {
  /** Folder of the policy file: relative paths of scopes start here. */
  readonly policyFolder: string;
  /** Folder for state that outlives calls, private to this host; it may not be there yet. Undefined where nothing is kept. */
  readonly stateFolder: string | undefined;
  /**
   * The value of a secret that the policy names, read when it is asked for.
   *
   * @throws CodedError `capability/unavailable` when it is not there, without any part of it.
   */
  secret(name: string): string;
  /**
   * What a capability keeps for as long as the host is open, such as a database; made at first use.
   *
   * @param key - an object of the capability's own. @param end - frees it when the host closes; awaited.
   */
  state<T>(key: object, make: () => T, end: (state: T) => void | Promise<void>): T;
  /** Files a request of the same agent, on behalf of a running call. Undefined where there is no warden. */
  readonly request?: (request: NestedRequest, call: CapabilityCall, fuelMax: bigint) => Promise<NestedOutcome>;
  /** Asks a human, as the policy says. Undefined where nobody can be asked. */
  readonly ask?: (question: HumanQuestion, call: CapabilityCall) => Promise<HumanAnswer>;
  /** Tells whoever watches the call how far it is. */
  readonly report?: (progress: Progress, call: CapabilityCall) => void;
}

export interface NestedRequest {
  readonly toolName: string;
  /** Text of a JSON object. */
  readonly parametersJson: string;
  readonly justification?: string;
  /** Levels of calls that may be below the one that files this, by the scopes of all that are in the chain. */
  readonly depthMax?: number;
}

export interface NestedOutcome {
  readonly kind: 'ok' | 'tool-error' | 'refused' | 'trapped' | 'limited' | 'pending' | 'cancelled' | 'failed';
  /** JSON of the result, or of the `err` payload. */
  readonly valueJson?: string;
  readonly code?: string;
  readonly message?: string;
  readonly audit?: string;
  /** Units that the call and those on its behalf used. */
  readonly fuel: bigint;
}

export interface HumanQuestion {
  /** One line. */
  readonly question: string;
  readonly details?: string;
  /** As `ask` of rules; absent: the terminal, and whoever operates the trail. */
  readonly channels?: readonly string[];
  readonly approvers?: readonly string[];
  readonly expiresMs: number;
}

export type HumanAnswer =
  | { readonly kind: 'yes'; readonly by: string; readonly approval: string }
  | { readonly kind: 'no'; readonly by: string; readonly approval: string; readonly reason?: string }
  | { readonly kind: 'silence'; readonly approval: string };

export interface Progress {
  readonly done: bigint;
  readonly total?: bigint;
  readonly message: string;
}
