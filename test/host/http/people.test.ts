import { createHmac } from 'node:crypto';
import { chmodSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as schemas from '../../../host/http/schemas.ts';
import { TOOLS } from '../../support/wardens.ts';
import { AGENTS, clientOf, openEvents, POLICY, SERVE, type Served, TOKENS, useServers } from './fixture.ts';

/* What operators see and do over HTTP, and what comes back from where people answer. */

const WEBHOOK_SECRET = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
const SIGNING_SECRET = 'slack-signing-secret';
Object.assign(process.env, {
  HTTP_TEST_HOOK: WEBHOOK_SECRET,
  HTTP_TEST_SIGNING: SIGNING_SECRET,
  HTTP_TEST_SLACK: 'http://127.0.0.1:9/x',
});
afterAll(() => {
  for (const name of ['HTTP_TEST_HOOK', 'HTTP_TEST_SIGNING', 'HTTP_TEST_SLACK']) delete process.env[name];
});

const CHANNELS = `approvers:
  slack: { team: { urlEnv: HTTP_TEST_SLACK, signingSecretEnv: HTTP_TEST_SIGNING, users: { U1: ann, U2: bob } } }
  webhooks: { desk: { url: "http://127.0.0.1:9/x", secretEnv: HTTP_TEST_HOOK } }
`;
const ASKING = `agents:
  a: { tools: [{ tool: acting, ask: { expires: 10m, approvers: [ann], channels: ["slack:team", "webhook:desk"] } }, plain.take] }
  b: { tools: [plain.echo] }
`;

const servers = useServers();
let served: Served;
beforeAll(async () => {
  served = await servers.open(`${TOOLS}${ASKING}${CHANNELS}${SERVE}`);
});

async function ask(at: Served, path: string): Promise<{ readonly id: string; readonly digest: string; readonly body: object }> {
  const body = { tool_name: 'acting', parameters: { path, n: 1 } };
  const { id } = (await at.as('a').post('/v1/requests', body)).json.approval;
  const { digest } = (await at.as('ann').get(`/v1/approvals/${id}`)).json.asked;
  return { id, digest, body };
}

describe('approvals', () => {
  it('are shown to operators in full, and to agents as their own questions', async () => {
    const { id } = await ask(served, 'shown');
    const full = (await served.as('eve').get('/v1/approvals')).json.approvals.find(
      ({ asked }: { asked: { approval: string } }) => asked.approval === id,
    );
    expect(schemas.approvalSchema.parse(full)).toMatchObject({ status: 'pending', asked: { parameters: { path: 'shown' } } });
    const own = (await served.as('a').get('/v1/approvals')).json.approvals.find((item: { id: string }) => item.id === id);
    expect(schemas.agentApprovalSchema.parse(own)).toMatchObject({ id, status: 'pending' });
    expect((await served.as('b').get('/v1/approvals')).json).toEqual({ approvals: [] });
    expect(await served.as('b').get(`/v1/approvals/${id}`)).toMatchObject({ status: 404, json: { code: 'usage/not-found' } });
    for (const bad of [id.slice(0, 5), `${id}x`, '..%2f..', '%00']) {
      expect(await served.as('ann').get(`/v1/approvals/${bad}`), bad).toMatchObject({ status: 404 });
    }
  });

  it('are answered by operators who may, with the digest of what they saw', async () => {
    const { id, digest, body } = await ask(served, 'denied');
    const at = `/v1/approvals/${id}`;
    expect(await served.as('eve').post(`${at}/deny`, { digest })).toMatchObject({
      status: 403,
      json: { code: 'denied/not-an-approver' },
    });
    const other = `sha256:${'0'.repeat(64)}`;
    expect(await served.as('ann').post(`${at}/approve`, { digest: other })).toMatchObject({
      status: 403,
      json: { code: 'denied/approval-mismatch' },
    });
    expect((await served.as('ann').post(`${at}/approve`, {})).json).toMatchObject({
      detail: expect.stringMatching(/^the body is not as it should be at `\$\.digest`: /),
    });
    for (const bad of [{}, { digest: digest.slice(0, -1) }, { digest, extra: 1 }, { digest, reason: 7 }, []]) {
      expect((await served.as('ann').post(`${at}/approve`, bad)).status).toBe(400);
    }
    expect(await served.as('ann').post(`${at}/deny`, { digest, reason: 'not now' })).toMatchObject({ status: 200 });
    expect(await served.as('a').get(at)).toMatchObject({ json: { status: 'denied', reason: 'not now' } });
    expect(await served.as('a').post('/v1/requests', body)).toMatchObject({
      status: 403,
      json: { code: 'denied/approval-denied' },
    });
    expect(served.acts).toEqual([]);
  });

  it('are not answered by who was an operator when the answer began to come, and is none when it is there', async () => {
    const own = await servers.open();
    const { id } = (await own.as('a').post('/v1/requests', { tool_name: 'acting', parameters: { path: 'a', n: 1 } })).json
      .approval;
    const { digest } = (await own.as('ann').get(`/v1/approvals/${id}`)).json.asked;
    const body = JSON.stringify({ digest });
    const headers = { authorization: `Bearer ${TOKENS.ann}`, 'content-type': 'application/json', 'content-length': body.length };
    const sending = request(`${own.url}/v1/approvals/${id}/approve`, { method: 'POST', headers });
    const answered = new Promise<number | undefined>((resolve, reject) => {
      sending.on('response', (response) => resolve(response.resume().statusCode)).on('error', reject);
    });
    sending.write(body.slice(0, 10));
    await new Promise((resolve) => setTimeout(resolve, 100));
    servers.place.rewrite(own.site, POLICY.replace(/ann: \{ tokens[^}]*\}, /, ''));
    expect(await own.live.reload()).toBe(true);
    sending.end(body.slice(10));
    expect(await answered).toBe(401);
    expect((await own.as('eve').get(`/v1/approvals/${id}`)).json).toMatchObject({ status: 'pending' });
  });

  it('are taken back', async () => {
    const { id, digest, body } = await ask(served, 'revoked');
    expect((await served.as('ann').post(`/v1/approvals/${id}/approve`, { digest })).status).toBe(200);
    expect(await served.as('ann').post(`/v1/approvals/${id}/revoke`, { reason: 'wrong one' })).toMatchObject({ status: 200 });
    expect(await served.as('a').post('/v1/requests', { ...body, approval: id })).toMatchObject({
      status: 403,
      json: { code: 'denied/approval-revoked' },
    });
  });

  it('let others like it run where the answer says so', async () => {
    const { id, digest } = await ask(served, 'shape');
    const shape = { free: ['n'], minutes: 5, usesMax: 2 };
    expect((await served.as('ann').post(`/v1/approvals/${id}/approve`, { digest, shape })).status).toBe(200);
    const call = (n: number) => served.as('a').post('/v1/requests', { tool_name: 'acting', parameters: { path: 'shape', n } });
    expect([(await call(1)).status, (await call(5)).status, (await call(6)).status, (await call(7)).status]).toEqual([
      200, 200, 200, 202,
    ]);
  });
});

