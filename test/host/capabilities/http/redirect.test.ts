import { afterAll, afterEach, beforeAll, describe, expect, it, test } from 'vitest';
import { redirectOf } from '../../../../host/capabilities/http/redirect.ts';
import { targetOf } from '../../../../host/capabilities/http/target.ts';
import { closeAll, echo, endAll, type FakeHttp, fakeHttp, LOOPBACK, type Place, serve, textOf } from './fake-http.ts';

/* NE-07: redirects are followed by the host, each hop judged like a request of its own. */

let place: Place;
let other: Place;
let secure: Place;

beforeAll(async () => {
  // `/to?STATUS=URL` leads to URL.
  const redirecting: Parameters<typeof serve>[0] = (request, response) => {
    const [status, location] = [...new URL(request.url!, 'http://h').searchParams][0] ?? [];
    if (!request.url!.startsWith('/to?')) return echo(request, response);
    request.resume();
    response.writeHead(Number(status), { location: location! }).end('moved');
  };
  [place, other, secure] = await Promise.all([serve(redirecting), serve(redirecting), serve(redirecting, {})]);
});
afterEach(endAll);
afterAll(closeAll);

const to = (location: string, status = 302): string => `/to?${status}=${encodeURIComponent(location)}`;
const ruleFor = ({ origin }: Place, fields: object = {}) => ({
  methods: ['GET', 'POST', 'PUT', 'HEAD'],
  url: origin,
  query: 'any',
  redirects: 5,
  ...LOOPBACK,
  ...(origin.startsWith('https') ? { ca: 'ca.pem' } : {}),
  ...fields,
});
const echoed = async (http: FakeHttp, request: Parameters<FakeHttp['send']>[0]) => JSON.parse(textOf(await http.send(request)));

