import { readFileSync } from 'node:fs';
import type { CapabilityEntry } from 'cellblock';
import { type CapabilityExample, checkCapability } from 'cellblock/contract';
import { decodeComponent, type HostFunction } from 'cellblock/runtime';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { weatherCapability } from '../fixtures/own-capability/weather.mjs';
import { dummyComponent } from '../support/assemble.ts';

/* The contract, on the capability of an embedding program: an honest one keeps it, and each way to break it is seen. */

const SECRET = 'hunter2-hunter2';
const WIT = readFileSync(new URL('../fixtures/own-capability/weather.wit', import.meta.url), 'utf8');
const host = { policyFolder: '/', stateFolder: undefined, secret: () => SECRET };

let example: CapabilityExample;

beforeAll(async () => {
  example = {
    component: decodeComponent(await dummyComponent(WIT, 'tool')),
    scope: { cities: ['Bremen', 'Ulm'] },
    badScopes: [{}, { cities: [] }, { cities: [''] }, { cities: ['Ulm'], country: 'de' }],
    inside: [{ function: 'degrees', args: ['Bremen'] }],
    outside: [{ function: 'degrees', args: ['Paris'] }],
    callerScope: { cities: ['Ulm'] },
    host,
    secrets: [SECRET],
  };
});

const honest = weatherCapability(() => 21);

/** The honest one with another function. */
function serving(degrees: HostFunction): CapabilityEntry {
  const open = (grant: Parameters<NonNullable<CapabilityEntry['open']>>[0]) =>
    honest.open!(grant).map((item) => (item.kind === 'bridged' ? { ...item, functions: { degrees } } : item));
  return { ...honest, open };
}

/** One that does what the honest one does, and then something else. */
function after(change: (answer: unknown, args: Parameters<HostFunction>) => unknown): CapabilityEntry {
  const open = (grant: Parameters<NonNullable<CapabilityEntry['open']>>[0]) =>
    honest.open!(grant).map((item) => {
      if (item.kind !== 'bridged') return item;
      const degrees = item.functions.degrees!;
      return {
        ...item,
        functions: { degrees: async (...args: Parameters<HostFunction>) => change(await degrees(...args), args) },
      };
    });
  return { ...honest, open: open as NonNullable<CapabilityEntry['open']> };
}

const faultsOf = (entry: CapabilityEntry, changes: Partial<CapabilityExample> = {}) =>
  checkCapability(entry, { ...example, randomCalls: 20, ...changes });

describe('the contract of capabilities', () => {
  it('is kept by an honest one', async () => {
    expect(await checkCapability(honest, example)).toEqual([]);
  });

  it.each<[string, () => CapabilityEntry, RegExp]>([
    ['a name that no policy could write', () => ({ ...honest, name: 'Weather' }), /kebab-case/],
    ['a summary that says nothing', () => ({ ...honest, summary: '' }), /summary/],
    ['an interface without a version', () => ({ ...honest, interfaces: ['acme:weather/forecast'] }), /no version/],
    ['no way to be opened', () => ({ name: 'weather', summary: honest.summary, interfaces: [] }), /neither or both/],
    ['a scope that takes anything', () => ({ ...honest, scope: z.any() }), /is taken/],
    ['an interface that it does not serve', () => ({ ...honest, open: () => [] }), /does not link/],
    ['an interface that its entry does not name', () => ({ ...honest, interfaces: [] }), /does not name it/],
    ['everything allowed', () => serving(() => ({ ok: 1 })), /outside of the scope is allowed/],
    ['nothing allowed', () => serving(() => ({ err: 'no' })), /within the scope/],
    [
      'a refusal that nobody hears of',
      () => serving(([city]) => (city === 'Bremen' ? { ok: 1 } : { err: 'no' })),
      /no word of it/,
    ],
    ['an answer of another type', () => after(() => ({ ok: 'warm' })), /within the scope|must not/],
    ['no answer', () => after(() => undefined), /must not|within the scope/],
    ['an error of JavaScript', () => after(() => JSON.parse('{')), /must not|SyntaxError/],
    [
      'a secret in its refusal',
      () => after((answer) => ('err' in (answer as object) ? { err: SECRET } : answer)),
      /tells a secret/,
    ],
    [
      'a secret in the log',
      () => after((answer, [, { log }]) => log({ level: 'info', message: SECRET }) ?? answer),
      /tells a secret/,
    ],
  ])('sees %s', async (_what, broken, words) => {
    expect((await faultsOf(broken())).join('\n')).toMatch(words);
  });

  it("sees that it gives a tool what the tool's caller has not", async () => {
    const deputy = after((answer) => answer);
    const open = deputy.open!;
    const faults = await faultsOf({ ...deputy, open: (grant) => open({ ...grant, scopesFor: () => [grant.scope] }) });
    expect(faults).toEqual(['`degrees` is allowed on behalf of a tool that may not']);
  });

  it('sees that it goes on after the end of the call', async () => {
    // Who never asks for the call does not see that it has ended.
    const open: CapabilityEntry['open'] = (grant) =>
      honest.open!({
        ...grant,
        callOf: (context) => {
          try {
            return grant.callOf(context);
          } catch {
            return { note: () => undefined } as unknown as ReturnType<typeof grant.callOf>;
          }
        },
        scopesFor: () => [grant.scope],
      });
    expect((await faultsOf({ ...honest, open })).join()).toMatch(/still allowed after the end of its call/);
  });

  it('sees a state that is made after the end of the call', async () => {
    const kept = {};
    const careless: CapabilityEntry = {
      ...honest,
      open: (grant) =>
        honest.open!(grant).map((item) => {
          if (item.kind !== 'bridged') return item;
          const degrees: HostFunction = (args, context) => {
            let call: ReturnType<typeof grant.callOf> | undefined;
            try {
              call = grant.callOf(context);
            } catch {
              return Promise.reject(new TypeError('where is my call?'));
            }
            call.state(kept, () => 1);
            return item.functions.degrees!(args, context);
          };
          return { ...item, functions: { degrees } };
        }),
    };
    expect((await faultsOf(careless)).join()).toMatch(/after the end of its call: TypeError/);
  });
});
