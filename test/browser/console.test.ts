import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ServerType, serve } from '@hono/node-server';
import axeCore from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openHttpServer } from '../../dist/host/http/index.js';
import { openSite, type Person, type Site } from '../host/console/site.ts';

/* The console in a real browser, over a real server and a real warden. */

const CHROMIUM = process.env.CELLBLOCK_CHROMIUM ?? '/usr/bin/chromium';
const isThere = existsSync(CHROMIUM);
if (!isThere && process.env.CI === undefined) {
  console.warn(`skipped: no Chromium at ${CHROMIUM}; CELLBLOCK_CHROMIUM names another one`);
}

const PAGES = ['', '/approvals', '/trail', '/trail?kind=approval&text=x', '/access', '/charts', '/policy'];

let site: Site;
let server: ServerType;
let browser: Browser;
let url: string;
/** What the browsers of a test wrote about broken rules of the content security policy, and errors of the script. */
const complaints: string[] = [];

describe.skipIf(!isThere && process.env.CI === undefined)('the console in Chromium', () => {
  beforeAll(async () => {
    site = await openSite();
    server = serve({ fetch: site.console.fetch, port: 0, hostname: '127.0.0.1' });
    await new Promise<void>((resolve) => server.once('listening', resolve));
    // A TCP server has an address with a port.
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/console`;
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  });
  afterAll(async () => {
    await browser?.close();
    server?.close();
    await site?.close();
  });

  it('is logged in to, and answers, through the server that people open it at', async () => {
    const whole = await openHttpServer({ live: site.live, doorOf: site.door, port: 0, console: site.console });
    const page = await (await browser.newContext()).newPage();
    const id = await site.ask('through the whole server');
    await page.goto(`${whole.url}/console/login?next=/approvals/${id}`);
    await page.getByLabel('Token').fill(site.tokens.ann);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('button', { name: 'Approve this call' }).click();
    await page.getByText('Recorded: you approved this call.').waitFor();
    await whole.close(0);
  });

  async function visit(person: Person, options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('dialog', (dialog) => complaints.push(`dialog: ${dialog.message()}`));
    await page.goto(url);
    await page.getByLabel('Token').fill(site.tokens[person]);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('heading', { level: 1, name: 'Now' }).waitFor();
    return page;
  }

  /** Where the pages of the session are. */
  function at(page: Page): string {
    const room = /^[^?]*\/at\/[A-Za-z0-9_-]+/.exec(page.url())?.[0];
    if (room === undefined) throw new Error(`no page of a session: ${page.url()}`);
    return room;
  }

  /** Presses Tab until the element has the focus. */
  async function tabTo(page: Page, name: string): Promise<void> {
    for (let presses = 0; presses < 80; presses++) {
      await page.keyboard.press('Tab');
      if (String(await page.evaluate('document.activeElement?.textContent.trim()')).startsWith(name)) return;
    }
    throw new Error(`no ${name} by keyboard`);
  }

  async function again(text: string, justification?: string) {
    const argumentsJson = JSON.stringify({ text, options: { 'keep-last': 4, custom: [] } });
    return site.door('triage').call({ name: 'redact.redact', argumentsJson, justification });
  }

  it('an approval is given with the keyboard alone, and then the call runs', async () => {
    await site.ask('keyboard maria@example.com', { justification: 'a user asked' });
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(url);
    // The field has the focus from the start.
    await page.keyboard.type(site.tokens.ann);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Now' }).waitFor();
    await tabTo(page, 'See and answer');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Approvals' }).waitFor();
    await tabTo(page, 'redact.redact');
    await page.keyboard.press('Enter');
    await page.getByText('"keyboard maria@example.com"').waitFor();
    await tabTo(page, 'Approve this call');
    await page.keyboard.press('Enter');
    await page.getByText('Recorded: you approved this call.').waitFor();
    expect(await again('keyboard maria@example.com', 'a user asked')).toMatchObject({ kind: 'ok' });
    await context.close();
  });

  it('a link from outside leads on to the session that this browser has, and to the login where it has none', async () => {
    const id = await site.ask('by a link');
    const page = await visit('ann');
    const room = at(page);
    await page.goto(`${url}/approvals/${id}`);
    await page.getByRole('button', { name: 'Approve this call' }).waitFor();
    expect(page.url()).toBe(`${room}/approvals/${id}`);
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.goto(`${url}/approvals/${id}`);
    await page.getByLabel('Token').fill(site.tokens.ann);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('button', { name: 'Deny' }).click();
    await page.getByText('Recorded: you denied this call.').waitFor();
    expect(at(page)).not.toBe(room);
    await page.context().close();
  });

  it('no other server of this machine gets the cookie, whatever its pages are called', async () => {
    const cookies: (string | undefined)[] = [];
    const other = createServer((request, response) => {
      cookies.push(request.headers.cookie);
      response.end('<p>another server</p>');
    });
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo; // it listens on a port
    const page = await visit('ann');
    const room = at(page);
    for (const path of ['/', '/console', '/console/at', '/console/approvals/k7q2m-9xw4d']) {
      await page.goto(`http://127.0.0.1:${port}${path}`);
      await page.goto(room);
      await page.getByRole('heading', { level: 1, name: 'Now' }).waitFor();
    }
    expect(cookies.length).toBeGreaterThanOrEqual(4);
    expect(cookies.filter((cookie) => cookie !== undefined)).toEqual([]);
    await page.context().close();
    other.closeAllConnections();
    other.close();
  });

  it('Enter in a field of an answer is no yes', async () => {
    const id = await site.ask('no yes by accident');
    const page = await visit('ann');
    await page.goto(`${at(page)}/approvals/${id}`);
    await page.getByText('Approve calls like this one').click();
    await page.getByLabel('For how many minutes').press('Enter');
    await page.getByText('Recorded: you denied this call.').waitFor();
    expect((await site.live.current.approvals.show(id)).ended).toMatchObject({ status: 'denied' });
    await page.context().close();
  });

  it('of two operators at one question the first counts, and the second reads who it was, before and after', async () => {
    const id = await site.ask('two operators');
    const [ann, bob] = [await visit('ann'), await visit('bob')];
    await Promise.all([ann.goto(`${at(ann)}/approvals/${id}`), bob.goto(`${at(bob)}/approvals/${id}`)]);
    await ann.getByRole('button', { name: 'Approve this call' }).click();
    await ann.getByText('Recorded: you approved this call.').waitFor();
    // The page of the other one says so by itself.
    await bob.getByText('This question is approved').waitFor();
    await bob.getByLabel('Reason').fill('no');
    await bob.getByRole('button', { name: 'Deny' }).click();
    await bob.locator('.notice').first().waitFor();
    expect(await bob.locator('.notice').first().textContent()).toMatch(/ann answered before this, and approved it/);
    expect((await site.live.current.approvals.show(id)).approved).toMatchObject({ by: 'ann' });
    await Promise.all([ann.context().close(), bob.context().close()]);
  });

  it('all of it works without script', async () => {
    const id = await site.ask('no script');
    const page = await visit('ann', { javaScriptEnabled: false });
    await page.getByRole('link', { name: 'Approvals' }).click();
    await page.goto(`${at(page)}/approvals/${id}`);
    await page.getByLabel('Reason').fill('without script');
    await page.getByRole('button', { name: 'Deny' }).click();
    expect(await page.locator('.notice').textContent()).toContain('Recorded: you denied this call.');
    await page.goto(`${at(page)}/trail`);
    await page.getByLabel('Kind of record').selectOption('approval');
    await page.getByRole('button', { name: 'Search' }).click();
    expect(await page.locator('table').textContent()).toContain('without script');
    await page.getByRole('button', { name: 'Check the whole chain' }).click();
    expect(await page.locator('main').textContent()).toContain('The chain is intact up to record');
    await page.goto(`${at(page)}/policy`);
    await page.getByRole('button', { name: 'Explain' }).click();
    expect(await page.locator('h1').textContent()).toBe('Why');
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByRole('heading', { name: 'Cellblock console' }).waitFor();
    await page.goto(`${url}/trail`);
    expect(page.url()).toContain('/login');
    await page.context().close();
  });

  it('new requests appear by themselves, and a page whose server is gone or whose session ended says that it is stale', async () => {
    const page = await visit('ann');
    const { receipt } = await site.door('triage').call({ name: 'crash-summary.summarise', argumentsJson: '{"log":"x"}' });
    await page.locator(`a[href$="/requests/${receipt.audit}"]`).waitFor();
    await page.route('**/at/*', (route) => route.abort());
    await page.getByText(/This page is stale: there was no answer for \d+ s/).waitFor();
    await page.unroute('**/at/*');
    await page.getByText('This page is stale').waitFor({ state: 'detached' });
    await page.context().clearCookies();
    await page.getByText('You are logged out, so this page no longer changes').waitFor();
    await page.context().close();
    // The refused fetch above is written to the log by the browser.
    complaints.splice(0, complaints.length, ...complaints.filter((text) => !/ERR_FAILED/.test(text)));
  });

  it('hostile text runs nothing, and does not break a page', async () => {
    const text = '"><img src=x onerror=alert(1)><script>alert(2)</script><svg onload=alert(3)>\u202e\u2028';
    const id = await site.ask(text, { justification: text, source: `javascript:alert(4)${text}` });
    const { audit } = (await site.live.current.approvals.show(id)).asked;
    await site.door('triage').call({ name: text, argumentsJson: '{}' });
    const page = await visit('ann');
    for (const path of [...PAGES, `/approvals/${id}`, `/requests/${audit}`]) {
      await page.goto(`${at(page)}${path}`);
      expect(await page.locator('main img, main script, main [onload], main [onerror]').count()).toBe(0);
      expect(await page.locator('footer').count()).toBe(1);
    }
    await page.context().close();
  });

  it.each([
    ['light', 1280],
    ['light', 390],
    ['dark', 1280],
    ['dark', 390],
  ] as const)(
    'axe finds nothing on any page, and none is wider than the window: %s, %i pixels',
    async (colorScheme, width) => {
      const [open, shaped] = [
        await site.ask(`axe ${colorScheme} ${width}`, { source: 'é\u202e' }),
        await site.ask(`shape ${colorScheme} ${width}`),
      ];
      const { asked } = await site.live.current.approvals.show(shaped);
      const shape = { free: [], minutes: 5, usesMax: 1 };
      await site.live.current.approvals.approve(shaped, { by: 'ann', channel: 'console', digest: asked.digest, shape });
      const page = await visit('ann', { colorScheme, viewport: { width, height: 844 } });
      await page.goto(`${at(page)}/policy`);
      await page.getByRole('button', { name: 'Compare' }).click();
      await page.getByRole('heading', { level: 1, name: /would change/ }).waitFor();
      const found = page.url().slice(at(page).length);
      const paths = [...PAGES, `/approvals/${open}`, `/approvals/${shaped}`, `/requests/${asked.audit}`, found, '/nowhere'];
      for (const path of paths) {
        await page.goto(`${at(page)}${path}`);
        await page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true");
        expect({ path, problems: await axe(page) }).toEqual({ path, problems: [] });
        expect({ path, isWide: await page.evaluate('document.documentElement.scrollWidth > innerWidth') }).toEqual({
          path,
          isWide: false,
        });
      }
      await page.context().clearCookies();
      await page.goto(`${url}/login`);
      expect(await axe(page)).toEqual([]);
      await page.context().close();
    },
    120_000,
  );

  it('no rule of the content security policy was broken, and the script had no error', () => {
    // A page that is not there is an error for the browser, too.
    expect(complaints.filter((text) => !/status of 404/.test(text))).toEqual([]);
  });
});

/** What axe says of a page: it is put in by the browser's own door, not by the page's. */
async function axe(page: Page): Promise<readonly string[]> {
  await page.evaluate(axeCore.source);
  return page.evaluate(async () => {
    // `axe` is there by the line above.
    const { violations } = await (
      globalThis as unknown as { axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> } }
    ).axe.run();
    return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 200)}`));
  });
}
