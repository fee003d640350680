import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it, test } from 'vitest';
import { formsOfSecrets, SecretFilter } from '../../../../host/capabilities/http/secret-filter.ts';
import { CodedError } from '../../../../runtime/index.ts';
import { closeAll, endAll, fakeHttp, LOOPBACK, type Place, serve, textOf } from './fake-http.ts';

/* AU-13: a secret goes to the server that the policy names, and nowhere else. */

const SECRET = 'correct/horse+battery"staple=7';
const secrets = { TOKEN: SECRET, OTHER: 'staple-staple-staple' };
const BEARER = { authorization: { secret: 'TOKEN', prefix: 'Bearer ' } };

let place: Place;
let answer: Parameters<typeof serve>[0];

beforeAll(async () => {
  place = await serve((request, response) => answer(request, response));
});
afterEach(endAll);
afterAll(closeAll);

const rule = (fields: object = {}) => [{ methods: ['GET', 'POST'], url: place.origin, secrets: BEARER, ...LOOPBACK, ...fields }];

it('is in its header, behind its prefix, and the tool cannot set that header', async () => {
  answer = (_, response) => response.end('ok');
  const http = fakeHttp(rule({ headers: ['x-a'] }), { secrets });
  expect(textOf(await http.send({ url: place.origin, headers: { 'x-a': 'b' } }))).toBe('ok');
  expect(place.seen.at(-1)!.headers.authorization).toBe(`Bearer ${SECRET}`);
  const before = place.seen.length;
  expect(await http.send({ url: place.origin, headers: { Authorization: 'mine' } })).toMatch(/^denied: `headers` of/);
  expect(place.seen.length).toBe(before);
});

const forms = (text: string): Readonly<Record<string, string>> => ({
  'as it is': text,
  'in an URL': encodeURIComponent(text),
  'in JSON': JSON.stringify(text).slice(1, -1),
  'in base64': Buffer.from(text).toString('base64'),
  'in base64 for URLs': Buffer.from(text).toString('base64url'),
  'in base64 behind a user': Buffer.from(`user:${text}`).toString('base64'),
  'in base64 behind another user': Buffer.from(`me:${text}:x`).toString('base64'),
  'in base64 behind yet another': Buffer.from(`u:${text}`).toString('base64url'),
});

/** Whether any run of 10 characters of a text comes from the secret, in any of its forms. */
function tells(text: string): boolean {
  const pieces = Object.values(forms(SECRET)).flatMap((form) => [...form].map((_, at) => form.slice(at, at + 10)));
  return pieces.some(
    (piece) => piece.length === 10 && text.includes(piece) && !Buffer.from('user:').toString('base64').includes(piece),
  );
}

describe('AU-13: a secret that comes back', () => {
  test.each(Object.entries(forms(SECRET)))('%s is replaced in bodies and headers', async (_, form) => {
    answer = (_request, response) => response.writeHead(200, { 'x-echo': `<${form}>` }).end(`<${form}> and <${form}>`);
    const sent = await fakeHttp(rule(), { secrets }).send(place.origin);
    expect(textOf(sent)).toMatch(/^<.{0,12}\[redacted\].{0,6}> and <.{0,12}\[redacted\].{0,6}>$/);
    expect(tells(JSON.stringify(sent))).toBe(false);
  });

  it('is replaced across pieces of any size', async () => {
    answer = async (_, response) => {
      for (const char of `a ${SECRET} b`) {
        response.write(char);
        await new Promise((resolve) => setImmediate(resolve));
      }
      response.end();
    };
    expect(textOf(await fakeHttp(rule(), { secrets }).send(place.origin))).toBe('a [redacted] b');
  });

  it('is replaced in what is compressed; what cannot be decompressed is refused', async () => {
    answer = (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(`a ${SECRET} b`));
    expect(textOf(await fakeHttp(rule(), { secrets }).send(place.origin))).toBe('a [redacted] b');
    answer = (_, response) => response.writeHead(200, { 'content-encoding': 'zstd' }).end('packed');
    expect(await fakeHttp(rule(), { secrets }).send(place.origin)).toMatch(/^unreachable: the response is compressed in a way/);
    const open = fakeHttp(rule({ secrets: {} }), { secrets });
    expect(textOf(await open.send(place.origin))).toBe('packed');
  });

  it('is left where it was not used: the tool has it from elsewhere', async () => {
    answer = (_, response) => response.end(SECRET);
    expect(textOf(await fakeHttp(rule({ secrets: {} }), { secrets }).send(place.origin))).toBe(SECRET);
  });

  it('in the place of a redirect is replaced, or not followed', async () => {
    for (const form of [SECRET, encodeURIComponent(SECRET), encodeURIComponent(SECRET).replace('%2F', '/').toLowerCase()]) {
      answer = (_, response) => response.writeHead(302, { location: `/b?token=${form}` }).end();
      expect(JSON.stringify(await fakeHttp(rule(), { secrets }).send(place.origin))).not.toMatch(/horse.battery/);
      const before = place.seen.length;
      const http = fakeHttp(rule({ redirects: 3, query: 'any' }), { secrets });
      const sent = await http.send(place.origin);
      expect(sent).toMatch(/^denied: the redirect/);
      expect(place.seen.length).toBe(before + 1);
      expect(JSON.stringify([sent, await http.end(), http.uses])).not.toMatch(/horse|battery/);
    }
  });

  it('from a later hop is replaced, too', async () => {
    const other = await serve((_, response) => response.end(SECRET));
    answer = (_, response) => response.writeHead(302, { location: `${other.origin}/` }).end();
    const rules = [...rule({ redirects: 1 }), { methods: ['GET'], url: other.origin, ...LOOPBACK }];
    expect(textOf(await fakeHttp(rules, { secrets }).send(place.origin))).toBe('[redacted]');
  });
});

