import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it, test } from 'vitest';
import { HTTP } from '../../../../host/capabilities/http/index.ts';
import type { WitValue } from '../../../../runtime/index.ts';
import { HTTP_BACK } from '../../../../runtime/wasi/back.ts';
import { closeAll, echo, endAll, type FakeHttp, fakeHttp, LOOPBACK, type Place, serve } from './fake-http.ts';

/* What the worker of a call may ask of the trusted side: any function, in any order, with any numbers. */

let place: Place;
let answer: Parameters<typeof serve>[0] = echo;

beforeAll(async () => {
  place = await serve((request, response) => answer(request, response));
});
afterEach(async () => {
  answer = echo;
  await endAll();
});
afterAll(closeAll);

const rule = (fields: object = {}) => [{ methods: ['GET', 'POST'], url: place.origin, ...LOOPBACK, ...fields }];
const NONE = 'HTTP-protocol-error: there is no such exchange';

/** The whole body, read in pieces. */
async function bodyOf(http: FakeHttp, id: WitValue, max = 65_536): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for (;;) {
    const read = (await http.back('http.read', id, max)) as { some: Uint8Array } | string | null;
    if (read === null) return Buffer.concat(pieces);
    if (typeof read === 'string') throw new Error(read);
    pieces.push(read.some);
  }
}

const textOf = (read: WitValue | undefined): string => Buffer.from((read as { some: Uint8Array }).some).toString();

