import { PassThrough } from 'node:stream';
import type { Dispatcher } from 'undici';
import { CodedError } from '../../../runtime/index.ts';
import type { BodyReader } from './body-reader.ts';
import type { Network } from './connections.ts';
import { type AllowingRules, type Caps, capsOf, type Header, type Hop, leastOf, type Refusal } from './decide.ts';
import { denied, ExchangeError, failureOf, type HttpFailure, timedOut, tooLarge } from './failure.ts';
import { HOP_HEADERS, headerFault } from './header-names.ts';
import { Listeners } from './listeners.ts';
import { redirectOf } from './redirect.ts';
import { openBody } from './response-body.ts';
import { formsOfSecrets, holdsSecret, withoutSecrets } from './secret-filter.ts';
import { shownUrl } from './target.ts';

/** What an exchange needs from its call. */
export interface ExchangeHost {
  judge(hop: Hop): AllowingRules | Refusal;
  readonly connections: Network;
  /** @throws CodedError `capability/unavailable`. */
  secret(name: string): string;
  /** Hears of each hop once, when it is over. */
  note(act: string, result: string, sizes: { readonly sent: number; readonly received: number }): void;
}

export interface ExchangeRequest extends Hop {
  /** Absent: none. `streamed`: it comes by `send`. */
  readonly body?: Uint8Array | 'streamed';
  /** The length that the guest says a streamed body has, in digits. */
  readonly contentLength?: string;
  readonly firstByteMsMax?: number;
  readonly betweenBytesMsMax?: number;
}

export interface ResponseHead {
  readonly status: number;
  readonly headers: readonly Header[];
}

/** Bytes of a body that wait here: enough for one crossing of the bridge. */
const WINDOW_BYTES = 1024 * 1024;

/**
 * One request with its redirects and its response. It begins at once; every error is kept for who asks for the response.
 *
 * Ownership: whoever made it calls `end`; then it lets go of its connection.
 */
export class Exchange {
  readonly #host: ExchangeHost;
  readonly #startedMs = performance.now();
  readonly #abort = new AbortController();
  /** Of all hops so far, the least. */
  #caps: Caps;
  #timer: NodeJS.Timeout | undefined;
  /** Values of secrets that were sent, by whatever hop: none may come back. */
  readonly #secrets = new Set<string>();
  readonly #upload: PassThrough | undefined;
  readonly #head: Promise<ResponseHead>;
  #hop: Hop;
  #result = 'no response';
  #sent = 0;
  #reader: BodyReader | undefined;
  #isSettled = false;
  #isOver = false;
  #isComplete = false;
  readonly #settling = new Listeners();

