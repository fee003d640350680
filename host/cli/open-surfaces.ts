import { CodedError, checkBindingsChoice, checkCostModel } from '../../runtime/index.ts';
import { openConsole } from '../console/index.ts';
import { openHttpServer } from '../http/index.ts';
import { type McpOptions, openMcpHttp, serveMcpStdio } from '../mcp/index.ts';
import type { Policy } from '../policy/index.ts';
import { quote } from '../policy/quote.ts';
import { parseDuration } from '../policy/units.ts';
import { agentDoor, clientApprover, LiveWarden } from '../serving/index.ts';
import { openLog, openTelemetry, type Telemetry } from '../telemetry/index.ts';
import { asCoded, note } from './output.ts';
import { DEFAULT_PORT, type ServeOptions } from './serve-options.ts';

/** Milliseconds that calls have to end once the process was told to. */
const GRACE_MS = 10_000;
/** Milliseconds that the last lines of the log have to leave. */
const FLUSH_MS = 2000;
/** People and clients give up sooner. */
const WAIT_MS_MAX = 600_000;

/** One surface that is open, to be closed before the warden is. */
interface Surface {
  close(): Promise<void>;
}

/** Opens the warden of a policy to agents and operators, until it is told to end. */
export async function serveCommand(options: ServeOptions): Promise<void> {
  const port = portOf(options);
  const waitMs = waitOf(options);
  const log = openLog({ logLevel: options.logLevel });
  const { onProblem, onRunnerEvent } = log;
  const live = await LiveWarden.open({
    policy: options.policy,
    ...(options.ceiling === undefined ? {} : { ceiling: options.ceiling }),
    ...(options.threads === undefined ? {} : { threads: threadsOf(options.threads) }),
    bindings: checkBindingsChoice(options.bindings),
    costModel: checkCostModel(options.costModel),
    onProblem,
    onRunnerEvent,
  });
  const telemetry = openTelemetry(live, { log });
  const surfaces: Surface[] = [];
  try {
    const ended = endOnSignal(live);
    const url =
      port === undefined
        ? undefined
        : await openHttp(live, telemetry, { port, hostname: options.hostname, waitMs, onProblem, surfaces });
    if (options.agent === undefined) return await ended;
    const stdio = serveMcpStdio({
      ...mcpOptions(live, telemetry, { waitMs, onProblem, url: () => url }),
      agent: agentOf(live, options.agent),
    });
    surfaces.push({ close: () => stdio.close(GRACE_MS) });
    await Promise.race([ended, port === undefined ? stdio.closed : ended]);
  } finally {
    await closeAll(surfaces);
    await live.drain(GRACE_MS).catch((error: unknown) => note(`the trail was not closed: ${asCoded(error).message}`));
    telemetry.close();
    await log.flush(FLUSH_MS);
  }
}

interface HttpParts {
  readonly port: number;
  readonly hostname: string;
  readonly waitMs: number;
  readonly onProblem: (problem: string) => void;
  readonly surfaces: Surface[];
}

/** @returns the address of the server. */
async function openHttp(live: LiveWarden, telemetry: Telemetry, parts: HttpParts): Promise<string> {
  const { port, hostname, waitMs, onProblem, surfaces } = parts;
  let url: string | undefined;
  const mcp = openMcpHttp(mcpOptions(live, telemetry, { waitMs, onProblem, url: () => url }));
  const console = openConsole({ live, onProblem });
  const doorOf = (agent: string) => telemetry.traced(agentDoor(live, agent));
  const server = await openHttpServer({
    live,
    doorOf,
    hostname,
    port,
    waitMs,
    mcp,
    console,
    metrics: () => telemetry.metrics(),
    onProblem,
  });
  ({ url } = server);
  // The server closes MCP itself, once the calls over it had their time.
  surfaces.push({ close: () => server.close(GRACE_MS).finally(() => console.close()) });
  for (const line of welcome(url, hostname, live.current.policy)) note(line);
  return url;
}

function mcpOptions(
  live: LiveWarden,
  telemetry: Telemetry,
  {
    waitMs,
    onProblem,
    url,
  }: { readonly waitMs: number; readonly onProblem: (problem: string) => void; readonly url: () => string | undefined },
): McpOptions {
  return {
    doorOf: (agent) => telemetry.traced(agentDoor(live, agent)),
    approverOf: (agent) => clientApprover(live, agent),
    linkOf: (approval) => (url() === undefined ? undefined : `${url()}/console/approvals/${encodeURIComponent(approval)}`),
    waitMs,
    onProblem,
  };
}

/** What a person who starts it has to know. */
export function welcome(
  url: string,
  hostname: string,
  { serve, fileName }: Pick<Policy, 'serve' | 'fileName'>,
): readonly string[] {
  const all = [...serve.tokens.values(), ...serve.subjects.values()];
  const names = (kind: 'agent' | 'operator') =>
    [...new Set(all.filter((one) => one.kind === kind).map(({ name }) => name))].map(quote).join(', ');
  const lines = [
    `MCP for agents   ${url}/mcp       ${names('agent') || 'nobody yet'}`,
    `console          ${url}/console   ${names('operator') || 'nobody yet'}`,
    `HTTP API         ${url}/v1/openapi.json`,
  ];
  if (names('agent') === '' || names('operator') === '') {
    lines.push(
      `help: \`cellblock token --agent NAME\` and \`--operator NAME\` make tokens, and print the lines that ${quote(fileName)} needs under \`serve\``,
    );
  }
  if (!LOOPBACK.has(hostname))
    lines.push('note: others can reach this address: put TLS in front, and its name into `serve.hostnames`');
  return lines;
}

const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '::1']);

/** SIGHUP reloads the policy; the first SIGTERM or SIGINT ends in peace, the second at once. */
function endOnSignal(live: LiveWarden): Promise<void> {
  process.on('SIGHUP', () => void live.reload());
  return new Promise((resolve) => {
    let isEnding = false;
    const end = (): void => {
      if (isEnding) process.exit(1);
      isEnding = true;
      resolve();
    };
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, end);
  });
}

async function closeAll(surfaces: readonly Surface[]): Promise<void> {
  const ended = await Promise.allSettled(surfaces.map((surface) => surface.close()));
  for (const end of ended) if (end.status === 'rejected') note(`not closed: ${asCoded(end.reason).message}`);
}

function agentOf(live: LiveWarden, agent: string): string {
  const { agents } = live.current.policy;
  if (agents.has(agent)) return agent;
  throw new CodedError('usage/invalid-argument', `the policy has no agent ${quote(agent)}`, {
    help: `add it to the policy, or use one of: ${[...agents.keys()].map(quote).join(', ')}`,
  });
}

/** Without a port and with an agent only stdio is open. */
function portOf({ port, agent }: ServeOptions): number | undefined {
  if (port === undefined) return agent === undefined ? DEFAULT_PORT : undefined;
  if (/^[0-9]{1,5}$/.test(port) && Number(port) <= 65_535) return Number(port);
  throw new CodedError('usage/invalid-argument', 'expected `--port` as a number from 0 to 65535');
}

function waitOf({ wait }: ServeOptions): number {
  const ms = wait === undefined ? 0 : parseDuration(wait);
  if (ms <= WAIT_MS_MAX) return ms;
  throw new CodedError('usage/invalid-argument', 'expected `--wait` of at most 10m');
}

function threadsOf(text: string): number {
  if (/^[0-9]{1,3}$/.test(text) && Number(text) >= 1) return Number(text);
  throw new CodedError('usage/invalid-argument', 'expected `--threads` as a number from 1 to 999');
}
