import { Agent, type Model, type ModelRequest, type ModelResponse, run, setTracingDisabled, Usage } from '@openai/agents';
import { type AdapterOptions, agentsTools } from 'cellblock/adapters/openai-agents';
import { beforeAll, describe, expect, it } from 'vitest';
import { approvalIn, asked, begun, heardOutcomes, nextRecord, PNG, runsOf, useDesk } from './desk.ts';

/* The OpenAI Agents SDK with a model that follows a script, before a real warden. */

const desk = useDesk();
beforeAll(() => setTracingDisabled(true));

type Call = readonly [name: string, argumentsJson: string];

/** Makes all calls in its first turn, and is done in its second. */
class ScriptedModel implements Model {
  readonly requests: ModelRequest[] = [];
  readonly #calls: readonly Call[];

  constructor(calls: readonly Call[]) {
    this.#calls = calls;
  }

  async getResponse(request: ModelRequest): Promise<ModelResponse> {
    this.requests.push(request);
    const usage = new Usage();
    if (this.requests.length > 1) {
      const content = [{ type: 'output_text' as const, text: 'done' }];
      return { usage, output: [{ type: 'message', role: 'assistant', status: 'completed', content }] };
    }
    const output = this.#calls.map(([name, text], at) => ({
      type: 'function_call' as const,
      callId: `call_${at}`,
      name,
      arguments: text,
      status: 'completed' as const,
    }));
    return { usage, output };
  }

  getStreamedResponse(): AsyncIterable<never> {
    throw new Error('no test streams');
  }
}

/** Runs the agent to its end. @returns outputs of tools as the model was given them. */
async function ran(calls: readonly Call[], options: AdapterOptions & { readonly stop?: AbortSignal } = {}): Promise<unknown[]> {
  const model = new ScriptedModel(calls);
  const agent = new Agent({ name: 'helper', instructions: 'help', model, tools: await agentsTools(desk.door, options) });
  const result = await run(agent, 'go', options.stop === undefined ? {} : { signal: options.stop });
  expect(result.interruptions).toEqual([]);
  expect(result.finalOutput).toBe('done');
  const input = model.requests.at(-1)?.input;
  return (Array.isArray(input) ? input : []).flatMap((item) => (item.type === 'function_call_result' ? [item.output] : []));
}

const text = (words: unknown) => ({ type: 'text', text: words });

describe('agentsTools', () => {
  it('offers each function with its schema, strict where the API allows it', async () => {
    const model = new ScriptedModel([]);
    const agent = new Agent({ name: 'helper', model, tools: await agentsTools(desk.door) });
    await run(agent, 'go').catch(() => undefined); // a model that says nothing at all is an error of the run
    const tools = model.requests[0]?.tools ?? [];
    expect(tools.find(({ name }) => name === 'plain_echo')).toMatchObject({
      type: 'function',
      strict: true,
      parameters: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'], additionalProperties: false },
    });
    expect(tools.find(({ name }) => name === 'guarded_echo')).toMatchObject({ strict: false });
  });

  it('gives the model every result, the good ones and the others', async () => {
    const outputs = await ran([
      ['plain_echo', '{"text":"hello"}'],
      ['plain_fail', '{"text":"no such pod"}'],
      ['plain_panic', '{}'],
      ['numbers_same', '{"n":18446744073709551615}'],
    ]);
    expect(outputs).toEqual([
      text('hello'),
      text('tool-error: no such pod'),
      text(expect.stringMatching(/^trapped: .*\[trap\/unreachable\]\nhelp: /)),
      text('18446744073709551615'),
    ]);
  });

  it('says what is wrong with arguments', async () => {
    expect(
      await ran([
        ['plain_take', '{"path":7,"n":1}'],
        ['plain_echo', '{"text":"a","text":"b"}'],
      ]),
    ).toEqual([
      text(expect.stringMatching(/^refused: .*`\$\.path`.*\[params\/invalid\]\nhelp: /)),
      text(expect.stringMatching(/^refused: .*\[params\/malformed-json\]/)),
    ]);
  });

  it('lets a human answer between two runs, without an interruption', async () => {
    const calls: readonly Call[] = [['guarded_echo', '{"text":"agents"}']];
    const [pending] = (await ran(calls)) as [{ text: string }];
    expect(pending.text).toMatch(/^pending: nothing has run/);
    const runs = await runsOf(desk.warden, 'guarded');
    await desk.answer(approvalIn(pending.text), 'approve');
    expect(await ran(calls)).toEqual([text('agents')]);
    expect(await ran(calls)).toEqual([text(expect.stringMatching(/^pending: /))]);
    expect(await runsOf(desk.warden, 'guarded')).toBe(runs + 1);
  });

  it('waits for the human where it is told to, and hears a no', async () => {
    const yes = nextRecord(desk.warden, asked).then((approval) => desk.answer(approval, 'approve'));
    expect(await ran([['guarded_echo', '{"text":"agents wait"}']], { waitMs: 20_000 })).toEqual([text('agents wait')]);
    await yes;
    const no = nextRecord(desk.warden, asked).then((approval) => desk.answer(approval, 'deny'));
    const [refused] = await ran([['guarded_echo', '{"text":"agents no"}']], { waitMs: 20_000 });
    expect(refused).toEqual(text(expect.stringMatching(/^refused: .*\[denied\/approval-denied\]/)));
    await no;
  });

  it('cancels a call when the run is aborted', async () => {
    const stop = new AbortController();
    const { outcomes, onOutcome } = heardOutcomes();
    void nextRecord(desk.warden, begun).then(() => stop.abort());
    const ended = nextRecord(desk.warden, (record) => (record.kind === 'outcome' ? record.outcome : undefined));
    await expect(ran([['plain_spin', '{}']], { stop: stop.signal, onOutcome })).rejects.toThrow();
    expect(await ended).toBe('cancelled');
    await expect.poll(() => outcomes).toMatchObject([{ kind: 'cancelled' }]);
  });

  it('gives pictures as images, and a word in place of what the SDK does not take', async () => {
    const image = { type: 'image', image: `data:image/png;base64,${PNG.toString('base64')}` };
    const outputs = await ran([
      ['painter_paint', '{}'],
      ['painter_frame', '{}'],
      ['painter_hum', '{}'],
    ]);
    expect(JSON.stringify(outputs[0])).toContain(image.image);
    expect(JSON.stringify(outputs[1]).split(PNG.toString('base64'))).toHaveLength(3);
    expect(JSON.stringify(outputs[2])).toContain('[audio/wav, 4 bytes: cannot be shown here]');
  });
});
