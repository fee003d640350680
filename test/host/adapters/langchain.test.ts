import { AIMessage, type BaseMessage, HumanMessage, ToolMessage } from '@langchain/core/messages';
import { DynamicStructuredTool } from '@langchain/core/tools';
import { convertToOpenAITool } from '@langchain/core/utils/function_calling';
import { FakeListChatModel } from '@langchain/core/utils/testing';
import { type AdapterOptions, langchainTools } from 'cellblock/adapters/langchain';
import { describe, expect, it } from 'vitest';
import { approvalIn, asked, begun, nextRecord, PNG, runsOf, useDesk } from './desk.ts';

/* LangChain's own tools and messages, in the loop that agents of LangChain run, before a real warden. */

const desk = useDesk();
const classes = { DynamicStructuredTool, ToolMessage };

type Call = readonly [name: string, args: Record<string, unknown>];

/** Runs the tool calls of a model's message as a tool node does: what a tool throws becomes a message with `status: error`. */
async function ran(
  calls: readonly Call[],
  options: AdapterOptions & { readonly stop?: AbortSignal } = {},
): Promise<ToolMessage[]> {
  const tools = await langchainTools(desk.door, classes, options);
  const message = new AIMessage({
    content: '',
    tool_calls: calls.map(([name, args], at) => ({ type: 'tool_call' as const, id: `call_${at}`, name, args })),
  });
  const messages: BaseMessage[] = [new HumanMessage('go'), message];
  for (const call of message.tool_calls ?? []) {
    const tool = tools.find(({ name }) => name === call.name);
    try {
      messages.push(
        await tool!.invoke({ ...call, type: 'tool_call' }, options.stop === undefined ? {} : { signal: options.stop }),
      );
    } catch (error) {
      messages.push(new ToolMessage({ content: String(error), tool_call_id: call.id!, status: 'error' }));
    }
  }
  // A model takes the history as it is.
  const reply = await new FakeListChatModel({ responses: ['done'] }).invoke(messages);
  expect(reply.content).toBe('done');
  return messages.filter((one) => ToolMessage.isInstance(one));
}

describe('langchainTools', () => {
  it('makes tools that a model can be bound to', async () => {
    const tools = await langchainTools(desk.door, classes);
    expect(tools.every((tool) => tool instanceof DynamicStructuredTool)).toBe(true);
    expect(convertToOpenAITool(tools.find(({ name }) => name === 'plain_echo')!)).toEqual({
      type: 'function',
      function: {
        name: 'plain_echo',
        description: 'Calls `echo` of the tool `plain`.',
        parameters: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'], additionalProperties: false },
      },
    });
  });

  it('gives a ToolMessage with the outcome beside what the model reads', async () => {
    const [hello, failed, panicked] = await ran([
      ['plain_echo', { text: 'hello' }],
      ['plain_fail', { text: 'no such pod' }],
      ['plain_panic', {}],
    ]);
    expect(hello).toMatchObject({ content: 'hello', status: 'success', name: 'plain_echo', tool_call_id: 'call_0' });
    expect(hello?.artifact).toMatchObject({ kind: 'ok', value: 'hello', receipt: { tool: 'plain' } });
    expect(failed).toMatchObject({ content: 'tool-error: no such pod', status: 'error', artifact: { kind: 'tool-error' } });
    expect(panicked).toMatchObject({ content: expect.stringMatching(/\[trap\/unreachable\]\nhelp: /), status: 'error' });
  });

  it('gives the bare content for bare arguments', async () => {
    const echo = (await langchainTools(desk.door, classes)).find(({ name }) => name === 'plain_echo')!;
    expect(await echo.invoke({ text: 'bare' })).toBe('bare');
  });

  it('says what is wrong with arguments: LangChain by the schema, the warden by the types', async () => {
    const [schema, types] = await ran([
      ['plain_take', { path: 7, n: 1 }],
      ['numbers_same', { n: '99999999999999999999' }],
    ]);
    expect(schema).toMatchObject({ status: 'error', content: expect.stringMatching(/did not match expected schema/) });
    expect(types).toMatchObject({ status: 'error', content: expect.stringMatching(/^refused: .*\[params\/invalid\]/) });
  });

  it('lets a human answer between two calls', async () => {
    const calls: readonly Call[] = [['guarded_echo', { text: 'chain', justification: 'to see' }]];
    const [pending] = await ran(calls);
    expect(pending).toMatchObject({ status: 'success', artifact: { kind: 'pending' } });
    const runs = await runsOf(desk.warden, 'guarded');
    await desk.answer(approvalIn(String(pending?.content)), 'approve');
    expect((await ran(calls))[0]?.content).toBe('chain');
    expect((await ran(calls))[0]?.content).toMatch(/^pending: /);
    expect(await runsOf(desk.warden, 'guarded')).toBe(runs + 1);
  });

  it('waits for the human where it is told to', async () => {
    const answered = nextRecord(desk.warden, asked).then((approval) => desk.answer(approval, 'deny'));
    const [refused] = await ran([['guarded_echo', { text: 'chain no' }]], { waitMs: 20_000 });
    await answered;
    expect(refused).toMatchObject({ status: 'error', content: expect.stringMatching(/\[denied\/approval-denied\]/) });
  });

  it('cancels a call by the signal of the run', async () => {
    const stop = new AbortController();
    void nextRecord(desk.warden, begun).then(() => stop.abort());
    const ended = nextRecord(desk.warden, (record) => (record.kind === 'outcome' ? record.outcome : undefined));
    const [cancelled] = await ran([['plain_spin', {}]], { stop: stop.signal });
    expect(cancelled?.status).toBe('error');
    expect(await ended).toBe('cancelled');
  });

  it('gives pictures as image blocks, and a word in place of other media', async () => {
    const image = { type: 'image_url', image_url: { url: `data:image/png;base64,${PNG.toString('base64')}` } };
    const [one, two, sound] = await ran([
      ['painter_paint', {}],
      ['painter_frame', {}],
      ['painter_hum', {}],
    ]);
    expect(one?.content).toEqual([image]);
    expect(two?.content).toEqual([{ type: 'text', text: expect.stringMatching(/a pixel/) }, image, image]);
    expect(sound?.content).toEqual([{ type: 'text', text: '[audio/wav, 4 bytes: cannot be shown here]' }]);
  });
});
