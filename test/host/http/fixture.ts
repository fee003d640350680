import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll } from 'vitest';
// As it was built: calls run in threads, whose files are JavaScript.
import { type HttpOptions, type HttpServer, openHttpServer } from '../../../dist/host/http/index.js';
import { agentDoor, LiveWarden, newToken, tokenDigest } from '../../../dist/host/serving/index.js';
import type { Asked } from '../../../host/approvals/index.ts';
import type { AgentOutcome } from '../../../host/serving/index.ts';
import { hostFunctions, type Place, TOOLS, usePlace } from '../../support/wardens.ts';

/** Tokens of two agents and of two operators, one of whom may only read. */
export const TOKENS = { a: newToken(), b: newToken(), ann: newToken(), eve: newToken() } as const;
export type Who = keyof typeof TOKENS;

const tokens = (who: Who) => `{ tokens: ["${tokenDigest(TOKENS[who])}"] }`;
export const SERVE = `serve:
  hostnames: [cellblock.example.com, "proxy.example.com:8443"]
  agents: { a: ${tokens('a')}, b: ${tokens('b')} }
  operators: { ann: ${tokens('ann')}, eve: { tokens: ["${tokenDigest(TOKENS.eve)}"], may: read } }
`;

/** Agent a: acting asks, plain runs. Agent b: another part of plain. */
export const AGENTS = `agents:
  a: { tools: [{ tool: acting, ask: { expires: 10m, useWithin: 10m } }, plain.work, plain.take, plain.fail, plain.panic, plain.spin, plain.send] }
  b: { tools: [plain.echo, { tool: acting, ask: { expires: 10m } }] }
`;
export const POLICY = `${TOOLS}${AGENTS}${SERVE}`;

export interface Served {
  readonly site: string;
  readonly live: LiveWarden;
  readonly server: HttpServer;
  readonly url: string;
  readonly port: number;
  /** Numbers that the acting tool was called with. */
  readonly acts: unknown[];
  as(who: Who): Client;
  /** Another process, as far as the trail can tell: a warden and a server of its own on the same site. */
  another(): Promise<Served>;
}

/** Asks as somebody; `undefined`: without a token. */
export interface Client {
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Answered>;
  post(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<Answered>;
}

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: AnyBody;
}

/** What bodies have that tests look into. Which of these is there is for a test's assertions to say: a member that is missing fails them. */
export interface AnyBody extends Omit<AgentOutcome, 'receipt'> {
  readonly receipt: AgentOutcome['receipt'] & { readonly audit: string };
  readonly approval: NonNullable<AgentOutcome['approval']>;
  readonly asked: Asked;
  readonly approved?: unknown;
  readonly approvals: readonly { readonly id: string; readonly asked: Asked; readonly status: string }[];
  /** A page of the trail. */
  readonly records: readonly { readonly seq: number; readonly kind: string; readonly audit: string }[];
  readonly next?: number;
  readonly tools: readonly { readonly name: string; readonly tool_name: string }[];
  readonly audit: string;
  readonly code: string;
  readonly detail: string;
  readonly outcome: AgentOutcome;
}

/** Servers on loopback; all are closed after the tests of the file. */
export function useServers(): { readonly place: Place; open(policy?: string, options?: Partial<HttpOptions>): Promise<Served> } {
  const place = usePlace();
  const opened: Served[] = [];
  afterAll(async () => {
    await Promise.all(opened.map(async ({ server, live }) => server.close(0).then(() => live.close())));
  });
  const openAt = async (site: string, options: Partial<HttpOptions>): Promise<Served> => {
    const acts: unknown[] = [];
    const live = await LiveWarden.open({
      policy: join(site, 'cellblock.yaml'),
      cacheDirectory: place.cacheDirectory,
      isolation: 'thread',
      threads: 2,
      capabilities: hostFunctions({ act: ([n]) => acts.push(n) && Number(n) }),
      lookMs: 0,
    });
    const server = await openHttpServer({ live, doorOf: (agent) => agentDoor(live, agent), port: 0, ...options }).catch(
      async (error) => {
        await live.close();
        throw error;
      },
    );
    const { url } = server;
    const as = (who: Who): Client => clientOf(url, { authorization: `Bearer ${TOKENS[who]}` });
    const another = () => openAt(site, options);
    const served = { site, live, server, url, port: Number(new URL(url).port), acts, as, another };
    opened.push(served);
    return served;
  };
  return { place, open: (policy = POLICY, options = {}) => openAt(place.site(policy), options) };
}

