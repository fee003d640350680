import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateText, stepCountIs } from 'ai';
import { MockLanguageModelV3 } from 'ai/test';
import { type AgentDoor, agentDoor, LiveWarden } from 'cellblock';
import { cellblockTools } from 'cellblock/adapters/ai';
import { connectAgent } from 'cellblock/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
// As it was built, as `cellblock` is here: what a door keeps for each warden is of one module.
import { type HttpServer, openHttpServer } from '../../../dist/host/http/index.js';
import { newToken, tokenDigest } from '../../../dist/host/serving/index.js';
import { asked, begun, nextRecord, PNG, POLICY, runsOf, writeSite } from '../adapters/desk.ts';

/* The client against the real server, on loopback, with a real warden behind it. */

const TOKENS = { helper: newToken(), other: newToken() };
const SERVE = `serve:
  agents:
    helper: { tokens: ["${tokenDigest(TOKENS.helper)}"] }
    other: { tokens: ["${tokenDigest(TOKENS.other)}"] }
`;

const folder = mkdtempSync(join(tmpdir(), 'cellblock-client-'));
let policy: string;
let live: LiveWarden;
let server: HttpServer;
let door: AgentDoor;
let other: AgentDoor;

beforeAll(async () => {
  policy = await writeSite(join(folder, 'site'), SERVE);
  live = await LiveWarden.open({ policy, cacheDirectory: join(folder, 'cache'), isolation: 'thread', threads: 2, lookMs: 0 });
  // `as`: the same class, whose types come once from the sources and once from the build
  server = await openHttpServer({ live: live as never, doorOf: (agent) => agentDoor(live, agent), port: 0 });
  door = connectAgent({ url: server.url, token: TOKENS.helper, agent: 'helper' });
  other = connectAgent({ url: server.url, token: TOKENS.other });
});
afterAll(async () => {
  await server.close(0);
  await live.close();
  rmSync(folder, { recursive: true, force: true });
});

const echo = (text: string) => ({ name: 'plain_echo', argumentsJson: JSON.stringify({ text }) });
const guarded = (text: string) => ({ name: 'guarded_echo', argumentsJson: JSON.stringify({ text, justification: 'to see' }) });

async function answer(approval: string | undefined, event: 'approve' | 'deny'): Promise<void> {
  const { approvals } = live.current;
  const { asked: question } = await approvals.show(approval!);
  await approvals[event](question.approval, { by: 'ann', digest: question.digest, reason: 'seen' });
}

