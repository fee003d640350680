import { beforeAll, describe, expect, it } from 'vitest';
import * as schemas from '../../../host/http/schemas.ts';
import { recordsOf } from '../../support/wardens.ts';
import { type Served, TOKENS, useServers } from './fixture.ts';

/* Requests over HTTP: what each end of a call becomes, and what an agent can say beside it. */

const servers = useServers();
let served: Served;
beforeAll(async () => {
  served = await servers.open();
});

const take = (n: unknown, more: object = {}) => ({ tool_name: 'plain.take', parameters: { path: 'p', n }, ...more });
const problem = (status: number, code: string) => ({ type: `urn:cellblock:code:${code}`, status, code });

describe('a request', () => {
  it('that runs is 200 with its outcome, and has a status', async () => {
    const a = served.as('a');
    const { status, json, headers } = await a.post('/v1/requests', take(7));
    expect({ status, json }).toMatchObject({ status: 200, json: { kind: 'ok', value: 7, receipt: { agent: 'a', grants: [] } } });
    expect(headers.get('content-type')).toBe('application/json');
    schemas.outcomeSchema.parse(json);
    schemas.statusSchema.parse((await a.get(`/v1/requests/${json.receipt.audit}`)).json);
    schemas.toolsSchema.parse((await a.get('/v1/tools')).json);
    expect(JSON.stringify(json)).not.toContain('cellblock.yaml');
    expect(await a.get(`/v1/requests/${json.receipt.audit}`)).toMatchObject({
      status: 200,
      json: { audit: json.receipt.audit, state: 'ok', tool: 'plain.take' },
    });
  });

  it.each([
    ['an error of the tool', { tool_name: 'plain.fail', parameters: { text: 'x' } }, 'tool-error'],
    ['a trap', { tool_name: 'plain.panic', parameters: {} }, 'trapped'],
    ['a limit', { tool_name: 'plain.spin', parameters: {} }, 'limited'],
  ])('that ends in %s is 200, too: the call did end', async (_what, body, kind) => {
    expect(await served.as('a').post('/v1/requests', body)).toMatchObject({ status: 200, json: { kind } });
  });

  it.each([
    [422, 'params/invalid', JSON.stringify(take(-1))],
    [422, 'params/invalid', JSON.stringify(take(1, { surprise: 1 }))],
    [400, 'params/malformed-json', '{"tool_name": "plain.take", "tool_name": "plain.take", "parameters": {}}'],
    [400, 'params/malformed-json', '{'],
    [403, 'denied/tool-not-granted', JSON.stringify({ tool_name: 'plain.echo', parameters: { text: 'x' } })],
    [403, 'denied/tool-not-granted', JSON.stringify({ tool_name: 'no.such', parameters: {} })],
  ])('that is refused is %i and a problem: %s', async (status, code, body) => {
    const answer = await served.as('a').post('/v1/requests', body);
    expect(answer).toMatchObject({ status, json: { ...problem(status, code), outcome: { kind: 'refused' } } });
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    schemas.problemSchema.parse(answer.json);
    expect(answer.json.audit).toBe(answer.json.outcome.receipt.audit);
    expect(await served.as('a').get(`/v1/requests/${answer.json.audit}`)).toMatchObject({ json: { state: 'refused', code } });
  });

  it('that needs a human is 202, says where to look, and runs when it comes again after the yes', async () => {
    const [a, ann] = [served.as('a'), served.as('ann')];
    const body = { tool_name: 'acting', parameters: { path: 'a', n: 3 } };
    const waiting = await a.post('/v1/requests', body);
    const { id } = waiting.json.approval;
    expect(waiting).toMatchObject({ status: 202, json: { kind: 'pending' } });
    expect(waiting.headers.get('location')).toBe(`/v1/approvals/${id}`);
    expect(await a.get(`/v1/approvals/${id}`)).toMatchObject({ status: 200, json: { id, status: 'pending', tool: 'acting' } });
    expect(await a.post('/v1/requests', body)).toMatchObject({ status: 202, json: { approval: { id } } });
    const { json: asked } = await ann.get(`/v1/approvals/${id}`);
    const answer = { digest: asked.asked.digest, reason: 'fine' };
    expect(await ann.post(`/v1/approvals/${id}/approve`, answer)).toMatchObject({ status: 200, json: { status: 'approved' } });
    expect(await a.post('/v1/requests', body)).toMatchObject({ status: 200, json: { kind: 'ok', value: 3 } });
    expect(served.acts).toContain(3);
    const said = recordsOf(served.site).find(
      ({ kind, event, approval }) => kind === 'approval' && event === 'approved' && approval === id,
    );
    expect(said).toMatchObject({ by: 'ann', channel: 'http', reason: 'fine' });
  });

  it('waits for a human as long as `Prefer` says', async () => {
    const [a, ann] = [served.as('a'), served.as('ann')];
    const waiting = a.post(
      '/v1/requests',
      { tool_name: 'acting', parameters: { path: 'w', n: 4 } },
      { prefer: 'respond-async, wait=30' },
    );
    const open = async () =>
      (await ann.get('/v1/approvals')).json.approvals.find(
        ({ asked }) => JSON.stringify(asked.parameters) === '{"path":"w","n":4}',
      );
    await expect.poll(open).toBeDefined();
    const { asked } = (await open())!;
    await ann.post(`/v1/approvals/${asked.approval}/approve`, { digest: asked.digest });
    expect(await waiting).toMatchObject({ status: 200, json: { kind: 'ok', value: 4 } });
  });

  it('keeps numbers exact', async () => {
    const body = '{"tool_name":"plain.take","parameters":{"path":"p","n":4294967295.0000001}}';
    expect(await served.as('a').post('/v1/requests', body)).toMatchObject({ status: 422, json: { code: 'params/invalid' } });
  });
});

