import { createHash } from 'node:crypto';
import { CodedError } from '../error.ts';
import type { CellOutcome } from '../outcome.ts';
import { type HostCallTap, serveHostCall } from './bridge.ts';
import { CallContext } from './call-context.ts';
import { CallLog } from './call-log.ts';
import { crashed, deadlinePassed, failure, outcomeOf, settled, withLog } from './call-outcome.ts';
import { encodeCall, type Frame, type HostCallFrame, type ResultFrame } from './frames.ts';
import type { ResolvedImports } from './grants.ts';
import type { CallSpec } from './plan.ts';
import type { CellPool, Waiter } from './pool.ts';
import type { Slot } from './slot.ts';

export interface InvokeOptions {
  /** Cancels the call: the worker is ended wherever it is, the outcome is `cancelled`. */
  readonly signal?: AbortSignal;
  /**
   * 16 bytes that seed the call's randomness. By default they follow from component, function and parameters, so the same
   * call gives the same bytes and fuel again.
   */
  readonly seed?: Uint8Array;
  /** Milliseconds that the call has waited before: they count for its time limit. Default 0. */
  readonly waitedMs?: number;
  /** Units of fuel that the call may use, where that is less than its plan allows. */
  readonly fuelMax?: bigint;
  /** The call is on behalf of one that holds a worker until this one ends: it waits for no worker that is not idle. */
  readonly isNested?: boolean;
  /** What the caller knows the call by: host functions are told. */
  readonly ref?: string;
  /** Hears host calls of the trusted side, and may answer them: to record a call, and to run a recorded one again. */
  readonly tap?: HostCallTap;
}

/** A plan with the trusted side's part of it, which never crosses to the worker. */
export interface CallPlan<Plan extends CallSpec = CallSpec> {
  readonly plan: Plan;
  readonly bridged: ResolvedImports['bridged'];
}

let lastCallId = 0;

/**
 * Runs one call in a fresh cell.
 *
 * @param params - canonical encoding of the parameters, already checked against their types. @param onEnd - hears of the
 * outcome at once, before whoever awaits the promise.
 * @returns the outcome. Never rejects: whatever happens to the call is data.
 */
export function runCall<Plan extends CallSpec>(
  pool: CellPool<Plan>,
  target: CallPlan<Plan>,
  params: Uint8Array,
  options: InvokeOptions = {},
  onEnd: (outcome: CellOutcome) => void = () => undefined,
): Promise<CellOutcome> {
  return new Promise((resolve) => {
    const settle = (outcome: CellOutcome): void => {
      resolve(outcome);
      onEnd(outcome);
    };
    new Call(pool, target, params, settle).start(options);
  });
}

/** The state of one call on the trusted side: queued, running, ended. It ends exactly once. */
class Call<Plan extends CallSpec> implements Waiter<Plan> {
  readonly #pool: CellPool<Plan>;
  readonly #target: CallPlan<Plan>;
  readonly #params: Uint8Array;
  readonly #resolve: (outcome: CellOutcome) => void;
  readonly #callId = nextCallId();
  readonly #began = performance.now();
  #ended = false;
  /** Aborts what host functions do on the call's behalf. Few calls need it; it costs 20 us. */
  #abort: AbortController | undefined;
  #hostContext: CallContext | undefined;
  #callLog: CallLog | undefined;
  #seed: Uint8Array = NO_SEED;
  #fuelMax = 0n;
  #ref: string | undefined;
  #tap: HostCallTap | undefined;
  #slot: Slot<Plan> | undefined;
  /** Leaves the queue for a worker. */
  #leave: (() => void) | undefined;
  /** A host call waits for its answer: the guest's thread is asleep. */
  #isServing = false;
  #timer: NodeJS.Timeout | undefined;
  #unlisten: (() => void) | undefined;

  constructor(pool: CellPool<Plan>, target: CallPlan<Plan>, params: Uint8Array, resolve: (outcome: CellOutcome) => void) {
    this.#pool = pool;
    this.#target = target;
    this.#params = params;
    this.#resolve = resolve;
  }

