import { createHash } from 'node:crypto';
import { kindOf } from '../codes.ts';
import { CodedError, isCoded } from '../error.ts';
import type { CellOutcome, ErrorInfo, PhaseTimes } from '../outcome.ts';
import { decodeValue, type WitValue } from '../value/index.ts';
import { serveHostCall } from './bridge.ts';
import { encodeCall, type Frame, type HostCallFrame, type ResultFrame } from './frames.ts';
import type { ResolvedImports } from './grants.ts';
import type { CallSpec } from './plan.ts';
import type { CellPool } from './pool.ts';
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
}

/** A plan with the trusted side's part of it, which never crosses to the worker. */
export interface CallPlan<Plan extends CallSpec = CallSpec> {
  readonly plan: Plan;
  readonly bridged: ResolvedImports['bridged'];
}

const NO_PHASES: PhaseTimes = { instantiateMs: 0, lowerMs: 0, guestMs: 0, liftMs: 0 };
const NOTHING = { bytes: new Uint8Array(0), truncated: false };

let lastCallId = 0;

/**
 * Runs one call in a fresh cell.
 *
 * @param params - canonical encoding of the parameters, already checked against their types.
 * @returns the outcome. Never rejects: whatever happens to the call is data.
 */
export function runCall<Plan extends CallSpec>(
  pool: CellPool<Plan>,
  target: CallPlan<Plan>,
  params: Uint8Array,
  options: InvokeOptions = {},
): Promise<CellOutcome> {
  return new Promise((resolve) => new Call(pool, target, resolve).start(params, options));
}

/** The state of one call on the trusted side: queued, running, ended. It ends exactly once. */
class Call<Plan extends CallSpec> {
  readonly #pool: CellPool<Plan>;
  readonly #target: CallPlan<Plan>;
  readonly #resolve: (outcome: CellOutcome) => void;
  readonly #callId = nextCallId();
  readonly #began = performance.now();
  #ended = false;
  /** Aborts what is done on the call's behalf: waiting for a worker, host functions. Most calls do neither; it costs 20 us. */
  #abort: AbortController | undefined;
  #slot: Slot<Plan> | undefined;
  /** A host call waits for its answer: the guest's thread is asleep. */
  #isServing = false;
  #timer: NodeJS.Timeout | undefined;
  #unlisten: (() => void) | undefined;

  constructor(pool: CellPool<Plan>, target: CallPlan<Plan>, resolve: (outcome: CellOutcome) => void) {
    this.#pool = pool;
    this.#target = target;
    this.#resolve = resolve;
  }

