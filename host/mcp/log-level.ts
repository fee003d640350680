import { LOG_LEVEL_META_KEY, type LoggingLevel, type Server, type ServerContext } from '@modelcontextprotocol/server';
import type { LogSender } from './progress.ts';

/** From what matters least to what matters most. */
const LEVELS: readonly LoggingLevel[] = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'];
/** Levels of `cellblock:host/log` that MCP has by another name. */
const NAMES: Readonly<Record<string, LoggingLevel>> = { debug: 'debug', info: 'info', warn: 'warning', error: 'error' };

/** The level that a client has set; until then it gets no lines at all, which the SDK's own handler would send. */
export class LogLevel {
  #level: LoggingLevel | undefined;

  /** @param server - of one client, not yet connected. */
  constructor(server: Server) {
    server.setRequestHandler('logging/setLevel', async ({ params }) => {
      this.#level = params.level;
      return {};
    });
  }

  /** For the lines of one call: newer clients set the level with each request. */
  senderFor(ctx: ServerContext): LogSender {
    const envelope: { readonly [key: string]: unknown } = { ...ctx.mcpReq.envelope };
    const least = (envelope[LOG_LEVEL_META_KEY] as LoggingLevel | undefined) ?? this.#level; // the SDK has checked the envelope
    return async (level, message, tool) => {
      const name = NAMES[level] ?? 'info';
      if (least === undefined || LEVELS.indexOf(name) < LEVELS.indexOf(least)) return;
      const params = { level: name, data: message, ...(tool === undefined ? {} : { logger: tool }) };
      await ctx.mcpReq.notify({ method: 'notifications/message', params });
    };
  }
}
