import { describe, expect, it } from 'vitest';
import { type Delivery, Lane, type Load, type Loss } from '../../../host/outbound/index.ts';
import { ManualTimers, settled } from '../alerts/fixture.ts';

interface Letter extends Load {
  readonly name: string;
}

const letter = (name: string, critical = false, bytes = 1): Letter => ({ name, critical, bytes });

/** A lane to a sink that gives these answers, then none: `hang` waits for ever. */
function laneTo(answers: readonly (Delivery | 'hang')[]) {
  const left = [...answers];
  const timers = new ManualTimers();
  const got: string[] = [];
  const arrived: string[] = [];
  const lost: (readonly [string, Loss])[] = [];
  const lane: Lane<Letter> = new Lane<Letter>({
    sink: {
      deliver: async ({ name }) => {
        got.push(name);
        const answer = left.shift() ?? 'hang';
        return answer === 'hang' ? new Promise(() => undefined) : answer;
      },
    },
    itemsMax: 2,
    bytesMax: 10,
    attemptsMax: 2,
    backoffMs: 1000,
    timers,
    random: () => 0,
    onArrived: ({ name }) => {
      arrived.push(name);
      if (name === 'a') lane.pushFirst(letter('about a', false, 11)); // whether there is room or not
    },
    onLost: ({ name }, loss) => lost.push([name, loss]),
  });
  return { lane, timers, got, arrived, lost };
}

describe('a lane', () => {
  it('tells of each thing once how it ended', async () => {
    const busy = { done: false, reason: 'status 503', again: true } as const;
    const { lane, timers, arrived, lost } = laneTo([busy, busy, { done: true }, { done: true }]);
    for (const name of ['gone', 'a', 'no room']) lane.push(letter(name));
    lane.push(letter('too large', true, 11));
    await timers.advance(600);
    await lane.idle();
    expect(arrived).toEqual(['a', 'about a']);
    expect(lost).toEqual([
      ['no room', { kind: 'no-room' }],
      ['too large', { kind: 'no-room' }],
      ['gone', { kind: 'undelivered', reason: 'status 503' }],
    ]);
    expect([lane.queued, lane.waiting(), lane.close()]).toEqual([0, [], []]);
  });

  it('gives back at its end what did not arrive, and tells no more of it', async () => {
    const { lane, got, arrived, lost } = laneTo(['hang']);
    for (const name of ['on its way', 'waiting']) lane.push(letter(name));
    await settled();
    lane.push(letter('waiting, too'));
    lane.push(letter('first', true)); // takes the place of the newest
    expect(lane.waiting().map(({ name }) => name)).toEqual(['on its way', 'waiting', 'first']);
    expect(lane.close().map(({ name }) => name)).toEqual(['on its way', 'waiting', 'first']);
    lane.push(letter('late'));
    expect(lane.close()).toEqual([]);
    await settled();
    expect([got, arrived]).toEqual([['on its way'], []]);
    expect(lost).toEqual([
      ['waiting, too', { kind: 'no-room' }],
      ['late', { kind: 'closed' }],
    ]);
  });
});