  /** @param rules - that allow the request. */
  constructor(host: ExchangeHost, request: ExchangeRequest, rules: AllowingRules) {
    this.#host = host;
    this.#hop = request;
    this.#caps = capsOf(rules);
    this.#upload = request.body === 'streamed' ? new PassThrough({ highWaterMark: WINDOW_BYTES }) : undefined;
    this.#upload?.on('error', () => undefined); // told by the response
    this.#setTimer();
    this.#head = this.#run(request, rules);
    this.#head
      .catch((error: unknown) => this.#finish(resultOf(error)))
      .finally(() => {
        this.#isSettled = true;
        this.#settling.wake();
      });
  }

  /** True once it needs no connection any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Whether `head`, or after it `read`, would answer at once. */
  isReady(hasHead: boolean): boolean {
    return hasHead ? this.#reader === undefined || this.#reader.isReady : this.#isSettled;
  }

  /** Calls once when `isReady` may have changed. @returns takes it back. */
  listen(hasHead: boolean, changed: () => void): () => void {
    return hasHead && this.#reader !== undefined ? this.#reader.listen(changed) : this.#settling.add(changed);
  }

  /** @throws ExchangeError, CodedError. */
  async head(): Promise<ResponseHead> {
    return this.#told(this.#head);
  }

  /** 1 to `max` bytes of the body; undefined at its end. @throws as `head`. */
  async read(max: number): Promise<Uint8Array | undefined> {
    await this.#told(this.#head);
    try {
      const bytes = await this.#told(this.#reader!.read(max));
      if (bytes === undefined) {
        this.#isComplete = true;
        this.#finish(this.#result);
      }
      return bytes;
    } catch (error) {
      this.#finish(resultOf(error));
      throw error;
    }
  }

  /** One piece of a streamed body, once the server takes it. @throws as `head`. */
  async send(bytes: Uint8Array, last: boolean): Promise<void> {
    const upload = this.#upload;
    if (upload === undefined)
      throw new ExchangeError({ kind: 'invalid', code: 'HTTP-protocol-error', message: 'there is no body' });
    if (upload.writableEnded)
      throw new ExchangeError({ kind: 'invalid', code: 'HTTP-protocol-error', message: 'the body has ended' });
    this.#sent += bytes.length;
    if (this.#sent > this.#caps.requestBytes) {
      const failure = tooLarge('request', this.#caps.requestBytes);
      this.#abort.abort(new ExchangeError(failure));
      throw new ExchangeError(failure);
    }
    // The exchange failed, or the server answered and let go. One that answered early may go on to read.
    if (this.#isOver || upload.destroyed) return;
    const isFull = bytes.length > 0 && !upload.write(bytes);
    if (last) upload.end();
    else if (isFull) await roomIn(upload);
  }

  /** Lets go of everything. Never throws. */
  end(): void {
    this.#finish(this.#result);
    this.#upload?.destroy();
    if (this.#isComplete) return; // to abort would cost the connection, which others can use
    this.#abort.abort(
      new ExchangeError({ kind: 'unreachable', code: 'connection-terminated', message: 'the exchange was ended' }),
    );
  }

  async #run(request: ExchangeRequest, first: AllowingRules): Promise<ResponseHead> {
    let rules = first;
    let body = request.body;
    let hop: Hop = request;
    for (let followed = 0; ; followed++) {
      const response = await this.#once(hop, rules, body, request);
      const headers = headersOf(response);
      const next = capsOf(rules).redirects === 0 ? undefined : redirectOf(response.statusCode, headers, hop);
      const isStuck = typeof next === 'object' && next.keepsBody && body === 'streamed'; // what was sent is gone
      if (next === undefined || isStuck) return this.#open(response, headers, hop);
      response.body.on('error', () => undefined).destroy();
      this.#note(hop, String(response.statusCode));
      if (typeof next === 'string') throw new ExchangeError(denied(next));
      if (followed >= this.#caps.redirects) {
        const message = `there are more than ${this.#caps.redirects} redirects`;
        throw new ExchangeError({ kind: 'too-many-redirects', code: 'loop-detected', message });
      }
      if (holdsSecret(next.target.url.href, this.#forms())) {
        throw new ExchangeError(denied('the redirect has a secret in its URL, which would be seen'));
      }
      this.#hop = hop = next;
      if (!next.keepsBody) body = undefined;
      const judged = this.#host.judge(hop);
      if ('denied' in judged)
        throw new ExchangeError(denied(`the redirect to ${hop.target.url.origin} is not allowed: ${judged.denied}`));
      rules = judged;
      this.#caps = leastOf(this.#caps, capsOf(rules));
      this.#setTimer();
    }
  }

  async #once(
    hop: Hop,
    rules: AllowingRules,
    body: ExchangeRequest['body'],
    request: ExchangeRequest,
  ): Promise<Dispatcher.ResponseData> {
    const { url } = hop.target;
    const { timeoutMs, requestBytes } = this.#caps;
    if (body instanceof Uint8Array) {
      if (body.length > requestBytes) throw new ExchangeError(tooLarge('request', requestBytes));
      this.#sent = body.length;
    }
    const length = body === 'streamed' && request.contentLength !== undefined ? ['content-length', request.contentLength] : [];
    const response = this.#host.connections.for(rules).request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method: hop.method as Dispatcher.HttpMethod, // any token is one
      headers: [...hop.headers, ...this.#secretHeaders(rules)].flat().concat(length),
      body: body === 'streamed' ? this.#upload! : (body ?? null),
      signal: this.#abort.signal,
      headersTimeout: Math.min(timeoutMs, request.firstByteMsMax ?? Infinity),
      bodyTimeout: Math.min(timeoutMs, request.betweenBytesMsMax ?? Infinity),
      responseHeaders: 'raw',
      highWaterMark: WINDOW_BYTES,
    });
    return response;
  }

  /** Only the tool's own rule gives secrets. */
  #secretHeaders([own]: AllowingRules): readonly Header[] {
    return Object.entries(own.secrets).map(([name, { secret, prefix }]) => {
      const own = this.#host.secret(secret);
      this.#secrets.add(own);
      const value = `${prefix}${own}`;
      if (headerFault(name, value) === undefined) return [name, value] as const;
      throw new CodedError('capability/unavailable', `the secret \`${secret}\` has characters that no header may have`);
    });
  }

