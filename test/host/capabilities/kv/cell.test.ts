import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WitValue } from 'cellblock/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closeKvStores, KV } from '../../../../host/capabilities/kv/index.ts';
import { SECRETS } from '../../../../host/capabilities/secrets/index.ts';
import { ISOLATIONS, useCells } from '../../../support/cells.ts';
import { type Asker, fakeTool } from './fake-grant.ts';
import { forwarder } from './forwarder.ts';

/* Through a cell: a guest that was built against wit/host, and the values as they cross. */

const folder = mkdtempSync(join(tmpdir(), 'cellblock-kv-cell-'));
afterAll(() => {
  closeKvStores(folder);
  rmSync(folder, { recursive: true, force: true });
});

describe.each(ISOLATIONS)('in a %s', (isolation) => {
  const cells = useCells(isolation);
  let bytes: Uint8Array;
  beforeAll(async () => {
    bytes = await forwarder();
  });

  async function call(name: string, params: readonly WitValue[], scope: object = {}, asker: Asker = {}) {
    const kv = fakeTool(KV, { namespace: 'agent', ...scope }, { stateFolder: folder }, { tool: isolation, ...asker });
    const secrets = fakeTool(SECRETS, { KEY: { use: ['hmac-sha256'] } }, { secret: () => 'Jefe' });
    const capabilities = [...kv.capabilities, ...secrets.capabilities];
    const outcome = await cells.run(bytes, name, params, { capabilities });
    return outcome.kind === 'ok' || outcome.kind === 'tool-error' ? [outcome.kind, outcome.value ?? null] : outcome;
  }

  it('values go in and come out, in one call and the next', async () => {
    const value = Uint8Array.from([0, 255, 128]);
    const [, version] = (await call('set', ['k/ü', value, null])) as [string, bigint];
    expect(await call('get', ['k/ü'])).toEqual(['ok', { some: { value, version } }]);
    expect(await call('get', ['other'])).toEqual(['ok', null]);
    const [, next] = (await call('compare-and-set', ['k/ü', { some: version }, new Uint8Array(0), { some: 60_000n }])) as [
      string,
      bigint,
    ];
    expect(await call('get', ['k/ü'])).toEqual(['ok', { some: { value: new Uint8Array(0), version: next } }]);
    expect(await call('keys', ['k', null])).toEqual(['ok', ['k/ü']]);
    expect(await call('keys', ['k', { some: 'k/ü' }])).toEqual(['ok', []]);
    expect(await call('delete', ['k/ü'])).toEqual(['ok', true]);
    expect(await call('delete', ['k/ü'])).toEqual(['ok', false]);
  });

  it('refusals arrive as what they are', async () => {
    const value = new Uint8Array(1);
    expect(await call('set', ['', value, null])).toEqual(['tool-error', { tag: 'invalid-key' }]);
    expect(await call('compare-and-set', ['none', { some: 2n ** 64n - 1n }, value, null])).toEqual([
      'tool-error',
      { tag: 'conflict' },
    ]);
    expect(await call('set', ['k', new Uint8Array(70_000), null])).toEqual(['tool-error', { tag: 'quota', value: 65_536n }]);
    expect(await call('set', ['k', value, null], { access: 'read' })).toEqual([
      'tool-error',
      { tag: 'denied', value: 'the grant is to read only; `access: write` would allow it' },
    ]);
    expect(await call('get', ['k'], { namespace: 'session' })).toMatchObject(['tool-error', { tag: 'denied' }]);
    expect(await call('get', ['k'])).toEqual(['ok', null]);
  });

  it('a secret signs, and stays outside', async () => {
    expect(await call('names', [])).toEqual(['ok', ['KEY']]);
    const [, signature] = (await call('hmac-sha256', ['KEY', new Uint8Array(Buffer.from('what do ya want for nothing?'))])) as [
      string,
      Uint8Array,
    ];
    expect(Buffer.from(signature).toString('hex').slice(0, 16)).toBe('5bdcc146bf60754e');
    expect(await call('reveal', ['KEY'])).toMatchObject(['tool-error', { tag: 'denied' }]);
    expect(JSON.stringify(await call('hmac-sha256', ['OTHER', new Uint8Array(1)]))).not.toContain('Jefe');
  });
});
