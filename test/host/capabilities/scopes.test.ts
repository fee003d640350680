import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { CONFIG } from '../../../host/capabilities/config.ts';
import { HTTP } from '../../../host/capabilities/http/index.ts';
import { KV } from '../../../host/capabilities/kv/index.ts';
import { LOG } from '../../../host/capabilities/log.ts';
import { SECRETS } from '../../../host/capabilities/secrets/index.ts';
import { type Policy, type PolicyIssue, parsePolicy, policyJsonSchema } from '../../../host/policy/index.ts';
import { decodeComponent, signatureOf } from '../../../runtime/index.ts';
import { dummyComponent } from '../../support/assemble.ts';
import { thrownBy } from '../policy/fixture.ts';
import { fakeTool } from './kv/fake-grant.ts';

const ENTRIES = [KV, SECRETS, CONFIG, LOG, HTTP];
const SCHEMAS = new Map(ENTRIES.map(({ name, scope }) => [name, scope!]));
const OPTIONS = { knownGrants: new Set(SCHEMAS.keys()), scopeSchemas: SCHEMAS };

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
const parse = (text: string): Policy => parsePolicy(text, '/etc/cells/cellblock.yaml', OPTIONS);
const withGrant = (grant: string) => `version: 1
tools:
  t:
    component: t.wasm
    functions: [f]
    grants:
      - ${grant}
agents: { a: { tools: [t] } }
`;

function issuesOf(text: string): string[] {
  const issues = thrownBy(() => parse(text)).data.issues as readonly PolicyIssue[];
  return issues.map(({ line, column, path, message }) => `${line}:${column}: ${path}: ${message}`);
}

describe('examples of the pages', () => {
  const accepts = new Ajv2020({ strict: false }).compile(policyJsonSchema(SCHEMAS));
  const examples = ['kv', 'secrets', 'config-and-log', 'http'].flatMap((page) =>
    [...read(`docs/${page}.md`).matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, text]) => [page, text!] as const),
  );

  test.each(examples)('%s', (_, text) => {
    const whole = `version: 1\n${text}`;
    expect([...parse(whole).tools.values()].some(({ scopes }) => scopes.size > 0)).toBe(true);
    expect(accepts(parseYaml(whole))).toBe(true);
  });

  it('are there', () => expect(examples).toHaveLength(4));

  test.each([
    'kv: { namespace: all }',
    'http: { requests: [] }',
    'secrets: { A: { use: [any] } }',
    'config: { values: { A: 1 } }',
    'log: { lines: 0 }',
  ])('are refused by editors, as by the loader, when they have %s', (grant) => {
    expect(accepts(parseYaml(withGrant(grant)))).toBe(false);
    expect(issuesOf(withGrant(grant))).toHaveLength(1);
  });
});

test.each([
  [
    'kv',
    '7:9: tools.t.grants[0]: `kv` needs a scope: write `kv: {...}`, with `namespace`: expected `agent`, `tool` or `session`',
  ],
  ['secrets', '7:9: tools.t.grants[0]: `secrets` needs a scope: write `secrets: {...}`'],
  [
    'http',
    '7:9: tools.t.grants[0]: `http` needs a scope: write `http: {...}`, with `requests`: expected a list of one or more kinds of requests',
  ],
  ['http: {}', '7:9: tools.t.grants[0].http.requests: missing; expected a list of one or more kinds of requests'],
  [
    'http: { requests: [{ methods: [GET], url: "https://*" }] }',
    '7:51: tools.t.grants[0].http.requests[0].url: expected an URL of https or http with a host, such as `https://api.example.com/v1`, without user, query and fragment, got `https://*`: a star stands at the beginning only, as in `https://*.example.com`',
  ],
  [
    'config',
    '7:9: tools.t.grants[0]: `config` needs a scope: write `config: {...}`, with `values`: expected a mapping of settings',
  ],
  ['kv: {}', '7:9: tools.t.grants[0].kv.namespace: missing; expected `agent`, `tool` or `session`'],
  ['secrets: {}', '7:18: tools.t.grants[0].secrets: expected one or more secrets, got none'],
  ['log:', '7:13: tools.t.grants[0].log: expected a mapping of the fields of `log`, got nothing'],
  [
    'kv: { namespace: tool, any: true }',
    '7:37: tools.t.grants[0].kv.any: unknown field; the fields here are `namespace`, `store`, `access`, `prefixes`, `bytes`, `keys`, `valueBytes`, `ttlMax`',
  ],
])('the loader says where: %s', (grant, issue) => expect(issuesOf(withGrant(grant))).toEqual([issue]));

it('the bare name `log` has a scope of defaults', () => {
  expect(parse(withGrant('log')).tools.get('t')!.scopes.get('log')).toEqual({});
});

describe('the section `secrets`', () => {
  const withSecrets = (section: string) => withGrant('log').replace('tools:', `secrets: ${section}\ntools:`);
  const ONE = 'expected exactly one of `env` and `file`';

  it('says where each secret is', () => {
    expect([...parse(withSecrets('{ A: { env: B }, c-d.e: { file: x/y } }')).secrets]).toEqual([
      ['A', { kind: 'env', variable: 'B' }],
      ['c-d.e', { kind: 'file', path: 'x/y' }],
    ]);
    expect(parse(withGrant('log')).secrets.size).toBe(0);
  });

  test.each([
    ['{ A: value }', '2:15: secrets.A: expected a mapping of `env` or `file`, got text `value`'],
    ['{ A: {} }', `2:15: secrets.A: ${ONE}`],
    ['{ A: { env: B, file: c } }', `2:15: secrets.A: ${ONE}`],
    ['{ A: { env: B, value: x } }', '2:25: secrets.A.value: unknown field; the fields here are `env`, `file`'],
    ['{ A: { env: "B C" } }', '2:22: secrets.A.env: expected the name of an environment variable, got text `B C`'],
    ['{ A: { file: " c" } }', '2:23: secrets.A.file: expected the path of a file, got text ` c`'],
    ['[A]', '2:10: secrets: expected a mapping of secrets, got a list'],
  ])('refuses %s', (section, issue) => expect(issuesOf(withSecrets(section))[0]).toBe(issue));

  test.each(['"1A"', '"a b"', '"\u0410"', '"A/B"'])('refuses the name %s', (key) => {
    expect(issuesOf(withSecrets(`{ ${key}: { env: B } }`))).toHaveLength(1);
  });
});

test.each([
  [KV, { namespace: 'tool' }, 5],
  [SECRETS, { A: { use: ['reveal'] } }, 3],
  [LOG, undefined, 1],
  [HTTP, { requests: [{ methods: ['GET'], url: 'https://api.test' }] }, 1],
] as const)('$name is served with the types of its WIT', async ({ name }, scope, count) => {
  const entry = ENTRIES.find((one) => one.name === name)!;
  const world = `world w { import ${name}; export f: func(); }`;
  const { imports } = decodeComponent(await dummyComponent(`${read(`wit/host/${name}.wit`)}\n${world}`, 'w'));
  const item = imports.find((one) => one.name === entry.interfaces[0]);
  if (item?.kind !== 'interface') throw new Error('the world has no such import');
  const declared = item.items.flatMap((inner) => (inner.kind === 'func' ? [[inner.name, signatureOf(inner.type)]] : []));
  expect(declared).toHaveLength(count);
  const [capability] = fakeTool(entry, scope, {}).capabilities;
  if (capability?.kind !== 'bridged') throw new Error('it has no functions');
  expect(capability.signatures).toEqual(Object.fromEntries(declared));
  expect(Object.keys(capability.functions).sort()).toEqual(declared.map(([one]) => one).sort());
});
