import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSite, type Site, Visitor } from './site.ts';

let site: Site;
let ann: Visitor;
let audits: string[];

const summarise = async (log: string) => {
  const argumentsJson = JSON.stringify({ log, 'pods-max': null });
  return (await site.door('triage').call({ name: 'crash-summary.summarise', argumentsJson })).receipt.audit ?? '';
};
const rowsOf = (text: string) => text.match(/<td class="num">[0-9]+<\/td>/g) ?? [];

beforeAll(async () => {
  site = await openSite();
  ann = await Visitor.loggedIn(site, 'ann');
  audits = [];
  for (let count = 0; count < 15; count++) audits.push(await summarise(`line ${count}`));
  await site.door('reporter').call({ name: 'redact.redact', argumentsJson: '{}' });
});
afterAll(() => site.close());

describe('the first page', () => {
  it('has each request with its decision and what became of it, and leads to its story', async () => {
    const { text } = await ann.get('');
    for (const audit of audits) expect(text).toContain(`/console${ann.room}/requests/${audit}`);
    expect(text).toMatch(/<span class="pill ok">allowed<\/span>/);
    expect(text).toMatch(/<span class="pill no">denied<\/span>/);
  });

  it('has what other consoles and processes wrote before it was opened, too', async () => {
    const { openConsole } = await import('../../../dist/host/console/index.js');
    const later = openConsole({ live: site.live });
    const visitor = await Visitor.loggedIn({ ...site, console: later }, 'bob');
    expect((await visitor.get('')).text).toContain(`/console${visitor.room}/requests/${audits[0]}`);
    later.close();
  });
});

describe('a request that could not be read', () => {
  it('names no tool, and pages say so', async () => {
    const own = await openSite();
    try {
      const { receipt } = await own.door('triage').request('{"tool_name":"redact"');
      const bob = await Visitor.loggedIn(own, 'bob');
      expect((await bob.get('')).text).toContain('<th scope="row"><span class="small">no tool named</span>');
      expect((await bob.get('/charts')).text).toContain('no tool named');
      expect((await bob.get(`/requests/${receipt.audit}`)).text).toContain('files a request that names no tool');
    } finally {
      await own.close();
    }
  });
});

describe('the trail', () => {
  it('shows 50 records, then older ones, each once', async () => {
    const first = await ann.get('/trail');
    const older =
      /href="\/console(\/at\/[^/"]+\/trail\?[^"]*before=[^"]*)"/.exec(first.text)?.[1]?.replaceAll('&amp;', '&') ?? '';
    const second = await ann.get(older);
    const [newest, rest] = [rowsOf(first.text), rowsOf(second.text)];
    expect(newest).toHaveLength(50);
    expect(rest.length).toBeGreaterThan(5);
    expect(newest.filter((row) => new Set<string>(rest).has(row))).toEqual([]);
    expect(second.text).toContain('>Newest<');
  });

  it.each([
    ['agent=reporter&kind=requested', 1],
    ['agent=nobody', 0],
    ['tool=crash-summary&kind=intent', 15],
    ['tool=crash', 0],
    ['outcome=refused', 1],
    ['code=denied&kind=decided', 1],
    ['text=line%207&kind=requested', 1],
    ['since=1h&until=2h', 0],
    ['since=1h&kind=requested', 16],
    ['until=2001-01-01', 0],
  ])('finds by %s', async (query, count) => {
    expect(rowsOf((await ann.get(`/trail?${query}`)).text)).toHaveLength(count);
  });

  it('says that a time is none, and looks for the rest', async () => {
    const { text } = await ann.get('/trail?since=yesterday&kind=intent');
    expect(text).toContain('Not understood.');
    expect(rowsOf(text)).toHaveLength(15);
  });

  it('tells a request as a story, with the JSON of each record folded in', async () => {
    const { text } = await ann.get(`/requests/${audits[0]}`);
    for (const part of ['asks for', 'The policy allows it', 'begins', 'It ended', 'class="story"']) expect(text).toContain(part);
    expect(text.match(/<details id="raw-/g)).toHaveLength(4);
    expect(text).not.toContain('data-every');
  });

  it('says whether the chain holds: up to where, or at which record it is broken', async () => {
    const own = await openSite();
    try {
      await own.ask('one');
      const bob = await Visitor.loggedIn(own, 'bob');
      expect((await bob.get('/trail')).text).toContain('Chain not checked yet');
      expect((await bob.submit('/trail/check', {})).text).toMatch(/The chain is intact up to record \d+/);
      const folder = join(own.folder, '.cellblock', 'trail');
      const file = join(folder, readdirSync(folder).sort()[0] ?? '');
      writeFileSync(file, readFileSync(file, 'utf8').replace('"agent":"triage"', '"agent":"triagf"'));
      expect((await bob.submit('/trail/check', {})).text).toMatch(
        /The chain is broken at record 3[\s\S]*The trail cannot be read to its end/,
      );
    } finally {
      await own.close();
    }
  });
});

