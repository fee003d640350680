import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cellblock-contract-'));
  mkdirSync(join(folder, 'inputs'));
  mkdirSync(join(folder, 'results'));
  writeFileSync(join(folder, 'inputs', 'a.txt'), 'hello');
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

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
    const host = { policyFolder: folder, stateFolder: join(folder, 'state'), secret: () => SECRET };
    const component = await componentFor(entry);
    expect(await checkCapability(entry, { component, host, secrets: [SECRET], ...example!() })).toEqual([]);
  });
});
