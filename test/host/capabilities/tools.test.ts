import { describe, expect, it } from 'vitest';
import type {
  CapabilityCall,
  CapabilityHost,
  Grant,
  NestedOutcome,
  NestedRequest,
} from '../../../host/capabilities/capability.ts';
import { TOOLS, type ToolsScope } from '../../../host/capabilities/tools.ts';
import type { HostCallContext, WitValue } from '../../../runtime/index.ts';

function setUp(scopes: readonly [ToolsScope, ...ToolsScope[]], outcome: NestedOutcome | undefined) {
  const filed: { request: NestedRequest; fuelMax: bigint }[] = [];
  const notes: string[] = [];
  const charged: bigint[] = [];
  const states = new Map<object, unknown>();
  const call: CapabilityCall = {
    audit: 'a1',
    agent: 'triage',
    tool: 'outer',
    endsMs: 1000,
    signal: new AbortController().signal,
    state: (key, make) => {
      if (!states.has(key)) states.set(key, make());
      return states.get(key) as ReturnType<typeof make>;
    },
    note: ({ act, result, data }) => notes.push(`${act}: ${result}${data === undefined ? '' : ` ${JSON.stringify(data)}`}`),
  };
  const request = async (nested: NestedRequest, _call: CapabilityCall, fuelMax: bigint) => {
    filed.push({ request: nested, fuelMax });
    return outcome!;
  };
  const host: CapabilityHost = {
    policyFolder: '/',
    stateFolder: undefined,
    state: (_key, make) => make(),
    secret: () => '',
    ...(outcome === undefined ? {} : { request }),
  };
  const grant: Grant<ToolsScope> = { tool: 'outer', scope: scopes[0], host, callOf: () => call, scopesFor: () => scopes };
  const [capability] = TOOLS.open!(grant as Grant<unknown>);
  const context = { fuelLeft: 500n, charge: (units: bigint) => charged.push(units) } as unknown as HostCallContext;
  const functions = (capability as { functions: Record<string, (args: WitValue[], context: HostCallContext) => unknown> })
    .functions;
  return { filed, notes, charged, use: (...args: WitValue[]) => functions.call!(args, context) };
}

const OK: NestedOutcome = { kind: 'ok', valueJson: '{"x":1}', audit: 'a2', fuel: 42n };

describe('`tools`', () => {
  it('calls a tool that the scope lists, with the fuel that is left, and charges what was used', async () => {
    const { use, filed, charged, notes } = setUp([{ call: ['redact'] }], OK);
    expect(await use('redact', '{}', { some: 'why' })).toEqual({ ok: '{"x":1}' });
    const request = { toolName: 'redact', parametersJson: '{}', justification: 'why', depthMax: 4 };
    expect(filed).toEqual([{ request, fuelMax: 500n }]);
    expect(charged).toEqual([42n]);
    expect(notes).toEqual(['call redact: ok {"audit":"a2"}']);
  });

  it('PO-01: refuses every other name, before anything is filed', async () => {
    const { use, filed, notes } = setUp([{ call: ['redact', 'logs.tail'] }], OK);
    for (const name of [
      '',
      'Redact',
      'redact ',
      'redacts',
      'logs',
      'logs.head',
      'logs.tail.x',
      '__proto__',
      'red\u200bact',
      '*',
    ]) {
      expect(await use(name, '{}', null)).toMatchObject({ err: { outcome: 'refused', code: 'denied/scope', value: null } });
    }
    expect(filed).toEqual([]);
    expect(notes).toHaveLength(10);
    expect(await use('redact.text', '{}', null)).toHaveProperty('ok');
    expect(await use('logs.tail', '{}', null)).toHaveProperty('ok');
  });

  it('PO-19: refuses what one of the callers does not list, and takes the lowest depth', async () => {
    const { use, filed } = setUp(
      [
        { call: ['redact', 'b'], depth: 8 },
        { call: ['redact'], depth: 2 },
      ],
      OK,
    );
    expect(await use('b', '{}', null)).toMatchObject({ err: { code: 'denied/scope' } });
    expect(await use('redact', '{}', null)).toHaveProperty('ok');
    expect(filed.map(({ request }) => request.depthMax)).toEqual([2]);
  });

  it('counts parameters in bytes', async () => {
    const { use } = setUp([{ call: ['redact'], parametersBytes: 6 }], OK);
    expect(await use('redact', '"\u00e9\u00e9"', null)).toHaveProperty('ok');
    expect(await use('redact', '"\u00e9\u00e9x"', null)).toMatchObject({ err: { code: 'denied/scope' } });
  });

  it('has one call in flight', async () => {
    const { use, filed } = setUp([{ call: ['redact'] }], OK);
    const [first, second] = await Promise.all([use('redact', '{}', null), use('redact', '{}', null)]);
    expect([first, second]).toMatchObject([{ ok: '{"x":1}' }, { err: { code: 'denied/scope' } }]);
    expect(filed).toHaveLength(1);
  });

  it('tells other ends as failures, with the value of a tool error only', async () => {
    const failed = { kind: 'tool-error', valueJson: '"no"', fuel: 0n, audit: 'a2' } as const;
    expect(await setUp([{ call: ['b'] }], failed).use('b', '{}', null)).toEqual({
      err: { outcome: 'tool-error', code: 'tool-error', message: '', value: { some: '"no"' } },
    });
    const refused = { kind: 'refused', code: 'denied/no-grant', message: 'no', valueJson: '1', fuel: 0n } as const;
    expect(await setUp([{ call: ['b'] }], refused).use('b', '{}', null)).toEqual({
      err: { outcome: 'refused', code: 'denied/no-grant', message: 'no', value: null },
    });
  });

  it('fails where there is no warden', async () => {
    const { use } = setUp([{ call: ['b'] }], undefined);
    expect(await use('b', '{}', null)).toMatchObject({ err: { outcome: 'failed', code: 'capability/unavailable' } });
  });

  it('WA-02: has no scope that is empty or says more than is known', () => {
    for (const scope of [undefined, {}, { call: [] }, { call: ['*'] }, { call: ['a', 'a'] }, { call: ['a'], more: 1 }]) {
      expect(TOOLS.scope!.safeParse(scope).success).toBe(false);
    }
    for (const more of [{ depth: 0 }, { depth: 9 }, { depth: 1.5 }, { atOnce: 2 }, { parametersBytes: '1MB' }]) {
      expect(TOOLS.scope!.safeParse({ call: ['a'], ...more }).success).toBe(false);
    }
    const parsed = TOOLS.scope!.parse({ call: ['a', 'b.c'], depth: 8, parametersBytes: '1KiB' });
    expect(parsed).toEqual({ call: ['a', 'b.c'], depth: 8, parametersBytes: 1024 });
  });
});
