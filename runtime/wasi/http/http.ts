import type * as Handler from '@bytecodealliance/preview2-shim/interfaces/wasi-http-outgoing-handler';
import type * as Http from '@bytecodealliance/preview2-shim/interfaces/wasi-http-types';
import type { Conforms } from '../conform.ts';
import type { WasiContext } from '../context.ts';
import { IoError } from '../io.ts';
import { type HttpBack, HttpClient } from './client.ts';
import { Exchange, HttpErrorDetail } from './exchange.ts';
import { FieldList } from './field-list.ts';
import { Fields } from './fields.ts';
import {
  FutureIncomingResponse,
  FutureTrailers,
  IncomingBody,
  IncomingRequest,
  IncomingResponse,
  ResponseOutparam,
} from './incoming.ts';
import { OutgoingBody, OutgoingRequest, OutgoingResponse, RequestOptions } from './outgoing.ts';

/**
 * `wasi:http/types` and `wasi:http/outgoing-handler` of one call, in the form that bindings import, over the trusted side's `http.*`
 * functions. What may be asked for is decided there; a refusal is an `error-code`.
 *
 * @param hostCallBytesMax - limit of one crossing's arguments and of its answer, in bytes.
 */
export function http(context: WasiContext, back: HttpBack, hostCallBytesMax: number) {
  const client = new HttpClient(context, back, hostCallBytesMax);
  return { 'wasi:http/types': types(context, client), 'wasi:http/outgoing-handler': outgoingHandler(context, client) };
}

function types(context: WasiContext, client: HttpClient) {
  const made = <T>(make: () => T) => context.call(make);
  const list = () => new FieldList(client.memory);
  return {
    Fields: bound(Fields, () => made(() => new Fields(context, list(), true)), {
      fromList: (entries: [string, Uint8Array][]) => made(() => Fields.fromEntries(context, list(), entries)),
    }),
    FutureIncomingResponse,
    FutureTrailers,
    IncomingBody,
    IncomingRequest,
    IncomingResponse,
    OutgoingBody,
    OutgoingRequest: bound(OutgoingRequest, (headers: Fields) =>
      made(() => new OutgoingRequest(context, client, Fields.consume(headers))),
    ),
    OutgoingResponse: bound(OutgoingResponse, (headers: Fields) =>
      made(() => new OutgoingResponse(context, client, Fields.consume(headers))),
    ),
    RequestOptions: bound(RequestOptions, () => made(() => new RequestOptions(context))),
    ResponseOutparam,
    httpErrorCode: (error: Http.IoError) =>
      context.call(() => {
        const detail = IoError.detailOf(error as IoError); // bindings pass only what this folder made
        return detail instanceof HttpErrorDetail ? detail.errorCode : undefined;
      }),
  } satisfies Conforms<typeof Http>;
}

function outgoingHandler(context: WasiContext, client: HttpClient) {
  const handle = (request: OutgoingRequest, options: RequestOptions | undefined): FutureIncomingResponse => {
    const timeoutsMs = RequestOptions.timeoutsMs(options);
    const { start, body } = OutgoingRequest.take(request);
    const exchange = new Exchange(client, { ...start, timeoutsMs }, body);
    if (body === undefined) exchange.start();
    else {
      client.startSending(exchange);
      body.attach(exchange);
    }
    const { failure } = exchange;
    if (failure === undefined) return new FutureIncomingResponse(context, exchange);
    exchange.end();
    throw failure.errorCode;
  };
  return {
    // The guest gave both away; bindings pass only what this folder made.
    handle: (request: Http.OutgoingRequest, options: Http.RequestOptions | undefined) =>
      context.call(() => {
        try {
          return handle(request as OutgoingRequest, options as RequestOptions | undefined);
        } finally {
          (request as OutgoingRequest)[Symbol.dispose]();
          (options as RequestOptions | undefined)?.[Symbol.dispose]();
        }
      }),
  } satisfies Conforms<typeof Handler>;
}

/**
 * A class of resources as the guests of one call construct it, who know nothing of the call. Objects of the class itself are
 * instances of it too: bindings look.
 *
 * @param statics - static members of it for this call.
 */
function bound<Resource extends object, Args extends unknown[]>(
  base: { readonly prototype: Resource },
  make: (...args: Args) => Resource,
  statics: Readonly<Record<string, unknown>> = {},
): { new (...args: Args): Resource; readonly prototype: Resource } {
  return new Proxy(base, {
    construct: (_base, args) => make(...(args as Args)), // as the signature says
    get: (target, key) => (typeof key === 'string' && Object.hasOwn(statics, key) ? statics[key] : Reflect.get(target, key)),
  }) as never; // constructs what `make` makes
}
