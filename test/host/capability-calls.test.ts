import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { HumanAnswer } from '../../host/capabilities/index.ts';
import { CapabilityCalls } from '../../host/capability-calls.ts';
import { capabilityHost } from '../../host/capability-host.ts';
import { HostStates } from '../../host/open-capabilities.ts';
import type { Policy } from '../../host/policy/index.ts';
import { RunningCalls } from '../../host/running-calls.ts';
import { CodedError, failure, type HostCallContext } from '../../runtime/index.ts';

/* Calls as capabilities know them: what they leave word of, and what happens once they have ended. */

const CELL = failure(undefined, 0);

function begun(signal = new AbortController().signal) {
  const running = new RunningCalls();
  const calls = new CapabilityCalls(running);
  running.begin({
    audit: 'one',
    agent: 'agent',
    tool: 'tool',
    grants: [],
    scopes: new Map(),
    parent: undefined,
    chain: [],
    endsMs: Infinity,
    signal,
  });
  const call = calls.of({ ref: 'one' } as HostCallContext);
  const end = () => {
    running.end('one');
    return calls.end('one', CELL);
  };
  return { running, calls, call, end };
}

describe('what a capability leaves word of', () => {
  it('is as it was when it was told, whatever becomes of it, and nothing is added once the call has ended', async () => {
    const { call, end } = begun();
    const data = { bytes: 1 };
    call.note({ capability: 'one', act: 'a', result: 'ok', data });
    const { uses } = await end();
    data.bytes = 2;
    call.note({ capability: 'one', act: 'late', result: 'ok' });
    expect(uses).toEqual([{ capability: 'one', act: 'a', result: 'ok', data: { bytes: 1 } }]);
  });

  it('is not pushed out by what was refused, which a guest may ask for as often as it likes', async () => {
    const { call, end } = begun();
    for (let at = 0; at < 150; at += 1)
      call.note({ capability: 'one', act: `get ${at}`, result: 'denied: no rule has this path' });
    call.note({ capability: 'one', act: 'PATCH', result: '200' });
    for (let at = 0; at < 60; at += 1) call.note({ capability: 'one', act: `GET ${at}`, result: '200' });
    const { uses, usesDropped } = await end();
    expect(uses).toHaveLength(100);
    expect(uses.findIndex(({ act }) => act === 'PATCH')).toBe(50);
    expect(usesDropped).toBe(111);
  });

  it('can always be written down', async () => {
    const { call, end } = begun();
    const circle: Record<string, unknown> = {};
    Object.assign(circle, { self: circle });
    for (const data of [{ bytes: 5n }, circle, { none: undefined, bytes: Number.NaN }, { text: 'x'.repeat(1_000_000) }]) {
      call.note({ capability: 'one', act: 'a', result: 'ok', data: data as never });
    }
    const { uses } = await end();
    expect(uses.map(({ data }) => data)).toEqual([undefined, undefined, { bytes: null }, undefined]);
  });
});

describe('what a capability kept for a call', () => {
  it.each([
    [
      'throws',
      () => {
        throw new Error('s3cr3t');
      },
    ],
    ['rejects', () => Promise.reject('s3cr3t')],
    ['answers what is no error', () => 's3cr3t'],
  ] as [string, () => never][])('makes the call fail, without its words, where its end %s', async (_, fails) => {
    const { call, running, calls } = begun();
    const ended: string[] = [];
    call.state(
      {},
      () => 1,
      () => void ended.push('first'),
    );
    call.state({}, () => 2, fails);
    running.end('one');
    const { cell } = await calls.end('one', { ...CELL, kind: 'ok' });
    expect(cell).toMatchObject({
      kind: 'trapped',
      error: { code: 'capability/failed', message: 'a capability could not let go of the call' },
    });
    expect(ended).toEqual(['first']);
  });
});

describe('the signal of a call', () => {
  it('aborts at its end, and when it is cancelled', async () => {
    const one = begun();
    expect(one.call.signal.aborted).toBe(false);
    await one.end();
    expect(one.call.signal.aborted).toBe(true);
    const cancel = new AbortController();
    const other = begun(cancel.signal);
    cancel.abort();
    expect(other.call.signal.aborted).toBe(true);
    expect(begun(AbortSignal.abort()).call.signal.aborted).toBe(true);
  });

  it('leaves nothing behind in the signal that cancels it, which lives as long as the warden', async () => {
    const stop = new AbortController();
    const { call, end, running } = begun(stop.signal);
    expect(running.endOf(call.running)).toBe(call.signal);
    expect(getEventListeners(stop.signal, 'abort')).toHaveLength(1);
    await end();
    expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
    const dependants = Object.getOwnPropertySymbols(stop.signal).filter((symbol) => symbol.description === 'kDependantSignals');
    expect(
      dependants.map((symbol) => (stop.signal as unknown as Record<symbol, { size?: number }>)[symbol]?.size ?? 0),
    ).not.toContain(1);
  });
});

describe('a question', () => {
  const hostWith = (ask: () => Promise<HumanAnswer>) =>
    capabilityHost({
      policy: { file: '/policy.yaml', trail: { folder: '/trail' } } as Policy,
      states: new HostStates(),
      secret: () => '',
      ask,
      file: () => Promise.reject(new Error('nobody asks')),
      report: () => undefined,
    });

  it('is not asked by a call that has ended, and leaves no promise that nobody hears of', async () => {
    const { call, end } = begun();
    await end();
    let asked = 0;
    const host = hostWith(() => {
      asked += 1;
      return Promise.reject(new CodedError('internal/invariant', 'a call that does not run asks a question'));
    });
    const unheard: unknown[] = [];
    const hear = (reason: unknown) => void unheard.push(reason);
    process.on('unhandledRejection', hear);
    try {
      const answer = (async () => host.ask!({ question: 'still?', expiresMs: 1000 }, call))();
      await expect(answer).rejects.toMatchObject({ code: 'internal/invariant' });
      await new Promise(setImmediate);
    } finally {
      process.off('unhandledRejection', hear);
    }
    expect([asked, unheard]).toEqual([0, []]);
  });
});

describe('what capabilities keep while the host is open', () => {
  it('is ended once, however often the host is closed', async () => {
    const states = new HostStates();
    let ended = 0;
    states.state(
      {},
      () => 1,
      async () => {
        ended += 1;
        await new Promise(setImmediate);
      },
    );
    await Promise.all([states.close(() => undefined), states.close(() => undefined)]);
    expect(ended).toBe(1);
  });
});