  start(options: InvokeOptions): void {
    const { signal, seed = defaultSeed(this.#target.plan, this.#params), waitedMs = 0, fuelMax, ref, tap } = options;
    this.#ref = ref;
    this.#tap = tap;
    const { fuelMax: planFuel, timeoutMsMax } = this.#target.plan.limits;
    this.#fuelMax = fuelMax !== undefined && fuelMax < planFuel ? fuelMax : planFuel;
    const cancel = () => this.#stop(new CodedError('cancelled/by-caller', 'the call was cancelled'));
    if (signal?.aborted) return cancel();
    if (seed.length !== SEED_BYTES)
      return this.#stop(new CodedError('usage/invalid-argument', `the seed has ${seed.length} bytes, not ${SEED_BYTES}`));
    this.#seed = seed;
    if (signal !== undefined) {
      signal.addEventListener('abort', cancel, { once: true });
      this.#unlisten = () => signal.removeEventListener('abort', cancel);
    }
    const leftMs = Math.max(0, timeoutMsMax - waitedMs);
    this.#timer = setTimeout(() => this.#stop(deadlinePassed(timeoutMsMax)), leftMs);
    try {
      this.#run(options.isNested === true);
    } catch (error) {
      this.#stop(error);
    }
  }

  /** Takes no turn of the event loop where a worker is idle and has the plan. */
  #run(isNested: boolean): void {
    const { plan } = this.#target;
    const slot = this.#pool.claim(plan, this, isNested);
    if (slot === undefined) this.#leave = this.#pool.wait(plan, this, isNested);
    else this.onSlot(slot);
  }

  /** A worker was claimed for it. */
  onSlot(slot: Slot<Plan>): void {
    this.#slot = slot;
    this.#leave = undefined;
    const { plan } = this.#target;
    if (slot.isLoaded(plan.planId)) return this.#send(slot);
    slot
      .load(plan)
      .then(() => this.#send(slot))
      .catch((error: unknown) => this.#stop(error));
  }

  /** No worker will come. */
  onRefused(error: unknown): void {
    this.#stop(error);
  }

  #send(slot: Slot<Plan>): void {
    const { planId } = this.#target.plan;
    const call = { callId: this.#callId, planId, seed: this.#seed, fuelMax: this.#fuelMax, params: this.#params };
    slot.send(encodeCall(call), planId);
  }

  get #signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#ended) this.#abort.abort();
    return this.#abort.signal;
  }

  /** What host functions of this call get. */
  get #context(): CallContext {
    this.#hostContext ??= new CallContext(
      () => this.#signal,
      (line) => this.#log.keep(line),
      this.#ref,
      this.#target.plan.limits.hostCallBytesMax,
      this.#fuelMax,
    );
    return this.#hostContext;
  }

  /** Lines that crossed the bridge: they are here whatever becomes of the cell. */
  get #log(): CallLog {
    this.#callLog ??= new CallLog();
    return this.#callLog;
  }

  /** From its worker. */
  onFrame(frame: Frame): void {
    if (this.#ended) return; // its worker is being ended
    const odd = this.#oddity(frame);
    if (odd !== undefined) return this.#breach(odd);
    if (frame.type === 'result') return this.#finish(frame);
    if (frame.type === 'hostCall') this.#serve(frame);
  }

  /** Its worker ended before the call did. */
  onGone(error: unknown): void {
    this.#stop(crashed(error));
  }

  /** What a worker of ours would never send. */
  #oddity(frame: Frame): string | undefined {
    if (frame.callId !== this.#callId) return 'a frame of another call arrived';
    if (this.#isServing) return 'a worker went on before its host call was answered';
    if (frame.type === 'result') return undefined;
    if (frame.type !== 'hostCall') return `a worker sent a \`${frame.type}\` frame`;
    return frame.functionIndex < this.#target.bridged.length ? undefined : 'a worker named a host function that was not granted';
  }

  #serve(frame: HostCallFrame): void {
    const { bridged, plan } = this.#target;
    const answer = serveHostCall(frame, bridged, plan.limits.hostCallBytesMax, this.#context, this.#tap);
    if (answer instanceof Uint8Array) return this.#answer(answer);
    this.#isServing = true;
    void answer
      .then((later) => {
        this.#isServing = false;
        this.#answer(later);
      })
      .catch((error: unknown) => this.#stop(error));
  }

  #answer(frame: Uint8Array): void {
    if (!this.#ended) this.#slot?.send(frame);
  }

  #breach(message: string): void {
    const error = new CodedError('internal/invariant', message);
    this.#end(() => failure(error, performance.now() - this.#began));
    this.#slot?.breach(error);
  }

  #finish(frame: ResultFrame): void {
    const slot = this.#slot;
    const good = frame.kind === 'ok' || frame.kind === 'tool-error';
    this.#end(() => outcomeOf(frame, this.#target.plan, performance.now() - this.#began));
    if (slot === undefined) return;
    if (!good) return slot.kill(); // after a trap or a limit nothing in that worker is trusted again
    this.#pool.giveBack(slot, this.#target.plan);
  }

  /** Ends the call from outside of the guest: deadline, cancel, crash, refusal by the pool. */
  #stop(error: unknown): void {
    this.#end(() => failure(error, performance.now() - this.#began));
    this.#slot?.kill();
  }

  #end(outcome: () => CellOutcome): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#leave?.();
    this.#unlisten?.();
    this.#abort?.abort();
    const result = settled(outcome, performance.now() - this.#began);
    this.#resolve(this.#callLog === undefined ? result : withLog(result, this.#callLog));
  }
}

const SEED_BYTES = 16;
const NO_SEED = new Uint8Array(SEED_BYTES);

/** Hashes the call only where somebody could see the difference. */
function defaultSeed(plan: CallSpec, params: Uint8Array): Uint8Array {
  if (!plan.usesRandom) return NO_SEED;
  const { digest, target } = plan;
  const name = `${target.interface ?? ''}#${target.name}`;
  return createHash('sha256').update(`cellblock seed 1\n${digest}\n${name}\n`).update(params).digest().subarray(0, SEED_BYTES);
}

function nextCallId(): number {
  lastCallId = (lastCallId + 1) >>> 0;
  return lastCallId;
}
