import { CodedError, isCoded } from '../error.ts';
import type { ErrorInfo } from '../outcome.ts';
import { type CallFrame, decodeFrame, encodeHostCall, encodeResult, type HostCallFrame, type ResultFrame } from './frames.ts';
import type { CallBridge } from './import-serving.ts';
import { CellInstance, type LoadedPlan, loadPlan } from './instance.ts';
import type { CellPlan } from './plan.ts';

/** How a worker reaches the trusted side while the guest waits: sends a frame and sleeps until the answer is there. */
export interface HostRoad {
  ask(frame: Uint8Array): Uint8Array;
}

/** An instance made ahead of its call. */
interface Spare {
  readonly planId: number;
  readonly instance: CellInstance;
}

/**
 * What one worker does whichever road its frames take: keeps plans, runs calls in fresh instances, makes the next one ahead.
 */
export class CellServer {
  readonly #road: HostRoad;
  readonly #plans = new Map<number, LoadedPlan>();
  /** Plans whose start calls the host: their instances cannot be made ahead of the call. */
  readonly #notAhead = new Set<number>();
  #spare: Spare | undefined;
  /** The instance of the last call, if that ended well. */
  #last: CellInstance | undefined;

  constructor(road: HostRoad) {
    this.#road = road;
  }

  /** The plan whose next instance is made, 0 for none. */
  get ahead(): number {
    return this.#spare?.planId ?? 0;
  }

  has(planId: number): boolean {
    return this.#plans.has(planId);
  }

  /** Links a plan. @returns why that is not possible, if so. */
  async load(plan: CellPlan): Promise<ErrorInfo | undefined> {
    try {
      this.#plans.set(plan.planId, await loadPlan(plan));
      return undefined;
    } catch (error) {
      const { code, message, data } = isCoded(error)
        ? error
        : new CodedError('component/transpile-failed', `the linking code cannot be loaded: ${String(error)}`);
      return { code, message, data };
    }
  }

  forget(planId: number): void {
    this.#plans.delete(planId);
    this.#notAhead.delete(planId);
    if (this.#spare?.planId === planId) this.#spare = undefined;
  }

  /** Runs one call. @returns the encoded result, and whether `startAhead` is of use after it. */
  run(frame: CallFrame): { readonly bytes: Uint8Array; readonly good: boolean } {
    const { callId, planId } = frame;
    const loaded = this.#plans.get(planId);
    if (loaded === undefined) throw new CodedError('internal/invariant', `the plan ${planId} was not sent to this worker`);
    const spare = this.#takeSpare(planId);
    const instance = spare ?? new CellInstance(loaded);
    const bridge = this.#bridgeFor(callId, loaded.plan);
    if (spare === undefined) instance.start(frame.seed, bridge);
    else instance.adopt(bridge);
    const result: ResultFrame = instance.run(frame, spare !== undefined);
    if (instance.startFuel > AHEAD_FUEL_MAX) this.#notAhead.add(planId);
    const good = result.kind === 'ok' || result.kind === 'tool-error';
    this.#last = good ? instance : undefined;
    return { bytes: encodeResult(result), good };
  }

  /** After the answer is on its way: makes a plan's next instance, unless that has to wait for its call. */
  startAhead(planId: number): void {
    this.#last?.giveBack();
    this.#last = undefined;
    const loaded = this.#plans.get(planId);
    if (loaded === undefined || this.#notAhead.has(planId) || this.#spare?.planId === planId) return;
    const instance = new CellInstance(loaded);
    instance.start(undefined, refuseAhead);
    if (instance.startedAlone) this.#spare = { planId, instance };
    else this.#notAhead.add(planId);
  }

  #takeSpare(planId: number): CellInstance | undefined {
    const spare = this.#spare;
    if (spare?.planId !== planId) return undefined;
    this.#spare = undefined;
    return spare.instance;
  }

  #bridgeFor(callId: number, plan: CellPlan): CallBridge {
    return (functionIndex, args, fuel) => {
      checkHostBytes(args.length, plan, 'arguments');
      const call: HostCallFrame = { callId, functionIndex, fuelLeft: fuel.left(), args };
      const answer = decodeFrame(this.#road.ask(encodeHostCall(call)));
      if (answer.type !== 'hostAnswer' || answer.callId !== callId)
        throw new CodedError('internal/invariant', 'the bridge answered another call');
      if (answer.charge > 0n) fuel.charge(answer.charge);
      if (answer.error !== undefined) {
        const { code, message, help } = answer.error;
        throw Object.assign(new CodedError('capability/failed', message, help === undefined ? {} : { help }), { code });
      }
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
