// The warden's full path without a guest: request, decision, trail, outcome. Beside a bare fdatasync of the same run.
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAlerts } from '../dist/host/alerts/index.js';
import { createRedactor, openRedactionKey } from '../dist/host/audit/index.js';
import { BUILT_IN } from '../dist/host/capabilities/index.js';
import { openPolicyTrail } from '../dist/host/open-warden.js';
import { loadPolicy } from '../dist/host/policy/index.js';
import { Warden } from '../dist/host/warden.js';
import { Runtime } from '../dist/runtime/index.js';
import { ROOT } from '../test/setup/set-up.mjs';
import { duration, median, ratio, rounded, summarise, table } from './stats.mjs';

const IN_FLIGHT = 256;

const policyText = (sync, grants) => `version: 1
trail: { sync: ${sync} }
tools:
  plan:
    component: ${ROOT}tools/kubectl-plan/kubectl-plan.wasm
    functions: [plan]
    isolation: thread
    limits: { memory: 1MiB }
    grants: [${grants}]
agents:
  bench:
    tools:
      - tool: plan
        parameters: { verb: { oneOf: [get, logs] }, target: { pattern: "pod/[a-z0-9-]{1,63}" }, namespace: { equals: web } }
        when: justification.size() > 3
`;

const REQUEST = {
  agent: 'bench',
  tool_name: 'plan',
  parameters: { verb: 'get', target: 'pod/webapp-7d4b9c6f5-x2x9q', namespace: 'web' },
  justification: 'the pod crash-loops',
  source: 'FATAL: Database connection failed.',
};

/** Prepares like the real one and runs nothing: what is left is the warden. */
class NoGuest {
  #runtime = new Runtime({ threads: 1, cacheDirectory: false });
  #outcome = {
    kind: 'ok',
    usage: {
      fuel: 1n,
      memoryBytesPeak: 0,
      wallMs: 0,
      hostCalls: 0,
      phases: { instantiateMs: 0, lowerMs: 0, guestMs: 0, liftMs: 0 },
    },
    stdout: { bytes: new Uint8Array(0), truncated: false },
    stderr: { bytes: new Uint8Array(0), truncated: false },
    log: [],
    logDropped: 0,
  };
  isolation = 'thread';
  load = (bytes) => this.#runtime.load(bytes);
  prepare = (component, options) => this.#runtime.prepare(component, options);
  release = () => undefined;
  invoke = async () => this.#outcome;
  close = () => this.#runtime.close();
}

async function openBare(folder, sync, effectful) {
  const path = join(folder, `${sync}.yaml`);
  writeFileSync(path, policyText(sync, effectful ? 'outside' : ''));
  const outside = {
    name: 'outside',
    summary: 'for the bench',
    interfaces: [],
    capability: { kind: 'wasi', name: 'outside', setup: {} },
  };
  const entries = [...BUILT_IN, outside];
  const policy = await loadPolicy(path, { knownGrants: new Set(entries.map(({ name }) => name)) });
  const trail = await openPolicyTrail(policy, { decides: true });
  const redactor = createRedactor(openRedactionKey(policy.trail.folder));
  const alerts = createAlerts({ sinks: [], env: {}, now: Date.now, onProblem: () => undefined });
  const guest = new NoGuest();
  const runners = { for: () => guest, close: () => guest.close() };
  return new Warden({
    policy,
    entries,
    runners,
    secret: () => '',
    trail,
    redactor,
    alerts,
    questions: { env: {}, onProblem: () => undefined },
    threads: IN_FLIGHT,
    waitingMax: 4096,
    waitingPerAgentMax: 4096,
  });
}

async function one(warden) {
  const outcome = await warden.request(REQUEST);
  if (outcome.kind !== 'ok') throw new Error(JSON.stringify(outcome));
}

/** Milliseconds of each call of one caller. */
async function alone(warden, count) {
  const samples = [];
  for (let index = 0; index < count; index++) {
    const began = performance.now();
    await one(warden);
    samples.push(performance.now() - began);
  }
  return samples;
}

/** Calls a second with so many in flight. */
async function together(warden, count) {
  let left = count;
  const began = performance.now();
  const caller = async () => {
    while (left-- > 0) await one(warden);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, caller));
  return (count * 1000) / (performance.now() - began);
}

/** Milliseconds of each fdatasync after a write of as many bytes as one call leaves. */
function bareSyncs(folder, count) {
  const file = openSync(join(folder, 'bare'), 'a');
  const bytes = Buffer.alloc(1800, 120);
  const samples = [];
  for (let index = 0; index < count; index++) {
    writeSync(file, bytes);
    const began = performance.now();
    fdatasyncSync(file);
    samples.push(performance.now() - began);
  }
  closeSync(file);
  return samples;
}

/**
 * Rounds in which a bare fdatasync, one caller alone and 256 requests in flight take turns, so that a slow minute of the disk meets all alike.
 *
 * @returns rows of `{grants, bareMs: summary, aloneMs: summary, perSecond: [each round], samples}`: calls without an effect, and calls that wait for
 * their intent.
 */
export async function measureWarden({ quick }) {
  const folder = mkdtempSync(join(tmpdir(), 'cellblock-bench-warden-'));
  const count = quick ? 300 : 1000;
  try {
    const rows = [];
    for (const effectful of [false, true]) rows.push(await measureOne(folder, effectful, count, quick ? 2 : 8));
    return rows;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureOne(folder, effectful, count, rounds) {
  const warden = await openBare(folder, 'group', effectful);
  const row = { grants: effectful ? 'with an effect' : 'without', perSecond: [] };
  const bare = [];
  const own = [];
  await together(warden, 60 * count); // the compiler's warm-up
  await alone(warden, count);
  for (let round = 0; round < rounds; round++) {
    bare.push(...bareSyncs(folder, count));
    own.push(...(await alone(warden, count)));
    row.perSecond.push(Math.round(await together(warden, 40 * count)));
  }
  await warden.close();
  return { ...row, bareMs: summarise(bare), aloneMs: summarise(own), samples: { bareMs: rounded(bare), aloneMs: rounded(own) } };
}

export function wardenTable(rows) {
  return table(
    ['the way of a request, no guest', 'fdatasync p50', 'alone p50', 'alone / fdatasync', '256 in flight, a second'],
    rows.map(({ grants, bareMs, aloneMs, perSecond }) => [
      `${grants === 'without' ? 'no grant with an effect' : 'waits for its intent'}`,
      duration(bareMs.p50),
      duration(aloneMs.p50),
      ratio(aloneMs.p50, bareMs.p50),
      median(perSecond).toLocaleString('en'),
    ]),
  );
}
