import type * as Handler from '@bytecodealliance/preview2-shim/interfaces/wasi-http-outgoing-handler';
import type * as Http from '@bytecodealliance/preview2-shim/interfaces/wasi-http-types';
import type * as IoError from '@bytecodealliance/preview2-shim/interfaces/wasi-io-error';
import type * as Streams from '@bytecodealliance/preview2-shim/interfaces/wasi-io-streams';
import type { WitValue } from '../../../../runtime/value/index.ts';
import type { CallBack } from '../../../../runtime/wasi/back.ts';
import type { WasiOptions } from '../../../../runtime/wasi/closed-wasi.ts';
import { type GuestView, openWasi, text, utf8 } from '../guest-side.ts';

export interface Failure {
  readonly code: string;
  readonly message: string;
}

/** What the far end does with one request. */
export interface Script {
  readonly refusal?: Failure;
  readonly status?: number;
  readonly headers?: readonly (readonly [string, string])[];
  readonly headFailure?: Failure;
  /** Pieces of the body, each given by one read or more. */
  readonly body?: readonly Uint8Array[];
  /** After the pieces, instead of the end. */
  readonly readFailure?: Failure;
  readonly sendFailure?: Failure;
  /** Milliseconds of waiting after which the head comes, or the next piece; 0 where it is left out, never for null. */
  readonly afterMs?: number | null;
}

/** One request as it came. */
export class Seen {
  readonly script: Script;
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly hasBody: boolean;
  readonly timeoutsMs: readonly (number | undefined)[];
  readonly sent: Uint8Array[] = [];
  complete = false;
  ended = 0;
  readonly pieces: Uint8Array[];

  constructor(script: Script, args: readonly WitValue[]) {
    const [method, url, headers, hasBody, ...timeouts] = args as [string, string, [string, Uint8Array][], boolean, ...WitValue[]];
    this.script = script;
    this.method = method;
    this.url = url;
    this.headers = headers.map(([name, value]) => [name, text(value)]);
    this.hasBody = hasBody;
    this.timeoutsMs = timeouts.map((timeout) => (timeout === null ? undefined : (timeout as { some: number }).some));
    this.pieces = [...(script.body ?? [])];
  }

  get body(): string {
    return this.sent.map(text).join('');
  }
}

/** The trusted side of HTTP, in memory, on the far end of `back`. Notes each crossing. */
export class FakePeer {
  readonly crossings: string[] = [];
  readonly waits: (number | undefined)[] = [];
  readonly seen: Seen[] = [];
  readonly #script: (url: string) => Script;

  constructor(script: Script | ((url: string) => Script) = {}) {
    this.#script = typeof script === 'function' ? script : () => script;
  }

  readonly back: CallBack = (name, args) => {
    this.crossings.push(name);
    switch (name) {
      case 'http.start':
        return this.#start(args);
      case 'http.send':
        return this.#send(args as [number, Uint8Array, boolean]);
      case 'http.wait':
        return this.#wait(args as [number[], { some: number } | null]);
      case 'http.head':
        return this.#head(this.#at(args[0]));
      case 'http.read':
        return this.#read(this.#at(args[0]), args[1] as number);
      case 'http.end':
        this.#at(args[0]).ended += 1;
        return undefined;
      default:
        throw new Error(`nothing serves ${name}`);
    }
  };

  #start(args: readonly WitValue[]): WitValue {
    const seen = new Seen(this.#script(args[1] as string), args);
    const { refusal } = seen.script;
    if (refusal !== undefined) return { err: { ...refusal } };
    this.seen.push(seen);
    return { ok: this.seen.length + 99 };
  }

  #send([id, bytes, last]: [number, Uint8Array, boolean]): WitValue {
    const seen = this.#at(id);
    if (seen.complete) throw new Error('sent after the end');
    const { sendFailure } = seen.script;
    if (sendFailure !== undefined) return { err: { ...sendFailure } };
    seen.sent.push(bytes.slice());
    seen.complete = last;
    return { ok: null };
  }

  #wait([ids, timeout]: [number[], { some: number } | null]): WitValue {
    this.waits.push(timeout?.some);
    const after = ids
      .map((id) => this.#at(id).script.afterMs)
      .map((ms) => (ms === undefined ? 0 : (ms ?? Number.POSITIVE_INFINITY)));
    const soonest = Math.min(...after);
    if (soonest > (timeout?.some ?? Number.MAX_VALUE)) return [];
    return after.flatMap((ms, index) => (ms === soonest ? [index] : []));
  }

  #head({ script }: Seen): WitValue {
    if (script.headFailure !== undefined) return { err: { ...script.headFailure } };
    return { ok: { status: script.status ?? 200, headers: (script.headers ?? []).map(([name, value]) => [name, utf8(value)]) } };
  }

  #read({ pieces, script }: Seen, max: number): WitValue {
    const piece = pieces.shift();
    if (piece === undefined) return script.readFailure === undefined ? { ok: null } : { err: { ...script.readFailure } };
    if (piece.length > max) pieces.unshift(piece.subarray(max));
    return { ok: { some: piece.slice(0, max) } };
  }

  #at(id: WitValue | undefined): Seen {
    const seen = this.seen[(id as number) - 100];
    if (seen === undefined || seen.ended > 0) throw new Error(`no exchange ${String(id)}`);
    return seen;
  }
}

export type HttpView = GuestView & {
  'wasi:http/types': typeof Http;
  'wasi:http/outgoing-handler': typeof Handler;
};

/** A call's WASI with HTTP over a peer. */
export function openHttp(peer: FakePeer, options: Partial<WasiOptions> = {}) {
  const { wasi, guest } = openWasi({ http: true, back: peer.back, ...options });
  return { wasi, guest: guest as HttpView, types: (guest as HttpView)['wasi:http/types'] };
}

/** A GET of `http://peer.test/path`, or of what `change` makes of it. */
export function requestOf(
  guest: HttpView,
  change: (request: Http.OutgoingRequest) => void = () => undefined,
): Http.OutgoingRequest {
  const { Fields, OutgoingRequest } = guest['wasi:http/types'];
  const request = new OutgoingRequest(new Fields());
  request.setScheme({ tag: 'HTTP' });
  request.setAuthority('peer.test');
  request.setPathWithQuery('/path');
  change(request);
  return request;
}

export function handle(guest: HttpView, request = requestOf(guest)): Http.FutureIncomingResponse {
  return guest['wasi:http/outgoing-handler'].handle(request, undefined);
}

/** The response of a future that has one. */
export function responseOf(future: Http.FutureIncomingResponse): Http.IncomingResponse {
  const got = future.get();
  if (got?.tag !== 'ok' || got.val.tag !== 'ok') throw new Error(`no response: ${JSON.stringify(got)}`);
  return got.val.val;
}

/** All that a stream gives, read in pieces of `length`. */
export function readAll(stream: Streams.InputStream, length = 4096n): string {
  let all = '';
  for (;;) {
    try {
      all += text(stream.blockingRead(length));
    } catch (thrown) {
      if ((thrown as Streams.StreamError).tag === 'closed') return all;
      throw thrown;
    }
  }
}

/** The error of a stream error. */
export function ioErrorOf(thrown: unknown): IoError.Error {
  const error = thrown as Streams.StreamError;
  if (error.tag !== 'last-operation-failed') throw new Error(`no failure: ${JSON.stringify(error)}`);
  return error.val;
}
