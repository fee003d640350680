import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it, test } from 'vitest';
import { isAllowedAddress, parseAddressBlock } from '../../../../host/capabilities/http/addresses.ts';
import { judge } from '../../../../host/capabilities/http/decide.ts';
import { HTTP } from '../../../../host/capabilities/http/index.ts';
import { httpScope } from '../../../../host/capabilities/http/scope.ts';
import { targetOf } from '../../../../host/capabilities/http/target.ts';
import { isPathWithin, isWithin, parseUrlPattern } from '../../../../host/capabilities/http/url-pattern.ts';
import { issuesOf, scopeOf } from '../kv/fake-grant.ts';
import { closeAll, echo, endAll, fakeHttp, type Place, serve } from './fake-http.ts';

const RULE = { methods: ['GET'], url: 'https://api.test/v1' };
const withRule = (fields: object) => ({ requests: [{ ...RULE, ...fields }] });

/** `in`, `out`, or `no URL` where it is refused as it stands. */
function placeOf(url: string, pattern: string, exact = false): string {
  const target = targetOf(url);
  if (typeof target === 'string') return 'no URL';
  return isWithin(target, parseUrlPattern(pattern), exact) ? 'in' : 'out';
}

describe('scopes', () => {
  it('have defaults that close', () => {
    expect(scopeOf(HTTP, { requests: [RULE] })).toMatchObject({
      concurrent: 8,
      requests: [{ methods: ['GET'], path: 'prefix', query: [], headers: [], secrets: {}, redirects: 0, timeout: 30_000 }],
    });
  });

  test.each([
    ['no requests', {}],
    ['an empty list', { requests: [] }],
    ['no methods', { requests: [{ url: RULE.url }] }],
    ['an empty list of methods', withRule({ methods: [] })],
    ['`*` for a method', withRule({ methods: ['*'] })],
    ['a method in small letters', withRule({ methods: ['get'] })],
    ['CONNECT', withRule({ methods: ['CONNECT'] })],
    ['an unknown field', withRule({ allow: 'all' })],
    ['an unknown field beside', { requests: [RULE], any: true }],
    ['any host', withRule({ url: 'https://*' })],
    ['any host with a path', withRule({ url: 'https://*/v1' })],
    ['a top domain', withRule({ url: 'https://*.com' })],
    ['a star within a name', withRule({ url: 'https://api*.test' })],
    ['two stars', withRule({ url: 'https://*.*.test.example' })],
    ['a star in a path', withRule({ url: 'https://api.test/v1/*' })],
    ['a star before an address', withRule({ url: 'https://*.0.0.1' })],
    ['a user', withRule({ url: 'https://me@api.test' })],
    ['a query', withRule({ url: 'https://api.test/?a=1' })],
    ['an empty query', withRule({ url: 'https://api.test/?' })],
    ['a fragment', withRule({ url: 'https://api.test/#a' })],
    ['no scheme', withRule({ url: 'api.test/v1' })],
    ['a scheme of files', withRule({ url: 'file:///etc' })],
    ['a scheme of sockets', withRule({ url: 'wss://api.test' })],
    ['a dot at the end of the host', withRule({ url: 'https://api.test.' })],
    ['the header host', withRule({ headers: ['host'] })],
    ['the header content-length', withRule({ headers: ['content-length'] })],
    ['the header transfer-encoding', withRule({ headers: ['transfer-encoding'] })],
    ['the header connection', withRule({ headers: ['connection'] })],
    ['a header for proxies', withRule({ headers: ['proxy-authorization'] })],
    ['a header in capitals', withRule({ headers: ['X-A'] })],
    ['a secret in the header host', withRule({ secrets: { host: { secret: 'A' } } })],
    ['a secret in a header that the tool may set', withRule({ headers: ['x-a'], secrets: { 'x-a': { secret: 'A' } } })],
    ['a secret in the header accept', withRule({ secrets: { accept: { secret: 'A' } } })],
    ['a secret itself', withRule({ secrets: { authorization: 'Bearer x' } })],
    ['a prefix with a line break', withRule({ secrets: { authorization: { secret: 'A', prefix: 'B\r\n' } } })],
    ['no addresses', withRule({ addresses: [] })],
    ['a name for an address', withRule({ addresses: ['localhost'] })],
    ['a short address', withRule({ addresses: ['127.1'] })],
    ['an octal address', withRule({ addresses: ['010.0.0.1'] })],
    ['a short block', withRule({ addresses: ['10.1/8'] })],
    ['an octal block', withRule({ addresses: ['010.0.0.0/8'] })],
    ['a hexadecimal block', withRule({ addresses: ['0x0a.0.0.0/8'] })],
    ['a block of 33 bits', withRule({ addresses: ['10.0.0.0/33'] })],
    ['an address with a zone', withRule({ addresses: ['fe80::1%eth0'] })],
    ['a certificate over http', withRule({ url: 'http://api.test', ca: 'ca.pem' })],
    ['half a certificate', withRule({ clientCert: { cert: 'client.pem' } })],
    ['six redirects', withRule({ redirects: 6 })],
    ['no time', withRule({ timeout: '0s' })],
    ['100 GiB', withRule({ responseBytes: '100GiB' })],
    ['no exchange at a time', { requests: [RULE], concurrent: 0 }],
  ])('refuse %s', (_, scope) => expect(issuesOf(HTTP, scope)).not.toEqual([]));

  test.each([
    withRule({ url: 'https://*.example.com', query: 'any', headers: ['authorization', 'cookie'] }),
    withRule({ url: 'http://10.0.1.58:8080', addresses: ['10.0.1.0/24', 'fd00::/8', '127.0.0.1'] }),
    withRule({ secrets: { authorization: { secret: 'A', prefix: 'Bearer ' } }, redirects: 5, responseBytes: '1GiB' }),
    withRule({ ca: 'ca.pem', clientCert: { cert: 'client.pem', key: 'client.key' }, timeout: '5s', path: 'exact' }),
  ])('take %j', (scope) => expect(issuesOf(HTTP, scope)).toEqual([]));
});