describe('callbacks', () => {
  const now = () => Math.floor(Date.now() / 1000);
  const hook = async (data: object, change: { id?: string; at?: number; secret?: string; name?: string; body?: string } = {}) => {
    const { id = `msg_${Math.random()}`, at = now(), secret = WEBHOOK_SECRET, name = 'desk' } = change;
    const body = JSON.stringify({ type: 'approval.answered', data });
    const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
    const signature = `v1,${createHmac('sha256', key).update(`${id}.${at}.${body}`).digest('base64')}`;
    const headers = { 'webhook-id': id, 'webhook-timestamp': String(at), 'webhook-signature': `v1,AAAA ${signature}` };
    const send = () => clientOf(served.url).post(`/v1/callbacks/webhook/${name}`, change.body ?? body, headers);
    return { first: await send(), send };
  };

  it('by webhook count as the channel, for approvers of the policy', async () => {
    const { id, digest } = await ask(served, 'hook');
    const data = { approval: id, digest, answer: 'approve', by: 'ann', reason: 'by phone' };
    expect((await hook({ ...data, by: 'mallory' })).first).toMatchObject({
      status: 403,
      json: { code: 'denied/not-an-approver' },
    });
    expect((await hook({ ...data, by: 'a' })).first.status).toBe(403);
    const { first, send } = await hook(data);
    expect(first).toMatchObject({ status: 200, json: { approval: id, status: 'approved' } });
    expect((await send()).status).toBe(401); // replayed
    expect((await served.as('ann').get(`/v1/approvals/${id}`)).json.approved).toMatchObject({
      by: 'ann',
      channel: 'webhook:desk',
    });
  });

  it('by webhook that are not signed, not now, or about nothing of ours are refused', async () => {
    const { id, digest } = await ask(served, 'bad-hook');
    const data = { approval: id, digest, answer: 'approve', by: 'ann' };
    const wrong = `whsec_${Buffer.alloc(24, 8).toString('base64')}`;
    for (const change of [
      { at: now() - 301 },
      { at: now() + 302 },
      { secret: wrong },
      { name: 'team' },
      { name: 'nobody' },
      { body: '{}' },
    ]) {
      expect((await hook(data, change)).first.status, JSON.stringify(change)).toBe(401);
    }
    for (const bad of [
      { ...data, answer: 'revoke' },
      { ...data, answer: '__proto__' },
      { ...data, approval: id.slice(1) },
      { ...data, digest: 'x' },
    ]) {
      expect((await hook(bad)).first.status).toBe(400);
    }
    expect(await served.as('a').get(`/v1/approvals/${id}`)).toMatchObject({ json: { status: 'pending' } });
  });

  const press = (value: string, userId: string, action = 'cellblock.approve') => {
    const payload = JSON.stringify({ type: 'block_actions', user: { id: userId }, actions: [{ action_id: action, value }] });
    const body = `payload=${encodeURIComponent(payload)}`;
    const timestamp = String(now());
    const mac = createHmac('sha256', SIGNING_SECRET).update(`v0:${timestamp}:${body}`).digest('hex');
    const headers = { 'x-slack-request-timestamp': timestamp, 'x-slack-signature': `v0=${mac}` };
    return clientOf(served.url).post('/v1/callbacks/slack/team', body, {
      'content-type': 'application/x-www-form-urlencoded',
      ...headers,
    });
  };

  it('by Slack are told what became of them, whether they count or not', async () => {
    const { id, digest } = await ask(served, 'slack');
    const stranger = await press(`${id} ${digest}`, 'U9');
    expect(stranger).toMatchObject({ status: 200, json: { text: expect.stringMatching(/nothing was changed/) } });
    const bob = await press(`${id} ${digest}`, 'U2');
    expect(bob).toMatchObject({
      status: 200,
      json: { text: expect.stringMatching(/nothing was changed.*the policy names `ann`/) },
    });
    expect(await served.as('a').get(`/v1/approvals/${id}`)).toMatchObject({ json: { status: 'pending' } });
    const ann = await press(`${id} ${digest}`, 'U1');
    expect(schemas.slackReplySchema.parse(ann.json).text).toBe(`Approval ${id}: approved by ann.`);
    expect((await served.as('ann').get(`/v1/approvals/${id}`)).json.approved).toMatchObject({ by: 'ann', channel: 'slack:team' });
    expect((await press('something else', 'U1')).status).toBe(400);
  });
});

