import type { LookupAddress } from 'node:dns';
import { afterAll, afterEach, beforeAll, describe, expect, it, test } from 'vitest';
import type { Lookup } from '../../../../host/capabilities/http/connections.ts';
import { closeAll, echo, endAll, fakeHttp, LOOPBACK, type Place, serve } from './fake-http.ts';

let place: Place;
let secure: Place;
let mutual: Place;

beforeAll(async () => {
  const { readFileSync } = await import('node:fs');
  const ca = readFileSync(new URL('../../../fixtures/tls/ca.pem', import.meta.url));
  [place, secure, mutual] = await Promise.all([
    serve(echo),
    serve(echo, {}),
    serve(echo, { ca, requestCert: true, rejectUnauthorized: true }),
  ]);
});
afterEach(endAll);
afterAll(closeAll);

/** Answers with each list of addresses in turn, then with the last one. */
function answers(...lists: readonly (readonly string[])[]): Lookup & { readonly asked: string[] } {
  const asked: string[] = [];
  const lookup: Lookup = (hostname, _options, answer) => {
    const list = lists[Math.min(asked.length, lists.length - 1)]!;
    asked.push(hostname);
    const found = list.map((address): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 }));
    queueMicrotask(() => answer(null, found));
  };
  return Object.assign(lookup, { asked });
}

describe('NE-05: names', () => {
  const rule = (fields: object = {}) => [{ methods: ['GET'], url: `http://api.test:${place.port}`, ...fields }];
  const url = () => `http://api.test:${place.port}/`;
  const BLOCKED =
    'denied: `api.test` leads to no address that may be connected to: only public ones are, or those in `addresses` of the rule';

  it('lead to addresses that the rule allows', async () => {
    const lookup = answers(['127.0.0.1']);
    expect(await fakeHttp(rule(LOOPBACK), { lookup }).send(url())).toMatchObject({ status: 200 });
    expect(lookup.asked).toEqual(['api.test']);
  });

  test.each([
    ['127.0.0.1'],
    ['10.0.0.1'],
    ['169.254.169.254'],
    ['::1'],
    ['::ffff:127.0.0.1'],
    ['::ffff:7f00:1'],
    ['64:ff9b::7f00:1'],
    ['0.0.0.0'],
    ['fd00::1'],
  ])('that lead to %s are refused', async (address) => {
    const before = place.seen.length;
    const http = fakeHttp(rule(), { lookup: answers([address]) });
    expect(await http.send(url())).toBe(BLOCKED);
    expect(place.seen.length).toBe(before);
    expect(await http.end()).toEqual([`GET ${url()} -> ${BLOCKED}`]);
  });

  it('that lead to several addresses: a blocked one is never used, wherever it stands', async () => {
    const allowed = { addresses: ['127.0.0.1'] };
    for (const list of [
      ['10.0.0.1', '127.0.0.1'],
      ['127.0.0.1', '10.0.0.1'],
      ['::1', '127.0.0.1', '169.254.169.254'],
    ]) {
      expect(await fakeHttp(rule(allowed), { lookup: answers(list) }).send(url())).toMatchObject({ status: 200 });
    }
    // The good address is the one that nobody listens on.
    const before = place.seen.length;
    const http = fakeHttp(rule({ addresses: ['127.0.0.2'] }), { lookup: answers(['127.0.0.1', '127.0.0.2']) });
    expect(await http.send(url())).toMatch(/^unreachable: /);
    expect(place.seen.length).toBe(before);
  });

  it('that change their answer are asked once for a connection, which stays where it was judged', async () => {
    const lookup = answers(['127.0.0.1'], ['10.0.0.1']);
    const http = fakeHttp(rule(LOOPBACK), { lookup });
    const turn = () => new Promise((resolve) => setTimeout(resolve, 1)); // in which a connection becomes free
    expect(await http.send(url())).toMatchObject({ status: 200 });
    await turn();
    expect(await http.send(url())).toMatchObject({ status: 200 }); // the same connection
    expect(lookup.asked).toHaveLength(1);
    place.server.closeAllConnections();
    await turn();
    const afterwards = [await http.send(url()), await http.send(url())];
    expect(afterwards[0]).toMatch(/^(denied|unreachable): /); // it may have found the old one, closed
    expect(afterwards[1]).toBe(BLOCKED); // a new connection, a new answer, a new judgement
  });

  it('that nobody knows, and lookups that fail or find nothing, are errors', async () => {
    const failing: Lookup = (_name, _options, answer) =>
      answer(Object.assign(new Error('secret path'), { code: 'ENOTFOUND' }), []);
    expect(await fakeHttp(rule(), { lookup: failing }).send(url())).toBe('unreachable: the name has no address');
    expect(await fakeHttp(rule(), { lookup: answers([]) }).send(url())).toBe(BLOCKED);
  });

  it('of loopback are names like others', async () => {
    const localhost = `http://localhost:${place.port}`;
    expect(await fakeHttp([{ methods: ['GET'], url: localhost }]).send(`${localhost}/`)).toMatch(/^denied: `localhost` leads/);
    const open = fakeHttp([{ methods: ['GET'], url: localhost, ...LOOPBACK }]);
    expect(await open.send(`${localhost}/`)).toMatchObject({ status: 200 });
  });

  it('have to be allowed by the addresses of all scopes', async () => {
    const lookup = answers(['127.0.0.1']);
    const chained = (callerScope: object) => fakeHttp(rule(LOOPBACK), { lookup, callerScope }).send(url());
    expect(await chained({ requests: rule(LOOPBACK) })).toMatchObject({ status: 200 });
    expect(await chained({ requests: rule({ addresses: ['127.0.0.0/8'] }) })).toMatchObject({ status: 200 });
    expect(await chained({ requests: rule() })).toBe(BLOCKED);
    expect(await chained({ requests: rule({ addresses: ['10.0.0.0/8'] }) })).toBe(BLOCKED);
  });
});

