import { agentDoor, clientApprover, type LiveWarden, operatorDoor } from 'cellblock';
import { beforeAll, describe, expect, it } from 'vitest';
import { useLive } from '../../support/live-wardens.ts';
import { recordsOf, TOOLS, usePlace } from '../../support/wardens.ts';

const POLICY = `${TOOLS}agents:
  one: { tools: [{ tool: plain.take, ask: { approvers: [ann, bob], channels: ["mcp:desk"] } }] }
  two: { tools: [{ tool: plain.take, ask: { approvers: [ann] } }] }
approvers:
  mcp: { desk: { agent: one, person: ann }, other: { agent: two, person: ann } }
serve:
  operators: { ann: {}, bob: { may: read }, eve: {} }
`;

const place = usePlace();
const openLive = useLive(place);
let site: string;
let live: LiveWarden;
let calls = 0;
beforeAll(async () => {
  site = place.site(POLICY);
  live = await openLive(site);
});

async function asked(agent: string) {
  calls += 1;
  const outcome = await agentDoor(live, agent).call({ name: 'plain_take', argumentsJson: `{"path":"/${calls}","n":1}` });
  const id = outcome.approval?.id ?? '';
  const { asked } = await live.current.approvals.show(id);
  const again = () =>
    agentDoor(live, agent).call({
      name: 'plain_take',
      argumentsJson: asked.parameters === null ? '' : JSON.stringify(asked.parameters),
    });
  return { id, asked, again };
}

const operator = (name: string, mayAnswer = true) => operatorDoor(live, { kind: 'operator', name, mayAnswer }, 'console');

describe('the door of an operator', () => {
  it('answers in the name of the operator, through its channel', async () => {
    const { id, asked: question, again } = await asked('one');
    await operator('ann').approve(id, { digest: question.digest, reason: 'fine' });
    expect(
      recordsOf(site)
        .filter((record) => record.kind === 'approval' && record.approval === id)
        .at(-1),
    ).toMatchObject({
      event: 'approved',
      by: 'ann',
      channel: 'console',
      reason: 'fine',
    });
    expect(await again()).toMatchObject({ kind: 'ok' });
  });

  it('refuses who may only read, who is no approver, and another digest than the one shown', async () => {
    const { id, asked: question } = await asked('one');
    const { digest } = question;
    await expect(operator('bob', false).approve(id, { digest })).rejects.toMatchObject({ code: 'denied/not-an-approver' });
    await expect(operator('bob', false).deny(id, { digest })).rejects.toMatchObject({ code: 'denied/not-an-approver' });
    await expect(operator('bob', false).revoke(id)).rejects.toMatchObject({ code: 'denied/not-an-approver' });
    await expect(operator('eve').approve(id, { digest })).rejects.toMatchObject({ code: 'denied/not-an-approver' });
    await expect(operator('ann').approve(id, { digest: `sha256:${'0'.repeat(64)}` })).rejects.toMatchObject({
      code: 'denied/approval-mismatch',
    });
    await operator('ann').approve(id, { digest });
  });

  it('takes back what was not used', async () => {
    const { id, asked: question, again } = await asked('one');
    await operator('ann').approve(id, { digest: question.digest });
    await operator('ann').revoke(id, 'changed my mind');
    expect(await again()).toMatchObject({ kind: 'refused', error: { code: 'denied/approval-revoked' } });
  });
});

describe('the client of an agent as approver', () => {
  it('answers for its person where the rule names its channel', async () => {
    const { id, again } = await asked('one');
    const approver = clientApprover(live, 'one');
    const question = await approver.question(id);
    expect(question?.approval).toBe(id);
    await approver.answer(question!, { event: 'approved' });
    expect(
      recordsOf(site)
        .filter((record) => record.kind === 'approval' && record.approval === id)
        .at(-1),
    ).toMatchObject({
      event: 'approved',
      by: 'ann',
      channel: 'mcp:desk',
    });
    expect(await again()).toMatchObject({ kind: 'ok' });
  });

  it('is shown no question of another agent, and none whose rule does not name it', async () => {
    const mine = await asked('one');
    const theirs = await asked('two');
    expect(await clientApprover(live, 'two').question(mine.id)).toBeUndefined();
    expect(await clientApprover(live, 'one').question(theirs.id)).toBeUndefined();
    expect(await clientApprover(live, 'two').question(theirs.id)).toBeUndefined(); // its rule asks in the terminal
    await clientApprover(live, 'two').answer(mine.asked, { event: 'approved' });
    await clientApprover(live, 'two').answer(theirs.asked, { event: 'approved' });
    expect((await live.current.approvals.show(mine.id)).approved).toBeUndefined();
    expect((await live.current.approvals.show(theirs.id)).approved).toBeUndefined();
  });
});
