import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { CapabilityEntry, Outcome, Warden } from 'cellblock';
import { describe, expect, it } from 'vitest';
import { weatherCapability } from '../fixtures/own-capability/weather.mjs';
import { guest } from '../support/guests.ts';
import { hostFunctions, usePlace } from '../support/wardens.ts';

/* The capability of an embedding program, through a warden: policy, bridge, scopes, trail. Its tool is real, the weather is not. */

const WIT = readFileSync(new URL('../fixtures/own-capability/weather.wit', import.meta.url), 'utf8');

/** Passes its question on, and the answer back. */
const CORE = `(module
  (import "acme:weather/forecast@1.0.0" "degrees" (func $degrees (param i32 i32 i32)))
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (memory.grow (i32.const 1)))
    (i32.mul (local.get $at) (i32.const 65536)))
  (func (export "ask") (param i32 i32) (result i32)
    (call $degrees (local.get 0) (local.get 1) (i32.const 1024))
    (i32.const 1024)))`;

const place = usePlace();

interface Setting {
  readonly scope?: string;
  readonly more?: string;
  readonly isolation?: string;
  readonly secrets?: string;
  readonly entry?: CapabilityEntry;
}

async function open({
  scope = '{ cities: [Bremen, Ulm] }',
  more = '',
  isolation = 'thread',
  secrets = '[]',
  entry,
}: Setting = {}): Promise<Warden> {
  const site = place.site(`version: 1
tools:
  weather: { component: weather.wasm, functions: [ask], grants: [{ weather: ${scope} }], isolation: ${isolation}, secrets: ${secrets} }
agents:
  one: { tools: [weather] }
${more}`);
  writeFileSync(join(site, 'weather.wasm'), await guest(CORE, WIT));
  return place.open(site, { capabilities: [entry ?? weatherCapability((city) => city.length)] });
}

const ask = (warden: Warden, city: string): Promise<Outcome> =>
  warden.request({ agent: 'one', tool_name: 'weather', parameters: { city } });

describe('the capability of an embedding program', () => {
  it.each(['thread', 'process'])(
    'is used within its scope and refused outside of it, and both are told: %s',
    async (isolation) => {
      const warden = await open({ isolation });
      const inside = await ask(warden, 'Bremen');
      expect(inside).toMatchObject({ kind: 'ok', value: 6 });
      expect(inside.receipt).toMatchObject({
        grants: ['weather {"cities":["Bremen","Ulm"]}'],
        uses: [{ capability: 'weather', act: 'degrees Bremen', result: '6' }],
      });
      const outside = await ask(warden, 'Paris');
      expect(outside).toMatchObject({ kind: 'tool-error', value: expect.stringMatching(/^denied: `cities`/) });
      const { records } = await warden.audit.show(outside.receipt.audit!);
      expect(records.find(({ kind }) => kind === 'intent')).toMatchObject({ grants: inside.receipt.grants });
      expect(records.find(({ kind }) => kind === 'outcome')).toMatchObject({
        uses: [{ capability: 'weather', act: 'degrees Paris', result: 'denied: not one of the cities' }],
      });
    },
  );

  it('AU-13: tells nothing of a secret parameter that its tool passes on', async () => {
    const warden = await open({ scope: '{ cities: [Bremen] }', secrets: '[city]' });
    for (const city of ['Bremen', 'Rio-de-Janeiro']) {
      const { receipt } = await ask(warden, city);
      expect(receipt.uses).toMatchObject([{ capability: 'weather', act: expect.stringMatching(/^hmac-sha256:/) }]);
      const { records } = await warden.audit.show(receipt.audit!);
      const told = JSON.stringify([records, receipt]).replaceAll('{\\"cities\\":[\\"Bremen\\"]}', 'SCOPE');
      expect(told).toContain('SCOPE');
      expect(told).not.toContain(city);
    }
  });

  it('is refused where a ceiling does not have it, whatever the tool says', async () => {
    const warden = await open({ more: 'ceiling: { grants: [{ weather: { cities: [Ulm, Paris] } }] }' });
    expect(await ask(warden, 'Ulm')).toMatchObject({ kind: 'ok' });
    expect(await ask(warden, 'Bremen')).toMatchObject({ kind: 'tool-error' });
    expect(await ask(warden, 'Paris')).toMatchObject({ kind: 'tool-error' });
  });

  it.each([
    ['{}', 'cities'],
    ['{ cities: [] }', 'cities'],
    ['{ cities: [Ulm], country: de }', 'country'],
    ['[Ulm]', 'weather'],
    ['null', 'weather'],
  ])('with the scope %s there is no policy', async (scope, words) => {
    await expect(open({ scope })).rejects.toMatchObject({
      code: 'policy/invalid-document',
      message: expect.stringMatching(new RegExp(`cellblock\\.yaml:3:\\d+: tools\\.weather\\.grants.*${words}`, 's')),
    });
  });

  it('ends a call that its own error ended, and lets go of what it kept, on every path', async () => {
    const ended: string[] = [];
    const key = {};
    const honest = weatherCapability((city) => {
      if (city === 'Ulm') throw new TypeError('no such city');
      return 1;
    });
    const entry: CapabilityEntry = {
      ...honest,
      open: (grant) =>
        honest.open!(grant).map((item) => {
          if (item.kind !== 'bridged') return item;
          const { degrees } = item.functions;
          return {
            ...item,
            functions: {
              degrees: (args, context) => {
                grant.callOf(context).state(
                  key,
                  () => String(args[0]),
                  (city, cell) => void ended.push(`${city} ${cell.kind}`),
                );
                return degrees!(args, context);
              },
            },
          };
        }),
    };
    const warden = await open({ entry });
    expect(await ask(warden, 'Bremen')).toMatchObject({ kind: 'ok' });
    expect(await ask(warden, 'Ulm')).toMatchObject({
      kind: 'trapped',
      error: { code: 'capability/failed', message: 'the capability `weather` failed' },
    });
    expect(ended).toEqual(['Bremen ok', 'Ulm trapped']);
  });
});

