import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BUILT_IN, type CapabilityEntry } from '../../../host/capabilities/index.ts';
import { type CapabilityExample, checkCapability } from '../../../host/contract/index.ts';
import { decodeComponent, type LoadedComponent, type WitValue } from '../../../runtime/index.ts';
import { dummyComponent } from '../../support/assemble.ts';

/* The one contract, for every capability that there is: a new one without an example here fails. */

const SECRET = 'correct-horse-battery-staple';
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const some = (value: WitValue): WitValue => ({ some: value });

let folder: string;
let origin: string;

/** Sends back what it got, secrets among it. */
const server = createServer((request, response) => {
  response.setHeader('x-echo', String(request.headers['x-key']));
  response.end(JSON.stringify(request.headers));
});

const request = (method: string, path: string, headers: WitValue = []): WitValue => ({
  method,
  url: `${origin}${path}`,
  headers,
  body: null,
});

beforeAll(async () => {
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  folder = mkdtempSync(join(tmpdir(), 'cellblock-contract-'));
  mkdirSync(join(folder, 'inputs'));
  mkdirSync(join(folder, 'results'));
  writeFileSync(join(folder, 'inputs', 'a.txt'), 'hello');
});

afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** What an example says beside the component and the host. */
type Example = Omit<CapabilityExample, 'component' | 'host'>;

const EXAMPLES: Readonly<Record<string, () => Example>> = {
  log: () => ({
    inside: [{ function: 'write', args: ['info', 'hello'] }],
    badScopes: [{ level: 'loud' }, { lines: 0 }, { bytes: '1GiB' }],
  }),
  clock: () => ({}),
  random: () => ({}),
  config: () => ({
    scope: { values: { region: 'eu' } },
    badScopes: [{}, { values: {} }, { values: { region: 7 } }, { values: { region: 'eu' }, secret: 'x' }],
  }),
  secrets: () => ({
    scope: { signing: { use: ['hmac-sha256'] } },
    badScopes: [{}, { signing: {} }, { signing: { use: [] } }, { signing: { use: ['print'] } }],
    inside: [{ function: 'hmac-sha256', args: ['signing', bytes('message')] }],
    outside: [
      { function: 'reveal', args: ['signing'] },
      { function: 'hmac-sha256', args: ['other', bytes('message')] },
      { function: 'reveal', args: ['__proto__'] },
    ],
    callerScope: { other: { use: ['hmac-sha256'] } },
  }),
  kv: () => ({
    scope: { namespace: 'agent', prefixes: ['notes/'] },
    badScopes: [{}, { namespace: 'everybody' }, { namespace: 'agent', prefixes: [] }, { namespace: 'agent', keys: 0 }],
    inside: [
      { function: 'set', args: ['notes/a', bytes('1'), null] },
      { function: 'get', args: ['notes/a'] },
      { function: 'keys', args: ['notes/', null] },
    ],
    outside: [
      { function: 'set', args: ['other', bytes('1'), some(5n)] },
      { function: 'get', args: ['notes'] },
      { function: 'keys', args: ['', null] },
    ],
    callerScope: { namespace: 'agent', prefixes: ['drafts/'] },
    randomCalls: 60,
  }),
  http: () => ({
    scope: {
      requests: [
        { methods: ['GET'], url: `${origin}/allowed`, addresses: ['127.0.0.1'], secrets: { 'x-key': { secret: 'key' } } },
      ],
    },
    badScopes: [
      {},
      { requests: [] },
      { requests: [{ methods: [], url: 'https://example.com' }] },
      { requests: [{ methods: ['get'], url: 'https://example.com' }] },
      { requests: [{ methods: ['GET'], url: 'ftp://example.com' }] },
      { requests: [{ methods: ['GET'], url: 'https://user@example.com' }] },
      { requests: [{ methods: ['GET'], url: 'https://*.com' }] },
      { requests: [{ methods: ['GET'], url: 'https://example.com', addresses: [] }] },
      { requests: [{ methods: ['GET'], url: 'https://example.com', headers: ['host'] }] },
    ],
    inside: [
      { function: 'send', args: [request('GET', '/allowed/echo')] },
      { function: 'http.start', args: ['GET', `${origin}/allowed`, [], false, null, null, null] },
    ],
    outside: [
      { function: 'send', args: [request('POST', '/allowed')] },
      { function: 'send', args: [request('GET', '/allowed-not')] },
      { function: 'send', args: [request('GET', '/allowed/%2e%2e/other')] },
      { function: 'send', args: [request('GET', '/allowed', [{ name: 'X-Key', value: 'mine' }])] },
      { function: 'http.start', args: ['GET', `${origin}/other`, [], false, null, null, null] },
      { function: 'http.start', args: ['GET', 'http://169.254.169.254/latest', [], false, null, null, null] },
    ],
    callerScope: { requests: [{ methods: ['GET'], url: `${origin}/elsewhere`, addresses: ['127.0.0.1'] }] },
  }),
  tools: () => ({
    scope: { call: ['redact', 'logs.tail'] },
    badScopes: [{}, { call: [] }, { call: ['Redact'] }, { call: ['redact'], depth: 9 }],
    inside: [{ function: 'call', args: ['redact.text', '{}', null] }],
    outside: [
      { function: 'call', args: ['logs.all', '{}', null] },
      { function: 'call', args: ['__proto__', '{}', null] },
    ],
    callerScope: { call: ['logs'] },
  }),
  approve: () => ({
    scope: { perCall: 1 },
    badScopes: [{ perCall: 0 }, { channels: [] }, { approvers: [] }],
    inside: [{ function: 'ask', args: ['May I?', null] }],
    outside: [{ function: 'ask', args: ['two\nlines', null] }],
  }),
  progress: () => ({ inside: [{ function: 'report', args: [1n, some(2n), 'half'] }] }),
  files: () => ({
    scope: { mounts: { '/in': { from: 'inputs' }, '/out': { access: 'write', copyOut: { to: 'results' } } } },
    badScopes: [
      {},
      { mounts: {} },
      { mounts: { in: { from: 'inputs' } } },
      { mounts: { '/in': { from: 'inputs', copyOut: { to: 'results' } } } },
    ],
    inside: [
      { function: 'files.read', args: [0, 'a.txt', 0n, 100] },
      { function: 'files.put', args: [1, 'b.txt', false, 0n, bytes('x')] },
    ],
    outside: [
      { function: 'files.read', args: [0, '../results', 0n, 100] },
      { function: 'files.read', args: [7, 'a.txt', 0n, 100] },
      { function: 'files.put', args: [0, 'a.txt', false, 0n, bytes('x')] },
      { function: 'files.remove', args: [0, 'a.txt'] },
    ],
    randomCalls: 60,
  }),
};

