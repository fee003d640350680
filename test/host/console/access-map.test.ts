import { describe, expect, it } from 'vitest';
import { KNOWN_GRANTS, namesInScopeOf, scopeSchemasOf } from '../../../host/capabilities/index.ts';
import { accessMap } from '../../../host/console/access-map.ts';
import { parsePolicy } from '../../../host/policy/index.ts';

const mapOf = (text: string, agent?: string) =>
  accessMap(
    parsePolicy(text, '/srv/cellblock.yaml', {
      knownGrants: KNOWN_GRANTS,
      scopeSchemas: scopeSchemasOf(),
      namesInScope: namesInScopeOf(),
    }),
    agent,
  );

const TOOLS = `version: 1
secrets: { token: { env: TOKEN } }
tools:
  plain: { component: a.wasm, functions: [run, stop] }
  wide:
    component: b.wasm
    functions: [run]
    grants:
      - log
      - http: { requests: [{ methods: [GET, PUT], url: "https://*.example.com/v1", secrets: { authorization: { secret: token } } }, { methods: [GET], url: "http://127.0.0.1:8080/" }] }
      - files: { mounts: { /in: { from: logs }, /out: { access: write, copyOut: { to: reports } } } }
      - kv: { namespace: agent, access: read }
      - secrets: { token: { use: [hmac-sha256] } }
      - tools: { call: [plain.run] }
      - approve
  idle: { component: c.wasm, functions: [run] }
`;

describe('the map of who may use what', () => {
  it('names where each capability leads', () => {
    const { tools, idle } = mapOf(`${TOOLS}agents: { one: { tools: [plain, wide] } }`);
    expect(tools.get('plain')).toEqual([]);
    expect(tools.get('wide')?.map(({ name, doors }) => [name, doors.map(({ kind, text }) => `${kind} ${text}`)])).toEqual([
      ['log', ['inside lines for the receipt']],
      [
        'http',
        [
          'host GET, PUT *.example.com/v1',
          'secret token: the host sends it, unseen by the tool',
          'host GET http://127.0.0.1:8080/',
        ],
      ],
      [
        'files',
        ['folder /in: reads a copy of logs', 'inside /out: empty, the tool writes in memory', 'folder /out: writes to reports'],
      ],
      ['kv', ['store reads a store of each agent']],
      ['secrets', ['secret token: the host signs with it']],
      ['tools', ['tool plain.run']],
      ['approve', ['human asks a human during the call']],
    ]);
    expect(idle).toEqual(['idle']);
  });

  it('tells always, sometimes and never apart, for use and for a human', () => {
    const { uses } = mapOf(`${TOOLS}agents:
  free: { tools: [plain] }
  some: { tools: [{ tool: plain.run, when: 'session == "x"' }] }
  asked: { tools: [{ tool: plain.run, ask: { channels: [terminal] } }] }
  maybe: { tools: [plain.run] }
  none: { tools: [plain] }
rules:
  - { id: late, effect: ask, agents: [maybe], tools: [plain], ask: { channels: [terminal] }, when: 'session == "x"' }
  - { id: no, effect: forbid, agents: [none], tools: [plain.run] }
`);
    expect(uses.map(({ agent, functions }) => [agent, functions])).toEqual([
      [
        'free',
        [
          { name: 'run', may: 'always', asks: 'never' },
          { name: 'stop', may: 'always', asks: 'never' },
        ],
      ],
      ['some', [{ name: 'run', may: 'sometimes', asks: 'never' }]],
      ['asked', [{ name: 'run', may: 'always', asks: 'always' }]],
      ['maybe', [{ name: 'run', may: 'always', asks: 'sometimes' }]],
      ['none', [{ name: 'stop', may: 'always', asks: 'never' }]],
    ]);
  });

  it('of one agent has that one alone', () => {
    const text = `${TOOLS}agents: { one: { tools: [plain] }, two: { tools: [wide] } }`;
    expect(mapOf(text, 'two').uses.map(({ agent }) => agent)).toEqual(['two']);
    expect([...mapOf(text, 'two').tools.keys()]).toEqual(['wide']);
    expect(mapOf(text, 'three').uses).toEqual([]);
  });
});
