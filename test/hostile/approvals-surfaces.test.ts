import { agentDoor, clientApprover, type LiveWarden } from 'cellblock';
import { runToolCalls } from 'cellblock/adapters/openai';
import { connectAgent } from 'cellblock/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, SERVE, type Served, TOKENS, useServers } from '../host/http/fixture.ts';
import { connect, type TestClient } from '../support/mcp-clients.ts';

/*
 * An approval is for one exact call, once, whichever way an agent comes: every surface against the same server, answered over its HTTP API. What Slack
 * and webhooks bring is in serve-approvals.test.ts, what the console sends in test/host/console.
 */

const POLICY = `version: 1
tools:
  plain: { component: plain.wasm, functions: [take], limits: { timeout: 10s } }
agents:
  a: { tools: [{ tool: plain, ask: { expires: 10m, useWithin: 10m } }] }
  b: { tools: [] }
${SERVE}`;

/** What became of a call, as this surface says it. */
interface Ended {
  readonly kind: string;
  readonly approval?: string | undefined;
}
type Surface = (path: string) => Promise<Ended>;

const servers = useServers();
const mcpModule = (await import(
  new URL('../../dist/host/mcp/index.js', import.meta.url).href
)) as typeof import('../../host/mcp/index.ts');
const at: { live?: LiveWarden } = {};
const clients: TestClient[] = [];
let served: Served;
let ann: Client;

beforeAll(async () => {
  const live = () => at.live!;
  const mcp = mcpModule.openMcpHttp({
    doorOf: (agent) => agentDoor(live(), agent),
    approverOf: (agent) => clientApprover(live(), agent),
    linkOf: () => undefined,
  });
  served = await servers.open(POLICY, { mcp });
  at.live = served.live as never; // built and source classes are one thing at run time and two to the compiler
  ann = served.as('ann');
});
afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
});

async function overMcp(kind: 'v1' | 'v2' | 'v2-2026', isStdio: boolean): Promise<Surface> {
  const where = isStdio
    ? { site: served.site, cacheDirectory: servers.place.cacheDirectory, agent: 'a' }
    : { url: new URL(`${served.url}/mcp`), agent: TOKENS.a };
  const client = await connect(kind, where);
  clients.push(client);
  return async (path) => {
    const { _meta } = await client.call('plain_take', { path, n: 1 });
    const { kind: ended, approval } = _meta!['cellblock/outcome'] as { kind: string; approval?: { id: string } };
    return { kind: ended, approval: approval?.id };
  };
}

async function overClient(): Promise<Surface> {
  const door = connectAgent({ url: served.url, token: TOKENS.a });
  return async (path) => {
    const { kind, approval } = await door.call({ name: 'plain_take', argumentsJson: JSON.stringify({ path, n: 1 }) });
    return { kind, approval: approval?.id };
  };
}

async function overAdapter(): Promise<Surface> {
  const door = agentDoor(at.live!, 'a');
  return async (path) => {
    const ended: Ended[] = [];
    const call = {
      id: 'c1',
      type: 'function' as const,
      function: { name: 'plain_take', arguments: JSON.stringify({ path, n: 1 }) },
    };
    await runToolCalls(
      door,
      { tool_calls: [call] },
      { onOutcome: ({ kind, approval }) => void ended.push({ kind, approval: approval?.id }) },
    );
    return ended[0]!;
  };
}

const SURFACES: readonly (readonly [string, () => Promise<Surface>])[] = [
  ['MCP over HTTP, the SDK before', () => overMcp('v1', false)],
  ['MCP over HTTP, 2025', () => overMcp('v2', false)],
  ['MCP over HTTP, 2026', () => overMcp('v2-2026', false)],
  ['MCP over stdio, the SDK before', () => overMcp('v1', true)],
  ['MCP over stdio, 2026', () => overMcp('v2-2026', true)],
  ['the client of the HTTP API', overClient],
  ['an adapter', overAdapter],
];

async function answer(id: string | undefined, how: 'approve' | 'revoke'): Promise<number> {
  const { digest } = (await ann.get(`/v1/approvals/${id}`)).json.asked;
  return (await ann.post(`/v1/approvals/${id}/${how}`, how === 'approve' ? { digest } : {})).status;
}

describe.each(SURFACES)('approvals over %s', (name, open) => {
  let call: Surface;
  beforeAll(async () => {
    call = await open();
  });

  it('AP-01: one for `{path: a}` lets `{path: b}` not run', async () => {
    const a = await call(`${name}/a`);
    expect(a.kind).toBe('pending');
    expect(await answer(a.approval, 'approve')).toBe(200);
    const b = await call(`${name}/b`);
    expect(b.kind).toBe('pending');
    expect(b.approval).not.toBe(a.approval);
    expect(await call(`${name}/a`)).toMatchObject({ kind: 'ok' });
  });

  it('AP-03: is used once, and not after it was taken back', async () => {
    const { approval } = await call(`${name}/once`);
    await answer(approval, 'approve');
    expect((await call(`${name}/once`)).kind).toBe('ok');
    const again = await call(`${name}/once`);
    expect(again.kind).toBe('pending');
    expect(again.approval).not.toBe(approval);
    await answer(again.approval, 'approve');
    expect(await answer(again.approval, 'revoke')).toBe(200);
    expect((await call(`${name}/once`)).kind).toBe('refused');
  });
});
