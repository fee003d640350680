import { agentDoor, type LiveWarden } from 'cellblock';
import { beforeAll, expect, it } from 'vitest';
import { useLive } from '../support/live-wardens.ts';
import { TOOLS, usePlace } from '../support/wardens.ts';

const place = usePlace();
const openLive = useLive(place);
const ask = 'tools: [{ tool: plain.take, ask: { approvers: [ann] } }]';
let live: LiveWarden;

beforeAll(async () => {
  live = await openLive(place.site(`${TOOLS}agents: { one: { ${ask} }, two: { ${ask} } }\napprovers: { people: [ann] }\n`));
});

it('an agent that waits for humans without end does not keep the others from waiting', async () => {
  const id = async (agent: string) => {
    const asked = await agentDoor(live, agent).call({ name: 'plain_take', argumentsJson: '{"path":"/","n":1}' });
    return asked.approval?.id ?? '';
  };
  const [mine, theirs] = [await id('one'), await id('two')];
  const end = new AbortController();
  const { approvals } = live.current;
  const waiting = Array.from({ length: 250 }, () => approvals.waitFor(mine, 60_000, end.signal));
  expect(await approvals.waitFor(mine, 60_000, end.signal)).toBe(false); // one too many, at once
  const other = approvals.waitFor(theirs, 60_000, end.signal);
  await approvals.approve(theirs, { by: 'ann' });
  expect(await other).toBe(true);
  end.abort();
  await Promise.all(waiting);
  await approvals.approve(mine, { by: 'ann' });
  expect(await approvals.waitFor(mine, 1, new AbortController().signal)).toBe(true); // their places are free again
});
