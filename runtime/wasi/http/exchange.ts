import { StreamFailure } from '../io.ts';
import type { ExchangeEvent, Failure, HttpClient } from './client.ts';
import { errorCodeOf, type HttpFailure } from './error-code.ts';
import { FIELDS_BYTES_MAX, FieldList, fieldBytes } from './field-list.ts';
import type { RequestBody } from './request-body.ts';
import { isForbiddenHeader } from './syntax.ts';

/** The start of a response. */
export interface Head {
  readonly status: number;
  readonly headers: FieldList;
}

/** What `http.start` wants, but for whether there is a body. */
export interface RequestStart {
  readonly method: string;
  readonly url: string;
  /** Held by the exchange until it starts. */
  readonly headers: FieldList;
  /** Milliseconds: connect, first byte, between bytes. */
  readonly timeoutsMs: readonly (number | undefined)[];
}

const NOTHING: Uint8Array = new Uint8Array(0);

/**
 * One request and its response, as far as this side knows of them.
 *
 * It starts on the trusted side as late as it can: whether there is a body is known when the guest has written or finished it, and
 * many guests make an empty one for a request that has none.
 */
export class Exchange {
  readonly head: ExchangeEvent;
  readonly body: ExchangeEvent;
  readonly client: HttpClient;
  readonly #request: RequestStart;
  readonly #requestBody: RequestBody | undefined;
  #id: number | undefined;
  #state: 'new' | 'started' | 'ended' = 'new';
  /** Final: there is nothing to come any more. */
  #failure: Failure | undefined;
  #head: Head | undefined;
  #headTaken = false;
  /** The trusted side said that asking it would not block. */
  #news = false;
  #chunk = NOTHING;
  #atEnd = false;
  #lastSent = false;

  constructor(client: HttpClient, request: RequestStart, requestBody: RequestBody | undefined) {
    this.client = client;
    this.#request = request;
    this.#requestBody = requestBody;
    const asker = () => client;
    this.head = {
      exchange: this,
      asker,
      happened: () => this.#known || this.#head !== undefined,
      settle: () => void this.#fetchHead(),
    };
    this.body = { exchange: this, asker, happened: () => this.#known || this.#hasBody, settle: () => this.#fetch() };
  }

  /** By which the trusted side knows it; undefined before it has started. */
  get id(): number | undefined {
    return this.#id;
  }

  get failure(): Failure | undefined {
    return this.#failure;
  }

  get #known(): boolean {
    return this.#news || this.#failure !== undefined || this.#state === 'ended';
  }

