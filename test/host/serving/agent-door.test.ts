import { agentDoor, type LiveWarden, operatorDoor } from 'cellblock';
import { beforeAll, describe, expect, it } from 'vitest';
import { useLive } from '../../support/live-wardens.ts';
import { recordsOf, TOOLS, usePlace } from '../../support/wardens.ts';

const POLICY = `${TOOLS}agents:
  one:
    tools:
      - plain.echo
      - plain.fail
      - plain.work
      - { tool: plain.take, ask: { approvers: [ann] }, justification: required }
      - { tool: plain.deep }
  two: { tools: [plain.echo, acting] }
approvers: { people: [ann] }
rules:
  - { id: never-big, effect: forbid, agents: any, tools: [plain.work], parameters: { turns: { min: 1000000 } } }
`;

describe('the door of an agent', () => {
  const place = usePlace();
  const openLive = useLive(place);
  let site: string;
  let live: LiveWarden;
  beforeAll(async () => {
    site = place.site(POLICY);
    live = await openLive(site);
  });

  it('lists what this agent may call, and nothing else', async () => {
    const names = async (agent: string) => (await agentDoor(live, agent).tools()).map(({ name }) => name);
    expect(await names('one')).toEqual(['plain_take', 'plain_work', 'plain_echo', 'plain_fail', 'plain_deep']);
    expect(await names('two')).toEqual(['plain_echo', 'acting_act']);
    expect(await names('nobody')).toEqual([]);
  });

  it('describes types, effects and questions', async () => {
    const listings = new Map((await agentDoor(live, 'one').tools()).map((listing) => [listing.name, listing]));
    expect(listings.get('plain_echo')).toMatchObject({
      toolName: 'plain.echo',
      inputSchema: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'], additionalProperties: false },
      outputSchema: { type: 'object', properties: { value: { type: 'string' } }, required: ['value'] },
      hints: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
      asks: 'no',
    });
    expect(listings.get('plain_take')).toMatchObject({
      description: expect.stringContaining('A human is asked before each call runs'),
      inputSchema: { properties: { justification: { type: 'string' } }, required: ['path', 'n', 'justification'] },
      asks: 'required',
    });
    expect((await agentDoor(live, 'two').tools())[1]?.hints).toMatchObject({ readOnlyHint: false, destructiveHint: true });
  });

  it('calls by the name for models or by that of the policy', async () => {
    const door = agentDoor(live, 'one');
    expect(await door.call({ name: 'plain_echo', argumentsJson: '{"text":"hi"}' })).toMatchObject({ kind: 'ok', value: 'hi' });
    expect(await door.call({ name: 'plain.echo', argumentsJson: '{"text":"hi"}' })).toMatchObject({ kind: 'ok', value: 'hi' });
    expect(await door.call({ name: 'plain_fail', argumentsJson: '{"text":"no"}' })).toMatchObject({
      kind: 'tool-error',
      value: 'no',
    });
  });

  it('writes down also what is not listed, and refuses it', async () => {
    const outcome = await agentDoor(live, 'one').call({ name: 'acting_act', argumentsJson: '{}' });
    expect(outcome).toMatchObject({ kind: 'refused', error: { code: 'denied/tool-not-granted' } });
    const { audit } = outcome.receipt;
    expect(
      recordsOf(site)
        .filter((record) => record.audit === audit)
        .map(({ kind }) => kind),
    ).toEqual(['requested', 'decided']);
  });

  it.each([
    ['an argument too many', '{"text":"hi","more":1}', 'params/invalid'],
    ['a name twice', '{"text":"hi","text":"ho"}', 'params/malformed-json'],
    ['no JSON', '{"text":', 'params/malformed-json'],
    ['no object', '["hi"]', 'params/invalid'],
  ])('refuses %s', async (_, argumentsJson, code) => {
    expect(await agentDoor(live, 'one').call({ name: 'plain_echo', argumentsJson })).toMatchObject({
      kind: 'refused',
      error: { code },
    });
  });

  it('tells of a rule that forbids without saying where it stands', async () => {
    const outcome = await agentDoor(live, 'one').call({ name: 'plain_work', argumentsJson: '{"turns":2000000}' });
    expect(outcome).toMatchObject({ kind: 'refused', error: { code: 'denied/forbidden' } });
    expect(JSON.stringify(outcome)).not.toMatch(/never-big|cellblock\.yaml|rules\[/);
  });

  it('takes the words that a listing declares out of the arguments, also where there are none', async () => {
    const door = agentDoor(live, 'one');
    const asked = await door.call({
      name: 'plain_take',
      argumentsJson: '{"path":"/a","n":1,"justification":"the pod restarts"}',
    });
    expect(asked.kind).toBe('pending');
    expect(recordsOf(site).find(({ kind, audit }) => kind === 'requested' && audit === asked.receipt.audit)).toMatchObject({
      parameters: { path: '/a', n: 1 },
      justification: 'the pod restarts',
    });
    const without = await door.call({ name: 'plain_take', argumentsJson: '{"path":"/a","n":1}' });
    expect(without.error).toMatchObject({
      code: 'denied/justification-required',
      help: 'say in `justification` why the call is needed, and ask again',
    });
    expect(await door.call({ name: 'plain_take', argumentsJson: '{"path":"/a","n":1,"justification":7}' })).toMatchObject({
      kind: 'refused',
      error: { code: 'params/invalid' },
    });
    expect((await door.call({ name: 'plain_take', argumentsJson: '{"path":"/a","n":1,"justification":null}' })).error?.code).toBe(
      'denied/justification-required',
    );
  });

  it('shows an agent its own requests and questions, and no others', async () => {
    const one = agentDoor(live, 'one');
    const two = agentDoor(live, 'two');
    const asked = await one.call({ name: 'plain_take', argumentsJson: '{"path":"/own","n":1}', justification: 'mine' });
    const { audit = '' } = asked.receipt;
    const id = asked.approval?.id ?? '';
    expect(await one.status(audit)).toMatchObject({ audit, tool: 'plain.take', state: 'pending', approval: id });
    expect(await one.approval(id)).toMatchObject({ id, status: 'pending', tool: 'plain' });
    await expect(two.status(audit)).rejects.toMatchObject({ code: 'usage/not-found' });
    await expect(two.approval(id)).rejects.toMatchObject({ code: 'usage/not-found' });
    await expect(one.status(audit.slice(0, 8))).rejects.toMatchObject({ code: 'usage/not-found' });
    await expect(one.approval(id.slice(0, 4))).rejects.toMatchObject({ code: 'usage/not-found' });
    expect(await two.approvals()).toEqual([]);
    const done = await two.call({ name: 'plain_echo', argumentsJson: '{"text":"x"}' });
    expect(await two.status(done.receipt.audit ?? '')).toMatchObject({ state: 'ok' });
  });

  it('files no request in the name of another agent', async () => {
    const outcome = await agentDoor(live, 'one').request('{"agent":"two","tool_name":"acting","parameters":{"path":"","n":1}}');
    expect(outcome).toMatchObject({ kind: 'refused', error: { code: 'params/invalid' } });
  });

  it('tells how an approval ended, with the reason and not by whom', async () => {
    const door = agentDoor(live, 'one');
    const asked = await door.call({ name: 'plain_take', argumentsJson: '{"path":"/no","n":1}', justification: 'x' });
    const id = asked.approval?.id ?? '';
    const ann = operatorDoor(live, { kind: 'operator', name: 'ann', mayAnswer: true }, 'console');
    await ann.deny(id, { digest: (await ann.approval(id)).asked.digest, reason: 'not during the freeze' });
    expect(await door.approval(id)).toMatchObject({ status: 'denied', reason: 'not during the freeze' });
    expect(JSON.stringify(await door.approval(id))).not.toContain('ann');
  });

  it('waits for a human where the surface asks for that', async () => {
    const door = agentDoor(live, 'one');
    const call = { name: 'plain_take', argumentsJson: '{"path":"/wait","n":9}', justification: 'x' };
    const outcome = door.call(call, { waitMs: 20_000 });
    const ann = operatorDoor(live, { kind: 'operator', name: 'ann', mayAnswer: true }, 'console');
    const pending = await found(async () =>
      (await ann.approvals()).find(({ asked }) => (asked.parameters as { readonly path?: string }).path === '/wait'),
    );
    await ann.approve(pending.asked.approval, { digest: pending.asked.digest });
    expect(await outcome).toMatchObject({ kind: 'ok', value: 9 });
  });
});

/** Looks until it is there; the test's own time limit ends it. */
async function found<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const value = await look();
    if (value !== undefined) return value;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
