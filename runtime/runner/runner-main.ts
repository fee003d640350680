import { Socket } from 'node:net';
import { deserialize, serialize } from 'node:v8';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import {
  type Artifact,
  type ArtifactChoice,
  type ArtifactStore,
  explainGuestFrames,
  prepareArtifact,
  startNeeds,
} from '../artifact.ts';
import { Preparer } from '../bindings/preparer.ts';
import { errorInfo } from '../cell/call-outcome.ts';
import { openStreamPort } from '../cell/frame-stream.ts';
import type { CellPlan } from '../cell/plan.ts';
import { FRAME_BYTES_MAX, type Port } from '../cell/port.ts';
import { openThreads } from '../cell/thread-workers.ts';
import { decodeComponent } from '../component/decode.ts';
import { encodeDescription } from '../component/description-encode.ts';
import type { Component } from '../component/types.ts';
import { CodedError, isCoded } from '../error.ts';
import { decodeOrder, encodeReport, type PlanSpec, type RunnerOrder, type RunnerReport } from './control.ts';
import type { DescriptorTask } from './descriptor-worker.ts';
import { planFrom } from './plan-from-spec.ts';

type PrepareOrder = Extract<RunnerOrder, { type: 'prepare' }>;

/** Descriptor of the control road; those of the workers follow. */
const CONTROL = 3;

/** A worker that runs: where its plans are posted, and how to end it. */
interface RunningWorker {
  readonly plans: MessagePort;
  readonly abort: AbortController;
}

/**
 * The main thread of a runner process: decodes, prepares, starts and ends workers as it is told. It is on no call's path, and
 * ends the process when the trusted side is gone.
 */
class RunnerMain {
  readonly #port: Port;
  readonly #threads: ReturnType<typeof openThreads>;
  readonly #preparer = new Preparer();
  readonly #workers = new Map<number, RunningWorker>();
  readonly #components = new Map<string, Component>();
  readonly #artifacts = new Map<string, Promise<Artifact>>();
  readonly #plans = new Map<number, CellPlan>();
  /** The order that the next frame belongs to. */
  #awaited: Extract<RunnerOrder, { type: 'decode' | 'prepare' }> | undefined;

  constructor(threads: number, heapMiBMax: number) {
    this.#port = openStreamPort(new Socket({ fd: CONTROL }), { onEnd: endProcess });
    this.#threads = openThreads('../runner/descriptor-entry.cjs', threads, heapMiBMax);
    this.#port.onFrame((frame) => this.#onFrame(frame));
  }

