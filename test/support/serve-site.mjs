// A folder with a policy for `cellblock serve`, whose tool is test/fixtures/mcp-tool, and servers of it: for the bench and the checks from outside.

import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** The command line, as the build has it. */
export const MAIN = join(ROOT, 'dist/host/cli/main.js');
const COMPONENT = join(ROOT, 'test/fixtures/mcp-tool/mcp-tool.wasm');
const FUNCTIONS =
  'simple-text, image-content, audio-content, embedded-resource, multiple-content-types, tool-with-logging, tool-with-progress, ' +
  'error-handling, elicitation, reconnection, echo, add, pause, wait, crash, delete-thing';

const READY_MS_MAX = 30_000;
const STOP_MS_MAX = 15_000;
/** Characters kept of what a server says on stderr, its newest. */
const STDERR_CHARS_MAX = 64 * 1024;
/** Lines kept that speak of failures. */
const PROBLEMS_MAX = 50;

function makeToken() {
  const token = `cb_${randomBytes(32).toString('base64url')}`;
  return { token, digest: `sha256:${createHash('sha256').update(token).digest('hex')}` };
}

/**
 * Each agent may call everything that ends by itself; `add` only with `a` of at most 100; `delete-thing` only once a human says yes; `wait` and
 * `crash` never.
 *
 * @param {{ agents: readonly string[], isolation?: 'thread' | 'process', sync?: string }} options
 * @returns {{ folder: string, policy: string, tokens: Record<string, string>, operator: string, remove(): void }} `operator`: the token of `ann`,
 *   who answers questions.
 */
export function makeSite({ agents, isolation = 'process', sync = 'group' }) {
  const folder = mkdtempSync(join(tmpdir(), 'cellblock-serve-'));
  const bearers = new Map(agents.map((agent) => [agent, makeToken()]));
  const ann = makeToken();
  const policy = join(folder, 'cellblock.yaml');
  writeFileSync(
    policy,
    `version: 1
trail: { sync: ${sync} }
tools:
  test:
    component: ${JSON.stringify(COMPONENT)}
    functions: [${FUNCTIONS}]
    grants: [log, progress, clock]
    isolation: ${isolation}
    limits: { memory: 8MiB, timeout: 30s }
agents:
${agents.map(agentText).join('')}serve:
  agents:
${[...bearers].map(([agent, { digest }]) => `    ${agent}: { tokens: ["${digest}"] }\n`).join('')}  operators:
    ann: { tokens: ["${ann.digest}"] }
`,
  );
  return {
    folder,
    policy,
    tokens: Object.fromEntries([...bearers].map(([agent, { token }]) => [agent, token])),
    operator: ann.token,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

const FREE = [
  'echo',
  'simple-text',
  'tool-with-progress',
  'tool-with-logging',
  'multiple-content-types',
  'error-handling',
  'pause',
];

function agentText(agent) {
  return `  ${agent}:
    tools:
${FREE.map((name) => `      - { tool: test.${name} }\n`).join('')}      - { tool: test.add, parameters: { a: { max: 100 } } }
      - { tool: test.delete-thing, ask: { channels: [terminal], expires: 10m } }
`;
}

/**
 * Starts `cellblock serve` over HTTP on a free port of loopback and waits until it takes connections. Whoever starts it stops it.
 *
 * @param {{ policy: string, args?: readonly string[], nodeArgs?: readonly string[] }} options
 */
export async function serveHttp({ policy, args = [], nodeArgs = [] }) {
  const port = await freePort();
  return listening([...nodeArgs, MAIN, 'serve', '--policy', policy, '--port', String(port), ...args], port);
}

/** Starts any server of Node and waits until the port takes connections. @returns what stops it and tells of it. */
export async function listening(args, port, env = {}) {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...env } });
  let stderr = '';
  const problems = [];
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr = (stderr + text).slice(-STDERR_CHARS_MAX);
  });
  createInterface({ input: child.stderr }).on('line', (line) => {
    // Levels of pino: error, fatal.
    if (/"level":[56]0/.test(line) && problems.length < PROBLEMS_MAX) problems.push(line);
  });
  const closed = new Promise((resolve) => child.once('close', resolve));
  const server = {
    url: `http://127.0.0.1:${port}/mcp`,
    base: `http://127.0.0.1:${port}`,
    pid: child.pid,
    stderr: () => stderr,
    /** Lines of its log that speak of its own failures. */
    problems: () => problems,
    isRunning: () => child.exitCode === null && child.signalCode === null,
    async stop() {
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
      await closed;
      clearTimeout(late);
    },
  };
  const end = performance.now() + READY_MS_MAX;
  while (!(await takesConnections(port))) {
    if (!server.isRunning() || performance.now() > end) {
      await server.stop();
      throw new Error(`the server did not start: ${stderr.slice(0, 2000)}`);
    }
    await wait(50);
  }
  return server;
}

export function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

function takesConnections(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
