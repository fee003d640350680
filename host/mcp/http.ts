import { randomUUID } from 'node:crypto';
import {
  createMcpHandler,
  isInitializeRequest,
  isLegacyRequest,
  legacyStatelessFallback,
  type McpHttpHandler,
  ProtocolError,
  type RequestId,
  type Server,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server';
import type { AgentDoor } from '../serving/index.ts';
import { type AgentServerParts, agentServer } from './agent-server.ts';
import { bodyOf, refusal } from './http-body.ts';
import { tellOfTools } from './list-changed.ts';
import type { McpOptions } from './options.ts';
import { cancelledIn, Overtaken } from './overtaken.ts';
import { QuestionSeal } from './question.ts';
import { type Session, Sessions } from './sessions.ts';

/** Streams on which newer clients of one agent hear of changes, at a time. */
const SUBSCRIPTIONS_PER_AGENT_MAX = 100;
/** Requests of one agent that are not answered yet, whether somebody still waits for the answer or not; one more is told to come later. */
const OPEN_REQUESTS_MAX = 256;
const BUSY = -32000;
/** Milliseconds between two looks for sessions that are idle. */
const LOOK_MS = 60_000;

/**
 * The streamable HTTP transport of MCP, for all agents: newer clients by the request, those of 2025 in sessions, and theirs without a session, too.
 *
 * @returns `fetch`, for requests whose Host, Origin and bearer were checked: `agent` is who the bearer is. `close` ends what runs.
 */
export function openMcpHttp(options: McpOptions): {
  fetch(request: Request, agent: string): Promise<Response>;
  close(): Promise<void>;
} {
  const sides = new Map<string, AgentSide>();
  const sessions = new Sessions<HttpSession>();
  const seal = new QuestionSeal();
  const looking = setInterval(() => sessions.endIdle(), LOOK_MS).unref();
  let isClosed = false;
  const sideOf = (agent: string): AgentSide => {
    const side = sides.get(agent) ?? new AgentSide(agent, options, seal, sessions);
    sides.set(agent, side);
    return side;
  };
  return {
    async fetch(request, agent) {
      if (isClosed) return refusal(503, -32000, 'the server ends');
      return sideOf(agent).fetch(request);
    },
    async close() {
      isClosed = true;
      clearInterval(looking);
      await Promise.all([sessions.close(), ...[...sides.values()].map((side) => side.close())]);
    },
  };
}

/** What one agent's clients are served by. There is one for each agent of the policy that ever came. */
class AgentSide {
  readonly #parts: AgentServerParts;
  readonly #agent: string;
  readonly #door: AgentDoor;
  readonly #sessions: Sessions<HttpSession>;
  readonly #modern: McpHttpHandler;
  readonly #stateless: ReturnType<typeof legacyStatelessFallback>;
  readonly #undo: () => void;
  #open = 0;

  constructor(agent: string, options: McpOptions, seal: QuestionSeal, sessions: Sessions<HttpSession>) {
    const { doorOf, approverOf, linkOf, waitMs = 0, onProblem = () => undefined } = options;
    this.#agent = agent;
    this.#door = doorOf(agent);
    this.#sessions = sessions;
    const admit = () => this.#admit();
    this.#parts = { door: this.#door, approver: approverOf(agent), linkOf, waitMs, seal, onProblem, admit };
    const server = () => agentServer(this.#parts);
    this.#modern = createMcpHandler(server, { legacy: 'reject', maxSubscriptions: SUBSCRIPTIONS_PER_AGENT_MAX });
    this.#stateless = legacyStatelessFallback(server);
    this.#undo = this.#door.onToolsChanged(() => this.#modern.notify.toolsChanged());
  }

  async fetch(request: Request): Promise<Response> {
    const body = request.method === 'POST' ? await bodyOf(request) : { message: undefined };
    if (body instanceof Response) return body;
    const parsedBody = body.message;
    if (!(await isLegacyRequest(request, parsedBody))) return this.#modern.fetch(request, { parsedBody });
    const id = request.headers.get('mcp-session-id');
    if (id !== null) {
      const session = this.#sessions.find(id, this.#agent);
      return session === undefined ? refusal(404, -32001, 'session not found') : session.fetch(request, parsedBody);
    }
    return isInitializeRequest(parsedBody) ? this.#begin(request, parsedBody) : this.#stateless(request, { parsedBody });
  }

  async close(): Promise<void> {
    this.#undo();
    await this.#modern.close();
  }

  /** A client of 2025 that goes away leaves its calls behind, so that connections are no bound for them. */
  #admit(): () => void {
    if (this.#open >= OPEN_REQUESTS_MAX) {
      throw new ProtocolError(BUSY, `${OPEN_REQUESTS_MAX} requests are not answered yet: send this one again later`);
    }
    this.#open += 1;
    return () => {
      this.#open -= 1;
    };
  }

  async #begin(request: Request, initialize: unknown): Promise<Response> {
    const session = new HttpSession(this.#agent, (activity) => {
      const server = agentServer({ ...this.#parts, activity });
      tellOfTools(server, this.#door, 'legacy');
      return server;
    });
    if (!this.#sessions.add(session))
      return refusal(503, -32000, 'too many sessions are at work: end one, or try again later', { 'Retry-After': '10' });
    session.onEnd = () => this.#sessions.forget(session.id);
    const response = await session.begin(request, initialize);
    if (!response.ok) await session.close();
    return response;
  }
}

const CANCELLED = { code: -32000, message: 'cancelled' };

/** One client of 2025, from its `initialize` on. */
class HttpSession implements Session {
  readonly id = randomUUID();
  readonly agent: string;
  running = 0;
  onEnd: () => void = () => undefined;
  readonly #server: Server;
  readonly #overtaken = new Overtaken();
  readonly #transport = new WebStandardStreamableHTTPServerTransport({ sessionIdGenerator: () => this.id });

  constructor(agent: string, serverFor: (activity: (change: 1 | -1) => void) => Server) {
    this.agent = agent;
    this.#server = serverFor((change) => {
      this.running += change;
    });
    const before = this.#server.onclose;
    this.#server.onclose = () => {
      before?.();
      this.onEnd();
    };
  }

  async begin(request: Request, initialize: unknown): Promise<Response> {
    await this.#server.connect(this.#transport);
    return this.#transport.handleRequest(request, { parsedBody: initialize });
  }

  async fetch(request: Request, parsedBody: unknown): Promise<Response> {
    const overtaken = this.#overtaken.take(parsedBody);
    if (overtaken !== undefined) return Response.json({ jsonrpc: '2.0', id: overtaken, error: CANCELLED });
    this.#overtaken.note(parsedBody);
    const response = await this.#transport.handleRequest(request, parsedBody === undefined ? {} : { parsedBody });
    for (const id of cancelledIn(parsedBody)) await this.#free(id);
    return response;
  }

  close(): Promise<void> {
    return this.#server.close();
  }

  /** The SDK answers no request that was cancelled, and keeps its stream for as long as the session lives: it is ended here. */
  async #free(requestId: RequestId): Promise<void> {
    this.#transport.closeSSEStream(requestId);
    await this.#transport.send({ jsonrpc: '2.0', id: requestId, error: CANCELLED }).catch(() => undefined); // it has been answered before
  }
}
