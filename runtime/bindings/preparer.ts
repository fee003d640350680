import { Worker } from 'node:worker_threads';
import { CodedError } from '../error.ts';
import type { GuestFrame } from '../outcome.ts';
import type { StackFrame } from '../symbols/guest-stack.ts';
import { threadFlags } from '../thread-flags.ts';
import type { ExplainJob, PrepareAnswer, Prepared, PrepareJob, PrepareThreadData } from './prepare-worker.ts';

/** Milliseconds that preparing one component may take before its thread is ended. */
const PREPARE_MS_MAX = 60_000;

/** Milliseconds after jco was first used until a second thread with it starts: a process of one call ends before. */
const SPARE_AFTER_MS = 1000;

/** Components that may wait to be prepared. */
const QUEUE_MAX = 64;

/** What a job gives. */
type Gift = Prepared | readonly StackFrame[];

interface Job {
  readonly job: PrepareJob | ExplainJob;
  resolve(gift: Gift): void;
  reject(error: unknown): void;
}

/**
 * Prepares components in a thread of its own, one after the other.
 *
 * Without jco a thread is cheap. Once a component needed jco, its thread is thrown away after anything but a clean answer:
 * jco is a WebAssembly component itself, and one hostile component that makes it trap would otherwise spoil every good one
 * after it. Starting a thread with jco takes 300 to 500 ms, so from then on a spare one stands ready (35 MB): the
 * component after a bad one does not wait for it.
 */
export class Preparer {
  readonly #queue: Job[] = [];
  #thread: Worker | undefined;
  #spare: Worker | undefined;
  #spareTimer: NodeJS.Timeout | undefined;
  #usedJco = false;
  #current: Job | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /** @throws CodedError `component/*`, `limit/*`; `component/transpile-failed` also when the thread crashed or took too long. */
  run(job: PrepareJob): Promise<Prepared> {
    return this.#run(job) as Promise<Prepared>; // what such a job gives, as below
  }

  /**
   * Says what frames of a component's guest are in its source.
   *
   * @param job - how the component was prepared. @throws CodedError as `run`.
   */
  explain(frames: readonly GuestFrame[], job: PrepareJob): Promise<readonly StackFrame[]> {
    return this.#run({ explain: frames, of: job }) as Promise<readonly StackFrame[]>;
  }

  #run(job: PrepareJob | ExplainJob): Promise<Gift> {
    if (this.#closed) return Promise.reject(new CodedError('usage/closed', 'the runtime is closed'));
    if (this.#queue.length >= QUEUE_MAX) {
      const data = { limit: QUEUE_MAX, retryAfterMs: 1000 };
      return Promise.reject(new CodedError('busy/overloaded', `${QUEUE_MAX} components already wait to be prepared`, { data }));
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({ job, resolve, reject });
      this.#next();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#spareTimer);
    void this.#spare?.terminate();
    this.#spare = undefined;
    for (const { reject } of this.#queue.splice(0)) reject(new CodedError('usage/closed', 'the runtime is closed'));
    this.#fail(new CodedError('usage/closed', 'the runtime is closed'));
  }

  #next(): void {
    if (this.#current !== undefined) return;
    const next = this.#queue.shift();
    if (next === undefined) return;
    this.#current = next;
    this.#thread ??= this.#start();
    this.#timer = setTimeout(() => {
      this.#fail(new CodedError('component/transpile-failed', `the component was not prepared within ${PREPARE_MS_MAX} ms`));
    }, PREPARE_MS_MAX);
    this.#thread.ref(); // somebody waits for this job
    this.#thread.postMessage(next.job);
  }

  #start(): Worker {
    const workerData: PrepareThreadData = { loadJco: this.#usedJco };
    const thread = new Worker(new URL('./prepare-worker.js', import.meta.url), {
      workerData,
      env: {},
      argv: [],
      execArgv: threadFlags(true), // jco brings a library that starts one
      stdout: true, // piped to nowhere: not the host's own streams
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: 1024 },
    });
    thread.unref();
    thread.on('message', (answer: PrepareAnswer) => {
      if (this.#thread === thread) this.#onAnswer(answer); // not what an ended thread still had to say
    });
    const crashed = (why: unknown) => {
      if (this.#spare === thread) this.#spare = undefined;
      if (this.#thread === thread)
        this.#fail(new CodedError('component/transpile-failed', `the thread that prepares components crashed: ${String(why)}`));
    };
    thread.on('error', crashed);
    thread.on('exit', (status) => crashed(`it ended with ${status}`));
    return thread;
  }

  #startSpare(): void {
    if (!this.#closed) this.#spare ??= this.#start();
  }

  #onAnswer(answer: PrepareAnswer): void {
    if (answer.usedJco && !this.#usedJco) {
      this.#usedJco = true;
      this.#spareTimer = setTimeout(() => this.#startSpare(), SPARE_AFTER_MS).unref();
    }
    if (answer.type === 'explained') return this.#settle((job) => job.resolve(answer.stack));
    if (answer.type === 'done') return this.#settle((job) => job.resolve(answer.prepared));
    const { code, message, data, help, poisoned } = answer;
    const error = new CodedError(code as ConstructorParameters<typeof CodedError>[0], message, {
      data: data as Record<string, unknown>,
      ...(help === undefined ? {} : { help }),
    }); // made by our own thread
    if (poisoned) this.#fail(error);
    else this.#settle((job) => job.reject(error));
  }

  /** Ends the thread and the job it had. Where jco was used the spare takes its place, and another is started. */
  #fail(error: unknown): void {
    const thread = this.#thread;
    this.#thread = this.#spare;
    this.#spare = undefined;
    void thread?.terminate();
    if (this.#usedJco && !this.#closed) {
      this.#thread ??= this.#start();
      this.#startSpare();
    }
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
