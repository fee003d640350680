import type { ArtifactChoice } from '../artifact.ts';
import { openStreamPort } from '../cell/frame-stream.ts';
import type { CallSpec } from '../cell/plan.ts';
import type { Port } from '../cell/port.ts';
import type { WorkerLink, WorkerListener } from '../cell/workers.ts';
import { CodedError } from '../error.ts';
import type { ErrorInfo, GuestFrame } from '../outcome.ts';
import type { StackFrame } from '../symbols/guest-stack.ts';
import {
  decodeReport,
  encodeOrder,
  type PlanSpec,
  type PreparedSummary,
  type RunnerOrder,
  type RunnerReport,
} from './control.ts';
import { type SpawnedRunner, type SpawnOptions, spawnRunner } from './spawn.ts';
import { WorkerRoad } from './worker-road.ts';

/** A plan for a runner process: what the trusted side knows, and what the process needs to make the rest. */
export interface RunnerPlan extends CallSpec {
  readonly spec: PlanSpec;
  /** The component's bytes, for a process that has not seen it. */
  readonly componentBytes: Uint8Array;
}

/** What happened to a runner process that somebody should know. */
export interface RunnerEvent {
  /** `killed`: it broke the protocol, or did not let go of a worker in time. `crashed`: it ended by itself. */
  readonly type: 'killed' | 'crashed';
  readonly pid: number | undefined;
  readonly reason: string;
}

/** Where the prepared form of one component is kept. Neither throws; what is not there is undefined. */
export interface ByteStore {
  read(): Promise<Uint8Array | undefined>;
  write(bytes: Uint8Array): Promise<void>;
}

/** Milliseconds that a runner has to let go of a worker that was ended: then all of it is killed. */
const END_MS_MAX = 250;

/** Components that a process keeps, with what was prepared of them; the least recently used one goes first. */
const COMPONENTS_MAX = 64;

interface Job {
  resolve(report: RunnerReport): void;
  reject(error: unknown): void;
}

/**
 * One runner process, seen from the trusted side. What it sends is not trusted: anything that does not belong kills it.
 *
 * Owns the process; `kill` ends it. When it is gone, its workers' listeners hear of it, then `onGone` is called.
 */
export class RunnerProcess {
  readonly #spawned: SpawnedRunner;
  readonly #control: Port;
  readonly #onEvent: (event: RunnerEvent) => void;
  readonly #onGone: () => void;
  readonly #free: number[];
  readonly #jobs = new Map<number, Job>();
  /** Of jobs that prepare, and the one whose bytes come in the next frame. */
  readonly #stores = new Map<number, ByteStore>();
  #keeping: ByteStore | undefined;
  readonly #workers = new Map<number, WorkerRoad>();
  /** By digest: descriptions of components that the process has decoded. */
  readonly #components = new Map<string, Promise<string>>();
  readonly #plans = new Map<number, Promise<unknown>>();
  #lastNumber = 0;
  #gone = false;
  #isUp = false;

