import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { beforeAll, describe, expect, it } from 'vitest';
import { clientOf, openEvents, raw, requestText, type Served, TOKENS, useServers } from '../host/http/fixture.ts';
import { expectWholeTrail, recordsOf } from '../support/wardens.ts';

/* Threats to what is served over HTTP, by the ids of the list of threats: names, origins, tokens, and one agent beside another. */

const servers = useServers();
let served: Served;
beforeAll(async () => {
  served = await servers.open(undefined, { metrics: async () => 'up 1\n' });
});
const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]);
const auth = (who: keyof typeof TOKENS) => `Authorization: Bearer ${TOKENS[who]}`;

describe('SV-01: DNS rebinding', () => {
  it('a name that is not ours is refused, ours are not', async () => {
    const { port } = served;
    const statusFor = async (...hosts: readonly string[]) =>
      statusOf(await raw(port, requestText('/v1/tools', [...hosts.map((host) => `Host: ${host}`), auth('a')])));
    const ours = ['127.0.0.1', 'localhost', '[::1]', 'LOCALHOST'].map((name) => `${name}:${port}`);
    for (const host of [...ours, 'cellblock.example.com', `cellblock.example.com:${port}`, 'proxy.example.com:8443']) {
      expect(await statusFor(host), host).toBe(200);
    }
    const theirs = [
      'evil.test',
      'localhost',
      `evil.test:${port}`,
      `localhost.evil.test:${port}`,
      `127.0.0.1:${port}.evil.test`,
      `127.0.0.2:${port}`,
    ];
    const tricks = [
      `0.0.0.0:${port}`,
      `2130706433:${port}`,
      `localhost.:${port}`,
      `127.1:${port}`,
      '',
      ' ',
      `x@localhost:${port}`,
      'proxy.example.com',
    ];
    for (const host of [
      ...theirs,
      ...tricks,
      'cellblock.example.com:1',
      `cellblock.example.com.evil.test:${port}`,
      `localhost:${port}, evil.test`,
    ]) {
      expect(await statusFor(host), host).toBe(403);
    }
    expect(await statusFor()).toBe(403);
    expect(await statusFor(ours[0]!, 'evil.test')).toBe(403);
    expect(await statusFor(ours[0]!, ours[0]!)).toBe(403);
  });

  it('a target in absolute form is for the host that it names', async () => {
    const { port } = served;
    const ask = async (target: string) => statusOf(await raw(port, requestText(target, [`Host: 127.0.0.1:${port}`, auth('a')])));
    expect(await ask(`http://127.0.0.1:${port}/v1/tools`)).toBe(200);
    for (const target of [
      `http://evil.test/v1/tools`,
      `http://localhost:${port}/v1/tools`,
      `http://x@127.0.0.1:${port}/v1/tools`,
    ]) {
      expect(await ask(target), target).toBe(403);
    }
    for (const target of ['*', 'evil.test:80', 'file:///etc/passwd', 'v1/tools', '?x'])
      expect([400, 403], target).toContain(await ask(target));
    for (const target of ['//evil.test/v1/tools', '/v1/../v1/none', '/%76%31/tools/', '/v1/tools%00', '/v1\\tools']) {
      expect([400, 404], target).toContain(await ask(target));
    }
  });
});

