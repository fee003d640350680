import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { agentDoor, LiveWarden } from 'cellblock';
import { describe, expect, it } from 'vitest';
import { useLive } from '../../support/live-wardens.ts';
import { expectWholeTrail, TOOLS, usePlace } from '../../support/wardens.ts';

const place = usePlace();
const openLive = useLive(place);
const policyOf = (tools: string): string => `${TOOLS}agents: { one: { tools: ${tools} } }\n`;
const echo = { name: 'plain_echo', argumentsJson: '{"text":"x"}' };

describe('a warden whose policy changes', () => {
  it('decides by the new file once it is told to, and tells who listens', async () => {
    const site = place.site(policyOf('[plain.echo]'));
    const live = await openLive(site);
    const door = agentDoor(live, 'one');
    let changes = 0;
    const stop = door.onToolsChanged(() => {
      changes += 1;
    });
    expect(await door.call(echo)).toMatchObject({ kind: 'ok' });
    place.rewrite(site, policyOf('[plain.fail]'));
    expect(await live.reload()).toBe(true);
    expect((await door.tools()).map(({ name }) => name)).toEqual(['plain_fail']);
    expect(await door.call(echo)).toMatchObject({ kind: 'refused', error: { code: 'denied/tool-not-granted' } });
    expect(changes).toBe(1);
    stop();
    place.rewrite(site, policyOf('[plain.echo]'));
    await live.reload();
    expect(changes).toBe(1);
    await expectWholeTrail(site);
  });

  it('keeps the policy in force while its file has a mistake or is gone, and says so', async () => {
    const site = place.site(policyOf('[plain.echo]'));
    const problems: string[] = [];
    const live = await openLive(site, { onProblem: (problem) => problems.push(problem) });
    const { digest } = live.policyState;
    place.rewrite(site, `${policyOf('[plain.echo]')}oops: 1\n`);
    expect(await live.reload()).toBe(false);
    expect(live.policyState).toEqual({ digest, problem: expect.stringContaining('oops: unknown field') });
    rmSync(join(site, 'cellblock.yaml'));
    expect(await live.reload()).toBe(false);
    expect(await agentDoor(live, 'one').call(echo)).toMatchObject({ kind: 'ok' });
    expect(problems).toHaveLength(2);
    place.rewrite(site, policyOf('[plain.echo]'));
    expect(await live.reload()).toBe(true);
    expect(live.policyState).toEqual({ digest });
  });

  it('is in force although somebody who listens throws, and says so', async () => {
    const site = place.site(policyOf('[plain.echo]'));
    const problems: string[] = [];
    const live = await openLive(site, { onProblem: (problem) => problems.push(problem) });
    for (const name of ['reloaded', 'toolsChanged'] as const) {
      live.events.on(name, () => {
        throw new Error('a listener');
      });
    }
    place.rewrite(site, policyOf('[plain.fail]'));
    expect(await live.reload()).toBe(true);
    expect(live.policyState).toEqual({ digest: live.current.policy.digest });
    expect(problems).toEqual(['reloaded', 'toolsChanged'].map((name) => `a listener of \`${name}\` events threw an error`));
  });

  it('ends calls that began before under the policy of then', async () => {
    const site = place.site(policyOf('[plain]'));
    const live = await openLive(site);
    const door = agentDoor(live, 'one');
    await door.call(echo);
    const began = new Promise<void>((resolve) => live.events.on('record', ({ kind }) => kind === 'intent' && resolve()));
    const spinning = door.call({ name: 'plain_work', argumentsJson: '{"turns":3000000}' });
    await began;
    place.rewrite(site, policyOf('[]'));
    await live.reload();
    expect(await spinning).toMatchObject({ kind: 'ok', value: 7 });
    await live.drain(1000);
    await expectWholeTrail(site);
  });

  it('an approval is for the policy that asked: under another it is asked anew', async () => {
    const asks = (more: string): string =>
      `${policyOf(`[{ tool: plain.echo, ask: { approvers: [ann] } }${more}]`)}approvers: { people: [ann] }\n`;
    const site = place.site(asks(''));
    const live = await openLive(site);
    const door = agentDoor(live, 'one');
    const first = await door.call(echo);
    const id = first.approval?.id ?? '';
    await live.current.approvals.approve(id, { by: 'ann' });
    place.rewrite(site, asks(', plain.fail'));
    await live.reload();
    const second = await door.call(echo);
    expect(second.kind).toBe('pending');
    expect(second.approval?.id).not.toBe(id);
  });

  it('tells each record once, whichever warden is in force', async () => {
    const site = place.site(policyOf('[plain.echo]'));
    const live = await openLive(site);
    const seqs: number[] = [];
    live.events.on('record', ({ seq }) => seqs.push(seq));
    const door = agentDoor(live, 'one');
    await door.call(echo);
    place.rewrite(site, policyOf('[plain.echo, plain.fail]'));
    await live.reload();
    await door.call(echo);
    await live.drain(1000);
    expect(new Set(seqs).size).toBe(seqs.length);
    expect(seqs.length).toBeGreaterThanOrEqual(8);
  });

  it('does not open with a file that is no policy', async () => {
    const site = place.site('version: 2\n');
    await expect(LiveWarden.open({ policy: join(site, 'cellblock.yaml') })).rejects.toMatchObject({
      code: 'policy/invalid-document',
    });
  });

  it('looks for itself where it is told how often', async () => {
    const site = place.site(policyOf('[plain.echo]'));
    const live = await openLive(site, { lookMs: 20 });
    const reloaded = new Promise<void>((resolve) => live.events.once('reloaded', () => resolve()));
    place.rewrite(site, policyOf('[plain.fail]'));
    await reloaded;
    expect((await agentDoor(live, 'one').tools()).map(({ name }) => name)).toEqual(['plain_fail']);
  });
});
