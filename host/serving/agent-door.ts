import { CodedError } from '../../runtime/index.ts';
import type { Approval, ApprovalStatus } from '../approvals/index.ts';
import type { CallProgress } from '../capability-host.ts';
import { quote } from '../policy/quote.ts';
import type { ToolRequest } from '../request.ts';
import type { RequestOptions } from '../warden.ts';
import { type AgentOutcome, agentOutcome } from './agent-view.ts';
import { splitWords } from './declared-words.ts';
import { type RequestStatus, requestStatus } from './request-status.ts';
import { type ToolListing, toolListings } from './tool-listing.ts';
import type { WardenSource } from './warden-source.ts';

/** One call of a tool by the name that models know. */
export interface ToolCall {
  /** `ToolListing.name`, or the warden's name `tool.function`. */
  readonly name: string;
  /** The arguments as JSON text, an object, as they came: what is not exact in JavaScript stays exact. */
  readonly argumentsJson: string | Uint8Array;
  /** From beside the arguments; what the arguments themselves say in a declared property goes first. */
  readonly justification?: string | undefined;
  readonly source?: string | undefined;
  readonly requestId?: string | undefined;
  readonly session?: string | undefined;
  /** Milliseconds since 1970. */
  readonly deadlineMs?: number | undefined;
}

/** What the surface adds to a call. */
export interface DoorOptions {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds to wait for a human where one is asked; default 0: `pending` at once. */
  readonly waitMs?: number | undefined;
  readonly onProgress?: ((progress: Pick<CallProgress, 'done' | 'total' | 'message'>) => void) | undefined;
  /** For a door that telemetry traces; a door by itself does nothing with it. */
  readonly trace?: TraceOptions | undefined;
}

/** How a call is part of a trace of whoever calls. */
export interface TraceOptions {
  /** The W3C headers as they came, such as from `_meta` or HTTP: nobody has looked at them. What is malformed counts as absent. */
  readonly traceparent?: string | undefined;
  readonly tracestate?: string | undefined;
  /** Hears, before the call begins, the `traceparent` of its span, to be handed on; not called where nothing is traced. What it throws is lost. */
  readonly onSpan?: ((traceparent: string) => void) | undefined;
}

/** A question about a request of this agent, as the agent may see it. */
export interface AgentApproval {
  readonly id: string;
  readonly tool: string;
  readonly status: ApprovalStatus;
  /** Milliseconds since 1970. */
  readonly askedAt: number;
  readonly expiresAt: number;
  /** What the human who said no wrote. */
  readonly reason?: string;
}

/**
 * Everything that an agent can reach, whatever the surface: file requests, and see what became of its own. It leads to no policy, grant, approval or
 * record that could be changed, and to nothing of any other agent.
 */
export interface AgentDoor {
  readonly agent: string;
  /** What this agent may call now; empty where that is nothing. */
  tools(): Promise<readonly ToolListing[]>;
  /** Files a request for a tool by its name for models. Never rejects. */
  call(call: ToolCall, options?: DoorOptions): Promise<AgentOutcome>;
  /** Files a request as JSON, as `Warden.requestJson`: one that names another agent is refused. Never rejects. */
  request(json: string | Uint8Array, options?: DoorOptions): Promise<AgentOutcome>;
  /** @param audit - whole id of a request of this agent. @throws CodedError `usage/not-found`. */
  status(audit: string): Promise<RequestStatus>;
  /** Open questions about this agent's requests, and those of the last day that ended. */
  approvals(): Promise<readonly AgentApproval[]>;
  /** @param id - whole id. @throws CodedError `usage/not-found`. */
  approval(id: string): Promise<AgentApproval>;
  /** Hears that `tools` may answer otherwise now. @returns undoes it. */
  onToolsChanged(listener: () => void): () => void;
}

/** One door for each agent of a warden: what it has listed serves its calls, too. */
const doors = new WeakMap<WardenSource, Map<string, AgentDoor>>();
/** Milliseconds for which a list of tools is good where nobody says that it has changed. It only describes: the warden looks for itself. */
const LISTED_MS = 1000;

