import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { verifyTrail } from 'cellblock';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { useServed } from '../support/served.ts';
import { plainTool } from '../support/warden-guests.ts';

/* `cellblock serve` and `cellblock token` as processes, by real clients: what no test of one room can show. */

const MAIN = fileURLToPath(new URL('../../dist/host/cli/main.js', import.meta.url));
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function token(kind: 'agent' | 'operator', name: string): { readonly token: string; readonly digest: string } {
  const { stdout, status } = spawnSync(process.execPath, [MAIN, 'token', `--${kind}`, name, '--json'], { encoding: 'utf8' });
  expect(status).toBe(0);
  return JSON.parse(stdout) as { readonly token: string; readonly digest: string };
}

const triage = token('agent', 'triage');
const ann = token('operator', 'ann');
const policyOf = (tools: string): string => `version: 1
tools:
  plain: { component: plain.wasm, functions: [take, work, echo, spin], limits: { fuel: 100000000000, timeout: 60s } }
agents: { triage: { tools: ${tools} } }
serve:
  agents: { triage: { tokens: ["${triage.digest}"] } }
  operators: { ann: { tokens: ["${ann.digest}"] } }
`;
const ASKED = '[plain.echo, plain.spin, { tool: plain.take, ask: { approvers: [ann] } }]';

