import { generateText, type ModelMessage, stepCountIs, type ToolSet } from 'ai';
import { MockLanguageModelV3 } from 'ai/test';
import { CellblockToolError, cellblockTools } from 'cellblock/adapters/ai';
import { describe, expect, it } from 'vitest';
import { approvalIn, asked, begun, heardOutcomes, LOG, nextRecord, PNG, runsOf, useDesk } from './desk.ts';

/* The Vercel AI SDK with its own mock of a model, before a real warden. */

const desk = useDesk();

const usage = {
  inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 1, text: 1, reasoning: 0 },
};

/** A model that makes these tool calls one after the other, and then is done. */
function scripted(...calls: readonly (readonly [toolName: string, input: string])[]): MockLanguageModelV3 {
  return new MockLanguageModelV3({
    doGenerate: [
      ...calls.map(([toolName, input], at) => ({
        content: [{ type: 'tool-call' as const, toolCallId: `call-${at}`, toolName, input }],
        finishReason: { unified: 'tool-calls' as const, raw: undefined },
        usage,
        warnings: [],
      })),
      { content: [{ type: 'text', text: 'done' }], finishReason: { unified: 'stop', raw: undefined }, usage, warnings: [] },
    ],
  });
}

/** Runs the loop to its end. */
async function run(model: MockLanguageModelV3, tools: ToolSet, abortSignal?: AbortSignal) {
  const ended = await generateText({
    model,
    tools,
    prompt: 'go',
    stopWhen: stepCountIs(10),
    ...(abortSignal === undefined ? {} : { abortSignal }),
  });
  return { ended, seen: seenBy(model) };
}

/** Outputs of tools as the model was given them in its last turn. */
function seenBy(model: MockLanguageModelV3): unknown[] {
  const prompt = model.doGenerateCalls.at(-1)?.prompt ?? [];
  return prompt
    .flatMap((message) => (message.role === 'tool' ? message.content : []))
    .map((part) => (part.type === 'tool-result' ? part.output : part));
}

