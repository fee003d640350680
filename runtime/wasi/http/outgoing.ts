import type * as Http from '@bytecodealliance/preview2-shim/interfaces/wasi-http-types';
import { HostResource, hostRuleBroken, type WasiContext } from '../context.ts';
import { OutputStream } from '../io.ts';
import type { HttpClient } from './client.ts';
import type { ErrorCode } from './error-code.ts';
import type { RequestStart } from './exchange.ts';
import type { FieldList } from './field-list.ts';
import { Fields } from './fields.ts';
import { RequestBody } from './request-body.ts';
import { isAuthority, isPathWithQuery, isScheme, isToken } from './syntax.ts';

/** Characters of a method or scheme, of an authority, and of a path with its query: beyond them setting fails. */
const WORD_LENGTH_MAX = 64;
const AUTHORITY_LENGTH_MAX = 1024;
const PATH_LENGTH_MAX = 64 * 1024;

/** The `err` of a `result` without a payload. */
export const NO_PAYLOAD = undefined;

const SCHEMES = { HTTP: 'http', HTTPS: 'https' } as const;

/** `wasi:http/types` `outgoing-request`. */
export class OutgoingRequest extends HostResource implements Http.OutgoingRequest {
  readonly #client: HttpClient;
  readonly #headers: FieldList;
  #method: Http.Method = { tag: 'get' };
  #pathWithQuery: string | undefined;
  #scheme: Http.Scheme | undefined;
  #authority: string | undefined;
  #body: RequestBody | undefined;

  /** @param headers - held by this resource from now on. */
  constructor(context: WasiContext, client: HttpClient, headers: FieldList) {
    super(context);
    this.#client = client;
    this.#headers = headers;
  }

