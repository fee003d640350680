import { describe, expect, it } from 'vitest';
import type { TrailEntry } from '../../host/audit/entries.ts';
import type { TrailRecord } from '../../host/audit/trail.ts';
import { RequestLedger } from '../../host/request-ledger.ts';

const DAY_MS = 24 * 3_600_000;

/** A ledger that is told entries, with seq and instant as a trail would have them. */
function ledger() {
  const known = new RequestLedger();
  let seq = 0;
  const tell = (at: number, ...entries: readonly TrailEntry[]) => {
    for (const entry of entries) known.apply({ ...entry, seq: ++seq, at } as TrailRecord);
  };
  return { known, tell };
}

const requested = (audit: string, requestId?: string, writer = 'w1'): TrailEntry => ({
  kind: 'requested',
  audit,
  writer,
  agent: 'ann',
  tool: 't',
  ...(requestId === undefined ? {} : { requestId }),
});
const decided = (audit: string, effect: 'allow' | 'ask' | 'deny', requestDigest = 'd'): TrailEntry => {
  return { kind: 'decided', audit, effect, rules: [], policy: 'p', requestDigest };
};
const intent = (audit: string, component = 'c'): TrailEntry => ({
  kind: 'intent',
  audit,
  writer: 'w1',
  tool: 't',
  function: 'f',
  component,
  parametersDigest: 'x',
  grants: [],
  limits: {},
});
const outcome = (audit: string): TrailEntry => {
  return { kind: 'outcome', audit, outcome: 'ok', fuel: '1', memoryBytesPeak: 0, wallMs: 0, hostCalls: 0, result: 'large' };
};

describe('a ledger of requests', () => {
  it('carries no part of an outcome that may be large', () => {
    const { known, tell } = ledger();
    const uses = [{ capability: 'http', act: 'GET /', result: '200' }];
    const ended = { ...outcome('a1'), uses, usesDropped: 7, hostAnswers: ['large'] } as TrailEntry;
    tell(1000, requested('a1', 'r'), decided('a1', 'allow'), intent('a1'), ended);
    expect(Object.keys(known.known('ann', 'r')!.outcome!).sort()).toEqual([
      'at',
      'audit',
      'fuel',
      'hostCalls',
      'kind',
      'memoryBytesPeak',
      'outcome',
      'wallMs',
    ]);
  });

  it('knows a request with an id from its decision on, whatever the clock says later', () => {
    const { known, tell } = ledger();
    tell(1000, requested('a1', 'r'), decided('a1', 'allow'), intent('a1'));
    expect(known.known('ann', 'r')).toMatchObject({ audit: 'a1', digest: 'd', isRunning: true });
    expect(known.known('bob', 'r')).toBeUndefined();
    expect(known.known('ann', 'r')).toMatchObject({ isRunning: true }); // until it has ended
    tell(3000, outcome('a1'));
    expect(known.known('ann', 'r')).toMatchObject({ isRunning: false, outcome: { outcome: 'ok' } });
    expect(known.known('ann', 'r')!.outcome).not.toHaveProperty('result'); // the trail has it
    tell(1000 + 10 * DAY_MS, requested('b1', 's'), decided('b1', 'allow'));
    tell(5000, requested('b2', 't'), decided('b2', 'allow'));
    expect(known.known('ann', 'r')).toMatchObject({ outcome: { outcome: 'ok' } });
  });

  it('lets no agent make another one forget', () => {
    const { known, tell } = ledger();
    tell(1, requested('a0', 'mine'), decided('a0', 'allow'), outcome('a0'));
    for (let index = 1; index <= 20_100; index++) {
      tell(
        index,
        { ...requested(`b${index}`, `r${index}`), agent: 'bob' } as TrailEntry,
        decided(`b${index}`, 'allow'),
        outcome(`b${index}`),
      );
    }
    expect(known.known('ann', 'mine')).toMatchObject({ audit: 'a0' });
    expect(known.known('bob', 'r1')).toBeUndefined();
    expect(known.known('bob', 'r20100')).toMatchObject({ audit: 'b20100' });
  });

  it('tells agents and ids apart, whatever characters they have', () => {
    const { known, tell } = ledger();
    const ask = (audit: string, agent: string, requestId: string) =>
      tell(1, { ...requested(audit, requestId), agent } as TrailEntry, decided(audit, 'allow', audit));
    ask('a1', 'a', 'bc');
    ask('a2', 'ab', 'c');
    expect(known.known('a', 'bc')?.audit).toBe('a1');
    expect(known.known('ab', 'c')?.audit).toBe('a2');
  });

  it('lets a refused request be asked again, and one that waits for a human go on', () => {
    const { known, tell } = ledger();
    tell(1, requested('a1', 'r'), decided('a1', 'deny'));
    expect(known.known('ann', 'r')).toBeUndefined();
    tell(3, requested('a2', 'r'), decided('a2', 'ask'));
    expect(known.known('ann', 'r')).toMatchObject({ audit: 'a2', isRunning: false });
    expect(known.known('ann', 'r')!.outcome).toBeUndefined();
    tell(5, requested('a3', 'r'), decided('a3', 'allow'), intent('a3'), outcome('a3'));
    expect(known.known('ann', 'r')).toMatchObject({ audit: 'a3', outcome: { audit: 'a3' } });
  });

  it('has each call open from its decision on, also where its intent was torn off', () => {
    const { known, tell } = ledger();
    tell(1, requested('a1'), decided('a1', 'allow'), intent('a1'));
    tell(1, requested('a2', undefined, 'w2'), decided('a2', 'allow'));
    tell(1, requested('a3'), decided('a3', 'ask'), requested('a4'), decided('a4', 'deny'));
    expect(known.openCalls()).toEqual([
      { audit: 'a1', writer: 'w1' },
      { audit: 'a2', writer: 'w2' },
    ]);
    tell(2, outcome('a1'), outcome('a2'));
    expect(known.openCalls()).toEqual([]);
  });

  it('knows what component a tool last ran', () => {
    const { known, tell } = ledger();
    expect(known.lastComponent('t')).toBeUndefined();
    tell(1, requested('a1'), decided('a1', 'allow'), intent('a1', 'one'), intent('a2', 'two'));
    expect(known.lastComponent('t')).toBe('two');
  });

  it('is the same after it was carried over, and forgets the oldest of very many', () => {
    const { known, tell } = ledger();
    tell(1, requested('running', 'r0'), decided('running', 'allow'), intent('running'));
    for (let index = 1; index <= 20_100; index++) {
      tell(index, requested(`a${index}`, `r${index}`), decided(`a${index}`, 'allow'), intent(`a${index}`), outcome(`a${index}`));
    }
    const carried = new RequestLedger();
    carried.reset(JSON.parse(JSON.stringify(known.carry())));
    for (const one of [known, carried]) {
      expect(one.known('ann', 'r0')).toMatchObject({ isRunning: true }); // never while it runs
      expect(one.known('ann', 'r50')).toBeUndefined();
      expect(one.known('ann', 'r20100')).toMatchObject({ outcome: { audit: 'a20100' } });
      expect(one.openCalls()).toEqual([{ audit: 'running', writer: 'w1' }]);
      expect(one.lastComponent('t')).toBe('c');
    }
    expect(carried.carry()).toEqual(known.carry());
  });
});
