import { beforeAll, describe, expect, it } from 'vitest';
import { POLICY, useMcpPlace } from '../support/mcp.ts';
import { recordsOf } from '../support/wardens.ts';

/* What no honest client sends, byte for byte, over HTTP. */

const place = useMcpPlace();
let site: string;
let url: URL;

beforeAll(async () => {
  site = place.site(POLICY);
  const { mcp } = await place.live(site);
  url = (await place.http(mcp)).url;
});

type Headers = Readonly<Record<string, string>>;

const JSON_HEADERS = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
const INITIALIZE =
  '{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{"elicitation":{}},"clientInfo":{"name":"raw","version":"1"}}}';

const post = (body: string, headers: Headers = {}, agent = 'triage', signal?: AbortSignal) =>
  fetch(url, {
    method: 'POST',
    headers: { ...JSON_HEADERS, authorization: `Bearer ${agent}`, ...headers },
    body,
    ...(signal === undefined ? {} : { signal }),
  });

interface Message {
  readonly id?: unknown;
  readonly method?: string;
  readonly result?: { readonly [field: string]: unknown };
  readonly error?: { readonly code: number; readonly message: string };
}

/** The messages of an answer, whether it is one or a stream that ended. */
async function messagesOf(response: Response): Promise<readonly Message[]> {
  const text = await response.text();
  const data = response.headers.get('content-type')?.startsWith('text/event-stream')
    ? [...text.matchAll(/^data: (.*)$/gm)].map(([, line]) => line ?? '')
    : [text];
  return data.map((line) => JSON.parse(line) as Message);
}
const lastOf = async (response: Response) => (await messagesOf(response)).at(-1);

async function session(agent = 'triage'): Promise<Headers> {
  const response = await post(INITIALIZE, {}, agent);
  const id = response.headers.get('mcp-session-id');
  await response.text();
  expect(id).toMatch(/^[0-9a-f-]{36}$/);
  return { 'mcp-session-id': id ?? '', 'mcp-protocol-version': '2025-11-25' };
}

const CAPABILITIES = '"io.modelcontextprotocol/clientCapabilities":{"elicitation":{"form":{}}}';
const ENVELOPE = `"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"raw","version":"1"},${CAPABILITIES}`;
const call = (name: string, args: string, more = '') =>
  `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"${name}","arguments":${args}${more}}}`;
const modernCall = (name: string, args: string, more = '') => call(name, args, `,"_meta":{${ENVELOPE}}${more}`);
const modern = (name: string): Headers => ({
  'mcp-protocol-version': '2026-07-28',
  'mcp-method': 'tools/call',
  'mcp-name': name,
});
const postModern = (name: string, args: string, more = '', agent = 'triage') =>
  post(modernCall(name, args, more), modern(name), agent);

const filed = () => recordsOf(site).filter(({ kind }) => kind === 'requested');
const approvals = (event: string) => recordsOf(site).filter((record) => record.kind === 'approval' && record.event === event);

