import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connectAgent } from 'cellblock/client';
import { afterAll, describe, expect, it } from 'vitest';

/* The client before servers that are down, wrong, slow or hostile: played ones, but where it says so. */

const CALL = { name: 'plain_echo', argumentsJson: '{"text":"x"}' };
const TOKEN = 'cb_none';
const RECEIPT = { grants: [], fuel: '1', wallMs: 1, memoryBytesPeak: 1, hostCalls: 0, audit: 'a' };
const OK = { kind: 'ok', value: 'x', receipt: RECEIPT };
const PENDING = { kind: 'pending', approval: { id: 'k7q2m-9xw4d', expiresAt: 1, channels: [] }, receipt: RECEIPT };
const TOOL = {
  name: 'plain_echo',
  tool_name: 'plain.echo',
  title: 't',
  description: 'd',
  inputSchema: {},
  hints: {},
  asks: 'no',
  words: {},
  result: { form: 'wrapped' },
};

interface Sent {
  readonly path: string;
  readonly headers: Headers;
  readonly body: string;
}

/** A door before a server that lists one tool and answers requests in this way. */
function before(answer: (sent: Sent, signal: AbortSignal) => Response | Promise<Response>, tools: unknown = { tools: [TOOL] }) {
  const sent: Sent[] = [];
  const door = connectAgent({
    url: 'http://127.0.0.1:1',
    token: TOKEN,
    timeoutMs: 200,
    fetch: async (input, init) => {
      const one = { path: new URL(String(input)).pathname, headers: new Headers(init?.headers), body: String(init?.body ?? '') };
      sent.push(one);
      return one.path === '/v1/tools' ? Response.json(tools) : answer(one, init!.signal!);
    },
  });
  return { door, sent };
}

const json =
  (body: unknown, status = 200) =>
  () =>
    Response.json(body, { status });

describe('connectAgent', () => {
  it.each([
    ['http://cellblock.example.com/'],
    ['http://127.0.0.1.example.com/'],
    ['ftp://127.0.0.1/'],
    ['https://user:pw@cellblock.example.com/'],
    ['https://cellblock.example.com/?x=1'],
    ['cellblock'],
  ])('sends no token to %s', (url) => {
    expect(() => connectAgent({ url, token: TOKEN })).toThrow(expect.objectContaining({ code: 'usage/invalid-argument' }));
  });

  it.each(['http://localhost:7420', 'http://127.0.0.1:7420', 'http://[::1]:7420', 'https://cellblock.example.com/base'])(
    'takes %s',
    (url) => {
      expect(connectAgent({ url, token: TOKEN }).agent).toBe('agent');
    },
  );

  it('says nothing of a token that cannot be one', () => {
    const secret = 'hunter2\r\nx: y';
    expect(() => connectAgent({ url: 'http://localhost', token: secret })).toThrow(/^(?!.*hunter2).*`token` is not a token/);
    expect(() => connectAgent({ url: 'http://localhost', token: 'cb_x\n' })).toThrow(
      expect.objectContaining({ help: expect.stringContaining('trim it') }),
    );
    expect(() => connectAgent({ url: 'http://localhost', token: '' })).toThrow();
  });
});

