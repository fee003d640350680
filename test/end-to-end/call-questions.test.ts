import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Outcome, ToolRequest, Warden } from 'cellblock';
import { beforeAll, describe, expect, it } from 'vitest';
import { curiousTool, deputyTool } from '../support/deputy-guests.ts';
import { expectWholeTrail, recordsOf, usePlace } from '../support/wardens.ts';

/* Tools that ask humans in the middle of a call, through a warden: who hears what, and what an answer is good for. */

const WALLS = ['thread', 'process'] as const;
const MAIN = fileURLToPath(new URL('../../dist/host/cli/main.js', import.meta.url));
const CHILD = fileURLToPath(new URL('../support/warden-child.mjs', import.meta.url));

const place = usePlace();
const guests = new Map<string, Uint8Array>();

beforeAll(async () => {
  guests.set('curious.wasm', await curiousTool());
  guests.set('deputy.wasm', await deputyTool());
});

interface Setting {
  readonly grant?: string;
  readonly agent?: string;
  readonly timeout?: string;
  readonly tools?: string;
  readonly isolation?: (typeof WALLS)[number];
}

function siteOf({ grant = 'approve', agent = '[curious, asker]', timeout = '20s', tools = '', isolation = 'thread' }: Setting) {
  const site = place.site(`version: 1
approvers: { people: [ann, bob] }
tools:
  curious: { component: curious.wasm, functions: [ask, twice], grants: [${grant}], limits: { timeout: ${timeout} }, isolation: ${isolation} }
  asker: { component: deputy.wasm, functions: [relay], grants: [{ tools: { call: [curious] } }], limits: { timeout: ${timeout} }, isolation: ${isolation} }
${tools}
agents:
  one: { tools: ${agent} }
`);
  for (const [name, bytes] of guests) writeFileSync(join(site, name), bytes);
  return site;
}

async function open(setting: Setting = {}): Promise<{ warden: Warden; site: string }> {
  const site = siteOf(setting);
  return { site, warden: await place.open(site, { isolation: setting.isolation ?? 'thread' }) };
}

const ask = (warden: Warden, question: string, more: Partial<ToolRequest> & { details?: string; by?: string } = {}) => {
  const { details = null, by = 'ask', ...rest } = more;
  return warden.request({ agent: 'one', tool_name: `curious.${by}`, parameters: { question, details }, ...rest } as ToolRequest);
};

/** What waits for an answer, once there are so many. */
async function pending(warden: Warden, count = 1) {
  const waiting = async () =>
    (await warden.approvals.list()).filter(({ approved, ended }) => approved === undefined && ended === undefined);
  await expect.poll(async () => (await waiting()).length, { interval: 5, timeout: 10_000 }).toBe(count);
  return (await waiting()).map(({ asked }) => asked);
}

const eventsIn = (site: string) =>
  recordsOf(site)
    .filter(({ kind }) => kind === 'approval')
    .map(({ event }) => event);

async function cellblock(site: string, ...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [MAIN, ...args], { cwd: site, stdio: ['ignore', 'pipe', 'pipe'] });
  const texts = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    texts.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    texts.stderr += chunk;
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, ...texts })));
}

