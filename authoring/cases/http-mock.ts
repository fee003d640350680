import type { AnsweredRequest, HttpAnswer } from '../../host/capabilities/http/index.ts';
import type { FunctionType, ValueType, WitValue } from '../../runtime/index.ts';

/* `http.send` as mocks have it: the function of `cellblock:host/http`, also where a tool sends by `wasi:http`. */

const STRING: ValueType = { kind: 'string' };
const BYTES: ValueType = { kind: 'list', element: { kind: 'u8' } };
const HEADERS: ValueType = {
  kind: 'list',
  element: {
    kind: 'record',
    fields: [
      { name: 'name', type: STRING },
      { name: 'value', type: STRING },
    ],
  },
};
const ERROR: ValueType = {
  kind: 'variant',
  cases: [
    { name: 'denied', type: STRING },
    { name: 'invalid', type: STRING },
    { name: 'unreachable', type: STRING },
    { name: 'timed-out' },
    { name: 'too-large', type: { kind: 'u64' } },
    { name: 'too-many-redirects' },
  ],
};

/** `send: func(request: request) -> result<response, error>`. */
export const HTTP_SEND: FunctionType = {
  isAsync: false,
  params: [
    {
      name: 'request',
      type: {
        kind: 'record',
        fields: [
          { name: 'method', type: STRING },
          { name: 'url', type: STRING },
          { name: 'headers', type: HEADERS },
          { name: 'body', type: { kind: 'option', some: BYTES } },
        ],
      },
    },
  ],
  result: {
    kind: 'result',
    ok: {
      kind: 'record',
      fields: [
        { name: 'status', type: { kind: 'u16' } },
        { name: 'headers', type: HEADERS },
        { name: 'body', type: BYTES },
      ],
    },
    err: ERROR,
  },
};

/** A request that would leave, as the argument of `send`. */
export function requestValue({ method, url, headers, body }: AnsweredRequest): WitValue {
  return {
    method,
    url,
    headers: headers.map(([name, value]) => ({ name, value })),
    body: body === undefined ? null : { some: body },
  };
}

/** The codes of `wasi:http` that go with the errors of `cellblock:host/http`. */
const CODES: Readonly<Record<string, string>> = {
  denied: 'HTTP-request-denied',
  invalid: 'HTTP-protocol-error',
  unreachable: 'connection-terminated',
  'timed-out': 'HTTP-response-timeout',
  'too-large': 'HTTP-response-body-size',
  'too-many-redirects': 'loop-detected',
};

/** @param answer - a value of the result of `HTTP_SEND`. */
export function httpAnswerOf(answer: WitValue): HttpAnswer {
  const result = answer as {
    readonly ok?: Response;
    readonly err?: { readonly tag: ErrorTag; readonly value?: string | bigint };
  }; // by its type
  if (result.err !== undefined) {
    const { tag: kind, value } = result.err;
    const limit = typeof value === 'bigint' ? { limit: Number(value) } : {};
    return { kind, code: CODES[kind]!, message: typeof value === 'string' ? value : kind, ...limit };
  }
  const { status, headers, body } = result.ok!;
  return { status, headers: headers.map(({ name, value }) => [name, value] as const), body };
}

interface Response {
  readonly status: number;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  readonly body: Uint8Array;
}

type ErrorTag = 'denied' | 'invalid' | 'unreachable' | 'timed-out' | 'too-large' | 'too-many-redirects';