describe('exactness', () => {
  const EXACT = '{"n":9223372036854775808}';

  it('hands on a 64-bit number digit by digit: in a session, without one, and by the newer revision', async () => {
    const answers = [
      await post(call('surface_exact', EXACT), await session()),
      await post(call('surface_exact', EXACT)),
      await postModern('surface_exact', EXACT),
    ];
    for (const answer of answers) {
      expect(await lastOf(answer)).toMatchObject({ result: { structuredContent: { value: '9223372036854775808' } } });
    }
  });

  it('refuses a message with a key twice, and files nothing', async () => {
    const before = filed().length;
    for (const headers of [await session(), {}]) {
      const response = await post(call('plain_echo', '{"text":"safe","text":"other"}'), headers);
      expect(response.status).toBe(400);
      expect(await lastOf(response)).toMatchObject({
        id: null,
        error: { code: -32700, message: expect.stringContaining('already has') },
      });
    }
    const newer = await postModern('plain_echo', '{"text":"safe","text":"other"}');
    expect(await lastOf(newer)).toMatchObject({ error: { code: -32700 } });
    expect(filed()).toHaveLength(before);
  });

  it('keeps the arguments of each call of a batch', async () => {
    const batch = `[${call('surface_exact', '{"n":18446744073709551615}')},${call('surface_exact', '{"n":1}').replace('"id":1', '"id":2')}]`;
    const messages = await messagesOf(await post(batch, await session()));
    const values = new Map(
      messages.map(({ id, result }) => [id, (result?.structuredContent as { value: unknown } | undefined)?.value]),
    );
    expect(values).toEqual(
      new Map<unknown, unknown>([
        [1, '18446744073709551615'],
        [2, 1],
      ]),
    );
  });

  it('refuses a body of another type, and one that is too large, before it is read to its end', async () => {
    expect((await post(INITIALIZE, { 'content-type': 'text/plain' })).status).toBe(415);
    expect((await post(`"${'x'.repeat(8 * 1024 * 1024)}"`)).status).toBe(413);
  });
});

describe('sessions', () => {
  it('are those of the agent that opened them: for another agent there is none by that id', async () => {
    const headers = await session();
    const list = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}';
    for (const agent of ['other', 'nobody']) {
      const stolen = await post(list, headers, agent);
      expect(stolen.status).toBe(404);
      expect(await lastOf(stolen)).toMatchObject({ error: { code: -32001, message: 'session not found' } });
      for (const method of ['GET', 'DELETE']) {
        const response = await fetch(url, {
          method,
          headers: { accept: 'text/event-stream', authorization: `Bearer ${agent}`, ...headers },
        });
        expect(response.status).toBe(404);
      }
    }
    expect((await post(list, headers)).status).toBe(200);
  });

  it('end when their client says so', async () => {
    const headers = await session();
    const ended = await fetch(url, { method: 'DELETE', headers: { authorization: 'Bearer triage', ...headers } });
    expect(ended.status).toBe(200);
    expect((await post(call('plain_echo', '{"text":"x"}'), headers)).status).toBe(404);
  });

  it('are not needed for a single call; without one there is no stream to listen on', async () => {
    expect(await lastOf(await post(call('plain_echo', '{"text":"x"}')))).toMatchObject({
      result: { structuredContent: { value: 'x' } },
    });
    const listen = await fetch(url, { headers: { accept: 'text/event-stream', authorization: 'Bearer triage' } });
    expect(listen.status).toBe(405);
  });

  it('end the stream of a call that was cancelled, whose call ends, too', async () => {
    const headers = await session();
    const before = filed().length;
    const response = await post(call('plain_spin', '{}'), headers);
    await expect.poll(() => filed().length, { interval: 5 }).toBe(before + 1);
    const { audit } = filed().at(-1)!;
    await expect
      .poll(() => recordsOf(site).some((record) => record.kind === 'intent' && record.audit === audit), { interval: 5 })
      .toBe(true);
    await post('{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}', headers);
    expect(await messagesOf(response)).toEqual([]);
    const end = () => recordsOf(site).find((record) => record.kind === 'outcome' && record.audit === audit);
    await expect.poll(end, { interval: 5, timeout: 10_000 }).toMatchObject({ outcome: 'cancelled' });
  });

  it('end, the least recently used one first, where one agent opens too many, and those of others stay', async () => {
    const { mcp } = await place.live(place.site(POLICY));
    const own = await place.http(mcp);
    const open = async (agent: string) => {
      const headers = { ...JSON_HEADERS, authorization: `Bearer ${agent}` };
      const response = await fetch(own.url, { method: 'POST', headers, body: INITIALIZE });
      await response.text();
      return response.headers.get('mcp-session-id') ?? '';
    };
    const statusOf = async (agent: string, id: string) => {
      const headers = { ...JSON_HEADERS, authorization: `Bearer ${agent}`, 'mcp-session-id': id };
      const response = await fetch(own.url, { method: 'POST', headers, body: '{"jsonrpc":"2.0","id":1,"method":"ping"}' });
      await response.text();
      return response.status;
    };
    const other = await open('other');
    const first = await open('triage');
    const second = await open('triage');
    for (let more = 2; more < 100; more += 1) await open('triage');
    expect(await statusOf('triage', first)).toBe(200);
    await open('triage');
    expect(await statusOf('triage', second)).toBe(404);
    expect(await statusOf('triage', first)).toBe(200);
    expect(await statusOf('other', other)).toBe(200);
  });
});