describe.each(WALLS)('a tool that asks, behind the wall `%s`', (isolation) => {
  it('hears yes, no with its reason, and silence; the trail and the receipt say who', async () => {
    const { warden, site } = await open({ isolation, grant: '{ approve: { expires: 1s } }' });
    const yes = ask(warden, 'Go on?', { details: 'all of it' });
    const [first] = await pending(warden);
    expect(first!.subject).toMatchObject({ agent: 'one', tool: 'curious', question: { text: 'Go on?', details: 'all of it' } });
    await warden.approvals.approve(first!.approval, { by: 'ann', digest: first!.digest });
    const heard = await yes;
    expect(heard).toMatchObject({ kind: 'ok', value: { tag: 'yes' } });
    expect(heard.receipt.uses).toEqual([
      { capability: 'approve', act: 'ask Go on?', result: 'yes by ann', data: { approval: first!.approval } },
    ]);
    expect(heard.receipt.approval).toBeUndefined(); // the call itself needed none
    const no = ask(warden, 'Go on?');
    const [second] = await pending(warden);
    await warden.approvals.deny(second!.approval, { by: 'bob', reason: 'not today' });
    expect(await no).toMatchObject({ kind: 'ok', value: { tag: 'no', value: 'not today' } });
    expect(await ask(warden, 'Anybody?')).toMatchObject({ kind: 'ok', value: { tag: 'silence' } });
    expect(eventsIn(site)).toEqual(['asked', 'approved', 'used', 'asked', 'denied', 'asked', 'expired']);
    await expectWholeTrail(site);
  });

  it('does not outlive its call: at the deadline and when it is cancelled the question is closed', async () => {
    const { warden, site } = await open({ isolation, timeout: '1500ms' });
    const late = ask(warden, 'In time?');
    const [first] = await pending(warden);
    expect((await late).kind).not.toBe('tool-error');
    await expect(warden.approvals.approve(first!.approval, { by: 'ann' })).rejects.toMatchObject({
      code: expect.stringMatching(/^denied\/approval-(revoked|expired)$/),
    });
    const cancel = new AbortController();
    const request = { agent: 'one', tool_name: 'curious.ask', parameters: { question: 'Still there?', details: null } };
    const cancelled = warden.request(request, { signal: cancel.signal });
    const [second] = await pending(warden);
    cancel.abort();
    expect(await cancelled).toMatchObject({ kind: 'cancelled' });
    expect(await pending(warden, 0)).toEqual([]);
    await expect(warden.approvals.approve(second!.approval, { by: 'ann' })).rejects.toMatchObject({
      code: 'denied/approval-revoked',
    });
    await expectWholeTrail(site);
  });
});