/** Resolves when a condition holds, which the other side makes true. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 1));
}

test('serves what WASI asks for', () => {
  expect(Object.keys(HTTP_BACK).sort()).toEqual(['http.end', 'http.head', 'http.read', 'http.send', 'http.start', 'http.wait']);
  expect(HTTP.interfaces).toContain('wasi:http/outgoing-handler@0.2.0');
});

describe('an exchange', () => {
  it('is begun, has a head and a body, and ends', async () => {
    const http = fakeHttp(rule());
    const id = await http.start({ method: 'POST', url: `${place.origin}/a`, streamed: true });
    await http.back('http.send', id!, new Uint8Array(Buffer.from('hel')), false);
    await http.back('http.send', id!, new Uint8Array(Buffer.from('lo')), true);
    const { status, headers } = (await http.back('http.head', id!)) as unknown as {
      status: number;
      headers: [string, Uint8Array][];
    };
    expect(status).toBe(200);
    expect(headers.map(([name]) => name)).toContain('date');
    expect(JSON.parse((await bodyOf(http, id!)).toString())).toMatchObject({ line: 'POST /a', body: 'hello' });
    expect(await http.back('http.read', id!, 10)).toBeNull();
    expect(await http.back('http.end', id!)).toBeUndefined();
    expect(await http.back('http.read', id!, 10)).toBe(NONE);
    expect(await http.end()).toEqual([`POST ${place.origin}/a -> 200`]);
    expect(http.uses[0]!.data).toMatchObject({ sent: 5 });
  });

  it('that is refused has not begun', async () => {
    const http = fakeHttp(rule());
    const before = place.seen.length;
    expect(await http.start({ method: 'PUT', url: place.origin })).toMatch(/^HTTP-request-denied: `methods` of/);
    expect(await http.start({ url: 'http://localhost/' })).toMatch(/^HTTP-request-denied: no `url` of the grant/);
    expect(await http.start({ url: 'file:///etc/passwd' })).toMatch(/^HTTP-request-URI-invalid: /);
    expect(await http.start({ method: 'get', url: place.origin })).toMatch(/^HTTP-request-method-invalid: /);
    expect(await http.start({ url: place.origin, headers: { upgrade: 'x' } })).toMatch(/^HTTP-request-denied: /);
    expect(place.seen.length).toBe(before);
    expect(await http.back('http.head', 1)).toBe(NONE);
    expect(await http.end()).toHaveLength(5);
  });

  it('sends a length that the tool says, and no other', async () => {
    const http = fakeHttp(rule());
    const post = async (length: string, bytes: number) => {
      const headers = { 'content-length': length };
      const id = await http.start({ method: 'POST', url: place.origin, headers, streamed: true });
      await http.back('http.send', id!, new Uint8Array(bytes), true);
      return http.back('http.head', id!);
    };
    expect(await post('5', 5)).toMatchObject({ status: 200 });
    expect(place.seen.at(-1)!.headers).toMatchObject({ 'content-length': '5' });
    expect(place.seen.at(-1)!.headers).not.toHaveProperty('transfer-encoding');
    expect(await post('5', 4)).toMatch(/^(HTTP-request-body-size|connection-terminated): /);
    expect(await post('5', 6)).toMatch(/^(HTTP-request-body-size|connection-terminated): /);
    expect(await post('5', 5)).toMatchObject({ status: 200 });
  });

  it('has a body of as many bytes as are allowed', async () => {
    const http = fakeHttp(rule({ requestBytes: '10B' }));
    const id = await http.start({ method: 'POST', url: place.origin, streamed: true });
    expect(await http.back('http.send', id!, new Uint8Array(10), false)).toBeNull();
    expect(await http.back('http.send', id!, new Uint8Array(1), false)).toMatch(/^HTTP-request-body-size: /);
    expect(await http.back('http.head', id!)).toMatch(/^HTTP-request-body-size: /);
  });

  it('whose first byte is late by what the tool said is over', async () => {
    answer = () => undefined;
    const http = fakeHttp(rule());
    const id = await http.start({ url: place.origin, firstByteMsMax: 20 });
    expect(await http.back('http.head', id!)).toMatch(/^HTTP-response-timeout: /);
  });
});

describe('any order', () => {
  it('with numbers that stand for nothing is an error', async () => {
    const http = fakeHttp(rule());
    for (const id of [0, 1, 7, 2 ** 32 - 1]) {
      expect(await http.back('http.head', id)).toBe(NONE);
      expect(await http.back('http.read', id, 1)).toBe(NONE);
      expect(await http.back('http.send', id, new Uint8Array(1), true)).toBe(NONE);
      expect(await http.back('http.end', id)).toBeUndefined();
    }
  });

  it('is answered: a body without head, a body that was not announced, one that has ended', async () => {
    const http = fakeHttp(rule());
    const id = await http.start({ url: place.origin });
    expect((await bodyOf(http, id!)).length).toBeGreaterThan(0);
    expect(await http.back('http.send', id!, new Uint8Array(1), true)).toBe('HTTP-protocol-error: there is no body');
    const post = await http.start({ method: 'POST', url: place.origin, streamed: true });
    await http.back('http.send', post!, new Uint8Array(1), true);
    expect(await http.back('http.send', post!, new Uint8Array(2 ** 20), false)).toMatch(/^HTTP-protocol-error: /);
    expect(await http.back('http.send', post!, new Uint8Array(0), true)).toMatch(/^HTTP-protocol-error: /);
  });

  test.each([0, 1, 2 ** 32 - 1])('RS-11: a read of %i bytes gets what is there, and no more than fits', async (max) => {
    answer = (_, response) => response.end(Buffer.alloc(3 * 2 ** 20));
    const http = fakeHttp(rule());
    const id = await http.start({ url: place.origin });
    const read = (await http.back('http.read', id!, max)) as unknown as { some: Uint8Array };
    expect(read.some.length).toBeGreaterThan(0);
    expect(read.some.length).toBeLessThanOrEqual(max === 2 ** 32 - 1 ? 2 ** 20 - 64 : 1);
  });
});

describe('waiting', () => {
  it('names those that have something new', async () => {
    const held: ServerResponse[] = [];
    answer = (request, response) => (request.url === '/held' ? void held.push(response) : response.end('ok'));
    const http = fakeHttp(rule());
    const slow = await http.start({ url: `${place.origin}/held` });
    const quick = await http.start({ url: `${place.origin}/` });
    expect(await http.back('http.wait', [slow!, quick!], null)).toEqual([1]);
    expect(await http.back('http.wait', [slow!], { some: 0 })).toEqual([]);
    expect(await http.back('http.wait', [slow!], { some: 5 })).toEqual([]);
    await until(() => held.length > 0);
    held[0]!.write('he');
    expect(await http.back('http.wait', [slow!], null)).toEqual([0]);
    await http.back('http.head', slow!);
    expect(textOf(await http.back('http.read', slow!, 10))).toBe('he');
    expect(await http.back('http.wait', [slow!], { some: 0 })).toEqual([]);
    const waiting = http.back('http.wait', [slow!], null);
    held[0]!.end();
    expect(await waiting).toEqual([0]);
    expect(await http.back('http.read', slow!, 10)).toBeNull();
  });

  it('for what is not there, or failed, does not wait', async () => {
    const http = fakeHttp(rule());
    expect(await http.back('http.wait', [3, 4], null)).toEqual([0, 1]);
    expect(await http.back('http.wait', [], { some: 1 })).toEqual([]);
    answer = (request) => request.socket.destroy();
    const id = await http.start({ url: place.origin });
    expect(await http.back('http.wait', [id!], null)).toEqual([0]);
    expect(await http.back('http.head', id!)).toMatch(/^connection-terminated: /);
  });

  it('RS-11: for one exchange many thousand times, again and again, keeps nothing', async () => {
    answer = () => undefined;
    const http = fakeHttp(rule());
    const id = await http.start({ url: place.origin });
    const ids = Array.from({ length: 20_000 }, () => id!);
    for (let turn = 0; turn < 3; turn++) expect(await http.back('http.wait', ids, { some: 1 })).toEqual([]);
    const before = process.memoryUsage().heapUsed;
    for (let turn = 0; turn < 50; turn++) await http.back('http.wait', ids, { some: 1 });
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(80 * 2 ** 20);
  });
});

describe('streams', () => {
  it('go both ways at once: an early answer does not end the request', async () => {
    answer = (request, response) => {
      response.writeHead(200);
      response.flushHeaders();
      request.pipe(response);
    };
    const http = fakeHttp(rule());
    const id = await http.start({ method: 'POST', url: place.origin, streamed: true });
    await http.back('http.send', id!, new Uint8Array(Buffer.from('one')), false);
    expect(await http.back('http.head', id!)).toMatchObject({ status: 200 });
    expect(textOf(await http.back('http.read', id!, 10))).toBe('one');
    await http.back('http.send', id!, new Uint8Array(Buffer.from('two')), false);
    expect(textOf(await http.back('http.read', id!, 10))).toBe('two');
    await http.back('http.send', id!, new Uint8Array(0), true);
    expect(await http.back('http.read', id!, 10)).toBeNull();
  });

  it('a server that answers and reads no more does not hold the sender', async () => {
    answer = (_, response) => response.writeHead(413, { connection: 'close' }).end('no');
    const http = fakeHttp(rule({ requestBytes: '100MiB' }));
    const id = await http.start({ method: 'POST', url: place.origin, streamed: true });
    for (let sent = 0; sent < 32; sent++) await http.back('http.send', id!, new Uint8Array(2 ** 20), sent === 31);
    expect(await http.back('http.head', id!)).toSatisfy(
      (head) => typeof head === 'string' || (head as { status: number }).status === 413,
    );
  });

  it('a tool that does not read holds up the server', async () => {
    let written = 0;
    answer = (_, response) => {
      const more = (): void => {
        while (written < 64 * 2 ** 20 && response.write(Buffer.alloc(65_536))) written += 65_536;
        if (written >= 64 * 2 ** 20) response.end();
        written += 65_536;
      };
      response.on('drain', more);
      more();
    };
    const http = fakeHttp(rule({ responseBytes: '100MiB' }));
    const id = await http.start({ url: place.origin });
    await http.back('http.head', id!);
    let before = -1;
    while (before !== written) {
      before = written;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(written).toBeLessThan(32 * 2 ** 20);
    expect((await bodyOf(http, id!, 2 ** 20)).length).toBeGreaterThan(60 * 2 ** 20);
  });

  it('a server that does not read holds up the tool, until it reads', async () => {
    let incoming: IncomingMessage | undefined;
    answer = (request, response) => {
      incoming = request.pause();
      request.on('end', () => response.end('got it'));
    };
    const http = fakeHttp(rule({ requestBytes: '100MiB' }));
    const id = await http.start({ method: 'POST', url: place.origin, streamed: true });
    let taken = 0;
    const sending = (async () => {
      for (; taken < 32; taken++) await http.back('http.send', id!, new Uint8Array(2 ** 20), taken === 31);
    })();
    await until(() => incoming !== undefined);
    let before = -1;
    while (before !== taken) {
      before = taken;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(taken).toBeLessThan(20);
    incoming!.resume();
    await sending;
    expect((await bodyOf(http, id!)).toString()).toBe('got it');
  });
});

describe('RS-10: numbers', () => {
  it('of exchanges at one time are those of the least scope', async () => {
    answer = () => undefined;
    const http = fakeHttp({ requests: rule(), concurrent: 10 }, { callerScope: { requests: rule(), concurrent: 3 } });
    const ids = [];
    for (let at = 0; at < 3; at++) ids.push(await http.start({ url: place.origin }));
    expect(ids).toEqual([1, 2, 3]);
    for (let at = 0; at < 1000; at++) {
      expect(await http.start({ url: place.origin })).toMatch(/^connection-limit-reached: there are 3 exchanges/);
    }
    await http.back('http.end', 2);
    expect(await http.start({ url: place.origin })).toBe(4);
    expect(await http.start({ url: place.origin })).toMatch(/^connection-limit-reached: /);
  });

  it('of exchanges that are over and were not let go of have a limit, too', async () => {
    answer = (_, response) => response.writeHead(204).end();
    const http = fakeHttp(rule());
    let last: WitValue | undefined;
    for (let at = 0; at < 2000 && typeof last !== 'string'; at++) {
      last = await http.start({ url: place.origin });
      if (typeof last === 'number') await http.back('http.read', last, 1);
    }
    expect(last).toMatch(/^connection-limit-reached: /);
    await http.back('http.end', 1);
    expect(await http.start({ url: place.origin })).toBeTypeOf('number');
  });

  it('RE-02: of connections are none when the call has ended, however it did', async () => {
    let isClosed = 0;
    answer = (request, response) => {
      request.socket.once('close', () => (isClosed += 1));
      if (request.url === '/body') response.write('hello');
    };
    const begun = place.seen.length;
    const http = fakeHttp(rule());
    const silent = await http.start({ url: place.origin });
    const body = await http.start({ url: `${place.origin}/body` });
    const upload = await http.start({ method: 'POST', url: place.origin, streamed: true });
    await http.back('http.send', upload!, new Uint8Array(10), false);
    await http.back('http.head', body!);
    await until(() => place.seen.length === begun + 3);
    const waiting = Promise.allSettled([http.back('http.head', silent!), http.back('http.read', silent!, 1)]);
    const notes = await http.end();
    expect(notes).toHaveLength(3);
    await waiting;
    await until(() => isClosed === 3);
    // Nothing more can be begun for it.
    await expect(http.start({ url: place.origin })).rejects.toMatchObject({ code: 'internal/invariant' });
  });
});