describe('cellblock serve', () => {
  const serve = useServed();
  let site: string;
  let policy: string;
  beforeEach(async () => {
    site = mkdtempSync(join(tmpdir(), 'cellblock-serve-'));
    folders.push(site);
    policy = join(site, 'cellblock.yaml');
    writeFileSync(join(site, 'plain.wasm'), await plainTool());
    writeFileSync(policy, policyOf(ASKED));
  });

  const api = async (url: string, path: string, who: string, body?: object) => {
    const headers = { authorization: `Bearer ${who}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) };
    const answer = await fetch(
      `${url}${path}`,
      body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) },
    );
    return { status: answer.status, body: (await answer.json()) as { readonly [name: string]: unknown } };
  };
  const approve = async (url: string, id: string) => {
    const { body } = await api(url, `/v1/approvals/${id}`, ann.token);
    const { digest } = body.asked as { readonly digest: string };
    return api(url, `/v1/approvals/${id}/approve`, ann.token, { digest });
  };
  const connect = async (url: string): Promise<Client> => {
    const client = new Client({ name: 'test', version: '1' });
    const headers = { authorization: `Bearer ${triage.token}` };
    await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { requestInit: { headers } }));
    return client;
  };

  it('says where it listens and who may come, and ends in peace', async () => {
    const server = await serve(policy);
    expect(server.stderr()).toMatch(/^MCP for agents\s+http:\/\/127\.0\.0\.1:\d+\/mcp\s+`triage`$/m);
    expect(server.stderr()).toMatch(/^console\s+http:\/\/127\.0\.0\.1:\d+\/console\s+`ann`$/m);
    server.signal('SIGTERM');
    expect(await server.ended).toEqual({ code: 0, signal: null });
    expect(await verifyTrail(join(site, '.cellblock'))).toMatchObject({ ok: true });
  });

  it('one approval over all doors: asked over MCP, seen in the console, answered over HTTP, used over MCP', async () => {
    const { url, ...server } = await serve(policy);
    const client = await connect(url);
    const call = { name: 'plain_take', arguments: { path: '/x', n: 5 } };
    const asked = await client.callTool(call);
    expect(asked).toMatchObject({ isError: true, _meta: { 'cellblock/outcome': { kind: 'pending' } } });
    const { approval } = asked._meta!['cellblock/outcome'] as {
      readonly approval: { readonly id: string; readonly url: string };
    };
    expect(approval.url).toBe(`${url}/console/approvals/${approval.id}`);
    expect((await fetch(approval.url, { redirect: 'manual' })).headers.get('location')).toContain('/console/login');
    expect((await approve(url, approval.id)).status).toBe(200);
    expect(await client.callTool(call)).toMatchObject({ structuredContent: { value: 5 } });
    expect(await client.callTool(call)).toMatchObject({ _meta: { 'cellblock/outcome': { kind: 'pending' } } }); // once
    await client.close();
    server.signal('SIGINT');
    expect(await server.ended).toMatchObject({ code: 0 });
  });

  it('a policy that changes is in force by itself, one with a mistake is not, and clients hear of it', async () => {
    const { url, said } = await serve(policy);
    const changed = new Promise<void>((resolve) => {
      const client = new Client({ name: 't', version: '1' }, { listChanged: { tools: { onChanged: () => resolve() } } });
      const headers = { authorization: `Bearer ${triage.token}` };
      void client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { requestInit: { headers } })).then(() => {
        writeFileSync(policy, policyOf('[plain.echo]'));
      });
    });
    await changed;
    expect(((await api(url, '/v1/tools', triage.token)).body.tools as readonly unknown[]).length).toBe(1);
    writeFileSync(policy, `${policyOf('[plain]')}oops: 1\n`);
    await said(/oops: unknown field/);
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
    expect(((await api(url, '/v1/tools', triage.token)).body.tools as readonly unknown[]).length).toBe(1);
  });

  it('killed with questions open, it finds them again, and nothing has run (AP-07)', async () => {
    const first = await serve(policy);
    const ids: string[] = [];
    for (let n = 0; n < 5; n += 1) {
      const { status, body } = await api(first.url, '/v1/requests', triage.token, {
        tool_name: 'plain.take',
        parameters: { path: '/', n },
      });
      expect(status).toBe(202);
      ids.push((body.approval as { readonly id: string }).id);
    }
    first.signal('SIGKILL');
    await first.ended;
    const second = await serve(policy);
    const { body } = await api(second.url, '/v1/approvals', ann.token);
    const open = body.approvals as readonly { readonly status: string; readonly asked: { readonly approval: string } }[];
    expect(open.map(({ asked, status }) => [asked.approval, status])).toEqual(ids.map((id) => [id, 'pending']));
    expect((await approve(second.url, ids[3] ?? '')).status).toBe(200);
    const run = await api(second.url, '/v1/requests', triage.token, { tool_name: 'plain.take', parameters: { path: '/', n: 3 } });
    expect(run).toMatchObject({ status: 200, body: { kind: 'ok', value: 3 } });
    second.signal('SIGTERM');
    await second.ended;
    expect(await verifyTrail(join(site, '.cellblock'))).toMatchObject({ ok: true });
  });

  it('a call that runs when it is told to end is ended, and its end is in the trail', async () => {
    const server = await serve(policy);
    const running = api(server.url, '/v1/requests', triage.token, { tool_name: 'plain.spin', parameters: {} }).catch(
      () => undefined,
    );
    for (;;) {
      const { body } = await api(server.url, '/v1/trail?kind=intent', ann.token);
      if ((body.records as readonly unknown[]).length > 0) break;
    }
    server.signal('SIGTERM');
    server.signal('SIGTERM'); // the second one does not wait
    await Promise.all([running, server.ended]);
    const again = await serve(policy);
    const { body } = await api(again.url, '/v1/trail?kind=outcome', ann.token);
    expect(body.records).toMatchObject([{ kind: 'outcome', code: expect.stringMatching(/^(failed\/interrupted|cancelled\/)/) }]);
  });

  it('a call over MCP that runs when it is told to end has time to, and its client gets the result', async () => {
    writeFileSync(policy, policyOf('[plain.work]'));
    const server = await serve(policy);
    const client = await connect(server.url);
    const running = client.callTool({ name: 'plain_work', arguments: { turns: 200_000_000 } });
    const began = async () => ((await api(server.url, '/v1/trail?kind=intent', ann.token)).body.records as unknown[]).length;
    await expect.poll(began).toBe(1);
    server.signal('SIGTERM');
    expect(await running).toMatchObject({ structuredContent: { value: 7 } });
    expect(await server.ended).toEqual({ code: 0, signal: null });
  });

  it('serves MCP on stdio as one agent, beside the console, and ends with its input', async () => {
    const client = new Client({ name: 'test', version: '1' });
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: [MAIN, 'serve', '--policy', policy, '--agent', 'triage'],
      stderr: 'pipe',
    });
    await client.connect(transport);
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['plain_take', 'plain_echo', 'plain_spin']);
    expect(await client.callTool({ name: 'plain_echo', arguments: { text: 'hi' } })).toMatchObject({
      structuredContent: { value: 'hi' },
    });
    const pending = await client.callTool({ name: 'plain_take', arguments: { path: '/', n: 1 } });
    expect(JSON.stringify(pending)).toContain('cellblock approvals show');
    await client.close();
    expect(await verifyTrail(join(site, '.cellblock'))).toMatchObject({ ok: true });
  });

  it.each([
    [['--agent', 'nobody'], /no agent `nobody`/, 2],
    [['--port', '70000'], /expected `--port`/, 2],
    [['--wait', '1h'], /expected `--wait`|expected a duration/, 2],
    [['--policy', '/nowhere/cellblock.yaml'], /cannot be read|policy\/missing/, 3],
  ])('with %j it does not start, and says why', (options, message, status) => {
    const ran = spawnSync(process.execPath, [MAIN, 'serve', '--policy', policy, ...options], { encoding: 'utf8', input: '' });
    expect(ran.stderr).toMatch(message);
    expect(ran.status).toBe(status);
    expect(ran.stdout).toBe('');
  });
});

describe('cellblock token', () => {
  it('prints the token alone on standard output, and the lines for the policy beside it', () => {
    const { stdout, stderr, status } = spawnSync(process.execPath, [MAIN, 'token', '--operator', 'ann'], { encoding: 'utf8' });
    expect(status).toBe(0);
    expect(stdout).toMatch(/^cb_[A-Za-z0-9_-]{43}\n$/);
    expect(stderr).toMatch(/operators:\n {4}ann: \{ tokens: \["sha256:[0-9a-f]{64}"\] \}/);
    expect(stderr).not.toContain(stdout.trim());
  });

  it.each([[[]], [['--agent', 'a', '--operator', 'b']], [['--agent', 'a b']]])('refuses %j', (options) => {
    expect(spawnSync(process.execPath, [MAIN, 'token', ...options]).status).toBe(2);
  });
});