describe('the newer revision', () => {
  it('takes it for a cancellation when the client goes away', async () => {
    const before = filed().length;
    const leave = new AbortController();
    const gone = post(modernCall('plain_spin', '{}'), modern('plain_spin'), 'triage', leave.signal).catch(() => undefined);
    await expect.poll(() => filed().length, { interval: 5 }).toBe(before + 1);
    const { audit } = filed().at(-1)!;
    await expect
      .poll(() => recordsOf(site).some((record) => record.kind === 'intent' && record.audit === audit), { interval: 5 })
      .toBe(true);
    leave.abort();
    await gone;
    const end = () => recordsOf(site).find((record) => record.kind === 'outcome' && record.audit === audit);
    await expect.poll(end, { interval: 5, timeout: 10_000 }).toMatchObject({ outcome: 'cancelled' });
  });
});

describe('a call that may wait for a human', () => {
  it('has its result once that human has agreed, without being sent again, and is pending when nobody has', async () => {
    const waiting = place.site(POLICY);
    const { live, mcp } = await place.live(waiting, { waitMs: 10_000 });
    const own = await place.http(mcp);
    const headers = { ...JSON_HEADERS, authorization: 'Bearer triage' };
    const answer = fetch(own.url, { method: 'POST', headers, body: call('plain_take', '{"path":"/","n":5}') });
    const { approvals: desk } = live.current;
    await expect.poll(async () => (await desk.list()).length, { interval: 5 }).toBe(1);
    const [{ asked } = expect.fail()] = await desk.list();
    await desk.approve(asked.approval, { by: 'ann', channel: 'cli', digest: asked.digest });
    expect(await lastOf(await answer)).toMatchObject({ result: { structuredContent: { value: 5 } } });
    const impatient = await place.http({ ...mcp, waitMs: 20 });
    const late = await fetch(impatient.url, { method: 'POST', headers, body: call('plain_take', '{"path":"/","n":6}') });
    expect(await lastOf(late)).toMatchObject({ result: { isError: true, _meta: { 'cellblock/outcome': { kind: 'pending' } } } });
  });
});