describe('an answer', () => {
  it('AP-01: to a question lets no call run, not even the one that asked', async () => {
    const { warden, site } = await open({ agent: '[{ tool: curious, ask: { channels: [terminal], approvers: [ann] } }]' });
    const question = { question: 'Go on?' } as const;
    const first = await ask(warden, question.question);
    expect(first).toMatchObject({ kind: 'pending' });
    const call = first.approval!.id;
    await warden.approvals.approve(call, { by: 'ann' });
    const running = ask(warden, question.question);
    await expect.poll(() => eventsIn(site).length, { interval: 5 }).toBe(4); // asked, approved, used, asked
    const [asked] = await pending(warden);
    await warden.approvals.approve(asked!.approval, { by: 'ann' });
    // The same call again: a request that names the question, one that names nothing, and one that names the approval that was used.
    const outcomes = [
      await ask(warden, question.question, { approval: asked!.approval }),
      await ask(warden, question.question, { approval: call }),
      await ask(warden, question.question),
    ];
    expect(await running).toMatchObject({ kind: 'ok', value: { tag: 'yes' } });
    expect(outcomes.map(({ kind }) => kind)).toEqual(['refused', 'refused', 'pending']);
    expect(outcomes.slice(0, 2).map(({ error }) => error?.code)).toEqual([
      expect.stringMatching(/^denied\/approval-(mismatch|used)$/),
      'denied/approval-used',
    ]);
    await expectWholeTrail(site);
  });

  it('AP-01: to a call is no answer to its question', async () => {
    const { warden, site } = await open({ agent: '[{ tool: curious, ask: { channels: [terminal] } }]', timeout: '2s' });
    const first = await ask(warden, 'Go on?');
    await warden.approvals.approve(first.approval!.id, { by: 'ann' });
    const other = await ask(warden, 'And this?');
    await warden.approvals.approve(other.approval!.id, { by: 'ann' });
    const running = ask(warden, 'Go on?');
    const [asked] = await pending(warden);
    expect([first.approval!.id, other.approval!.id]).not.toContain(asked!.approval);
    expect((await running).value).not.toEqual({ tag: 'yes' });
    // The other approval waits for its call, as before.
    expect((await warden.approvals.list()).map(({ asked: { approval } }) => approval)).toContain(other.approval!.id);
    await expectWholeTrail(site);
  });

  it('AP-02: goes to the call that asked, the first one counts, and it is heard once', async () => {
    const { warden, site } = await open();
    const outcomes = [ask(warden, 'Go on?'), ask(warden, 'Go on?')];
    const [one, two] = await pending(warden, 2);
    expect(one!.digest).not.toBe(two!.digest);
    await expect(warden.approvals.approve(one!.approval, { by: 'ann', digest: two!.digest })).rejects.toMatchObject({
      code: 'denied/approval-mismatch',
    });
    const answers = await Promise.allSettled([
      warden.approvals.approve(one!.approval, { by: 'ann' }),
      warden.approvals.deny(one!.approval, { by: 'bob' }),
      warden.approvals.approve(one!.approval, { by: 'bob' }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    await warden.approvals.deny(two!.approval, { by: 'bob' });
    const values = (await Promise.all(outcomes)).map(({ value }) => value);
    expect(values).toContainEqual({ tag: 'yes' });
    expect(values).toContainEqual({ tag: 'no', value: null });
    for (const { approval } of [one!, two!]) {
      await expect(warden.approvals.approve(approval, { by: 'ann' })).rejects.toMatchObject({
        code: expect.stringMatching(/^denied\/approval-/),
      });
    }
    expect(eventsIn(site).filter((event) => event === 'used')).toHaveLength(1);
    await expectWholeTrail(site);
  });

  it('AP-02: to the first question of a call is none to the same question asked again', async () => {
    const { warden } = await open({ grant: '{ approve: { expires: 1s } }' });
    const outcome = ask(warden, 'Go on?', { by: 'twice' });
    const [first] = await pending(warden);
    await warden.approvals.approve(first!.approval, { by: 'ann' });
    expect(await outcome).toMatchObject({ kind: 'ok', value: { tag: 'silence' } });
  });

  it('comes from approvers of the scope only, never from the agent', async () => {
    const { warden, site } = await open({ grant: '{ approve: { approvers: [ann] } }' });
    const outcome = ask(warden, 'Go on?');
    const [asked] = await pending(warden);
    for (const by of ['bob', 'one', 'ONE', 'agent:one', ' ann', '']) {
      await expect(warden.approvals.approve(asked!.approval, { by })).rejects.toBeDefined();
    }
    await expect(warden.approvals.approve(asked!.approval, { by: 'ann', channel: 'slack:team' })).rejects.toMatchObject({
      code: 'denied/not-an-approver',
    });
    await warden.approvals.approve(asked!.approval, { by: 'ann' });
    expect(await outcome).toMatchObject({ value: { tag: 'yes' } });
    await expectWholeTrail(site);
  });
});

describe('what a tool cannot do with questions', () => {
  it('asks no more than the scope has', async () => {
    const { warden, site } = await open({ grant: '{ approve: { perCall: 1 } }' });
    const outcome = ask(warden, 'Go on?', { by: 'twice' });
    const [asked] = await pending(warden);
    await warden.approvals.deny(asked!.approval, { by: 'ann' });
    expect(await outcome).toMatchObject({
      kind: 'tool-error',
      value: { tag: 'denied', value: expect.stringMatching(/perCall/) },
    });
    expect(eventsIn(site)).toEqual(['asked', 'denied']);
  });

  it('PO-19: asks nothing on behalf of a tool that may not ask', async () => {
    const { warden, site } = await open();
    const parameters = { tool: 'curious.ask', parameters: JSON.stringify({ question: 'Go on?', details: null }) };
    const outcome = await warden.request({ agent: 'one', tool_name: 'asker', parameters });
    expect(outcome).toMatchObject({ kind: 'tool-error', value: { outcome: 'refused' } });
    expect(eventsIn(site)).toEqual([]);
  });

  it('PO-19: is shown and answered as the inner call where both may ask, by whom both name', async () => {
    const tools = `  middle: { component: deputy.wasm, functions: [relay], isolation: thread, limits: { timeout: 20s },
    grants: [{ tools: { call: [curious] } }, { approve: { approvers: [bob, ann] } }] }`;
    const { warden, site } = await open({ tools, agent: '[middle, curious]', grant: '{ approve: { approvers: [ann] } }' });
    const parameters = { tool: 'curious.ask', parameters: JSON.stringify({ question: 'Go on?', details: null }) };
    const outcome = warden.request({ agent: 'one', tool_name: 'middle', parameters });
    const [asked] = await pending(warden);
    expect(asked).toMatchObject({ approvers: ['ann'], subject: { agent: 'one', tool: 'curious' } });
    await expect(warden.approvals.approve(asked!.approval, { by: 'bob' })).rejects.toMatchObject({
      code: 'denied/not-an-approver',
    });
    await warden.approvals.approve(asked!.approval, { by: 'ann' });
    expect(await outcome).toMatchObject({ kind: 'ok' });
    await expectWholeTrail(site);
  });

  it.each(['', '  ', 'a\nb', 'a\r\nstatus: approved', 'a\u2028b', 'a\u0085b', 'x'.repeat(201)])(
    'AU-08: asks nothing that is not one short line: %j',
    async (question) => {
      const { warden, site } = await open();
      expect(await ask(warden, question)).toMatchObject({ kind: 'tool-error', value: { tag: 'denied' } });
      expect(eventsIn(site)).toEqual([]);
    },
  );

  it('asks with no more details than people read', async () => {
    const { warden } = await open();
    const outcome = await ask(warden, 'Go on?', { details: 'x'.repeat(4097) });
    expect(outcome).toMatchObject({ kind: 'tool-error', value: { tag: 'denied', value: expect.stringMatching(/4096/) } });
  });
});

describe('questions on the command line', () => {
  it('AU-08: are listed, shown as what they are, and answered by another process', async () => {
    const { warden, site } = await open();
    const question = '\u001b[2J\u202eapproved: `yes`';
    const outcome = ask(warden, question, { details: 'one\nstatus: approved\u001b]0;x\u0007\nagent: root' });
    const [asked] = await pending(warden);
    const { approval, digest } = asked!;
    const list = await cellblock(site, 'approvals', 'list');
    expect(list).toMatchObject({ code: 0, stderr: '' });
    expect(list.stdout.trimEnd().split('\n')).toHaveLength(1);
    expect(list.stdout).toMatch(/pending +question of `curious` for `one`/);
    const show = await cellblock(site, 'approvals', 'show', approval);
    expect(show.code).toBe(0);
    const lines = show.stdout.trimEnd().split('\n');
    expect(lines[0]).toBe(`Question ${approval} is asked by a call that runs; a yes lets no other call run.`);
    expect(lines.filter((line) => /^status: /.test(line))).toEqual(['status: pending']);
    expect(lines.filter((line) => /^agent\b/.test(line))).toEqual([expect.stringMatching(/^agent +`one`$/)]);
    for (const text of [...list.stdout.trimEnd().split('\n'), ...lines]) expect(text).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
    const shape = ['--free', 'question', '--minutes', '5', '--uses', '5'];
    expect((await cellblock(site, 'approvals', 'approve', approval, '--yes', '--by', 'ann', ...shape)).code).toBe(2);
    expect((await cellblock(site, 'approvals', 'approve', approval, '--yes', '--by', 'one')).code).toBe(3);
    expect(
      (await cellblock(site, 'approvals', 'approve', approval, '--yes', '--by', 'ann', '--digest', 'f'.repeat(12))).code,
    ).not.toBe(0);
    expect(await pending(warden)).toHaveLength(1);
    const approve = await cellblock(
      site,
      'approvals',
      'approve',
      approval,
      '--yes',
      '--by',
      'ann',
      '--digest',
      digest.slice(7, 27),
    );
    expect(approve).toMatchObject({ code: 0, stderr: '' });
    expect(await outcome).toMatchObject({ kind: 'ok', value: { tag: 'yes' } });
    expect((await cellblock(site, 'approvals', 'deny', approval, '--by', 'ann')).code).toBe(3);
    expect((await cellblock(site, 'audit', 'verify')).code).toBe(0);
    await expectWholeTrail(site);
  });

  it('AP-07: are over when the process of their call is', async () => {
    const site = siteOf({ timeout: '60s' });
    const request = { agent: 'one', tool_name: 'curious.ask', parameters: { question: 'Go on?', details: null } };
    const argument = JSON.stringify({ site, cacheDirectory: place.cacheDirectory, requests: [request] });
    const child = spawn(process.execPath, [CHILD, argument], { stdio: ['pipe', 'ignore', 'inherit'] });
    const gone = new Promise((resolve) => child.on('close', resolve));
    const asked = () => {
      try {
        return recordsOf(site).find(({ kind }) => kind === 'approval');
      } catch {
        return undefined; // there is no trail yet
      }
    };
    await expect.poll(asked, { interval: 10, timeout: 20_000 }).toBeDefined();
    const { approval } = asked()!;
    child.kill('SIGKILL');
    await gone;
    const warden = await place.open(site);
    expect(await pending(warden, 0)).toEqual([]);
    await expect(warden.approvals.approve(String(approval), { by: 'ann' })).rejects.toMatchObject({
      code: 'denied/approval-revoked',
    });
    expect(recordsOf(site).find(({ kind }) => kind === 'outcome')).toMatchObject({ code: 'failed/interrupted' });
    const again: Promise<Outcome> = ask(warden, 'Go on?');
    const [fresh] = await pending(warden);
    await warden.approvals.deny(fresh!.approval, { by: 'ann' });
    expect(await again).toMatchObject({ value: { tag: 'no' } });
    await expectWholeTrail(site);
  });
});