  get #hasBody(): boolean {
    return this.#chunk.length > 0 || this.#atEnd;
  }

  /** Begins it on the trusted side, unless it has begun. A refusal becomes its failure. */
  start(): void {
    if (this.#state !== 'new') return;
    this.#state = 'started';
    const { method, url, headers, timeoutsMs } = this.#request;
    const fields = headers.fields.map(({ lowerName, value }) => [lowerName, value]);
    headers.letGo();
    const hasBody = this.#requestBody?.hasBytes === true;
    this.#lastSent = !hasBody;
    const timeouts = timeoutsMs.map((ms) => (ms === undefined ? null : { some: ms }));
    const answer = this.client.ask('http.start', [method, url, fields, hasBody, ...timeouts]);
    if (answer.failure !== undefined) this.#fail(answer.failure);
    else this.#id = answer.ok as number;
  }

  /** Sends what waits of the request's body, and its end once the guest has finished it. */
  send(): void {
    const body = this.#requestBody;
    if (body === undefined) return;
    this.start();
    while (!this.#lastSent && this.#id !== undefined && this.#state === 'started' && body.failure === undefined) {
      const bytes = body.take(this.client.chunkBytesMax);
      const last = body.isFinished && body.waiting === 0;
      if (bytes.length === 0 && !last) return;
      const answer = this.client.ask('http.send', [this.#id, bytes, last]);
      this.#lastSent = last;
      if (answer.failure !== undefined) body.fail(failureOf(answer.failure)); // the response may say more
    }
    if (body.isFinished || body.failure !== undefined || this.#id === undefined) this.client.stopSending(this);
  }

  /** The head of the response, or why there is none; blocks. The caller holds the headers. Once. */
  takeHead(): Head | Failure {
    this.client.sendAll();
    const head = this.#failure ?? this.#fetchHead();
    this.#headTaken = true;
    return head;
  }

  /** Up to `bytesMax` bytes of the response's body: none when they are not here yet, undefined at the end. @throws StreamFailure */
  read(bytesMax: number): Uint8Array | undefined {
    if (bytesMax > 0 && !this.body.happened()) this.client.wait([this.body], 0);
    if (bytesMax > 0 && !this.#hasBody && this.body.happened()) this.#fetch();
    if (this.#chunk.length > 0) {
      const bytes = this.#chunk.subarray(0, bytesMax); // no copy: bindings make one, into the guest's memory
      this.#chunk = this.#chunk.subarray(bytes.length);
      return bytes;
    }
    if (this.#failure !== undefined) throw streamFailure(this.#failure);
    return this.#atEnd || this.#state === 'ended' ? undefined : NOTHING;
  }

  /** Waits until `read` has something to say. */
  block(): void {
    if (!this.body.happened()) this.client.wait([this.body], undefined);
  }

  /** The body that the guest was writing will never be whole: what was sent is no request. */
  abort(failure: Failure): void {
    this.#failure ??= failure;
    this.end();
  }

  /** Lets go of it, whatever has come. */
  end(): void {
    if (this.#state === 'ended') return;
    if (this.#state === 'new') this.#request.headers.letGo();
    this.#state = 'ended';
    this.#chunk = NOTHING;
    if (!this.#headTaken) this.#head?.headers.letGo();
    this.client.stopSending(this);
    this.#requestBody?.abandon();
    if (this.#id !== undefined) this.client.call('http.end', [this.#id]);
  }

  /** Told by the trusted side. */
  hasNews(): void {
    this.#news = true;
  }

  #fetchHead(): Head | Failure {
    this.start();
    if (this.#head !== undefined) return this.#head;
    if (this.#failure !== undefined) return this.#failure;
    if (this.#id === undefined || this.#state === 'ended') return this.#fail(GONE);
    this.#news = false;
    const answer = this.client.ask('http.head', [this.#id]);
    if (answer.failure !== undefined) return this.#fail(answer.failure);
    const { status, headers } = answer.ok as { status: number; headers: readonly (readonly [string, Uint8Array])[] };
    const list = this.#listOf(headers);
    if (list === undefined)
      return this.#fail({ code: 'HTTP-response-header-section-size', message: 'the headers are too large' });
    this.#head = { status, headers: list };
    return this.#head;
  }

  /** Reads ahead. */
  #fetch(): void {
    if (this.#failure !== undefined || this.#id === undefined || this.#state === 'ended') return;
    this.client.sendAll();
    this.#news = false;
    const answer = this.client.ask('http.read', [this.#id, this.client.chunkBytesMax]);
    if (answer.failure !== undefined) {
      this.#fail(answer.failure);
      return;
    }
    const chunk = answer.ok as { some: Uint8Array } | null;
    if (chunk === null) this.#atEnd = true;
    else this.#chunk = chunk.some;
  }

  /** Without the headers of the connection, so that a copy of them can be sent again. Undefined where they are too many. */
  #listOf(headers: readonly (readonly [string, Uint8Array])[]): FieldList | undefined {
    const kept = headers.filter(([name]) => !isForbiddenHeader(name.toLowerCase()));
    if (kept.reduce((sum, [name, value]) => sum + fieldBytes(name, value), 0) > FIELDS_BYTES_MAX) return undefined;
    const list = new FieldList(this.client.memory);
    for (const [name, value] of kept) list.append(name, value);
    return list;
  }

  #fail(failure: HttpFailure): Failure {
    this.#failure ??= failureOf(failure);
    this.#requestBody?.fail(this.#failure); // else the guest would go on writing what nobody takes
    return this.#failure;
  }
}

const GONE: HttpFailure = { code: 'HTTP-protocol-error', message: 'the exchange has ended' };

export function failureOf({ code, message }: HttpFailure): Failure {
  return { code, message, errorCode: errorCodeOf({ code, message }) };
}

/** As streams tell it; `http-error-code` finds the code again. */
export function streamFailure({ code, message, errorCode }: Failure): StreamFailure {
  return new StreamFailure(`${code}: ${message}`, new HttpErrorDetail(errorCode));
}

/** What the `error` of a stream of HTTP carries. */
export class HttpErrorDetail {
  readonly errorCode: Failure['errorCode'];

  constructor(errorCode: Failure['errorCode']) {
    this.errorCode = errorCode;
  }
}