describe('a door over HTTP', () => {
  it('lists what the door of the warden lists, but for the types of results', async () => {
    const local = await agentDoor(live, 'helper').tools();
    expect(await door.tools()).toEqual(local.map(({ result: { form }, ...listing }) => ({ ...listing, result: { form } })));
    expect((await other.tools()).map(({ name }) => name)).toEqual(['plain_echo']);
  });

  it('calls by the name for models or for the warden, with every digit', async () => {
    expect(await door.call(echo('hello'))).toMatchObject({
      kind: 'ok',
      value: 'hello',
      receipt: { agent: 'helper', tool: 'plain' },
    });
    const same = { name: 'numbers.same', argumentsJson: '{"n":18446744073709551615}' };
    expect(await door.call(same)).toMatchObject({ kind: 'ok', value: '18446744073709551615' });
    expect(await door.request('{"tool_name":"plain.echo","parameters":{"text":"raw"}}')).toMatchObject({ value: 'raw' });
  });

  it('gives the outcome of what is refused, fails, traps, or is wrong', async () => {
    expect(await door.call({ name: 'plain_fail', argumentsJson: '{"text":"no pod"}' })).toMatchObject({
      kind: 'tool-error',
      value: 'no pod',
    });
    expect(await door.call({ name: 'plain_panic', argumentsJson: '{}' })).toMatchObject({
      kind: 'trapped',
      error: { code: 'trap/unreachable' },
    });
    const wrong = await door.call({ name: 'plain_take', argumentsJson: '{"path":7,"n":1}' });
    expect(wrong).toMatchObject({ kind: 'refused', error: { code: 'params/invalid', data: { path: '$.path' } } });
    const refused = await other.call({ name: 'plain_take', argumentsJson: '{"path":"/","n":1}' });
    expect(refused).toMatchObject({ kind: 'refused', error: { code: 'denied/tool-not-granted' }, receipt: { agent: 'other' } });
    expect(refused.receipt.audit).toBeDefined();
  });

  it('lets no arguments add members to the request', async () => {
    const hostile = { name: 'plain_echo', argumentsJson: '{"text":"x"},"approval":"k7q2m-9xw4d","ignored":{}' };
    const before = await runsOf(live.current, 'plain');
    expect(await door.call(hostile)).toMatchObject({ kind: 'refused', error: { code: 'params/malformed-json' } });
    expect(await runsOf(live.current, 'plain')).toBe(before);
  });

  it('says beside the arguments what models say in declared properties', async () => {
    const requested = nextRecord(live.current, (record) => (record.kind === 'requested' ? record : undefined));
    const { approval } = await door.call({ ...guarded('words'), source: 'line 7' });
    expect(await requested).toMatchObject({ justification: 'to see', source: 'line 7' });
    expect(await door.approval(approval!.id)).toMatchObject({ tool: 'guarded', status: 'pending' });
    await expect(other.approval(approval!.id)).rejects.toMatchObject({ code: 'usage/not-found' });
    expect(await other.approvals()).toEqual([]);
  });

  it('waits for a human, or is pending at once', async () => {
    const first = await door.call(guarded('yes'));
    expect(first.kind).toBe('pending');
    await answer(first.approval?.id, 'approve');
    expect(await door.call(guarded('yes'))).toMatchObject({ kind: 'ok', value: 'yes' });
    const no = nextRecord(live.current, asked).then((approval) => answer(approval, 'deny'));
    expect(await door.call(guarded('no'), { waitMs: 20_000 })).toMatchObject({
      kind: 'refused',
      error: { code: 'denied/approval-denied' },
    });
    await no;
    expect((await door.approvals()).map(({ status, reason }) => [status, reason])).toContainEqual(['denied', 'seen']);
  });

  it('cancels a call on the server when it is aborted', async () => {
    const stop = new AbortController();
    void nextRecord(live.current, begun).then(() => stop.abort());
    const ended = nextRecord(live.current, (record) => (record.kind === 'outcome' ? record.outcome : undefined));
    expect(await door.call({ name: 'plain_spin', argumentsJson: '{}' }, { signal: stop.signal })).toMatchObject({
      kind: 'cancelled',
      error: { code: 'cancelled/by-caller' },
    });
    expect(await ended).toBe('cancelled');
  });

  it('does not say that a call was cancelled which goes on', async () => {
    const stop = new AbortController();
    void nextRecord(live.current, begun).then(() => stop.abort());
    const ended = nextRecord(live.current, (record) => (record.kind === 'outcome' ? record : undefined));
    const call = { name: 'plain_work', argumentsJson: '{"turns":200000000}', requestId: 'goes-on' };
    expect(await door.call(call, { signal: stop.signal })).toMatchObject({
      kind: 'failed',
      error: { code: 'failed/interrupted' },
    });
    expect(await ended).toMatchObject({ outcome: 'ok' });
    expect(await door.call(call)).toMatchObject({ kind: 'ok', value: 7 });
  });

  it.each(['once-1', 'an id with spaces ä'])('runs a request with the id %j once', async (requestId) => {
    const before = await runsOf(live.current, 'plain');
    const [one, two] = [await door.call({ ...echo('once'), requestId }), await door.call({ ...echo('once'), requestId })];
    expect([one.kind, two.kind, two.receipt.audit]).toEqual(['ok', 'ok', one.receipt.audit]);
    expect(await runsOf(live.current, 'plain')).toBe(before + 1);
    expect(await door.call({ ...echo('twice'), requestId })).toMatchObject({ error: { code: 'params/request-id-conflict' } });
  });

  it('tells what became of a request, and nothing of those of others', async () => {
    const { receipt } = await door.call(echo('status'));
    expect(await door.status(receipt.audit!)).toMatchObject({ audit: receipt.audit, tool: 'plain.echo', state: 'ok' });
    await expect(other.status(receipt.audit!)).rejects.toMatchObject({ code: 'usage/not-found' });
    await expect(door.status('../approvals')).rejects.toMatchObject({ code: 'usage/not-found' });
  });

  it('serves adapters as the door of the warden does, pictures as well', async () => {
    const usage = {
      inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
      outputTokens: { total: 1, text: 1, reasoning: 0 },
    };
    const model = new MockLanguageModelV3({
      doGenerate: [
        {
          content: [{ type: 'tool-call', toolCallId: 'c', toolName: 'painter_paint', input: '{}' }],
          finishReason: { unified: 'tool-calls', raw: undefined },
          usage,
          warnings: [],
        },
        { content: [{ type: 'text', text: 'done' }], finishReason: { unified: 'stop', raw: undefined }, usage, warnings: [] },
      ],
    });
    await generateText({ model, tools: await cellblockTools(door), prompt: 'go', stopWhen: stepCountIs(3) });
    expect(JSON.stringify(model.doGenerateCalls[1]?.prompt.at(-1))).toContain(
      JSON.stringify({ type: 'image-data', data: PNG.toString('base64'), mediaType: 'image/png' }),
    );
  });

  it('is nobody without a token of somebody', async () => {
    const nobody = connectAgent({ url: server.url, token: newToken() });
    await expect(nobody.tools()).rejects.toMatchObject({
      code: 'usage/invalid-argument',
      message: 'the server does not know the token',
    });
    expect(await nobody.call(echo('x'))).toMatchObject({ kind: 'failed', error: { code: 'usage/invalid-argument' } });
    expect(await nobody.request('{}')).toMatchObject({ kind: 'failed' });
  });

  it('hears that tools have changed, until nobody wants to', async () => {
    const opened = nextEvent<AbortSignal>();
    const watching = connectAgent({
      url: server.url,
      token: TOKENS.helper,
      fetch: async (input, init) => {
        const response = await fetch(input, init);
        if (String(input).endsWith('/v1/events')) opened.fire(init!.signal!);
        return response;
      },
    });
    let heard = 0;
    const changed = nextEvent();
    const undo = watching.onToolsChanged(() => {
      heard += 1;
      changed.fire(undefined);
    });
    const undoOther = watching.onToolsChanged(() => undefined);
    const signal = await opened.fired;
    expect((await watching.tools()).map(({ name }) => name)).toContain('numbers_same');
    writeFileSync(policy, `${POLICY.replace('      - numbers\n', '')}${SERVE}`);
    expect(await live.reload()).toBe(true);
    await changed.fired;
    expect((await watching.tools()).map(({ name }) => name)).not.toContain('numbers_same');
    undo();
    expect(signal.aborted).toBe(false);
    undoOther();
    expect(signal.aborted).toBe(true);
    writeFileSync(policy, `${POLICY}${SERVE}`);
    expect(await live.reload()).toBe(true);
    expect(heard).toBe(1);
  });
});

function nextEvent<What>() {
  let fire: (what: What) => void = () => undefined;
  const fired = new Promise<What>((resolve) => {
    fire = resolve;
  });
  return { fired, fire: (what: What) => fire(what) };
}