  start(params: Uint8Array, { signal, seed = defaultSeed(this.#target.plan, params), waitedMs = 0 }: InvokeOptions): void {
    const cancel = () => this.#stop(new CodedError('cancelled/by-caller', 'the call was cancelled'));
    if (signal?.aborted) return cancel();
    if (seed.length !== SEED_BYTES)
      return this.#stop(new CodedError('usage/invalid-argument', `the seed has ${seed.length} bytes, not ${SEED_BYTES}`));
    signal?.addEventListener('abort', cancel, { once: true });
    this.#unlisten = () => signal?.removeEventListener('abort', cancel);
    const { timeoutMsMax } = this.#target.plan.limits;
    const leftMs = Math.max(0, timeoutMsMax - waitedMs);
    this.#timer = setTimeout(() => this.#stop(deadlinePassed(timeoutMsMax)), leftMs);
    this.#run(params, seed).catch((error: unknown) => this.#stop(error));
  }

  async #run(params: Uint8Array, seed: Uint8Array): Promise<void> {
    const { plan } = this.#target;
    const listener = { onFrame: (frame: Frame) => this.#onFrame(frame), onGone: (error: unknown) => this.#stop(crashed(error)) };
    const slot = this.#pool.claim(plan, listener) ?? (await this.#pool.wait(plan, listener, this.#signal));
    if (this.#ended) {
      slot.release();
      return this.#pool.offer(slot);
    }
    this.#slot = slot;
    if (!slot.isLoaded(plan.planId)) await slot.load(plan);
    slot.send(encodeCall({ callId: this.#callId, planId: plan.planId, seed, params }), plan.planId);
  }

  get #signal(): AbortSignal {
    this.#abort ??= new AbortController();
    return this.#abort.signal;
  }

  #onFrame(frame: Frame): void {
    if (this.#ended) return; // its worker is being ended
    const odd = this.#oddity(frame);
    if (odd !== undefined) return this.#breach(odd);
    if (frame.type === 'result') return this.#finish(frame);
    if (frame.type === 'hostCall') this.#serve(frame);
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
    const slot = this.#slot;
    this.#isServing = true;
    void serveHostCall(frame, bridged, plan.limits.hostCallBytesMax, { signal: this.#signal })
      .then((answer) => {
        this.#isServing = false;
        if (!this.#ended) slot?.send(answer);
      })
      .catch((error: unknown) => this.#stop(error));
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
    this.#unlisten?.();
    this.#abort?.abort();
    this.#resolve(settled(outcome, performance.now() - this.#began));
  }
}

/** The one place where a call's promise is fulfilled must not throw: nothing would ever fulfil it then. */
function settled(outcome: () => CellOutcome, wallMs: number): CellOutcome {
  try {
    return outcome();
  } catch (error) {
    return failure(error, wallMs);
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

function outcomeOf(frame: ResultFrame, plan: CallSpec, wallMs: number): CellOutcome {
  const usage = {
    fuel: frame.fuel,
    memoryBytesPeak: frame.memoryBytesPeak,
    wallMs,
    hostCalls: frame.hostCalls,
    phases: frame.phases,
  };
  return {
    kind: frame.kind,
    ...valuePart(frame, plan),
    ...(frame.error === undefined ? {} : { error: frame.error }),
    usage,
    stdout: { bytes: frame.stdout, truncated: frame.stdoutTruncated },
    stderr: { bytes: frame.stderr, truncated: frame.stderrTruncated },
    log: frame.log,
    logDropped: frame.logDropped,
  };
}

/** The payload of a `result` function stands for itself: the outcome's kind already says whether it is ok or err. */
function valuePart(frame: ResultFrame, { target, limits }: CallSpec): Pick<CellOutcome, 'value' | 'valueBytes'> {
  const type = target.type.result;
  if (type === undefined || frame.value.length === 0) return {};
  const value = decodeValue(frame.value, type, { bytesMax: limits.resultBytesMax, elementsMax: limits.resultElementsMax });
  if (type.kind !== 'result') return { value, valueBytes: frame.value };
  const { ok, err } = value as { readonly ok?: WitValue; readonly err?: WitValue }; // decoded as a result
  const hasPayload = (ok === undefined ? type.err : type.ok) !== undefined;
  return hasPayload ? { value: (ok ?? err) as WitValue, valueBytes: frame.value } : { valueBytes: frame.value };
}

/** An outcome of a call that has no result frame. */
export function failure(error: unknown, wallMs: number): CellOutcome {
  const coded = isCoded(error) ? error : new CodedError('internal/invariant', `the call failed: ${String(error)}`);
  const kind = kindOf(coded.code);
  return {
    kind: kind === 'usage' ? 'failed' : kind,
    error: errorInfo(coded),
    usage: { fuel: 0n, memoryBytesPeak: 0, wallMs, hostCalls: 0, phases: NO_PHASES },
    stdout: NOTHING,
    stderr: NOTHING,
    log: [],
    logDropped: 0,
  };
}

/** An error as plain data. */
export function errorInfo(error: CodedError): ErrorInfo {
  const { code, message, data, help } = error;
  return { code, message, data, ...(help === undefined ? {} : { help }) };
}

function deadlinePassed(timeoutMsMax: number): CodedError {
  return new CodedError('limit/deadline', `the call did not end within ${timeoutMsMax} ms`, {
    data: { limit: timeoutMsMax, used: timeoutMsMax },
    help: 'raise `timeout` for this tool, or give it less to do',
  });
}

function crashed(error: unknown): CodedError {
  if ((error as { code?: unknown } | null)?.code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return new CodedError('limit/memory', 'the call used up the JavaScript heap of its worker', {
      help: 'return or pass smaller values',
    });
  }
  if (isCoded(error)) return error;
  const words = error instanceof Error ? error.message.split('\n', 1)[0] : String(error);
  return new CodedError('failed/worker-crashed', `the worker ended while it ran the call: ${words}`, { cause: error });
}