  #forms(): readonly Buffer[] {
    return formsOfSecrets([...this.#secrets]);
  }

  /** For the whole exchange, whichever hop it is at. */
  #setTimer(): void {
    clearTimeout(this.#timer);
    const leftMs = this.#startedMs + this.#caps.timeoutMs - performance.now();
    this.#timer = setTimeout(() => this.#abort.abort(new ExchangeError(timedOut())), Math.max(0, leftMs));
  }

  #open(response: Dispatcher.ResponseData, headers: readonly Header[], { method }: Hop): ResponseHead {
    const { statusCode: status, body: raw } = response;
    const forms = this.#forms();
    const isEmpty = method === 'HEAD' || status === 204 || status === 304;
    this.#abort.signal.addEventListener('abort', () => raw.destroy(this.#abort.signal.reason as Error), { once: true });
    try {
      const opened = openBody(raw, headers, this.#caps, forms, isEmpty);
      this.#reader = opened.reader;
      this.#result = String(status);
      return { status, headers: opened.headers.map(([name, value]) => [name, clean(value, forms)] as const) };
    } catch (error) {
      raw.on('error', () => undefined).destroy();
      throw error;
    }
  }

  /** What the exchange was aborted for says more than the error that came of it. */
  async #told<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (error instanceof CodedError) throw error;
      const { reason } = this.#abort.signal as { readonly reason: unknown };
      throw reason instanceof ExchangeError ? reason : new ExchangeError(failureOf(error));
    }
  }

  #finish(result: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#note(this.#hop, this.#abort.signal.reason instanceof ExchangeError ? resultOf(this.#abort.signal.reason) : result);
  }

  #note(hop: Hop, result: string): void {
    this.#host.note(`${hop.method} ${shownUrl(hop.target)}`, result, { sent: this.#sent, received: this.#reader?.bytes ?? 0 });
  }
}

/** Resolves when a stream takes more, or never will. */
function roomIn(upload: PassThrough): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      upload.off('drain', done).off('close', done);
      resolve();
    };
    upload.on('drain', done).on('close', done);
  });
}

/** @throws ExchangeError for a body that is packed in another way than in chunks: nobody would unpack it, and it could hide a secret. */
function headersOf({ headers: raw, body }: Dispatcher.ResponseData): readonly Header[] {
  const flat = raw as unknown as readonly string[]; // `responseHeaders: 'raw'`
  const headers: Header[] = [];
  for (let at = 0; at + 1 < flat.length; at += 2) {
    const name = flat[at]!.toLowerCase();
    if (name === 'transfer-encoding' && flat[at + 1]!.trim().toLowerCase() !== 'chunked') {
      body.on('error', () => undefined).destroy();
      throw new ExchangeError({
        kind: 'unreachable',
        code: 'HTTP-response-transfer-coding',
        message: 'the response is packed in a way that is not supported here',
      });
    }
    if (!HOP_HEADERS.has(name)) headers.push([name, flat[at + 1]!]);
  }
  return headers;
}

function clean(value: string, forms: readonly Buffer[]): string {
  return forms.length === 0 ? value : withoutSecrets(Buffer.from(value, 'latin1'), forms).toString('latin1');
}

function resultOf(error: unknown): string {
  const failure: HttpFailure | undefined = error instanceof CodedError ? undefined : failureOf(error);
  if (failure === undefined) return 'failed: unavailable';
  return `${failure.kind === 'denied' ? 'denied' : 'failed'}: ${failure.message}`;
}
