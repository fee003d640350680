import type { HostCallContext, HostFunction, WitValue } from '../../../runtime/index.ts';
import type { CapabilityCall } from '../capability.ts';
import type { CallHttp } from './call-http.ts';
import type { Header } from './decide.ts';
import type { Exchange } from './exchange.ts';
import { ExchangeError, type HttpFailure } from './failure.ts';

/** Exchanges of one call that were begun and not let go of, whether they are over or not. */
const EXCHANGES_MAX = 1024;
/** Bytes of one answer: with what the encoding adds it stays below the default of `hostCallBytesMax`. */
const READ_BYTES_MAX = 1024 * 1024 - 64;

/** An exchange as the worker knows it. */
interface Named {
  readonly exchange: Exchange;
  hasHead: boolean;
}

/** Exchanges of one call by the number that the worker has for them. */
class NamedExchanges {
  readonly #named = new Map<number, Named>();
  #last = 0;

  add(exchange: Exchange): number {
    this.#last += 1;
    this.#named.set(this.#last, { exchange, hasHead: false });
    return this.#last;
  }

  get isFull(): boolean {
    return this.#named.size >= EXCHANGES_MAX;
  }

  /** @throws ExchangeError for a number that stands for nothing: the worker may say anything. */
  get(id: WitValue | undefined): Named {
    const named = this.#named.get(id as number);
    if (named === undefined)
      throw new ExchangeError({ kind: 'invalid', code: 'HTTP-protocol-error', message: 'there is no such exchange' });
    return named;
  }

  find(id: number): Named | undefined {
    return this.#named.get(id);
  }

  remove(id: number): void {
    this.#named.get(id)?.exchange.end();
    this.#named.delete(id);
  }
}

const KEY = {};

/** `HTTP_BACK`: what `wasi:http` inside the worker stands on. The arguments have its types; what they say is checked here. */
export function wasiFunctions(
  httpOf: (context: HostCallContext) => CallHttp,
  callOf: (context: HostCallContext) => CapabilityCall,
) {
  const named = (context: HostCallContext): NamedExchanges => callOf(context).state(KEY, () => new NamedExchanges());
  const failing =
    (serve: (args: readonly WitValue[], context: HostCallContext) => WitValue | Promise<WitValue>): HostFunction =>
    async (args, context) => {
      try {
        return { ok: await serve(args, context) };
      } catch (error) {
        if (!(error instanceof ExchangeError)) throw error;
        return { err: failureValue(error.failure) };
      }
    };
  return {
    'http.start': failing((args, context) => {
      if (named(context).isFull) {
        throw new ExchangeError({ kind: 'denied', code: 'connection-limit-reached', message: 'too many exchanges are held' });
      }
      return named(context).add(httpOf(context).start(askedOf(args)));
    }),
    'http.send': failing(async ([id, bytes, last], context) => {
      await named(context)
        .get(id)
        .exchange.send(bytes as Uint8Array, last === true);
      return null;
    }),
    'http.head': failing(async ([id], context) => {
      const found = named(context).get(id);
      const { status, headers } = await found.exchange.head();
      found.hasHead = true;
      return { status, headers: headers.map(([name, value]) => [name, Buffer.from(value, 'latin1')]) };
    }),
    'http.read': failing(async ([id, max], context) => {
      const length = Math.max(1, Math.min(max as number, READ_BYTES_MAX, context.answerBytesMax - 64));
      const bytes = await named(context).get(id).exchange.read(length);
      return bytes === undefined ? null : { some: bytes };
    }),
    'http.wait': async ([ids, timeout], context) => {
      const timeoutMs = (timeout as { readonly some: number } | null)?.some;
      const waited = (ids as readonly number[]).map((id) => named(context).find(id));
      return waitForAny(waited, timeoutMs, callOf(context).signal);
    },
    'http.end': ([id], context) => {
      named(context).remove(id as number);
      return undefined;
    },
  } satisfies Readonly<Record<string, HostFunction>>;
}

function askedOf([method, url, fields, hasBody, , firstByte, betweenBytes]: readonly WitValue[]) {
  const ms = (value: WitValue | undefined): number | undefined => (value as { readonly some: number } | null)?.some;
  const headers = (fields as readonly (readonly [string, Uint8Array])[]).map(
    ([name, value]): Header => [name, Buffer.from(value).toString('latin1')],
  );
  const [firstByteMsMax, betweenBytesMsMax] = [ms(firstByte), ms(betweenBytes)];
  return {
    method: method as string,
    url: url as string,
    headers,
    ...(hasBody === true ? { body: 'streamed' as const } : {}),
    ...(firstByteMsMax === undefined ? {} : { firstByteMsMax }),
    ...(betweenBytesMsMax === undefined ? {} : { betweenBytesMsMax }),
  };
}

/** Places of those that have something new; one that does not exist has: to ask it says so. None when the time is over. */
async function waitForAny(
  waited: readonly (Named | undefined)[],
  timeoutMs: number | undefined,
  signal: AbortSignal,
): Promise<readonly number[]> {
  const endsMs = performance.now() + (timeoutMs ?? Infinity);
  for (;;) {
    const ready = waited.flatMap((named, at) => (named === undefined || named.exchange.isReady(named.hasHead) ? [at] : []));
    const leftMs = endsMs - performance.now();
    if (ready.length > 0 || waited.length === 0 || leftMs <= 0 || signal.aborted) return ready;
    await change(new Set(waited), leftMs, signal);
  }
}

/** Node's timers know no more milliseconds. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** Resolves when one of these may have something new, at the end of the time, and of the call. */
function change(awaited: ReadonlySet<Named | undefined>, leftMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const stops: (() => void)[] = [];
    const done = (): void => {
      for (const stop of stops) stop();
      resolve();
    };
    for (const named of awaited) {
      if (named !== undefined) stops.push(named.exchange.listen(named.hasHead, done));
    }
    const timer = setTimeout(done, Math.min(leftMs, TIMER_MS_MAX));
    signal.addEventListener('abort', done, { once: true });
    stops.push(
      () => clearTimeout(timer),
      () => signal.removeEventListener('abort', done),
    );
  });
}

function failureValue({ code, message }: HttpFailure): WitValue {
  return { code, message };
}
