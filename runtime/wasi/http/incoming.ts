import type * as Http from '@bytecodealliance/preview2-shim/interfaces/wasi-http-types';
import { HostResource, hostRuleBroken, type WasiContext } from '../context.ts';
import { InputStream, type WaitingSource } from '../io.ts';
import { Pollable } from '../poll.ts';
import type { Failure } from './client.ts';
import type { ErrorCode } from './error-code.ts';
import type { Exchange, Head } from './exchange.ts';
import { Fields } from './fields.ts';
import { NO_PAYLOAD } from './outgoing.ts';

/** A `result` inside of another value, in jco's shape. */
type Answer<Ok> = { readonly tag: 'ok'; readonly val: Ok } | { readonly tag: 'err'; readonly val: ErrorCode };
type Once<Ok> = { tag: 'ok'; val: Ok } | { tag: 'err'; val: undefined };

/** `wasi:http/types` `future-incoming-response`. */
export class FutureIncomingResponse extends HostResource implements Http.FutureIncomingResponse {
  readonly #exchange: Exchange;
  #taken = false;
  /** True once a response has the exchange. */
  #handedOver = false;

  constructor(context: WasiContext, exchange: Exchange) {
    super(context);
    this.#exchange = exchange;
  }

  subscribe(): Pollable {
    return this.call(() => new Pollable(this.context, { kind: 'event', event: this.#exchange.head }));
  }

  get(): Once<Answer<IncomingResponse>> | undefined {
    return this.call(() => {
      if (this.#taken) return { tag: 'err', val: NO_PAYLOAD };
      const { head, client } = this.#exchange;
      if (!head.happened()) client.wait([head], 0);
      if (!head.happened()) return undefined;
      this.#taken = true;
      return { tag: 'ok', val: this.#take() };
    });
  }

  protected override release(): void {
    if (!this.#handedOver) this.#exchange.client.quietly(() => this.#exchange.end());
  }

  #take(): Answer<IncomingResponse> {
    const head = this.#exchange.takeHead();
    if ('errorCode' in head) return { tag: 'err', val: head.errorCode };
    this.#handedOver = true;
    return { tag: 'ok', val: new IncomingResponse(this.context, this.#exchange, head) };
  }
}

/** `wasi:http/types` `incoming-response`. */
export class IncomingResponse extends HostResource implements Http.IncomingResponse {
  readonly #exchange: Exchange;
  readonly #head: Head;
  #consumed = false;

  /** @param head - whose headers are held by this resource from now on. */
  constructor(context: WasiContext, exchange: Exchange, head: Head) {
    super(context);
    this.#exchange = exchange;
    this.#head = head;
  }

  status(): number {
    return this.call(() => this.#head.status);
  }

  headers(): Fields {
    return this.call(() => new Fields(this.context, this.#head.headers.hold(), false));
  }

  consume(): IncomingBody {
    return this.call(() => {
      if (this.#consumed) throw NO_PAYLOAD;
      this.#consumed = true;
      return new IncomingBody(this.context, this.#exchange);
    });
  }

  protected override release(): void {
    this.#head.headers.letGo();
    if (!this.#consumed) this.#exchange.client.quietly(() => this.#exchange.end());
  }
}

/** `wasi:http/types` `incoming-body`: gives its stream once. What was not read when it and its stream are gone is not fetched. */
export class IncomingBody extends HostResource implements Http.IncomingBody {
  readonly #exchange: Exchange;
  #source: BodySource | undefined;

  constructor(context: WasiContext, exchange: Exchange) {
    super(context);
    this.#exchange = exchange;
  }

  stream(): InputStream {
    return this.call(() => {
      if (this.#source !== undefined) throw NO_PAYLOAD;
      this.#source = new BodySource(this.#exchange);
      return new InputStream(this.context, this.#source);
    });
  }

  /** @throws CodedError `trap/host-call` while the guest holds the stream. */
  static finish(body: IncomingBody): FutureTrailers {
    return body.call(() => {
      if (body.#source?.isOpen === true) throw hostRuleBroken('finished a body before its stream');
      const { failure } = body.#exchange;
      body[Symbol.dispose]();
      return new FutureTrailers(body.context, failure);
    });
  }

  protected override release(): void {
    if (this.#source?.isOpen === true) this.#source.isLast = true;
    else this.#exchange.client.quietly(() => this.#exchange.end());
  }
}

/** What the stream of a response's body reads. */
class BodySource implements WaitingSource {
  readonly #exchange: Exchange;
  isOpen = true;
  /** The body itself is gone. */
  isLast = false;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  read(bytesMax: number): Uint8Array | undefined {
    return this.#exchange.read(bytesMax);
  }

  block(): void {
    this.#exchange.block();
  }

  readiness() {
    return { kind: 'event', event: this.#exchange.body } as const;
  }

  close(): void {
    this.isOpen = false;
    if (this.isLast) this.#exchange.client.quietly(() => this.#exchange.end());
  }
}

/** `wasi:http/types` `future-trailers`. The trusted side passes no trailers on: what is told is whether the body came well. */
export class FutureTrailers extends HostResource implements Http.FutureTrailers {
  readonly #failure: Failure | undefined;
  #taken = false;

  constructor(context: WasiContext, failure: Failure | undefined) {
    super(context);
    this.#failure = failure;
  }

  subscribe(): Pollable {
    return this.call(() => new Pollable(this.context, { kind: 'ready' }));
  }

  get(): Once<Answer<Fields | undefined>> {
    return this.call(() => {
      if (this.#taken) return { tag: 'err', val: NO_PAYLOAD };
      this.#taken = true;
      const failure = this.#failure;
      return { tag: 'ok', val: failure === undefined ? { tag: 'ok', val: undefined } : { tag: 'err', val: failure.errorCode } };
    });
  }
}

/** `wasi:http/types` `incoming-request`: a type that must be there; none is ever made. */
export class IncomingRequest extends HostResource implements Http.IncomingRequest {
  method(): Http.Method {
    throw notServed();
  }

  pathWithQuery(): string | undefined {
    throw notServed();
  }

  scheme(): Http.Scheme | undefined {
    throw notServed();
  }

  authority(): string | undefined {
    throw notServed();
  }

  headers(): Fields {
    throw notServed();
  }

  consume(): IncomingBody {
    throw notServed();
  }
}

/** `wasi:http/types` `response-outparam`: a type that must be there; none is ever made. */
export class ResponseOutparam extends HostResource implements Http.ResponseOutparam {
  static set(): void {
    throw notServed();
  }
}

function notServed(): Error {
  return hostRuleBroken('used a request that nobody gave it');
}
