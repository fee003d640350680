import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Outcome, Warden } from 'cellblock';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { rememberingGuest } from '../support/guests.ts';
import { actingTool } from '../support/warden-guests.ts';
import { expectWholeTrail, hostFunctions, recordsOf, TOOLS, usePlace } from '../support/wardens.ts';

/* Threats to approvals, by the ids of the list of threats. */

const place = usePlace();
const asking = (more = '') => `${TOOLS}agents:
  a: { tools: [{ tool: acting, id: act, ask: { expires: 10m, useWithin: 10m }${more} }, { tool: plain.take, ask: { expires: 10m } }] }
  b: { tools: [{ tool: acting, ask: { expires: 10m } }] }
`;
/** Two people whom the policy knows. */
const PEOPLE =
  'approvers: { slack: { team: { urlEnv: SLACK_URL, signingSecretEnv: SLACK_SIGNING, users: { U1: ann, U2: bob } } } }\n';
const PARAMETERS = { path: 'a', n: 1 };
const REQUEST = { agent: 'a', tool_name: 'acting', parameters: PARAMETERS, session: 's', justification: 'why', source: 'log' };

/** Acts of one site, and wardens on it. */
function useActs(policy: string) {
  const acts: unknown[] = [];
  const site = place.site(policy);
  const capabilities = hostFunctions({ act: ([n]) => acts.push(n) });
  return { acts, site, open: () => place.open(site, { capabilities }) };
}

async function approved(warden: Warden, request: object = REQUEST): Promise<string> {
  const waiting = await warden.request(request as never);
  expect(waiting).toMatchObject({ kind: 'pending' });
  const id = waiting.approval!.id;
  await warden.approvals.approve(id, { by: 'ann' });
  return id;
}

const refusedAs = (code: string) => ({ kind: 'refused', error: { code }, receipt: { fuel: '0' } });

/** A clock for both the journal and the warden. */
function useClock(): { ms: number } {
  const clock = { ms: Date.now() };
  vi.spyOn(Date, 'now').mockImplementation(() => clock.ms);
  return clock;
}

afterEach(() => vi.restoreAllMocks());

