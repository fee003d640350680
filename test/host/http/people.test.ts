import { createHmac } from 'node:crypto';
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as schemas from '../../../host/http/schemas.ts';
import { TOOLS } from '../../support/wardens.ts';
import { clientOf, POLICY, SERVE, type Served, TOKENS, useServers } from './fixture.ts';

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