describe('NE-07: a redirect', () => {
  it('is what the tool gets where none is followed', async () => {
    const http = fakeHttp([ruleFor(place, { redirects: 0 })]);
    const sent = await http.send(`${place.origin}${to('/a')}`);
    expect(sent).toMatchObject({ status: 302, headers: { location: '/a' }, text: 'moved' });
  });

  it('is followed where the scope has the next hop, and each hop leaves word', async () => {
    const http = fakeHttp([ruleFor(place)]);
    expect(await echoed(http, `${place.origin}${to(to('/a/b'))}`)).toMatchObject({ line: 'GET /a/b' });
    expect(await http.end()).toEqual([
      `GET ${place.origin}/to?302= -> 302`,
      `GET ${place.origin}/to?302= -> 302`,
      `GET ${place.origin}/a/b -> 200`,
    ]);
  });

  test.each([
    ['metadata', 'http://169.254.169.254/latest', /^denied: the redirect to http:\/\/169.254.169.254 is not allowed: no `url`/],
    ['a host that is not granted', 'http://localhost/', /^denied: the redirect to http:\/\/localhost is not allowed: no `url`/],
    ['a user', 'http://me:secret@127.0.0.1/', /^denied: the redirect leads nowhere: it has a user$/],
    ['a file', 'file:///etc/passwd', /^denied: the redirect leads nowhere: it is no absolute URL/],
    ['an encoded step up', '/a/%2e%2e/b', /^denied: the redirect leads nowhere: its path has an encoded/],
    ['no URL', 'http://', /^denied: the redirect leads nowhere: it is no URL$/],
  ])('to %s is refused at that hop', async (_, location, message) => {
    const http = fakeHttp([ruleFor(place)]);
    const before = other.seen.length;
    expect(await http.send(`${place.origin}${to(location)}`)).toMatch(message);
    expect(other.seen.length).toBe(before);
    expect((await http.end()).at(-1)).toMatch(/ -> denied: /);
  });

  it('to a blocked address is refused even where a rule has its URL', async () => {
    const http = fakeHttp([ruleFor(place), { methods: ['GET'], url: other.origin }]);
    const before = other.seen.length;
    expect(await http.send(`${place.origin}${to(`${other.origin}/a`)}`)).toMatch(
      /^denied: the redirect to http:\/\/127.0.0.1:\d+ is not allowed: `127.0.0.1` leads to no address/,
    );
    expect(other.seen.length).toBe(before);
  });

  it('is refused where only the first scope of a chain has the next hop', async () => {
    const rules = [ruleFor(place), ruleFor(other)];
    const url = `${place.origin}${to(`${other.origin}/a`)}`;
    expect(await fakeHttp(rules, { callerScope: { requests: rules } }).send(url)).toMatchObject({ status: 200 });
    const http = fakeHttp(rules, { callerScope: { requests: [ruleFor(place)] } });
    expect(await http.send(url)).toMatch(/^denied: .*\(of a grant above this one\)$/);
  });

  it('never leads from https to http, and from http to https it may', async () => {
    const http = fakeHttp([ruleFor(place), ruleFor(secure)]);
    expect(await http.send(`${secure.origin}${to(`${place.origin}/a`)}`)).toBe('denied: the redirect leads from https to http');
    expect(await echoed(http, `${place.origin}${to(`${secure.origin}/a`)}`)).toMatchObject({ line: 'GET /a' });
  });

  const chain = (count: number): string => (count === 0 ? '/end' : to(chain(count - 1)));

  it.each([
    [5, 5, 200],
    [5, 6, 'too-many-redirects'],
    [1, 1, 200],
    [1, 2, 'too-many-redirects'],
  ])('of %i at most is followed %i times: %s', async (most, count, expected) => {
    const sent = await fakeHttp([ruleFor(place, { redirects: most })]).send(`${place.origin}${chain(count)}`);
    expect(typeof sent === 'string' ? sent : sent.status).toBe(expected);
  });

  it('in a circle ends, after the most of the caller', async () => {
    const http = fakeHttp([ruleFor(place)], { callerScope: { requests: [ruleFor(place, { redirects: 2 })] } });
    const before = place.seen.length;
    expect(await http.send(`${place.origin}${chain(20)}`)).toBe('too-many-redirects');
    expect(place.seen.length - before).toBe(3);
  });

  it('has the least of the caps of all its hops', async () => {
    const rules = [ruleFor(place), ruleFor(other, { responseBytes: '10B' })];
    const url = `${place.origin}${to(`${other.origin}/a`)}`;
    expect(await fakeHttp(rules).send(url)).toBe('too-large: 10');
    expect(await fakeHttp([ruleFor(place), ruleFor(other)]).send(url)).toMatchObject({ status: 200 });
  });

  it('of a hop whose rule follows none is what the tool gets', async () => {
    const rules = [ruleFor(place), ruleFor(other, { redirects: 0 })];
    const sent = await fakeHttp(rules).send(`${place.origin}${to(`${other.origin}${to('/a')}`)}`);
    expect(sent).toMatchObject({ status: 302, headers: { location: '/a' } });
  });
});

describe('methods and bodies', () => {
  const post = { method: 'POST', headers: { 'content-type': 'text/plain' }, body: 'hello' };

  test.each([
    [301, 'POST', 'GET', ''],
    [302, 'POST', 'GET', ''],
    [303, 'POST', 'GET', ''],
    [303, 'PUT', 'GET', ''],
    [301, 'PUT', 'PUT', 'hello'],
    [302, 'PUT', 'PUT', 'hello'],
    [307, 'POST', 'POST', 'hello'],
    [308, 'POST', 'POST', 'hello'],
  ])('%i makes of %s a %s', async (status, method, next, body) => {
    const got = await echoed(fakeHttp([ruleFor(place)]), { ...post, method, url: `${place.origin}${to('/a', status)}` });
    expect(got).toMatchObject({ line: `${next} /a`, body });
    expect(got.headers['content-type']).toBe(body === '' ? undefined : 'text/plain');
  });

  it('a method that the next rule does not have is refused', async () => {
    const rules = [ruleFor(place), ruleFor(other, { methods: ['GET'] })];
    const url = `${place.origin}${to(`${other.origin}/a`, 307)}`;
    expect(await fakeHttp(rules).send({ ...post, url })).toMatch(/^denied: .*`methods` of .* do not have `POST`/);
    const asGet = `${place.origin}${to(`${other.origin}/a`, 303)}`;
    expect(await echoed(fakeHttp(rules), { ...post, url: asGet })).toMatchObject({ line: 'GET /a' });
  });

  it('a body that was streamed cannot be sent again: the tool gets the redirect', async () => {
    const http = fakeHttp([ruleFor(place)]);
    for (const [status, told] of [
      [307, 307],
      [303, 200],
    ]) {
      const id = await http.start({ method: 'POST', url: `${place.origin}${to('/a', status)}`, streamed: true });
      await http.back('http.send', id!, new Uint8Array(10), true);
      expect(await http.back('http.head', id!)).toMatchObject({ status: told });
    }
  });
});