describe('AP-01: an approval', () => {
  const OTHERS: readonly (readonly [string, object])[] = [
    ['another parameter', { parameters: { path: 'b', n: 1 } }],
    ['another number', { parameters: { path: 'a', n: 2 } }],
    ['parameters that look the same', { parameters: { path: 'a\u200b', n: 1 } }],
    ['another justification', { justification: 'why not' }],
    ['no justification', { justification: undefined }],
    ['another source', { source: 'log ' }],
    ['another session', { session: 't' }],
    ['no session', { session: undefined }],
    ['another tool', { tool_name: 'plain.take' }],
  ];

  it('is for exactly the request that was shown', async () => {
    const { acts, site, open } = useActs(asking());
    const warden = await open();
    const approval = await approved(warden);
    for (const [what, change] of OTHERS) {
      const outcome = await warden.request({ ...REQUEST, ...change, approval });
      expect(outcome, what).toMatchObject(refusedAs('denied/approval-mismatch'));
      const unnamed = await warden.request({ ...REQUEST, ...change });
      expect(unnamed, what).toMatchObject({ kind: 'pending' });
      expect(unnamed.approval?.id, what).not.toBe(approval);
    }
    const other = await warden.request({ ...REQUEST, agent: 'b', approval });
    expect(other).toMatchObject(refusedAs('denied/approval-unknown'));
    for (const id of [approval.slice(0, 4), `${approval}x`, '', '*', '__proto__', `${approval}\0`]) {
      expect(await warden.request({ ...REQUEST, approval: id }), id).toMatchObject({ kind: 'refused' });
    }
    expect(acts).toEqual([]);
    expect(await warden.request({ ...REQUEST, approval })).toMatchObject({ kind: 'ok', receipt: { approval } });
    expect(acts).toEqual([1]);
    await warden.close();
    await expectWholeTrail(site);
  });

  it.each([
    ['limits', (policy: string) => policy.replace('grants: [effect] }', 'grants: [effect], limits: { timeout: 9s } }')],
    ['grants', (policy: string) => policy.replace('grants: [effect] }', 'grants: [effect, log] }')],
    ['another word', (policy: string) => `${policy}# edited\n`],
    ['who may answer', (policy: string) => policy.replace('ask: { expires: 10m,', 'ask: { approvers: [bob], expires: 10m,')],
  ])('AP-01: given under one policy is for no other: %s', async (_what, edit) => {
    const { acts, site, open } = useActs(asking() + PEOPLE);
    const first = await open();
    const approval = await approved(first);
    const pending = (await first.request({ ...REQUEST, session: 'other' })).approval!.id;
    await first.close();
    place.rewrite(site, edit(asking() + PEOPLE));
    const second = await open();
    expect(await second.request({ ...REQUEST, approval })).toMatchObject(refusedAs('denied/approval-mismatch'));
    expect(await second.request(REQUEST)).toMatchObject({ kind: 'pending' });
    await second.approvals.approve(pending, { by: 'ann' });
    expect(await second.request({ ...REQUEST, session: 'other', approval: pending })).toMatchObject(
      refusedAs('denied/approval-mismatch'),
    );
    expect(acts).toEqual([]);
    await second.close();
    await expectWholeTrail(site);
  });

  it('given before a rule forbade the call does not let it run', async () => {
    const { acts, site, open } = useActs(asking());
    const first = await open();
    const approval = await approved(first);
    await first.close();
    place.rewrite(
      site,
      `${asking()}rules: [{ id: no, effect: forbid, agents: any, tools: any, parameters: { path: { equals: a } } }]\n`,
    );
    const second = await open();
    expect(await second.request({ ...REQUEST, approval })).toMatchObject(refusedAs('denied/forbidden'));
    expect(acts).toEqual([]);
    await second.close();
  });

  it('WA-20: is for the component that was shown', async () => {
    const { acts, site, open } = useActs(asking());
    const warden = await open();
    const approval = await approved(warden);
    writeFileSync(join(site, 'acting.wasm'), Buffer.concat([await actingTool(), Buffer.from([0, 3, 1, 0x78, 0])])); // a custom section
    expect(await warden.request({ ...REQUEST, approval })).toMatchObject(refusedAs('denied/approval-mismatch'));
    expect(await warden.request(REQUEST)).toMatchObject({ kind: 'pending' });
    expect(acts).toEqual([]);
    await warden.close();
    await expectWholeTrail(site);
  });

  it('cannot be given by the agent, by whoever saw something else, or by anybody but an approver', async () => {
    const policy = `${TOOLS}agents: { a: { tools: [{ tool: acting, ask: { approvers: [ann, bob] } }] } }\n${PEOPLE}`;
    const { acts, open } = useActs(policy);
    const warden = await open();
    const id = (await warden.request(REQUEST)).approval!.id;
    for (const by of ['a', 'A', ' a ', '\uff41', 'agent:a', 'eve', '__proto__', 'Ann', 'ann ']) {
      await expect(warden.approvals.approve(id, { by }), by).rejects.toMatchObject({
        code: expect.stringMatching(/^(denied\/not-an-approver|usage\/invalid-argument)$/),
      });
    }
    const digest = `sha256:${'0'.repeat(64)}`;
    await expect(warden.approvals.approve(id, { by: 'ann', digest })).rejects.toMatchObject({ code: 'denied/approval-mismatch' });
    await expect(warden.approvals.approve(id, { by: 'ann', channel: 'slack:team' })).rejects.toMatchObject({
      code: 'denied/not-an-approver',
    });
    expect(await warden.request(REQUEST)).toMatchObject({ kind: 'pending', approval: { id } });
    expect(acts).toEqual([]);
    await warden.close();
  });
});

