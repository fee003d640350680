import Anthropic from '@anthropic-ai/sdk';
import { anthropicTools, type RunToolUsesOptions, runnableTools, runToolUses } from 'cellblock/adapters/anthropic';
import { describe, expect, it } from 'vitest';
import { approvalIn, asked, begun, heardOutcomes, nextRecord, PNG, runsOf, useDesk } from './desk.ts';
import { playApi } from './played-api.ts';

/* The SDK's own client and its tool runner, with an API that is played, before a real warden. */

const desk = useDesk();

interface Sent {
  readonly messages: readonly { readonly content: Anthropic.ToolResultBlockParam[] }[];
}

type Use = readonly [name: string, input: unknown];

const message = (stop_reason: string, content: readonly object[]) => ({
  id: 'msg',
  type: 'message',
  role: 'assistant',
  model: 'played',
  stop_reason,
  stop_sequence: null,
  usage: { input_tokens: 1, output_tokens: 1 },
  content,
});

/** A model that uses these tools in one message, and is done after their results. */
function scripted(...uses: readonly Use[]) {
  const blocks = uses.map(([name, input], at) => ({ type: 'tool_use', id: `toolu_${at}`, name, input }));
  const api = playApi<Sent>(
    message('tool_use', [{ type: 'text', text: 'let me see' }, ...blocks]),
    message('end_turn', [{ type: 'text', text: 'done' }]),
  );
  return { api, client: new Anthropic({ apiKey: 'none', fetch: api.fetch, maxRetries: 0 }) };
}

/** One turn with `runToolUses`, as a program writes it. @returns the results as they were sent to the API. */
async function turn(uses: readonly Use[], options: RunToolUsesOptions = {}): Promise<Anthropic.ToolResultBlockParam[]> {
  const { api, client } = scripted(...uses);
  const tools = await anthropicTools(desk.door);
  const messages: Anthropic.MessageParam[] = [{ role: 'user', content: 'go' }];
  const reply = await client.messages.create({ model: 'played', max_tokens: 100, tools, messages });
  const results = await runToolUses(desk.door, reply, options);
  messages.push({ role: 'assistant', content: reply.content }, { role: 'user', content: results });
  await client.messages.create({ model: 'played', max_tokens: 100, tools, messages });
  return api.bodies[1]!.messages.at(-1)!.content;
}

/** The same with the SDK's runner. */
async function runner(uses: readonly Use[]): Promise<Anthropic.ToolResultBlockParam[]> {
  const { api, client } = scripted(...uses);
  const tools = await runnableTools(desk.door);
  const last = await client.beta.messages.toolRunner({
    model: 'played',
    max_tokens: 100,
    tools,
    messages: [{ role: 'user', content: 'go' }],
  });
  expect(last.content).toEqual([{ type: 'text', text: 'done' }]);
  return api.bodies[1]!.messages.at(-1)!.content;
}

const textOf = (result: Anthropic.ToolResultBlockParam | undefined) => String(result?.content);

describe('anthropicTools', () => {
  it('describes each function by a schema that the API takes', async () => {
    const tools = await anthropicTools(desk.door);
    expect(tools.find(({ name }) => name === 'plain_take')).toEqual({
      name: 'plain_take',
      description: 'Calls `take` of the tool `plain`.',
      input_schema: {
        type: 'object',
        properties: { path: { type: 'string' }, n: { type: 'integer', minimum: 0, maximum: 4294967295 } },
        required: ['path', 'n'],
        additionalProperties: false,
      },
    });
    expect(tools.map(({ name }) => name).filter((name) => !/^[a-zA-Z0-9_-]{1,64}$/.test(name))).toEqual([]);
  });
});

