import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { defineCapability } from '../../../../host/capabilities/capability.ts';
import type { Lookup } from '../../../../host/capabilities/http/connections.ts';
import { HTTP, openHttp } from '../../../../host/capabilities/http/index.ts';
import { type HttpScope, httpScope } from '../../../../host/capabilities/http/scope.ts';
import type { CapabilityEntry, CapabilityUse, Grant } from '../../../../host/capabilities/index.ts';
import { Trial } from '../../../../host/contract/trial.ts';
import type { WitValue } from '../../../../runtime/index.ts';

/** Folder of the certificates, which is the policy's here. */
export const TLS = fileURLToPath(new URL('../../../fixtures/tls/', import.meta.url));
const pem = (name: string): Buffer => readFileSync(`${TLS}${name}`);

/** The one address of loopback, for rules that need it. */
export const LOOPBACK = { addresses: ['127.0.0.1'] } as const;

export interface Place {
  readonly port: number;
  /** Such as `http://127.0.0.1:12345`. */
  readonly origin: string;
  readonly server: Server;
  /** All requests that arrived, oldest first. */
  readonly seen: { readonly line: string; readonly headers: IncomingMessage['headers']; readonly raw: readonly string[] }[];
}

const open: Server[] = [];

/** A server on loopback, closed by `closeAll`. @param tls - serves HTTPS, with what is said beside the certificate. */
export async function serve(listener: RequestListener, tls?: TlsOptions): Promise<Place> {
  const seen: Place['seen'] = [];
  const heard = (request: IncomingMessage, response: ServerResponse): void => {
    seen.push({ line: `${request.method} ${request.url}`, headers: request.headers, raw: request.rawHeaders });
    listener(request, response);
  };
  const server =
    tls === undefined
      ? createServer(heard)
      : (createTlsServer({ cert: pem('server.pem'), key: pem('server.key'), ...tls }, heard) as unknown as Server);
  open.push(server);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  return { port, origin: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`, server, seen };
}

export async function closeAll(): Promise<void> {
  for (const server of open.splice(0)) {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  }
}

export interface SentRequest {
  readonly method?: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export interface Response {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** What `send` answered: a response; or its error as `denied: ...`, `timed-out`, `too-large: 10`. */
export type Sent = Response | string;

export interface FakeHttp {
  send(request: SentRequest | string): Promise<Sent>;
  /** One of `HTTP_BACK`. An `err` comes as `CODE: message`. */
  back(name: string, ...args: WitValue[]): Promise<WitValue | undefined>;
  /** Begins an exchange by `http.start`. */
  start(request: SentRequest & { readonly streamed?: boolean; readonly firstByteMsMax?: number }): Promise<WitValue | undefined>;
  /** Ends the call. @returns its notes, as `act -> result`. */
  end(): Promise<readonly string[]>;
  /** After `end`. */
  readonly uses: readonly CapabilityUse[];
}

export interface FakeOptions {
  readonly lookup?: Lookup;
  readonly secrets?: Readonly<Record<string, string>>;
  /** Of a tool on whose behalf the call runs. */
  readonly callerScope?: unknown;
}

const opened: (() => Promise<unknown>)[] = [];

/** Ends what tests left open. */
export async function endAll(): Promise<void> {
  for (const end of opened.splice(0)) await end();
}

/** One call of a tool with one grant, without a cell. @param rules - as a policy has them: `requests`, or the whole scope. */
export function fakeHttp(rules: readonly object[] | object, options: FakeOptions = {}): FakeHttp {
  const entry: CapabilityEntry = defineCapability({
    ...HTTP,
    scope: httpScope,
    open: (grant: Grant<HttpScope>) => openHttp(grant, options.lookup === undefined ? {} : { lookup: options.lookup }),
  });
  const host = { policyFolder: TLS, stateFolder: undefined, secret: (name: string) => secretOf(options, name) };
  const parsed = httpScope.parse(Array.isArray(rules) ? { requests: rules } : rules);
  const callerScope = options.callerScope === undefined ? undefined : httpScope.parse(options.callerScope);
  const trial = new Trial(entry, parsed, host, callerScope);
  opened.push(async () => {
    await trial.end();
    await trial.close();
  });
  return new Faked(trial);
}

function secretOf({ secrets = {} }: FakeOptions, name: string): string {
  if (!Object.hasOwn(secrets, name)) throw new Error(`no secret \`${name}\` was expected`);
  return secrets[name]!;
}

