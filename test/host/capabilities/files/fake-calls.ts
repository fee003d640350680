import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import type { CapabilityCall, CapabilityUse, EndResult, Grant } from '../../../../host/capabilities/capability.ts';
import { type FilesOptions, openFiles } from '../../../../host/capabilities/files/index.ts';
import { type FilesScope, filesScope } from '../../../../host/capabilities/files/scope.ts';
import {
  BACK_FUNCTIONS,
  type CellOutcome,
  DEFAULT_LIMITS,
  decodeParams,
  decodeValue,
  encodeParams,
  encodeValue,
  type FunctionType,
  type HostCallContext,
  type HostFunction,
  type WitValue,
} from '../../../../runtime/index.ts';

const folders: string[] = [];

/** A folder of the test's own, removed after it. */
export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'cellblock-files-'));
  folders.push(folder);
  mkdirSync(join(folder, 'policy'));
  return folder;
}

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

export const scopeOf = (written: unknown): FilesScope => filesScope.parse(written);

/** Who calls: enough of a call for what a test is about. */
export interface FakeCall {
  readonly agent?: string;
  readonly session?: string;
  /** Scopes of ceilings and callers. */
  readonly others?: readonly unknown[];
}

/** One call of a fake host; the worker's messages by name. */
export interface OpenCall {
  send(name: keyof FakeBack, ...args: WitValue[]): Promise<WitValue>;
  end(kind?: CellOutcome['kind']): Promise<EndResult>;
  readonly notes: CapabilityUse[];
  readonly abort: AbortController;
}

export interface FakeBack {
  'files.list': unknown;
  'files.read': unknown;
  'files.put': unknown;
  'files.remove': unknown;
  'files.commit': unknown;
}

/** Opens the capability for one grant. @returns a function that begins a call. */
export function grantOf(written: unknown, policyFolder: string, options: FilesOptions = {}, stateFolder?: string) {
  const calls = new Map<HostCallContext, CapabilityCall & { scopes: readonly [FilesScope, ...FilesScope[]] }>();
  const scope = scopeOf(written);
  const grant: Grant<FilesScope> = {
    tool: 'tool',
    scope,
    host: { policyFolder, stateFolder, state: (_key, make) => make(), secret: () => '' },
    callOf: (context) => calls.get(context)!,
    scopesFor: (call) => (call as CapabilityCall & { scopes: readonly [FilesScope, ...FilesScope[]] }).scopes,
  };
  const [capability] = openFiles(grant, options);
  if (capability?.kind !== 'wasi') throw new Error('not a wasi capability');
  const back = capability.back as Record<keyof FakeBack, HostFunction>;
  const begin = ({ agent = 'agent', session, others = [] }: FakeCall = {}): OpenCall => {
    const context = {} as HostCallContext;
    const states = new Map<object, { state: unknown; end?: (state: never, cell: CellOutcome) => unknown }>();
    const notes: CapabilityUse[] = [];
    const abort = new AbortController();
    calls.set(context, {
      audit: 'audit',
      agent,
      tool: 'tool',
      ...(session === undefined ? {} : { session }),
      endsMs: 0,
      signal: abort.signal,
      state: (key, make, end) => {
        const known = states.get(key) ?? { state: make(), ...(end === undefined ? {} : { end }) };
        states.set(key, known as never);
        return known.state as never;
      },
      note: (use) => notes.push(use),
      scopes: [scope, ...others.map(scopeOf)],
    });
    return {
      notes,
      abort,
      // As over the bridge: typed, encoded, capped.
      send: async (name, ...args) => {
        const { params, result } = BACK_FUNCTIONS[name] as FunctionType;
        const sent = decodeParams(encodeParams(args, params), params);
        const answer = (await back[name](sent, context)) as WitValue;
        return decodeValue(encodeValue(answer, result!, { bytesMax: DEFAULT_LIMITS.hostCallBytesMax }), result!);
      },
      end: async (kind = 'ok') => {
        for (const { state, end } of states.values()) {
          const result = await end?.(state as never, { kind } as CellOutcome);
          if (result !== undefined) return result as EndResult;
        }
        return undefined;
      },
    };
  };
  return { begin, capability };
}

interface Entry {
  readonly path: string;
  readonly mount: number;
  readonly 'is-directory': boolean;
  readonly size: bigint;
}

/** Everything that a call lists, page by page. */
export async function listAll(call: OpenCall): Promise<Entry[]> {
  const all: Entry[] = [];
  for (;;) {
    const { ok } = (await call.send('files.list', all.length)) as unknown as { ok: Entry[] };
    if (ok.length === 0) return all;
    all.push(...ok);
  }
}

/** Paths that a call lists; directories end in `/`. */
export async function paths(call: OpenCall): Promise<string[]> {
  return (await listAll(call)).map((entry) => entry.path + (entry['is-directory'] ? '/' : ''));
}

/** A whole input as text, or the error. */
export async function readText(call: OpenCall, path: string, mount = 0): Promise<string> {
  const answer = (await call.send('files.read', mount, path, 0n, 1_000_000)) as unknown as { ok?: Uint8Array; err?: string };
  return answer.ok === undefined ? `err ${answer.err}` : Buffer.from(answer.ok).toString();
}

/** Puts a whole file in one piece. */
export const putText = (call: OpenCall, path: string, text: string, mount = 0) =>
  call.send('files.put', mount, path, false, 0n, new Uint8Array(Buffer.from(text)));

export const putFolder = (call: OpenCall, path: string, mount = 0) =>
  call.send('files.put', mount, path, true, 0n, new Uint8Array());

/** Descriptors of this process that lead to below a folder. */
export { openBelow } from './open-below.ts';