describe('cellblockTools', () => {
  it('offers each function with its schema, and needs no approval of the program', async () => {
    const model = scripted();
    const tools = await cellblockTools(desk.door);
    await run(model, tools);
    const offered = model.doGenerateCalls[0]?.tools ?? [];
    expect(offered.find(({ name }) => name === 'plain_echo')).toMatchObject({
      type: 'function',
      inputSchema: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] },
    });
    expect(offered.map(({ name }) => name)).toContain('redact_redact');
    expect(JSON.stringify(offered)).not.toContain('$schema');
    expect(tools.guarded_echo?.needsApproval).toBe(false);
  });

  it('gives the model the result, and the program the outcome with its receipt', async () => {
    const { outcomes, onOutcome } = heardOutcomes();
    const model = scripted(['plain_echo', '{"text":"hello"}'], ['crash-summary_summarise', JSON.stringify({ log: LOG })]);
    const { ended, seen } = await run(model, await cellblockTools(desk.door, { onOutcome, session: 'run-1' }));
    expect(ended.text).toBe('done');
    expect(seen[0]).toEqual({ type: 'text', value: 'hello' });
    expect(seen[1]).toMatchObject({ type: 'json', value: { lines: LOG.trimEnd().split('\n').length } });
    expect(ended.steps[0]?.toolResults[0]).toMatchObject({
      dynamic: true,
      output: { kind: 'ok', value: 'hello', receipt: { audit: outcomes[0]?.receipt.audit } },
    });
  });

  it('makes a tool-error of a refusal, an error of the tool and a trap, with words to act on', async () => {
    const model = scripted(['plain_take', '{"path":7,"n":1}'], ['plain_fail', '{"text":"no such pod"}'], ['plain_panic', '{}']);
    const { ended, seen } = await run(model, await cellblockTools(desk.door));
    expect(seen).toEqual([
      { type: 'error-text', value: expect.stringMatching(/^refused: .*`\$\.path`.*\[params\/invalid\]\nhelp: /) },
      { type: 'error-text', value: 'tool-error: no such pod' },
      { type: 'error-text', value: expect.stringMatching(/^trapped: .*\[trap\/unreachable\]\nhelp: /) },
    ]);
    const [part] = ended.steps[0]?.content.filter(({ type }) => type === 'tool-error') ?? [];
    expect(part).toMatchObject({ error: { name: 'CellblockToolError', outcome: { kind: 'refused' } } });
    expect(part?.type === 'tool-error' && part.error instanceof CellblockToolError).toBe(true);
  });

  it('tells the model to call again when a human is asked, and runs the call once the human has said yes', async () => {
    const tools = await cellblockTools(desk.door);
    const first = await run(scripted(['guarded_echo', '{"text":"ai"}']), tools);
    const [pending] = first.seen as [{ type: string; value: string }];
    expect(pending).toEqual({
      type: 'text',
      value: expect.stringMatching(/^pending: nothing has run; (?:.|\n)*help: tell your user/),
    });
    await desk.answer(approvalIn(pending.value), 'approve');
    const runs = await runsOf(desk.warden, 'guarded');
    const again = await run(scripted(['guarded_echo', '{"text":"ai"}'], ['guarded_echo', '{"text":"ai"}']), tools);
    expect(again.seen[0]).toEqual({ type: 'text', value: 'ai' });
    expect(again.seen[1]).toMatchObject({ value: expect.stringMatching(/^pending: /) }); // one yes, one run
    expect(await runsOf(desk.warden, 'guarded')).toBe(runs + 1);
  });

  it('runs nothing that a human has denied', async () => {
    const tools = await cellblockTools(desk.door);
    const { seen } = await run(scripted(['guarded_echo', '{"text":"ai-no"}']), tools);
    await desk.answer(approvalIn((seen[0] as { value: string }).value), 'deny');
    const again = await run(scripted(['guarded_echo', '{"text":"ai-no"}']), tools);
    expect(again.seen[0]).toMatchObject({ type: 'error-text', value: expect.stringMatching(/\[denied\/approval-/) });
  });

  it('waits for the human where it is told to', async () => {
    const tools = await cellblockTools(desk.door, { waitMs: 20_000 });
    const answered = nextRecord(desk.warden, asked).then((approval) => desk.answer(approval, 'approve'));
    const { seen } = await run(scripted(['guarded_echo', '{"text":"ai-wait"}']), tools);
    await answered;
    expect(seen[0]).toEqual({ type: 'text', value: 'ai-wait' });
  });

  it('cancels a call when the program aborts', async () => {
    const stop = new AbortController();
    const { outcomes, onOutcome } = heardOutcomes();
    void nextRecord(desk.warden, begun).then(() => stop.abort());
    const tools = await cellblockTools(desk.door, { onOutcome });
    await expect(run(scripted(['plain_spin', '{}']), tools, stop.signal)).rejects.toThrow();
    expect(outcomes).toMatchObject([{ kind: 'cancelled' }]);
  });

  it('shows pictures as images, and other media as files', async () => {
    const model = scripted(['painter_paint', '{}'], ['painter_frame', '{}'], ['painter_hum', '{}']);
    const { seen } = await run(model, await cellblockTools(desk.door));
    const image = { type: 'image-data', data: PNG.toString('base64'), mediaType: 'image/png' };
    expect(seen).toEqual([
      { type: 'content', value: [image] },
      {
        type: 'content',
        value: [{ type: 'text', text: expect.stringMatching(/"pictures":\[\{"media":0\},\{"media":1\}\]/) }, image, image],
      },
      { type: 'content', value: [{ type: 'file-data', data: 'iVBORw==', mediaType: 'audio/wav' }] },
    ]);
  });

  it('refuses an integer that the SDK has rounded, and takes it as text', async () => {
    const model = scripted(['numbers_same', '{"n":9007199254740993}'], ['numbers_same', '{"n":"9007199254740993"}']);
    const { seen } = await run(model, await cellblockTools(desk.door));
    expect(seen[0]).toMatchObject({ type: 'error-text', value: expect.stringMatching(/params\/invalid/) });
    expect(seen[1]).toEqual({ type: 'text', value: '9007199254740993' });
  });

  it('runs a call once where a run is named, however often it comes', async () => {
    const tools = await cellblockTools(desk.door, { run: 'ai-run' });
    const before = await runsOf(desk.warden, 'plain');
    const first = await run(scripted(['plain_echo', '{"text":"once"}']), tools);
    const again = await run(scripted(['plain_echo', '{"text":"once"}']), tools);
    expect([first.seen, again.seen]).toEqual([[{ type: 'text', value: 'once' }], [{ type: 'text', value: 'once' }]]);
    expect(await runsOf(desk.warden, 'plain')).toBe(before + 1);
    const other = await run(scripted(['plain_echo', '{"text":"another"}']), tools);
    expect(other.seen[0]).toMatchObject({ value: expect.stringMatching(/params\/request-id-conflict/) });
  });

  it('reads outputs as version 5 of the SDK hands them over', async () => {
    const tool = (await cellblockTools(desk.door)).painter_paint!;
    const messages: ModelMessage[] = [];
    const output = await tool.execute!({}, { toolCallId: 'x', messages });
    expect((tool.toModelOutput as (output: unknown) => unknown)(output)).toEqual({
      type: 'content',
      value: [{ type: 'media', data: PNG.toString('base64'), mediaType: 'image/png' }],
    });
  });
});
