import { type HostCallContext, type HostFunction, isCoded, type Signatures, type WitValue } from '../../../runtime/index.ts';
import { printable, quote } from '../../policy/quote.ts';
import { type CapabilityCall, type CapabilityEntry, defineCapability, type Grant } from '../capability.ts';
import { isKey, isKeyPart } from './key.ts';
import { closeKvStores, kvFileIn } from './kv-file.ts';
import { type KvLimits, type KvScope, kvScope, limitsOf, refusalOf, storeName } from './scope.ts';
import { type Change, KvStore, type NewValue } from './store.ts';

const ERROR = 'variant { denied(string), invalid-key, quota(u64), conflict, unavailable }';

const SIGNATURES: Signatures = {
  get: `func(key: string) -> result<option<record { value: list<u8>, version: u64 }>, ${ERROR}>`,
  set: `func(key: string, value: list<u8>, ttl-ms: option<u64>) -> result<u64, ${ERROR}>`,
  'compare-and-set': `func(key: string, expected: option<u64>, value: list<u8>, ttl-ms: option<u64>) -> result<u64, ${ERROR}>`,
  delete: `func(key: string) -> result<bool, ${ERROR}>`,
  keys: `func(prefix: string, after: option<string>) -> result<list<string>, ${ERROR}>`,
};

/** What one host call does with the store of its call. */
interface Act {
  readonly name: string;
  readonly isWrite: boolean;
  /** A key, or the beginning of keys. */
  readonly key: string;
  readonly isValid: boolean;
  readonly data?: { readonly bytes: number };
  readonly run: (store: KvStore, limits: KvLimits) => Promise<WitValue>;
}

/**
 * `cellblock:host/kv`: values that outlive the call, in `kv.sqlite` in the host's folder for state.
 *
 * @param clock - milliseconds since 1970, for the life of values.
 */
export function kvCapability(clock: () => number): CapabilityEntry {
  const now = neverBack(clock);
  return defineCapability<KvScope>({
    name: 'kv',
    summary: 'keep values from one call to the next, in a store of the agent, the tool or the session',
    interfaces: ['cellblock:host/kv@0.1.0'],
    scope: kvScope,
    open: (grant) => [
      {
        kind: 'bridged',
        name: 'kv',
        interface: 'cellblock:host/kv@0.1.0',
        signatures: SIGNATURES,
        functions: functionsOf(grant, now),
      },
    ],
  });
}

/** One file for each host, closed with it. */
const FILE = {};

export const KV: CapabilityEntry = kvCapability(Date.now);

/** A clock that is set back must not bring back what has expired. */
function neverBack(clock: () => number): () => number {
  let latest = 0;
  return () => {
    latest = Math.max(latest, clock());
    return latest;
  };
}

function functionsOf(grant: Grant<KvScope>, now: () => number): Readonly<Record<string, HostFunction>> {
  const act =
    (actOf: (args: readonly WitValue[]) => Act): HostFunction =>
    (args, context) =>
      serve(grant, context, actOf(args), now);
  return {
    get: act(([key]) => getting(textOf(key))),
    set: act(([key, value, ttl]) =>
      setting('set', { key: textOf(key), value: bytesOf(value), ttlMs: optionOf(ttl), expected: undefined }),
    ),
    'compare-and-set': act(([key, expected, value, ttl]) =>
      setting('compare-and-set', {
        key: textOf(key),
        value: bytesOf(value),
        ttlMs: optionOf(ttl),
        expected: optionOf<bigint>(expected) ?? null,
      }),
    ),
    delete: act(([key]) => deleting(textOf(key))),
    keys: act(([prefix, after]) => listing(textOf(prefix), optionOf<string>(after) ?? '')),
  };
}

