import type { FunctionType, ValueType } from '../component/types.ts';
import type { WitValue } from '../value/index.ts';

/*
 * Functions of the trusted side that the WASI inside a worker calls. They cross the bridge like any host function, in the canonical
 * encoding, so that they are capped, recorded and replayed in the same way; no component can import them. Values are `WitValue`s of
 * these types.
 */

const U8 = { kind: 'u8' } as const satisfies ValueType;
const U16 = { kind: 'u16' } as const satisfies ValueType;
const U32 = { kind: 'u32' } as const satisfies ValueType;
const U64 = { kind: 'u64' } as const satisfies ValueType;
const BOOL = { kind: 'bool' } as const satisfies ValueType;
const STRING = { kind: 'string' } as const satisfies ValueType;
const BYTES: ValueType = { kind: 'list', element: U8 };

const listOf = (element: ValueType): ValueType => ({ kind: 'list', element });
const optionOf = (some: ValueType): ValueType => ({ kind: 'option', some });
const resultOf = (ok: ValueType | undefined, err: ValueType): ValueType => ({
  kind: 'result',
  ...(ok === undefined ? {} : { ok }),
  err,
});
const record = (fields: Readonly<Record<string, ValueType>>): ValueType => ({
  kind: 'record',
  fields: Object.entries(fields).map(([name, type]) => ({ name, type })),
});
const func = (params: Readonly<Record<string, ValueType>>, result?: ValueType): FunctionType => ({
  params: Object.entries(params).map(([name, type]) => ({ name, type })),
  ...(result === undefined ? {} : { result }),
  isAsync: false,
});

/** Name and value of a header; the name in lower case, the value as bytes, as `wasi:http` has them. */
const FIELDS = listOf({ kind: 'tuple', items: [STRING, BYTES] });

/** Why there is no answer: a case of `wasi:http` `error-code` by its WIT name, such as `HTTP-request-denied`, and words for the author. */
const HTTP_FAILURE = record({ code: STRING, message: STRING });

/**
 * HTTP, as the worker asks for it. `id` names an exchange of this call.
 *
 * - `start`: begins an exchange and answers at once; the scope is checked here. `has-body`: chunks follow by `send`.
 * - `send`: one chunk of the request's body; answers when the peer took it. `last`: the body ends after it.
 * - `wait`: answers when at least one of the exchanges named has something new (`head` or a byte to `read` would not block), with their
 *   indices in the list; none when `timeout-ms` passed.
 * - `head`: the head of the response; waits for it.
 * - `read`: 1 to `max` bytes of the response's body, `none` at its end; waits for a first byte.
 * - `end`: lets go of an exchange; whatever has not come is not fetched.
 */
export const HTTP_BACK = {
  'http.start': func(
    {
      method: STRING,
      url: STRING,
      headers: FIELDS,
      'has-body': BOOL,
      'connect-timeout-ms': optionOf(U32),
      'first-byte-timeout-ms': optionOf(U32),
      'between-bytes-timeout-ms': optionOf(U32),
    },
    resultOf(U32, HTTP_FAILURE),
  ),
  'http.send': func({ id: U32, bytes: BYTES, last: BOOL }, resultOf(undefined, HTTP_FAILURE)),
  'http.wait': func({ ids: listOf(U32), 'timeout-ms': optionOf(U32) }, listOf(U32)),
  'http.head': func({ id: U32 }, resultOf(record({ status: U16, headers: FIELDS }), HTTP_FAILURE)),
  'http.read': func({ id: U32, max: U32 }, resultOf(optionOf(BYTES), HTTP_FAILURE)),
  'http.end': func({ id: U32 }),
} as const satisfies Readonly<Record<string, FunctionType>>;

/** An error code of `wasi:filesystem/types`, by its WIT name. */
const FILE_FAILURE = STRING;

const FILE_ENTRY = record({
  /** Which mount, by its place in the setup. */
  mount: U32,
  /** Names separated by `/`, relative to the mount. */
  path: STRING,
  'is-directory': BOOL,
  size: U64,
  /** Nanoseconds since 1970. */
  modified: U64,
});

/**
 * Files, as the worker asks for them: what was put in for the call, and what it leaves. The tree that the guest sees is in the worker.
 *
 * - `list`: all inputs of all mounts, parents before children; asked for once, when the guest first uses a file. In pages: `from` is the
 *   number of entries that were had; an empty page is the end.
 * - `read`: up to `length` bytes of an input from `offset`, at least one before its end; the same bytes for the whole call, or `io`. Also of an
 *   input that a `remove` named: one that was renamed is read and put under its new name.
 * - `remove`: an input that the guest removed or renamed; a directory after what was in it, and all of them before the first `put`.
 * - `put`: writes one piece of a changed, renamed or new file into the staging area of the call, over an input of that path; pieces come in
 *   order, the first with `offset` 0. `is-directory` makes a directory; it comes before what is in it.
 * - `commit`: nothing else follows; asked once, after the guest ended well. Whether anything leaves is decided on the trusted side.
 */
export const FILES_BACK = {
  'files.list': func({ from: U32 }, resultOf(listOf(FILE_ENTRY), FILE_FAILURE)),
  'files.read': func({ mount: U32, path: STRING, offset: U64, length: U32 }, resultOf(BYTES, FILE_FAILURE)),
  'files.put': func(
    { mount: U32, path: STRING, 'is-directory': BOOL, offset: U64, bytes: BYTES },
    resultOf(undefined, FILE_FAILURE),
  ),
  'files.remove': func({ mount: U32, path: STRING }, resultOf(undefined, FILE_FAILURE)),
  'files.commit': func({}, resultOf(undefined, FILE_FAILURE)),
} as const satisfies Readonly<Record<string, FunctionType>>;

/**
 * Calls of the WASI inside a worker, told to the trusted side when they have been served, for whoever traces a call. Texts are cut. No guest is
 * charged for it, and it is no host call of its own.
 */
export const TRACE_BACK = {
  'trace.wasi': func({ import: STRING, name: STRING, args: STRING, answer: STRING, failed: BOOL, microseconds: U64 }),
} as const satisfies Readonly<Record<string, FunctionType>>;

/** Every function that a capability may serve to the WASI of its calls. */
export const BACK_FUNCTIONS = { ...HTTP_BACK, ...FILES_BACK, ...TRACE_BACK };

export type BackName = keyof typeof BACK_FUNCTIONS;

/** Calls one of them from inside a worker, and blocks until it answers: values of its types, undefined where it returns nothing. */
export type CallBack = (name: BackName, args: readonly WitValue[]) => WitValue | undefined;