describe('NE-10: hosts', () => {
  test.each([
    ['https://example.com/', 'in'],
    ['https://EXAMPLE.com/', 'in'],
    ['https://example.com:443/', 'in'],
    ['https://ex%61mple.com/', 'in'],
    ['https://example.com', 'in'],
    ['https://evilexample.com/', 'out'],
    ['https://example.com.evil.test/', 'out'],
    ['https://sub.example.com/', 'out'],
    ['https://evil.test/example.com/', 'out'],
    ['https://evil.test?example.com', 'out'],
    ['https://ex\u0430mple.com/', 'out'], // a letter of Cyrillic
    ['https://example.com./', 'no URL'],
    ['https://example.com\u3002/', 'no URL'],
    ['https://example.com%2e/', 'no URL'],
    ['https://x@example.com/', 'no URL'],
    ['https://example.com@evil.test/', 'no URL'],
    ['https://example.com:x@evil.test/', 'no URL'],
    ['https://evil.test\\@example.com/', 'no URL'],
    ['https://example.com\\.evil.test/', 'no URL'],
    ['https://@example.com/', 'no URL'],
    ['https:///example.com/', 'no URL'],
    ['https:///x@example.com/', 'no URL'],
    ['https:example.com', 'no URL'],
    ['https:/example.com', 'no URL'],
    ['//example.com/', 'no URL'],
    ['https://exam\tple.com/', 'no URL'],
    ['https://exam\u00adple.com/', 'no URL'],
    ['https://example.com/\r\nhost: evil.test', 'no URL'],
    [' https://example.com/', 'no URL'],
    ['https://example.com/\u0000', 'no URL'],
    ['https://example.com:99999/', 'no URL'],
    ['https:///', 'no URL'],
    ['', 'no URL'],
    [`https://example.com/${'a'.repeat(20_000)}`, 'no URL'],
  ])('`https://example.com`: %j is %s', (url, place) => expect(placeOf(url, 'https://example.com')).toBe(place));

  test.each([
    ['https://a.example.com/', 'in'],
    ['https://a.b.example.com/', 'in'],
    ['https://example.com/', 'out'],
    ['https://evilexample.com/', 'out'],
    ['https://a.example.com.evil.test/', 'out'],
    ['https://.example.com/', 'no URL'],
    ['https://a..example.com/', 'no URL'],
    ['https://a.example.com./', 'no URL'],
  ])('`https://*.example.com`: %j is %s', (url, place) => expect(placeOf(url, 'https://*.example.com')).toBe(place));
});

