import type { Command } from 'commander';
import { DEFAULT_PORT, type ServeOptions } from './serve-options.ts';

/** Adds `cellblock serve`. */
export function addServe(program: Command): void {
  program
    .command('serve')
    .summary('serve the tools of a policy: MCP, an HTTP API, and a console for people')
    .description(
      'With --agent: MCP on standard input and output, as that agent, for a client that starts this command. Without: MCP, the HTTP API and the console on a port of this machine; agents and operators come with tokens that the policy knows by their digests.',
    )
    .option('--policy <file>', 'policy file; when it changes and is valid, it is in force at once', 'cellblock.yaml')
    .option('--ceiling <file>', 'file with a ceiling that the policy may not exceed')
    .option('--agent <name>', 'serve MCP on stdio, as this agent')
    .option('--port <n>', `port to listen on; 0: any that is free (default ${DEFAULT_PORT}; with --agent: none)`)
    .option('--hostname <name>', 'address to listen on', '127.0.0.1')
    .option(
      '--wait <duration>',
      'how long a call waits for a human before its answer is `pending`, at most 10m (default: not at all)',
    )
    .option('--threads <n>', 'calls of one tool at a time')
    .option('--log-level <level>', 'fatal, error, warn, info, debug, trace or silent; the log is JSON on standard error', 'info')
    .option('--bindings <name>', 'bindings that link components: auto, own or jco', 'auto')
    .option('--cost-model <name>', 'what fuel counts: region or exact', 'region')
    .addHelpText(
      'after',
      `
Examples:
  cellblock serve                                     # http://127.0.0.1:${DEFAULT_PORT}: /mcp, /v1, /console, /metrics
  cellblock serve --agent triage                      # for an MCP client; \`cellblock mcp config\` prints what the client needs
  cellblock serve --agent triage --port ${DEFAULT_PORT}          # both: then a pending approval has a link

Signals: SIGHUP reads the policy again; SIGTERM ends in peace.`,
    )
    .action(async (options: ServeOptions) => {
      const { serveCommand } = await import('./open-surfaces.ts'); // only this command needs servers, pages and the SDKs
      await serveCommand(options);
    });
}