async function componentFor({ interfaces }: CapabilityEntry): Promise<LoadedComponent> {
  const hosts = interfaces.flatMap((id) => /^cellblock:host\/([a-z]+)@/.exec(id)?.[1] ?? []);
  const files = hosts.map((name) => readFileSync(new URL(`../../../wit/host/${name}.wit`, import.meta.url), 'utf8'));
  const texts = files.map((text, index) => (index === 0 ? text : text.replace(/^package [^;]*;/m, '')));
  const head = texts.length === 0 ? 'package test:test;\n' : `${texts.join('\n')}\n`;
  const imports = hosts.map((name) => `import ${name};`).join(' ');
  return decodeComponent(await dummyComponent(`${head}world tool { ${imports} export go: func(); }`, 'tool'));
}

describe('the contract', () => {
  it.each(BUILT_IN.map((entry) => [entry.name, entry] as const))('is kept by `%s`', async (name, entry) => {
    const example = EXAMPLES[name];
    expect(example, `an example of \`${name}\``).toBeDefined();
    const host: CapabilityExample['host'] = {
      policyFolder: folder,
      stateFolder: join(folder, 'state'),
      secret: () => SECRET,
      request: async () => ({ kind: 'ok', valueJson: '1', audit: 'a', fuel: 1n }),
      ask: async () => ({ kind: 'yes', by: 'ann', approval: 'x' }),
      report: () => undefined,
    };
    const component = await componentFor(entry);
    expect(await checkCapability(entry, { component, host, secrets: [SECRET], ...example!() })).toEqual([]);
  });
});