describe('what goes out', () => {
  it('is one strict object, the key in its header, below the path of the server', async () => {
    const { door, sent } = before(json(OK));
    const call = { ...CALL, requestId: 'r1', session: 's', source: 'line "7"', deadlineMs: 5 };
    expect(await door.call(call, { trace: { traceparent: 'tp' } })).toMatchObject({ kind: 'ok' });
    const { path, headers, body } = sent[1]!;
    expect(path).toBe('/v1/requests');
    expect(body).toBe('{"tool_name":"plain.echo","source":"line \\"7\\"","session":"s","deadline":5,"parameters":{"text":"x"}}');
    expect([
      headers.get('authorization'),
      headers.get('idempotency-key'),
      headers.get('prefer'),
      headers.get('traceparent'),
    ]).toEqual([`Bearer ${TOKEN}`, 'r1', 'wait=0', 'tp']);
  });

  it('takes declared words out of the arguments', async () => {
    const words = { justification: 'justification' };
    const { door, sent } = before(json(OK), { tools: [{ ...TOOL, words }] });
    await door.call({ ...CALL, argumentsJson: '{"text":"x","justification":"why","n":18446744073709551615}' });
    expect(sent[1]?.body).toBe(
      '{"tool_name":"plain.echo","justification":"why","parameters":{"text":"x","n":18446744073709551615}}',
    );
  });

  it('is not sent again and again to a server that does not wait', async () => {
    const { door, sent } = before(json(PENDING, 202));
    expect(await door.call(CALL, { waitMs: 120_000 })).toMatchObject({ kind: 'pending' });
    expect(sent.filter(({ path }) => path === '/v1/requests')).toHaveLength(1);
    expect(sent[1]?.headers.get('prefer')).toBe('wait=50');
  });
});

describe('an outcome', () => {
  const problem = { type: 'about:blank', title: 't', status: 403, detail: 'no' };
  const refused = { kind: 'refused', error: { code: 'denied/forbidden', message: 'm', help: 'h' }, receipt: RECEIPT };

  it('is that of a problem, where it has one', async () => {
    const { door } = before(json({ ...problem, code: 'denied/forbidden', outcome: refused }, 403));
    expect(await door.call(CALL)).toEqual(refused);
  });

  it('is made of a problem that has none', async () => {
    const busy = { ...problem, status: 429, code: 'busy/overloaded', data: { retryAfterMs: 1000 }, help: 'try later' };
    const { door } = before(json(busy, 429));
    expect(await door.call(CALL)).toMatchObject({
      kind: 'failed',
      error: { code: 'busy/overloaded', message: 'no', help: 'try later', data: { retryAfterMs: 1000 } },
      receipt: { fuel: '0', grants: [] },
    });
  });

  it.each([
    ['a page', () => new Response('<html>', { headers: { 'content-type': 'text/html' } })],
    ['no JSON', () => new Response('{', { headers: { 'content-type': 'application/json' } })],
    ['bytes that are no text', () => new Response(new Uint8Array([0xff]), { headers: { 'content-type': 'application/json' } })],
    ['another kind', json({ ...OK, kind: 'fine' })],
    ['no receipt', json({ kind: 'ok', value: 1 })],
    ['an error that is text', json({ ...OK, kind: 'refused', error: 'no' })],
    ['a failure without an error', json({ ...OK, kind: 'trapped' })],
    ['an approval without an id', json({ ...PENDING, approval: { expiresAt: 1, channels: [] } }, 202)],
    ['an approval at no time', json({ ...PENDING, approval: { ...PENDING.approval, expiresAt: 1e300 } }, 202)],
    ['an outcome that is ok in a problem', json({ ...problem, outcome: OK }, 403)],
    ['a problem that says nothing', json({}, 500)],
    ['null', json(null, 502)],
    ['an error of the network', () => Promise.reject(new TypeError('fetch failed'))],
    ['nothing, ever', (_sent: Sent, signal: AbortSignal) => silence(signal)],
    ['a body without end', endless],
  ] as const)('is failed for %s, and never a rejection', async (_what, answer) => {
    const { door } = before(answer);
    for (const outcome of [await door.call(CALL), await door.request('{}')]) {
      expect(outcome).toMatchObject({ kind: 'failed', error: { code: 'failed/interrupted', help: expect.any(String) } });
    }
  });

  it('has the words of the server where these are plain', async () => {
    const told = async (detail: string) => {
      const outcome = await before(json({ ...problem, detail }, 403)).door.request('{}');
      return 'error' in outcome && outcome.error.message;
    };
    expect(await told('this is for agents')).toBe('the server answered with status 403: this is for agents');
    expect(await told('\u001b[31mred')).toBe('the server answered with status 403');
  });

  it('says that nothing was filed where there is no list of tools', async () => {
    const { door } = before(json(OK), {});
    expect(await door.call(CALL)).toMatchObject({ kind: 'failed', error: { help: expect.stringMatching(/^nothing was filed/) } });
  });

  it('is cancelled where the caller aborts while the list is awaited', async () => {
    const stop = new AbortController();
    const door = connectAgent({
      url: 'http://127.0.0.1:1',
      token: TOKEN,
      fetch: (_input, init) => {
        queueMicrotask(() => stop.abort());
        return silence(init!.signal!);
      },
    });
    expect(await door.call(CALL, { signal: stop.signal })).toMatchObject({ kind: 'cancelled' });
  });

  it('is cancelled where the caller has aborted before', async () => {
    const { door } = before((_sent, signal) => silence(signal));
    expect(await door.call(CALL, { signal: AbortSignal.abort() })).toMatchObject({ kind: 'cancelled' });
  });
});

