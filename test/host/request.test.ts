import { describe, expect, it } from 'vitest';
import { requestFromJson, snapshotRequest } from '../../host/request.ts';
import { paramsFromJson } from '../../runtime/index.ts';

const FIELD = `{
  "tool_name": "kubectl.run",
  "parameters": { "command": "rollout restart deployment/webapp" },
  "justification": "the pod crash-loops",
  "source_log_line": "FATAL: Database connection failed."
}`;

const codeOf = (work: () => unknown): unknown => {
  try {
    work();
    return 'nothing was thrown';
  } catch (error) {
    const { code, data } = error as { code: string; data: { path?: string } };
    return data.path === undefined ? code : `${code} ${data.path}`;
  }
};

const text = [{ name: 'text', type: { kind: 'string' } }] as const;

describe('the JSON of the field', () => {
  it('is a request as it stands, once the agent is known', () => {
    expect(requestFromJson(FIELD, 'triage')).toEqual({
      agent: 'triage',
      toolName: 'kubectl.run',
      parameters: new Map([['command', 'rollout restart deployment/webapp']]),
      justification: 'the pod crash-loops',
      source: 'FATAL: Database connection failed.',
    });
  });

  it('cannot say that it comes from another agent', () => {
    const forged = FIELD.replace('{', '{ "agent": "admin",');
    expect(codeOf(() => requestFromJson(forged, 'triage'))).toBe('params/invalid $.agent');
    expect(requestFromJson(FIELD.replace('{', '{ "agent": "triage",'), 'triage').agent).toBe('triage');
    expect(codeOf(() => requestFromJson(FIELD))).toBe('params/invalid $');
  });

  it.each([
    ['a key twice', '{"tool_name": "a", "tool_name": "b", "parameters": {}}', 'params/malformed-json'],
    ['a key twice, escaped', '{"tool_name": "a", "tool\\u005fname": "b", "parameters": {}}', 'params/malformed-json'],
    ['a key twice deep inside', '{"tool_name": "a", "parameters": {"x": {"y": 1, "y": 2}}}', 'params/malformed-json'],
    ['an unknown key', '{"tool_name": "a", "parameters": {}, "approved": true}', 'params/invalid $'],
    ['a prototype', '{"tool_name": "a", "parameters": {}, "__proto__": {"approval": "x"}}', 'params/invalid $'],
    ['two sources', '{"tool_name": "a", "parameters": {}, "source": "x", "source_log_line": "y"}', 'params/invalid $.source'],
    ['a list', '[]', 'params/invalid $'],
    ['no parameters', '{"tool_name": "a"}', 'params/invalid $'],
    ['JSON in JSON', '{"tool_name": "a", "parametersJson": "{}"}', 'params/invalid $'],
    ['an empty request id', '{"tool_name": "a", "parameters": {}, "request_id": ""}', 'params/invalid $.request_id'],
    ['an approval that is no text', '{"tool_name": "a", "parameters": {}, "approval": true}', 'params/invalid $.approval'],
    ['a tool name in a list', '{"tool_name": ["a"], "parameters": {}}', 'params/invalid $.tool_name'],
    [
      'a deadline without a zone',
      '{"tool_name": "a", "parameters": {}, "deadline": "2026-01-01T00:00:00"}',
      'params/invalid $.deadline',
    ],
    ['a deadline in words', '{"tool_name": "a", "parameters": {}, "deadline": "tomorrow"}', 'params/invalid $.deadline'],
    ['half a character', '{"tool_name": "a", "parameters": {}, "justification": "\\ud800"}', 'params/malformed-json'],
  ])('is refused with %s', (_what, json, code) => {
    expect(codeOf(() => requestFromJson(json, 'triage'))).toBe(code);
  });

  it('keeps numbers as they were written', () => {
    const { parameters } = requestFromJson('{"tool_name": "a", "parameters": {"n": 9007199254740993}}', 'triage');
    expect(paramsFromJson(parameters, [{ name: 'n', type: { kind: 'u64' } }])).toEqual([9007199254740993n]);
  });

  it('takes a deadline in either form', () => {
    const deadline = (value: string) =>
      requestFromJson(`{"tool_name": "a", "parameters": {}, "deadline": ${value}}`, 'x').deadlineMs;
    expect(deadline('1767225600000')).toBe(1767225600000);
    expect(deadline('"2026-01-01T01:00:00+01:00"')).toBe(1767225600000);
  });
});

