import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineCapability } from '../../host/capabilities/index.ts';
import { CapabilityCalls } from '../../host/capability-calls.ts';
import { bareCapabilityHost } from '../../host/capability-host.ts';
import { HostStates, openCapabilities } from '../../host/open-capabilities.ts';
import { RunningCalls } from '../../host/running-calls.ts';
import { CodedError, type HostCallContext, type HostFunction } from '../../runtime/index.ts';

/* What becomes of errors that capabilities throw. */

const WORDS = 'connect to https://ann:hunter2@db.internal refused';

/** The function of a capability as a component is linked with it. */
function opened(kind: 'bridged' | 'wasi', fails: HostFunction): HostFunction {
  const entry = defineCapability<unknown>({
    name: 'own',
    summary: 'fail in some way or other',
    interfaces: ['test:own/own@1.0.0'],
    scope: z.undefined(),
    open: () => [
      kind === 'bridged'
        ? { kind, name: 'own', interface: 'test:own/own@1.0.0', functions: { fails } }
        : { kind, name: 'own', setup: {}, back: { 'files.list': fails } },
    ],
  });
  const host = bareCapabilityHost('/', new HostStates());
  const calls = new CapabilityCalls(new RunningCalls());
  const [made] = openCapabilities([entry], ['own'], { tool: 't', scopes: new Map(), ceilingScopes: [], host, calls });
  const served = made?.kind === 'bridged' ? made.functions.fails : made?.kind === 'wasi' ? made.back?.['files.list'] : undefined;
  return served!;
}

describe.each(['bridged', 'wasi'] as const)('an error that a %s capability throws', (kind) => {
  const thrownBy = async (fails: HostFunction): Promise<unknown> => {
    try {
      await opened(kind, fails)([], {} as HostCallContext);
      return undefined;
    } catch (error) {
      return error;
    }
  };

  it.each([
    [
      'at once',
      () => {
        throw new TypeError(WORDS);
      },
    ],
    ['later', () => Promise.reject(new TypeError(WORDS))],
    [
      'as no error',
      () => {
        throw WORDS;
      },
    ],
  ] as [string, HostFunction][])('goes nowhere with its words: %s', async (_, fails) => {
    expect(await thrownBy(fails)).toMatchObject({ code: 'capability/failed', message: 'the capability `own` failed' });
  });

  it('ends the call by its code where it has one', async () => {
    const coded = new CodedError('busy/overloaded', 'not now');
    expect(
      await thrownBy(() => {
        throw coded;
      }),
    ).toBe(coded);
    expect(await thrownBy(() => Promise.reject(coded))).toBe(coded);
  });

  it('leaves answers as they are', async () => {
    expect(opened(kind, () => 7)([], {} as HostCallContext)).toBe(7);
    expect(await opened(kind, () => Promise.resolve(7))([], {} as HostCallContext)).toBe(7);
  });
});