  body(): OutgoingBody {
    return this.call(() => {
      if (this.#body !== undefined) throw NO_PAYLOAD;
      this.#body = new RequestBody(this.#client.memory, declaredLength(this.#headers));
      return new OutgoingBody(this.context, this.#client, this.#body);
    });
  }

  method(): Http.Method {
    return this.call(() => this.#method);
  }

  setMethod(method: Http.Method): void {
    this.call(() => {
      if (method.tag === 'other') check(method.val, WORD_LENGTH_MAX, isToken);
      this.#method = method;
    });
  }

  pathWithQuery(): string | undefined {
    return this.call(() => this.#pathWithQuery);
  }

  setPathWithQuery(pathWithQuery: string | undefined): void {
    this.call(() => {
      if (pathWithQuery !== undefined) check(pathWithQuery, PATH_LENGTH_MAX, isPathWithQuery);
      this.#pathWithQuery = pathWithQuery;
    });
  }

  scheme(): Http.Scheme | undefined {
    return this.call(() => this.#scheme);
  }

  setScheme(scheme: Http.Scheme | undefined): void {
    this.call(() => {
      if (scheme?.tag === 'other') check(scheme.val, WORD_LENGTH_MAX, isScheme);
      this.#scheme = scheme;
    });
  }

  authority(): string | undefined {
    return this.call(() => this.#authority);
  }

  setAuthority(authority: string | undefined): void {
    this.call(() => {
      if (authority !== undefined) check(authority, AUTHORITY_LENGTH_MAX, isAuthority);
      this.#authority = authority;
    });
  }

  headers(): Fields {
    return this.call(() => new Fields(this.context, this.#headers.hold(), false));
  }

  protected override release(): void {
    this.#headers.letGo();
  }

  /**
   * For the host: what the request says, and its body where the guest took it. The caller ends the resource, and holds the headers.
   * Throws an `error-code` for a request that cannot be sent.
   */
  static take(request: OutgoingRequest): {
    readonly start: Omit<RequestStart, 'timeoutsMs'>;
    readonly body: RequestBody | undefined;
  } {
    const scheme = request.#scheme?.tag ?? 'HTTPS'; // as wasmtime has it
    if (scheme === 'other') throw { tag: 'HTTP-protocol-error' } satisfies ErrorCode;
    if (request.#authority === undefined) throw { tag: 'HTTP-request-URI-invalid' } satisfies ErrorCode;
    const path = request.#pathWithQuery ?? '';
    const url = `${SCHEMES[scheme]}://${request.#authority}${path.startsWith('/') ? '' : '/'}${path}`;
    const method = request.#method.tag === 'other' ? request.#method.val : request.#method.tag.toUpperCase();
    return { start: { method, url, headers: request.#headers.hold() }, body: request.#body };
  }
}

/** `wasi:http/types` `outgoing-body`: gives its stream once, and says when the body is complete. */
export class OutgoingBody extends HostResource implements Http.OutgoingBody {
  readonly #client: HttpClient;
  readonly #body: RequestBody;
  #streamTaken = false;

  constructor(context: WasiContext, client: HttpClient, body: RequestBody) {
    super(context);
    this.#client = client;
    this.#body = body;
  }

  write(): OutputStream {
    return this.call(() => {
      if (this.#streamTaken) throw NO_PAYLOAD;
      this.#streamTaken = true;
      this.#body.streamIsOpen = true;
      return new OutputStream(this.context, this.#body);
    });
  }

  /** @throws CodedError `trap/host-call` while the guest holds the stream. */
  static finish(body: OutgoingBody, trailers: Http.Trailers | undefined): void {
    body.call(() => {
      const hasTrailers = trailers !== undefined && countFields(trailers as Fields) > 0; // only made here
      const failure = hasTrailers ? NO_TRAILERS : body.#finish();
      body[Symbol.dispose]();
      if (failure !== undefined) throw failure;
    });
  }

  protected override release(): void {
    this.#client.quietly(() => {
      this.#checkStream();
      this.#body.drop(); // does nothing after it was finished
    });
  }

  #finish(): ErrorCode | undefined {
    this.#checkStream();
    return this.#body.finish();
  }

  /** Source: the text of `wasi:http/types`: dropping or finishing the body traps while its stream is there. */
  #checkStream(): void {
    if (this.#body.streamIsOpen) throw hostRuleBroken('ended a body before its stream');
  }
}

const NO_TRAILERS: ErrorCode = { tag: 'internal-error', val: 'trailers cannot be sent' };

function countFields(fields: Fields): number {
  const list = Fields.consume(fields);
  const count = list.fields.length;
  list.letGo();
  return count;
}

const NANOSECONDS_PER_MS = 1_000_000n;
const TIMEOUT_MS_MAX = 0xffff_ffffn;

/** `wasi:http/types` `request-options`; durations in nanoseconds. */
export class RequestOptions extends HostResource implements Http.RequestOptions {
  #connect: bigint | undefined;
  #firstByte: bigint | undefined;
  #betweenBytes: bigint | undefined;

  connectTimeout(): bigint | undefined {
    return this.call(() => this.#connect);
  }

  setConnectTimeout(duration: bigint | undefined): void {
    this.call(() => {
      this.#connect = duration;
    });
  }

  firstByteTimeout(): bigint | undefined {
    return this.call(() => this.#firstByte);
  }

  setFirstByteTimeout(duration: bigint | undefined): void {
    this.call(() => {
      this.#firstByte = duration;
    });
  }

  betweenBytesTimeout(): bigint | undefined {
    return this.call(() => this.#betweenBytes);
  }

  setBetweenBytesTimeout(duration: bigint | undefined): void {
    this.call(() => {
      this.#betweenBytes = duration;
    });
  }

  /** For the host: connect, first byte, between bytes; in milliseconds, rounded up. */
  static timeoutsMs(options: RequestOptions | undefined): readonly (number | undefined)[] {
    const durations = options === undefined ? [] : [options.#connect, options.#firstByte, options.#betweenBytes];
    return [0, 1, 2].map((at) => {
      const nanoseconds = durations[at];
      if (nanoseconds === undefined) return undefined;
      const ms = (nanoseconds + NANOSECONDS_PER_MS - 1n) / NANOSECONDS_PER_MS;
      return Number(ms < TIMEOUT_MS_MAX ? ms : TIMEOUT_MS_MAX);
    });
  }
}

/** `wasi:http/types` `outgoing-response`: there for guests that can also serve. Nobody takes one here. */
export class OutgoingResponse extends HostResource implements Http.OutgoingResponse {
  readonly #client: HttpClient;
  readonly #headers: FieldList;
  #status = 200;
  #body: RequestBody | undefined;

  /** @param headers - held by this resource from now on. */
  constructor(context: WasiContext, client: HttpClient, headers: FieldList) {
    super(context);
    this.#client = client;
    this.#headers = headers;
  }

  statusCode(): number {
    return this.call(() => this.#status);
  }

  setStatusCode(statusCode: number): void {
    this.call(() => {
      if (statusCode < 100 || statusCode > 999) throw NO_PAYLOAD;
      this.#status = statusCode;
    });
  }

  headers(): Fields {
    return this.call(() => new Fields(this.context, this.#headers.hold(), false));
  }

  body(): OutgoingBody {
    return this.call(() => {
      if (this.#body !== undefined) throw NO_PAYLOAD;
      this.#body = new RequestBody(this.#client.memory, declaredLength(this.#headers));
      return new OutgoingBody(this.context, this.#client, this.#body);
    });
  }

  protected override release(): void {
    this.#headers.letGo();
  }
}

function check(text: string, lengthMax: number, isValid: (text: string) => boolean): void {
  if (text.length > lengthMax || !isValid(text)) throw NO_PAYLOAD;
}

/** The `content-length` that all of a message's headers of that name agree on, where they do. */
function declaredLength(headers: FieldList): number | undefined {
  const values = headers.values('content-length').map((value) => new TextDecoder().decode(value));
  const [first] = values;
  return first !== undefined && /^\d{1,15}$/.test(first) && values.every((value) => value === first) ? Number(first) : undefined;
}