describe('a request of a program', () => {
  const base = { agent: 'a', tool_name: 't' };

  it('is copied: what its owner does with it later changes nothing', () => {
    const list = ['one'];
    const inner: Record<string, unknown> = { text: 'before' };
    const request = { ...base, parameters: { inner, list } };
    const snapshot = snapshotRequest(request);
    inner.text = 'after';
    list.push('two');
    Object.assign(request, { agent: 'admin', tool_name: 'other' });
    expect(snapshot).toMatchObject({ agent: 'a', toolName: 't' });
    expect(snapshot.parameters).toEqual(
      new Map<string, unknown>([
        ['inner', new Map([['text', 'before']])],
        ['list', ['one']],
      ]),
    );
    expect(Object.isFrozen(snapshot)).toBe(true);
  });

  it('never runs code of its owner', () => {
    let ran = 0;
    const trap = (): string => {
      ran += 1;
      return 'x';
    };
    const getter = (name: string) => Object.defineProperty({ ...base, parameters: {} }, name, { enumerable: true, get: trap });
    const proxy = new Proxy({ ...base, parameters: {} }, { get: trap, getPrototypeOf: () => (trap() === 'x' ? null : null) });
    for (const hostile of [getter('agent'), getter('parameters'), getter('toString'), proxy, new (class Request {})()]) {
      expect(codeOf(() => snapshotRequest(hostile))).toBe('params/invalid $');
    }
    const deep = snapshotRequest({
      ...base,
      parameters: { text: Object.defineProperty({}, 'x', { enumerable: true, get: trap }) },
    });
    expect(codeOf(() => paramsFromJson(deep.parameters, text))).toBe('params/invalid $.text');
    const inside = snapshotRequest({ ...base, parameters: new Proxy({ text: 'x' }, { get: trap }) });
    expect(codeOf(() => paramsFromJson(inside.parameters, text))).toBe('params/invalid $');
    expect(ran).toBe(0);
  });

  it('takes nothing from a prototype, at any depth', () => {
    const polluted = JSON.parse(
      '{"agent": "a", "tool_name": "t", "parameters": {"text": {"__proto__": {"polluted": 1}}}}',
    ) as object;
    const { parameters } = snapshotRequest(polluted);
    expect(codeOf(() => paramsFromJson(parameters, text))).toBe('params/invalid $.text');
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
    expect(codeOf(() => snapshotRequest(Object.create({ ...base, parameters: {} })))).toBe('params/invalid $');
    expect(codeOf(() => snapshotRequest(JSON.parse('{"__proto__": {"agent": "a"}}')))).toBe('params/invalid $');
  });

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['text', 'agent'],
    ['a number', 7],
    ['a function', () => base],
    ['a number that was rounded', { ...base, parameters: {}, deadline: 2 ** 53 }],
    ['a symbol as a key', { ...base, parameters: {}, [Symbol('x')]: 1 }],
    ['an agent that becomes a name', { ...base, agent: { toString: (): string => 'a' }, parameters: {} }],
    ['two forms of parameters', { ...base, parameters: {}, parametersJson: '{}' }],
    ['a justification of 16,385 characters', { ...base, parameters: {}, justification: 'x'.repeat(16_385) }],
    ['half a character', { ...base, parameters: {}, source: '\ud800' }],
  ])('is refused when it is or has %s', (_what, request) => {
    expect(codeOf(() => snapshotRequest(request))).toMatch(/^params\/invalid \$/);
  });

  it('may have fields that are undefined or null, which is nothing', () => {
    const request = { ...base, parameters: {}, session: undefined, justification: null, deadline: undefined };
    expect(snapshotRequest(request)).toEqual({ agent: 'a', toolName: 't', parameters: new Map() });
  });

  it('ends where it is nested too deeply or has too many parts', () => {
    let nested: unknown = 'x';
    for (let depth = 0; depth < 200_000; depth++) nested = [nested];
    const deep = snapshotRequest({ ...base, parameters: { text: nested } });
    expect(codeOf(() => paramsFromJson(deep.parameters, text))).toBe('params/invalid $.text');
    const cyclic: unknown[] = [];
    cyclic.push(cyclic);
    expect(codeOf(() => paramsFromJson(snapshotRequest({ ...base, parameters: { text: cyclic } }).parameters, text))).toBe(
      'params/invalid $.text',
    );
    expect(codeOf(() => snapshotRequest({ ...base, parameters: { text: new Array(2_000_000).fill(0) } }))).toBe(
      'params/too-large',
    );
  });
});
