import type { AgentOutcome } from 'cellblock';
import { describe, expect, it } from 'vitest';
import { argumentsText } from '../../../host/adapters/arguments-text.ts';
import { modelAnswer } from '../../../host/adapters/model-answer.ts';
import { isStrictSchema } from '../../../host/adapters/strict-schema.ts';
import { callTools } from '../../../host/adapters/tool-call.ts';
import { heardOutcomes, PNG, useDesk } from './desk.ts';

const desk = useDesk();

async function answered(name: string, args: string) {
  const listing = (await desk.door.tools()).find((one) => one.name === name);
  return modelAnswer(await desk.door.call({ name, argumentsJson: args }), listing);
}

describe('modelAnswer', () => {
  it('says a result as text where it is text, and as JSON where it is not', async () => {
    expect(await answered('plain_echo', '{"text":"a\\nb"}')).toEqual({ isError: false, text: 'a\nb', media: [] });
    expect(await answered('plain_echo', '{"text":""}')).toEqual({ isError: false, text: '""', media: [] });
    expect(await answered('plain_work', '{"turns":1}')).toEqual({ isError: false, text: '7', media: [] });
  });

  it('says the same words for a question as the MCP server, with the link where the program has one', async () => {
    const outcome = await desk.door.call({ name: 'guarded_echo', argumentsJson: '{"text":"words"}' });
    const { id, expiresAt } = outcome.approval!;
    const until = new Date(expiresAt).toISOString();
    expect(modelAnswer(outcome, undefined).text).toBe(
      `pending: nothing has run; a human is asked whether this call may run (approval ${id})
until: ${until}; no answer by then is a no
where: \`cellblock approvals show ${id}\`
help: tell your user, and call again with the same arguments after that`,
    );
    expect(modelAnswer(outcome, undefined, (approval) => `https://desk.example/${approval}`).text).toContain(
      `\nwhere: https://desk.example/${id}\n`,
    );
  });

  it('says a refusal with its code and what can be done, and leaks no rule', async () => {
    const { isError, text } = await answered('guarded.take', '{"path":"/","n":1}');
    expect(isError).toBe(true);
    expect(text).toBe(
      `refused: this agent may use no tool of this name [denied/tool-not-granted]
help: use one of the tools that are listed; only the operator can add others`,
    );
  });

  it('never says that a call has a result which was not kept', () => {
    const outcome = { kind: 'ok', receipt: {} } as unknown as AgentOutcome; // `as`: only these members are looked at
    expect(modelAnswer(outcome, undefined)).toMatchObject({ isError: true, text: expect.stringMatching(/do not send it again/) });
  });

  it('finds the media of a listing without types, as one that came over HTTP', async () => {
    const listing = (await desk.door.tools()).find(({ name }) => name === 'painter_frame')!;
    const outcome = await desk.door.call({ name: 'painter_frame', argumentsJson: '{}' });
    const typed = modelAnswer(outcome, listing);
    expect(typed.media).toEqual([1, 2].map(() => ({ mimeType: 'image/png', data: PNG.toString('base64') })));
    expect(modelAnswer(outcome, { ...listing, result: { form: 'media' } })).toEqual(typed);
  });
});

describe('callTools', () => {
  it('keeps the order of the calls, more than run at a time', async () => {
    const { outcomes, onOutcome } = heardOutcomes();
    const calls = Array.from({ length: 30 }, (_, at) => ({
      name: 'plain_echo',
      argumentsJson: JSON.stringify({ text: `${at}` }),
    }));
    const answers = await callTools(desk.door, calls, { onOutcome });
    expect(answers.map(({ answer }) => answer.text)).toEqual(calls.map((_, at) => `${at}`));
    expect(outcomes).toHaveLength(30);
  });

  it('makes no request id of a call without an id of its own', async () => {
    const call = { name: 'plain_echo', argumentsJson: '{"text":"x"}', callId: '' };
    const [one, two] = await callTools(desk.door, [call, call], { run: 'r' });
    expect(one?.outcome.receipt.audit).not.toBe(two?.outcome.receipt.audit);
  });
});

describe('argumentsText', () => {
  it('is the JSON of plain data', () => {
    const args = { a: [1, -2.5, 'x"\n', null, true], b: {}, c: undefined };
    expect(argumentsText(args)).toBe('{"a":[1,-2.5,"x\\"\\n",null,true],"b":{}}');
    expect(argumentsText(undefined)).toBe('{}');
  });

  it('writes what may have been rounded in a way that no integer is written', () => {
    expect(argumentsText({ n: 2 ** 53 - 1 })).toBe('{"n":9007199254740991}');
    expect(argumentsText({ n: 2 ** 53 })).toBe('{"n":9.007199254740992e+15}');
    expect(JSON.parse(argumentsText([2 ** 60, -0]))).toEqual([2 ** 60, -0]);
  });

  it.each([[{ n: 1n }], [{ n: Number.NaN }], [{ f: () => 1 }]])('makes of what is no data no JSON: %o', (args) => {
    expect(() => JSON.parse(argumentsText(args))).toThrow();
  });
});

describe('isStrictSchema', () => {
  const closed = (properties: object, more: object = {}) => ({
    type: 'object',
    properties,
    required: Object.keys(properties),
    additionalProperties: false,
    ...more,
  });
  const text = { type: 'string' };

  it('takes closed objects whose properties are all required', () => {
    expect(isStrictSchema(closed({}))).toBe(true);
    expect(isStrictSchema(closed({ a: text, b: { anyOf: [{ type: 'integer', minimum: 0 }, { type: 'null' }] } }))).toBe(true);
    expect(isStrictSchema(closed({ a: { $ref: '#/$defs/b' } }, { $defs: { b: closed({ c: text }) } }))).toBe(true);
  });

  it.each([
    ['an open object', { type: 'object', properties: {}, required: [] }],
    ['a property that may be left out', closed({ a: text }, { required: [] })],
    ['an open object within', closed({ a: { type: 'array', items: { type: 'object' } } })],
    ['an open definition', closed({}, { $defs: { b: { type: 'object' } } })],
    ['a tuple', closed({ a: { type: 'array', prefixItems: [text], items: false } })],
    ['another keyword', closed({ a: { type: 'string', contentEncoding: 'base64' } })],
    ['a reference with words', closed({ a: { $ref: '#/$defs/b', description: 'b' } }, { $defs: { b: text } })],
    ['no type', closed({ a: { enum: ['x'] } })],
    ['levels without end', closed({ a: closed({ a: closed({ a: closed({ a: closed({ a: closed({ a: text }) }) }) }) }) })],
  ])('leaves %s', (_what, schema) => {
    expect(isStrictSchema(schema)).toBe(false);
  });
});
