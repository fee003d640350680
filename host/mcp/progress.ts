import type { ServerContext } from '@modelcontextprotocol/server';
import type { AgentOutcome, DoorOptions } from '../serving/index.ts';

/** Notifications of one call that wait for the transport at a time; what comes beyond is left out. */
const WAITING_MAX = 64;

/** What goes to the client while a call runs; it is late or lost without harm, so no failure of it reaches the call. */
export class CallNews {
  readonly #ctx: ServerContext;
  readonly #waiting = new Set<Promise<void>>();
  #last = -1;

  constructor(ctx: ServerContext) {
    this.#ctx = ctx;
  }

  /** For the door; undefined where the client has not asked for progress. */
  get onProgress(): DoorOptions['onProgress'] {
    const progressToken = this.#ctx.mcpReq._meta?.progressToken;
    if (progressToken === undefined) return undefined;
    return ({ done, total, message }) => {
      const progress = Number(done);
      if (progress <= this.#last) return; // the protocol wants it to grow
      this.#last = progress;
      const params = { progressToken, progress, message, ...(total === undefined ? {} : { total: Number(total) }) };
      this.#send(() => this.#ctx.mcpReq.notify({ method: 'notifications/progress', params }));
    };
  }

  /** The lines that the tool left in its log, for a client that has set a level. */
  log({ log = [], receipt }: AgentOutcome, send: LogSender): void {
    for (const { level, message } of log) this.#send(() => send(level, message, receipt.tool));
  }

  /** Everything is out, or lost. */
  async sent(): Promise<void> {
    await Promise.all(this.#waiting);
  }

  #send(send: () => Promise<void>): void {
    if (this.#waiting.size >= WAITING_MAX || this.#ctx.mcpReq.signal.aborted) return;
    const sending: Promise<void> = send()
      .catch(() => undefined) // the client has gone
      .finally(() => this.#waiting.delete(sending));
    this.#waiting.add(sending);
  }
}

/** @param level - of `cellblock:host/log`. @param tool - as the policy names it. */
export type LogSender = (level: string, message: string, tool: string | undefined) => Promise<void>;
