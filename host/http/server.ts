import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import { CodedError } from '../../runtime/index.ts';
import { SeenCallbacks } from '../approvals/index.ts';
import { type AgentDoor, type LiveWarden, Principals } from '../serving/index.ts';
import { openApp } from './app.ts';
import { BodyStore } from './bodies.ts';
import { EventHub } from './event-hub.ts';
import { gateProblem } from './gate.ts';
import type { House } from './house.ts';
import { HTTP_LIMITS, type HttpLimits } from './limits.ts';
import { PROBLEM_TYPE, type Problem, problemResponse, problemText } from './problem.ts';
import { Turns } from './turns.ts';

export interface HttpOptions {
  readonly live: LiveWarden;
  readonly doorOf: (agent: string) => AgentDoor;
  /** Address to listen on; default 127.0.0.1, and nothing else listens unless this says so. */
  readonly hostname?: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Milliseconds that a request waits for a human where it does not say how long; default 0. */
  readonly waitMs?: number;
  /** Mounted at `/mcp`, for agents; closed with the server. */
  readonly mcp?: { fetch(request: Request, agent: string): Promise<Response>; close(): Promise<void> };
  /** Mounted at `/console`; it says itself who is logged in. */
  readonly console?: { fetch(request: Request): Response | Promise<Response> };
  /** Text for `/metrics`. */
  readonly metrics?: () => Promise<string>;
  readonly limits?: Partial<HttpLimits>;
  readonly onProblem?: (problem: string) => void;
}

export interface HttpServer {
  /** Where it is, without a slash at the end. */
  readonly url: string;
  /** Takes no more connections, lets requests end, and closes what is left after a while. Event streams end at once. */
  close(graceMs: number): Promise<void>;
}

/** Bytes of a body that nobody reads which are let pass, so that its sender reads the answer. */
const UNREAD_BYTES_MAX = 1024 * 1024;

/** Beats after which nobody reads an event stream any more. */
const BEATS_MISSED_MAX = 4;

const HEADERS = { 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', 'cache-control': 'no-store' };

/**
 * Serves the API over HTTP, and what is mounted beside it. Translates, and decides nothing but who it is that comes.
 *
 * @throws CodedError `usage/invalid-argument` where it cannot listen.
 */
export async function openHttpServer(options: HttpOptions): Promise<HttpServer> {
  const { live, doorOf, hostname = '127.0.0.1', port, waitMs = 0, mcp, metrics, onProblem = () => undefined } = options;
  const limits: HttpLimits = { ...HTTP_LIMITS, ...options.limits };
  const hub = new EventHub(live, limits, onProblem);
  const house: House = {
    live,
    doorOf,
    limits,
    principals: new Principals(),
    hub,
    turns: new Turns('requests', limits.requestsPerPrincipalMax),
    mcpStreams: new Turns('streams', limits.mcpStreamsPerPrincipalMax),
    trailReaders: new Turns('questions to the trail', limits.trailReadersPerPrincipalMax, limits.trailReadersMax),
    bodies: new BodyStore(limits.heldBytesMax),
    strangerBodies: new BodyStore(limits.strangerBytesMax),
    seen: new SeenCallbacks(),
    waitMs,
    metrics,
    onProblem,
  };
  const traffic = new Traffic(house, openApp(house, { mcp, console: options.console }));
  const server = serverOf(limits, traffic);
  try {
    traffic.port = await listen(server, hostname, port);
  } catch (error) {
    hub.close();
    throw error;
  }
  const host = hostname.includes(':') ? `[${hostname}]` : hostname;
  let closing: Promise<void> | undefined;
  return {
    url: `http://${host}:${traffic.port}`,
    close: (graceMs) => {
      closing ??= closeServer(server, traffic, hub, mcp, graceMs);
      return closing;
    },
  };
}

function serverOf(limits: HttpLimits, traffic: Traffic): Server {
  const server = createServer(
    {
      maxHeaderSize: limits.headerBytesMax,
      headersTimeout: limits.headerMsMax,
      requestTimeout: limits.requestMsMax,
      keepAliveTimeout: limits.idleMsMax,
      connectionsCheckingInterval: Math.max(50, Math.min(2000, limits.headerMsMax / 4)),
      insecureHTTPParser: false,
      requireHostHeader: false, // one without is refused like one with a wrong one
    },
    (incoming, outgoing) => traffic.take(incoming, outgoing),
  );
  server.maxConnections = limits.connectionsMax;
  server.maxHeadersCount = 0; // Node would hide those beyond from us: all are counted, and their bytes have a bound
  server.on('clientError', (error: Error & { readonly code?: string }, socket) => traffic.refuse(error.code, socket as Socket));
  return server;
}

const LISTEN_HELP: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there: end it, or choose another port (0: any that is free)',
  EACCES: 'ports below 1024 are not for every user: choose another one',
  EADDRNOTAVAIL: 'this machine has no such address',
};

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const onError = ({ code = 'an error' }: NodeJS.ErrnoException) =>
      reject(
        new CodedError('usage/invalid-argument', `nothing can listen on ${host} port ${port}: ${code}`, {
          help: LISTEN_HELP[code] ?? 'choose another address or port',
        }),
      );
    server.once('error', onError);
    server.listen({ host, port }, () => {
      server.off('error', onError);
      resolve((server.address() as AddressInfo).port); // not a pipe, since it was given a host
    });
  });
}

