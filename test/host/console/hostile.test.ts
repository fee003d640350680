import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSite, type Site, Visitor } from './site.ts';

let site: Site;
let ann: Visitor;

beforeAll(async () => {
  site = await openSite();
  ann = await Visitor.loggedIn(site, 'ann');
});
afterAll(() => site.close());

const HOSTILE = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  '</textarea></title></svg><svg onload=alert(1)>',
  'javascript:alert(1)',
  'safe\u202egnp.exe',
  'line\u2028separator\u2029',
  'zero\u200bwidth\u2066isolate',
  '{{7*7}}<%= 7*7 %>',
  '\u0000\u001b[31mred',
];

/** Markup that no page of ours has, and characters that no page may show. */
const TAGS =
  /<(?:script(?! src="\/console\/console-[0-9a-f]+\.js" defer>)|img|iframe|object|embed|base|link(?! rel="(?:icon" href="data:,"|stylesheet"))|meta(?! (?:charset|name)))/i;
const UNSEEN = /[\u202a-\u202e\u2066-\u2069\u200b-\u200f\u2028\u2029\u0000-\u0008\u000b\u000c\u000e-\u001f\ufeff]/;

function expectInert(text: string): void {
  expect([TAGS.exec(text)?.[0], UNSEEN.exec(text)?.[0]]).toEqual([undefined, undefined]);
  // No tag has an attribute that runs anything, and no link leads anywhere but to pages of the console.
  for (const [tag] of text.matchAll(/<[a-z][^>]*>/gi))
    expect(tag.replace(/"[^"]*"/g, '""')).not.toMatch(/\son[a-z]+\s*=|\sstyle\s*=/i);
  for (const [, target] of text.matchAll(/(?:href|action|src)="([^"]*)"/g)) expect(target).toMatch(/^(?:\/console|#|$|data:,$)/);
}

const PAGES = ['', '/approvals', '/trail', '/access', '/charts', '/policy'];

describe('hostile text', () => {
  it.each(HOSTILE.map((text) => [JSON.stringify(text), text]))(
    '%s is inert in a question, its request and all lists',
    async (_, text) => {
      const id = await site.ask(text, { justification: text, source: text });
      const { asked } = await site.live.current.approvals.show(id);
      for (const path of [...PAGES, `/approvals/${id}`, `/requests/${asked.audit}`]) {
        const page = await ann.get(path);
        expect(page.response.status).toBe(200);
        expectInert(page.text);
      }
      // Escaped, and not left out: an approver must see it.
      const { text: page } = await ann.get(`/approvals/${id}`);
      expect(page.match(/class="value"/g)?.length).toBeGreaterThanOrEqual(4);
      if (text.includes('\u202e')) expect(page).toContain('<span class="esc">\\u202e</span>');
    },
  );

  it.each(HOSTILE.map((text) => [JSON.stringify(text), text]))('%s is inert as a name that an agent made up', async (_, text) => {
    const { receipt } = await site
      .door('triage')
      .call({ name: text, argumentsJson: JSON.stringify({ [text]: text }), requestId: text });
    for (const path of [...PAGES, `/requests/${receipt.audit}`, '/charts?span=day']) expectInert((await ann.get(path)).text);
  });

  it.each(HOSTILE.map((text) => [JSON.stringify(text), text]))(
    '%s is inert in each place of a path, a query and a form',
    async (_, text) => {
      const value = encodeURIComponent(Buffer.from(text).toString());
      const fields = ['agent', 'tool', 'outcome', 'code', 'kind', 'text', 'since', 'until', 'before', 'span', 'notice', 'next'];
      const query = fields.map((name) => `${name}=${value}`).join('&');
      for (const path of [
        `/trail?${query}`,
        `/access?${query}`,
        `/charts?${query}`,
        `/login?${query}`,
        `/approvals/${value}`,
        `/requests/${value}`,
        `/policy/found/${value}`,
        `/${value}`,
      ]) {
        expectInert((await ann.get(path)).text);
      }
      expectInert(
        (
          await ann.submit('/policy/explain', {
            request: JSON.stringify({ agent: text, tool_name: text, parameters: { [text]: text } }),
          })
        ).text,
      );
      expectInert((await ann.submit('/policy/explain', { request: text })).text);
      expectInert((await ann.submit('/policy/diff', { policy: text })).text);
      expectInert((await ann.submit('/policy/diff', { policy: `version: 1\n${JSON.stringify(text)}: 1` })).text);
      const id = await site.ask(`reason ${text}`);
      const digest = /name="digest" value="([^"]+)"/.exec((await ann.get(`/approvals/${id}`)).text)?.[1] ?? '';
      expectInert((await ann.submit(`/approvals/${id}/answer`, { digest, verdict: 'deny', reason: text })).text);
      expectInert((await ann.get('/approvals')).text);
    },
  );

  it('a mebibyte of it makes no page of more than some megabytes, and hides nothing without saying so', async () => {
    const text = '<b>\u202e'.repeat(2 ** 18);
    const argumentsJson = JSON.stringify({ log: text, 'pods-max': null });
    const { receipt } = await site.door('triage').call({ name: 'crash-summary.summarise', argumentsJson });
    const { response, text: page } = await ann.get(`/requests/${receipt.audit}`);
    expect(response.status).toBe(200);
    expectInert(page);
    expect(page.length).toBeLessThan(2_000_000);
  });

  it('a question of a hundred kilobytes is shown in full: what is beyond the first part is folded in', async () => {
    const text = '<b>\u202e'.repeat(20_000);
    const { text: page } = await ann.get(`/approvals/${await site.ask(text)}`);
    expectInert(page);
    expect(page).toMatch(/<summary>[0-9,]+ more characters<\/summary>/);
    expect(page.split('\\u202e').length - 1).toBe(20_000);
  });
});
