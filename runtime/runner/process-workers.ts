import { threadsOf, wholeOption } from '../cell/thread-workers.ts';
import type { WorkerLink, WorkerListener, Workers } from '../cell/workers.ts';
import { CodedError } from '../error.ts';
import { type RunnerEvent, type RunnerPlan, RunnerProcess } from './runner-process.ts';
import type { SpawnOptions } from './spawn.ts';

export interface ProcessOptions extends Partial<Pick<SpawnOptions, 'user' | 'readable' | 'workerHeapMiBMax'>> {
  /** Worker threads in the process; at least 2, so that one stands ready while another is replaced. Default: the machine's cores. */
  readonly threads?: number;
  /** Hears of a runner that was killed for what it sent, or that crashed. Default: nobody. */
  readonly onRunnerEvent?: (event: RunnerEvent) => void;
}

/** Workers that one process may have one after the other, beyond those that run at one time: then a new process takes over. */
const REPLACEMENTS = 64;

/** Milliseconds before the first start after a crash; doubled for each further one, up to the highest. */
const BACKOFF_MS_MIN = 50;
const BACKOFF_MS_MAX = 5000;

/** Starts that failed in a row, after which none is tried before the longest wait is over. */
const FAILED_STARTS_MAX = 5;

/** A worker that was asked for while there was no process to start it in. */
interface Waiting {
  readonly link: LateLink;
  readonly listener: WorkerListener;
}

/**
 * Workers that live in a runner process of their own. At most one process starts workers at a time; one that has used up its
 * descriptors stays until its last worker is gone.
 */
export class ProcessWorkers implements Workers<RunnerPlan> {
  readonly threads: number;
  readonly #options: ProcessOptions;
  readonly #processes = new Set<RunnerProcess>();
  readonly #waiting: Waiting[] = [];
  #current: RunnerProcess | undefined;
  #failedStarts = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: ProcessOptions = {}) {
    if (process.platform === 'win32') throw notHere();
    this.#options = options;
    this.threads = threadsOf(options.threads);
    wholeOption('workerHeapMiBMax', options.workerHeapMiBMax ?? HEAP_MIB, 65_536);
  }

  /** A process that can be asked; started if there is none. @throws CodedError `failed/runner-start`, `usage/closed`. */
  get runner(): RunnerProcess {
    if (this.#closed) throw new CodedError('usage/closed', 'the runtime is closed');
    if (this.#current === undefined || this.#current.free === 0) {
      if (this.#timer !== undefined) throw startFailed(this.#backoffMs());
      this.#current = this.#spawn();
    }
    return this.#current;
  }

  get pids(): readonly number[] {
    return [...this.#processes].flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  }

  start(listener: WorkerListener): WorkerLink<RunnerPlan> {
    const link = new LateLink();
    this.#waiting.push({ link, listener });
    this.#startWaiting();
    return link;
  }

  forget(planId: number): void {
    for (const runner of this.#processes) runner.forget(planId);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const runner of this.#processes) runner.kill();
    for (const { listener } of this.#waiting.splice(0)) listener.onGone(new CodedError('usage/closed', 'the runtime is closed'));
  }

  /** Ends processes that start no more workers and have none left. */
  #retire(): void {
    for (const runner of this.#processes) if (runner !== this.#current && runner.workers === 0) runner.kill();
  }

  #startWaiting(): void {
    if (this.#timer !== undefined || this.#closed) return;
    for (const { link, listener } of this.#waiting.splice(0)) link.bind(this.runner.start(this.#watching(listener)));
  }

  /** Hears of a worker's life beside whoever has it. */
  #watching(listener: WorkerListener): WorkerListener {
    return {
      onNews: (news) => {
        if (news.type === 'up') this.#failedStarts = 0;
        listener.onNews(news);
      },
      onFrame: (frame) => listener.onFrame(frame),
      onGone: (error) => {
        listener.onGone(error);
        this.#retire();
      },
    };
  }

  #spawn(): RunnerProcess {
    const { user, readable, workerHeapMiBMax = HEAP_MIB, onRunnerEvent = () => undefined } = this.#options;
    const spawnOptions: SpawnOptions = {
      threads: this.threads,
      descriptors: this.threads + REPLACEMENTS,
      workerHeapMiBMax,
      ...(user === undefined ? {} : { user }),
      ...(readable === undefined ? {} : { readable }),
    };
    const runner: RunnerProcess = new RunnerProcess(spawnOptions, onRunnerEvent, () => this.#onGone(runner));
    this.#processes.add(runner);
    return runner;
  }

  #onGone(runner: RunnerProcess): void {
    this.#processes.delete(runner);
    if (this.#current === runner) this.#current = undefined;
    if (this.#closed) return;
    this.#failedStarts = runner.isUp ? 1 : this.#failedStarts + 1;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#startWaiting();
    }, this.#backoffMs());
  }

  #backoffMs(): number {
    if (this.#failedStarts > FAILED_STARTS_MAX) return BACKOFF_MS_MAX;
    return Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** (this.#failedStarts - 1));
  }
}

const HEAP_MIB = 512;

/** A link that may be used before its worker was started. */
class LateLink implements WorkerLink<RunnerPlan> {
  #link: WorkerLink<RunnerPlan> | undefined;
  #killed = false;

  bind(link: WorkerLink<RunnerPlan>): void {
    this.#link = link;
    if (this.#killed) link.kill();
  }

  load(plan: RunnerPlan): void {
    this.#link?.load(plan);
  }

  forget(planId: number): void {
    this.#link?.forget(planId);
  }

  send(frame: Uint8Array, planId?: number): void {
    this.#link?.send(frame, planId);
  }

  ahead(): number {
    return this.#link?.ahead() ?? 0;
  }

  kill(): void {
    this.#killed = true;
    this.#link?.kill();
  }

  breach(error: CodedError): void {
    this.#link?.breach(error);
  }
}

function notHere(): CodedError {
  return new CodedError('failed/runner-start', 'runner processes need socket pairs, which this system does not have', {
    help: 'set `isolation: thread` for tools that you trust as your own code',
  });
}

function startFailed(retryAfterMs: number): CodedError {
  return new CodedError('failed/runner-start', 'runner processes end as soon as they are started', {
    data: { retryAfterMs },
    help: 'see what they say (`onRunnerEvent`), and whether their user may read this package',
  });
}
