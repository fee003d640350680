import { createRequire } from 'node:module';
import {
  CLIENT_CAPABILITIES_META_KEY,
  type ClientCapabilities,
  ProtocolError,
  ProtocolErrorCode,
  Server,
  type ServerContext,
  type Tool,
} from '@modelcontextprotocol/server';
import type { ToolListing } from '../serving/index.ts';
import { type AskingWay, type CallParts, serveCall } from './call.ts';
import { LogLevel } from './log-level.ts';

/** What clients are told of who serves them. */
const { version } = createRequire(import.meta.url)('cellblock/package.json') as { readonly version: string };
const INFO = { name: 'cellblock', title: 'Cellblock', version };
const INSTRUCTIONS =
  'Each call is decided by a policy and recorded. A refusal says what can be done about it. Where a human is asked, the result says so: call again with the same arguments once that human has answered.';
/** Milliseconds for which a client may keep the list of tools. */
const LIST_TTL_MS = 1000;

export interface AgentServerParts extends CallParts {
  readonly onProblem: (problem: string) => void;
  /** Hears of each request that begins (1) and ends (-1). */
  readonly activity?: (change: 1 | -1) => void;
  /** Room for one request more. @returns gives it back. @throws ProtocolError where there is none. */
  readonly admit?: () => () => void;
}

/**
 * One server of the protocol for one client, or one request, of an agent. Nothing in it decides: it translates between the protocol and the agent's door.
 *
 * @returns not connected; whoever connects it closes it.
 */
export function agentServer(parts: AgentServerParts): Server {
  const server = new Server(INFO, {
    capabilities: { tools: { listChanged: true }, logging: {} },
    instructions: INSTRUCTIONS,
    cacheHints: { 'tools/list': { ttlMs: LIST_TTL_MS, cacheScope: 'private' } },
  });
  const level = new LogLevel(server);
  const open = new Set<string>();
  server.setRequestHandler('tools/list', () => guarded(parts, async () => ({ tools: (await parts.door.tools()).map(toolOf) })));
  server.setRequestHandler('tools/call', ({ params }, ctx) =>
    guarded(parts, () => serveCall(parts, params, ctx, { asking: askingWay(server, ctx), log: level.senderFor(ctx), open })),
  );
  return server;
}

/** A failure of ours is told to the operator; the client hears only that there was one. */
async function guarded<T>({ onProblem, activity, admit }: AgentServerParts, serve: () => Promise<T>): Promise<T> {
  const leave = admit?.();
  activity?.(1);
  try {
    return await serve();
  } catch (error) {
    if (error instanceof ProtocolError) throw error;
    onProblem(`a request over MCP failed: ${error instanceof Error ? error.message : 'unknown reason'}`);
    throw new ProtocolError(ProtocolErrorCode.InternalError, 'internal error');
  } finally {
    activity?.(-1);
    leave?.();
  }
}

/** Newer clients declare their features with each request, older ones once when they begin. */
function askingWay(server: Server, ctx: ServerContext): AskingWay {
  const envelope: { readonly [key: string]: unknown } | undefined = ctx.mcpReq.envelope;
  // The SDK has checked the envelope.
  if (envelope !== undefined)
    return takesForms(envelope[CLIENT_CAPABILITIES_META_KEY] as ClientCapabilities | undefined) ? 'between' : 'none';
  return takesForms(server.getClientCapabilities()) ? 'during' : 'none';
}

function takesForms(features: ClientCapabilities | undefined): boolean {
  const elicitation = features?.elicitation;
  // Before there were two modes, the bare word meant forms.
  return elicitation !== undefined && (elicitation.form !== undefined || elicitation.url === undefined);
}

function toolOf({ name, title, description, inputSchema, outputSchema, hints }: ToolListing): Tool {
  return {
    name,
    title,
    description,
    inputSchema: inputSchema as Tool['inputSchema'], // its root is `type: 'object'`
    ...(outputSchema === undefined ? {} : { outputSchema: outputSchema as NonNullable<Tool['outputSchema']> }), // so is that of this one
    annotations: { title, ...hints },
  };
}
