import { MessageChannel, Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { openPort, portEnds } from '../../../runtime/cell/port.ts';

const PORT = new URL('../../../dist/runtime/cell/port.js', import.meta.url).href;

/** Asks by one frame, and reports what `ask` gave. */
const ASKER = `
  import { parentPort, workerData } from 'node:worker_threads';
  const { openBlockingPort } = await import(${JSON.stringify(PORT)});
  const port = openBlockingPort(workerData);
  for (let n = 1; n <= 3; n++) {
    try { parentPort.postMessage([...port.ask(Uint8Array.of(n))]); } catch (error) { parentPort.postMessage(error.message); }
  }
  port.close();
`;

describe('a cell that sleeps until its answer', () => {
  it('sleeps on when it is woken for another one: a notification may come late', async () => {
    const { near, far } = portEnds(new MessageChannel());
    const port = openPort(near);
    const said: unknown[] = [];
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(ASKER)}`), {
      workerData: far,
      transferList: [far.messages],
    });
    worker.on('message', (message) => said.push(message));
    port.onFrame(async (frame) => {
      // As the notification of the answer before, when the trusted side was held up between counting it and telling.
      while (Atomics.notify(near.answered, 0) === 0) await new Promise(setImmediate);
      await new Promise(setImmediate);
      port.answer(Uint8Array.of(frame[0]! * 10));
    });
    await new Promise((resolve) => worker.once('exit', resolve));
    port.close();
    expect(said).toEqual([[10], [20], [30]]);
  });
});