describe('AU-13: notes and errors', () => {
  it('have no secret, and no values of a query', async () => {
    answer = (_, response) => response.end('ok');
    const http = fakeHttp(rule({ query: ['token'] }), { secrets });
    const query = `?token=${encodeURIComponent(SECRET)}`;
    expect(textOf(await http.send(`${place.origin}/${query}`))).toBe('ok');
    expect(await http.send(`${place.origin}/${query}&x=${encodeURIComponent(SECRET)}`)).toMatch(/^denied: /);
    expect(await http.send(`https://me:${encodeURIComponent(SECRET)}@h.test/`)).toMatch(/^invalid: /);
    expect(await http.send({ url: place.origin, headers: { 'x-b': SECRET } })).toMatch(/^denied: /);
    const notes = await http.end();
    expect(notes).toHaveLength(4);
    expect(tells(JSON.stringify(http.uses))).toBe(false);
  });

  it('of a secret that is not there, or that no header can carry, are those of the environment', async () => {
    const missing = () => {
      throw new CodedError('capability/unavailable', 'there is no secret `TOKEN`');
    };
    const before = place.seen.length;
    const http = fakeHttp(rule(), {
      get secrets(): Record<string, string> {
        return missing();
      },
    });
    await expect(http.send(place.origin)).rejects.toMatchObject({ code: 'capability/unavailable' });
    const broken = fakeHttp(rule(), { secrets: { TOKEN: 'two\r\nlines: of it' } });
    const error: CodedError = await broken.send(place.origin).then(String, (thrown) => thrown);
    expect(error.code).toBe('capability/unavailable');
    expect(JSON.stringify([error.message, error.data, error.help, await broken.end()])).not.toContain('lines: of');
    expect(place.seen.length).toBe(before);
  });
});

test('the filter finds what a search of the whole finds, however the bytes come', async () => {
  const secret = 'abcabcabd';
  const word = fc.constantFrom('a', 'ab', 'abc', 'abcabcab', secret, 'x', '[redacted]', secret.slice(3), 'd');
  await fc.assert(
    fc.asyncProperty(
      fc.array(word, { maxLength: 12 }),
      fc.array(fc.nat(7), { minLength: 1, maxLength: 6 }),
      async (words, cuts) => {
        const text = words.join('');
        const filter = new SecretFilter([Buffer.from(secret)]);
        const got: Buffer[] = [];
        filter.on('data', (piece: Buffer) => got.push(piece));
        const ended = new Promise((resolve) => filter.on('end', resolve));
        for (let from = 0, turn = 0; from < text.length; turn++) {
          const length = cuts[turn % cuts.length]! + 1;
          filter.write(Buffer.from(text.slice(from, from + length)));
          from += length;
        }
        filter.end();
        await ended;
        expect(Buffer.concat(got).toString()).toBe(text.split(secret).join('[redacted]'));
      },
    ),
    { numRuns: 500 },
  );
});

test('short values are not looked for: they are found in what is no secret', () => {
  expect(formsOfSecrets(['short'])).toEqual([]);
  expect(formsOfSecrets(['longer-one']).map(String)).toContain('longer-one');
});
