import type {
  CapabilityCall,
  CapabilityEntry,
  CapabilityHost,
  CapabilityUse,
  Grant,
} from '../../../../host/capabilities/capability.ts';
import type { Capability, HostCallContext, LogLine, WitValue } from '../../../../runtime/index.ts';

/** Who calls, and under which scopes beside the tool's own. */
export interface Asker {
  readonly agent?: string;
  readonly tool?: string;
  readonly session?: string;
  readonly signal?: AbortSignal;
  /** As a policy says them; ceilings and callers. */
  readonly above?: readonly unknown[];
}

/** One tool with one capability, without a warden or a cell. */
export interface FakeTool {
  readonly capabilities: readonly Capability[];
  readonly notes: CapabilityUse[];
  readonly lines: LogLine[];
  call(name: string, ...args: WitValue[]): Promise<WitValue | undefined>;
  /** Ends the call, as a warden does. */
  end(): Promise<void>;
}

const HOST: CapabilityHost = {
  policyFolder: '/etc/cells',
  stateFolder: undefined,
  state: (_key, make) => make(),
  secret: () => {
    throw new Error('no secret was expected');
  },
};

export function scopeOf(entry: CapabilityEntry, scope: unknown): unknown {
  return entry.scope?.parse(scope);
}

/** Messages of a scope that the schema refuses, as `path: message`. */
export function issuesOf(entry: CapabilityEntry, scope: unknown): string[] {
  const { error } = entry.scope!.safeParse(scope);
  return (error?.issues ?? []).map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`));
}

export function fakeTool(entry: CapabilityEntry, scope: unknown, host: Partial<CapabilityHost>, asker: Asker = {}): FakeTool {
  const notes: CapabilityUse[] = [];
  const lines: LogLine[] = [];
  const states = new Map<object, { readonly state: unknown; readonly end: (() => unknown) | undefined }>();
  const { agent = 'triage', tool = 'counter', session, signal = new AbortController().signal, above = [] } = asker;
  const call: CapabilityCall = {
    audit: 'a1',
    agent,
    tool,
    ...(session === undefined ? {} : { session }),
    endsMs: Number.MAX_SAFE_INTEGER,
    signal,
    state: (key, make, end) => {
      const known = states.get(key);
      if (known !== undefined) return known.state as ReturnType<typeof make>;
      const state = make();
      states.set(key, { state, end: end === undefined ? undefined : () => end(state, {} as never) });
      return state;
    },
    note: (use) => void notes.push(use),
  };
  const grant: Grant<unknown> = {
    tool,
    scope: scopeOf(entry, scope),
    host: { ...HOST, ...host },
    callOf: () => call,
    scopesFor: () => [grant.scope, ...above.map((one) => scopeOf(entry, one))],
  };
  const capabilities = entry.open!(grant);
  const context = { log: (line: LogLine) => void lines.push(line) } as Partial<HostCallContext> as HostCallContext;
  return {
    capabilities,
    notes,
    lines,
    call: async (name, ...args) => {
      const [capability] = capabilities;
      if (capability?.kind !== 'bridged') throw new Error('it has no functions');
      return capability.functions[name]!(args, context);
    },
    end: async () => {
      for (const { end } of states.values()) await end?.();
    },
  };
}
