import { describe, expect, it } from 'vitest';
import { AlertLane } from '../../../host/alerts/alert-lane.ts';
import { alertParcel, type Parcel } from '../../../host/alerts/parcel.ts';
import type { Delivery, Sink } from '../../../host/outbound/index.ts';
import { alertOf, ManualTimers, settled } from './fixture.ts';

function laneTo(deliver: Sink<Parcel>['deliver'], options: { itemsMax?: number; bytesMax?: number; random?: () => number } = {}) {
  const timers = new ManualTimers();
  const problems: string[] = [];
  const lane = new AlertLane({
    name: 'ops',
    sink: { deliver },
    itemsMax: 5,
    bytesMax: 1_000_000,
    attemptsMax: 3,
    backoffMs: 1_000,
    random: () => 0.5,
    ...options,
    timers,
    now: () => timers.now,
    onProblem: (message) => problems.push(message),
  });
  return { timers, problems, lane };
}

function parcel(audit: string, fields: Parameters<typeof alertOf>[0] = {}): Parcel {
  return alertParcel({ alert: alertOf({ audit, ...fields }), cut: [] });
}

const nameOf = (item: Parcel): string => (item.kind === 'alert' ? item.alert.audit : item.message);
const busy: Delivery = { done: false, reason: 'status 503', again: true };

/** A sink that notes what it gets, and answers when it is let go. */
function gated() {
  const got: string[] = [];
  let open: (() => void) | undefined;
  const deliver: Sink<Parcel>['deliver'] = async (item) => {
    got.push(nameOf(item));
    await new Promise<void>((resolve) => {
      open = resolve;
    });
    return { done: true };
  };
  const next = async (): Promise<void> => {
    open?.();
    await settled();
  };
  return { got, deliver, next };
}

/** A sink that notes what it gets and gives these answers, then good ones. */
function answering(...answers: Delivery[]) {
  const got: string[] = [];
  const deliver: Sink<Parcel>['deliver'] = async (item) => {
    got.push(nameOf(item));
    return answers.shift() ?? { done: true };
  };
  return { got, deliver };
}

describe('a queue', () => {
  it('begins to deliver only after the code that gave the parcel has gone on', async () => {
    const { got, deliver } = answering();
    const { lane } = laneTo(deliver);
    lane.push(parcel('a'));
    expect(got).toEqual([]);
    await lane.idle();
    expect(got).toEqual(['a']);
    expect(lane.delivered).toBe(1);
  });

  it('is bounded in count; what does not fit is counted and told by one later notice', async () => {
    const { got, deliver, next } = gated();
    const { lane, problems } = laneTo(deliver);
    lane.push(parcel('first'));
    await settled();
    for (let index = 0; index < 42; index++) lane.push(parcel(`p${index}`));
    expect([lane.waiting, lane.dropped]).toEqual([6, 37]);
    for (let index = 0; index < 10; index++) await next();
    expect(got).toEqual(['first', 'p0', 'p1', 'p2', 'p3', 'p4', '37 alerts were dropped']);
    expect([lane.waiting, lane.delivered, lane.dropped]).toEqual([0, 6, 37]);
    expect(problems).toEqual(['its queue is full; alerts are dropped, the trail has them']);
  });

  it('is bounded in bytes, and takes no parcel that is larger than all of it', async () => {
    const bytes = parcel('x').bytes;
    const { lane } = laneTo(() => new Promise(() => undefined), { bytesMax: 2 * bytes + 1 });
    for (const name of ['a', 'b', 'c', 'd']) lane.push(parcel(name));
    expect([lane.waiting, lane.dropped]).toEqual([2, 2]);
    await settled(); // the first is on its way and no more in the queue
    lane.push(parcel('large', { severity: 'critical', justification: 'x'.repeat(3 * bytes) }));
    expect([lane.waiting, lane.dropped]).toEqual([2, 3]); // nothing was evicted for it in vain
  });

  it('gives the place of the newest others to critical alerts, and no place of critical ones', async () => {
    const { got, deliver, next } = gated();
    const { lane } = laneTo(deliver);
    for (let index = 0; index < 5; index++) lane.push(parcel(`p${index}`));
    for (let index = 0; index < 7; index++) lane.push(parcel(`c${index}`, { severity: 'critical' }));
    await settled();
    for (let index = 0; index < 10; index++) await next();
    expect(got).toEqual(['c0', 'c1', 'c2', 'c3', 'c4', '7 alerts were dropped']);
  });

  it('has room again in bytes, too, where others made it', async () => {
    const { got, deliver, next } = gated();
    const { lane } = laneTo(deliver, { bytesMax: 3 * parcel('c0', { severity: 'critical' }).bytes });
    for (const name of ['p0', 'p1', 'p2']) lane.push(parcel(name));
    for (const name of ['c0', 'c1', 'c2']) lane.push(parcel(name, { severity: 'critical' }));
    await settled();
    for (let index = 0; index < 5; index++) await next();
    lane.push(parcel('last'));
    await settled();
    expect(got).toEqual(['c0', 'c1', 'c2', '3 alerts were dropped', 'last']);
  });

  it('tells of dropped alerts also where it never empties', async () => {
    const { got, deliver, next } = gated();
    const { lane } = laneTo(deliver, { itemsMax: 1 });
    lane.push(parcel('p'));
    await settled();
    for (let turn = 0; turn < 40; turn++) {
      lane.push(parcel('p'));
      lane.push(parcel('p'));
      await next();
    }
    expect(got.filter((name) => name.endsWith('dropped')).length).toBe(2);
  });
});