describe('what a redirect takes along', () => {
  const headers = ['authorization', 'cookie', 'x-trace'];
  const sent = { authorization: 'mine', cookie: 'a=1', 'x-trace': 't' };

  it('to the same origin: all headers; to another: no credentials', async () => {
    const http = fakeHttp([ruleFor(place, { headers }), ruleFor(other, { headers })]);
    const same = await echoed(http, { url: `${place.origin}${to('/a')}`, headers: sent });
    expect(same.headers).toMatchObject(sent);
    const cross = await echoed(http, { url: `${place.origin}${to(`${other.origin}/a`)}`, headers: sent });
    expect(cross.headers).toMatchObject({ 'x-trace': 't', host: other.origin.slice('http://'.length) });
    expect(cross.headers).not.toHaveProperty('authorization');
    expect(cross.headers).not.toHaveProperty('cookie');
  });

  it('a secret goes only where the rule of that hop gives it', async () => {
    const secrets = { SECRET: 'correct-horse-battery', OTHER: 'staple-staple-staple' };
    const withSecret = { secrets: { authorization: { secret: 'SECRET', prefix: 'Bearer ' } } };
    const withOther = { secrets: { authorization: { secret: 'OTHER' } } };
    const url = `${place.origin}${to(`${other.origin}/a`)}`;
    const lastOf = () => other.seen.at(-1)!.headers.authorization;

    await fakeHttp([ruleFor(place, withSecret), ruleFor(other)], { secrets }).send(url);
    expect(place.seen.at(-1)!.headers.authorization).toBe('Bearer correct-horse-battery');
    expect(lastOf()).toBeUndefined();
    await fakeHttp([ruleFor(place, withSecret), ruleFor(other, withOther)], { secrets }).send(url);
    expect(lastOf()).toBe('staple-staple-staple');
    await fakeHttp([ruleFor(place), ruleFor(other, withSecret)], { secrets }).send(url);
    expect(lastOf()).toBe('Bearer correct-horse-battery');
  });

  it('a secret that a caller names is never sent', async () => {
    const callerScope = { requests: [ruleFor(place, { secrets: { authorization: { secret: 'SECRET' } } })] };
    const http = fakeHttp([ruleFor(place)], { callerScope, secrets: { SECRET: 'correct-horse-battery' } });
    expect((await echoed(http, `${place.origin}/a`)).headers).not.toHaveProperty('authorization');
  });
});

test('a redirect to http is refused even between hops that have no secret', () => {
  const hop = { method: 'GET', target: targetOf('https://a.test/') as never, headers: [] };
  expect(redirectOf(302, [['location', 'http://a.test/']], hop)).toBe('the redirect leads from https to http');
  expect(redirectOf(302, [['location', 'HTTP://a.test/']], hop)).toBe('the redirect leads from https to http');
  expect(redirectOf(302, [['location', '//b.test/x#y']], hop)).toMatchObject({ target: { url: { href: 'https://b.test/x' } } });
  expect(redirectOf(304, [['location', '/']], hop)).toBeUndefined();
  expect(redirectOf(302, [], hop)).toBeUndefined();
});