describe('SV-02: requests that a page of another site makes a browser send', () => {
  it('are refused by their origin, by how they were fetched, or by their kind, with a token or without', async () => {
    const body = JSON.stringify({ tool_name: 'plain.take', parameters: { path: 'p', n: 1 } });
    const post = (headers: Readonly<Record<string, string>>) => served.as('a').post('/v1/requests', body, headers);
    const before = recordsOf(served.site).length;
    for (const origin of [
      'https://evil.test',
      'null',
      'http://localhost:1',
      `http://localhost:${served.port}.evil.test`,
      'data:',
      '*',
    ]) {
      expect((await post({ origin })).status, origin).toBe(403);
    }
    expect((await post({ 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data',
      'text/json',
      'application/jsonx',
      '',
    ]) {
      expect((await post({ 'content-type': type })).status, type).toBe(415);
      expect((await clientOf(served.url).post('/v1/requests', body, { 'content-type': type })).status, type).toBe(415);
    }
    expect((await post({ 'content-encoding': 'gzip' })).status).toBe(415);
    expect(recordsOf(served.site)).toHaveLength(before);
    expect((await post({ origin: served.url, 'sec-fetch-site': 'same-origin' })).status).toBe(200);
    expect((await post({ 'content-type': 'application/json; charset=utf-8' })).status).toBe(200);
  });

  it('a preflight is answered by nothing that allows anything', async () => {
    const { status, headers } = await fetch(`${served.url}/v1/requests`, {
      method: 'OPTIONS',
      headers: { origin: 'https://evil.test', 'access-control-request-method': 'POST' },
    });
    expect(status).toBe(403);
    expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
  });
});

describe('SV-03: what is served by default', () => {
  it('is on 127.0.0.1 alone', async () => {
    expect(served.url).toBe(`http://127.0.0.1:${served.port}`);
    const others = Object.values(networkInterfaces())
      .flatMap((list) => list ?? [])
      .filter(({ internal, family }) => !internal && family === 'IPv4');
    for (const host of ['127.0.0.2', ...others.map(({ address }) => address)]) {
      const isOpen = await new Promise<boolean>((resolve) => {
        const socket = connect(served.port, host, () => {
          socket.destroy();
          resolve(true);
        });
        socket.on('error', () => resolve(false));
      });
      expect(isOpen, host).toBe(false);
    }
  });

  it('shows nothing to whoever has no token, on any path, and says how answers are to be handled', async () => {
    for (const path of [
      '/',
      '/metrics',
      '/v1/trail',
      '/v1/policy',
      '/v1/events',
      '/admin',
      '/debug',
      '/v1/openapi.json',
      '/mcp',
      '/console',
      '/.env',
    ]) {
      const { status, headers, text } = await clientOf(served.url).get(path);
      expect({ path, status }).toEqual({ path, status: 401 });
      expect(text).not.toMatch(/plain|acting|cellblock\.yaml/);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
    }
    expect((await served.as('ann').get('/admin')).status).toBe(404);
  });
});

describe('who comes', () => {
  it('is said by one token in one header, exactly', async () => {
    const { port } = served;
    const ask = async (...lines: readonly string[]) =>
      statusOf(await raw(port, requestText('/v1/tools', [`Host: 127.0.0.1:${port}`, ...lines])));
    expect(await ask(auth('a'))).toBe(200);
    const { a, b } = TOKENS;
    for (const lines of [
      [auth('a'), auth('b')],
      [auth('a'), auth('a')],
      [`Authorization: Bearer ${a}, Bearer ${b}`],
      [`Authorization: Basic ${Buffer.from(`a:${a}`).toString('base64')}`],
      [`Authorization: ${a}`],
      [`Authorization: Bearer ${a.toUpperCase()}`],
      [`Authorization: Bearer ${a.slice(0, -1)}`],
      [`Authorization: Bearer ${a}\t${a}`],
      [`Cookie: token=${a}`],
      [`Proxy-Authorization: Bearer ${a}`],
    ]) {
      expect(await ask(...lines), lines.join('|')).toBe(401);
    }
    expect((await clientOf(served.url).get(`/v1/tools?access_token=${a}`)).status).toBe(401);
  });
});

describe('two agents', () => {
  it('never see each other', async () => {
    const own = await servers.open();
    const [a, b, ann] = [own.as('a'), own.as('b'), own.as('ann')];
    const events = await openEvents(own.url, TOKENS.b);
    const names = async (who: typeof a) => (await who.get('/v1/tools')).json.tools.map(({ tool_name }) => tool_name);
    expect(await names(a)).toContain('plain.take');
    expect((await names(b)).sort()).toEqual(['acting.act', 'plain.echo']);

    const body = { tool_name: 'acting', parameters: { path: 'a', n: 1 }, session: 's', request_id: 'same' };
    const waiting = await a.post('/v1/requests', body);
    const { id } = waiting.json.approval;
    const { audit } = waiting.json.receipt;
    expect((await a.get(`/v1/requests/${audit}`)).status).toBe(200);
    for (const guess of [audit, audit.slice(0, 8), '*', '%25', audit.toUpperCase()]) {
      expect((await b.get(`/v1/requests/${guess}`)).status, guess).toBe(404);
    }
    expect((await b.get(`/v1/approvals/${id}`)).status).toBe(404);
    expect((await b.get('/v1/approvals?all=true')).json).toEqual({ approvals: [] });
    for (const path of ['/v1/trail', `/v1/trail/${audit}`, '/v1/trail/verify', '/v1/policy', '/metrics']) {
      expect((await b.get(path)).status, path).toBe(403);
    }

    const { digest } = (await ann.get(`/v1/approvals/${id}`)).json.asked;
    for (const answer of ['approve', 'deny', 'revoke']) {
      for (const who of [a, b]) expect((await who.post(`/v1/approvals/${id}/${answer}`, { digest })).status, answer).toBe(403);
    }
    expect((await ann.post(`/v1/approvals/${id}/approve`, { digest })).status).toBe(200);
    // As somebody else, with what is somebody else's: the same words, session and id of a request are another agent's.
    expect(await b.post('/v1/requests', { ...body, agent: 'a' })).toMatchObject({
      status: 422,
      json: { code: 'params/invalid' },
    });
    expect(await b.post('/v1/requests', { ...body, approval: id })).toMatchObject({
      status: 403,
      json: { code: 'denied/approval-unknown' },
    });
    expect(await b.post('/v1/requests', { ...body, tool_name: 'plain.take' })).toMatchObject({
      json: { code: 'denied/tool-not-granted' },
    });
    const mine = await b.post('/v1/requests', { ...body, request_id: 'other' });
    expect(mine).toMatchObject({ status: 202 });
    expect(mine.json.approval.id).not.toBe(id);
    expect(own.acts).toEqual([]);
    expect(await a.post('/v1/requests', body)).toMatchObject({ status: 200, json: { kind: 'ok' } });
    await events.until(() => events.events.some(({ data }) => data.approval === mine.json.approval.id));
    expect(JSON.stringify(events.events)).not.toContain(audit);
    expect(JSON.stringify(events.events)).not.toContain(id);
    events.close();
    await expectWholeTrail(own.site);
  });
});
