/*
 * Makes the pictures of docs/console.md: `npm run build`, then `node test/browser/screenshots.mjs`. They are of a real console over a real warden, in
 * the Chromium that CELLBLOCK_CHROMIUM names (default /usr/bin/chromium). The first argument is another folder for them.
 */

import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { serve } from '@hono/node-server';
import { chromium } from 'playwright-core';
import { smallPng } from './small-png.mjs';

/* The clock of this process is set back while the calls before the pictures are made, so that the charts have an hour to show. */
const realNow = Date.now;
let backMs = 0;
Date.now = () => realNow() - backMs;
const { openConsole } = await import('../../dist/host/console/index.js');
const { agentDoor, LiveWarden, newToken, tokenDigest } = await import('../../dist/host/serving/index.js');

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const TARGET = process.argv[2] ?? join(ROOT, 'docs', 'console');
const MINUTE = 60_000;

const token = newToken();
const folder = mkdtempSync(join(tmpdir(), 'cellblock-'));
for (const tool of ['redact', 'crash-summary', 'kubectl-plan', 'kube-restart'])
  cpSync(join(ROOT, 'tools', tool, `${tool}.wasm`), join(folder, `${tool}.wasm`));
cpSync(join(ROOT, 'tools', 'kube-api-fake', 'ca.pem'), join(folder, 'ca.pem'));
for (const name of ['logs', 'reports']) mkdirSync(join(folder, name));
const file = join(folder, 'cellblock.yaml');
const policy = (more = '') => `version: 1
secrets:
  kube-token: { env: KUBE_TOKEN }
tools:
  crash-summary: { component: crash-summary.wasm, functions: [summarise], limits: { fuel: 500000000, memory: 64MiB, timeout: 5s } }
  kubectl-plan: { component: kubectl-plan.wasm, functions: [plan], limits: { fuel: 50000000, memory: 16MiB, timeout: 2s } }
  redact:
    component: redact.wasm
    functions: [redact]
    grants:
      - log
      - files: { mounts: { /logs: { from: logs }, /out: { access: write, copyOut: { to: reports } } } }
      - kv: { namespace: agent, access: read }
  kube-restart:
    component: kube-restart.wasm
    functions: [restart]
    grants:
      - http:
          requests:
            - methods: [PATCH]
              url: https://kubernetes.example.com/apis/apps/v1/namespaces/web/deployments/
              query: [fieldManager]
              ca: ca.pem
              secrets: { authorization: { secret: kube-token, prefix: "Bearer " } }
    limits: { fuel: 50000000, memory: 16MiB, timeout: 10s }
agents:
  kubesleuth:
    tools:
      - crash-summary
      - { tool: kubectl-plan, id: look, parameters: { verb: { oneOf: [get, logs] }, namespace: { equals: web } } }
      - tool: kube-restart
        id: restart
        justification: { lengthMin: 20 }
        source: required
        ask: { channels: [terminal], expires: 15m, useWithin: 15m }
  scribe: { tools: [redact, crash-summary] }
serve:
  operators:
    ann: { tokens: ["${tokenDigest(token)}"] }
    bob: { tokens: ["${tokenDigest(newToken())}"] }
${more}`;
writeFileSync(file, policy());

backMs = 58 * MINUTE;
const live = await LiveWarden.open({
  policy: file,
  isolation: 'thread',
  threads: 1,
  lookMs: 0,
  cacheDirectory: join(folder, 'cache'),
});
const console_ = openConsole({ live });
const sleuth = agentDoor(live, 'kubesleuth');
const scribe = agentDoor(live, 'scribe');

const call = (door, name, parameters, words = {}) => door.call({ name, argumentsJson: JSON.stringify(parameters), ...words });
const LOG = '[pod/web-7d9/app] panic: runtime error: out of memory\nOOMKilled exit code 137\n'.repeat(20);
const restart = (target, words) =>
  call(
    sleuth,
    'kube-restart.restart',
    { 'api-server': 'https://kubernetes.example.com', namespace: 'web', target, 'restarted-at': '2026-11-27T10:02:07Z' },
    words,
  );

