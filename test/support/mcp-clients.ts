import { fileURLToPath } from 'node:url';
import {
  type CallToolResult,
  Client as Client2,
  type ElicitResult,
  StreamableHTTPClientTransport as Http2,
  type Transport as Transport2,
} from '@modelcontextprotocol/client';
import { StdioClientTransport as Stdio2 } from '@modelcontextprotocol/client/stdio';
import { Client as Client1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as Stdio1 } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport as Http1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport as Transport1 } from '@modelcontextprotocol/sdk/shared/transport.js';
import {
  ElicitRequestSchema,
  LoggingMessageNotificationSchema,
  ToolListChangedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';

/* Real clients, as one: of the SDK before, and of this one by both revisions of the protocol. */

export const CLIENTS = ['v1', 'v2', 'v2-2026'] as const;
export type ClientKind = (typeof CLIENTS)[number];

/** Where a server is: at a URL with the agent as its token, or in a process to be started. */
export type Where =
  | { readonly url: URL; readonly agent: string }
  | { readonly site: string; readonly cacheDirectory: string; readonly agent: string };

export interface TestClient {
  tools(): Promise<readonly { readonly name: string; readonly [field: string]: unknown }[]>;
  call(
    name: string,
    args: Record<string, unknown>,
    more?: { meta?: Record<string, unknown>; signal?: AbortSignal; onprogress?: (progress: object) => void },
  ): Promise<CallToolResult>;
  setLevel(level: 'debug' | 'error'): Promise<unknown>;
  /** What the server logged, in its order. */
  readonly logged: readonly unknown[];
  close(): Promise<void>;
}

export interface Person {
  /** How the person before the client answers; without it the client shows no forms. */
  readonly elicit?: (message: string) => ElicitResult;
  readonly onToolsChanged?: () => void;
}

const CHILD = fileURLToPath(new URL('mcp-child.mjs', import.meta.url));
const INFO = { name: 'test', version: '1.0.0' };

const childOf = (where: object) => ({
  command: process.execPath,
  args: [CHILD, JSON.stringify(where)],
  stderr: 'inherit' as const,
});
const bearer = (agent: string) => ({ requestInit: { headers: { Authorization: `Bearer ${agent}` } } });

export function connect(kind: ClientKind, where: Where, person: Person = {}): Promise<TestClient> {
  return kind === 'v1' ? connect1(where, person) : connect2(kind, where, person);
}

async function connect1(where: Where, { elicit, onToolsChanged }: Person): Promise<TestClient> {
  const client = new Client1(INFO, { capabilities: elicit === undefined ? {} : { elicitation: {} } });
  const logged: unknown[] = [];
  if (elicit !== undefined) client.setRequestHandler(ElicitRequestSchema, async ({ params }) => ({ ...elicit(params.message) }));
  if (onToolsChanged !== undefined) client.setNotificationHandler(ToolListChangedNotificationSchema, onToolsChanged);
  client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => void logged.push(params));
  const transport = 'url' in where ? new Http1(where.url, bearer(where.agent)) : new Stdio1(childOf(where));
  await client.connect(transport as Transport1); // its own types differ in optional members
  return {
    logged,
    tools: async () => (await client.listTools()).tools,
    call: async (name, args, { meta, ...options } = {}) =>
      (await client.callTool(
        { name, arguments: args, ...(meta === undefined ? {} : { _meta: meta }) },
        undefined,
        options,
      )) as CallToolResult, // no task was asked for
    setLevel: (level) => client.setLoggingLevel(level),
    close: () => client.close(),
  };
}

async function connect2(kind: 'v2' | 'v2-2026', where: Where, { elicit, onToolsChanged }: Person): Promise<TestClient> {
  const client = new Client2(INFO, {
    capabilities: elicit === undefined ? {} : { elicitation: { form: {} } },
    ...(kind === 'v2-2026' ? { versionNegotiation: { mode: { pin: '2026-07-28' } } } : {}),
    ...(onToolsChanged === undefined ? {} : { listChanged: { tools: { onChanged: onToolsChanged } } }),
  });
  const logged: unknown[] = [];
  let level: string | undefined;
  if (elicit !== undefined) client.setRequestHandler('elicitation/create', async ({ params }) => elicit(params.message));
  client.setNotificationHandler('notifications/message', ({ params }) => void logged.push(params));
  const transport: Transport2 = 'url' in where ? new Http2(where.url, bearer(where.agent)) : new Stdio2(childOf(where));
  await client.connect(transport);
  return {
    logged,
    tools: async () => (await client.listTools()).tools,
    call: (name, args, { meta, ...options } = {}) => {
      const _meta = { ...meta, ...(level === undefined ? {} : { 'io.modelcontextprotocol/logLevel': level }) };
      return client.callTool({ name, arguments: args, _meta }, options);
    },
    setLevel: async (wanted) => {
      if (kind === 'v2') return client.setLoggingLevel(wanted);
      level = wanted; // goes with each request
    },
    close: () => client.close(),
  };
}