describe('AP-03: an approval', () => {
  it('is used once, also by fifty at once, over two wardens', async () => {
    const { acts, site, open } = useActs(asking());
    const wardens = [await open(), await open()];
    const approval = await approved(wardens[0]!);
    const file = (at: number) => wardens[at % 2]!.request({ ...REQUEST, approval });
    const outcomes = await Promise.all(Array.from({ length: 50 }, (_, at) => file(at)));
    expect(outcomes.filter(({ kind }) => kind === 'ok')).toHaveLength(1);
    expect(outcomes.filter(({ error }) => error?.code === 'denied/approval-used')).toHaveLength(49);
    expect(acts).toEqual([1]);
    await Promise.all(wardens.map((warden) => warden.close()));
    const restarted = await open();
    expect(await restarted.request({ ...REQUEST, approval })).toMatchObject(refusedAs('denied/approval-used'));
    await restarted.close();
    await expectWholeTrail(site);
  });

  it('that is not named is found once, too', async () => {
    const { acts, site, open } = useActs(asking());
    const warden = await open();
    await approved(warden);
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => warden.request(REQUEST)));
    expect(outcomes.filter(({ kind }) => kind === 'ok')).toHaveLength(1);
    const waiting = outcomes.filter(({ kind }) => kind === 'pending');
    expect(waiting).toHaveLength(49);
    expect(new Set(waiting.map((outcome) => outcome.approval?.id)).size).toBe(1);
    expect(acts).toEqual([1]);
    await warden.close();
    await expectWholeTrail(site);
  });

  it('is nothing after its time, not answered or not used, nor when the clock goes back', async () => {
    const clock = useClock();
    const { acts, site, open } = useActs(asking());
    const warden = await open();
    const id = (await warden.request(REQUEST)).approval!.id;
    clock.ms += 600_000;
    await expect(warden.approvals.approve(id, { by: 'ann' })).rejects.toMatchObject({ code: 'denied/approval-expired' });
    expect(await warden.request({ ...REQUEST, approval: id })).toMatchObject(refusedAs('denied/approval-expired'));
    clock.ms -= 300_000;
    await expect(warden.approvals.approve(id, { by: 'ann' })).rejects.toMatchObject({ code: 'denied/approval-expired' });
    clock.ms += 300_000;
    const other = { ...REQUEST, session: 'other' };
    const approval = await approved(warden, other);
    clock.ms += 599_999;
    expect(await warden.request({ ...other, justification: 'x', approval })).toMatchObject(refusedAs('denied/approval-mismatch'));
    clock.ms += 1;
    expect(await warden.request({ ...other, approval })).toMatchObject(refusedAs('denied/approval-expired'));
    expect(await warden.request(other)).toMatchObject({ kind: 'pending' });
    expect(acts).toEqual([]);
    await warden.close();
    await expectWholeTrail(site);
  });

  it('can be given again once a clock that ran ahead was set right', async () => {
    const clock = useClock();
    const { acts, site, open } = useActs(asking());
    const warden = await open();
    const year = 365 * 86_400_000;
    clock.ms += year;
    await warden.request({ ...REQUEST, session: 'ahead' });
    clock.ms -= year;
    const approval = await approved(warden);
    expect(await warden.request({ ...REQUEST, approval })).toMatchObject({ kind: 'ok' });
    expect(acts).toEqual([1]);
    await warden.close();
    await expectWholeTrail(site);
  });

  it('is nothing after it was denied or taken back', async () => {
    const { acts, site, open } = useActs(asking());
    const warden = await open();
    const denied = (await warden.request(REQUEST)).approval!.id;
    await warden.approvals.deny(denied, { by: 'ann' });
    expect(await warden.request({ ...REQUEST, approval: denied })).toMatchObject(refusedAs('denied/approval-denied'));
    await expect(warden.approvals.approve(denied, { by: 'ann' })).rejects.toMatchObject({ code: 'denied/approval-denied' });
    const other = { ...REQUEST, session: 'other' };
    const revoked = await approved(warden, other);
    await warden.approvals.revoke(revoked, { by: 'ann' });
    expect(await warden.request({ ...other, approval: revoked })).toMatchObject(refusedAs('denied/approval-revoked'));
    // Nor is anybody asked again for what was just refused; another call is another question.
    expect(await warden.request(REQUEST)).toMatchObject(refusedAs('denied/approval-denied'));
    expect(await warden.request(other)).toMatchObject(refusedAs('denied/approval-revoked'));
    expect(await warden.request({ ...REQUEST, session: 'third' })).toMatchObject({ kind: 'pending' });
    expect(acts).toEqual([]);
    await warden.close();
    await expectWholeTrail(site);
  });

  it('of which a use and a taking back come at once is one or the other', async () => {
    const { acts, site, open } = useActs(asking());
    const wardens = [await open(), await open()];
    for (let at = 0; at < 10; at += 1) {
      const request = { ...REQUEST, session: String(at) };
      const approval = await approved(wardens[0]!, request);
      const before = acts.length;
      const taken = wardens[1]!.approvals.revoke(approval, { by: 'ann' }).then(
        () => true,
        () => false,
      );
      const outcome = await wardens[0]!.request({ ...request, approval });
      expect(outcome.kind === 'ok').toBe(!(await taken));
      expect(acts.length - before).toBe(outcome.kind === 'ok' ? 1 : 0);
    }
    await Promise.all(wardens.map((warden) => warden.close()));
    await expectWholeTrail(site);
  });
});