describe('access, charts and the policy', () => {
  it('access shows who may use what, where a human is asked, and of one agent only its own', async () => {
    const all = (await ann.get('/access')).text;
    for (const part of [
      'triage may use redact, and a human is asked each time',
      'reporter may use crash-summary',
      'stays inside: lines for the receipt',
      'asked each time',
    ])
      expect(all).toContain(part);
    const one = (await ann.get('/access?agent=reporter')).text;
    expect(one).toContain('reporter may use crash-summary');
    expect(one).not.toContain('may use redact');
  });

  it('charts count what the trail has', async () => {
    const { text } = await ann.get('/charts');
    expect(text).toMatch(/crash-summary<\/bdi><\/th><td class="num">15<\/td><td class="num">0<\/td>/);
    expect(text).toMatch(/redact<\/bdi><\/th><td class="num">0<\/td><td class="num">1<\/td>/);
  });

  it('explains a request: which rule, and what would allow it; nothing is filed', async () => {
    const before = rowsOf((await ann.get('/trail?kind=requested')).text).length;
    const denied = await ann.submit('/policy/explain', { request: '{"agent":"reporter","tool_name":"redact","parameters":{}}' });
    expect(denied.text).toContain('Denied [denied/tool-not-granted]');
    const asked = { agent: 'triage', tool_name: 'redact', parameters: { text: 'x', options: { 'keep-last': 4, custom: [] } } };
    expect((await ann.submit('/policy/explain', { request: JSON.stringify(asked) })).text).toContain(
      'Allowed once a human says yes',
    );
    const wrong = await ann.submit('/policy/explain', { request: '{ "odd" ' });
    expect(wrong.text).toContain('It cannot be used');
    expect(wrong.text).toMatch(/<textarea id="request"[^>]*>\{ &quot;odd&quot; <\/textarea>/); // to be mended and asked again
    expect((await ann.submit('/policy/explain', { request: '{ "\u200b" ' })).text).not.toContain('<textarea');
    expect(rowsOf((await ann.get('/trail?kind=requested')).text)).toHaveLength(before);
  });

  it('compares with another policy and changes nothing', async () => {
    const { digest } = site.live.policyState;
    const fresh = readFileSync(join(site.folder, 'cellblock.yaml'), 'utf8').replace('      - crash-summary\n', '');
    const { text } = await ann.submit('/policy/diff', { policy: fresh });
    expect(text).toMatch(/class="minus"><bdi>- rule/);
    expect(text).toMatch(/15 allow -&gt; deny \[denied\/tool-not-granted\]/);
    expect((await ann.submit('/policy/diff', {})).text).toContain('no differences in tools, grants, limits, agents or rules');
    expect(site.live.policyState).toEqual({ digest });
  });

  it('a text that was pasted opens no file that the policy in force does not name', async () => {
    copyFileSync(join(site.folder, 'crash-summary.wasm'), join(site.folder, 'elsewhere.wasm'));
    const text = readFileSync(join(site.folder, 'cellblock.yaml'), 'utf8');
    const untyped = /[0-9]+ requests were decided without types/;
    const compared = async (policy: string) => (await ann.submit('/policy/diff', { policy })).text;
    expect(await compared(text)).not.toMatch(untyped);
    expect(await compared(text.replace('crash-summary.wasm', 'elsewhere.wasm'))).toMatch(untyped);
  });

  it('answers are one session’s own', async () => {
    const answer = await ann.send('/policy/explain', { csrf: await ann.csrf(), request: '{}' });
    const path = answer.headers.get('location')?.slice(`/console${ann.room}`.length) ?? '';
    expect((await ann.get(path)).text).toContain('<h1>Why</h1>');
    expect((await (await Visitor.loggedIn(site, 'bob')).get(path)).text).toContain('<h1>Gone</h1>');
  });

  it('a file with a mistake is told on every page, with what is wrong', async () => {
    expect(await site.rewrite([], 'nonsense: true\n')).toBe(false);
    expect((await ann.get('')).text).toContain('The policy file has a mistake');
    expect((await ann.get('/policy')).text).toMatch(/cellblock\.yaml:\d+:\d+/);
    expect(await site.rewrite([])).toBe(true);
    expect((await ann.get('')).text).not.toContain('The policy file has a mistake');
  });
});
