import type { WitValue } from '../../value/index.ts';
import type { HTTP_BACK } from '../back.ts';
import type { WasiContext } from '../context.ts';
import type { AwaitedEvent, EventAsker } from '../poll.ts';
import type { ErrorCode, HttpFailure } from './error-code.ts';
import type { Exchange } from './exchange.ts';
import { HttpMemory } from './memory.ts';

/** Calls one of `HTTP_BACK`. @throws CodedError, which is final. */
export type HttpBack = (name: keyof typeof HTTP_BACK, args: readonly WitValue[]) => WitValue | undefined;

/**
 * Bytes that one crossing carries at most: of a body that is read ahead, or of one that is sent. Waking two threads costs as much as copying
 * some 100 KiB: 100 MiB in pieces of 256 KiB took half as long again as in pieces of 1 MiB.
 */
const CROSSING_BYTES_MAX = 1024 * 1024;

/** What the encoding of a crossing takes beside its bytes, rounded up. */
const CROSSING_OVERHEAD_BYTES = 64;

/** What a response, a head or a body is waited for. */
export interface ExchangeEvent extends AwaitedEvent {
  readonly exchange: Exchange;
  /** Blocks until it happened. */
  settle(): void;
}

/** One call's way to the trusted side's HTTP: what all of its exchanges share. */
export class HttpClient implements EventAsker {
  readonly context: WasiContext;
  readonly memory = new HttpMemory();
  /** Bytes of a body in one crossing. */
  readonly chunkBytesMax: number;
  readonly #back: HttpBack;
  /** Exchanges whose request bodies have not all left. */
  readonly #sending = new Set<Exchange>();

  /** @param hostCallBytesMax - the limit for the arguments and the answer of one crossing. */
  constructor(context: WasiContext, back: HttpBack, hostCallBytesMax: number) {
    this.context = context;
    this.#back = back;
    context.beforeSleep = () => this.sendAll();
    this.chunkBytesMax = Math.max(1, Math.min(CROSSING_BYTES_MAX, hostCallBytesMax - CROSSING_OVERHEAD_BYTES));
  }

  /** Crosses for a function without a result of its own. */
  call(name: 'http.wait' | 'http.end', args: readonly WitValue[]): WitValue | undefined {
    return this.#back(name, args);
  }

  /** Crosses for a function that may fail. */
  ask(name: 'http.start' | 'http.send' | 'http.head' | 'http.read', args: readonly WitValue[]): Answer {
    const answer = this.#back(name, args) as { ok: WitValue } | { err: HttpFailure & WitValue }; // by the type of the function
    return 'err' in answer ? { failure: answer.err } : { ok: answer.ok };
  }

  /** Runs a step outside of the guest's calls, when a handle is dropped: what it throws is kept as the call's failure. */
  quietly(step: () => void): void {
    try {
      this.context.call(step);
    } catch {
      // The context has it: every later call of the guest's throws it, and so does the end of the call.
    }
  }

  startSending(exchange: Exchange): void {
    this.#sending.add(exchange);
  }

  stopSending(exchange: Exchange): void {
    this.#sending.delete(exchange);
  }

  /**
   * Lets everything leave that guests wrote and that was kept to save crossings. INVARIANT: before every wait; a peer may not answer
   * until it has the bytes.
   */
  sendAll(): void {
    for (const exchange of this.#sending) exchange.send();
  }

  wait(awaited: readonly AwaitedEvent[], timeoutMs: number | undefined): void {
    const events = awaited as readonly ExchangeEvent[]; // only these have this asker
    this.sendAll();
    for (const { exchange } of events) exchange.start();
    if (events.some((event) => event.happened())) return;
    const [first] = events;
    if (events.length === 1 && timeoutMs === undefined && first !== undefined) {
      first.settle(); // one crossing instead of two
      return;
    }
    const byId = new Map(events.map(({ exchange }) => [exchange.id, exchange] as const));
    const ids = [...byId.keys()].filter((id) => id !== undefined);
    const timeout = timeoutMs === undefined ? null : { some: timeoutMs };
    for (const index of this.call('http.wait', [ids, timeout]) as readonly number[]) byId.get(ids[index])?.hasNews();
  }
}

type Answer = { readonly ok: WitValue; readonly failure?: undefined } | { readonly failure: HttpFailure };

/** A failure with the code that guests see. */
export interface Failure extends HttpFailure {
  readonly errorCode: ErrorCode;
}
