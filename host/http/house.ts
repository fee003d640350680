import type { IncomingMessage, ServerResponse } from 'node:http';
import type { SeenCallbacks } from '../approvals/index.ts';
import type { Principal } from '../policy/index.ts';
import type { AgentDoor, LiveWarden, Principals } from '../serving/index.ts';
import type { BodyStore, HeldBody } from './bodies.ts';
import type { EventHub } from './event-hub.ts';
import type { HttpLimits } from './limits.ts';
import type { Turns } from './turns.ts';

/** What all requests of one server share. */
export interface House {
  readonly live: LiveWarden;
  readonly doorOf: (agent: string) => AgentDoor;
  readonly limits: HttpLimits;
  readonly principals: Principals;
  readonly hub: EventHub;
  /** Requests of each principal, and streams that its MCP clients listen to. */
  readonly turns: Turns;
  readonly mcpStreams: Turns;
  readonly trailReaders: Turns;
  /** Bodies of those who showed a token, and of all others: these cannot take the place of those. */
  readonly bodies: BodyStore;
  readonly strangerBodies: BodyStore;
  readonly seen: SeenCallbacks;
  /** Milliseconds that a request waits for a human where it does not say how long. */
  readonly waitMs: number;
  readonly metrics: (() => Promise<string>) | undefined;
  readonly onProblem: (problem: string) => void;
}

/** One request on its way to a handler. */
export interface Visit {
  readonly house: House;
  readonly request: Request;
  /** Of the path, by name. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly bearer: string | undefined;
  readonly body: HeldBody;
  /** The body as it came, where it was read already. */
  readonly raw?: Uint8Array;
}

export type Operator = Extract<Principal, { kind: 'operator' }>;