async function closeServer(
  server: Server,
  traffic: Traffic,
  hub: EventHub,
  mcp: HttpOptions['mcp'],
  graceMs: number,
): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  hub.close();
  await traffic.idle(graceMs);
  await mcp?.close();
  server.closeAllConnections();
  await closed;
}

/** Requests from when their headers are whole until their answer has left. */
class Traffic {
  /** Set when it is known. */
  port = 0;
  readonly #house: House;
  readonly #answer: (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void>;
  /** Answers that have not left; streams apart. */
  readonly #pending = new Set<ServerResponse>();
  /** Answers that have not left, for each connection. */
  readonly #ofSocket = new WeakMap<object, number>();
  #onIdle: (() => void) | undefined;

  constructor(house: House, app: ReturnType<typeof openApp>) {
    this.#house = house;
    // The platform's own Request and Response stay as they are, for all others in this process.
    const answer = async (request: Request, env: unknown): Promise<Response> => {
      const bindings = env as HttpBindings; // this server speaks HTTP/1.1 only
      const response = await app.fetch(request, bindings);
      // Whoever does not read its answer gives its connection away; without a listener a silence of that length closes it. Something is
      // written to each event stream at each beat, as long as it is read.
      const { requestMsMax, streamBeatMs } = house.limits;
      bindings.outgoing.setTimeout(
        isEventStream(response) ? Math.max(requestMsMax, BEATS_MISSED_MAX * streamBeatMs) : requestMsMax,
      );
      return withHeaders(response, isConsole(bindings.incoming));
    };
    this.#answer = getRequestListener(answer, {
      overrideGlobalObjects: false,
      errorHandler: () => withHeaders(problemResponse({ status: 400, detail: 'the target of a request is a path' }), false),
    });
  }

  take(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { socket } = incoming;
    this.#ofSocket.set(socket, (this.#ofSocket.get(socket) ?? 0) + 1);
    if (!isStream(incoming)) this.#pending.add(outgoing);
    outgoing.once('close', () => {
      this.#ofSocket.set(socket, (this.#ofSocket.get(socket) ?? 1) - 1);
      this.#pending.delete(outgoing);
      if (this.#pending.size === 0) this.#onIdle?.();
    });
    const { live, limits } = this.#house;
    const problem = gateProblem(incoming, { port: this.port, hostnames: live.current.policy.serve.hostnames }, limits);
    if (problem === undefined) void this.#answer(incoming, outgoing);
    else answerProblem(incoming, outgoing, problem);
  }

  /** Answers what could not be read as a request, unless another answer is on its way there. */
  refuse(code: string | undefined, socket: Socket): void {
    if (code === 'ECONNRESET' || !socket.writable || (this.#ofSocket.get(socket) ?? 0) > 0) {
      socket.destroy();
      return;
    }
    const problem = CLIENT_ERRORS[code ?? ''] ?? { status: 400, detail: 'this is not a request of HTTP/1.1' };
    socket.end(rawAnswer(problem), () => socket.destroy());
  }

  /** Resolves when no answer is on its way, or after so many milliseconds. */
  async idle(ms: number): Promise<void> {
    if (this.#pending.size === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#onIdle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

const CLIENT_ERRORS: Readonly<Record<string, Problem>> = {
  HPE_HEADER_OVERFLOW: { status: 431, detail: 'the headers are too large' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, detail: 'the request did not arrive in time' },
};

function isStream({ method, url = '' }: IncomingMessage): boolean {
  return method === 'GET' && /^\/(?:v1\/events|mcp)(?:\?|$)/.test(url);
}

function answerProblem(incoming: IncomingMessage, outgoing: ServerResponse, problem: Problem): void {
  let bytes = 0;
  incoming.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > UNREAD_BYTES_MAX) incoming.socket.destroy();
  });
  incoming.on('error', () => undefined); // the client went away
  const text = problemText(problem);
  const headers = { ...HEADERS, 'content-type': PROBLEM_TYPE, 'content-length': Buffer.byteLength(text), ...problem.headers };
  outgoing.writeHead(problem.status, headers);
  outgoing.end(incoming.method === 'HEAD' ? undefined : text);
}

function rawAnswer(problem: Problem): string {
  const text = problemText(problem);
  const headers = {
    ...HEADERS,
    'content-type': PROBLEM_TYPE,
    'content-length': String(Buffer.byteLength(text)),
    connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return [`HTTP/1.1 ${problem.status} Error`, ...lines, '', text].join('\r\n');
}

function isEventStream({ headers }: Response): boolean {
  return headers.get('content-type')?.startsWith('text/event-stream') === true;
}

function isConsole({ url = '' }: IncomingMessage): boolean {
  return /^\/console(?:[/?]|$)/.test(url);
}

/**
 * What pages for people say themselves: how long they keep, and whom they tell where they are. With `no-referrer` a browser says of each form that its
 * origin is `null`, which is nobody's.
 */
const OWN_OF_PAGES: ReadonlySet<string> = new Set(['cache-control', 'referrer-policy']);

/** Nothing is guessed from bytes, kept, or told to others. @param isPage - it may say some of it itself. */
function withHeaders({ status, statusText, body, headers: own }: Response, isPage: boolean): Response {
  const headers = new Headers(own);
  for (const [name, value] of Object.entries(HEADERS)) {
    if (!(isPage && OWN_OF_PAGES.has(name) && headers.has(name))) headers.set(name, value);
  }
  return new Response(body, { status, statusText, headers });
}
