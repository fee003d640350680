import type { Readable, Writable } from 'node:stream';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { agentServer } from './agent-server.ts';
import { tellOfTools } from './list-changed.ts';
import type { McpOptions } from './options.ts';
import { QuestionSeal } from './question.ts';
import { LineTransport } from './stdio-transport.ts';

export interface McpStdioOptions extends McpOptions {
  /** Whose calls come over this connection: whoever starts the process has said so. */
  readonly agent: string;
  /** Default: those of this process. Nothing else may write to the output. */
  readonly input?: Readable;
  readonly output?: Writable;
}

/**
 * Serves one MCP client over a pair of streams, in whichever revision of the protocol it speaks.
 *
 * @returns `closed` resolves when the connection has ended, such as by the end of the input; `close` takes no more requests, lets those that are open be
 * answered for so many milliseconds (default 0), then ends it, and what it still runs.
 */
export function serveMcpStdio(options: McpStdioOptions): {
  readonly closed: Promise<void>;
  close(graceMs?: number): Promise<void>;
} {
  const { agent, doorOf, approverOf, linkOf, waitMs = 0, onProblem = () => undefined } = options;
  const { input = process.stdin, output = process.stdout } = options;
  const transport = new LineTransport(input, output);
  const door = doorOf(agent);
  const seal = new QuestionSeal();
  const handle = serveStdio(
    ({ era }) => {
      const server = agentServer({ door, approver: approverOf(agent), linkOf, waitMs, seal, onProblem });
      tellOfTools(server, door, era);
      return server;
    },
    { transport },
  );
  return { closed: transport.closed, close: (graceMs = 0) => transport.drain(graceMs).then(() => handle.close()) };
}
