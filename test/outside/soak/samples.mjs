// What a server holds, sample by sample, as the system and the server itself say it.

import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

/** Loaded into the server before it starts: `kill -USR2` makes it collect garbage and say what it holds, on stderr. */
const PROBE = `
import { isMainThread } from 'node:worker_threads';
if (isMainThread && process.argv.includes('serve')) process.on('SIGUSR2', () => {
  globalThis.gc();
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  const resources = {};
  for (const name of process.getActiveResourcesInfo()) resources[name] = (resources[name] ?? 0) + 1;
  process.stderr.write('\\nSOAK ' + JSON.stringify({ heapUsed, external, arrayBuffers, resources }) + '\\n');
});`;

/** Arguments of Node for a server that can be asked. */
export const PROBE_ARGS = ['--expose-gc', '--import', `data:text/javascript,${encodeURIComponent(PROBE)}`];

const ANSWER_MS_MAX = 10_000;
const METRICS_BYTES_MAX = 4 * 1024 * 1024;

/** One sample: bytes, and numbers of things; what cannot be had is absent. */
export async function sampleOf(server, operator) {
  const held = await ask(server);
  const metrics = await metricsOf(server, operator);
  return {
    rssBytes: rssOf(server.pid),
    ...(held === undefined
      ? {}
      : {
          heapBytes: held.heapUsed,
          externalBytes: held.external,
          handles: sum(Object.values(held.resources)),
          resources: held.resources,
        }),
    fds: fdsOf(server.pid),
    ...(metrics === undefined ? {} : metrics),
  };
}

/** The newest answer of the probe that was not there before. */
async function ask(server) {
  const before = server.stderr().lastIndexOf('\nSOAK ');
  const seen = before < 0 ? '' : server.stderr().slice(before);
  process.kill(server.pid, 'SIGUSR2');
  const end = performance.now() + ANSWER_MS_MAX;
  while (performance.now() < end && server.isRunning()) {
    const text = server.stderr();
    const at = text.lastIndexOf('\nSOAK ');
    const line = at < 0 ? '' : text.slice(at);
    if (line !== seen && line.indexOf('\n', 1) > 0) return JSON.parse(line.slice(6, line.indexOf('\n', 1)));
    await wait(20);
  }
  return undefined;
}

/** Numbers of the server's own metrics that stand for sessions and streams, by name; undefined where it has none. */
async function metricsOf({ base }, operator) {
  const response = await fetch(`${base}/metrics`, { headers: { authorization: `Bearer ${operator}` } }).catch(() => undefined);
  if (response === undefined || !response.ok) {
    await response?.body?.cancel();
    return undefined;
  }
  const text = (await response.text()).slice(0, METRICS_BYTES_MAX);
  const lines = [
    ...text.matchAll(/^([a-z_]*(?:session|stream|connection|in_flight|waiting)[a-z_]*(?:\{[^}]*\})?) ([0-9.e+]+)$/gm),
  ];
  return Object.fromEntries(lines.map(([, name, value]) => [name, Number(value)]));
}

function rssOf(pid) {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readProc(pid, 'status'))?.[1] ?? Number.NaN) * 1024;
}

function fdsOf(pid) {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return Number.NaN;
  }
}

function readProc(pid, name) {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}
