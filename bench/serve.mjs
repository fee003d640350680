// A call over MCP, stdio and HTTP, beside the reference server's echo: what the warden, the wall and the trail add to a tool that does nothing.
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { agentDoor, LiveWarden } from '../dist/host/serving/index.js';
import { freePort, listening, MAIN, makeSite, serveHttp } from '../test/support/serve-site.mjs';
import { duration, percentile, ratio, rounded, summarise, table } from './stats.mjs';

const AGENT = 'bench';
const TEXT = 'the pod crash-loops: FATAL: Database connection failed.';
const WALLS = ['thread', 'process'];
/** Calls of one contender before the next one has its turn. */
const BATCH = 50;

/**
 * Rounds in which every contender makes a batch of calls, one after the other: so a slow minute of the machine meets all alike.
 *
 * @param {{ quick: boolean, everything?: string }} options - `everything`: folder of the package @modelcontextprotocol/server-everything, or a folder
 *   with node_modules that has it; without one there is nothing to compare with.
 * @returns rows of `{contender, transport, wall?, latencyMs: summary with p95, samples}`; milliseconds.
 */
export async function measureServe({ quick, everything }) {
  const closers = [];
  try {
    const contenders = await openContenders(everything, closers);
    const samples = new Map(contenders.map(({ name }) => [name, []]));
    await takeTurns(contenders, new Map(), quick ? 4 : 10); // the compiler's warm-up
    await takeTurns(contenders, samples, quick ? 8 : 50);
    return contenders.map(({ name, transport, wall }) => row(name, transport, wall, samples.get(name)));
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

function row(contender, transport, wall, samples) {
  const sorted = Float64Array.from(samples).sort();
  const latencyMs = { ...summarise(samples), p95: percentile(sorted, 0.95) };
  return { contender, transport, ...(wall === undefined ? {} : { wall }), latencyMs, samples: rounded(samples) };
}

async function takeTurns(contenders, samples, rounds) {
  for (let round = 0; round < rounds; round++) {
    for (const { name, call } of contenders) {
      for (let index = 0; index < BATCH; index++) {
        const began = performance.now();
        await call();
        samples.get(name)?.push(performance.now() - began);
      }
    }
  }
}

async function openContenders(everything, closers) {
  const contenders = [];
  if (everything !== undefined) contenders.push(...(await openEverything(mainOf(everything), closers)));
  for (const wall of WALLS) contenders.push(...(await openCellblock(wall, closers)));
  return contenders;
}

function mainOf(folder) {
  const isPackage = folder.replace(/\/$/, '').endsWith('server-everything');
  return join(isPackage ? folder : join(folder, 'node_modules/@modelcontextprotocol/server-everything'), 'dist/index.js');
}

async function openEverything(main, closers) {
  const port = await freePort();
  const server = await listening([main, 'streamableHttp'], port, { PORT: String(port) });
  closers.push(server.stop);
  const call = (client) => () => echo(client, 'echo', { message: TEXT });
  return [
    { name: 'everything, stdio', transport: 'stdio', call: call(await overStdio([main, 'stdio'], closers)) },
    { name: 'everything, http', transport: 'http', call: call(await overHttp(server.url, {}, closers)) },
  ];
}

async function openCellblock(wall, closers) {
  // One site for each: two servers on one trail would wait for each other.
  const [own, stdio, http] = ['door', 'stdio', 'http'].map(() => makeSite({ agents: [AGENT], isolation: wall }));
  closers.push(async () => {
    for (const site of [own, stdio, http]) site.remove();
  });
  const live = await LiveWarden.open({ policy: own.policy });
  closers.push(() => live.close());
  const server = await serveHttp({ policy: http.policy });
  closers.push(server.stop);
  const door = agentDoor(live, AGENT);
  const argumentsJson = JSON.stringify({ text: TEXT });
  const headers = { authorization: `Bearer ${http.tokens[AGENT]}` };
  const call = (client) => () => echo(client, 'test_echo', { text: TEXT });
  const args = [MAIN, 'serve', '--policy', stdio.policy, '--agent', AGENT];
  return [
    { name: `door, ${wall}`, transport: 'none', wall, call: () => throughDoor(door, argumentsJson) },
    { name: `cellblock, stdio, ${wall}`, transport: 'stdio', wall, call: call(await overStdio(args, closers)) },
    { name: `cellblock, http, ${wall}`, transport: 'http', wall, call: call(await overHttp(server.url, headers, closers)) },
  ];
}

async function throughDoor(door, argumentsJson) {
  const outcome = await door.call({ name: 'test_echo', argumentsJson });
  if (outcome.kind !== 'ok') throw new Error(JSON.stringify(outcome));
}

async function echo(client, name, args) {
  const { content, isError } = await client.callTool({ name, arguments: args });
  if (isError || !content[0]?.text?.includes(TEXT)) throw new Error(JSON.stringify(content));
}

async function overStdio(args, closers) {
  return connected(new StdioClientTransport({ command: process.execPath, args, stderr: 'ignore' }), closers);
}

async function overHttp(url, headers, closers) {
  return connected(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }), closers);
}

async function connected(transport, closers) {
  const client = new Client({ name: 'cellblock-bench', version: '1.0.0' });
  await client.connect(transport);
  closers.push(() => client.close());
  await client.listTools(); // the client checks results by the schemas of the list
  return client;
}

export function serveTable(rows) {
  const of = (name) => rows.find(({ contender }) => contender === name)?.latencyMs.p50 ?? Number.NaN;
  return table(
    [
      'echo, one call after the other',
      'p50',
      'p95',
      'over everything',
      'over the door',
      'more than everything',
      'more than the door',
    ],
    rows.map(({ contender, transport, wall, latencyMs }) => {
      const peer = wall === undefined || transport === 'none' ? Number.NaN : of(`everything, ${transport}`);
      const door = wall === undefined || transport === 'none' ? Number.NaN : of(`door, ${wall}`);
      return [
        contender,
        duration(latencyMs.p50),
        duration(latencyMs.p95),
        ratio(latencyMs.p50, peer),
        ratio(latencyMs.p50, door),
        duration(latencyMs.p50 - peer),
        duration(latencyMs.p50 - door),
      ];
    }),
  );
}
