import { describe, expect, it, test } from 'vitest';
import type { CapabilityHost } from '../../../../host/capabilities/capability.ts';
import { openSecretStore } from '../../../../host/capabilities/secret-store.ts';
import { SECRETS } from '../../../../host/capabilities/secrets/index.ts';
import { type Asker, fakeTool, issuesOf } from '../kv/fake-grant.ts';

const SOURCES = new Map([
  ['KEY', { kind: 'env', variable: 'KEY' }],
  ['TOKEN', { kind: 'env', variable: 'TOKEN' }],
  ['GONE', { kind: 'env', variable: 'GONE' }],
] as const);
const store = openSecretStore(SOURCES, { env: { KEY: 'Jefe', TOKEN: 'tok-9f3c' }, policyFolder: '/' });
const HOST: Partial<CapabilityHost> = { secret: (name) => store.value(name) };

const SCOPE = { KEY: { use: ['hmac-sha256'] }, TOKEN: { use: ['reveal'] }, GONE: { use: ['reveal', 'hmac-sha256'] } };
const tool = (scope: unknown = SCOPE, asker: Asker = {}) => fakeTool(SECRETS, scope, HOST, asker);
const bytes = (text: string) => new Uint8Array(Buffer.from(text));
const denied = (value: string) => ({ err: { tag: 'denied', value } });

describe('the secrets of a grant', () => {
  it('are known by name', async () => {
    expect(await tool().call('names')).toEqual(['KEY', 'TOKEN', 'GONE']);
  });

  it('sign, as RFC 4231 has it (case 2), and are not handed over', async () => {
    const signing = tool();
    const answer = await signing.call('hmac-sha256', 'KEY', bytes('what do ya want for nothing?'));
    const { ok } = answer as { ok: Uint8Array };
    expect(Buffer.from(ok).toString('hex')).toBe('5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843');
    expect(ok.constructor).toBe(Uint8Array);
    expect(ok.buffer.byteLength).toBe(32); // not a part of a pool with other bytes in it
    expect(await signing.call('reveal', 'KEY')).toEqual(denied('the grant has `KEY` not for `reveal`; `use` would allow it'));
  });

  it('are handed over where the policy says so, and do not sign then', async () => {
    expect(await tool().call('reveal', 'TOKEN')).toEqual({ ok: 'tok-9f3c' });
    expect(await tool().call('hmac-sha256', 'TOKEN', bytes('x'))).toEqual(
      denied('the grant has `TOKEN` not for `hmac-sha256`; `use` would allow it'),
    );
  });

  it('that are not there are unavailable, for each use', async () => {
    expect(await tool().call('reveal', 'GONE')).toEqual({ err: { tag: 'unavailable' } });
    expect(await tool().call('hmac-sha256', 'GONE', bytes(''))).toEqual({ err: { tag: 'unavailable' } });
  });

  test.each(['OTHER', 'key', 'KEY ', '', '__proto__', 'constructor', 'K\u0395Y', 'x'.repeat(2 ** 20)])(
    'have no name %j, and the host is not asked for it',
    async (name) => {
      const asked: string[] = [];
      const secret = (one: string) => {
        asked.push(one);
        return 'never';
      };
      const own = fakeTool(SECRETS, { KEY: { use: ['hmac-sha256', 'reveal'] } }, { secret });
      for (const answer of [await own.call('reveal', name), await own.call('hmac-sha256', name, bytes(''))]) {
        expect(answer).toMatchObject({ err: { tag: 'denied' } });
        expect(JSON.stringify(answer).length).toBeLessThan(200);
      }
      expect(asked).toEqual([]);
    },
  );

  test.each<[string, unknown[], string[], boolean]>([
    ['the same', [SCOPE], ['KEY', 'TOKEN', 'GONE'], true],
    ['another secret', [{ TOKEN: { use: ['reveal'] } }], ['TOKEN'], false],
    ['another use', [{ KEY: { use: ['reveal'] }, GONE: { use: ['reveal'] } }], ['GONE'], false],
    ['one of two without it', [SCOPE, { OTHER: { use: ['hmac-sha256'] } }], [], false],
  ])('are only what grants above have, too: %s', async (_, above, names, isAllowed) => {
    const nested = tool(SCOPE, { above });
    expect(await nested.call('names')).toEqual(names);
    const answer = await nested.call('hmac-sha256', 'KEY', bytes('x'));
    expect(answer).toHaveProperty(isAllowed ? 'ok' : 'err');
  });

  it('come from the own grant: one above gives nothing', async () => {
    const nested = tool(
      { KEY: { use: ['hmac-sha256'] } },
      { above: [{ KEY: { use: ['reveal', 'hmac-sha256'] }, TOKEN: { use: ['reveal'] } }] },
    );
    expect(await nested.call('names')).toEqual(['KEY']);
    expect(await nested.call('reveal', 'KEY')).toMatchObject({ err: { tag: 'denied' } });
    expect(await nested.call('reveal', 'TOKEN')).toEqual(denied('the grant has no secret `TOKEN`'));
  });

  it('leave word of each use, and never a value (AU-13)', async () => {
    const own = tool();
    await own.call('hmac-sha256', 'KEY', bytes('four'));
    await own.call('reveal', 'TOKEN');
    await own.call('reveal', 'KEY');
    await own.call('reveal', 'GONE');
    expect(own.notes).toEqual([
      { capability: 'secrets', act: 'hmac-sha256 `KEY`', result: 'ok', data: { bytes: 4 } },
      { capability: 'secrets', act: 'reveal `TOKEN`', result: 'ok' },
      {
        capability: 'secrets',
        act: 'reveal `KEY`',
        result: 'denied: the grant has `KEY` not for `reveal`; `use` would allow it',
      },
      {
        capability: 'secrets',
        act: 'reveal `GONE`',
        result: 'unavailable: the secret `GONE` is not in its environment variable',
      },
    ]);
    for (const value of store.known()) expect(JSON.stringify(own.notes)).not.toContain(value);
  });
});

describe('the schema', () => {
  const USES = 'a list of one or more of `hmac-sha256` and `reveal`';
  test.each<[string, unknown, string[]]>([
    ['no scope', undefined, ['missing; expected a mapping of names of secrets to their uses']],
    ['nothing', {}, ['expected one or more secrets, got none']],
    ['a list of names', ['KEY'], ['expected a mapping of names of secrets to their uses, got a list']],
    ['no use', { KEY: {} }, [`KEY.use: missing; expected ${USES}`]],
    ['an empty list', { KEY: { use: [] } }, [`KEY.use: expected ${USES}, got an empty one`]],
    ['another use', { KEY: { use: ['any'] } }, ['KEY.use.0: expected one of `hmac-sha256` and `reveal`, got text `any`']],
    ['a use twice', { KEY: { use: ['reveal', 'reveal'] } }, ['KEY.use.1: `reveal` is listed twice']],
    ['another field', { KEY: { use: ['reveal'], value: 'x' } }, ['KEY: the fields here are `use`']],
  ])('refuses %s', (_, scope, issues) => expect(issuesOf(SECRETS, scope)).toEqual(issues));

  it('refuses a name that none has', () => expect(issuesOf(SECRETS, { 'a b': { use: ['reveal'] } })).not.toEqual([]));
  it('takes one', () => expect(issuesOf(SECRETS, SCOPE)).toEqual([]));
});
