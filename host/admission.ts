import { CodedError } from '../runtime/index.ts';

export interface AdmissionOptions {
  /** Calls of one tool that run at one time; more wait, and hold up nobody else. */
  readonly callsPerToolMax: number;
  /** Calls of one agent that may wait; one more is `busy/overloaded`. Default 128. */
  readonly waitingPerAgentMax?: number;
  /** Calls that may wait in all. Default 1024. */
  readonly waitingMax?: number;
  /** Bytes of guest memory that all calls that run may use together, by their limits. Default 4 GiB. */
  readonly memoryBytesMax?: number;
}

/** What a call needs to know its turn by. */
export interface AdmissionRequest {
  readonly agent: string;
  readonly tool: string;
  /** Most bytes of memory that the call may use. */
  readonly memoryBytes: number;
  /** Milliseconds that the call may wait: its time limit. */
  readonly waitMsMax: number;
  /** On behalf of a call that runs, and holds its memory until this one has ended: it must not wait for memory, which may never be free. */
  readonly isNested?: boolean;
}

/** A call that has its turn. */
export interface Admitted {
  /** Milliseconds that it waited. */
  readonly waitedMs: number;
  /** To be called once, when the call has ended. */
  leave(): void;
}

interface Waiter {
  readonly request: AdmissionRequest;
  admit(): void;
}

/** Milliseconds that a refused caller is told to wait, at least. */
const RETRY_MS_MIN = 50;

/** How much a new duration counts in the average. */
const SMOOTHING = 0.1;

/**
 * Decides which call begins when: at most so many of one tool, all within one budget of memory, and agents in turn, however many
 * calls one of them has waiting. Who would wait too long is refused at once.
 */
export class Admission {
  readonly #options: Required<AdmissionOptions>;
  /** By agent, in the order of their turns; those without a waiting call are not there. */
  readonly #queues = new Map<string, Waiter[]>();
  readonly #running = new Map<string, number>();
  #waiting = 0;
  #memoryBytes = 0;
  /** A moving average of how long calls take. */
  #averageMs = 0;

  constructor(options: AdmissionOptions) {
    this.#options = { waitingPerAgentMax: 128, waitingMax: 1024, memoryBytesMax: 4 * 2 ** 30, ...options };
  }

  /** Calls that wait. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Bytes of memory that are promised to calls that run. */
  get memoryBytes(): number {
    return this.#memoryBytes;
  }