describe('the trail', () => {
  it('is read page by page, with filters, and verified', async () => {
    const own = await servers.open(`${TOOLS}${AGENTS}${SERVE}`);
    for (const n of [1, 2, 3]) await own.as('a').post('/v1/requests', { tool_name: 'plain.take', parameters: { path: 'p', n } });
    const { json: all } = await own.as('eve').get('/v1/trail');
    expect(schemas.trailPageSchema.parse(all).next).toBeUndefined();
    const seqs: number[] = [];
    for (let after = 0, isMore = true; isMore; ) {
      const { json: page } = await own.as('eve').get(`/v1/trail?limit=5&after=${after}`);
      seqs.push(...page.records.map(({ seq }: { seq: number }) => seq));
      isMore = page.next !== undefined;
      after = page.next ?? 0;
    }
    expect(seqs).toEqual(all.records.map(({ seq }: { seq: number }) => seq));
    const { json: outcomes } = await own.as('eve').get('/v1/trail?kind=outcome&agent=a&tool=plain&limit=2');
    expect(outcomes.records.map(({ kind }: { kind: string }) => kind)).toEqual(['outcome', 'outcome']);
    const { audit } = outcomes.records[0];
    const { json: call } = await own.as('eve').get(`/v1/trail/${audit}`);
    expect(schemas.callSchema.parse(call).records.map(({ kind }) => kind)).toEqual(['requested', 'decided', 'intent', 'outcome']);
    expect(await own.as('eve').get('/v1/trail/ffffffff')).toMatchObject({ status: 404 });
    for (const bad of ['limit=0', 'limit=1001', 'limit=x', 'nothing=1', 'kind=a&kind=b', 'since=-1', 'after=1e3']) {
      expect((await own.as('eve').get(`/v1/trail?${bad}`)).status, bad).toBe(400);
    }
    expect(await own.as('eve').get('/v1/trail/verify')).toMatchObject({ status: 200, json: { ok: true } });
  });
});