describe('an answer to a question', () => {
  const YES = '"inputResponses":{"decision":{"action":"accept","content":{"decision":"approve"}}}';
  const asked = async (args: string) => {
    const { result } = (await lastOf(await postModern('plain_work', args))) ?? {};
    expect(result).toMatchObject({ resultType: 'input_required', inputRequests: { decision: { method: 'elicitation/create' } } });
    return String(result?.requestState);
  };

  it('counts with the state that came with the question, once', async () => {
    const state = await asked('{"turns":11}');
    const retry = () => postModern('plain_work', '{"turns":11}', `,${YES},"requestState":"${state}"`);
    expect(await lastOf(await retry())).toMatchObject({ result: { structuredContent: { value: 7 } } });
    expect(await lastOf(await retry())).toMatchObject({ result: { resultType: 'input_required' } });
  });

  it('counts for nothing without a state, and the question is asked again', async () => {
    await asked('{"turns":12}');
    const before = approvals('approved').length;
    expect(await lastOf(await postModern('plain_work', '{"turns":12}', `,${YES}`))).toMatchObject({
      result: { resultType: 'input_required' },
    });
    expect(approvals('approved')).toHaveLength(before);
  });

  it('is refused with a state of another call, of another tool, of another agent, or that was changed', async () => {
    const state = await asked('{"turns":13}');
    const before = approvals('approved').length;
    const tries = [
      postModern('plain_work', '{"turns":14}', `,${YES},"requestState":"${state}"`),
      postModern('plain_take', '{"path":"/","n":13}', `,${YES},"requestState":"${state}"`),
      postModern('plain_work', '{"turns":13}', `,${YES},"requestState":"${state}"`, 'other'),
      postModern('plain_work', '{"turns":13}', `,${YES},"requestState":"${state.slice(0, -4)}AAAA"`),
      postModern('plain_work', '{"turns":13}', `,${YES},"requestState":"approved"`),
    ];
    for (const response of await Promise.all(tries)) {
      expect(await lastOf(response)).toMatchObject({ error: { code: -32602, message: 'invalid or expired requestState' } });
    }
    expect(approvals('approved')).toHaveLength(before);
  });

  it('lets nothing run that asks other people, even with a state of a question of the same agent', async () => {
    const state = await asked('{"turns":15}');
    const before = approvals('approved').length;
    const pending = await lastOf(await postModern('plain_take', '{"path":"/w","n":15}', `,${YES}`));
    expect(pending).toMatchObject({ result: { isError: true, _meta: { 'cellblock/outcome': { kind: 'pending' } } } });
    const forged = await lastOf(await postModern('plain_take', '{"path":"/w","n":15}', `,${YES},"requestState":"${state}"`));
    expect(forged).toMatchObject({ error: { code: -32602 } });
    expect(approvals('approved')).toHaveLength(before);
  });

  it.each([
    ['an error', 20, '"error":{"code":-32603,"message":"approve"}'],
    ['a form that does not fit', 21, '"result":{"action":"accept","content":{"decision":"maybe"}}'],
    ['an accepted form without a word', 22, '"result":{"action":"accept"}'],
    ['an action that there is not', 23, '"result":{"action":"approve","content":{"decision":"approve"}}'],
  ])('is none where it is %s: the question stays open', async (_what, turns, answer) => {
    const headers = await session();
    const response = await post(call('plain_work', `{"turns":${turns}}`), headers);
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    const { value: event } = await reader.read();
    const question = JSON.parse(/^data: (.*)$/m.exec(event ?? '')?.[1] ?? '') as Message;
    const before = approvals('approved').length;
    await post(`{"jsonrpc":"2.0","id":${question.id},${answer}}`, headers);
    const { value: result } = await reader.read();
    expect(result).toContain('"kind":"pending"');
    expect(approvals('approved')).toHaveLength(before);
    expect(approvals('denied').map(({ reason }) => reason)).not.toContain('approve');
  });

  it('cannot be given from outside the session that was asked', async () => {
    const headers = await session();
    const response = await post(call('plain_work', '{"turns":16}'), headers);
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    const { value: event } = await reader.read();
    const question = JSON.parse(/^data: (.*)$/m.exec(event ?? '')?.[1] ?? '') as Message;
    expect(question).toMatchObject({
      method: 'elicitation/create',
      params: { message: expect.stringContaining('`turns` = 16') },
    });
    const yes = `{"jsonrpc":"2.0","id":${question.id},"result":{"action":"accept","content":{"decision":"approve"}}}`;
    const before = approvals('approved').length;
    expect((await post(yes, headers, 'other')).status).toBe(404);
    await post(yes, await session()); // another session of the same agent
    await post(yes, await session('other'), 'other');
    await post(yes);
    expect(approvals('approved')).toHaveLength(before);
    expect((await post(yes, headers)).status).toBe(202);
    const { value: answer } = await reader.read();
    expect(answer).toContain('"structuredContent":{"value":7}');
    expect(approvals('approved')).toHaveLength(before + 1);
  });
});
