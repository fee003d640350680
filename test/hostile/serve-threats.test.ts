import { createHmac, createSecretKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { clientOf, openEvents, POLICY, raw, requestText, SERVE, type Served, TOKENS, useServers } from '../host/http/fixture.ts';
import { expectWholeTrail, recordsOf, TOOLS } from '../support/wardens.ts';

/* Threats to what is served over HTTP, by the ids of the list of threats. */

const servers = useServers();
let served: Served;
beforeAll(async () => {
  served = await servers.open(undefined, { metrics: async () => 'up 1\n' });
});
const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]);
afterEach(() => vi.restoreAllMocks());
const auth = (who: keyof typeof TOKENS) => `Authorization: Bearer ${TOKENS[who]}`;

describe('SV-01: DNS rebinding', () => {
  it('a name that is not ours is refused, ours are not', async () => {
    const { port } = served;
    const statusFor = async (...hosts: readonly string[]) =>
      statusOf(await raw(port, requestText('/v1/tools', [...hosts.map((host) => `Host: ${host}`), auth('a')])));
    const ours = ['127.0.0.1', 'localhost', '[::1]', 'LOCALHOST'].map((name) => `${name}:${port}`);
    for (const host of [...ours, 'cellblock.example.com', `cellblock.example.com:${port}`, 'proxy.example.com:8443']) {
      expect(await statusFor(host), host).toBe(200);
    }
    const theirs = [
      'evil.test',
      'localhost',
      `evil.test:${port}`,
      `localhost.evil.test:${port}`,
      `127.0.0.1:${port}.evil.test`,
      `127.0.0.2:${port}`,
    ];
    const tricks = [
      `0.0.0.0:${port}`,
      `2130706433:${port}`,
      `localhost.:${port}`,
      `127.1:${port}`,
      '',
      ' ',
      `x@localhost:${port}`,
      'proxy.example.com',
    ];
    for (const host of [
      ...theirs,
      ...tricks,
      'cellblock.example.com:1',
      `cellblock.example.com.evil.test:${port}`,
      `localhost:${port}, evil.test`,
    ]) {
      expect(await statusFor(host), host).toBe(403);
    }
    expect(await statusFor()).toBe(403);
    expect(await statusFor(ours[0]!, 'evil.test')).toBe(403);
    expect(await statusFor(ours[0]!, ours[0]!)).toBe(403);
  });

  it('a target in absolute form is for the host that it names', async () => {
    const { port } = served;
    const ask = async (target: string) => statusOf(await raw(port, requestText(target, [`Host: 127.0.0.1:${port}`, auth('a')])));
    expect(await ask(`http://127.0.0.1:${port}/v1/tools`)).toBe(200);
    for (const target of [
      `http://evil.test/v1/tools`,
      `http://localhost:${port}/v1/tools`,
      `http://x@127.0.0.1:${port}/v1/tools`,
    ]) {
      expect(await ask(target), target).toBe(403);
    }
    for (const target of ['*', 'evil.test:80', 'file:///etc/passwd', 'v1/tools', '?x'])
      expect([400, 403], target).toContain(await ask(target));
    for (const target of ['//evil.test/v1/tools', '/v1/../v1/none', '/%76%31/tools/', '/v1/tools%00', '/v1\\tools']) {
      expect([400, 404], target).toContain(await ask(target));
    }
  });
});

