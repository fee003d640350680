import type { MessagePort } from 'node:worker_threads';
import { CodedError } from '../error.ts';
import { CellServer } from './cell-server.ts';
import { decodeFrame } from './frames.ts';
import { keepGuestFrames } from './guest-frames.ts';
import { muteProcess } from './mute-process.ts';
import type { ControlMessage } from './plan.ts';
import { type BlockingPort, openBlockingPort, type PortEnd } from './port.ts';
import type { WorkerNews } from './workers.ts';

/** What the pool hands to a worker; the worker lives until `close` arrives or the pool ends it. */
export interface WorkerTask {
  readonly port: PortEnd;
  readonly control: MessagePort;
}

/** The one task of a worker's life: serve calls from its port until told to close. */
export default function serve(task: WorkerTask): Promise<void> {
  muteProcess();
  keepGuestFrames();
  return new Promise((resolve) => {
    const worker = new CellWorker(task, resolve);
    worker.open();
  });
}

/** A worker of the embedding process: its event loop brings frames and plans. */
class CellWorker {
  readonly #port: BlockingPort;
  readonly #control: MessagePort;
  readonly #done: () => void;
  readonly #server: CellServer;
  /** Tells the pool for which plan the next instance is made. */
  readonly #ahead: Int32Array;

  constructor(task: WorkerTask, done: () => void) {
    this.#ahead = task.port.ahead;
    this.#port = openBlockingPort(task.port);
    this.#control = task.control;
    this.#done = done;
    this.#server = new CellServer(this.#port);
  }

  open(): void {
    this.#control.on('message', (message: ControlMessage) => void this.#onControl(message));
    this.#port.onFrame((bytes) => this.#onFrame(bytes));
    this.#answer({ type: 'up' });
  }

  async #onControl(message: ControlMessage): Promise<void> {
    if (message.type === 'close') return this.#close();
    if (message.type === 'forget') {
      this.#server.forget(message.planId);
      return this.#tellAhead();
    }
    const { planId } = message.plan;
    const error = await this.#server.load(message.plan);
    this.#answer(error === undefined ? { type: 'ready', planId } : { type: 'failed', planId, error });
  }

  #close(): void {
    this.#control.close();
    this.#port.close();
    this.#done();
  }

  #answer(answer: WorkerNews): void {
    this.#control.postMessage(answer);
  }

  #onFrame(bytes: Uint8Array): void {
    const frame = decodeFrame(bytes);
    if (frame.type !== 'call')
      throw new CodedError('internal/invariant', `a \`${frame.type}\` frame came while no call was running`);
    const { planId } = frame;
    const result = this.#server.run(frame);
    this.#tellAhead();
    this.#port.send(result.bytes);
    if (!result.good) return;
    // After the answer is on its way: the caller does not wait for the next instance to be made.
    setImmediate(() => {
      this.#server.startAhead(planId);
      this.#tellAhead();
    });
  }

  #tellAhead(): void {
    Atomics.store(this.#ahead, 0, this.#server.ahead);
  }
}
