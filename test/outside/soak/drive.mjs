// What all clients of the soak do, until the time is over, and the operator who answers their questions.

import { setTimeout as wait } from 'node:timers/promises';
import { seededRandom } from '../../support/mutate.mjs';
import { SoakClient } from './client.mjs';

/**
 * Shares of what a client does next, in percent. `progress` and `cancelled` keep a worker busy for tenths of a second, and there are as many
 * workers as cores: more of them would only measure how a queue grows.
 */
const MIX = [
  ['echo', 46],
  ['add', 15],
  ['refused', 8],
  ['malformed', 3],
  ['unknown', 3],
  ['failing', 3],
  ['media', 4],
  ['list', 10],
  ['progress', 1],
  ['cancelled', 2],
  ['approval', 1],
  ['reconnect', 4],
];
/** In the warm-up, so often a client goes without a word: what it leaves is bounded by the server, and then stays as it is. */
const RUDE_SHARE = 0.1;
const ACTIONS_MAX = 1_000_000;
const ERRORS_KEPT_MAX = 50;
const SAMPLES_KEPT_MAX = 2_000_000;
const ANSWER_EVERY_MS = 500;

/** What was done: counts, latencies by action with the time at which each ended, and what went wrong. */
export class Ledger {
  actions = 0;
  errors = [];
  errorCount = 0;
  approvals = { approved: 0, denied: 0 };
  latencies = [];

  note(action, beganMs, endedMs) {
    this.actions += 1;
    if (this.latencies.length < SAMPLES_KEPT_MAX) this.latencies.push({ action, atMs: endedMs, ms: endedMs - beganMs });
  }

  fail(action, who, error) {
    this.errorCount += 1;
    if (this.errors.length < ERRORS_KEPT_MAX) this.errors.push(`${action} of ${who}: ${error?.message ?? error}`);
  }
}

/** @param {{ beganMs: number, endMs: number, warmUpMs: number, thinkMs: number }} times - instants of `performance.now()`, and durations. */
export async function runClients(site, server, count, times, ledger) {
  const agents = Object.keys(site.tokens);
  const clients = Array.from(
    { length: count },
    (_, id) =>
      new SoakClient(site, server, { id, agent: agents[id % agents.length], isNew: Math.floor(id / agents.length) % 2 === 1 }),
  );
  await Promise.all(clients.map((client) => runClient(client, times, ledger)));
}

async function runClient(client, times, ledger) {
  const random = seededRandom(client.id + 1);
  const isOver = () => performance.now() >= times.endMs;
  const who = `client ${client.id} (${client.agent}, ${client.isNew ? '2026' : '2025'})`;
  await wait(random() * times.thinkMs * 2);
  if (!(await attempt(ledger, 'connect', who, () => client.connect()))) return;
  for (let index = 0; index < ACTIONS_MAX && !isOver(); index++) {
    const action = pick(random());
    const done = await attempt(ledger, action, who, () => act(client, action, random, times));
    if (!done && action === 'reconnect') return;
    await wait(random() * times.thinkMs * 2);
  }
  await attempt(ledger, 'disconnect', who, () => client.disconnect());
}

function pick(number) {
  let below = 0;
  for (const [action, share] of MIX) {
    below += share;
    if (number * 100 < below) return action;
  }
  return 'echo';
}

async function act(client, action, random, { beganMs, warmUpMs }) {
  if (action === 'cancelled') return client.cancelled(20 + Math.floor(random() * 130));
  if (action === 'approval') return client.approval(wait);
  if (action !== 'reconnect') return client[action]();
  const rudely = performance.now() - beganMs < warmUpMs && random() < RUDE_SHARE;
  await client.disconnect({ rudely });
  return client.connect();
}

/** @returns whether it went well; a failure is written down, and the client goes on. */
async function attempt(ledger, action, who, run) {
  const began = performance.now();
  try {
    await run();
    ledger.note(action, began, performance.now());
    return true;
  } catch (error) {
    ledger.fail(action, who, error);
    return false;
  }
}

/** Answers what is asked, three in four with a yes, until the signal. */
export async function runOperator(site, server, ledger, signal) {
  const headers = { authorization: `Bearer ${site.operator}`, 'content-type': 'application/json' };
  for (let answered = 0; !signal.aborted; ) {
    await attempt(ledger, 'answers', 'the operator', async () => {
      const open = await (await fetch(`${server.base}/v1/approvals`, { headers })).json();
      for (const { status, asked } of open.approvals) {
        if (status !== 'pending') continue;
        const word = answered++ % 4 === 3 ? 'deny' : 'approve';
        const body = JSON.stringify({ digest: asked.digest, reason: 'soak' });
        const response = await fetch(`${server.base}/v1/approvals/${asked.approval}/${word}`, { method: 'POST', headers, body });
        const text = await response.text();
        if (!response.ok) throw new Error(`${word}: ${response.status} ${text.slice(0, 300)}`);
        ledger.approvals[word === 'deny' ? 'denied' : 'approved'] += 1;
      }
    });
    await wait(ANSWER_EVERY_MS);
  }
}