class Faked implements FakeHttp {
  readonly #trial: Trial;
  uses: readonly CapabilityUse[] = [];

  constructor(trial: Trial) {
    this.#trial = trial;
  }

  async send(asked: SentRequest | string): Promise<Sent> {
    const { method = 'GET', url, headers = {}, body } = typeof asked === 'string' ? { url: asked } : asked;
    const pairs = Object.entries(headers).map(([name, value]) => ({ name, value }));
    const [capability] = this.#trial.capabilities;
    if (capability?.kind !== 'bridged') throw new Error('it has no functions');
    const bytes = body === undefined ? null : { some: bytesOf(body) };
    const answer = await capability.functions.send!([{ method, url, headers: pairs, body: bytes }], this.#trial.context);
    return sentOf(answer as never);
  }

  async back(name: string, ...args: WitValue[]): Promise<WitValue | undefined> {
    const capability = this.#trial.capabilities[1];
    if (capability?.kind !== 'wasi') throw new Error('it serves no WASI');
    const serve = (capability.back as Record<string, (args: readonly WitValue[], context: unknown) => WitValue>)[name]!;
    const answer: WitValue | undefined = await serve(args, this.#trial.context);
    if (typeof answer !== 'object' || answer === null) return answer;
    if ('err' in answer) {
      const { code, message } = answer.err as unknown as { code: string; message: string };
      return `${code}: ${message}`;
    }
    return 'ok' in answer ? (answer.ok as WitValue) : (answer as WitValue);
  }

  start({ method = 'GET', url, headers = {}, streamed = false, firstByteMsMax }: Parameters<FakeHttp['start']>[0]) {
    const fields = Object.entries(headers).map(([name, value]): WitValue => [name, bytesOf(value)]);
    const firstByte = firstByteMsMax === undefined ? null : { some: firstByteMsMax };
    return this.back('http.start', method, url, fields, streamed, null, firstByte, null);
  }

  async end(): Promise<readonly string[]> {
    this.uses = await this.#trial.end();
    return this.uses.map(({ act, result }) => `${act} -> ${result}`);
  }
}

const bytesOf = (body: string | Uint8Array): Uint8Array =>
  typeof body === 'string' ? new Uint8Array(Buffer.from(body, 'latin1')) : body;

function sentOf(
  answer:
    | { ok: { status: number; headers: readonly { name: string; value: string }[]; body: Uint8Array } }
    | { err: { tag: string; value?: string | bigint } },
): Sent {
  if ('err' in answer) return answer.err.value === undefined ? answer.err.tag : `${answer.err.tag}: ${answer.err.value}`;
  const { status, headers, body } = answer.ok;
  return {
    status,
    headers: Object.fromEntries(headers.map(({ name, value }) => [name, value])),
    text: Buffer.from(body).toString(),
  };
}

/** An answer of the body of a request, and its line and headers, as JSON. */
export const echo: RequestListener = (request, response) => {
  const pieces: Buffer[] = [];
  request.on('data', (piece: Buffer) => pieces.push(piece));
  request.on('end', () => {
    const { method, url, headers } = request;
    response.end(JSON.stringify({ line: `${method} ${url}`, headers, body: Buffer.concat(pieces).toString() }));
  });
};

/** Text of a response that has to be one. */
export function textOf(sent: Sent): string {
  if (typeof sent === 'string') throw new Error(sent);
  return sent.text;
}
