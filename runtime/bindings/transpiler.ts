import { Worker } from 'node:worker_threads';
import { CodedError } from '../error.ts';
import type { TranspileAnswer, Transpiled, TranspileJob } from './transpile-worker.ts';

/** Milliseconds that preparing one component may take before its thread is ended. */
const TRANSPILE_MS_MAX = 60_000;

interface Job {
  readonly job: TranspileJob;
  resolve(transpiled: Transpiled): void;
  reject(error: unknown): void;
}

/**
 * Prepares components in a thread of its own, one after the other.
 *
 * The thread is thrown away after anything but a clean answer: jco is a WebAssembly component itself, and one hostile
 * component that makes it trap would otherwise spoil every good one after it.
 */
export class Transpiler {
  readonly #queue: Job[] = [];
  #thread: Worker | undefined;
  #current: Job | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /** Starts the thread ahead of need. */
  warm(): void {
    if (!this.#closed) this.#thread ??= this.#start();
  }

  /** @throws CodedError `component/*`, `limit/*`; `component/transpile-failed` also when the thread crashed or took too long. */
  run(job: TranspileJob): Promise<Transpiled> {
    if (this.#closed) return Promise.reject(new CodedError('usage/closed', 'the runtime is closed'));
    return new Promise((resolve, reject) => {
      this.#queue.push({ job, resolve, reject });
      this.#next();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const { reject } of this.#queue.splice(0)) reject(new CodedError('usage/closed', 'the runtime is closed'));
    this.#fail(new CodedError('usage/closed', 'the runtime is closed'));
  }

  #next(): void {
    if (this.#current !== undefined) return;
    const next = this.#queue.shift();
    if (next === undefined) return;
    this.#current = next;
    this.warm();
    this.#timer = setTimeout(() => {
      this.#fail(new CodedError('component/transpile-failed', `the component was not prepared within ${TRANSPILE_MS_MAX} ms`));
    }, TRANSPILE_MS_MAX);
    this.#thread?.ref(); // somebody waits for this job
    this.#thread?.postMessage(next.job);
  }

  #start(): Worker {
    const thread = new Worker(new URL('./transpile-worker.js', import.meta.url), {
      env: {},
      argv: [],
      execArgv: [],
      stdout: true, // piped to nowhere: not the host's own streams
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: 1024 },
    });
    thread.unref();
    thread.on('message', (answer: TranspileAnswer) => this.#onAnswer(answer));
    const crashed = (why: unknown) => {
      if (this.#thread === thread)
        this.#fail(new CodedError('component/transpile-failed', `the bindings generator crashed: ${String(why)}`));
    };
    thread.on('error', crashed);
    thread.on('exit', (status) => crashed(`its thread ended with ${status}`));
    return thread;
  }

  #onAnswer(answer: TranspileAnswer): void {
    if (answer.type === 'up') return;
    if (answer.type === 'done') return this.#settle((job) => job.resolve(answer.transpiled));
    const { code, message } = answer;
    const { poisoned, ...data } = (answer.data ?? {}) as Record<string, unknown>; // made by our own thread
    const error = new CodedError(code as ConstructorParameters<typeof CodedError>[0], message, { data });
    if (poisoned === true) this.#fail(error);
    else this.#settle((job) => job.reject(error));
  }

  /** Ends the thread and the job it had; a fresh thread is started at once for the next. */
  #fail(error: unknown): void {
    const thread = this.#thread;
    this.#thread = undefined;
    void thread?.terminate();
    this.warm();
    this.#settle((job) => job.reject(error));
  }

  #settle(settle: (job: Job) => void): void {
    clearTimeout(this.#timer);
    this.#thread?.unref();
    const job = this.#current;
    this.#current = undefined;
    if (job !== undefined) settle(job);
    this.#next();
  }
}