describe('questions to the trail', () => {
  it('are so many at a time for each operator, and end with who asks', async () => {
    const own = await servers.open(undefined, { limits: { trailReadersPerPrincipalMax: 1 } });
    const { audit } = own.live.current;
    const { query } = audit;
    let go: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    const signals: (AbortSignal | undefined)[] = [];
    audit.query = async function* (filter, options) {
      signals.push(options?.signal);
      await gate;
      yield* query.call(audit, filter, options);
    };
    const first = own.as('ann').get('/v1/trail?text=x');
    await expect.poll(() => signals.length).toBe(1);
    expect((await own.as('ann').get('/v1/trail?text=x')).status).toBe(429);
    expect((await own.as('ann').get('/v1/trail/ffffffff')).status).toBe(429);
    const abort = new AbortController();
    const headers = { authorization: `Bearer ${TOKENS.eve}` };
    const other = fetch(`${own.url}/v1/trail`, { headers, signal: abort.signal }).catch(() => undefined);
    await expect.poll(() => signals.length).toBe(2);
    abort.abort();
    await other;
    await expect.poll(() => signals[1]?.aborted).toBe(true);
    go();
    expect((await first).status).toBe(200);
    expect((await own.as('ann').get('/v1/trail')).status).toBe(200);
  });
});

describe('policy, health and readiness', () => {
  it('say which policy is in force, and that a file with a mistake is not', async () => {
    const own = await servers.open();
    const digest = own.live.policyState.digest;
    expect(await own.as('eve').get('/v1/policy')).toMatchObject({
      status: 200,
      json: { digest, state: 'current', mode: 'enforce' },
    });
    expect(await clientOf(own.url).get('/readyz')).toMatchObject({ status: 200, text: 'ready\n' });
    expect(await clientOf(own.url).get('/healthz')).toMatchObject({ status: 200, text: 'ok\n' });
    servers.place.rewrite(own.site, `${POLICY}nonsense: 1\n`);
    expect(await own.live.reload()).toBe(false);
    expect(await own.as('eve').get('/v1/policy')).toMatchObject({
      json: { digest, state: 'stale', problem: expect.stringMatching(/nonsense/) },
    });
    expect(await clientOf(own.url).get('/readyz')).toMatchObject({ status: 503, text: 'not ready\n' });
    const { status, json } = await own.as('eve').get('/readyz');
    expect({ status, json: schemas.readinessSchema.parse(json) }).toMatchObject({
      status: 503,
      json: { trail: { isWritable: true } },
    });
    expect(await own.as('a').get('/readyz')).toMatchObject({ status: 503, text: 'not ready\n' }); // agents read no policy
    expect(schemas.healthSchema.parse((await own.as('ann').get('/healthz')).json).status).toBe('ok');
  });

  it('are not ready once the trail cannot be written', async () => {
    const own = await servers.open();
    const trail = join(own.site, '.cellblock');
    if (process.getuid?.() === 0)
      await own.live.close(); // for root everything can be written
    else chmodSync(trail, 0o500);
    expect(await own.as('ann').get('/readyz')).toMatchObject({
      status: 503,
      json: { status: 'not ready', trail: { isWritable: false } },
    });
    chmodSync(trail, 0o700);
  });

  it('give metrics to operators where there are any', async () => {
    expect(await served.as('ann').get('/metrics')).toMatchObject({ status: 404 });
    const own = await servers.open(undefined, { metrics: async () => 'up 1\n' });
    expect(await own.as('ann').get('/metrics')).toMatchObject({ status: 200, text: 'up 1\n' });
  });
});