describe('TLS', () => {
  const rule = ({ origin }: Place, fields: object = {}) => [{ methods: ['GET'], url: origin, ...LOOPBACK, ...fields }];

  it('trusts the certificates that the rule names, in place of the public ones', async () => {
    expect(await fakeHttp(rule(secure, { ca: 'ca.pem' })).send(secure.origin)).toMatchObject({ status: 200 });
    expect(await fakeHttp(rule(secure)).send(secure.origin)).toMatch(/^unreachable: TLS failed: /);
    expect(await fakeHttp(rule(secure, { ca: 'client.pem' })).send(secure.origin)).toMatch(/^unreachable: TLS failed: /);
  });

  it('is checked whatever the environment says', async () => {
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
    try {
      expect(await fakeHttp(rule(secure)).send(secure.origin)).toMatch(/^unreachable: TLS failed: /);
    } finally {
      delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    }
  });

  it('checks the name of the URL, not the address that it leads to', async () => {
    const lookup = answers(['127.0.0.1']);
    const named = (name: string) => {
      const url = `https://${name}:${secure.port}`;
      return fakeHttp([{ methods: ['GET'], url, ca: 'ca.pem', ...LOOPBACK }], { lookup }).send(`${url}/`);
    };
    expect(await named('api.test')).toMatchObject({ status: 200 });
    expect(await named('other.test')).toBe('unreachable: TLS failed: ERR_TLS_CERT_ALTNAME_INVALID');
  });

  it('shows the certificate that the rule names', async () => {
    const clientCert = { cert: 'client.pem', key: 'client.key' };
    expect(await fakeHttp(rule(mutual, { ca: 'ca.pem', clientCert })).send(mutual.origin)).toMatchObject({ status: 200 });
    const before = mutual.seen.length;
    expect(await fakeHttp(rule(mutual, { ca: 'ca.pem' })).send(mutual.origin)).toMatch(/^unreachable: /);
    expect(mutual.seen.length).toBe(before);
  });

  it("takes no certificate from a caller's scope", async () => {
    const clientCert = { cert: 'client.pem', key: 'client.key' };
    const callerScope = { requests: rule(mutual, { ca: 'ca.pem', clientCert }) };
    expect(await fakeHttp(rule(mutual, { ca: 'ca.pem' }), { callerScope }).send(mutual.origin)).toMatch(/^unreachable: /);
    expect(await fakeHttp(rule(mutual), { callerScope }).send(mutual.origin)).toMatch(/^unreachable: /);
  });

  it('does not share connections between rules of different certificates', async () => {
    const clientCert = { cert: 'client.pem', key: 'client.key' };
    const rules = [
      { methods: ['GET'], url: `${mutual.origin}/a`, ca: 'ca.pem', clientCert, ...LOOPBACK },
      { methods: ['GET'], url: `${mutual.origin}/b`, ca: 'ca.pem', ...LOOPBACK },
    ];
    const http = fakeHttp(rules);
    expect(await http.send(`${mutual.origin}/a`)).toMatchObject({ status: 200 });
    expect(await http.send(`${mutual.origin}/b`)).toMatch(/^unreachable: /);
    expect(await http.send(`${mutual.origin}/a`)).toMatchObject({ status: 200 });
  });

  it('is unavailable, not open, where a certificate cannot be read', async () => {
    const missing = (fields: object) => fakeHttp(rule(secure, fields)).send(secure.origin);
    for (const fields of [{ ca: 'none.pem' }, { clientCert: { cert: 'client.pem', key: 'none.key' } }]) {
      await expect(missing(fields)).rejects.toMatchObject({ code: 'capability/unavailable' });
      await missing(fields).catch((error: Error) => expect(error.message).not.toContain('none'));
    }
  });
});

test('proxies of the environment are not asked', async () => {
  const proxy = await serve(echo);
  for (const name of ['HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'NODE_USE_ENV_PROXY']) process.env[name] = proxy.origin;
  try {
    const http = fakeHttp([{ methods: ['GET'], url: place.origin, ...LOOPBACK }]);
    expect(await http.send(place.origin)).toMatchObject({ status: 200 });
  } finally {
    for (const name of ['HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'NODE_USE_ENV_PROXY']) delete process.env[name];
  }
  expect(proxy.seen).toEqual([]);
});

test('what cannot be connected to is an error without a word of this machine', async () => {
  const gone = await serve(echo);
  await new Promise((closed) => gone.server.close(closed));
  const http = fakeHttp([{ methods: ['GET'], url: gone.origin, ...LOOPBACK }]);
  expect(await http.send(gone.origin)).toBe('unreachable: the connection was refused');
  expect(await http.end()).toEqual([`GET ${gone.origin}/ -> failed: the connection was refused`]);
});
