import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ORIGIN, openSite, type Site, Visitor } from './site.ts';

let site: Site;
let ann: Visitor;
let bob: Visitor;

beforeAll(async () => {
  site = await openSite();
  ann = await Visitor.loggedIn(site, 'ann');
  bob = await Visitor.loggedIn(site, 'bob');
});
afterAll(() => site.close());

const digestIn = (text: string) => /name="digest" value="([^"]+)"/.exec(text)?.[1] ?? '';

async function answer(visitor: Visitor, id: string, fields: Readonly<Record<string, string>>) {
  const digest = digestIn((await visitor.get(`/approvals/${id}`)).text);
  return visitor.submit(`/approvals/${id}/answer`, { digest, ...fields });
}

/** The same call again, as its agent files it after a yes. */
async function again(text: string) {
  const argumentsJson = JSON.stringify({ text, options: { 'keep-last': 4, custom: [] } });
  return site.door('triage').call({ name: 'redact.redact', argumentsJson });
}

describe('answers', () => {
  it('a yes lets exactly that call run, once', async () => {
    const id = await site.ask('call maria@example.com');
    const { text } = await answer(ann, id, { verdict: 'approve', reason: 'it is fine' });
    expect(text).toContain('Recorded: you approved this call.');
    expect(await again('call eve@example.com')).toMatchObject({ kind: 'pending' });
    expect(await again('call maria@example.com')).toMatchObject({ kind: 'ok', receipt: { approval: id } });
    expect(await again('call maria@example.com')).toMatchObject({ kind: 'pending' });
  });

  it('a question says its id, and whether the policy that asked is still the one that decides', async () => {
    const own = await openSite();
    try {
      const id = await own.ask('under the policy of now');
      const rae = await Visitor.loggedIn(own, 'rae');
      const told = async () => [(await rae.get(`/approvals/${id}`)).text, (await rae.get('/approvals')).text];
      const [page, list] = await told();
      expect(page).toContain(`<dt>Question</dt><dd><code>${id}</code></dd>`);
      expect(list).toContain(`<span class="tight">${id}</span></span>`);
      expect(await own.rewrite(['bob'])).toBe(true);
      const [pageThen, listThen] = await told();
      expect(page).not.toContain('Asked under another policy');
      expect(pageThen).toContain('Asked under another policy than the one in force.');
      expect(listThen).toContain(`<span class="tight">${id}</span>, under another policy</span>`);
    } finally {
      await own.close();
    }
  });

  it('a no keeps it from running, and its reason is the agent’s to read', async () => {
    const id = await site.ask('deny me');
    const { text } = await answer(ann, id, { verdict: 'deny', reason: 'not today' });
    expect(text).toContain('Recorded: you denied this call.');
    expect(await again('deny me')).toMatchObject({ kind: 'refused', error: { code: 'denied/approval-denied' } });
    expect(await site.door('triage').approval(id)).toMatchObject({ status: 'denied', reason: 'not today' });
  });

  it('of two operators at once the first counts, and the second is told whose it was', async () => {
    const id = await site.ask('two at once');
    const digest = digestIn((await bob.get(`/approvals/${id}`)).text);
    await answer(ann, id, { verdict: 'deny' });
    const { text } = await bob.submit(`/approvals/${id}/answer`, { digest, verdict: 'approve' });
    expect(text).toMatch(/Not recorded: <bdi[^>]*>ann<\/bdi> answered before this, and denied it\./);
    expect(text).not.toContain('name="verdict"');
    expect((await site.live.current.approvals.show(id)).ended).toMatchObject({ status: 'denied', by: 'ann' });
  });

  it('an answer to another question than the one that was shown is refused', async () => {
    const [id, other] = [await site.ask('shown'), await site.ask('other')];
    const digest = digestIn((await ann.get(`/approvals/${other}`)).text);
    for (const wrong of [digest, '', 'sha256:00']) {
      const { text } = await ann.submit(`/approvals/${id}/answer`, { digest: wrong, verdict: 'approve' });
      expect(text).toContain('the question is another than the one that you were shown');
    }
    expect((await site.live.current.approvals.show(id)).approved).toBeUndefined();
  });

  it('a yes may let calls like it run: only with the box, only where the named parameters differ, only so often', async () => {
    const plain = await site.ask('without the box');
    await answer(ann, plain, { verdict: 'approve', free: 'text', minutes: '10', uses: '2' });
    expect(await site.live.current.approvals.shapes()).toEqual([]);
    const id = await site.ask('with the box');
    await answer(ann, id, { verdict: 'approve', shape: 'yes', free: 'text', minutes: '10', uses: '2' });
    expect(await again('anything')).toMatchObject({ kind: 'ok' });
    const { text } = await ann.get('/approvals');
    expect(text).toContain('1 of 2');
    const [shape] = await site.live.current.approvals.shapes();
    await ann.submit(`/approvals/${shape?.added.shape}/revoke`, {});
    expect(await site.live.current.approvals.shapes()).toEqual([]);
    expect(await again('anything else')).toMatchObject({ kind: 'pending' });
  });

  it('a shape without numbers is refused, and so is the yes with it', async () => {
    const id = await site.ask('no numbers');
    const { text } = await answer(ann, id, { verdict: 'approve', shape: 'yes', minutes: '1e9', uses: '' });
    expect(text).toContain('Not recorded');
    expect((await site.live.current.approvals.show(id)).approved).toBeUndefined();
  });

  it('a yes that was not used can be taken back', async () => {
    const id = await site.ask('take back');
    await answer(ann, id, { verdict: 'approve' });
    await bob.submit(`/approvals/${id}/revoke`, { reason: 'changed my mind' });
    expect(await again('take back')).toMatchObject({ kind: 'refused', error: { code: 'denied/approval-revoked' } });
  });

  it('who may only read sees the question and no button, and a form of its own making changes nothing', async () => {
    const id = await site.ask('for rae');
    const rae = await Visitor.loggedIn(site, 'rae');
    const { text } = await rae.get(`/approvals/${id}`);
    expect(text).toContain('for rae');
    expect(text).toContain('You may read and not answer.');
    for (const path of ['', '/approvals', `/approvals/${id}`])
      expect((await rae.get(path)).text).not.toMatch(/value="approve"|value="deny"|\/revoke"/);
    const digest = digestIn((await ann.get(`/approvals/${id}`)).text);
    const made = await rae.submit(`/approvals/${id}/answer`, { digest, verdict: 'approve' });
    expect(made.text).toContain('Not recorded');
    expect((await site.live.current.approvals.show(id)).approved).toBeUndefined();
  });

  it('the pages show all of a question: parameters, words, component, grants, limits, rules and time left', async () => {
    const id = await site.ask('call 555', { justification: 'a user asked', source: 'log line 7' });
    const { text } = await ann.get(`/approvals/${id}`);
    const { asked } = await site.live.current.approvals.show(id);
    for (const part of [
      '&quot;call 555&quot;',
      '&quot;a user asked&quot;',
      '&quot;log line 7&quot;',
      asked.subject.component,
      asked.digest,
      'log',
      'timeoutMsMax</bdi> <bdi class="name">5,000',
      'redact-asks (cellblock.yaml:',
      'min',
    ])
      expect(text).toContain(part);
    expect((await ann.get('/approvals')).text).toContain(`/console${ann.room}/approvals/${id}`);
    expect((await ann.get('')).text).toContain(`/console${ann.room}/approvals/${id}`);
  });

  it('an operator who was taken out of the policy while the form came has not answered', async () => {
    const own = await openSite();
    try {
      const id = await own.ask('slow form');
      const slow = await Visitor.loggedIn(own, 'bob');
      const digest = digestIn((await slow.get(`/approvals/${id}`)).text);
      const text = new URLSearchParams({ csrf: await slow.csrf(), digest, verdict: 'approve' }).toString();
      const body = new ReadableStream({
        async pull(controller) {
          await own.rewrite(['bob']);
          controller.enqueue(new TextEncoder().encode(text));
          controller.close();
        },
      });
      const headers = { origin: ORIGIN, cookie: slow.cookie, 'content-type': 'application/x-www-form-urlencoded' };
      // Node wants `duplex` for a stream as body; the types do not have it.
      const init = { method: 'POST', headers, body, duplex: 'half' } as RequestInit;
      const answered = await own.console.fetch(new Request(`${ORIGIN}/console${slow.room}/approvals/${id}/answer`, init));
      expect([answered.status, answered.headers.get('location')]).toEqual([303, '/console/login']);
      expect((await own.live.current.approvals.show(id)).approved).toBeUndefined();
    } finally {
      await own.close();
    }
  });
});
