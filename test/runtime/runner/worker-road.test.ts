import { Duplex } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { encodeHostCall } from '../../../runtime/cell/frames.ts';
import type { WorkerListener } from '../../../runtime/cell/workers.ts';
import { WorkerRoad } from '../../../runtime/runner/worker-road.ts';

/* A worker that asks without waiting for answers: its trusted side must not serve it, nor keep what it does not read. */

const QUESTION = encodeHostCall({ callId: 1, functionIndex: 0, fuelLeft: 5n, args: new Uint8Array(0) });

/** A road whose worker reads nothing: what is sent stays here. */
function deafRoad() {
  const stream = new Duplex({ read: () => undefined, write: () => undefined });
  const asked: Uint8Array[] = [];
  const breaches: string[] = [];
  const listener: WorkerListener = { onNews: () => undefined, onFrame: (frame) => asked.push(frame), onGone: () => undefined };
  const road = new WorkerRoad(stream, listener, {
    breach: ({ message }) => breaches.push(message),
    post: async () => undefined,
    end: () => undefined,
    onUp: () => undefined,
  });
  const say = async (...frames: Uint8Array[]): Promise<void> => {
    const lengths = frames.map((frame) => Buffer.from(Uint32Array.of(frame.length).buffer));
    stream.push(Buffer.concat(frames.flatMap((frame, at) => [lengths[at] as Buffer, frame])));
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { road, asked, breaches, say };
}

describe('the road to a worker', () => {
  it('takes one question at a time', async () => {
    const { asked, breaches, say } = deafRoad();
    await say(QUESTION);
    expect([asked.length, breaches.length]).toEqual([1, 0]);
  });

  it('kills a worker that sends two at once', async () => {
    const { asked, breaches, say } = deafRoad();
    await say(QUESTION, QUESTION);
    expect(asked).toHaveLength(0);
    expect(breaches[0]).toMatch('before it had read');
  });

  it('kills a worker that asks on and does not read', async () => {
    const { road, asked, breaches, say } = deafRoad();
    for (let at = 0; at < 10 && breaches.length === 0; at += 1) {
      await say(QUESTION);
      if (breaches.length === 0) road.send(new Uint8Array(100_000));
    }
    expect(breaches[0]).toMatch('before it had read');
    expect(asked.length).toBeLessThan(4);
  });
});
