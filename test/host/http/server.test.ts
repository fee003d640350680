import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { clientOf, openEvents, raw, requestText, TOKENS, useServers } from './fixture.ts';

/* The server as such: what is mounted beside the API, how it ends, and what it says where it cannot begin. */

const servers = useServers();

describe('what is mounted', () => {
  it('at /mcp gets requests of agents, after all checks, with the name of the agent', async () => {
    const seen: string[] = [];
    let isClosed = false;
    const served = await servers.open(undefined, {
      mcp: {
        async fetch(request, agent) {
          seen.push(`${agent} ${request.method} ${request.headers.get('mcp-session-id')} ${await request.text()}`);
          return new Response('{}', { headers: { 'content-type': 'application/json', 'mcp-session-id': 's2' } });
        },
        close: async () => {
          isClosed = true;
        },
      },
    });
    const answer = await served.as('a').post('/mcp', '{"n":12345678901234567890}', { 'mcp-session-id': 's1' });
    expect(answer).toMatchObject({ status: 200, json: {} });
    expect([answer.headers.get('mcp-session-id'), answer.headers.get('x-content-type-options')]).toEqual(['s2', 'nosniff']);
    expect((await served.as('b').get('/mcp')).status).toBe(200);
    expect(seen).toEqual(['a POST s1 {"n":12345678901234567890}', 'b GET null ']);
    for (const [status, answered] of [
      [401, clientOf(served.url).post('/mcp', {})],
      [403, served.as('ann').post('/mcp', {})],
      [403, served.as('a').post('/mcp', {}, { origin: 'https://evil.test' })],
      [415, served.as('a').post('/mcp', '{}', { 'content-type': 'text/plain' })],
    ] as const) {
      expect((await answered).status).toBe(status);
    }
    for (const method of ['PUT', 'HEAD', 'OPTIONS']) {
      const headers = { authorization: `Bearer ${TOKENS.a}` };
      expect((await fetch(`${served.url}/mcp`, { method, headers })).status).toBe(405);
    }
    expect(seen).toHaveLength(2);
    await served.server.close(0);
    expect(isClosed).toBe(true);
  });

  it('at /mcp has what came in memory as long as it is worked at, and that has a bound for all', async () => {
    const open: AbortController[] = [];
    const served = await servers.open(undefined, {
      limits: { heldBytesMax: 1500 },
      mcp: {
        fetch: async () => new Response(new ReadableStream(), { headers: { 'content-type': 'text/event-stream' } }),
        close: async () => undefined,
      },
    });
    const post = async (who: 'a' | 'b') => {
      const abort = new AbortController();
      open.push(abort);
      const headers = { authorization: `Bearer ${TOKENS[who]}`, 'content-type': 'application/json' };
      const body = JSON.stringify('x'.repeat(1000));
      return (await fetch(`${served.url}/mcp`, { method: 'POST', headers, body, signal: abort.signal })).status;
    };
    expect([await post('a'), await post('b')]).toEqual([200, 429]);
    open[0]?.abort();
    await expect.poll(() => post('b')).toBe(200);
    for (const abort of open) abort.abort();
  });

  it('at /mcp is closed for whoever does not read its events', async () => {
    let isCancelled = false;
    const events = () =>
      new ReadableStream<Uint8Array>({
        pull: (controller) => controller.enqueue(new Uint8Array(65_536)),
        cancel: () => {
          isCancelled = true;
        },
      });
    const served = await servers.open(undefined, {
      limits: { requestMsMax: 200, headerMsMax: 200, streamBeatMs: 50 },
      mcp: {
        fetch: async () => new Response(events(), { headers: { 'content-type': 'text/event-stream' } }),
        close: async () => undefined,
      },
    });
    const socket = connect(served.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(requestText('/mcp', [`Host: 127.0.0.1:${served.port}`, `Authorization: Bearer ${TOKENS.a}`]));
    await new Promise((resolve) => socket.once('data', resolve));
    socket.pause();
    await expect.poll(() => isCancelled, { timeout: 5000 }).toBe(true);
    socket.destroy();
  });

  it('at /console says itself who comes, and gets nothing of other names and sites', async () => {
    const seen: string[] = [];
    const console = {
      async fetch(request: Request) {
        seen.push(`${request.method} ${new URL(request.url).pathname} ${await request.text()}`);
        const headers = new Headers({
          'content-type': 'text/html',
          'cache-control': 'private, max-age=60',
          'referrer-policy': 'same-origin',
        });
        for (const cookie of ['one=1; HttpOnly', 'two=2']) headers.append('set-cookie', cookie);
        return new Response('<p>', { headers });
      },
    };
    const served = await servers.open(undefined, { console });
    const anybody = clientOf(served.url);
    const page = await anybody.get('/console/approvals');
    expect([page.status, page.text, page.headers.get('cache-control')]).toEqual([200, '<p>', 'private, max-age=60']);
    expect(page.headers.get('referrer-policy')).toBe('same-origin'); // else forms of its pages have the origin `null`
    expect(page.headers.getSetCookie()).toEqual(['one=1; HttpOnly', 'two=2']);
    const form = { 'content-type': 'application/x-www-form-urlencoded', origin: served.url, 'sec-fetch-site': 'same-origin' };
    expect((await anybody.post('/console/login', 'token=x', form)).status).toBe(200);
    const root = await anybody.get('/');
    expect([root.status, root.headers.get('location')]).toEqual([303, '/console']);
    expect(seen).toEqual(['GET /console/approvals ', 'POST /console/login token=x']);
    expect((await anybody.post('/console/login', 'token=x', { ...form, origin: 'https://evil.test' })).status).toBe(403);
    expect((await anybody.post('/console/login', 'token=x', { ...form, origin: 'null' })).status).toBe(403);
    expect((await anybody.post('/console/login', '{}')).status).toBe(415);
    expect(await raw(served.port, requestText('/console', ['Host: evil.test']))).toMatch(/^HTTP\/1\.1 403/);
    expect((await anybody.get('/consoles')).status).toBe(401);
    expect(seen).toHaveLength(2);
  });

  it('that throws is 500, and its words stay here', async () => {
    const problems: string[] = [];
    const console = {
      fetch(): Response {
        throw new Error('secret /path');
      },
    };
    const served = await servers.open(undefined, { console, onProblem: (problem) => problems.push(problem) });
    const { status, text } = await clientOf(served.url).get('/console');
    expect(status).toBe(500);
    expect(text + problems.join()).not.toContain('secret');
    expect(problems).toHaveLength(1);
  });
});

describe('closing', () => {
  it('lets requests end, ends streams, and takes no more', async () => {
    const served = await servers.open(undefined, { waitMs: 60_000 });
    const events = await openEvents(served.url, TOKENS.ann);
    const waiting = served.as('a').post('/v1/requests', { tool_name: 'acting', parameters: { path: 'a', n: 9 } });
    await events.until(() => events.events.some(({ data }) => data.event === 'asked'));
    const [asked] = await served.live.current.approvals.list();
    const closed = served.server.close(30_000);
    await events.over;
    await served.live.current.approvals.approve(asked!.asked.approval, { by: 'ann' });
    expect(await waiting).toMatchObject({ status: 200, json: { value: 9 } });
    await closed;
    expect(served.server.close(0)).toBe(served.server.close(0));
    await expect(clientOf(served.url).get('/healthz')).rejects.toThrow();
  });

  it('closes what has not ended when the grace is over, also who says nothing', async () => {
    const served = await servers.open(undefined, { waitMs: 60_000 });
    const silent = connect(served.port, '127.0.0.1');
    const gone = new Promise<void>((resolve) => silent.once('close', () => resolve()));
    const events = await openEvents(served.url, TOKENS.ann);
    const waiting = served.as('a').post('/v1/requests', { tool_name: 'acting', parameters: { path: 'b', n: 9 } });
    const ended = expect(waiting).rejects.toThrow();
    await events.until(() => events.events.some(({ data }) => data.event === 'asked'));
    await served.server.close(0);
    await Promise.all([gone, ended]);
    expect(served.acts).toEqual([]);
  });
});

it('says where it cannot listen', async () => {
  const served = await servers.open();
  await expect(servers.open(undefined, { port: served.port })).rejects.toMatchObject({
    code: 'usage/invalid-argument',
    message: `nothing can listen on 127.0.0.1 port ${served.port}: EADDRINUSE`,
    help: 'another program listens there: end it, or choose another port (0: any that is free)',
  });
});
