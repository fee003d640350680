// Many clients on one server for minutes, and whether it errs or grows; see HELP.

import { writeFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { makeSite, serveHttp } from '../support/serve-site.mjs';
import { Ledger, runClients, runOperator } from './soak/drive.mjs';
import { printReport, verdictOf } from './soak/report.mjs';
import { PROBE_ARGS, sampleOf } from './soak/samples.mjs';

const HELP = `usage: node test/outside/serve-soak.mjs [--minutes 10] [--clients 200] [--agents 8] [--think 2000] [--isolation process|thread] [--json FILE]

Starts one \`cellblock serve\` over HTTP on loopback, with a policy of several agents, and clients of them over MCP: half of them speak the protocol
of 2025, with sessions, half that of 2026. Each client calls, is refused, fails, lists, gets pictures and progress, cancels, asks for what a human
has to allow, and comes anew, at random with a fixed beginning, and thinks in between. An operator answers what is asked over the HTTP API, and
no agent may see the questions of another. In the first fifth some clients go without a word.

Every answer is checked, and anything else than what has to come is an error. RSS, heap after a collection, handles and file descriptors are
sampled all the time; nothing may grow after the first fifth: the median of the last fifth beside that of the second. Exits with 1 on an error or
growth. Needs the build (npm run build), and Linux for RSS and file descriptors.

  --minutes    how long; 1 is a try, 10 the acceptance
  --clients    at one time
  --agents     of which the clients are
  --think      milliseconds between two things that a client does, in the mean
  --isolation  the wall of the tool
  --json FILE  all samples and latencies
  --help       this text`;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    clients: { type: 'string', default: '200' },
    agents: { type: 'string', default: '8' },
    think: { type: 'string', default: '2000' },
    isolation: { type: 'string', default: 'process' },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit(0);
}

function number(name, most) {
  const value = Number(values[name]);
  if (value > 0 && value <= most) return value;
  console.error(`--${name}: expected a number above 0, at most ${most}`);
  process.exit(2);
}

const minutes = number('minutes', 24 * 60);
const clients = number('clients', 1000);
const agents = number('agents', 100);
const thinkMs = number('think', 60_000);

const SAMPLES_MAX = 10_000;

/** Samples the server until the signal, often enough for some in each fifth. */
async function watch(server, site, ledger, signal, beganMs) {
  const everyMs = Math.max(2000, (minutes * 60_000) / 300);
  const samples = [];
  while (!signal.aborted && server.isRunning() && samples.length < SAMPLES_MAX) {
    samples.push({ atMs: performance.now() - beganMs, actions: ledger.actions, ...(await sampleOf(server, site.operator)) });
    await wait(everyMs, undefined, { signal }).catch(() => undefined);
  }
  return samples;
}

async function main() {
  const site = makeSite({ agents: Array.from({ length: agents }, (_, index) => `agent-${index}`), isolation: values.isolation });
  const server = await serveHttp({ policy: site.policy, nodeArgs: PROBE_ARGS });
  const over = new AbortController();
  try {
    const ledger = new Ledger();
    const beganMs = performance.now();
    const times = { beganMs, endMs: beganMs + minutes * 60_000, warmUpMs: minutes * 12_000, thinkMs };
    const watching = watch(server, site, ledger, over.signal, beganMs);
    const operator = runOperator(site, server, ledger, over.signal);
    await runClients(site, server, clients, times, ledger);
    over.abort();
    await operator;
    const run = { minutes, clients, agents, beganMs, ledger, samples: await watching, stderr: server.stderr() };
    for (const problem of server.problems()) ledger.fail('serve', 'the server', problem);
    if (!server.isRunning()) ledger.fail('serve', 'the server', 'it ended');
    const verdict = verdictOf(run);
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ ...run, verdict })}\n`);
    printReport(run, verdict);
    process.exitCode = verdict.good ? 0 : 1;
  } finally {
    over.abort();
    await server.stop();
    site.remove();
  }
}

await main();