  /**
   * Waits for a call's turn.
   *
   * @throws CodedError `busy/overloaded` at once where too many wait already; `limit/memory` where the call could never run;
   * `limit/deadline`, `cancelled/by-caller`.
   */
  async enter(request: AdmissionRequest, signal?: AbortSignal): Promise<Admitted> {
    const { memoryBytesMax } = this.#options;
    if (request.memoryBytes > memoryBytesMax) throw tooLarge(request.memoryBytes, memoryBytesMax);
    if (signal?.aborted) throw cancelled();
    if (request.isNested === true && this.#memoryBytes + request.memoryBytes > memoryBytesMax) throw this.#noMemory();
    const came = performance.now();
    if (this.#waiting > 0 || !this.#fits(request)) await this.#wait(request, signal);
    else this.#begin(request);
    return this.#admitted(request, performance.now() - came);
  }

  /** The turn, where it has come already; undefined where the call would have to wait, or could never run. */
  tryEnter(request: AdmissionRequest): Admitted | undefined {
    if (this.#waiting > 0 || !this.#fits(request)) return undefined;
    this.#begin(request);
    return this.#admitted(request, 0);
  }

  #admitted(request: AdmissionRequest, waitedMs: number): Admitted {
    const began = performance.now();
    let isOver = false;
    const leave = (): void => {
      if (isOver) return;
      isOver = true;
      this.#end(request, performance.now() - began);
    };
    return { waitedMs, leave };
  }

  #wait(request: AdmissionRequest, signal: AbortSignal | undefined): Promise<void> {
    const { waitingMax, waitingPerAgentMax } = this.#options;
    const queue = this.#queues.get(request.agent) ?? [];
    if (this.#waiting >= waitingMax || queue.length >= waitingPerAgentMax) return Promise.reject(this.#overloaded(queue.length));
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', cancel);
      };
      const giveUp = (error: CodedError): void => {
        stop();
        this.#remove(request.agent, waiter);
        reject(error);
      };
      const cancel = (): void => giveUp(cancelled());
      const timer = setTimeout(() => giveUp(waitedTooLong(request.waitMsMax)), request.waitMsMax);
      const admit = (): void => {
        stop();
        resolve();
      };
      const waiter: Waiter = { request, admit };
      signal?.addEventListener('abort', cancel, { once: true });
      queue.push(waiter);
      this.#queues.set(request.agent, queue);
      this.#waiting += 1;
      this.#admitWaiting(); // it may fit while others wait for another tool
    });
  }

  #remove(agent: string, waiter: Waiter): void {
    const queue = this.#queues.get(agent) ?? [];
    const at = queue.indexOf(waiter);
    if (at < 0) return;
    queue.splice(at, 1);
    this.#waiting -= 1;
    if (queue.length === 0) this.#queues.delete(agent);
  }

  /** Agents in turn, each its oldest call that fits: whoever got one goes to the end. */
  #admitWaiting(): void {
    for (let admitted = true; admitted && this.#waiting > 0; ) {
      admitted = false;
      for (const [agent, queue] of [...this.#queues]) {
        const waiter = queue.find(({ request }) => this.#fits(request));
        if (waiter === undefined) continue;
        this.#remove(agent, waiter);
        if (this.#queues.delete(agent)) this.#queues.set(agent, queue);
        this.#begin(waiter.request);
        waiter.admit();
        admitted = true;
      }
    }
  }

  #fits({ tool, memoryBytes }: AdmissionRequest): boolean {
    const { callsPerToolMax, memoryBytesMax } = this.#options;
    return (this.#running.get(tool) ?? 0) < callsPerToolMax && this.#memoryBytes + memoryBytes <= memoryBytesMax;
  }

  #begin({ tool, memoryBytes }: AdmissionRequest): void {
    this.#running.set(tool, (this.#running.get(tool) ?? 0) + 1);
    this.#memoryBytes += memoryBytes;
  }

  #end({ tool, memoryBytes }: AdmissionRequest, ms: number): void {
    const left = (this.#running.get(tool) ?? 1) - 1;
    if (left > 0) this.#running.set(tool, left);
    else this.#running.delete(tool);
    this.#memoryBytes -= memoryBytes;
    this.#averageMs += (ms - this.#averageMs) * SMOOTHING;
    this.#admitWaiting();
  }

  #noMemory(): CodedError {
    const retryAfterMs = Math.max(RETRY_MS_MIN, Math.ceil(this.#averageMs));
    return new CodedError(
      'busy/overloaded',
      'the calls that run hold all memory, and a call on behalf of one of them cannot wait for it',
      {
        data: { retryAfterMs },
        help: 'file fewer calls at one time, lower `memory` of the tools, or raise the budget for all',
      },
    );
  }

  #overloaded(own: number): CodedError {
    const turns = Math.ceil((own + 1) / this.#options.callsPerToolMax);
    const retryAfterMs = Math.max(RETRY_MS_MIN, Math.ceil(turns * this.#averageMs));
    return new CodedError('busy/overloaded', `${own} calls of this agent already wait, ${this.#waiting} in all`, {
      data: { waiting: this.#waiting, ofThisAgent: own, retryAfterMs },
      help: `try again after ${retryAfterMs} ms`,
    });
  }
}

function cancelled(): CodedError {
  return new CodedError('cancelled/by-caller', 'the call was cancelled');
}

function waitedTooLong(limit: number): CodedError {
  return new CodedError('limit/deadline', `the call waited for its turn for ${limit} ms`, {
    data: { limit, used: limit },
    help: 'raise `timeout` for this tool, or file fewer calls at one time',
  });
}

function tooLarge(used: number, limit: number): CodedError {
  return new CodedError('limit/memory', `one call of this tool may use ${used} bytes of memory, more than all calls together`, {
    data: { limit, used },
    help: 'lower `memory` for this tool, or raise the budget for all',
  });
}