describe('NE-14: schemes and ports', () => {
  test.each([
    'file:///etc/passwd',
    'data:text/plain,a',
    'ftp://example.com/',
    'blob:https://example.com/a',
    'gopher://example.com/',
    'ws://example.com/',
    'javascript:1',
    'unix:/run/docker.sock',
    'HTTPS+UNIX://example.com/',
  ])('%s is no URL', (url) => expect(placeOf(url, 'https://example.com')).toBe('no URL'));

  test.each([
    ['https://example.com:22/', 'out'],
    ['https://example.com:0/', 'out'],
    ['https://example.com:80/', 'out'],
    ['http://example.com/', 'out'],
    ['http://example.com:443/', 'out'],
    ['HTTPS://example.com:0443/', 'in'],
  ])('%s is %s where only 443 is granted', (url, place) => expect(placeOf(url, 'https://example.com')).toBe(place));

  test.each([
    ['http://example.com:8080/', 'in'],
    ['https://example.com:8080/', 'out'],
    ['http://example.com/', 'out'],
  ])('%s is %s where http on 8080 is', (url, place) => expect(placeOf(url, 'http://example.com:8080')).toBe(place));
});

describe('paths', () => {
  test.each([
    ['/a/b', 'in'],
    ['/a/b/', 'in'],
    ['/a/b/c', 'in'],
    ['/a/./b/c', 'in'],
    ['/x/../a/b', 'in'],
    ['/a/b%20c', 'out'],
    ['/a/bc', 'out'],
    ['/a', 'out'],
    ['/A/b', 'out'],
    ['/a//b', 'out'],
    ['/%61/b', 'out'],
    ['/a/b/../c', 'out'],
    ['/a/b/..', 'out'],
    ['/a/b/%2e%2e/c', 'no URL'],
    ['/a/b/.%2E/c', 'no URL'],
    ['/a/b/%2E', 'no URL'],
    ['/a/b/..%2fc', 'no URL'],
    ['/a/b/..%5Cc', 'no URL'],
    ['/a/b\\..\\c', 'no URL'],
    ['/a/b/..;/c', 'no URL'],
    ['/a/b/..;x=1/c', 'no URL'],
    ['/a/b/.;/c', 'no URL'],
    ['/a/b/%00', 'no URL'],
    ['/a/b;x=1', 'out'],
  ])('`/a/b`: %s is %s', (path, place) => expect(placeOf(`https://h.test${path}`, 'https://h.test/a/b')).toBe(place));

  test.each([
    ['/a/b', '/a/b', 'in'],
    ['/a/b', '/a/b/', 'out'],
    ['/a/b', '/a/b/c', 'out'],
    ['/a/b/', '/a/b/', 'in'],
    ['/a/b/', '/a/b', 'out'],
    ['', '/', 'in'],
    ['/', '/', 'in'],
    ['/', '/a', 'out'],
  ])('exactly `%s`: %s is %s', (pattern, path, place) => {
    expect(placeOf(`https://h.test${path}`, `https://h.test${pattern}`, true)).toBe(place);
  });

  it('are within whole segments, as a naive model says', () => {
    const segments = fc.array(fc.constantFrom('a', 'b', 'ab', '', 'a%20'), { maxLength: 4 });
    fc.assert(
      fc.property(segments, segments, fc.boolean(), (prefix, path, exact) => {
        const [wanted, asked] = [`/${prefix.join('/')}`, `/${path.join('/')}`];
        const names = wanted.split('/').slice(1);
        if (names.at(-1) === '') names.pop();
        const given = asked.split('/').slice(1);
        const isModel = exact ? wanted === asked : names.every((name, index) => given[index] === name);
        expect(isPathWithin(asked, wanted, exact)).toBe(isModel);
      }),
      { numRuns: 2000 },
    );
  });

  it('of URLs that are taken hold no second reading', () => {
    const piece = fc.constantFrom('.', '..', '%2e', '%2E', '%2f', '/', '\\', '%5c', 'a', ';', '%', '?', '#', '@', '%00');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const target = targetOf(`https://h.test/a/${pieces.join('')}`);
        if (typeof target === 'string') return;
        const decoded = decodeLoosely(target.url.pathname);
        expect(decoded.split('/').some((name) => /^\.\.?(;|$)/.test(name))).toBe(false);
        expect(decoded).not.toMatch(/[\\\0]/);
        expect(target.url.username + target.url.hash).toBe('');
      }),
      { numRuns: 2000 },
    );
  });
});