  constructor(options: SpawnOptions, onEvent: (event: RunnerEvent) => void, onGone: () => void) {
    this.#onEvent = onEvent;
    this.#onGone = onGone;
    this.#spawned = spawnRunner(options);
    this.#free = [...this.#spawned.roads.keys()].reverse();
    const { child, control } = this.#spawned;
    this.#control = openStreamPort(control, { onEnd: (error) => this.#onControlEnd(error) });
    this.#control.onFrame((frame) => this.#onFrame(frame));
    child.on('error', (error) => this.#end('crashed', error.message));
    child.on('exit', (status, signal) => this.#end('crashed', `it ended with ${signal ?? status}`));
    child.unref();
  }

  get pid(): number | undefined {
    return this.#spawned.child.pid;
  }

  /** True once a worker of it was up: then it can be started. */
  get isUp(): boolean {
    return this.#isUp;
  }

  /** Workers that it can still start. */
  get free(): number {
    return this.#gone ? 0 : this.#free.length;
  }

  get workers(): number {
    return this.#workers.size;
  }

  /** Starts a worker on a descriptor of its own. Needs `free`. */
  start(listener: WorkerListener): WorkerLink<RunnerPlan> {
    const descriptor = this.#free.pop();
    const stream = descriptor === undefined ? undefined : this.#spawned.roads.get(descriptor);
    if (descriptor === undefined || stream === undefined)
      throw new CodedError('internal/invariant', 'a runner has no descriptor left');
    const worker = this.#nextNumber();
    const road = new WorkerRoad(stream, listener, {
      breach: (error) => this.breach(error),
      post: (plan) => this.#post(worker, plan),
      end: () => this.#endWorker(worker),
      onUp: () => {
        this.#isUp = true;
      },
    });
    this.#workers.set(worker, road);
    this.#tell({ type: 'start', worker, descriptor });
    return road;
  }

  /** @returns the description of a component, as text that has to be checked. @throws CodedError as `decodeComponent`. */
  decode(digest: string, bytes: Uint8Array): Promise<string> {
    const known = this.#components.get(digest);
    const decoding = known ?? once(this.#components, digest, () => this.#decode(bytes));
    if (known !== undefined && this.#components.delete(digest)) this.#components.set(digest, known); // now the last to go
    for (const oldest of this.#components.keys()) {
      if (this.#components.size <= COMPONENTS_MAX) break;
      this.#components.delete(oldest);
      this.#tell({ type: 'drop', digest: oldest });
    }
    return decoding;
  }

  async #decode(bytes: Uint8Array): Promise<string> {
    const report = await this.#ask((job) => {
      this.#tell({ type: 'decode', job });
      this.#control.send(bytes.slice());
    });
    if (report.type !== 'decoded') throw this.breach(unexpected(report));
    return report.component;
  }

  /**
   * Prepares a component.
   *
   * @param store - where its prepared form is kept: bytes that only a runner of the same trust may look into.
   * @throws CodedError as preparing does.
   */
  async prepare(digest: string, bytes: Uint8Array, choice: ArtifactChoice, store: ByteStore): Promise<PreparedSummary> {
    const [kept] = await Promise.all([store.read(), this.decode(digest, bytes)]);
    const report = await this.#ask((job) => {
      this.#stores.set(job, store);
      this.#tell({ type: 'prepare', job, digest, choice, isCached: kept !== undefined });
      if (kept !== undefined) this.#control.send(kept.slice());
    });
    if (report.type !== 'prepared') throw this.breach(unexpected(report));
    return report.summary;
  }

  /**
   * Says what frames of a trapped guest are in its source.
   *
   * @throws CodedError as preparing does.
   */
  async explain(
    { digest, bytes }: { readonly digest: string; readonly bytes: Uint8Array },
    choice: ArtifactChoice,
    frames: readonly GuestFrame[],
  ): Promise<readonly StackFrame[]> {
    await this.decode(digest, bytes);
    const report = await this.#ask((job) => this.#tell({ type: 'explain', job, digest, choice, frames }));
    if (report.type !== 'explained') throw this.breach(unexpected(report));
    return report.stack;
  }