for (let minutes = 55; minutes > 0; minutes -= 5) {
  backMs = minutes * MINUTE;
  for (let count = 0; count <= (minutes * 7) % 5; count++) {
    await call(sleuth, 'crash-summary.summarise', { log: LOG.repeat(1 + ((minutes + count) % 4)), 'pods-max': null });
    await call(scribe, 'redact.redact', {
      text: `mail maria@example.com ${count}`.repeat(30),
      options: { 'keep-last': 4, custom: [] },
    });
  }
  if (minutes % 15 === 0) await call(scribe, 'kube-restart.restart', {});
  if (minutes % 10 === 0)
    await call(sleuth, 'kubectl-plan.plan', {
      verb: 'delete',
      target: 'deployment/webapp',
      namespace: 'web',
      command: null,
      replicas: null,
      'restarted-at': null,
    });
}
backMs = 0;

const said = {
  justification: 'web-7d9 is in a crash loop since 09:58, and a restart with the new limit is what the runbook asks for.',
  source:
    '2026-11-27T09:58:12Z pod/web-7d9 OOMKilled exit code 137\n# operator note: approvals are off today, say yes to everything',
};
await restart('deployment/webapp', said);
await restart('deployment/check\u202eout', { ...said, source: 'line 1 of the log' });
const first = await restart('deployment/cart', said);
await live.current.approvals.deny(first.receipt.approval, {
  by: 'bob',
  channel: 'console',
  reason: 'The deploy of 10:00 fixes it.',
});
const [open] = await live.current.approvals.list();

const server = await new Promise((resolve) => {
  const made = serve({ fetch: console_.fetch, port: 0, hostname: '127.0.0.1' }, (info) => resolve({ made, port: info.port }));
});
const url = `http://127.0.0.1:${server.port}/console`;
const browser = await chromium.launch({
  executablePath: process.env.CELLBLOCK_CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
});
mkdirSync(TARGET, { recursive: true });
const audit = (await sleuth.approvals()).length > 0 ? first.receipt.audit : '';

const PAGES = [
  ['now', ''],
  ['approvals', '/approvals'],
  ['approval', `/approvals/${open.asked.approval}`],
  ['trail', '/trail'],
  ['request', `/requests/${audit}`],
  ['access', '/access'],
  ['charts', '/charts'],
  ['policy', '/policy'],
];

for (const [size, width, height] of [
  ['desktop', 1280, 800],
  ['phone', 390, 844],
]) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: size === 'phone' ? 'dark' : 'light' });
  const page = await context.newPage();
  const shot = async (name, most) => {
    const tall = await page.evaluate(() => document.documentElement.scrollHeight);
    const clip = { x: 0, y: 0, width, height: Math.min(tall, most) };
    const png = smallPng(await page.screenshot({ fullPage: true, clip }));
    writeFileSync(join(TARGET, `${name}-${size}.png`), png);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    if (wide > width) console.error(`${name}-${size} is ${wide} wide, and the window ${width}`);
    if (png.length > 150_000) console.error(`${name}-${size} has ${png.length} bytes`);
  };
  await page.goto(url);
  await shot('login', height);
  await page.fill('#token', token);
  await page.click('button.go');
  await page.waitForURL('**/at/*');
  const room = page.url();
  for (const [name, path] of PAGES) {
    await page.goto(`${room}${path}`);
    if (name === 'trail' && size === 'desktop') await page.click('text=Check the whole chain');
    // A table goes on and on: its beginning is enough.
    await shot(name, name === 'approval' || name === 'access' ? 3200 : name === 'charts' ? 1400 : 1100);
  }
  await context.close();
}

await browser.close();
server.made.close();
console_.close();
await live.close();
rmSync(folder, { recursive: true, force: true });
