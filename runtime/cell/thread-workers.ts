import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { MessageChannel } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { CodedError } from '../error.ts';
import { threadFlags } from '../thread-flags.ts';
import type { CellPlan, ControlMessage } from './plan.ts';
import { openPort, portEnds } from './port.ts';
import type { WorkerTask } from './worker.ts';
import type { WorkerLink, WorkerListener, WorkerNews, Workers } from './workers.ts';

export interface ThreadOptions {
  /** Worker threads; at least 2, so that one stands ready while another is replaced. Default: the machine's cores, at least 2. */
  readonly threads?: number;
  /** MiB of JavaScript heap per worker (wasm memory is limited by instrumentation, not by this). Default 512. */
  readonly workerHeapMiBMax?: number;
}

/**
 * Workers that are threads of this process. This is the one file that knows piscina.
 *
 * Piscina owns the workers' life: each runs one task that lasts as long as the worker, so piscina starts them, limits
 * them, ends them on abort and starts the next. Calls do not pass through piscina; they travel over each worker's port.
 */
export class ThreadWorkers implements Workers<CellPlan> {
  readonly threads: number;
  readonly #piscina: Piscina;

  constructor(options: ThreadOptions = {}) {
    this.threads = threadsOf(options.threads);
    this.#piscina = openThreads('./worker-entry.cjs', this.threads, options.workerHeapMiBMax);
  }

  start(listener: WorkerListener): WorkerLink<CellPlan> {
    const frames = new MessageChannel();
    const control = new MessageChannel();
    const abort = new AbortController();
    const { near, far } = portEnds(frames);
    const port = openPort(near);
    port.onFrame((bytes) => listener.onFrame(bytes));
    control.port1.on('message', (answer: WorkerNews) => listener.onNews(answer));
    const task: WorkerTask = { port: far, control: control.port2 };
    const gone = (error: unknown): void => {
      control.port1.close();
      port.close();
      listener.onGone(error);
    };
    (this.#piscina.run(task, { transferList: [far.messages, control.port2], signal: abort.signal }) as Promise<void>)
      .then(() => new CodedError('failed/worker-crashed', 'the worker ended'))
      .catch((error: unknown) => error)
      .then(gone);
    const tell = (message: ControlMessage): void => control.port1.postMessage(message);
    return {
      load: (plan) => tell({ type: 'plan', plan }),
      forget: (planId) => tell({ type: 'forget', planId }),
      send: (frame, planId) => (planId === undefined ? port.answer(frame) : port.send(frame)),
      ahead: () => Atomics.load(near.ahead, 0),
      kill: () => abort.abort(),
      breach: () => abort.abort(), // it shares this process: there is no more to end
    };
  }

  forget(): void {
    // each worker has its own
  }

  async close(): Promise<void> {
    await this.#piscina.destroy();
  }
}

/** Workers that one of `threads` may become: a chain of calls on each other's behalf has this many at most. */
export const CHAIN_THREADS = 16;

/** How many workers there are. @throws CodedError `usage/invalid-argument`. */
export function threadsOf(threads: number | undefined): number {
  return Math.max(2, wholeOption('threads', threads ?? availableParallelism(), 1024));
}

/** @throws CodedError `usage/invalid-argument` for anything but a whole number up to `max`. */
export function wholeOption(name: string, value: number, max: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= max) return value;
  throw new CodedError('usage/invalid-argument', `the option \`${name}\` must be a whole number from 0 to ${max}`);
}

/** Threads that run one task each, for as long as they live. @param entry - the file that they load, beside this one. */
export function openThreads(entry: string, threads: number, heapMiBMax = 512): Piscina {
  const piscina = new Piscina({
    filename: fileURLToPath(new URL(entry, import.meta.url)),
    minThreads: threads,
    maxThreads: threads * CHAIN_THREADS, // beyond `threads` for nested calls only: see `CellPool`
    concurrentTasksPerWorker: 1,
    atomics: 'disabled', // the worker's own event loop must run between calls
    env: {},
    argv: [],
    execArgv: threadFlags(false),
    resourceLimits: { maxOldGenerationSizeMb: heapMiBMax },
    recordTiming: false,
    workerHistogram: false,
  });
  piscina.on('error', () => undefined); // every task's owner hears of its own worker's end
  return piscina;
}
