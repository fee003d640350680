import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ORIGIN, openSite, type Site, Visitor } from './site.ts';

let site: Site;

beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site.close());

const PAGES = ['', '/approvals', '/trail', '/access', '/charts', '/charts?span=day', '/policy'];

describe('console', () => {
  it('shows each page to an operator, and the login to everybody else', async () => {
    const ann = await Visitor.loggedIn(site, 'ann');
    for (const path of PAGES) {
      const { response, text } = await ann.get(path);
      expect({ path, status: response.status }).toEqual({ path, status: 200 });
      expect(text).toContain('</html>');
      const stranger = await new Visitor(site).get(path);
      expect(stranger.response.status).toBe(303);
      expect(stranger.response.headers.get('location')).toMatch(/^\/console\/login/);
    }
    expect(site.problems).toEqual([]);
    expect(ORIGIN).toMatch(/127/);
  });
});
