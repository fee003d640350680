import { createServer as createTcpServer, type Socket } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it, test } from 'vitest';
import { closeAll, echo, endAll, fakeHttp, LOOPBACK, type Place, serve, textOf } from './fake-http.ts';

let place: Place;
let answer: (...args: Parameters<Parameters<typeof serve>[0]>) => void = echo;

beforeAll(async () => {
  place = await serve((request, response) => answer(request, response));
});
afterEach(async () => {
  answer = echo;
  await endAll();
});
afterAll(closeAll);

const rule = (fields: object = {}) => [{ methods: ['GET', 'POST', 'HEAD'], url: place.origin, ...LOOPBACK, ...fields }];

describe('a request', () => {
  it('is sent as it was judged, and no other way', async () => {
    const http = fakeHttp(rule({ query: ['q'] }));
    const url = `${place.origin.replace('http', 'HTTP')}/a/./b/../c%20d/%c3%a9?q=1&q=%26#part`;
    const got = JSON.parse(textOf(await http.send({ method: 'POST', url, headers: { Accept: 'text/*' }, body: 'hello' })));
    expect(got).toEqual({
      line: 'POST /a/c%20d/%c3%a9?q=1&q=%26',
      headers: { host: `127.0.0.1:${place.port}`, connection: 'keep-alive', accept: 'text/*', 'content-length': '5' },
      body: 'hello',
    });
    expect(await http.end()).toEqual([`POST ${place.origin}/a/c%20d/%c3%a9?q=&q= -> 200`]);
    expect(http.uses[0]).toMatchObject({ capability: 'http', data: { sent: 5 } });
    expect(http.uses[0]!.data!.received).toBeGreaterThan(50);
  });

  test.each(['get', 'GET ', 'GET / HTTP/1.1\r\nhost: evil\r\n\r\n', '', 'G\u0000T', 'A'.repeat(21), 'M-SEARCH'])(
    'with the method %j is not sent',
    async (method) => {
      const before = place.seen.length;
      const http = fakeHttp(rule());
      expect(await http.send({ method, url: place.origin })).toMatch(/^invalid: /);
      expect(place.seen.length).toBe(before);
      const [note] = await http.end();
      expect(note).toMatch(/ -> denied: /);
      expect(note).not.toMatch(/\p{C}/u);
    },
  );

  test.each(['CONNECT', 'TRACE', 'DELETE'])('with the method %s that is not granted is not sent', async (method) => {
    expect(await fakeHttp(rule()).send({ method, url: place.origin })).toMatch(/^denied: `methods` of/);
  });

  test.each([
    ['accept', 'text/plain', 'sent'],
    ['ACCEPT', 'text/plain', 'sent'],
    ['x-a', 'b\tc \u00e9', 'sent'],
    ['host', 'evil.test', 'dropped'],
    ['HOST', 'evil.test', 'dropped'],
    ['x-b', 'c', 'denied'],
    ['authorization', 'c', 'denied'],
    ['cookie', 'c', 'denied'],
    ['connection', 'close', 'denied'],
    ['Connection', 'x-a', 'denied'],
    ['transfer-encoding', 'chunked', 'denied'],
    ['Transfer-Encoding', 'identity', 'denied'],
    ['content-length', '-1', 'denied'],
    ['content-length', '0, 5', 'denied'],
    ['content-length', '0x5', 'denied'],
    ['upgrade', 'websocket', 'denied'],
    ['te', 'trailers', 'denied'],
    ['trailer', 'x-a', 'denied'],
    ['expect', '100-continue', 'denied'],
    ['keep-alive', '1', 'denied'],
    ['proxy-authorization', 'x', 'denied'],
    ['proxy-anything', 'x', 'denied'],
    ['http2-settings', 'x', 'denied'],
    [':authority', 'evil.test', 'invalid'],
    ['x-a ', 'x', 'invalid'],
    ['x-a:', 'x', 'invalid'],
    ['x-a\r\nhost', 'x', 'invalid'],
    ['', 'x', 'invalid'],
    ['x-\u00e4', 'x', 'invalid'],
    ['transfer-encoding\u0000', 'chunked', 'invalid'],
    ['x-a', 'x\r\nhost: evil.test', 'invalid'],
    ['x-a', 'x\ny', 'invalid'],
    ['x-a', 'x\u0000', 'invalid'],
    ['x-a', '\u010a', 'invalid'], // its low byte is a line break
    ['x-a', '\u007f', 'invalid'],
  ])('with the header %j: %j is %s', async (name, value, expected) => {
    const before = place.seen.length;
    const http = fakeHttp(rule({ headers: ['x-a'] }));
    const sent = await http.send({ method: 'POST', url: place.origin, headers: { [name]: value }, body: 'hello' });
    if (expected !== 'sent' && expected !== 'dropped') {
      expect(sent).toMatch(new RegExp(`^${expected}: `));
      expect(place.seen.length).toBe(before);
      return;
    }
    const { headers } = JSON.parse(textOf(sent));
    expect(headers.host).toBe(`127.0.0.1:${place.port}`);
    expect(headers['content-length']).toBe('5');
    if (expected === 'sent') expect(headers[name.toLowerCase()]).toBe(value);
    expect(JSON.stringify(headers)).not.toContain('evil');
  });

  it('has one length, whatever the tool says of it', async () => {
    const http = fakeHttp(rule());
    await http.send({ method: 'POST', url: place.origin, headers: { 'content-length': '500' }, body: 'hello' });
    expect(place.seen.at(-1)!.raw.filter((name) => /content-length|transfer-encoding/i.test(name))).toHaveLength(1);
    expect(place.seen.at(-1)!.headers['content-length']).toBe('5');
  });

  it('has no more headers than a hundred, and 64 KiB of them', async () => {
    const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`x-${at}`, 'v']));
    const http = fakeHttp(rule({ headers: Object.keys(many(101)).concat('x-a') }));
    expect(await http.send({ url: place.origin, headers: many(100) })).toMatchObject({ status: 200 });
    expect(await http.send({ url: place.origin, headers: many(101) })).toBe('invalid: there are too many headers');
    expect(await http.send({ url: place.origin, headers: { 'x-a': 'v'.repeat(10_000) } })).toMatchObject({ status: 200 });
    expect(await http.send({ url: place.origin, headers: { 'x-a': 'v'.repeat(65_536) } })).toMatch(/^invalid: /);
  });

  it('has as many bytes as every scope allows', async () => {
    const http = fakeHttp(rule({ requestBytes: '100B' }), { callerScope: { requests: rule({ requestBytes: '50B' }) } });
    const post = (bytes: number) => http.send({ method: 'POST', url: place.origin, body: 'x'.repeat(bytes) });
    expect(await post(50)).toMatchObject({ status: 200 });
    const before = place.seen.length;
    expect(await post(51)).toBe('too-large: 50');
    expect(place.seen.length).toBe(before);
  });
});