describe('events', () => {
  it('tell operators all, and agents what is about their own requests, in their own words', async () => {
    const own = await servers.open();
    const [ann, a, b] = await Promise.all([
      openEvents(own.url, TOKENS.ann),
      openEvents(own.url, TOKENS.a),
      openEvents(own.url, TOKENS.b),
    ]);
    const work = { tool_name: 'plain.take', parameters: { path: 'secret-path', n: 1 }, justification: 'why' };
    await own.as('a').post('/v1/requests', work);
    await own.as('b').post('/v1/requests', { tool_name: 'plain.echo', parameters: { text: 'x' } });
    const kinds = ({ events }: typeof a) => events.map(({ data }) => data.kind);
    const whole = ['requested', 'decided', 'intent', 'outcome'];
    await Promise.all([
      ann.until(() => ann.events.length >= 8),
      a.until(() => a.events.length >= 4),
      b.until(() => b.events.length >= 4),
    ]);
    expect(kinds(ann)).toEqual([...whole, ...whole]);
    expect([kinds(a), kinds(b)]).toEqual([whole, whole]);
    expect(JSON.stringify(ann.events)).toContain('secret-path');
    expect(JSON.stringify(a.events)).not.toMatch(/secret-path|cellblock\.yaml|"rules"|"grants"|justification/);
    expect(a.events.map(({ id }) => Number(id))).toEqual(a.events.map(({ data }) => data.seq));
    expect(b.events.every(({ data }) => !a.events.some((event) => event.data.audit === data.audit))).toBe(true);
    for (const stream of [ann, a, b]) stream.close();
  });

  it('go on after the last one that was read, from the trail', async () => {
    const own = await servers.open();
    for (const n of [1, 2]) await own.as('a').post('/v1/requests', { tool_name: 'plain.take', parameters: { path: 'p', n } });
    await own.as('b').post('/v1/requests', { tool_name: 'plain.echo', parameters: { text: 'x' } });
    const all = await openEvents(own.url, TOKENS.a, { 'last-event-id': '0' });
    await all.until(() => all.events.length >= 8);
    const last = all.events[3]?.id ?? '';
    const rest = await openEvents(own.url, TOKENS.a, { 'last-event-id': last });
    await rest.until(() => rest.events.length >= 4);
    await own.as('a').post('/v1/requests', { tool_name: 'plain.take', parameters: { path: 'p', n: 3 } });
    await Promise.all([all.until(() => all.events.length >= 12), rest.until(() => rest.events.length >= 8)]);
    expect(all.events).toHaveLength(12);
    expect(rest.events).toEqual(all.events.slice(4));
    expect(new Set(all.events.map(({ id }) => id)).size).toBe(12);
    for (const stream of [all, rest]) stream.close();
    const bad = await openEvents(own.url, TOKENS.a, { 'last-event-id': 'x' });
    expect(bad.status).toBe(400);
  });

  it('are told of what other processes write, also where these asked before anybody here listened', async () => {
    const first = await servers.open();
    const { id } = (await first.as('a').post('/v1/requests', { tool_name: 'acting', parameters: { path: 'a', n: 1 } })).json
      .approval;
    const second = await first.another();
    const [a, b] = await Promise.all([openEvents(second.url, TOKENS.a), openEvents(second.url, TOKENS.b)]);
    const { digest } = (await first.as('ann').get(`/v1/approvals/${id}`)).json.asked;
    await first.as('ann').post(`/v1/approvals/${id}/deny`, { digest, reason: 'no' });
    await first.as('b').post('/v1/requests', { tool_name: 'plain.echo', parameters: { text: 'x' } });
    await Promise.all([a.until(() => a.events.length >= 1), b.until(() => b.events.length >= 4)]);
    expect(a.events.map(({ data }) => data)).toMatchObject([{ kind: 'approval', event: 'denied', approval: id, reason: 'no' }]);
    expect(b.events.map(({ data }) => data.kind)).toEqual(['requested', 'decided', 'intent', 'outcome']);
    for (const stream of [a, b]) stream.close();
  });

  it('go on from now for who asks for what comes after a record that is not there', async () => {
    const own = await servers.open();
    const a = await openEvents(own.url, TOKENS.a, { 'last-event-id': '999999999' });
    await own.as('a').post('/v1/requests', { tool_name: 'plain.take', parameters: { path: 'p', n: 1 } });
    await a.until(() => a.events.length >= 4);
    expect(a.events).toHaveLength(4);
    a.close();
  });

  it('of a stream that has sent its share end, and the reader comes back for the rest', async () => {
    const own = await servers.open(undefined, { limits: { streamReplayMax: 5 } });
    for (const n of [1, 2]) await own.as('a').post('/v1/requests', { tool_name: 'plain.take', parameters: { path: 'p', n } });
    const first = await openEvents(own.url, TOKENS.a, { 'last-event-id': '0' });
    await first.over;
    expect(first.events).toHaveLength(5);
    const second = await openEvents(own.url, TOKENS.a, { 'last-event-id': first.events.at(-1)?.id ?? '' });
    await second.until(() => second.events.length >= 3);
    expect([...first.events, ...second.events].map(({ data }) => data.kind).filter((kind) => kind === 'outcome')).toHaveLength(2);
    second.close();
  });

  it('end for whoever the policy does not know any more, and are told that it has changed', async () => {
    const own = await servers.open();
    const [ann, a, b] = await Promise.all([
      openEvents(own.url, TOKENS.ann),
      openEvents(own.url, TOKENS.a),
      openEvents(own.url, TOKENS.b),
    ]);
    servers.place.rewrite(own.site, POLICY.replace(/, b: \{ tokens[^}]*\}/, ''));
    expect(await own.live.reload()).toBe(true);
    await b.over;
    await Promise.all([ann.until(() => ann.events.some(({ name }) => name === 'reloaded')), a.until(() => a.events.length > 0)]);
    expect(a.events).toContainEqual({ name: 'tools-changed', data: {} });
    await own.as('a').post('/v1/requests', { tool_name: 'plain.take', parameters: { path: 'p', n: 1 } });
    await a.until(() => a.events.some(({ data }) => data.kind === 'outcome'));
    expect((await own.as('b').get('/v1/tools')).status).toBe(401);
    for (const stream of [ann, a]) stream.close();
  });

  it('tell operators of a record that is too large for a stream by its names, and go on', async () => {
    const own = await servers.open(undefined, { limits: { streamBytesMax: 20_000 } });
    const live = await openEvents(own.url, TOKENS.ann);
    const path = 'x'.repeat(30_000);
    for (const large of [path, 'p']) {
      const { status } = await own.as('a').post('/v1/requests', { tool_name: 'plain.take', parameters: { path: large, n: 1 } });
      expect(status).toBe(200);
    }
    await live.until(() => live.events.length >= 8);
    const replayed = await openEvents(own.url, TOKENS.ann, { 'last-event-id': String(Number(live.events[0]?.id) - 1) });
    await replayed.until(() => replayed.events.length >= 8);
    const [large] = live.events;
    const { seq, audit } = large?.data ?? {};
    expect(large?.data).toEqual({ seq, at: expect.any(Number), kind: 'requested', audit, tooLarge: true });
    expect(JSON.stringify((await own.as('ann').get(`/v1/trail/${audit}`)).json)).toContain(path);
    const kinds = ({ events }: typeof live) => events.map(({ data }) => data.kind);
    const whole = ['requested', 'decided', 'intent', 'outcome'];
    expect([kinds(live), kinds(replayed)]).toEqual([
      [...whole, ...whole],
      [...whole, ...whole],
    ]);
    for (const stream of [live, replayed]) stream.close();
  });

  it('are read from the trail for whoever is there, and for nobody else', async () => {
    const own = await servers.open(undefined, { limits: { streamsPerPrincipalMax: 2 } });
    let reading = 0;
    let go: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    // A long trail in which nothing is about this agent.
    own.live.current.audit.query = async function* (_filter, { signal } = {}) {
      reading += 1;
      await gate;
      while (signal?.aborted === false) await new Promise(setImmediate);
      yield* [];
      reading -= 1;
    };
    const streams = [await openEvents(own.url, TOKENS.a, { 'last-event-id': '0' })];
    streams.push(await openEvents(own.url, TOKENS.a, { 'last-event-id': '0' }));
    for (const stream of streams) stream.close();
    await Promise.all(streams.map(({ over }) => over));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await openEvents(own.url, TOKENS.a)).status).toBe(429); // what is read for them takes their place
    go();
    await expect.poll(() => reading).toBe(0);
    const again = await openEvents(own.url, TOKENS.a);
    expect(again.status).toBe(200);
    again.close();
  });

  it('begin anew where the policy has another trail', async () => {
    const own = await servers.open();
    for (const n of [1, 2]) await own.as('a').post('/v1/requests', { tool_name: 'plain.take', parameters: { path: 'p', n } });
    const before = await openEvents(own.url, TOKENS.a, { 'last-event-id': '0' });
    await before.until(() => before.events.length >= 8);
    servers.place.rewrite(own.site, `${POLICY}trail: { folder: another }\n`);
    expect(await own.live.reload()).toBe(true);
    await before.over;
    const after = await openEvents(own.url, TOKENS.a, { 'last-event-id': before.events.at(-2)?.id ?? '' });
    await own.as('a').post('/v1/requests', { tool_name: 'plain.take', parameters: { path: 'p', n: 3 } });
    await after.until(() => after.events.length >= 4);
    expect(after.events.map(({ data }) => data.kind)).toEqual(['requested', 'decided', 'intent', 'outcome']);
    after.close();
  });

  it('agents leave places for operators', async () => {
    const own = await servers.open(undefined, { limits: { streamsMax: 3, streamsOfAgentsMax: 2 } });
    const open = await Promise.all([openEvents(own.url, TOKENS.a), openEvents(own.url, TOKENS.b)]);
    expect((await openEvents(own.url, TOKENS.a)).status).toBe(429);
    const ann = await openEvents(own.url, TOKENS.ann);
    expect(ann.status).toBe(200);
    for (const stream of [...open, ann]) stream.close();
  });

  it('have so many streams for each principal, and in all', async () => {
    const own = await servers.open(undefined, { limits: { streamsPerPrincipalMax: 2, streamsMax: 3 } });
    const open = await Promise.all([openEvents(own.url, TOKENS.a), openEvents(own.url, TOKENS.a), openEvents(own.url, TOKENS.b)]);
    const more = await openEvents(own.url, TOKENS.a);
    expect([more.status, more.headers.get('retry-after')]).toEqual([429, '1']);
    expect((await openEvents(own.url, TOKENS.ann)).status).toBe(429);
    open[0]?.close();
    await expect
      .poll(async () => {
        const again = await openEvents(own.url, TOKENS.ann);
        again.close();
        return again.status;
      })
      .toBe(200);
    for (const stream of open) stream.close();
  });
});
