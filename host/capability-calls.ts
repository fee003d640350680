import { type CellOutcome, CodedError, failure, type HostCallContext, isCoded, type PlainJson } from '../runtime/index.ts';
import type { CapabilityCall, CapabilityUse, EndResult } from './capabilities/index.ts';
import type { RunningCall, RunningCalls } from './running-calls.ts';

/** Uses kept of one call; more are counted. */
const USES_MAX = 100;
/** Of these, uses that were refused: they cost a guest nothing, and must not push out of the trail what was done. */
const REFUSED_MAX = 50;
const TEXT_CHARS_MAX = 1000;
/** UTF-16 units of the JSON of a use's data, which may be a manifest; what is larger, or no JSON, is left out: nothing must keep an outcome out of the trail. */
const DATA_CHARS_MAX = 512 * 1024;

/** How a call ended, once its capabilities have let go of it. */
export interface EndedCall {
  readonly cell: CellOutcome;
  readonly uses: readonly CapabilityUse[];
  readonly usesDropped: number;
}

/** The running calls as capabilities know them, made when a capability first asks: a call that uses none costs nothing here. */
export class CapabilityCalls {
  readonly #running: RunningCalls;
  readonly #onUse: ((use: CapabilityUse) => void) | undefined;
  readonly #calls = new Map<string, LiveCall>();

  /** @param onUse - hears of each use when it is noted, beyond those that are kept, too. */
  constructor(running: RunningCalls, onUse?: (use: CapabilityUse) => void) {
    this.#running = running;
    this.#onUse = onUse;
  }

  /** @throws CodedError `internal/invariant` when the call that a host function serves has ended. */
  of({ ref }: HostCallContext): LiveCall {
    const known = ref === undefined ? undefined : this.#calls.get(ref);
    if (known !== undefined) return known;
    const running = ref === undefined ? undefined : this.#running.get(ref);
    if (running === undefined) throw hasEnded();
    const call = new LiveCall(running, this.#running.endOf(running), this.#onUse);
    this.#calls.set(running.audit, call);
    return call;
  }

  /** Frees what capabilities kept for a call that has ended and runs no more; its outcome may be another one afterwards. */
  async end(audit: string, cell: CellOutcome): Promise<EndedCall> {
    const call = this.#calls.get(audit);
    if (call === undefined) return { cell, uses: [], usesDropped: 0 };
    this.#calls.delete(audit);
    return call.end(cell);
  }
}

/** What a capability keeps for a call, and how it is freed. */
interface Kept {
  readonly state: unknown;
  end(cell: CellOutcome): EndResult | Promise<EndResult>;
}

/** One running call, as capabilities know it. */
export class LiveCall implements CapabilityCall {
  readonly running: RunningCall;
  readonly signal: AbortSignal;
  readonly #states = new Map<object, Kept>();
  readonly #uses: CapabilityUse[] = [];
  readonly #onUse: ((use: CapabilityUse) => void) | undefined;
  #usesDropped = 0;
  #refused = 0;
  #hasEnded = false;

  /** @param signal - aborts when the call ends or is cancelled. */
  constructor(running: RunningCall, signal: AbortSignal, onUse?: (use: CapabilityUse) => void) {
    this.running = running;
    this.signal = signal;
    this.#onUse = onUse;
  }

  get audit(): string {
    return this.running.audit;
  }

  get agent(): string {
    return this.running.agent;
  }

  get tool(): string {
    return this.running.tool;
  }

  get session(): string | undefined {
    return this.running.session;
  }

  get endsMs(): number {
    return this.running.endsMs;
  }

  state<T>(key: object, make: () => T, end: (state: T, cell: CellOutcome) => EndResult | Promise<EndResult> = doNothing): T {
    // A host function may still be at work when its call is ended: what it made then, nobody would free.
    if (this.#hasEnded) throw hasEnded();
    const known = this.#states.get(key);
    if (known !== undefined) return known.state as T; // made by the same capability, under its own key
    const state = make();
    this.#states.set(key, { state, end: (cell) => end(state, cell) });
    return state;
  }

  note(use: CapabilityUse): void {
    this.#onUse?.(use);
    const isRefused = use.result.startsWith('denied');
    if (isRefused) this.#refused += 1;
    if (this.#uses.length >= USES_MAX || (isRefused && this.#refused > REFUSED_MAX)) this.#usesDropped += 1;
    else this.#uses.push(copyOf(use));
  }

  /** Frees everything, the last made first, whatever goes wrong with it. The first error is how the call ends, where it had ended well. */
  async end(cell: CellOutcome): Promise<EndedCall> {
    this.#hasEnded = true;
    let ended = cell;
    for (const kept of [...this.#states.values()].reverse()) {
      const error = await endOf(kept, ended);
      if (error !== undefined && (ended.kind === 'ok' || ended.kind === 'tool-error')) ended = endedBy(error, ended);
    }
    // A copy: what a host function tells later must not be in the receipt, since it is not in the trail.
    return { cell: ended, uses: [...this.#uses], usesDropped: this.#usesDropped };
  }
}

/** As it is now: who told of it may go on to change what it told. */
function copyOf({ capability, act, result, data }: CapabilityUse): CapabilityUse {
  const copy = dataCopyOf(data);
  return {
    capability,
    act: act.slice(0, TEXT_CHARS_MAX),
    result: result.slice(0, TEXT_CHARS_MAX),
    ...(copy === undefined ? {} : { data: copy }),
  };
}

function dataCopyOf(data: CapabilityUse['data']): CapabilityUse['data'] {
  if (data === undefined) return undefined;
  try {
    const json = JSON.stringify(data);
    return json.length > DATA_CHARS_MAX ? undefined : (JSON.parse(json) as { readonly [name: string]: PlainJson }); // of an object
  } catch {
    return undefined;
  }
}

async function endOf(kept: Kept, cell: CellOutcome): Promise<EndResult> {
  try {
    const error: unknown = await kept.end(cell); // of a program without types, perhaps
    return error === undefined || isCoded(error) ? error : couldNotEnd(error);
  } catch (thrown) {
    return isCoded(thrown) ? thrown : couldNotEnd(thrown);
  }
}

function couldNotEnd(cause: unknown): CodedError {
  return new CodedError('capability/failed', 'a capability could not let go of the call', { cause });
}

/** The result is withheld: what the call was to leave behind is not there. What it cost stays. */
function endedBy(error: CodedError, { usage, stdout, stderr, log, logDropped }: CellOutcome): CellOutcome {
  return { ...failure(error, usage.wallMs), usage, stdout, stderr, log, logDropped };
}

function doNothing(): undefined {}

function hasEnded(): CodedError {
  return new CodedError('internal/invariant', 'the call that a host function serves has ended');
}