describe('a response', () => {
  const bytes = (count: number): Buffer => Buffer.alloc(count, 'x');

  test.each([
    [
      'with a length',
      (count: number) => {
        answer = (_, response) => response.end(bytes(count));
      },
    ],
    [
      'in chunks',
      (count: number) => {
        answer = (_, response) => {
          response.write(bytes(count - 1));
          response.end('x');
        };
      },
    ],
  ])('%s has as many bytes as every scope allows', async (_, serveBytes) => {
    const http = fakeHttp(rule({ responseBytes: '2000B' }), { callerScope: { requests: rule({ responseBytes: '1000B' }) } });
    serveBytes(1000);
    expect(textOf(await http.send(place.origin))).toHaveLength(1000);
    serveBytes(1001);
    expect(await http.send(place.origin)).toBe('too-large: 1000');
  });

  it('without end is cut, and its connection closed', async () => {
    let sent = 0;
    const closed = new Promise<void>((resolve) => {
      answer = (_, response) => {
        const more = (): void => {
          while (!response.destroyed && response.write(bytes(65_536))) sent += 65_536;
        };
        response.on('drain', more).on('close', resolve);
        more();
      };
    });
    expect(await fakeHttp(rule({ responseBytes: '100KiB' })).send(place.origin)).toBe('too-large: 102400');
    await closed;
    expect(sent).toBeLessThan(64 * 2 ** 20);
  });

  it('larger than a host call can carry is an error that says so', async () => {
    answer = (_, response) => response.end(bytes(2 ** 20));
    expect(await fakeHttp(rule()).send(place.origin)).toMatch(/^too-large: \d+$/);
  });

  it('keeps its headers, without those of the connection', async () => {
    answer = (_, response) => {
      response.writeHead(201, { 'x-a': '\u00e9', 'set-cookie': ['a=1', 'b=2'], 'keep-alive': 'timeout=5', te: 'x' });
      response.end('hello');
    };
    const sent = await fakeHttp(rule()).send(place.origin);
    expect(sent).toMatchObject({ status: 201, text: 'hello', headers: { 'x-a': '\u00e9', 'set-cookie': 'b=2' } });
    expect(sent).not.toHaveProperty('headers.connection');
    expect(sent).not.toHaveProperty('headers.keep-alive');
    expect(sent).not.toHaveProperty('headers.te');
  });

  it('to HEAD, of 204 and of 304 has no body', async () => {
    const http = fakeHttp(rule());
    answer = (_, response) => response.writeHead(200, { 'content-length': '5', 'content-encoding': 'gzip' }).end();
    expect(await http.send({ method: 'HEAD', url: place.origin })).toMatchObject({ status: 200, text: '' });
    for (const status of [204, 304]) {
      answer = (_, response) => response.writeHead(status, { 'content-encoding': 'br' }).end();
      expect(await http.send(place.origin)).toMatchObject({ status, text: '' });
    }
  });

  it('with headers beyond 64 KiB is an error', async () => {
    answer = (_, response) => response.writeHead(200, { 'x-a': 'v'.repeat(70_000) }).end();
    expect(await fakeHttp(rule()).send(place.origin)).toBe('unreachable: the headers of the response are too large');
  });
});