describe('a caller that waits', () => {
  const waiting = async (warden: Warden): Promise<{ id: string; outcome: Promise<Outcome> }> => {
    const outcome = warden.request(REQUEST, { waitMs: 3000 });
    for (;;) {
      const [first] = await warden.approvals.list();
      if (first !== undefined) return { id: first.asked.approval, outcome };
      await new Promise(setImmediate);
    }
  };

  it('is told no when a human says no, and nobody is asked a second time', async () => {
    const { acts, site, open } = useActs(asking());
    const warden = await open();
    const { id, outcome } = await waiting(warden);
    await warden.approvals.deny(id, { by: 'ann' });
    expect(await outcome).toMatchObject(refusedAs('denied/approval-denied'));
    expect(recordsOf(site).filter(({ event }) => event === 'asked')).toHaveLength(1);
    expect(acts).toEqual([]);
    await warden.close();
  });

  it('is told that time is over, and nobody is asked a second time', async () => {
    const clock = useClock();
    const { acts, site, open } = useActs(asking());
    const warden = await open();
    const { outcome } = await waiting(warden);
    clock.ms += 600_000;
    expect(await outcome).toMatchObject(refusedAs('denied/approval-expired'));
    expect(recordsOf(site).filter(({ event }) => event === 'asked')).toHaveLength(1);
    expect(acts).toEqual([]);
    await warden.close();
  });
});

describe('WA-20: a component', () => {
  it('with a pin that is replaced is refused, with a critical alert', async () => {
    const site = place.site(TOOLS);
    const probe = await place.open(place.site(`${TOOLS}agents: { a: { tools: [plain.take] } }\n`));
    const { digest } = (await probe.request({ agent: 'a', tool_name: 'plain.take', parameters: PARAMETERS })).receipt;
    await probe.close();
    const pinned = TOOLS.replace('component: plain.wasm,', `component: plain.wasm, digest: "${digest}",`);
    place.rewrite(site, `${pinned}alerts: { ops: { file: alerts.jsonl } }\nagents: { a: { tools: [plain.take] } }\n`);
    const warden = await place.open(site);
    const ask = () => warden.request({ agent: 'a', tool_name: 'plain.take', parameters: PARAMETERS });
    expect(await ask()).toMatchObject({ kind: 'ok', receipt: { digest } });
    copyFileSync(join(site, 'plain.wasm'), join(site, 'saved.wasm'));
    writeFileSync(join(site, 'plain.wasm'), await rememberingGuest());
    expect(await ask()).toMatchObject(refusedAs('policy/digest-mismatch'));
    const [alert] = recordsOf(site).filter(({ kind }) => kind === 'alert');
    expect(alert).toMatchObject({ severity: 'critical', sinks: ['ops'] });
    copyFileSync(join(site, 'saved.wasm'), join(site, 'plain.wasm'));
    expect(await ask()).toMatchObject({ kind: 'ok', receipt: { digest } });
    await warden.close();
    await expectWholeTrail(site);
  });

  it('without a pin that is replaced raises an alert, also after a restart', async () => {
    const site = place.site(`${TOOLS}alerts: { ops: { file: alerts.jsonl } }\nagents: { a: { tools: [acting] } }\n`);
    const first = await place.open(site);
    const ask = (warden: Warden) => warden.request({ agent: 'a', tool_name: 'acting', parameters: PARAMETERS });
    const before = await ask(first);
    await first.close();
    writeFileSync(join(site, 'acting.wasm'), Buffer.concat([await actingTool(), Buffer.from([0, 3, 1, 0x78, 0])]));
    const second = await place.open(site);
    const after = await ask(second);
    expect(after).toMatchObject({ kind: 'ok' });
    expect(after.receipt.digest).not.toBe(before.receipt.digest);
    expect(recordsOf(site).filter(({ kind, audit }) => kind === 'alert' && audit === after.receipt.audit)).toHaveLength(1);
    await second.close();
    await expectWholeTrail(site);
  });
});
