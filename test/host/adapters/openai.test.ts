import { chatTools, type RunCallsOptions, responsesTools, runFunctionCalls, runToolCalls } from 'cellblock/adapters/openai';
import OpenAI from 'openai';
import type { ChatCompletionMessageParam } from 'openai/resources/chat/completions';
import type { ResponseInput } from 'openai/resources/responses/responses';
import { describe, expect, it } from 'vitest';
import { approvalIn, asked, begun, nextRecord, PNG, runsOf, useDesk } from './desk.ts';
import { type PlayedApi, playApi } from './played-api.ts';

/* The SDK's own client for both APIs, with an API that is played, before a real warden. */

const desk = useDesk();

interface Output {
  readonly type: string;
  readonly call_id: string;
  readonly output: unknown;
}

type Call = readonly [name: string, argumentsJson: string];

const clientOf = (api: PlayedApi<unknown>) => new OpenAI({ apiKey: 'none', fetch: api.fetch, maxRetries: 0 });

/** One turn of the Responses API, as a program writes it. @returns outputs as they were sent to the API. */
async function responses(calls: readonly Call[], options: RunCallsOptions = {}): Promise<unknown[]> {
  const items = calls.map(([name, text], at) => ({
    type: 'function_call',
    id: `fc_${at}`,
    call_id: `call_${at}`,
    name,
    arguments: text,
  }));
  const response = (output: readonly object[]) => ({ id: 'resp', object: 'response', status: 'completed', output });
  const reasoning = { type: 'reasoning', id: 'rs', summary: [] };
  const api = playApi<{ readonly input: readonly Output[] }>(response([reasoning, ...items]), response([]));
  const client = clientOf(api);
  const tools = await responsesTools(desk.door);
  const input: ResponseInput = [{ role: 'user', content: 'go' }];
  const reply = await client.responses.create({ model: 'played', input, tools });
  input.push(...(reply.output as ResponseInput), ...(await runFunctionCalls(desk.door, reply, options)));
  await client.responses.create({ model: 'played', input, tools });
  const outputs = api.bodies[1]!.input.filter(({ type }) => type === 'function_call_output');
  expect(outputs.every(({ call_id }) => items.some((item) => item.call_id === call_id))).toBe(true);
  return outputs.map(({ output }) => output);
}

/** One turn of Chat Completions. */
async function chat(calls: readonly Call[], options: RunCallsOptions = {}): Promise<unknown[]> {
  const tool_calls = calls.map(([name, text], at) => ({
    type: 'function',
    id: `call_${at}`,
    function: { name, arguments: text },
  }));
  const completion = (message: object) => ({
    id: 'c',
    object: 'chat.completion',
    choices: [{ index: 0, finish_reason: 'stop', message }],
  });
  const api = playApi<{ readonly messages: readonly { readonly role: string; readonly content: unknown }[] }>(
    completion({ role: 'assistant', content: null, tool_calls }),
    completion({ role: 'assistant', content: 'done' }),
  );
  const client = clientOf(api);
  const tools = await chatTools(desk.door);
  const messages: ChatCompletionMessageParam[] = [{ role: 'user', content: 'go' }];
  const { choices } = await client.chat.completions.create({ model: 'played', messages, tools });
  const message = choices[0]!.message;
  messages.push(message, ...(await runToolCalls(desk.door, message, options)));
  await client.chat.completions.create({ model: 'played', messages, tools });
  return api.bodies[1]!.messages.filter(({ role }) => role === 'tool').map(({ content }) => content);
}

describe('tools', () => {
  it('are strict exactly where the API can hold a model to the schema', async () => {
    const strict = new Map((await responsesTools(desk.door)).map((tool) => [tool.name, tool.strict]));
    expect(strict.get('plain_echo')).toBe(true);
    expect(strict.get('numbers_same')).toBe(true);
    expect(strict.get('guarded_echo')).toBe(false); // a justification may be left out
    expect(strict.get('crash-summary_summarise')).toBe(false); // so may an option
  });

  it('are the same for Chat Completions', async () => {
    const [first] = await chatTools(desk.door);
    const [same] = await responsesTools(desk.door);
    expect(first).toEqual({
      type: 'function',
      function: { name: same?.name, description: same?.description, parameters: same?.parameters, strict: same?.strict },
    });
  });
});