/**
 * The door of one agent of the policy in force. Whoever asks for one vouches that it is that agent.
 *
 * @param live - a `LiveWarden`, or `wardenSource(warden)`. Two calls with the same ones give the same door.
 */
export function agentDoor(live: WardenSource, agent: string): AgentDoor {
  const known = doors.get(live) ?? new Map<string, AgentDoor>();
  doors.set(live, known);
  const door = known.get(agent) ?? openDoor(live, agent);
  known.set(agent, door);
  return door;
}

function openDoor(live: WardenSource, agent: string): AgentDoor {
  let listed:
    | { readonly warden: object; readonly untilMs: number; readonly listings: Promise<readonly ToolListing[]> }
    | undefined;
  live.events.on('toolsChanged', () => {
    listed = undefined;
  });
  const tools = (): Promise<readonly ToolListing[]> => {
    const warden = live.current;
    if (listed === undefined || listed.warden !== warden || performance.now() > listed.untilMs) {
      listed = { warden, untilMs: performance.now() + LISTED_MS, listings: warden.tools(agent).then(toolListings) };
    }
    return listed.listings;
  };
  return {
    agent,
    tools,
    async call(call, options = {}) {
      // Where the list cannot be had, the name is filed as it came: the warden has the last word, and writes it down.
      const listed = await tools().catch(() => []);
      const listing = listed.find(({ name, toolName }) => name === call.name || toolName === call.name);
      return agentOutcome(await live.current.request(requestOf(agent, call, listing), requestOptions(options)));
    },
    async request(json, options = {}) {
      return agentOutcome(await live.current.requestJson(json, { agent, ...requestOptions(options) }));
    },
    status: (audit) => requestStatus(live.current.audit, agent, audit),
    async approvals() {
      const all = await live.current.approvals.list({ all: true });
      return all.filter(({ asked }) => asked.subject.agent === agent).map(approvalView);
    },
    async approval(id) {
      const found = (await this.approvals()).find((approval) => approval.id === id);
      if (found !== undefined) return found;
      throw new CodedError('usage/not-found', `there is no approval ${quote(id)} of this agent`);
    },
    onToolsChanged(listener) {
      live.events.on('toolsChanged', listener);
      return () => void live.events.off('toolsChanged', listener);
    },
  };
}

function requestOptions({ signal, waitMs, onProgress }: DoorOptions): RequestOptions {
  return {
    ...(signal === undefined ? {} : { signal }),
    ...(waitMs === undefined ? {} : { waitMs }),
    ...(onProgress === undefined ? {} : { onProgress }),
  };
}

/** A name that is not listed is filed as it came: the warden refuses it, and writes that down. */
function requestOf(agent: string, call: ToolCall, listing: ToolListing | undefined): ToolRequest {
  const { justification, source, requestId, session, deadlineMs } = call;
  const { parametersJson, words } =
    listing === undefined ? { parametersJson: call.argumentsJson, words: {} } : splitWords(call.argumentsJson, listing.words);
  return {
    agent,
    tool_name: listing?.toolName ?? call.name,
    parametersJson,
    justification,
    source,
    request_id: requestId,
    session,
    deadline: deadlineMs,
    ...words,
  };
}

function approvalView({ asked, approved, ended }: Approval): AgentApproval {
  const status = ended?.status ?? (approved === undefined ? 'pending' : 'approved');
  const lapsed =
    (status === 'pending' && Date.now() >= asked.expiresAt) ||
    (approved !== undefined && ended === undefined && Date.now() >= approved.at + asked.useWithinMs);
  return {
    id: asked.approval,
    tool: asked.subject.tool,
    status: lapsed ? 'expired' : status,
    askedAt: asked.at,
    expiresAt: asked.expiresAt,
    ...(ended?.reason === undefined ? {} : { reason: ended.reason }),
  };
}