describe('attempts', () => {
  it('are three, with a growing wait between half and all of it', async () => {
    for (const [random, waits] of [
      [0, [500, 2_000]],
      [0.999_999, [1_000, 4_000]],
    ] as const) {
      const instants: number[] = [];
      const { lane, timers, problems } = laneTo(
        async () => {
          instants.push(timers.now);
          return busy;
        },
        { random: () => random },
      );
      const start = timers.now;
      lane.push(parcel('a'));
      await timers.advance(60_000);
      expect(instants.map((at) => Math.round(at - start))).toEqual([0, waits[0], waits[0] + waits[1]]);
      expect([lane.delivered, lane.dropped, lane.failing]).toEqual([0, 1, true]);
      expect(problems).toEqual(['alerts cannot be delivered: status 503']);
    }
  });

  it('end with the first that arrives, and the lane works again', async () => {
    const { got, deliver } = answering(busy, busy, busy, busy);
    const { lane, timers, problems } = laneTo(deliver);
    lane.push(parcel('lost'));
    lane.push(parcel('late'));
    await timers.advance(60_000);
    expect(got).toEqual(['lost', 'lost', 'lost', 'late', 'late', '1 alert was dropped']);
    expect([lane.delivered, lane.dropped, lane.failing]).toEqual([1, 1, false]);
    expect(problems).toHaveLength(1);
  });

  it('are one where the answer will be the same, and wait as long as a server asks', async () => {
    const instants: number[] = [];
    const answers: Delivery[] = [
      { done: false, reason: 'status 404', again: false },
      { ...busy, afterMs: 30_000 },
    ];
    const { lane, timers } = laneTo(async () => {
      instants.push(timers.now);
      return answers.shift() ?? { done: true };
    });
    const start = timers.now;
    lane.push(parcel('refused'));
    lane.push(parcel('asked to wait'));
    await timers.advance(60_000);
    expect(instants.map((at) => at - start)).toEqual([0, 0, 30_000, 30_000]); // the last tells of the dropped one
  });

  it('report a code only: messages hold paths and addresses', async () => {
    const thrown = [
      Object.assign(new Error('connect to https://hooks.test/SECRET'), { code: 'ECONNREFUSED' }),
      new Error('/home/ann/x'),
      Object.assign(new Error('x'), { code: 'https://hooks.test/SECRET' }),
      undefined,
    ];
    for (const error of thrown) {
      const { lane, timers, problems } = laneTo(() => Promise.reject(error));
      lane.push(parcel('a'));
      await timers.advance(60_000);
      const coded = error === thrown[0];
      expect(problems).toEqual([`alerts cannot be delivered: ${coded ? 'ECONNREFUSED' : 'an error without a code'}`]);
    }
  });

  it('do not make a notice that is lost forget its number', async () => {
    const { got, deliver } = answering({ done: true }, { done: false, reason: 'x', again: false });
    const { lane, timers } = laneTo(deliver, { itemsMax: 1 });
    for (const name of ['a', 'b', 'c']) lane.push(parcel(name));
    await timers.advance(1);
    expect(got).toEqual(['a', '2 alerts were dropped']);
    lane.push(parcel('d'));
    await timers.advance(1);
    expect(got.slice(2)).toEqual(['d', '2 alerts were dropped']);
    expect([lane.delivered, lane.dropped]).toEqual([2, 2]);
  });
});

describe('closing', () => {
  it('drops what waits, ends what is on its way, and takes no more', async () => {
    let aborted = false;
    const { lane, timers } = laneTo((_, signal) => {
      signal.addEventListener('abort', () => {
        aborted = true;
      });
      return new Promise(() => undefined);
    });
    for (const name of ['a', 'b', 'c']) lane.push(parcel(name));
    await settled();
    lane.close();
    lane.push(parcel('d'));
    lane.close();
    expect([aborted, lane.waiting, lane.delivered, lane.dropped, timers.count]).toEqual([true, 0, 0, 4, 0]);
  });

  it('ends a wait between attempts', async () => {
    const { got, deliver } = answering(busy, busy, busy);
    const { lane, timers } = laneTo(deliver);
    lane.push(parcel('a'));
    await settled();
    expect(timers.count).toBe(1);
    lane.close();
    await lane.idle();
    expect([got.length, timers.count, lane.dropped]).toEqual([1, 0, 1]);
  });
});