  #onFrame(frame: Uint8Array): void {
    const order = this.#awaited;
    if (order === undefined) return this.#obey(decodeOrder(frame));
    this.#awaited = undefined;
    if (order.type === 'decode') this.#job(order.job, async () => this.#decode(order.job, frame.slice()));
    else this.#job(order.job, () => this.#prepare(order, frame.slice()));
  }

  #obey(order: RunnerOrder): void {
    switch (order.type) {
      case 'start':
        return this.#start(order.worker, order.descriptor);
      case 'end':
        return this.#workers.get(order.worker)?.abort.abort();
      case 'decode':
        this.#awaited = order;
        return;
      case 'prepare':
        if (order.isCached) this.#awaited = order;
        else this.#job(order.job, () => this.#prepare(order, undefined));
        return;
      case 'plan':
        return this.#job(order.job, () => this.#plan(order.job, order.plan));
      case 'explain':
        return this.#job(order.job, () => this.#explain(order));
      case 'post':
        this.#workers.get(order.worker)?.plans.postMessage(this.#plans.get(order.planId));
        return this.#report({ type: 'posted', worker: order.worker, planId: order.planId });
      case 'forget':
        this.#plans.delete(order.planId);
        return;
      case 'drop':
        this.#components.delete(order.digest);
        for (const key of this.#artifacts.keys()) if (key.endsWith(order.digest)) this.#artifacts.delete(key);
    }
  }

  #start(worker: number, descriptor: number): void {
    const { port1: plans, port2 } = new MessageChannel();
    const abort = new AbortController();
    this.#workers.set(worker, { plans, abort });
    const task: DescriptorTask = { descriptor, plans: port2 };
    (this.#threads.run(task, { transferList: [port2], signal: abort.signal }) as Promise<void>)
      .then(() => new CodedError('failed/worker-crashed', 'the worker ended'))
      .catch((error: unknown) => error)
      .then((error) => {
        plans.close();
        this.#workers.delete(worker);
        this.#report({ type: 'gone', worker, error: infoOf(error) });
      });
  }

  #job(job: number, work: () => Promise<void>): void {
    work().catch((error: unknown) => this.#report({ type: 'failed', job, error: infoOf(error) }));
  }

  async #decode(job: number, bytes: Uint8Array): Promise<void> {
    const component = decodeComponent(bytes);
    this.#components.set(component.digest, component);
    this.#report({ type: 'decoded', job, component: encodeDescription(component) });
  }

  async #prepare({ job, digest, choice }: PrepareOrder, kept: Uint8Array | undefined): Promise<void> {
    const artifact = await this.#artifact(digest, choice, {
      read: async () => (kept === undefined ? undefined : deserialize(kept)),
      write: async (_, value) => {
        const bytes = serialize(value);
        if (bytes.length > FRAME_BYTES_MAX) return;
        this.#report({ type: 'kept', job });
        this.#port.send(bytes);
      },
    });
    const { bindings, bindingsReason, times } = artifact;
    const reason = bindingsReason === undefined ? {} : { bindingsReason };
    this.#report({ type: 'prepared', job, summary: { bindings, ...reason, ...startNeeds(artifact), ...times } });
  }

  async #plan(job: number, spec: PlanSpec): Promise<void> {
    const artifact = await this.#artifact(spec.digest, spec.choice);
    this.#plans.set(spec.planId, planFrom(spec, this.#component(spec.digest), artifact));
    this.#report({ type: 'planned', job });
  }

  async #explain({ job, digest, choice, frames }: Extract<RunnerOrder, { type: 'explain' }>): Promise<void> {
    const stack = await explainGuestFrames(this.#component(digest), choice, frames, this.#preparer);
    this.#report({ type: 'explained', job, stack });
  }

  #artifact(digest: string, choice: ArtifactChoice, store?: ArtifactStore): Promise<Artifact> {
    const key = `${choice.bindings} ${choice.costModel} ${digest}`;
    let artifact = this.#artifacts.get(key);
    if (artifact === undefined) {
      artifact = prepareArtifact(this.#component(digest), choice, this.#preparer, store);
      this.#artifacts.set(key, artifact);
      artifact.catch(() => this.#artifacts.delete(key));
    }
    return artifact;
  }

  #component(digest: string): Component {
    const component = this.#components.get(digest);
    if (component === undefined) throw new CodedError('internal/invariant', 'a component was not sent to this runner');
    return component;
  }

  #report(report: RunnerReport): void {
    this.#port.send(encodeReport(report));
  }
}

function infoOf(error: unknown): ReturnType<typeof errorInfo> {
  if ((error as { code?: unknown } | null)?.code === 'ERR_WORKER_OUT_OF_MEMORY')
    return { code: 'limit/memory', message: 'the call used up the JavaScript heap of its worker' };
  if (isCoded(error)) return errorInfo(error);
  return {
    code: 'failed/worker-crashed',
    message: error instanceof Error ? error.message.slice(0, 500) : 'something was thrown',
  };
}

/** At once, and whatever the workers do. */
function endProcess(): void {
  process.kill(process.pid, 'SIGKILL');
}

// Node starts its inspector at this signal where nobody listens.
process.on('SIGUSR1', () => undefined);
const [threads, heapMiBMax] = process.argv.slice(2).map(Number);
new RunnerMain(threads ?? 2, heapMiBMax ?? 512);