describe('an Idempotency-Key', () => {
  it('runs a request once, and is in conflict with another request', async () => {
    const a = served.as('a');
    const key = { 'idempotency-key': 'key-1' };
    const first = await a.post('/v1/requests', ` ${JSON.stringify(take(11))}`, key);
    const second = await a.post('/v1/requests', take(11), { 'idempotency-key': '"key-1"' });
    const third = await a.post('/v1/requests', take(11, { request_id: 'key-1' }));
    expect([first.json.value, second.json.value, third.json.value]).toEqual([11, 11, 11]);
    expect([second.json.receipt.audit, third.json.receipt.audit]).toEqual([first.json.receipt.audit, first.json.receipt.audit]);
    const other = await a.post('/v1/requests', take(12), key);
    expect(other).toMatchObject({ status: 409, json: { code: 'params/request-id-conflict' } });
    const two = await a.post('/v1/requests', take(11, { request_id: 'key-2' }), key);
    expect(two).toMatchObject({ status: 409, json: { code: 'params/request-id-conflict' } });
    expect((await a.post('/v1/requests', take(11), { 'idempotency-key': 'a b' })).status).toBe(400);
    expect((await a.post('/v1/requests', take(11), { 'idempotency-key': 'x'.repeat(257) })).status).toBe(400);
    expect(await a.post('/v1/requests', '{', { 'idempotency-key': 'k' })).toMatchObject({
      json: { code: 'params/malformed-json' },
    });
  });

  it('lets the call go on when its client goes away, which ends one without', async () => {
    const own = await servers.open(undefined, { waitMs: 60_000 });
    const ask = (path: string, headers: Record<string, string>) => {
      const abort = new AbortController();
      const gone = fetch(`${own.url}/v1/requests`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: headers.authorization!, ...headers },
        body: JSON.stringify({ tool_name: 'acting', parameters: { path, n: 1 } }),
        signal: abort.signal,
      }).catch(() => undefined);
      return { abort, gone };
    };
    const authorization = `Bearer ${TOKENS.a}`;
    const kept = ask('kept', { authorization, 'idempotency-key': 'kept' });
    const left = ask('left', { authorization });
    const open = async () => (await own.as('ann').get('/v1/approvals')).json.approvals;
    await expect.poll(async () => (await open()).length).toBe(2);
    kept.abort.abort();
    left.abort.abort();
    await Promise.all([kept.gone, left.gone]);
    for (const { asked } of await open()) {
      await own.as('ann').post(`/v1/approvals/${asked.approval}/approve`, { digest: asked.digest });
    }
    await expect.poll(() => own.acts.length).toBe(1);
    const again = own.as('a');
    const body = { tool_name: 'acting', parameters: { path: 'kept', n: 1 } };
    expect(await again.post('/v1/requests', body, { 'idempotency-key': 'kept' })).toMatchObject({
      status: 200,
      json: { kind: 'ok' },
    });
    expect(own.acts).toHaveLength(1);
    const intents = recordsOf(own.site).filter(({ kind }) => kind === 'intent');
    expect(intents).toHaveLength(1);
  });
});
