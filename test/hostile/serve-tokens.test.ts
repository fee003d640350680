import { createSecretKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { SignJWT, UnsecuredJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { clientOf, POLICY, requestText, useServers } from '../host/http/fixture.ts';

/* Who a JWT stands for, and all that it does not. */

const servers = useServers();

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
