import { CODES, type Code, CodedError } from '../../runtime/index.ts';

/** Where the server is, and who asks. */
export interface ClientOptions {
  /** Of the server, such as `http://127.0.0.1:7420`; with a path where a proxy puts one before `/v1`. Plain `http:` on this machine only. */
  readonly url: string | URL;
  /** Of the agent: a token of `cellblock token`, or a JWT. */
  readonly token: string;
  /** The agent's name, for `AgentDoor.agent` alone: the token says who it is. Default `agent`. */
  readonly agent?: string;
  /** Default: the program's own. */
  readonly fetch?: typeof fetch;
  /** Milliseconds for one answer, apart from what a call waits for a human; default 290,000, since Node's `fetch` gives up at 300,000. */
  readonly timeoutMs?: number;
}

/** An answer of the server: its status, and its body as JSON. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export interface Asking {
  readonly body?: string | Uint8Array<ArrayBuffer>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds beside `timeoutMs`. */
  readonly extraMs?: number;
}

const TIMEOUT_MS = 290_000;
/** Bytes of an answer: more than any result may have, so a server that sends without end is not read without end. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;
const TOKEN = /^[\x21-\x7e]{1,8192}$/;
const PLAIN = /^[\x20-\x7e]{1,300}$/;
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;
const JSON_TYPES = /^application\/(?:problem\+)?json(?:\s*;|$)/i;

/** Asks one server as one agent. */
export class HttpClient {
  readonly #base: URL;
  readonly #token: string;
  readonly #fetch: typeof fetch;
  readonly #timeoutMs: number;

  /** @throws CodedError `usage/invalid-argument`. */
  constructor({ url, token, fetch: ownFetch, timeoutMs }: ClientOptions) {
    this.#base = baseOf(url);
    // A header that cannot be sent would be quoted, token and all, in the error of `fetch`.
    if (!TOKEN.test(token))
      throw new CodedError('usage/invalid-argument', '`token` is not a token: 1 to 8192 visible characters', {
        help: 'a file that `cellblock token` was written into ends in a line break, which is none of the token: trim it',
      });
    this.#token = token;
    this.#fetch = ownFetch ?? fetch;
    this.#timeoutMs = timeoutMs ?? TIMEOUT_MS;
  }

  /**
   * One request and its answer, whatever its status.
   *
   * @throws CodedError `failed/interrupted` where there is no answer, or none that this server gives; `cancelled/by-caller`.
   */
  async ask(method: 'GET' | 'POST', path: string, { body, headers, signal, extraMs = 0 }: Asking = {}): Promise<Answer> {
    const timeout = AbortSignal.timeout(this.#timeoutMs + extraMs);
    const either = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
    const sent = { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) };
    try {
      const response = await this.open(path, { method, headers: sent, signal: either, ...(body === undefined ? {} : { body }) });
      return { status: response.status, body: await jsonOf(response) };
    } catch (cause) {
      if (signal?.aborted === true) throw new CodedError('cancelled/by-caller', 'the caller aborted the call', { cause });
      if (timeout.aborted) throw interrupted(`the server has not answered within ${this.#timeoutMs + extraMs} ms`, cause);
      throw cause instanceof CodedError
        ? cause
        : interrupted('the server cannot be reached, or the connection ended early', cause);
    }
  }

  /** The response as it begins. Never follows a redirect: the token is for this server alone. */
  open(path: string, init: RequestInit): Promise<Response> {
    const headers = { accept: 'application/json', ...init.headers, authorization: `Bearer ${this.#token}` };
    return this.#fetch(new URL(path, this.#base), {
      ...init,
      headers,
      redirect: 'error',
      cache: 'no-store',
      credentials: 'omit',
    });
  }
}

/** @throws CodedError `usage/invalid-argument`. */
function baseOf(url: string | URL): URL {
  const base = parsedUrl(url);
  const isPlainHere = base.protocol === 'http:' && LOOPBACK.test(base.hostname);
  if (base.protocol !== 'https:' && !isPlainHere) {
    throw new CodedError(
      'usage/invalid-argument',
      '`url` is neither `https:` nor `http:` on this machine: the token would be readable on its way',
    );
  }
  if (base.username !== '' || base.password !== '' || base.search !== '' || base.hash !== '') {
    throw new CodedError(
      'usage/invalid-argument',
      '`url` has a user, a query or a fragment: it is an origin, with a path at most',
    );
  }
  if (!base.pathname.endsWith('/')) base.pathname += '/';
  return base;
}

function parsedUrl(url: string | URL): URL {
  try {
    return new URL(url);
  } catch {
    throw new CodedError('usage/invalid-argument', '`url` is not a URL');
  }
}

async function jsonOf(response: Response): Promise<unknown> {
  if (!JSON_TYPES.test(response.headers.get('content-type') ?? '')) {
    await response.body?.cancel();
    throw interrupted(`the answer is no JSON (status ${response.status}): is this a Cellblock server?`);
  }
  const bytes = await bytesOf(response);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw interrupted('the answer is no JSON, though it says so', cause);
  }
}

async function bytesOf({ body }: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body ?? []) {
    length += chunk.byteLength;
    if (length > ANSWER_BYTES_MAX) throw interrupted(`the answer has more than ${ANSWER_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}

/** What became of the request is not known. */
export function interrupted(message: string, cause?: unknown): CodedError {
  return new CodedError('failed/interrupted', message, {
    cause,
    help: 'whether a call ran is not known; with the same request id it runs once',
  });
}

/** A problem of the server (RFC 9457) as an error. */
export function problemError({ status, body }: Answer): CodedError {
  const problem: { readonly [name: string]: unknown } = typeof body === 'object' && body !== null ? { ...body } : {};
  const { code, detail, help, data } = problem;
  if (status === 401) return new CodedError('usage/invalid-argument', 'the server does not know the token');
  if (typeof code !== 'string' || typeof detail !== 'string') {
    // Such as a token of an operator, or a path that the server has not: its words say which.
    const words = typeof detail === 'string' && PLAIN.test(detail) ? `: ${detail}` : '';
    return interrupted(`the server answered with status ${status}${words}`);
  }
  // A newer server may have codes that this table has not.
  const known: Code = Object.hasOwn(CODES, code) ? (code as Code) : 'failed/interrupted';
  return new CodedError(known, detail, {
    ...(typeof help === 'string' ? { help } : {}),
    ...(typeof data === 'object' && data !== null ? { data: { ...data } } : {}),
  });
}