describe.each([
  ['runToolUses', turn],
  ['the tool runner', runner],
])('%s', (_name, run) => {
  it('answers every tool use, the good ones and the others', async () => {
    const results = await run([
      ['plain_echo', { text: 'hello' }],
      ['plain_fail', { text: 'no such pod' }],
      ['plain_take', { path: 7, n: 1 }],
      ['plain_panic', {}],
      ['numbers_same', { n: '18446744073709551615' }],
    ]);
    expect(results).toMatchObject([
      { type: 'tool_result', tool_use_id: 'toolu_0', content: 'hello' },
      { tool_use_id: 'toolu_1', is_error: true, content: expect.stringMatching(/tool-error: no such pod$/) },
      { tool_use_id: 'toolu_2', is_error: true, content: expect.stringMatching(/refused: .*\[params\/invalid\]\nhelp: /) },
      { tool_use_id: 'toolu_3', is_error: true, content: expect.stringMatching(/trapped: .*\[trap\/unreachable\]/) },
      { tool_use_id: 'toolu_4', content: '18446744073709551615' },
    ]);
    expect(results[0]?.is_error).not.toBe(true);
  });

  it('lets a human answer between two turns', async () => {
    const uses: readonly Use[] = [['guarded_echo', { text: run.name }]];
    const [pending] = await run(uses);
    expect(pending?.is_error).not.toBe(true);
    expect(textOf(pending)).toMatch(/^pending: nothing has run/);
    const runs = await runsOf(desk.warden, 'guarded');
    expect(textOf((await run(uses))[0])).toMatch(/^pending: /); // nobody has answered
    await desk.answer(approvalIn(textOf(pending)), 'approve');
    expect(textOf((await run(uses))[0])).toBe(run.name);
    expect(await runsOf(desk.warden, 'guarded')).toBe(runs + 1);
  });

  it('sends pictures as image blocks, and a word in place of what the API does not take', async () => {
    const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG.toString('base64') } };
    expect(
      await run([
        ['painter_paint', {}],
        ['painter_frame', {}],
        ['painter_hum', {}],
      ]),
    ).toMatchObject([
      { content: [image] },
      { content: [{ type: 'text', text: expect.stringMatching(/a pixel/) }, image, image] },
      { content: [{ type: 'text', text: '[audio/wav, 4 bytes: cannot be shown here]' }] },
    ]);
  });
});

describe('runToolUses', () => {
  it('files a name that nobody has listed, which is refused and written down', async () => {
    const { outcomes, onOutcome } = heardOutcomes();
    const [result] = await turn([['rm_rf', { path: '/' }]], { onOutcome });
    expect(result).toMatchObject({ is_error: true, content: expect.stringMatching(/\[denied\/tool-not-granted\]/) });
    expect(outcomes[0]?.receipt.audit).toBeDefined();
  });

  it('leaves out the tools of the program', async () => {
    const results = await turn(
      [
        ['own', {}],
        ['plain_echo', { text: 'x' }],
      ],
      { except: new Set(['own']) },
    );
    expect(results).toMatchObject([{ tool_use_id: 'toolu_1', content: 'x' }]);
  });

  it('cancels calls by the signal of the program, and waits for a human where told to', async () => {
    const stop = new AbortController();
    void nextRecord(desk.warden, begun).then(() => stop.abort());
    const [cancelled] = await turn([['plain_spin', {}]], { signal: stop.signal });
    expect(cancelled).toMatchObject({ is_error: true, content: expect.stringMatching(/^cancelled: /) });
    const answered = nextRecord(desk.warden, asked).then((approval) => desk.answer(approval, 'approve'));
    expect(await turn([['guarded_echo', { text: 'waits' }]], { waitMs: 20_000 })).toMatchObject([{ content: 'waits' }]);
    await answered;
  });

  it('refuses an integer that a JavaScript number could not hold', async () => {
    const [rounded, half] = await turn([
      ['numbers_same', { n: 2 ** 53 }],
      ['numbers_half', { x: 2 ** 60 }],
    ]);
    expect(rounded).toMatchObject({ is_error: true, content: expect.stringMatching(/params\/invalid/) });
    expect(half).toMatchObject({ content: '576460752303423500' });
  });

  it('gives nothing for a message without tool uses', async () => {
    expect(await runToolUses(desk.door, { content: [] })).toEqual([]);
  });
});
