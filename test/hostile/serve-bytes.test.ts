import { connect } from 'node:net';
import { beforeAll, describe, expect, it } from 'vitest';
import { clientOf, openEvents, raw, requestText, type Served, TOKENS, useServers } from '../host/http/fixture.ts';

/* What comes over the network and is no request, or none that ends. */

const servers = useServers();
let served: Served;
beforeAll(async () => {
  served = await servers.open(undefined, { metrics: async () => 'up 1\n' });
});
const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]);
const auth = (who: keyof typeof TOKENS) => `Authorization: Bearer ${TOKENS[who]}`;

describe('bytes that are no request, or no end of one', () => {
  const FAST = { headerMsMax: 400, requestMsMax: 800, idleMsMax: 300 };

  it('are refused by their size and number', async () => {
    const { port } = served;
    const host = `Host: 127.0.0.1:${port}`;
    const ask = async (...lines: readonly string[]) => statusOf(await raw(port, requestText('/healthz', [host, ...lines])));
    expect(await ask(`X: ${'x'.repeat(17_000)}`)).toBe(431);
    expect(await ask(...Array.from({ length: 10_000 }, (_, at) => `X-${at}: ${at}`))).toBe(431);
    expect(await ask(...Array.from({ length: 101 }, (_, at) => `X-${at}: ${at}`))).toBe(431);
    expect(await ask(...Array.from({ length: 90 }, (_, at) => `X-${at}: ${at}`))).toBe(200);
    expect(statusOf(await raw(port, requestText(`/${'x'.repeat(20_000)}`, [host])))).toBe(431);
    expect(
      (await served.as('ann').post('/v1/approvals/k7q2m-9xw4d/deny', { digest: 'x', reason: 'x'.repeat(300_000) })).status,
    ).toBe(413);
  });

  it('a body is counted as it comes, whatever it says of its length', async () => {
    const own = await servers.open(undefined, { limits: { requestBytesMax: 100_000 } });
    const head = ['POST /v1/requests HTTP/1.1', `Host: 127.0.0.1:${own.port}`, auth('a'), 'Content-Type: application/json'];
    const chunk = `8000\r\n${'x'.repeat(0x8000)}\r\n`;
    const chunked = `${[...head, 'Transfer-Encoding: chunked', 'Connection: close', '', ''].join('\r\n')}${chunk.repeat(6)}0\r\n\r\n`;
    expect(statusOf(await raw(own.port, chunked))).toBe(413);
    expect((await own.as('a').post('/v1/requests', 'x'.repeat(100_001))).status).toBe(413);
    expect((await own.as('a').post('/v1/requests', 'x'.repeat(100_000))).status).toBe(400);
  });

  it('that smuggle a second request are refused', async () => {
    const { port } = served;
    const head = (lines: readonly string[]) =>
      [
        'POST /v1/requests HTTP/1.1',
        `Host: 127.0.0.1:${port}`,
        auth('a'),
        'Content-Type: application/json',
        ...lines,
        '',
        '',
      ].join('\r\n');
    const smuggled = `GET /v1/tools HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${auth('a')}\r\n\r\n`;
    for (const text of [
      `${head(['Content-Length: 5', 'Transfer-Encoding: chunked'])}0\r\n\r\n${smuggled}`,
      `${head(['Content-Length: 2', 'Content-Length: 4'])}{}${smuggled}`,
      head(['Transfer-Encoding: chunked, identity']) + smuggled,
      `${head(['Transfer-Encoding : chunked'])}0\r\n\r\n${smuggled}`,
      `${head(['Content-Length: +2'])}{}${smuggled}`,
      `GET /healthz HTTP/1.1\nHost: 127.0.0.1:${port}\n\n${smuggled}`,
      `GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nX: a\r\n b: c\r\n\0: d\r\n\r\n${smuggled}`,
    ]) {
      const answer = await raw(port, text);
      expect(answer.match(/HTTP\/1\.1 200/g) ?? [], text.slice(0, 200)).toEqual([]);
    }
  });

  it('pipelined after a request end the connection, and not the server', async () => {
    const { port } = served;
    const ok = `GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`;
    for (const garbage of [
      '\0\xff\xfe garbage\r\n\r\n',
      'GET\r\n\r\n',
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      '\x16\x03\x01\x02\x00\x01\x00',
    ]) {
      const alone = await raw(port, garbage);
      expect(statusOf(alone), garbage).toBe(400);
      expect(alone).toMatch(/x-content-type-options: nosniff/);
      await raw(port, [ok, garbage]);
    }
    const many = await raw(port, `${ok.repeat(20)}${requestText('/healthz', [`Host: 127.0.0.1:${port}`])}`);
    expect(many.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(21);
    expect((await clientOf(served.url).get('/healthz')).text).toBe('ok\n');
  });

  it('of methods that are for proxies, and of other protocols, are nothing here', async () => {
    const { port, url } = await servers.open(undefined, { limits: FAST });
    const host = `Host: 127.0.0.1:${port}`;
    expect(statusOf(await raw(port, requestText('/v1/tools', [host, auth('a')], 'TRACE')))).toBe(405);
    expect(await raw(port, requestText('127.0.0.1:22', [host, auth('a')], 'CONNECT'))).not.toMatch(/^HTTP\/1\.1 2/);
    const upgrade = [
      host,
      auth('a'),
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ];
    const answer = await raw(
      port,
      requestText(
        '/v1/events',
        upgrade.filter((line) => line !== auth('a')),
      ).replace('close', 'Upgrade'),
    );
    expect(statusOf(answer)).toBe(401);
    expect((await clientOf(url).get('/healthz')).text).toBe('ok\n');
  });

  it('slow ones are closed: headers, bodies and connections that do nothing', async () => {
    const own = await servers.open(undefined, { limits: FAST });
    const host = `Host: 127.0.0.1:${own.port}`;
    const body = [host, auth('a'), 'Content-Type: application/json', 'Content-Length: 100'];
    const [headers, nothing, neverEnding, silent] = await Promise.all([
      raw(own.port, `GET /healthz HTTP/1.1\r\n${host}\r\nX: `),
      raw(own.port, ''),
      raw(own.port, requestText('/v1/requests', body, 'POST', '{')),
      raw(own.port, `GET /healthz HTTP/1.1\r\n${host}\r\n\r\n`), // stays open, and says nothing more
    ]);
    expect(statusOf(headers)).toBe(408);
    expect(nothing).not.toMatch(/^HTTP\/1\.1 2/);
    expect(neverEnding).not.toMatch(/^HTTP\/1\.1 2/);
    expect(statusOf(silent)).toBe(200);
    expect((await clientOf(own.url).get('/healthz')).status).toBe(200);
  });

  it('of a stream that nobody reads do not pile up: its reader is cut off, and one that reads is not', async () => {
    const own = await servers.open(undefined, { limits: { streamBytesMax: 200_000, streamsPerPrincipalMax: 1 } });
    const socket = connect(own.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(requestText('/v1/events', [`Host: 127.0.0.1:${own.port}`, auth('ann')]));
    await new Promise((resolve) => socket.once('data', resolve));
    socket.pause();
    const reader = await openEvents(own.url, TOKENS.eve);
    expect((await openEvents(own.url, TOKENS.ann)).status).toBe(429);
    // What the system keeps between two ends of a connection is some megabytes; only then is our own bound reached.
    const told = { kind: 'alert', audit: 'x', rule: 'x'.repeat(64_000), severity: 'info', sinks: [], at: 1 } as const;
    const first = own.live.current.vitals.seq + 1;
    for (let at = 0; at < 500; at++) {
      own.live.events.emit('record', { ...told, seq: first + at });
      await reader.until(() => reader.events.length > at);
    }
    expect(reader.events).toHaveLength(500);
    const again = await openEvents(own.url, TOKENS.ann);
    expect(again.status).toBe(200); // its place is free
    for (const stream of [reader, again]) stream.close();
    socket.destroy();
  });

  it('of one agent take so many places, and leave those of others', async () => {
    const own = await servers.open(undefined, { limits: { requestsPerPrincipalMax: 2 }, waitMs: 60_000 });
    const abort = new AbortController();
    const ask = (path: string) =>
      fetch(`${own.url}/v1/requests`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${TOKENS.a}` },
        body: JSON.stringify({ tool_name: 'acting', parameters: { path, n: 1 } }),
        signal: abort.signal,
      }).catch(() => undefined);
    const held = [ask('1'), ask('2')];
    await expect.poll(async () => (await own.as('ann').get('/v1/approvals')).json.approvals.length).toBe(2);
    const more = await own.as('a').get('/v1/tools');
    expect(more).toMatchObject({ status: 429, json: { code: 'busy/overloaded' } });
    expect(more.headers.get('retry-after')).toBe('1');
    expect((await own.as('b').get('/v1/tools')).status).toBe(200);
    abort.abort();
    await Promise.all(held);
    await expect.poll(async () => (await own.as('a').get('/v1/tools')).status).toBe(200);
  });
});
