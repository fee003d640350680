import { describe, expect, it } from 'vitest';
import { KNOWN_GRANTS, namesInScopeOf, scopeSchemasOf } from '../../../host/capabilities/index.ts';
import { parsePolicy } from '../../../host/policy/index.ts';

/* What scopes name and the policy does not have is a mistake that is seen when the policy is loaded. */

const OPTIONS = { knownGrants: KNOWN_GRANTS, scopeSchemas: scopeSchemasOf(), namesInScope: namesInScopeOf() };

const load = (grant: string, more = '') =>
  parsePolicy(
    `version: 1
secrets: { key: { env: KEY } }
approvers: { people: [ann] }
tools:
  a: { component: a.wasm, functions: [go], grants: [${grant}] }
  b: { component: b.wasm, functions: [go] }
agents: { one: { tools: [a] } }
${more}`,
    'cellblock.yaml',
    OPTIONS,
  );

const http = (secret: string) =>
  `{ http: { requests: [{ methods: [GET], url: "https://example.com", secrets: { authorization: { secret: ${secret} } } }] } }`;

describe('names in scopes', () => {
  it.each([
    ['a secret of `http`', http('key'), http('kee'), 'unknown secret `kee`; secrets here: `key`'],
    [
      'a secret of `secrets`',
      '{ secrets: { key: { use: [reveal] } } }',
      '{ secrets: { kee: { use: [reveal] } } }',
      'unknown secret `kee`',
    ],
    ['a tool of `tools`', '{ tools: { call: [b] } }', '{ tools: { call: [c] } }', 'unknown tool `c`'],
    ['a function of `tools`', '{ tools: { call: [b.go] } }', '{ tools: { call: [b.stop] } }', 'offers no function `stop`'],
    [
      'a channel of `approve`',
      '{ approve: { channels: [terminal] } }',
      '{ approve: { channels: ["webhook:x"] } }',
      'unknown channel',
    ],
    [
      'an approver of `approve`',
      '{ approve: { approvers: [ann] } }',
      '{ approve: { approvers: [bob] } }',
      'unknown approver `bob`',
    ],
  ])('%s has to be there', (_what, good, bad, words) => {
    expect(load(good).tools.get('a')!.scopes.size).toBe(1);
    expect(() => load(bad)).toThrow(/cellblock\.yaml:5:\d+: tools\.a\.grants\[0\]/);
    expect(() => load(bad)).toThrow(words);
  });

  it('has to be there for ceilings, too', () => {
    expect(() => load('log', `ceiling: { grants: [log, ${http('kee')}] }`)).toThrow(
      /cellblock\.yaml:8:\d+: ceiling\.grants\[1\].*unknown secret `kee`/s,
    );
  });

  it.each([
    ['files', "{ mounts: { '/in': { from: PATH } } }", 'data'],
    ['files', "{ mounts: { '/out': { access: write, copyOut: { to: PATH } } } }", './out'],
    ['http', '{ requests: [{ methods: [GET], url: "https://example.com", ca: PATH }] }', 'ca.pem'],
  ])('of paths: those of %s are absolute in a ceiling that is a file of its own', (grant, scope, path) => {
    const under = (written: string) => {
      const ceilingText = `version: 1\nceiling: { grants: [{ ${grant}: ${scope.replace('PATH', written)} }] }\n`;
      const policy = `version: 1\ntools: { a: { component: a.wasm, functions: [go] } }\nagents: { one: { tools: [a] } }\n`;
      return parsePolicy(policy, 'cellblock.yaml', { ...OPTIONS, ceilingFile: '/etc/ceiling.yaml', ceilingText });
    };
    expect(under(`/srv/${path}`).tools.get('a')!.ceilingScopes).toHaveLength(1);
    expect(() => under(path)).toThrow(/ceiling\.yaml:2:\d+: ceiling\.grants\[0\].*expected absolute paths/s);
    expect(load(`{ ${grant}: ${scope.replace('PATH', path)} }`).tools.get('a')!.scopes.size).toBe(1);
  });
});
