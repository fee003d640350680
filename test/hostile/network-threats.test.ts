import { writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Outcome, Warden } from 'cellblock';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requestHoarder } from '../support/hoarding-guests.ts';
import { fetchTool, sendTool } from '../support/http-guests.ts';
import { usePlace } from '../support/wardens.ts';

/* Guests that try to reach more than their `http` grant, through a warden, with real sockets on loopback: threats NE, RS-10, RS-17, RE-02. */

const SECRET = 'tok-4f9d1b7c2e8a6035';

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
}

/** A server that remembers what it got. */
class Site {
  readonly seen: Seen[] = [];
  readonly #server = createServer((request, response) => {
    this.seen.push({ method: request.method!, url: request.url!, headers: request.headers });
    this.answer(request, response);
  });
  answer: (request: IncomingMessage, response: ServerResponse) => void = (_, response) => response.end('fine');

  async open(): Promise<void> {
    await new Promise<void>((listening) => this.#server.listen(0, '127.0.0.1', listening));
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get authority(): string {
    return this.origin.slice('http://'.length);
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

const granted = new Site();
const other = new Site();

beforeAll(async () => {
  await granted.open();
  await other.open();
});

afterAll(() => {
  granted.close();
  other.close();
});

type Answer = {
  readonly kind: Outcome['kind'];
  readonly value: { readonly tag?: string; readonly value?: string } & Record<string, unknown>;
};

describe.each(['thread', 'process'])('http behind the wall `%s`', (isolation) => {
  const place = usePlace();

  /** A warden whose two tools (`send`, and `fetch` over wasi:http) have the grant. */
  async function open(requests: string, more = ''): Promise<Warden> {
    const grant = `[{ http: { requests: ${requests}${more} } }]`;
    const site = place.site(`version: 1
secrets: { token: { file: token } }
tools:
  send: { component: send.wasm, functions: [do-send], grants: ${grant}, isolation: ${isolation}, limits: { timeout: 10s } }
  hoard: { component: hoard.wasm, functions: [ask-many], grants: ${grant}, isolation: ${isolation}, limits: { timeout: 10s } }
  fetch: { component: fetch.wasm, functions: [get, post], grants: ${grant}, isolation: ${isolation}, limits: { timeout: 10s } }
agents: { one: { tools: [send, fetch, hoard] } }
`);
    writeFileSync(join(site, 'send.wasm'), await sendTool());
    writeFileSync(join(site, 'fetch.wasm'), await fetchTool());
    writeFileSync(join(site, 'hoard.wasm'), await requestHoarder());
    writeFileSync(join(site, 'token'), SECRET, { mode: 0o600 });
    granted.seen.length = 0;
    other.seen.length = 0;
    granted.answer = (_, response) => void response.end('fine');
    return place.open(site);
  }

  const send = async (
    warden: Warden,
    url: string,
    { method = 'GET', headers = [] as object[], body = null as string | null } = {},
  ) => {
    const request = { method, url, headers, body: body === null ? null : Buffer.from(body).toString('base64') };
    return (await warden.request({ agent: 'one', tool_name: 'send', parameters: { request } })) as Outcome & Answer;
  };
  const get = (warden: Warden, authority: string, path: string) =>
    warden.request({ agent: 'one', tool_name: 'fetch.get', parameters: { authority, path } });

  const loopback = (path = '/api', more = '') =>
    `[{ methods: [GET], url: "${granted.origin}${path}", addresses: [127.0.0.1]${more} }]`;

  it('lets through what the scope has, by both interfaces', async () => {
    const warden = await open(loopback());
    expect(await send(warden, `${granted.origin}/api/pods`)).toMatchObject({ kind: 'ok', value: { status: 200 } });
    expect(await get(warden, granted.authority, '/api/pods')).toMatchObject({ kind: 'ok' });
    expect(granted.seen.map(({ method, url }) => `${method} ${url}`)).toEqual(['GET /api/pods', 'GET /api/pods']);
  });

  it('NE-01, NE-02, NE-03: private, local and metadata addresses in any writing are refused, though the rule has every host', async () => {
    const { port } = new URL(granted.origin);
    const hosts = [
      '127.0.0.1',
      'localhost',
      '127.1',
      '2130706433',
      '0x7f.1',
      '0177.0.0.1',
      '0',
      '①②⑦.⓪.⓪.①',
      '[::1]',
      '[::ffff:127.0.0.1]',
      '[::]',
    ];
    const rules = hosts
      .filter((host) => !/^[①2-9]|^0|^127\.1$/.test(host))
      .map((host) => `{ methods: [GET], url: "http://${host}:${port}" }`);
    const metadata = [
      '169.254.169.254',
      '10.0.0.1',
      '192.168.0.1',
      '[::ffff:169.254.169.254]',
      '[fd00:ec2::254]',
      '100.100.100.200',
    ];
    rules.push(...metadata.map((host) => `{ methods: [GET], url: "http://${host}" }`));
    const warden = await open(`[${rules.join(', ')}]`);
    for (const host of hosts) {
      const outcome = await send(warden, `http://${host}:${port}/`);
      expect(outcome, host).toMatchObject({ kind: 'tool-error', value: { tag: 'denied' } });
    }
    for (const host of metadata) {
      const outcome = await send(warden, `http://${host}/latest/meta-data`);
      expect(outcome, host).toMatchObject({ kind: 'tool-error', value: { tag: 'denied' } });
    }
    expect(granted.seen).toEqual([]);
  });

  it('NE-07: a redirect is followed only where a request of its own would be allowed, and carries no secret elsewhere', async () => {
    const more = ', redirects: 5, secrets: { authorization: { secret: token, prefix: "Bearer " } }';
    const rules = `[{ methods: [GET], url: "${granted.origin}/api", addresses: [127.0.0.1]${more} }, { methods: [GET], url: "${other.origin}/open", addresses: [127.0.0.1] }]`;
    const warden = await open(rules);
    const leadTo = (location: string): void => {
      granted.answer = ({ url }, response) => {
        if (url === '/api/go') response.writeHead(302, { location });
        response.end('here');
      };
    };
    leadTo('/api/next');
    expect(await send(warden, `${granted.origin}/api/go`)).toMatchObject({ kind: 'ok', value: { status: 200 } });
    leadTo(`${other.origin}/open/x`);
    expect(await send(warden, `${granted.origin}/api/go`)).toMatchObject({ kind: 'ok', value: { status: 200 } });
    expect(other.seen.map(({ url, headers }) => [url, headers.authorization])).toEqual([['/open/x', undefined]]);
    expect(granted.seen.every(({ headers }) => headers.authorization === `Bearer ${SECRET}`)).toBe(true);
    for (const location of [
      'http://169.254.169.254/latest',
      `${other.origin}/closed`,
      `${granted.origin}/elsewhere`,
      'file:///etc/passwd',
      '//evil.test/',
      `http://x@${granted.authority}/api/`,
    ]) {
      leadTo(location);
      expect(await send(warden, `${granted.origin}/api/go`), location).toMatchObject({
        kind: 'tool-error',
        value: { tag: 'denied' },
      });
    }
    granted.answer = ({ url }, response) => response.writeHead(302, { location: `${url}x` }).end();
    expect(await send(warden, `${granted.origin}/api/go`)).toMatchObject({
      kind: 'tool-error',
      value: { tag: 'too-many-redirects' },
    });
    expect(other.seen).toHaveLength(1);
  });

  it('NE-10, NE-14: other hosts, ports, schemes, paths and ways to write them are refused', async () => {
    const warden = await open(loopback());
    const { port } = new URL(granted.origin);
    for (const url of [
      `http://127.0.0.1:${Number(port) + 1}/api`,
      'http://127.0.0.1/api',
      `https://127.0.0.1:${port}/api`,
      `http://127.0.0.1.:${port}/api`,
      `http://user@127.0.0.1:${port}/api`,
      `http://127.0.0.1:${port}@evil.test/api`,
      `http://127.0.0.1:${port}\\@evil.test/api`,
      `${granted.origin}/apis`,
      `${granted.origin}/API`,
      `${granted.origin}/api/../secret`,
      `${granted.origin}/api/%2e%2e/secret`,
      `${granted.origin}/api%2fsecret`,
      `${granted.origin}//api`,
      `${granted.origin}/api?watch=1`,
      'file:///etc/passwd',
      'data:text/plain,hello',
      'ftp://127.0.0.1/api',
      'blob:null/1',
      '',
      `${granted.origin}/api\r\nx-injected: 1`,
    ]) {
      expect((await send(warden, url)).kind, url).toBe('tool-error');
    }
    for (const method of ['POST', 'DELETE', 'get', 'CONNECT', 'TRACE', 'GET /x HTTP/1.1\r\nhost: evil\r\n\r\nGET']) {
      expect((await send(warden, `${granted.origin}/api`, { method })).kind, method).toBe('tool-error');
    }
    for (const [name, value] of [
      ['authorization', 'mine'],
      ['cookie', 'mine'],
      ['transfer-encoding', 'chunked'],
      ['connection', 'upgrade'],
      ['proxy-authorization', 'mine'],
      ['x-forwarded-for', '1.1.1.1'],
      ['accept', 'a\r\nx-injected: 1'],
      ['x y', 'z'],
      ['', 'z'],
    ] as const) {
      expect((await send(warden, `${granted.origin}/api`, { headers: [{ name, value }] })).kind, name).toBe('tool-error');
    }
    expect(granted.seen).toEqual([]);
    // What every library sends is set by the host, whatever it says.
    const headers = [{ name: 'Host', value: 'evil.test' }];
    expect(await send(warden, `${granted.origin}/api`, { headers })).toMatchObject({ kind: 'ok' });
    expect(granted.seen.map((request) => request.headers.host)).toEqual([granted.authority]);
  });

  it('AU-13: a secret is in the request and nowhere else, also where the server sends it back', async () => {
    const warden = await open(loopback('/api', ', secrets: { authorization: { secret: token, prefix: "Bearer " } }'));
    granted.answer = (request, response) => {
      response.setHeader('x-echo', request.headers.authorization!);
      response.write(JSON.stringify(request.headers));
      response.end(Buffer.from(SECRET).toString('base64'));
    };
    const outcome = await send(warden, `${granted.origin}/api`);
    expect(outcome.kind).toBe('ok');
    expect(granted.seen[0]?.headers.authorization).toBe(`Bearer ${SECRET}`);
    const body = Buffer.from(outcome.value.body as string, 'base64').toString();
    expect(body).toContain('[redacted]');
    const { records } = await warden.audit.show(outcome.receipt.audit!);
    for (const text of [body, JSON.stringify(outcome), JSON.stringify(records)]) {
      expect(text).not.toContain(SECRET);
      expect(text).not.toContain(Buffer.from(SECRET).toString('base64').slice(0, 20));
    }
    const fetched = await get(warden, granted.authority, '/api');
    expect(Buffer.from(fetched.value as string, 'base64').toString()).not.toContain(SECRET);
  });

  it('RS-10: requests that are never let go of end at the cap on exchanges, and their connections with the call', async () => {
    const warden = await open(loopback(), ', concurrent: 5');
    let connections = 0;
    granted.answer = (request, response) => {
      connections += 1;
      request.socket.once('close', () => (connections -= 1));
      response.writeHead(200, { 'content-length': 10 });
      response.write('half');
    };
    const parameters = { authority: granted.authority, path: '/api', n: 10_000 };
    expect(await warden.request({ agent: 'one', tool_name: 'hoard', parameters })).toMatchObject({ kind: 'ok', value: 5 });
    expect(granted.seen).toHaveLength(5);
    await expect.poll(() => connections).toBe(0);
  });

  it('RS-17: a small body that inflates without end is cut, and so is a large one', async () => {
    const warden = await open(loopback('/api', ', responseBytes: 1MiB, inflatedBytes: 4MiB'));
    const bomb = gzipSync(Buffer.alloc(64 * 2 ** 20));
    granted.answer = (_, response) => response.setHeader('content-encoding', 'gzip').end(bomb);
    expect(await send(warden, `${granted.origin}/api`)).toMatchObject({ kind: 'tool-error', value: { tag: 'too-large' } });
    granted.answer = (_, response) => response.setHeader('content-encoding', 'gzip, gzip').end(gzipSync(bomb));
    expect(await send(warden, `${granted.origin}/api`)).toMatchObject({ kind: 'tool-error', value: { tag: 'too-large' } });
    granted.answer = (_, response) => response.setHeader('content-encoding', 'gzip, gzip, gzip').end(gzipSync(gzipSync(bomb)));
    expect((await send(warden, `${granted.origin}/api`)).kind).toBe('tool-error');
    granted.answer = (_, response) => response.end(Buffer.alloc(2 * 2 ** 20));
    expect(await send(warden, `${granted.origin}/api`)).toMatchObject({ kind: 'tool-error', value: { tag: 'too-large' } });
    granted.answer = (_, response) => response.setHeader('content-encoding', 'gzip').end(gzipSync('small'));
    const good = await send(warden, `${granted.origin}/api`);
    expect(Buffer.from(good.value.body as string, 'base64').toString()).toBe('small');
  });

  it('RE-02, RS-13: a server that never answers holds a call no longer than its time', async () => {
    const warden = await open(loopback('/api', ', timeout: 300ms'));
    granted.answer = () => undefined;
    const began = performance.now();
    expect(await send(warden, `${granted.origin}/api`)).toMatchObject({ kind: 'tool-error', value: { tag: 'timed-out' } });
    expect(performance.now() - began).toBeLessThan(5000);
    granted.answer = (_, response) => void response.write('a little');
    expect(await send(warden, `${granted.origin}/api`)).toMatchObject({ kind: 'tool-error', value: { tag: 'timed-out' } });
  });

  it('says in the trail what was refused and what was done', async () => {
    const warden = await open(loopback());
    const denied = await send(warden, `${granted.origin}/other?page=abc`);
    const done = await send(warden, `${granted.origin}/api/x`);
    const secret = await send(warden, `${granted.origin}/other?token=abc`);
    expect(secret.receipt.uses).toMatchObject([{ act: expect.stringMatching(/^hmac-sha256:/), result: 'denied' }]);
    expect(denied.receipt.uses).toMatchObject([
      { capability: 'http', act: `GET ${granted.origin}/other?page=`, result: expect.stringMatching(/^denied: /) },
    ]);
    expect(done.receipt.uses).toEqual([
      { capability: 'http', act: `GET ${granted.origin}/api/x`, result: '200', data: { sent: 0, received: 4 } },
    ]);
    const { records } = await warden.audit.show(done.receipt.audit!);
    expect(records.find(({ kind }) => kind === 'outcome')).toMatchObject({ uses: done.receipt.uses });
  });
});
