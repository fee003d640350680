import { z } from 'zod';
import { CodedError } from '../../../runtime/index.ts';
import { TOOL_NAME } from '../../policy/names.ts';
import { quote } from '../../policy/quote.ts';
import { expected, fields, listOf, name, parsedBy } from '../../policy/schema-parts.ts';
import { size, unitText } from '../../policy/tool-schema.ts';
import { PERIOD_FORM, PERIOD_PATTERN, parsePeriod, parseSize } from '../../policy/units.ts';
import { isKey, KEY_BYTES_MAX } from './key.ts';

/** Bytes of keys and values of one store, where the grant does not say. */
const BYTES_DEFAULT = 2 ** 20;
/** Most that a policy may say: the file of all stores has no more. */
const BYTES_MAX = 2 ** 30;
/** Enough for what a tool remembers; each costs about 100 bytes beside its value. */
const KEYS_DEFAULT = 1000;
/** Keys that expire together are removed together, in one transaction that everybody waits for: about a second for so many. */
const KEYS_MAX = 100_000;
const VALUE_BYTES_DEFAULT = 64 * 1024;
/** More does not cross the bridge whatever the limits of a tool are. */
const VALUE_BYTES_MAX = 16 * 2 ** 20;
/** Sessions end without a word, so that what they leave has to. */
const SESSION_TTL_MS_DEFAULT = 7 * 86_400_000;

const bytesUpTo = (example: string, bytesMax: number) =>
  size(example).transform(
    parsedBy((text: string) => {
      const bytes = parseSize(text);
      if (bytes <= bytesMax) return bytes;
      throw new CodedError('usage/invalid-argument', `expected a size of at most ${bytesMax} bytes, got ${quote(text)}`);
    }),
  );

const NAMESPACES = '`agent`, `tool` or `session`';
const KEYS_FORM = expected(`a whole number from 1 to ${KEYS_MAX}`);
const PREFIX_FORM = expected(`text of 1 to ${KEY_BYTES_MAX} bytes without control characters`);
const PREFIXES = 'a list of one or more prefixes';

/** What a policy says of `kv`. */
export const kvScope = fields('the fields of `kv`', {
  namespace: z
    .enum(['agent', 'tool', 'session'], { error: expected(NAMESPACES) })
    .describe('Whose values these are: of the agent, of the tool for all agents, or of the session of the agent.'),
  store: name(TOOL_NAME, 'the name of a store in kebab-case')
    .optional()
    .describe('Tools that name the same store share it within the namespace; without it the tool has one of its own.'),
  access: z
    .enum(['read', 'write'], { error: expected('`read` or `write`') })
    .optional()
    .describe('`write` (default): read and change; `read`: only read.'),
  prefixes: listOf(z.string({ error: PREFIX_FORM }).refine(isKey, { error: PREFIX_FORM }), PREFIXES)
    .min(1, { error: `expected ${PREFIXES}, got an empty one` })
    .optional()
    .describe('Keys begin with one of these; absent: any key.'),
  bytes: bytesUpTo('1MiB', BYTES_MAX).optional().describe('Bytes of all keys and values of the store. Default 1MiB.'),
  keys: z
    .int({ error: KEYS_FORM })
    .min(1, { error: KEYS_FORM })
    .max(KEYS_MAX, { error: KEYS_FORM })
    .optional()
    .describe('Keys of the store. Default 1000.'),
  valueBytes: bytesUpTo('64KiB', VALUE_BYTES_MAX).optional().describe('Bytes of one value. Default 64KiB.'),
  ttlMax: unitText(PERIOD_FORM, PERIOD_PATTERN, '7d')
    .transform(parsedBy(parsePeriod))
    .optional()
    .describe('The longest that a value lives. Default: for good, and of sessions 7d.'),
}).superRefine(({ namespace, store }, context) => {
  if (namespace !== 'tool' || store === undefined) return;
  const message = '`store` goes with `agent` and `session`; what is of the tool is shared with no other tool';
  context.addIssue({ code: 'custom', path: ['store'], message });
});

/** Sizes in bytes, times in milliseconds; what was not written is absent, since only the tool's own scope has defaults. */
export type KvScope = z.output<typeof kvScope>;

/** What one call may use at most: defaults of its own scope, and the least that any of the scopes says. */
export interface KvLimits {
  readonly bytes: number;
  readonly keys: number;
  readonly valueBytes: number;
  /** Undefined: for good. */
  readonly ttlMsMax: number | undefined;
}

export function limitsOf([own, ...others]: readonly [KvScope, ...KvScope[]]): KvLimits {
  const least = (field: 'bytes' | 'keys' | 'valueBytes' | 'ttlMax', start: number): number =>
    Math.min(own[field] ?? start, ...others.map((scope) => scope[field] ?? Number.POSITIVE_INFINITY));
  const ttl = least('ttlMax', own.namespace === 'session' ? SESSION_TTL_MS_DEFAULT : Number.POSITIVE_INFINITY);
  return {
    bytes: least('bytes', BYTES_DEFAULT),
    keys: least('keys', KEYS_DEFAULT),
    valueBytes: least('valueBytes', VALUE_BYTES_DEFAULT),
    ttlMsMax: Number.isFinite(ttl) ? ttl : undefined,
  };
}

/** What a tool wants to do. */
export interface KvUse {
  readonly isWrite: boolean;
  /** A key, or for `keys` the prefix that is asked for. */
  readonly key: string;
}

/**
 * Why these scopes do not allow a use; undefined: all of them do.
 *
 * @param scopes - the tool's own first. The others are compared with it: a caller, or a ceiling, that grants another namespace or store does
 * not grant this one. Where neither names a store, the store is the tool's own, which is a part of the tool that the caller was granted.
 */
export function refusalOf(scopes: readonly [KvScope, ...KvScope[]], use: KvUse): string | undefined {
  const [own] = scopes;
  for (const scope of scopes) {
    const whose = scope === own ? 'the grant' : 'a grant above this one';
    if (scope.namespace !== own.namespace)
      return `${whose} is for the namespace \`${scope.namespace}\`, not \`${own.namespace}\``;
    if (scope.store !== own.store) return `${whose} is for ${storeText(scope)}, not ${storeText(own)}`;
    if (use.isWrite && scope.access === 'read') return `${whose} is to read only; \`access: write\` would allow it`;
    if (scope.prefixes !== undefined && !scope.prefixes.some((prefix) => use.key.startsWith(prefix))) {
      return `${whose} has no prefix that ${quote(use.key)} begins with; \`prefixes\` would allow it`;
    }
  }
  return undefined;
}

const storeText = ({ store }: KvScope): string => (store === undefined ? "a tool's own store" : `the store ${quote(store)}`);

/** Who asks for a store. */
export interface KvOwner {
  readonly agent: string;
  readonly tool: string;
  readonly session?: string;
}

/**
 * The name of a store in the file; undefined: there is none, since the call has no session. As JSON, in which no name can run into the
 * next. A session is one of its agent: who chooses its name must not find what another agent left under the same one.
 */
export function storeName({ namespace, store }: KvScope, { agent, tool, session }: KvOwner): string | undefined {
  if (namespace === 'tool') return JSON.stringify(['tool', tool]);
  const part = store === undefined ? ['tool', tool] : ['store', store];
  if (namespace === 'agent') return JSON.stringify(['agent', agent, ...part]);
  return session === undefined ? undefined : JSON.stringify(['session', agent, session, ...part]);
}
