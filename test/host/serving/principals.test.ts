import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, exportSPKI, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parsePolicy } from '../../../host/policy/index.ts';
import { Principals } from '../../../host/serving/principals.ts';
import { newToken, tokenDigest } from '../../../host/serving/token.ts';

const folder = mkdtempSync(join(tmpdir(), 'cellblock-principals-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const TRIAGE = newToken();
const ANN = newToken();

function policyWith(serve: string) {
  return parsePolicy(`version: 1\ntools: {}\nagents:\n  triage: { tools: [] }\nserve:\n${serve}`, join(folder, 'cellblock.yaml'))
    .serve;
}

const TOKENS = `  agents: { triage: { tokens: ["${tokenDigest(TRIAGE)}"] } }
  operators: { ann: { tokens: ["${tokenDigest(ANN)}"] }, bob: { tokens: ["${tokenDigest(`${ANN}x`)}"], may: read } }`;

describe('tokens', () => {
  const principals = new Principals();
  const serve = policyWith(TOKENS);

  it('stand for whom the policy lists their digest', async () => {
    expect(await principals.of(serve, TRIAGE)).toEqual({ kind: 'agent', name: 'triage' });
    expect(await principals.of(serve, ANN)).toEqual({ kind: 'operator', name: 'ann', mayAnswer: true });
  });

  it.each([
    ['another token', newToken()],
    ['the digest itself', tokenDigest(TRIAGE)],
    ['one with a space', ` ${TRIAGE}`],
    ['one in upper case', TRIAGE.toUpperCase()],
    ['one that is cut', TRIAGE.slice(0, -1)],
    ['one of another form whose digest is listed', `${ANN}x`],
    ['nothing', ''],
    ['a very long one', `cb_${'a'.repeat(100_000)}`],
  ])('are nobody: %s', async (_, token) => expect(await principals.of(serve, token)).toBeUndefined());

  it('are random, and say whose format they are', () => {
    expect(newToken()).toMatch(/^cb_[A-Za-z0-9_-]{43}$/);
    expect(newToken()).not.toBe(newToken());
  });
});

describe('JWTs', () => {
  const keysFile = join(folder, 'jwks.json');
  const principals = new Principals();
  const serve = policyWith(`  agents: { triage: { subjects: [svc-triage] } }
  jwt: { keys: jwks.json, issuer: "https://id.test", audience: cellblock }`);
  let pair: Awaited<ReturnType<typeof generateKeyPair>>;
  const publish = async (key: CryptoKey, kid: string) =>
    writeFileSync(keysFile, JSON.stringify({ keys: [{ ...(await exportJWK(key)), kid, alg: 'ES256', use: 'sig' }] }));
  const jwt = (change: (claims: SignJWT) => SignJWT = (claims) => claims, { kid = 'k1', alg = 'ES256' } = {}) =>
    change(
      new SignJWT({})
        .setProtectedHeader({ alg, kid })
        .setSubject('svc-triage')
        .setIssuer('https://id.test')
        .setAudience('cellblock')
        .setExpirationTime('5m'),
    );
  beforeAll(async () => {
    pair = await generateKeyPair('ES256');
    await publish(pair.publicKey, 'k1');
  });

  it('of a listed subject stand for its agent', async () => {
    expect(await principals.of(serve, await jwt().sign(pair.privateKey))).toEqual({ kind: 'agent', name: 'triage' });
  });

  it.each<[string, (claims: SignJWT) => SignJWT]>([
    ['of another issuer', (claims) => claims.setIssuer('https://evil.test')],
    ['for another audience', (claims) => claims.setAudience('other')],
    ['that has expired', (claims) => claims.setExpirationTime('-1m')],
    ['that is not valid yet', (claims) => claims.setNotBefore('5m')],
    ['of a subject that is not listed', (claims) => claims.setSubject('triage')],
  ])('are nobody: one %s', async (_, change) => {
    expect(await principals.of(serve, await jwt(change).sign(pair.privateKey))).toBeUndefined();
  });

  it('are nobody without an end, or without a subject', async () => {
    const base = new SignJWT({})
      .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
      .setIssuer('https://id.test')
      .setAudience('cellblock');
    expect(await principals.of(serve, await base.setSubject('svc-triage').sign(pair.privateKey))).toBeUndefined();
    const endless = new SignJWT({})
      .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
      .setIssuer('https://id.test')
      .setAudience('cellblock');
    expect(await principals.of(serve, await endless.setExpirationTime('5m').sign(pair.privateKey))).toBeUndefined();
  });

  it('are nobody when signed by another key, by the public key as a secret, or not at all', async () => {
    const other = await generateKeyPair('ES256');
    expect(await principals.of(serve, await jwt().sign(other.privateKey))).toBeUndefined();
    const secret = new TextEncoder().encode(await exportSPKI(pair.publicKey));
    expect(await principals.of(serve, await jwt(undefined, { alg: 'HS256' }).sign(secret))).toBeUndefined();
    const [, payload] = (await jwt().sign(pair.privateKey)).split('.');
    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    expect(await principals.of(serve, `${none}.${payload}.`)).toBeUndefined();
    expect(await principals.of(serve, `${none}.${payload}.AAAA`)).toBeUndefined();
  });

  it('follow the file of keys: a new key counts at once, and the old one no more', async () => {
    const next = await generateKeyPair('ES256');
    const old = await jwt().sign(pair.privateKey);
    await publish(next.publicKey, 'k2');
    expect(await principals.of(serve, await jwt(undefined, { kid: 'k2' }).sign(next.privateKey))).toEqual({
      kind: 'agent',
      name: 'triage',
    });
    expect(await principals.of(serve, old)).toBeUndefined();
    rmSync(keysFile);
    expect(await principals.of(serve, await jwt(undefined, { kid: 'k2' }).sign(next.privateKey))).toBeUndefined();
  });
});