describe('what is asked', () => {
  it.each([
    ['no list', {}],
    ['a tool without a name', { tools: [{ ...TOOL, name: 1 }] }],
    ['a form that is not known', { tools: [{ ...TOOL, result: { form: 'other' } }] }],
    ['a word that is not known', { tools: [{ ...TOOL, words: { x: 'agent' } }] }],
    ['more tools than anybody has', { tools: Array.from({ length: 10_001 }, () => TOOL) }],
  ])('rejects for %s, and a call fails', async (_what, tools) => {
    const { door, sent } = before(json(OK), tools);
    await expect(door.tools()).rejects.toMatchObject({ code: 'failed/interrupted' });
    expect(await door.call(CALL)).toMatchObject({ kind: 'failed' });
    expect(sent.some(({ path }) => path === '/v1/requests')).toBe(false);
  });

  it('rejects for statuses and approvals that are none', async () => {
    const { door } = before(json({ approvals: [{ id: 1 }] }));
    await expect(door.status('x')).rejects.toMatchObject({ code: 'failed/interrupted' });
    await expect(door.approvals()).rejects.toMatchObject({ code: 'failed/interrupted' });
    await expect(door.approval('x')).rejects.toMatchObject({ code: 'failed/interrupted' });
  });
});

describe('the token', () => {
  const asked: string[] = [];
  const thief = createServer((request, response) => {
    asked.push(request.headers.authorization ?? 'nobody');
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"tools":[]}');
  });
  afterAll(() => thief.close());

  it('does not follow a redirect, to a real server', async () => {
    await new Promise<void>((resolve) => thief.listen(0, '127.0.0.1', resolve));
    const { port } = thief.address() as AddressInfo; // `as`: it listens on a port
    const first = createServer((_request, response) => response.writeHead(307, { location: `http://127.0.0.1:${port}/` }).end());
    await new Promise<void>((resolve) => first.listen(0, '127.0.0.1', resolve));
    const door = connectAgent({ url: `http://127.0.0.1:${(first.address() as AddressInfo).port}`, token: TOKEN });
    await expect(door.tools()).rejects.toMatchObject({ code: 'failed/interrupted' });
    expect(await door.request('{}')).toMatchObject({ kind: 'failed' });
    first.close();
    expect(asked).toEqual([]);
  });

  it('is nowhere in what goes wrong', async () => {
    const door = connectAgent({ url: 'http://127.0.0.1:1', token: 'cb_very-secret' }); // nobody listens there
    expect(JSON.stringify(await door.call(CALL))).not.toContain('very-secret');
    await expect(door.tools()).rejects.toMatchObject({ code: 'failed/interrupted' });
  });
});

function silence(signal: AbortSignal): Promise<Response> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason));
  });
}

function endless(_sent: Sent, signal: AbortSignal): Response {
  const chunk = new Uint8Array(1024 * 1024).fill(0x20);
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => (signal.aborted ? controller.error(signal.reason) : controller.enqueue(chunk)),
  });
  return new Response(body, { headers: { 'content-type': 'application/json' } });
}
