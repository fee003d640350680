import type { AgentDoor, ClientApprover } from '../serving/index.ts';

/** What MCP clients are served with. All that decides is behind the doors. */
export interface McpOptions {
  readonly doorOf: (agent: string) => AgentDoor;
  readonly approverOf: (agent: string) => ClientApprover;
  /** Where a person answers a question, such as the console's page; undefined: only the command line. */
  readonly linkOf: (approval: string) => string | undefined;
  /** Milliseconds that a call waits for a human before its result is `pending`; default 0. */
  readonly waitMs?: number;
  /** Told of what went wrong on our side, in one line; never what a client sent. */
  readonly onProblem?: (problem: string) => void;
}
