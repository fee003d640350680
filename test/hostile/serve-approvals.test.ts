import { createHmac } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { clientOf, POLICY, raw, requestText, SERVE, useServers } from '../host/http/fixture.ts';
import { expectWholeTrail, TOOLS } from '../support/wardens.ts';

/* Threats to approvals over HTTP, and to the callbacks by which people answer, by the ids of the list of threats. */

const servers = useServers();
const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]);
afterEach(() => vi.restoreAllMocks());

describe('AP-01, AP-03: an approval', () => {
  it('AP-01: for `{path: a}` lets `{path: b}` run under no name', async () => {
    const own = await servers.open();
    const [a, ann] = [own.as('a'), own.as('ann')];
    const body = { tool_name: 'acting', parameters: { path: 'a', n: 1 } };
    const { id } = (await a.post('/v1/requests', body)).json.approval;
    const { digest } = (await ann.get(`/v1/approvals/${id}`)).json.asked;
    await ann.post(`/v1/approvals/${id}/approve`, { digest });
    const other = { ...body, parameters: { path: 'b', n: 1 }, approval: id };
    expect(await a.post('/v1/requests', other)).toMatchObject({ status: 403, json: { code: 'denied/approval-mismatch' } });
    expect(own.acts).toEqual([]);
    expect((await a.post('/v1/requests', { ...body, approval: id })).status).toBe(200);
    expect(own.acts).toEqual([1]);
    // AP-03: once.
    expect(await a.post('/v1/requests', { ...body, approval: id })).toMatchObject({
      status: 403,
      json: { code: 'denied/approval-used' },
    });
    expect((await a.post('/v1/requests', body)).status).toBe(202);
    const twice = await ann.post(`/v1/approvals/${id}/approve`, { digest });
    expect(twice).toMatchObject({ status: 403, json: { code: 'denied/approval-used' } });
    expect(own.acts).toEqual([1]);
  });

  it('AP-03: is used once by fifty at once', async () => {
    const own = await servers.open();
    const [a, ann] = [own.as('a'), own.as('ann')];
    const body = { tool_name: 'acting', parameters: { path: 'a', n: 1 } };
    const { id } = (await a.post('/v1/requests', body)).json.approval;
    const { digest } = (await ann.get(`/v1/approvals/${id}`)).json.asked;
    await ann.post(`/v1/approvals/${id}/approve`, { digest });
    const all = await Promise.all(Array.from({ length: 50 }, () => a.post('/v1/requests', { ...body, approval: id })));
    expect(all.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(own.acts).toEqual([1]);
    await expectWholeTrail(own.site);
  });

  it('AP-03: is no use once it has expired, or was taken back', async () => {
    const clock = { ms: Date.now() };
    vi.spyOn(Date, 'now').mockImplementation(() => clock.ms); // before anything is opened: the journal has it, too
    const own = await servers.open(POLICY.replace('expires: 10m, useWithin: 10m', 'expires: 10m, useWithin: 1m'));
    const [a, ann] = [own.as('a'), own.as('ann')];
    const yes = async (path: string) => {
      const body = { tool_name: 'acting', parameters: { path, n: 1 } };
      const { id } = (await a.post('/v1/requests', body)).json.approval;
      const { digest } = (await ann.get(`/v1/approvals/${id}`)).json.asked;
      expect((await ann.post(`/v1/approvals/${id}/approve`, { digest })).status).toBe(200);
      return { ...body, approval: id };
    };
    const revoked = await yes('revoked');
    expect((await ann.post(`/v1/approvals/${revoked.approval}/revoke`, {})).status).toBe(200);
    expect(await a.post('/v1/requests', revoked)).toMatchObject({ status: 403, json: { code: 'denied/approval-revoked' } });
    const expired = await yes('expired');
    clock.ms += 60_000;
    expect(await a.post('/v1/requests', expired)).toMatchObject({ status: 403, json: { code: 'denied/approval-expired' } });
    expect(own.acts).toEqual([]);
  });
});

describe('AP-04: a callback that Slack did not send', () => {
  const SECRET = 'signing-secret-of-the-app';
  beforeAll(() => void Object.assign(process.env, { THREATS_SIGNING: SECRET, THREATS_SLACK: 'http://127.0.0.1:9/x' }));
  afterAll(() => {
    delete process.env.THREATS_SIGNING;
    delete process.env.THREATS_SLACK;
  });

  it('is 401, whatever is wrong with it, and changes nothing; a right one is taken once', async () => {
    const problems: string[] = [];
    const policy = `${TOOLS}agents: { a: { tools: [{ tool: acting, ask: { expires: 10m, channels: ["slack:team"] } }] }, b: { tools: [plain.echo] } }
approvers: { slack: { team: { urlEnv: THREATS_SLACK, signingSecretEnv: THREATS_SIGNING, users: { U1: ann } }, empty: { urlEnv: THREATS_SLACK, signingSecretEnv: THREATS_NONE, users: { U1: ann } } } }
${SERVE}`;
    const own = await servers.open(policy, { onProblem: (problem) => problems.push(problem) });
    const { id } = (await own.as('a').post('/v1/requests', { tool_name: 'acting', parameters: { path: 'a', n: 1 } })).json
      .approval;
    const { digest } = (await own.as('ann').get(`/v1/approvals/${id}`)).json.asked;
    const payload = {
      type: 'block_actions',
      user: { id: 'U1' },
      actions: [{ action_id: 'cellblock.approve', value: `${id} ${digest}` }],
    };
    const body = `payload=${encodeURIComponent(JSON.stringify(payload))}`;
    const clock = { ms: Math.floor(Date.now() / 1000) * 1000 };
    vi.spyOn(Date, 'now').mockImplementation(() => clock.ms);
    const now = clock.ms / 1000;
    const sign = (at: number, secret = SECRET, text = body) =>
      `v0=${createHmac('sha256', secret).update(`v0:${at}:${text}`).digest('hex')}`;
    const send = (headers: Readonly<Record<string, string>>, name = 'team', text = body) =>
      clientOf(own.url).post(`/v1/callbacks/slack/${name}`, text, {
        'content-type': 'application/x-www-form-urlencoded',
        ...headers,
      });
    const signed = (at: number, signature: string | undefined = sign(at)) => ({
      'x-slack-request-timestamp': String(at),
      ...(signature === '' ? {} : { 'x-slack-signature': signature }),
    });
    const good = sign(now);
    const bad: readonly Readonly<Record<string, string>>[] = [
      {},
      { 'x-slack-signature': good },
      signed(now, ''),
      ...['v0=', 'x', good.slice(0, -1), `${good}0`, good.toUpperCase(), `v1${good.slice(2)}`, 'x'.repeat(8000)].map((text) =>
        signed(now, text),
      ),
      signed(now, sign(now, 'other')),
      signed(now, sign(now, SECRET, `${body}&x=1`)),
      signed(now - 301),
      signed(now + 301),
      signed(now + 1, good),
      { 'x-slack-request-timestamp': 'now', 'x-slack-signature': good },
    ];
    for (const headers of bad) expect((await send(headers)).status, JSON.stringify(headers).slice(0, 200)).toBe(401);
    expect((await send(signed(now, sign(now, '')), 'empty')).status).toBe(401); // no secret signs nothing
    expect((await send(signed(now), 'nobody')).status).toBe(401);
    const host = [
      `Host: 127.0.0.1:${own.port}`,
      'Content-Type: application/x-www-form-urlencoded',
      `Content-Length: ${body.length}`,
    ];
    const twice = [`X-Slack-Request-Timestamp: ${now}`, `X-Slack-Signature: ${good}`, 'X-Slack-Signature: v0=x'];
    expect(statusOf(await raw(own.port, requestText('/v1/callbacks/slack/team', [...host, ...twice], 'POST', body)))).toBe(401);
    expect(await own.as('a').get(`/v1/approvals/${id}`)).toMatchObject({ json: { status: 'pending' } });

    expect((await send(signed(now - 300))).status).toBe(200);
    expect(await own.as('a').get(`/v1/approvals/${id}`)).toMatchObject({ json: { status: 'approved' } });
    expect((await send(signed(now - 300))).status).toBe(401);
    expect(problems).toEqual([]); // no exception on any of these ways
  });
});