  /** Lets go of a plan that no worker needs any more. */
  forget(planId: number): void {
    if (this.#plans.delete(planId)) this.#tell({ type: 'forget', planId });
  }

  /** Kills the process: it did what no runner of ours does. @returns the error. */
  breach(error: CodedError): CodedError {
    this.#end('killed', error.message);
    return error;
  }

  kill(): void {
    this.#end(undefined, 'it was ended');
  }

  /** Makes a plan, if it is not there, and hands it to a worker. */
  async #post(worker: number, { planId, spec, digest, componentBytes }: RunnerPlan): Promise<void> {
    await this.decode(digest, componentBytes);
    await once(this.#plans, planId, () => this.#ask((job) => this.#tell({ type: 'plan', job, plan: spec })));
    if (!this.#plans.has(planId)) throw new CodedError('usage/closed', 'the plan was released before a worker had it');
    this.#tell({ type: 'post', worker, planId });
  }

  /** A process that ends closes its roads first: what it died of is known a moment later. */
  #onControlEnd(error: CodedError): void {
    if (error.code !== 'failed/runner-crashed') this.breach(error);
    else setTimeout(() => this.#end('killed', error.message), END_MS_MAX);
  }

  #endWorker(worker: number): void {
    this.#tell({ type: 'end', worker });
    setTimeout(() => {
      if (this.#workers.has(worker))
        this.breach(new CodedError('failed/runner-crashed', `a worker did not end within ${END_MS_MAX} ms`));
    }, END_MS_MAX);
  }

  #ask(send: (job: number) => void): Promise<RunnerReport> {
    if (this.#gone) return Promise.reject(crashed('it is gone'));
    return new Promise((resolve, reject) => {
      const job = this.#nextNumber();
      this.#jobs.set(job, { resolve, reject });
      send(job);
    });
  }

  #onFrame(frame: Uint8Array): void {
    if (this.#gone) return;
    const keeping = this.#keeping;
    this.#keeping = undefined;
    if (keeping !== undefined) return void keeping.write(frame);
    try {
      this.#onReport(decodeReport(frame));
    } catch (error) {
      this.breach(error as CodedError); // the decoder throws no other
    }
  }

  #onReport(report: RunnerReport): void {
    if (report.type === 'gone') {
      const road = this.#workers.get(report.worker);
      if (road === undefined) throw unexpected(report);
      this.#workers.delete(report.worker);
      return road.gone(codedOf(report.error));
    }
    if (report.type === 'posted') {
      const road = this.#workers.get(report.worker);
      return road?.posted(report.planId); // of one that was ended meanwhile: nobody waits
    }
    const job = this.#jobs.get(report.job);
    const store = this.#stores.get(report.job);
    this.#stores.delete(report.job);
    if (job === undefined || (report.type === 'kept' && store === undefined)) throw unexpected(report);
    if (report.type === 'kept') {
      this.#keeping = store;
      return;
    }
    this.#jobs.delete(report.job);
    if (report.type === 'failed') job.reject(codedOf(report.error));
    else job.resolve(report);
  }

  #tell(order: RunnerOrder): void {
    if (!this.#gone) this.#control.send(encodeOrder(order));
  }

  #nextNumber(): number {
    this.#lastNumber += 1;
    return this.#lastNumber;
  }

  #end(type: RunnerEvent['type'] | undefined, why: string): void {
    if (this.#gone) return;
    this.#gone = true;
    const { child, stderr, roads } = this.#spawned;
    child.kill('SIGKILL');
    const words = type === 'crashed' ? tellingLine(stderr()) : '';
    const reason = words === '' ? why : `${why}: ${words}`;
    if (type !== undefined) this.#onEvent({ type, pid: child.pid, reason });
    this.#control.close();
    for (const road of roads.values()) road.destroy();
    const error = this.#isUp || type === undefined ? crashed(reason) : startFailed(reason);
    for (const { reject } of this.#jobs.values()) reject(error);
    for (const road of this.#workers.values()) road.gone(error);
    this.#workers.clear();
    this.#onGone();
  }
}

/** Does what a key stands for once; a failure is not kept. */
function once<K, T>(known: Map<K, Promise<T>>, key: K, work: () => Promise<T>): Promise<T> {
  let doing = known.get(key);
  if (doing === undefined) {
    doing = work();
    known.set(key, doing);
    doing.catch(() => known.delete(key));
  }
  return doing;
}

function codedOf({ code, message, data, help }: ErrorInfo): CodedError {
  const details = { ...(data === undefined ? {} : { data }), ...(help === undefined ? {} : { help }) };
  return new CodedError(code as ConstructorParameters<typeof CodedError>[0], message, details); // an unknown one counts as failed
}

function crashed(reason: string): CodedError {
  return new CodedError('failed/runner-crashed', `the runner process is gone: ${reason}`);
}

function startFailed(reason: string): CodedError {
  return new CodedError('failed/runner-start', `the runner process cannot be started: ${reason}`, {
    help: 'see whether its user (nobody, where the host is root) may read this installation; `CELLBLOCK_RUNNER_USER=uid:gid` names another',
  });
}

/** Of what Node or a shell says when it fails, the line that says why. */
function tellingLine(text: string): string {
  const lines = text.split('\n').map((line) => line.trim());
  return (lines.find((line) => /^\w*Error\b/.test(line)) ?? lines.find((line) => line !== '') ?? '').slice(0, 300);
}

function unexpected({ type }: RunnerReport): CodedError {
  return new CodedError('internal/invariant', `a runner sent a \`${type}\` message that nobody asked for`);
}