function decodeLoosely(path: string): string {
  return path.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

describe('what a rule lets through', () => {
  const judged = (fields: object, url: string, method = 'GET', headers: readonly (readonly [string, string])[] = []) => {
    const target = targetOf(url);
    if (typeof target === 'string') return target;
    const found = judge([httpScope.parse(withRule(fields))], { method, target, headers });
    return 'denied' in found ? found.denied : 'allowed';
  };
  const URL_V1 = 'https://api.test/v1';

  test.each([
    [{}, 'GET', 'allowed'],
    [{}, 'HEAD', '`methods` of `https://api.test/v1` do not have `HEAD`'],
    [{ methods: ['GET', 'HEAD'] }, 'HEAD', 'allowed'],
  ])('methods %j: %s', (fields, method, expected) => expect(judged(fields, URL_V1, method)).toBe(expected));

  const NO_QUERY = '`query` of `https://api.test/v1` does not have ';
  test.each([
    [{}, '', 'allowed'],
    [{}, '?', 'allowed'], // it is not sent
    [{}, '#part', 'allowed'], // nor is this
    [{}, '?a=1', `${NO_QUERY}\`a\``],
    [{}, '?&', 'allowed'], // it has no parameter
    [{ query: [] }, '?a=1', `${NO_QUERY}\`a\``],
    [{ query: ['a', 'b'] }, '?a=1&b=2&a=3', 'allowed'],
    [{ query: ['a', 'b'] }, '?%61=1', 'allowed'],
    [{ query: ['a', 'b'] }, '?a=1&c=2', `${NO_QUERY}\`c\``],
    [{ query: ['a', 'b'] }, '?A=1', `${NO_QUERY}\`A\``],
    [{ query: ['a', 'b'] }, '?a[]=1', `${NO_QUERY}\`a[]\``],
    [{ query: ['a', 'b'] }, '?a=1;c=2', `${NO_QUERY}\`;\``],
    [{ query: 'any' }, '?what=ever&a=1', 'allowed'],
  ])('query %j: %s', (fields, query, expected) => expect(judged(fields, `${URL_V1}${query}`)).toBe(expected));

  const NO_HEADER = '`headers` of `https://api.test/v1` do not have ';
  test.each([
    [{}, 'accept', 'allowed'],
    [{}, 'content-type', 'allowed'],
    [{}, 'authorization', `${NO_HEADER}\`authorization\``],
    [{}, 'cookie', `${NO_HEADER}\`cookie\``],
    [{}, 'x-http-method-override', `${NO_HEADER}\`x-http-method-override\``],
    [{}, 'x-forwarded-for', `${NO_HEADER}\`x-forwarded-for\``],
    [{ headers: ['authorization'] }, 'authorization', 'allowed'],
    [{ headers: ['authorization'] }, 'cookie', `${NO_HEADER}\`cookie\``],
    [{ secrets: { 'x-key': { secret: 'A' } } }, 'x-key', `${NO_HEADER}\`x-key\``],
    [{}, '__proto__', `${NO_HEADER}\`__proto__\``],
  ])('headers %j: %s', (fields, name, expected) => expect(judged(fields, URL_V1, 'GET', [[name, 'x']])).toBe(expected));

  it('is one of several, and every scope of a chain has to have one', () => {
    const scopeA = httpScope.parse({ requests: [RULE, { methods: ['POST'], url: 'https://b.test/' }] });
    const scopeB = httpScope.parse({ requests: [{ methods: ['GET', 'POST'], url: 'https://b.test/' }] });
    const allowed = (method: string, url: string, ...scopes: [typeof scopeA, ...(typeof scopeA)[]]) => {
      const found = judge(scopes, { method, target: targetOf(url) as never, headers: [] });
      return 'denied' in found ? found.denied : found.length;
    };
    expect(allowed('GET', URL_V1, scopeA)).toBe(1);
    expect(allowed('POST', 'https://b.test/x', scopeA)).toBe(1);
    expect(allowed('GET', 'https://b.test/x', scopeA)).toBe('`methods` of `https://b.test/` do not have `GET`');
    expect(allowed('POST', 'https://b.test/x', scopeA, scopeB)).toBe(2);
    expect(allowed('GET', URL_V1, scopeA, scopeB)).toBe(
      'no `url` of the grant has `https://api.test/v1` (of a grant above this one)',
    );
    expect(allowed('GET', 'https://b.test/x', scopeA, scopeB)).toBe('`methods` of `https://b.test/` do not have `GET`');
  });
});

describe('NE-01, NE-03: addresses', () => {
  const allowed = (address: string, ...blocks: (readonly string[] | undefined)[]) =>
    isAllowedAddress(
      address,
      blocks.map((list) => list?.map(parseAddressBlock)),
    );

  test.each(['1.1.1.1', '93.184.216.34', '2606:4700:4700::1111', '::ffff:93.184.216.34'])('%s is public', (address) => {
    expect(allowed(address, undefined)).toBe(true);
  });

  test.each([
    ['this network', '0.0.0.0'],
    ['this network', '0.1.2.3'],
    ['loopback', '127.0.0.1'],
    ['loopback', '127.255.255.254'],
    ['private', '10.0.0.1'],
    ['private', '172.16.0.1'],
    ['private', '172.31.255.255'],
    ['private', '192.168.1.1'],
    ['metadata', '169.254.169.254'],
    ['metadata', '169.254.170.2'],
    ['metadata of Alibaba', '100.100.100.200'],
    ['metadata of Azure', '168.63.129.16'],
    ['shared by carriers', '100.64.0.1'],
    ['protocols', '192.0.0.8'],
    ['for tests', '198.18.0.1'],
    ['for documents', '203.0.113.1'],
    ['multicast', '224.0.0.1'],
    ['reserved', '240.0.0.1'],
    ['broadcast', '255.255.255.255'],
    ['6to4 relays', '192.88.99.1'],
    ['unspecified', '::'],
    ['loopback', '::1'],
    ['metadata, mapped', '::ffff:169.254.169.254'],
    ['metadata, mapped', '::ffff:a9fe:a9fe'],
    ['loopback, mapped', '::ffff:127.0.0.1'],
    ['loopback, compatible', '::127.0.0.1'],
    ['translated', '::ffff:0:7f00:1'],
    ['NAT64', '64:ff9b::7f00:1'],
    ['NAT64', '64:ff9b::a9fe:a9fe'],
    ['NAT64, local', '64:ff9b:1::a9fe:a9fe'],
    ['6to4', '2002:7f00:1::'],
    ['Teredo', '2001:0:1::'],
    ['link', 'fe80::1'],
    ['link with a zone', 'fe80::1%eth0'],
    ['site', 'fec0::1'],
    ['unique local', 'fc00::1'],
    ['metadata of AWS', 'fd00:ec2::254'],
    ['multicast', 'ff02::1'],
    ['for documents', '2001:db8::1'],
    ['not given out', '4000::1'],
    ['nothing', ''],
    ['a name', 'localhost'],
  ])('%s is not: %s', (_, address) => expect(allowed(address, undefined)).toBe(false));

  test.each([
    ['10.0.1.58', ['10.0.1.58'], true],
    ['::ffff:10.0.1.58', ['10.0.1.58'], true],
    ['10.0.1.59', ['10.0.1.58'], false],
    ['10.9.9.9', ['10.0.0.0/8'], true],
    ['11.0.0.1', ['10.0.0.0/8'], false],
    ['1.1.1.1', ['10.0.0.0/8'], false], // only these
    ['fd00::1', ['fd00::/8'], true],
    ['10.0.0.1', ['::/0'], false],
    ['169.254.169.254', ['169.254.169.254'], true],
    ['169.254.169.254', ['169.254.169.254/32'], true],
    ['169.254.169.254', ['169.254.0.0/16'], false],
    ['169.254.169.254', ['0.0.0.0/0'], false],
    ['::ffff:a9fe:a9fe', ['0.0.0.0/0', '::/0'], false],
    ['64:ff9b::a9fe:a9fe', ['64:ff9b::/96'], false],
    ['2002:a9fe:a9fe::1', ['::/0'], false],
    ['169.254.170.2', ['0.0.0.0/0'], false],
    ['fd00:ec2::254', ['fd00::/8'], false],
    ['fd00:ec2::254', ['fd00:ec2::254'], true],
    ['fe80::1', ['::/0'], false],
    ['100.100.100.200', ['100.64.0.0/10'], false],
    ['168.63.129.16', ['168.63.0.0/16'], false],
    ['168.63.129.17', ['168.63.0.0/16'], true],
  ])('%s, where only %j may be connected to: %s', (address, blocks, expected) => expect(allowed(address, blocks)).toBe(expected));

  it('have to be allowed by every scope', () => {
    expect(allowed('10.0.0.1', ['10.0.0.0/8'], ['10.0.0.1'])).toBe(true);
    expect(allowed('10.0.0.1', ['10.0.0.0/8'], undefined)).toBe(false);
    expect(allowed('1.1.1.1', ['1.1.1.1'], undefined)).toBe(true);
    expect(allowed('10.0.0.2', ['10.0.0.0/8'], ['10.0.0.1'])).toBe(false);
  });
});

describe('NE-01, NE-02, NE-03: addresses in URLs', () => {
  let place: Place;
  beforeAll(async () => {
    place = await serve(echo);
  });
  afterEach(endAll);
  afterAll(closeAll);

  test.each([
    '127.0.0.1',
    '2130706433',
    '0x7f.1',
    '0177.0.0.1',
    '127.1',
    '0x7f000001',
    '\u2460\u2461\u2466.\u24ea.\u24ea.\u2460',
    '127\u30020.0.1',
  ])('%s is loopback, and refused without `addresses`', async (host) => {
    const url = `http://${host}:${place.port}/`;
    const open = fakeHttp([{ methods: ['GET'], url: place.origin, addresses: ['127.0.0.1'] }]);
    expect(await open.send(url)).toMatchObject({ status: 200 });
    const closed = fakeHttp([{ methods: ['GET'], url: place.origin }]);
    expect(await closed.send(url)).toBe(
      'denied: `127.0.0.1` leads to no address that may be connected to: only public ones are, or those in `addresses` of the rule',
    );
  });

  test.each(['0', '[::ffff:169.254.169.254]', '[::1]', '169.254.169.254', '10.0.0.1', '[::]', '[fe80::1]'])(
    '%s is refused where only the rule names it',
    async (host) => {
      const before = place.seen.length;
      const http = fakeHttp([{ methods: ['GET'], url: `http://${host}:${place.port}` }]);
      expect(await http.send(`http://${host}:${place.port}/`)).toMatch(/^denied: .* leads to no address/);
      expect(place.seen.length).toBe(before);
      expect((await http.end())[0]).toMatch(/^GET http:.* -> denied: /);
    },
  );
});