describe('a request that comes again', () => {
  it('is answered with what its capabilities did, also after a restart', async () => {
    const more = 'trail: { results: keep }';
    const first = await open({ more });
    const words = { agent: 'one', tool_name: 'weather', parameters: { city: 'Ulm' }, request_id: 'r' };
    const { receipt } = await first.request(words);
    expect(receipt.uses).toEqual([{ capability: 'weather', act: 'degrees Ulm', result: '3' }]);
    await first.close();
    const again = await place.open(dirname(first.policy.file), { capabilities: [weatherCapability(() => 0)] });
    expect(await again.request(words)).toMatchObject({
      kind: 'ok',
      value: 3,
      receipt: { audit: receipt.audit, uses: receipt.uses },
    });
  });
});

describe('a request that comes again on behalf of a tool with a narrower scope', () => {
  it('is not answered with what was done without that tool', async () => {
    const site = place.site(`version: 1
tools:
  weather: { component: weather.wasm, functions: [ask], grants: [{ weather: { cities: [Bremen, Ulm] } }] }
  asking: { component: asking.wasm, functions: [ask], grants: [deputy, { weather: { cities: [Ulm] } }] }
agents:
  one: { tools: [weather, asking] }
`);
    writeFileSync(join(site, 'weather.wasm'), await guest(CORE, WIT));
    const inner: Outcome[] = [];
    const askInner = async (_: unknown, { ref }: { ref: string | undefined }) => {
      for (const [city, request_id] of [
        ['Bremen', 'r'],
        ['Ulm', 's'],
        ['Ulm', 's'],
      ] as const)
        inner.push(
          await warden.request({ agent: 'one', tool_name: 'weather', parameters: { city }, request_id }, { parent: ref! }),
        );
      return 1;
    };
    const capabilities = [...hostFunctions({ ask: askInner }), weatherCapability((city) => city.length)];
    const warden: Warden = await place.open(site, { capabilities });
    const direct = { agent: 'one', tool_name: 'weather', parameters: { city: 'Bremen' }, request_id: 'r' };
    expect(await warden.request(direct)).toMatchObject({ kind: 'ok', value: 6 });
    expect(await warden.request({ agent: 'one', tool_name: 'asking', parameters: { n: 1 } })).toMatchObject({ kind: 'ok' });
    expect(inner.map(({ kind, error }) => error?.code ?? kind)).toEqual(['params/request-id-conflict', 'ok', 'ok']);
    expect(inner[2]!.receipt.audit).toBe(inner[1]!.receipt.audit);
  });
});

describe('an own capability that tells what is no data', () => {
  it('keeps neither the outcome of its call out of the trail, nor the calls after it', async () => {
    const honest = weatherCapability((city) => city.length);
    const entry: CapabilityEntry = {
      ...honest,
      open: (grant) =>
        honest.open!(grant).map((item) => {
          if (item.kind !== 'bridged') return item;
          const degrees: NonNullable<(typeof item.functions)[string]> = (args, context) => {
            grant.callOf(context).note({ capability: 'weather', act: 'look', result: 'ok', data: { bytes: 5n } as never });
            return item.functions.degrees!(args, context);
          };
          return { ...item, functions: { degrees } };
        }),
    };
    const warden = await open({ entry });
    const one = await ask(warden, 'Bremen');
    expect(one).toMatchObject({ kind: 'ok', receipt: { uses: [{ act: 'look' }, { act: 'degrees Bremen' }] } });
    expect(await ask(warden, 'Ulm')).toMatchObject({ kind: 'ok' });
    const { records } = await warden.audit.show(one.receipt.audit!);
    expect(records.find(({ kind }) => kind === 'outcome')).toMatchObject({ uses: one.receipt.uses });
  });
});