describe('SV-02: requests that a page of another site makes a browser send', () => {
  it('are refused by their origin, by how they were fetched, or by their kind, with a token or without', async () => {
    const body = JSON.stringify({ tool_name: 'plain.take', parameters: { path: 'p', n: 1 } });
    const post = (headers: Readonly<Record<string, string>>) => served.as('a').post('/v1/requests', body, headers);
    const before = recordsOf(served.site).length;
    for (const origin of [
      'https://evil.test',
      'null',
      'http://localhost:1',
      `http://localhost:${served.port}.evil.test`,
      'data:',
      '*',
    ]) {
      expect((await post({ origin })).status, origin).toBe(403);
    }
    expect((await post({ 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data',
      'text/json',
      'application/jsonx',
      '',
    ]) {
      expect((await post({ 'content-type': type })).status, type).toBe(415);
      expect((await clientOf(served.url).post('/v1/requests', body, { 'content-type': type })).status, type).toBe(415);
    }
    expect((await post({ 'content-encoding': 'gzip' })).status).toBe(415);
    expect(recordsOf(served.site)).toHaveLength(before);
    expect((await post({ origin: served.url, 'sec-fetch-site': 'same-origin' })).status).toBe(200);
    expect((await post({ 'content-type': 'application/json; charset=utf-8' })).status).toBe(200);
  });

  it('a preflight is answered by nothing that allows anything', async () => {
    const { status, headers } = await fetch(`${served.url}/v1/requests`, {
      method: 'OPTIONS',
      headers: { origin: 'https://evil.test', 'access-control-request-method': 'POST' },
    });
    expect(status).toBe(403);
    expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
  });
});

describe('SV-03: what is served by default', () => {
  it('is on 127.0.0.1 alone', async () => {
    expect(served.url).toBe(`http://127.0.0.1:${served.port}`);
    const others = Object.values(networkInterfaces())
      .flatMap((list) => list ?? [])
      .filter(({ internal, family }) => !internal && family === 'IPv4');
    for (const host of ['127.0.0.2', ...others.map(({ address }) => address)]) {
      const isOpen = await new Promise<boolean>((resolve) => {
        const socket = connect(served.port, host, () => {
          socket.destroy();
          resolve(true);
        });
        socket.on('error', () => resolve(false));
      });
      expect(isOpen, host).toBe(false);
    }
  });

  it('shows nothing to whoever has no token, on any path, and says how answers are to be handled', async () => {
    for (const path of [
      '/',
      '/metrics',
      '/v1/trail',
      '/v1/policy',
      '/v1/events',
      '/admin',
      '/debug',
      '/v1/openapi.json',
      '/mcp',
      '/console',
      '/.env',
    ]) {
      const { status, headers, text } = await clientOf(served.url).get(path);
      expect({ path, status }).toEqual({ path, status: 401 });
      expect(text).not.toMatch(/plain|acting|cellblock\.yaml/);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
    }
    expect((await served.as('ann').get('/admin')).status).toBe(404);
  });
});

describe('who comes', () => {
  it('is said by one token in one header, exactly', async () => {
    const { port } = served;
    const ask = async (...lines: readonly string[]) =>
      statusOf(await raw(port, requestText('/v1/tools', [`Host: 127.0.0.1:${port}`, ...lines])));
    expect(await ask(auth('a'))).toBe(200);
    const { a, b } = TOKENS;
    for (const lines of [
      [auth('a'), auth('b')],
      [auth('a'), auth('a')],
      [`Authorization: Bearer ${a}, Bearer ${b}`],
      [`Authorization: Basic ${Buffer.from(`a:${a}`).toString('base64')}`],
      [`Authorization: ${a}`],
      [`Authorization: Bearer ${a.toUpperCase()}`],
      [`Authorization: Bearer ${a.slice(0, -1)}`],
      [`Authorization: Bearer ${a}\t${a}`],
      [`Cookie: token=${a}`],
      [`Proxy-Authorization: Bearer ${a}`],
    ]) {
      expect(await ask(...lines), lines.join('|')).toBe(401);
    }
    expect((await clientOf(served.url).get(`/v1/tools?access_token=${a}`)).status).toBe(401);
  });
});

describe('two agents', () => {
  it('never see each other', async () => {
    const own = await servers.open();
    const [a, b, ann] = [own.as('a'), own.as('b'), own.as('ann')];
    const events = await openEvents(own.url, TOKENS.b);
    const names = async (who: typeof a) =>
      (await who.get('/v1/tools')).json.tools.map(({ tool_name }: { tool_name: string }) => tool_name);
    expect(await names(a)).toContain('plain.take');
    expect((await names(b)).sort()).toEqual(['acting.act', 'plain.echo']);

    const body = { tool_name: 'acting', parameters: { path: 'a', n: 1 }, session: 's', request_id: 'same' };
    const waiting = await a.post('/v1/requests', body);
    const { id } = waiting.json.approval;
    const { audit } = waiting.json.receipt;
    expect((await a.get(`/v1/requests/${audit}`)).status).toBe(200);
    for (const guess of [audit, audit.slice(0, 8), '*', '%25', audit.toUpperCase()]) {
      expect((await b.get(`/v1/requests/${guess}`)).status, guess).toBe(404);
    }
    expect((await b.get(`/v1/approvals/${id}`)).status).toBe(404);
    expect((await b.get('/v1/approvals?all=true')).json).toEqual({ approvals: [] });
    for (const path of ['/v1/trail', `/v1/trail/${audit}`, '/v1/trail/verify', '/v1/policy', '/metrics']) {
      expect((await b.get(path)).status, path).toBe(403);
    }

    const { digest } = (await ann.get(`/v1/approvals/${id}`)).json.asked;
    for (const answer of ['approve', 'deny', 'revoke']) {
      for (const who of [a, b]) expect((await who.post(`/v1/approvals/${id}/${answer}`, { digest })).status, answer).toBe(403);
    }
    expect((await ann.post(`/v1/approvals/${id}/approve`, { digest })).status).toBe(200);
    // As somebody else, with what is somebody else's: the same words, session and id of a request are another agent's.
    expect(await b.post('/v1/requests', { ...body, agent: 'a' })).toMatchObject({
      status: 422,
      json: { code: 'params/invalid' },
    });
    expect(await b.post('/v1/requests', { ...body, approval: id })).toMatchObject({
      status: 403,
      json: { code: 'denied/approval-unknown' },
    });
    expect(await b.post('/v1/requests', { ...body, tool_name: 'plain.take' })).toMatchObject({
      json: { code: 'denied/tool-not-granted' },
    });
    const mine = await b.post('/v1/requests', { ...body, request_id: 'other' });
    expect(mine).toMatchObject({ status: 202 });
    expect(mine.json.approval.id).not.toBe(id);
    expect(own.acts).toEqual([]);
    expect(await a.post('/v1/requests', body)).toMatchObject({ status: 200, json: { kind: 'ok' } });
    await events.until(() => events.events.some(({ data }) => data.approval === mine.json.approval.id));
    expect(JSON.stringify(events.events)).not.toContain(audit);
    expect(JSON.stringify(events.events)).not.toContain(id);
    events.close();
    await expectWholeTrail(own.site);
  });
});

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

describe('JWTs', () => {
  const [ed, rsa, next] = [
    generateKeyPairSync('ed25519'),
    generateKeyPairSync('rsa', { modulusLength: 2048 }),
    generateKeyPairSync('ed25519'),
  ];
  const jwks = (...keys: readonly { readonly publicKey: KeyObject; readonly kid: string; readonly alg: string }[]) =>
    JSON.stringify({
      keys: keys.map(({ publicKey, kid, alg }) => ({ ...publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig' })),
    });
  const JWT = `  jwt: { keys: jwks.json, issuer: "https://id.test", audience: cellblock }\n`;
  const policy = POLICY.replace(/agents: \{ a: \{ tokens/, 'agents: { a: { subjects: [svc-a], tokens') + JWT;
  const sign = (
    change: Record<string, unknown> = {},
    header: { alg: string; kid?: string } = { alg: 'EdDSA', kid: 'ed' },
    key: KeyObject = ed.privateKey,
  ) => {
    const now = Math.floor(Date.now() / 1000);
    const claims = { sub: 'svc-a', iss: 'https://id.test', aud: 'cellblock', exp: now + 60, ...change };
    const given = Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined));
    return new SignJWT(given).setProtectedHeader(header).sign(key);
  };

  it('are taken as the policy says, and no others', async () => {
    const site = await servers.open(policy);
    writeFileSync(
      join(site.site, 'jwks.json'),
      jwks({ publicKey: ed.publicKey, kid: 'ed', alg: 'EdDSA' }, { publicKey: rsa.publicKey, kid: 'rsa', alg: 'RS256' }),
    );
    const statusWith = async (token: string) =>
      (await clientOf(site.url, { authorization: `Bearer ${token}` }).get('/v1/tools')).status;
    expect(await statusWith(await sign())).toBe(200);
    expect(await statusWith(await sign({ aud: ['x', 'cellblock'] }, { alg: 'RS256', kid: 'rsa' }, rsa.privateKey))).toBe(200);
    const pem = createSecretKey(Buffer.from(rsa.publicKey.export({ format: 'pem', type: 'spki' }) as string));
    const raw256 = createSecretKey(Buffer.from((ed.publicKey.export({ format: 'jwk' }) as { x: string }).x, 'base64url'));
    const now = Math.floor(Date.now() / 1000);
    const good = await sign();
    const [head, claims, signature] = good.split('.');
    const noneHead = Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url');
    const wrong: readonly (readonly [string, string])[] = [
      [
        'alg none',
        new UnsecuredJWT({ sub: 'svc-a' }).setIssuer('https://id.test').setAudience('cellblock').setExpirationTime('1m').encode(),
      ],
      ['alg none with a signature', `${noneHead}.${claims}.${signature}`],
      ['alg None', `${Buffer.from('{"alg":"None"}').toString('base64url')}.${claims}.`],
      ['HS256 with the public key as text', await sign({}, { alg: 'HS256', kid: 'rsa' }, pem)],
      ['HS256 with the public key as bytes', await sign({}, { alg: 'HS256', kid: 'ed' }, raw256)],
      ['another key', await sign({}, { alg: 'EdDSA', kid: 'ed' }, next.privateKey)],
      ['another audience', await sign({ aud: 'other' })],
      ['no audience', await sign({ aud: undefined })],
      ['another issuer', await sign({ iss: 'https://id.test.evil.test' })],
      ['expired', await sign({ exp: now - 31 })],
      ['no end', await sign({ exp: undefined })],
      ['not yet', await sign({ nbf: now + 3600 })],
      ['an unknown subject', await sign({ sub: 'svc-x' })],
      ['the name of an agent', await sign({ sub: 'a' })],
      ['no subject', await sign({ sub: undefined })],
      ['a subject that is no text', await sign({ sub: ['svc-a'] as never })],
      [
        'a changed claim',
        `${head}.${Buffer.from(JSON.stringify({ sub: 'svc-a', exp: now + 60 })).toString('base64url')}.${signature}`,
      ],
      ['no signature', `${head}.${claims}.`],
      ['four parts', `${good}.x`],
    ];
    for (const [what, token] of wrong) expect(await statusWith(token), what).toBe(401);
  });

  it('of clients that have gone before they are known take nobody’s place', async () => {
    const mcp = {
      fetch: async () => new Response('{}', { headers: { 'content-type': 'application/json' } }),
      close: async () => undefined,
    };
    const site = await servers.open(policy, { mcp, limits: { requestsPerPrincipalMax: 1 } });
    writeFileSync(join(site.site, 'jwks.json'), jwks({ publicKey: rsa.publicKey, kid: 'rsa', alg: 'RS256' }));
    const token = await sign({}, { alg: 'RS256', kid: 'rsa' }, rsa.privateKey);
    const headers = [`Host: 127.0.0.1:${site.port}`, `Authorization: Bearer ${token}`, 'Content-Type: application/json'];
    for (let count = 0; count < 50; count++) {
      const socket = connect(site.port, '127.0.0.1');
      socket.on('error', () => undefined);
      await new Promise((resolve) => socket.once('connect', resolve));
      socket.write(requestText('/mcp', [...headers, 'Content-Length: 2'], 'POST', '{}'), () => socket.resetAndDestroy());
      await new Promise((resolve) => socket.once('close', resolve));
    }
    await expect.poll(async () => (await site.as('a').post('/mcp', '{}')).status).toBe(200);
  });

  it('are good as long as their key is in the file', async () => {
    const site = await servers.open(policy);
    const file = join(site.site, 'jwks.json');
    const statusWith = async (token: string) =>
      (await clientOf(site.url, { authorization: `Bearer ${token}` }).get('/v1/tools')).status;
    const [before, after] = [await sign(), await sign({}, { alg: 'EdDSA', kid: 'next' }, next.privateKey)];
    expect(await statusWith(before)).toBe(401); // there is no file: nobody
    writeFileSync(file, jwks({ publicKey: ed.publicKey, kid: 'ed', alg: 'EdDSA' }));
    expect([await statusWith(before), await statusWith(after)]).toEqual([200, 401]);
    writeFileSync(file, jwks({ publicKey: next.publicKey, kid: 'next', alg: 'EdDSA' }));
    expect([await statusWith(before), await statusWith(after)]).toEqual([401, 200]);
    writeFileSync(file, '{');
    expect([await statusWith(before), await statusWith(after)]).toEqual([401, 401]);
    expect((await site.as('a').get('/v1/tools')).status).toBe(200); // tokens need no file
  });
});

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
