import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ORIGIN, openSite, type Site, Visitor } from './site.ts';

const CSP =
  "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
const PAGES = ['', '/approvals', '/trail', '/access', '/access?agent=triage', '/charts', '/charts?span=day', '/policy'];
const ANSWER = { verdict: 'approve', reason: 'seen' };

let site: Site;

beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site.close());

/** Of the question that the page shows. */
async function digestOn(visitor: Visitor, id: string): Promise<string> {
  return /name="digest" value="([^"]+)"/.exec((await visitor.get(`/approvals/${id}`)).text)?.[1] ?? '';
}

describe('pages', () => {
  it('are for operators: everybody else is sent to the login, and back to the page after it', async () => {
    const ann = await Visitor.loggedIn(site, 'ann');
    for (const path of PAGES) {
      const { response, text } = await ann.get(path);
      expect({ path, status: response.status }).toEqual({ path, status: 200 });
      expect(text).toMatch(/<h1>[\s\S]*<\/html>/);
      const stranger = await new Visitor(site).get(path);
      const next = path === '' ? '' : `?next=${encodeURIComponent(path)}`;
      expect(stranger.response.status).toBe(303);
      expect(stranger.response.headers.get('location')).toBe(`/console/login${next}`);
    }
    const back = await new Visitor(site).login(site.tokens.ann, '/charts?span=day');
    expect(back.headers.get('location')).toMatch(/^\/console\/at\/[A-Za-z0-9_-]{43}\/charts\?span=day$/);
    expect(site.problems).toEqual([]);
  });

  it('have the whole content security policy, also where there is nothing to see, and nothing inline', async () => {
    const id = await site.ask('one');
    const ann = await Visitor.loggedIn(site, 'ann');
    const visited = [
      ...PAGES,
      '/nowhere',
      '/login',
      `/approvals/${id}`,
      '/approvals/zzzz',
      '/requests/ffffffff',
      '/policy/found/x',
    ];
    for (const path of visited) {
      const { response, text } = await ann.get(path);
      expect(response.headers.get('content-security-policy')).toBe(CSP);
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
      expect(response.headers.get('cache-control')).toBe('no-store');
      expect(text.replace(/<script src="[^"]+" defer><\/script>/, '')).not.toMatch(/<script|<style|\sstyle=|\son[a-z]+=/i);
    }
  });

  it('come with a style sheet and a script of their own, without a login', async () => {
    const { text } = await new Visitor(site).get('/login');
    for (const [path] of text.matchAll(/\/console(\/console-[0-9a-f]+\.(?:css|js))/g)) {
      const { response } = await new Visitor(site).get(path.slice('/console'.length));
      expect(response.headers.get('content-type')).toMatch(/^text\/(css|javascript)/);
      expect(response.headers.get('content-security-policy')).toBe(CSP);
    }
  });

  it('of questions and requests that are not there say so', async () => {
    const ann = await Visitor.loggedIn(site, 'ann');
    expect((await ann.get('/approvals/zzzzzz')).response.status).toBe(404);
    expect((await ann.get('/requests/00000000-0000')).response.status).toBe(404);
  });
});

describe('logging in', () => {
  it('takes the token of an operator, and neither that of an agent nor another one', async () => {
    const visitor = new Visitor(site);
    for (const token of [site.tokens.triage, `cb_${'A'.repeat(43)}`, '', 'x', 'a.b.c']) {
      expect((await visitor.login(token)).status).toBe(401);
      expect(visitor.cookie).toBe('');
    }
    expect((await visitor.login(site.tokens.ann)).status).toBe(303);
  });

  it('gives a cookie that scripts and other sites do not get, for https only where it came by https', async () => {
    const plain = await new Visitor(site).login(site.tokens.ann);
    expect(plain.headers.get('set-cookie')).toMatch(
      /^cellblock_session=[A-Za-z0-9_-]{43}; Max-Age=28800; Path=\/console\/at\/[A-Za-z0-9_-]{43}; HttpOnly; SameSite=Strict$/,
    );
    const origin = 'https://cellblock.example.com';
    const body = new URLSearchParams({ token: site.tokens.ann });
    const request = new Request(`${origin}/console/login`, { method: 'POST', headers: { origin }, body });
    expect((await site.console.fetch(request)).headers.get('set-cookie')).toMatch(/; HttpOnly; Secure; SameSite=Strict$/);
  });

  it('gives a cookie for https only behind what ends TLS, too: the origin of the form says so', async () => {
    const headers = { origin: ORIGIN.replace('http:', 'https:') };
    const answer = await new Visitor(site).send('/login', { token: site.tokens.ann, next: '' }, headers);
    expect(answer.status).toBe(303);
    expect(answer.headers.getSetCookie()).toEqual([expect.stringContaining('; Secure')]);
  });

  it('is good for the pages of that session alone, whose path nobody can guess: a cookie goes to every port of its host', async () => {
    const [ann, bob] = [await Visitor.loggedIn(site, 'ann'), await Visitor.loggedIn(site, 'bob')];
    expect(ann.room).not.toBe(bob.room);
    for (const room of ['', '/at/', bob.room, `${ann.room}x`, ann.room.slice(0, -1)]) {
      const request = new Request(`${ORIGIN}/console${room}/approvals`, { headers: { cookie: ann.cookie } });
      const answer = await site.console.fetch(request);
      expect([answer.status, answer.headers.get('location')]).toEqual([303, expect.stringMatching(/^\/console\/login/)]);
    }
    expect((await ann.get('/approvals')).response.status).toBe(200);
  });

  it('leads to no other host', async () => {
    for (const next of [
      '//evil.example',
      'https://evil.example',
      '/\\evil.example',
      '/%0d%0aSet-Cookie:x=1',
      '@evil.example',
      '/a b',
    ]) {
      const answer = await new Visitor(site).login(site.tokens.ann, next);
      expect(answer.headers.get('location')).toMatch(/^\/console\/at\/[A-Za-z0-9_-]{43}$/);
    }
  });

  it('is slowed after thirty failures in a minute, and lets whoever has a token in', async () => {
    const guarded = await openSite();
    try {
      const visitor = new Visitor(guarded);
      const statuses: number[] = [];
      for (let count = 0; count < 31; count++) statuses.push((await visitor.login(`cb_${'B'.repeat(43)}`)).status);
      expect(statuses).toEqual([...new Array<number>(30).fill(401), 429]);
      const jwt = await visitor.login('a.b.c');
      expect([jwt.status, Number(jwt.headers.get('retry-after')) > 0]).toEqual([429, true]);
      expect((await visitor.login(guarded.tokens.ann)).status).toBe(303);
    } finally {
      await guarded.close();
    }
  });

  it('from another site is refused', async () => {
    const evil = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
    const answer = await new Visitor(site).send('/login', { token: site.tokens.ann }, evil);
    expect([answer.status, answer.headers.get('set-cookie')]).toEqual([403, null]);
  });
});

describe('a session', () => {
  it('ends with the logout', async () => {
    const ann = await Visitor.loggedIn(site, 'ann');
    const { cookie } = ann;
    expect((await ann.send('/logout', { csrf: await ann.csrf() })).status).toBe(303);
    ann.cookie = cookie;
    expect((await ann.get('/trail')).response.status).toBe(303);
  });

  it('ends at once when the policy no longer has that operator, and others go on', async () => {
    const own = await openSite();
    try {
      const [ann, bob] = [await Visitor.loggedIn(own, 'ann'), await Visitor.loggedIn(own, 'bob')];
      expect((await bob.get('/trail')).response.status).toBe(200);
      expect(await own.rewrite(['bob'])).toBe(true);
      expect((await bob.get('/trail')).response.status).toBe(303);
      expect((await ann.get('/trail')).response.status).toBe(200);
      // Who comes back does so by logging in, not by the old session.
      expect(await own.rewrite([])).toBe(true);
      expect((await bob.get('/trail')).response.status).toBe(303);
    } finally {
      await own.close();
    }
  });

  it('is one of at most twenty of its operator: whoever logs in too often logs nobody else out', async () => {
    const ann = await Visitor.loggedIn(site, 'ann');
    const rae: Visitor[] = [];
    for (let count = 0; count < 21; count++) rae.push(await Visitor.loggedIn(site, 'rae'));
    const statuses = await Promise.all([...rae, ann].map(async (one) => (await one.get('/policy')).response.status));
    expect(statuses).toEqual([303, ...Array(21).fill(200)]);
  });

  it('is not found by an id that somebody made up', async () => {
    const visitor = new Visitor(site);
    for (const id of ['x', 'A'.repeat(43), '__proto__']) {
      visitor.cookie = `cellblock_session=${id}`;
      expect((await visitor.get('')).response.status).toBe(303);
    }
  });
});

describe('forms', () => {
  it('count only with the token of the session, from this origin, and by POST', async () => {
    const id = await site.ask('guarded');
    const [ann, bob] = [await Visitor.loggedIn(site, 'ann'), await Visitor.loggedIn(site, 'bob')];
    const digest = await digestOn(ann, id);
    const [csrf, foreign] = [await ann.csrf(), await bob.csrf()];
    const path = `/approvals/${id}/answer`;
    const fields = { ...ANSWER, digest };
    const refused = [
      await ann.send(path, fields),
      await ann.send(path, { ...fields, csrf: foreign }),
      await ann.send(path, { ...fields, csrf }, { origin: 'https://evil.example' }),
      await ann.send(path, { ...fields, csrf }, { origin: 'null' }),
      await ann.send(path, { ...fields, csrf }, { 'sec-fetch-site': 'cross-site' }),
      await ann.send(path, { ...fields, csrf }, { 'content-type': 'text/plain' }),
      await ann.send(path, { ...fields, csrf, more: 'x'.repeat(5_000_000) }),
    ];
    expect(refused.map(({ status }) => status)).toEqual(new Array(7).fill(403));
    expect((await ann.get(`${path}?${new URLSearchParams({ ...fields, csrf })}`)).response.status).toBe(404);
    expect((await site.live.current.approvals.show(id)).approved).toBeUndefined();
    expect((await ann.send(path, { ...fields, csrf })).status).toBe(303);
    expect((await site.live.current.approvals.show(id)).approved).toMatchObject({
      by: 'ann',
      channel: 'console',
      reason: 'seen',
    });
  });

  it('all lead to a page by 303', async () => {
    const ann = await Visitor.loggedIn(site, 'ann');
    const csrf = await ann.csrf();
    const sent = [
      await ann.send('/policy/explain', { csrf, request: '{}' }),
      await ann.send('/policy/diff', { csrf, policy: 'version: 2' }),
      await ann.send('/trail/check', { csrf }),
      await ann.send('/approvals/zzzz/answer', { csrf, verdict: 'deny', digest: '' }),
      await ann.send('/approvals/zzzz/revoke', { csrf }),
      await ann.send('/logout', { csrf }),
    ];
    expect(sent.map(({ status }) => status)).toEqual(new Array(6).fill(303));
    for (const { headers } of sent) expect(headers.get('location')).toMatch(/^\/console\//);
  });

  it('a body is no form of a page: HEAD and others change nothing', async () => {
    const ann = await Visitor.loggedIn(site, 'ann');
    const headers = { cookie: ann.cookie, origin: ORIGIN };
    const request = new Request(`${ORIGIN}/console${ann.room}/trail/check`, { method: 'DELETE', headers });
    expect((await site.console.fetch(request)).status).toBe(405);
  });
});