describe.each([
  ['runFunctionCalls', responses],
  ['runToolCalls', chat],
])('%s', (_name, run) => {
  it('answers every call, the good ones and the others', async () => {
    const outputs = await run([
      ['plain_echo', '{"text":"hello"}'],
      ['plain_fail', '{"text":"no such pod"}'],
      ['plain_take', '{"path":7,"n":1}'],
      ['plain_panic', ''],
      ['plain_echo', '{"text":'],
      ['rm_rf', '{}'],
    ]);
    expect(outputs).toEqual([
      'hello',
      'tool-error: no such pod',
      expect.stringMatching(/^refused: .*\[params\/invalid\]\nhelp: /),
      expect.stringMatching(/^trapped: .*\[trap\/unreachable\]/),
      expect.stringMatching(/^refused: .*\[params\/malformed-json\]/),
      expect.stringMatching(/^refused: .*\[denied\/tool-not-granted\]/),
    ]);
  });

  it('passes arguments on digit by digit', async () => {
    expect(await run([['numbers_same', '{"n":18446744073709551615}']])).toEqual(['18446744073709551615']);
    expect(await run([['plain_echo', '{"text":"a","text":"b"}']])).toEqual([expect.stringMatching(/params\/malformed-json/)]);
  });

  it('lets a human answer between two turns', async () => {
    const calls: readonly Call[] = [['guarded_echo', JSON.stringify({ text: run.name, justification: 'to see' })]];
    const [pending] = await run(calls);
    expect(pending).toMatch(/^pending: nothing has run/);
    const runs = await runsOf(desk.warden, 'guarded');
    await desk.answer(approvalIn(String(pending)), 'approve');
    expect(await run(calls)).toEqual([run.name]);
    expect(await run(calls)).toEqual([expect.stringMatching(/^pending: /)]);
    expect(await runsOf(desk.warden, 'guarded')).toBe(runs + 1);
  });

  it('cancels calls by the signal of the program, and waits for a human where told to', async () => {
    const stop = new AbortController();
    void nextRecord(desk.warden, begun).then(() => stop.abort());
    expect(await run([['plain_spin', '{}']], { signal: stop.signal })).toEqual([expect.stringMatching(/^cancelled: /)]);
    const answered = nextRecord(desk.warden, asked).then((approval) => desk.answer(approval, 'approve'));
    const text = `${run.name} waits`;
    expect(await run([['guarded_echo', JSON.stringify({ text })]], { waitMs: 20_000 })).toEqual([text]);
    await answered;
  });

  it('leaves out the functions of the program', async () => {
    expect(
      await run(
        [
          ['own', '{}'],
          ['plain_echo', '{"text":"x"}'],
        ],
        { except: new Set(['own']) },
      ),
    ).toEqual(['x']);
  });

  it('runs a call once where a run is named', async () => {
    const before = await runsOf(desk.warden, 'plain');
    const calls: readonly Call[] = [['plain_echo', '{"text":"once"}']];
    const options = { run: run.name };
    expect([await run(calls, options), await run(calls, options)]).toEqual([['once'], ['once']]);
    expect(await runsOf(desk.warden, 'plain')).toBe(before + 1);
  });
});

describe('pictures', () => {
  const url = `data:image/png;base64,${PNG.toString('base64')}`;

  it('are images for the Responses API, and a word where it takes none', async () => {
    const image = { type: 'input_image', image_url: url, detail: 'auto' };
    expect(
      await responses([
        ['painter_paint', '{}'],
        ['painter_frame', '{}'],
        ['painter_hum', '{}'],
      ]),
    ).toEqual([
      [image],
      [{ type: 'input_text', text: expect.stringMatching(/a pixel/) }, image, image],
      [{ type: 'input_text', text: '[audio/wav, 4 bytes: cannot be shown here]' }],
    ]);
  });

  it('are a word for Chat Completions, whose tool messages are text', async () => {
    expect(await chat([['painter_paint', '{}']])).toEqual([`[image/png, ${PNG.length} bytes: cannot be shown here]`]);
  });
});
