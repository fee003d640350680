import type { MessagePort } from 'node:worker_threads';
import { CodedError, isCoded } from '../error.ts';
import { decodeFrame, encodeHostCall, encodeResult } from './frames.ts';
import type { CallBridge } from './import-serving.ts';
import { CellInstance, type LoadedPlan, loadPlan } from './instance.ts';
import { muteProcess } from './mute-process.ts';
import type { CellPlan, ControlAnswer, ControlMessage } from './plan.ts';
import { type BlockingPort, openBlockingPort, type PortEnd } from './port.ts';

/** What the pool hands to a worker; the worker lives until `close` arrives or the pool ends it. */
export interface WorkerTask {
  readonly port: PortEnd;
  readonly control: MessagePort;
}

/** The one task of a worker's life: serve calls from its port until told to close. */
export default function serve(task: WorkerTask): Promise<void> {
  muteProcess();
  return new Promise((resolve) => {
    const worker = new CellWorker(task, resolve);
    worker.open();
  });
}

/** An instance made ahead of its call. */
interface Spare {
  readonly planId: number;
  readonly instance: CellInstance;
}

class CellWorker {
  readonly #port: BlockingPort;
  readonly #control: MessagePort;
  readonly #done: () => void;
  readonly #plans = new Map<number, LoadedPlan>();
  /** Plans whose start calls the host: their instances cannot be made ahead of the call. */
  readonly #notAhead = new Set<number>();
  #spare: Spare | undefined;
  /** Tells the pool which plan `#spare` is for. */
  readonly #ahead: Int32Array;

  constructor(task: WorkerTask, done: () => void) {
    this.#ahead = task.port.ahead;
    this.#port = openBlockingPort(task.port);
    this.#control = task.control;
    this.#done = done;
  }

  open(): void {
    this.#control.on('message', (message: ControlMessage) => void this.#onControl(message));
    this.#port.onFrame((bytes) => this.#onFrame(bytes));
    this.#answer({ type: 'up' });
  }

  async #onControl(message: ControlMessage): Promise<void> {
    if (message.type === 'plan') await this.#load(message.plan);
    else if (message.type === 'forget') this.#forget(message.planId);
    else this.#close();
  }

  async #load(plan: CellPlan): Promise<void> {
    const { planId } = plan;
    try {
      this.#plans.set(planId, await loadPlan(plan));
      this.#answer({ type: 'ready', planId });
    } catch (error) {
      const coded = isCoded(error)
        ? error
        : new CodedError('component/transpile-failed', `the linking code cannot be loaded: ${String(error)}`);
      this.#answer({ type: 'failed', planId, error: { code: coded.code, message: coded.message, data: coded.data } });
    }
  }

  #forget(planId: number): void {
    this.#plans.delete(planId);
    this.#notAhead.delete(planId);
    if (this.#spare?.planId === planId) this.#keep(undefined);
  }

  #close(): void {
    this.#control.close();
    this.#port.close();
    this.#done();
  }

  #answer(answer: ControlAnswer): void {
    this.#control.postMessage(answer);
  }

  #onFrame(bytes: Uint8Array): void {
    const frame = decodeFrame(bytes);
    if (frame.type !== 'call')
      throw new CodedError('internal/invariant', `a \`${frame.type}\` frame came while no call was running`);
    const loaded = this.#plans.get(frame.planId);
    if (loaded === undefined) throw new CodedError('internal/invariant', `the plan ${frame.planId} was not sent to this worker`);
    const spare = this.#takeSpare(frame.planId);
    const instance = spare ?? new CellInstance(loaded);
    const bridge = this.#bridgeFor(frame.callId, loaded.plan);
    if (spare === undefined) instance.start(frame.seed, bridge);
    else instance.adopt(bridge);
    const result = instance.run(frame.callId, frame.params, frame.seed, spare !== undefined);
    this.#port.send(encodeResult(result));
    // After the answer is on its way: the caller does not wait for the next instance to be made.
    if (result.kind !== 'ok' && result.kind !== 'tool-error') return;
    if (instance.startFuel > AHEAD_FUEL_MAX) this.#notAhead.add(frame.planId);
    setImmediate(() => this.#startAhead(frame.planId));
  }

  #takeSpare(planId: number): CellInstance | undefined {
    const spare = this.#spare;
    if (spare?.planId !== planId) return undefined;
    this.#keep(undefined);
    return spare.instance;
  }

  #startAhead(planId: number): void {
    const loaded = this.#plans.get(planId);
    if (loaded === undefined || this.#notAhead.has(planId) || this.#spare?.planId === planId) return;
    const instance = new CellInstance(loaded);
    instance.start(undefined, refuseAhead);
    if (instance.startedAlone) this.#keep({ planId, instance });
    else this.#notAhead.add(planId);
  }

  #keep(spare: Spare | undefined): void {
    this.#spare = spare;
    Atomics.store(this.#ahead, 0, spare?.planId ?? 0);
  }

  #bridgeFor(callId: number, plan: CellPlan): CallBridge {
    return (functionIndex, args) => {
      checkHostBytes(args.length, plan, 'arguments');
      this.#port.send(encodeHostCall({ callId, functionIndex, args }));
      const answer = decodeFrame(this.#port.receive());
      if (answer.type !== 'hostAnswer' || answer.callId !== callId)
        throw new CodedError('internal/invariant', 'the bridge answered another call');
      if (answer.error !== undefined)
        throw Object.assign(new CodedError('capability/failed', answer.error.message), { code: answer.error.code });
      return answer.value;
    };
  }
}

/**
 * A component whose start costs more is started inside its call, under that call's deadline: ahead of it, the work would
 * hold up whoever comes next. About 10 ms.
 */
const AHEAD_FUEL_MAX = 10_000_000n;

/** A host call while an instance is made ahead: there is no call yet that it could belong to. */
function refuseAhead(): never {
  throw new CodedError('internal/invariant', 'a host function was called before there was a call');
}

function checkHostBytes(bytes: number, plan: CellPlan, what: string): void {
  const limit = plan.limits.hostCallBytesMax;
  if (bytes <= limit) return;
  throw new CodedError('limit/host-calls', `the ${what} of a host call have ${bytes} bytes, more than ${limit}`, {
    data: { limit, used: bytes },
  });
}