export function clientOf(url: string, base: Readonly<Record<string, string>> = {}): Client {
  const ask = async (path: string, init: RequestInit): Promise<Answered> => answered(await fetch(url + path, init));
  return {
    get: (path, headers = {}) => ask(path, { headers: { ...base, ...headers }, redirect: 'manual' }),
    post: (path, body, headers = {}) => {
      const text = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
      // A copy, since what a test makes may be in memory that is shared.
      const sent = typeof text === 'string' ? text : new Uint8Array(text);
      return ask(path, {
        method: 'POST',
        redirect: 'manual',
        headers: { 'content-type': 'application/json', ...base, ...headers },
        body: sent,
      });
    },
  };
}

async function answered(response: Response): Promise<Answered> {
  const { status, headers } = response;
  const text = await response.text();
  const isJson = /json/.test(headers.get('content-type') ?? '');
  return { status, headers, text, json: (isJson && text !== '' ? JSON.parse(text) : undefined) as AnyBody }; // as it says of itself
}

/** Sends bytes as they are, and resolves with all that comes back once the other side closes. */
export function raw(port: number, text: string | readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    const chunks: Buffer[] = [];
    const done = () => resolve(Buffer.concat(chunks).toString('latin1'));
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('close', done);
    socket.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ECONNRESET' || error.code === 'EPIPE' ? done() : reject(error),
    );
    for (const part of [text].flat()) socket.write(part, 'latin1');
  });
}

/** One request of HTTP/1.1, as text, to be closed after its answer. */
export function requestText(target: string, headers: readonly string[], method = 'GET', body = ''): string {
  return [`${method} ${target} HTTP/1.1`, ...headers, 'Connection: close', '', body].join('\r\n');
}

/** Reads Server-Sent Events until one is wanted. */
export async function openEvents(url: string, token: string, headers: Readonly<Record<string, string>> = {}) {
  const abort = new AbortController();
  const response = await fetch(`${url}/v1/events`, {
    headers: { authorization: `Bearer ${token}`, ...headers },
    signal: abort.signal,
  });
  const events: { readonly id?: string; readonly name: string; readonly data: Readonly<Record<string, unknown>> }[] = [];
  const waiting = new Set<() => void>();
  const wake = () => {
    for (const look of waiting) look();
  };
  let isOver = false;
  const reading = (async () => {
    let rest = '';
    for await (const chunk of response.body ?? []) {
      rest += Buffer.from(chunk).toString('utf8');
      for (let at = rest.indexOf('\n\n'); at >= 0; at = rest.indexOf('\n\n')) {
        const fields = new Map(
          rest
            .slice(0, at)
            .split('\n')
            .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)] as const),
        );
        rest = rest.slice(at + 2);
        const [id, name, data] = ['id', 'event', 'data'].map((field) => fields.get(field));
        if (name !== undefined) events.push({ ...(id === undefined ? {} : { id }), name, data: JSON.parse(data ?? 'null') });
      }
      wake();
    }
  })()
    .catch(() => undefined)
    .finally(() => {
      isOver = true;
      wake();
    });
  return {
    status: response.status,
    headers: response.headers,
    events,
    /** Resolves when it is so, or the stream is over. */
    until: (isSo: () => boolean): Promise<void> =>
      new Promise((resolve) => {
        const look = () => {
          if (!isSo() && !isOver) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    over: reading,
    close: () => abort.abort(),
  };
}