// The bridge has decoded arguments by the signatures above: these say it again where it is cheap.
const textOf = (value: WitValue | undefined): string => String(value);
const bytesOf = (value: WitValue | undefined): Uint8Array => (value instanceof Uint8Array ? value : new Uint8Array(0));
function optionOf<T extends WitValue>(value: WitValue | undefined): T | undefined {
  return (value as { readonly some: T } | null)?.some;
}

function getting(key: string): Act {
  const run = async (store: KvStore): Promise<WitValue> => {
    const found = await store.get(key);
    return { ok: found === undefined ? null : { some: { value: found.value, version: BigInt(found.version) } } };
  };
  return { name: 'get', isWrite: false, key, isValid: isKey(key), run };
}

function setting(name: string, entry: NewValue): Act {
  const run = async (store: KvStore, limits: KvLimits): Promise<WitValue> => changeResult(await store.set(entry, limits));
  const data = { bytes: entry.value.length };
  return { name, isWrite: true, key: entry.key, isValid: isKey(entry.key), data, run };
}

function deleting(key: string): Act {
  const run = async (store: KvStore): Promise<WitValue> => ({ ok: await store.delete(key) });
  return { name: 'delete', isWrite: true, key, isValid: isKey(key), run };
}

function listing(prefix: string, after: string): Act {
  const run = async (store: KvStore): Promise<WitValue> => ({ ok: await store.keys(prefix, after) });
  return { name: 'keys', isWrite: false, key: prefix, isValid: isKeyPart(prefix) && isKeyPart(after), run };
}

function changeResult(change: Change): WitValue {
  if (change === 'conflict') return failed('conflict');
  return 'quota' in change ? failed('quota', BigInt(change.quota)) : { ok: BigInt(change.version) };
}

/** Every scope is asked before the store is: what is refused learns nothing of what is there. */
async function serve(grant: Grant<KvScope>, context: HostCallContext, act: Act, now: () => number): Promise<WitValue> {
  if (!act.isValid) return failed('invalid-key');
  const call = grant.callOf(context);
  const scopes = grant.scopesFor(call);
  const name = storeName(grant.scope, ownerOf(call, grant.tool));
  const refusal =
    refusalOf(scopes, act) ??
    (name === undefined ? 'the namespace is `session`, and the request has no session; file it with one' : undefined);
  if (refusal !== undefined || name === undefined) return refused(call, act, 'denied', refusal ?? '');
  const { stateFolder } = grant.host;
  if (stateFolder === undefined) return refused(call, act, 'unavailable', 'this host has no folder for state');
  try {
    const file = grant.host.state(
      FILE,
      () => kvFileIn(stateFolder),
      () => closeKvStores(stateFolder),
    );
    const result = await act.run(new KvStore(file, name, now, call.signal), limitsOf(scopes));
    noteChange(call, act, result);
    return result;
  } catch (error) {
    if (!isCoded(error)) throw error;
    return refused(call, act, 'unavailable', printable(error.message, 300));
  }
}

function ownerOf({ agent, session }: CapabilityCall, tool: string) {
  return { agent, tool, ...(session === undefined ? {} : { session }) };
}

/** Reading leaves no word: it changes nothing, and there may be much of it. */
function noteChange(call: CapabilityCall, act: Act, result: WitValue): void {
  if (!act.isWrite) return;
  const error = (result as { readonly err?: { readonly tag: string } }).err;
  call.note({
    capability: 'kv',
    act: actText(act),
    result: error?.tag ?? 'ok',
    ...(act.data === undefined ? {} : { data: act.data }),
  });
}

function refused(call: CapabilityCall, act: Act, tag: 'denied' | 'unavailable', why: string): WitValue {
  call.note({ capability: 'kv', act: actText(act), result: `${tag}: ${why}` });
  return tag === 'denied' ? failed(tag, why) : failed(tag);
}

const actText = ({ name, key }: Act): string => `${name} ${quote(key)}`;

function failed(tag: string, value?: WitValue): WitValue {
  return { err: value === undefined ? { tag } : { tag, value } };
}
