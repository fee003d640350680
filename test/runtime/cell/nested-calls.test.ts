import type { HostFunction, PreparedCall } from 'cellblock/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ISOLATIONS, openRunner } from '../../support/cells.ts';
import { importingGuest } from '../../support/guests.ts';

/* Calls whose host function makes a call: the outer one holds its worker meanwhile. */

const THREADS = 2;

describe.each(ISOLATIONS)('calls on behalf of calls, behind the wall `%s`', (isolation) => {
  let runtime: ReturnType<typeof openRunner>;
  let call: PreparedCall;
  let serve: HostFunction = () => 0;

  beforeAll(async () => {
    runtime = openRunner(isolation, { threads: THREADS });
    const double: HostFunction = (args, context) => serve(args, context);
    const functions = { double, check: () => ({ ok: null }) };
    const capability = { kind: 'bridged', name: 'double', interface: 'test:host/double@1.0.0', functions } as const;
    const component = await runtime.load(await importingGuest());
    call = await runtime.prepare(component, { function: 'twice', capabilities: [capability] });
  });
  afterAll(() => runtime.close());

  /** The number says how many more levels there are. */
  const nest: HostFunction = async ([n]) => {
    if (Number(n) > 0) {
      const inner = await runtime.invoke(call, [Number(n) - 1], { isNested: true });
      if (inner.kind !== 'ok') throw new Error(inner.kind);
    }
    return 0;
  };

  it('go deeper than there are workers', async () => {
    serve = nest;
    for (let times = 0; times < 3; times += 1) expect(await runtime.invoke(call, [7])).toMatchObject({ kind: 'ok' });
  });

  it('all end, however many run side by side', async () => {
    serve = nest;
    const outcomes = await Promise.all(Array.from({ length: 12 }, (_, at) => runtime.invoke(call, [at % 4])));
    expect(outcomes.map(({ kind }) => kind)).toEqual(outcomes.map(() => 'ok'));
  });

  it('let no more other calls run than there are workers', async () => {
    serve = nest;
    await runtime.invoke(call, [5]);
    let running = 0;
    let most = 0;
    serve = async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setTimeout(resolve, 5));
      running -= 1;
      return 0;
    };
    const outcomes = await Promise.all(Array.from({ length: 12 }, () => runtime.invoke(call, [1])));
    expect(outcomes.every(({ kind }) => kind === 'ok')).toBe(true);
    expect(most).toBe(THREADS);
  });

  it('end with the outer call that is cancelled, and leave room for others', async () => {
    const cancel = new AbortController();
    serve = async ([n], { signal }) => {
      if (Number(n) > 0) await runtime.invoke(call, [Number(n) - 1], { isNested: true, signal });
      else cancel.abort();
      return 0;
    };
    expect(await runtime.invoke(call, [6], { signal: cancel.signal })).toMatchObject({ kind: 'cancelled' });
    serve = nest;
    const outcomes = await Promise.all(Array.from({ length: 6 }, () => runtime.invoke(call, [3])));
    expect(outcomes.every(({ kind }) => kind === 'ok')).toBe(true);
  });
});