describe('RS-17: compressed responses', () => {
  const text = 'hello '.repeat(1000);
  const encodings = { gzip: gzipSync, 'x-gzip': gzipSync, deflate: deflateSync, br: brotliCompressSync } as const;
  const compressed = (layers: readonly (keyof typeof encodings)[], body: Buffer | string): void => {
    const packed = layers.reduce((inner, layer) => encodings[layer](inner), Buffer.from(body));
    answer = (_, response) => response.writeHead(200, { 'content-encoding': layers.join(', ') }).end(packed);
  };

  test.each([[['gzip']], [['x-gzip']], [['deflate']], [['br']], [['gzip', 'br']], [['br', 'gzip']]] as const)(
    '%j is inflated, to as many bytes as every scope allows',
    async (layers) => {
      compressed([...layers], text);
      const sent = await fakeHttp(rule({ inflatedBytes: '6000B' })).send(place.origin);
      expect(sent).toMatchObject({ status: 200, text });
      expect(sent).not.toHaveProperty('headers.content-encoding');
      expect(sent).not.toHaveProperty('headers.content-length');
      const callerScope = { requests: rule({ inflatedBytes: '5999B' }) };
      expect(await fakeHttp(rule(), { callerScope }).send(place.origin)).toBe('too-large: 5999');
    },
  );

  test.each([[['gzip']], [['deflate']], [['br']], [['gzip', 'gzip']]] as const)(
    'a bomb of %j goes off outside',
    async (layers) => {
      compressed([...layers], Buffer.alloc(16 * 2 ** 20));
      const before = process.memoryUsage().arrayBuffers;
      const http = fakeHttp(rule({ inflatedBytes: '1MiB' }));
      const id = await http.start({ url: place.origin });
      let failed: unknown;
      let got = 0;
      while (failed === undefined) {
        const read = (await http.back('http.read', id!, 65_536)) as string | { some: Uint8Array };
        if (typeof read === 'string') failed = read;
        else got += read.some.length;
      }
      expect(failed).toBe('HTTP-response-body-size: the body of the response has more than 1048576 bytes');
      expect(got).toBeLessThanOrEqual(2 ** 20);
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(12 * 2 ** 20);
    },
  );

  it('has a cap for bytes on the wire, too', async () => {
    const noise = Buffer.from(Array.from({ length: 5000 }, (_, at) => (at * at * 7919) % 251));
    compressed(['gzip'], noise);
    expect(await fakeHttp(rule({ responseBytes: '10KiB' })).send(place.origin)).toMatchObject({ status: 200 });
    expect(await fakeHttp(rule({ responseBytes: '100B' })).send(place.origin)).toBe('too-large: 100');
  });

  it('has two layers at most', async () => {
    compressed(['gzip', 'gzip', 'gzip'], text);
    expect(await fakeHttp(rule()).send(place.origin)).toMatch(/^unreachable: the response is compressed in a way/);
  });

  test.each([
    ['what is none', Buffer.from('hello'), 'unreachable: the response cannot be decompressed'],
    ['half of one', gzipSync(text).subarray(0, 30), 'unreachable: the compressed response ends too early'],
    ['nothing at all', Buffer.alloc(0), { status: 200, text: '' }],
  ])('of %s', async (_, body, expected) => {
    answer = (_request, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': body.length }).end(body);
    const sent = await fakeHttp(rule()).send(place.origin);
    if (typeof expected === 'string') expect(sent).toBe(expected);
    else expect(sent).toMatchObject(expected);
  });

  it('in a way that is not known is given as it came', async () => {
    answer = (_request, response) => response.writeHead(200, { 'content-encoding': 'zstd' }).end('packed');
    const sent = await fakeHttp(rule()).send(place.origin);
    expect(sent).toMatchObject({ text: 'packed', headers: { 'content-encoding': 'zstd' } });
  });
});

describe('time', () => {
  it('is over where no answer comes', async () => {
    answer = () => undefined;
    const http = fakeHttp(rule(), { callerScope: { requests: rule({ timeout: '30ms' }) } });
    expect(await http.send(place.origin)).toBe('timed-out');
    expect(await http.end()).toEqual([`GET ${place.origin}/ -> failed: the time of the exchange is over`]);
  });

  it('is over where the body stops', async () => {
    answer = (_, response) => void response.write('hello');
    expect(await fakeHttp(rule({ timeout: '100ms' })).send(place.origin)).toBe('timed-out');
  });

  it('is that of the whole exchange, not of each piece or hop', async () => {
    answer = (request, response) => {
      if (request.url === '/a') return void setTimeout(() => response.writeHead(302, { location: '/b' }).end(), 60);
      const timer = setInterval(() => response.write('x'), 20);
      response.on('close', () => clearInterval(timer));
    };
    const begun = performance.now();
    expect(await fakeHttp(rule({ timeout: '150ms', redirects: 1 })).send(`${place.origin}/a`)).toBe('timed-out');
    expect(performance.now() - begun).toBeLessThan(2000);
  });
});

describe('a server that', () => {
  /** What a server of raw bytes answers with, to its first request and on. */
  async function raw(onSocket: (socket: Socket) => void) {
    const sockets = new Set<Socket>();
    const server = createTcpServer((socket) => {
      sockets.add(socket.on('error', () => undefined));
      socket.once('data', () => onSocket(socket));
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const origin = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
    const http = fakeHttp([{ methods: ['GET'], url: origin, ...LOOPBACK }]);
    const close = async (): Promise<void> => {
      for (const socket of sockets) socket.destroy();
      await new Promise((closed) => server.close(closed));
    };
    return { http, origin, close, [Symbol.asyncDispose]: close };
  }

  test.each([
    ['says nothing of HTTP', 'hello\r\n\r\n', /^unreachable: the response is no HTTP$/],
    ['closes at once', '', /^unreachable: the connection was closed$/],
    ['closes before the end of the length', 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello', /^unreachable: /],
    ['closes before the last chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n', /^unreachable: /],
    ['has two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello!', /^unreachable: /],
    [
      'has a length and chunks',
      'HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      /^unreachable: /,
    ],
    [
      'compresses on the way',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
      /^unreachable: /,
    ],
    ['wants another protocol', 'HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n', /^unreachable: /],
  ])('%s is an error, and never half an answer', async (_, bytes, expected) => {
    await using server = await raw((socket) => socket.end(bytes));
    expect(await server.http.send(server.origin)).toMatch(expected);
  });

  it('hints before it answers is understood', async () => {
    await using server = await raw((socket) =>
      socket.write('HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'),
    );
    expect(await server.http.send(server.origin)).toMatchObject({ status: 200, text: 'ok' });
  });

  it('answers twice answers once: the rest is no answer to the next request', async () => {
    const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n';
    let count = 0;
    await using server = await raw((socket) => {
      count += 1;
      socket.write(count === 1 ? `${OK}ok${OK}no` : `${OK}ok`);
    });
    expect(await server.http.send(server.origin)).toMatchObject({ text: 'ok' });
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await server.http.send(server.origin)).toMatchObject({ text: 'ok' });
    expect(count).toBe(2);
  });
});
