import type { HttpClient } from './http-client.ts';

/** Milliseconds before a stream that has ended is opened again; doubled each time that fails. */
const AGAIN_MS = 1000;
const AGAIN_MS_MAX = 30_000;
/** UTF-16 units of one line of a stream; whoever sends more is not read on. */
const LINE_CHARS_MAX = 1024 * 1024;

/** Hears from the server's events that its tools have changed, for as long as anybody wants to know. */
export class ToolsWatch {
  readonly #http: HttpClient;
  readonly #forget: () => void;
  readonly #listeners = new Set<() => void>();
  #stop: AbortController | undefined;

  /** @param forget - called before the listeners are. */
  constructor(http: HttpClient, forget: () => void) {
    this.#http = http;
    this.#forget = forget;
  }

  /** @returns undoes it; the last one to leave closes the stream. */
  add(listener: () => void): () => void {
    const own = (): void => listener(); // the same function may be added twice
    this.#listeners.add(own);
    if (this.#stop === undefined) {
      this.#stop = new AbortController();
      void this.#listen(this.#stop.signal);
    }
    return () => {
      this.#listeners.delete(own);
      if (this.#listeners.size > 0) return;
      this.#stop?.abort();
      this.#stop = undefined;
    };
  }

  /** Reads stream after stream. Between two of them something may have changed, so each new one counts as a change. */
  async #listen(signal: AbortSignal): Promise<void> {
    let againMs = AGAIN_MS;
    let isFirst = true;
    while (!signal.aborted) {
      try {
        const response = await this.#http.open('v1/events', { headers: { accept: 'text/event-stream' }, signal });
        if (response.status === 200 && response.body !== null) {
          if (!isFirst) this.#tell();
          isFirst = false;
          againMs = AGAIN_MS;
          await this.#read(response.body);
        } else {
          await response.body?.cancel();
        }
      } catch {
        // the connection has ended: it is opened again
      }
      await pause(againMs, signal);
      againMs = Math.min(againMs * 2, AGAIN_MS_MAX);
    }
  }

  /** Only names of events are read. https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream */
  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let rest = '';
    for await (const chunk of body) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split(/\r\n|\n|\r/);
      rest = lines.pop() ?? '';
      if (rest.length > LINE_CHARS_MAX) throw new RangeError('a line of the stream is too long');
      if (lines.includes('event: tools-changed')) this.#tell();
    }
  }

  #tell(): void {
    this.#forget();
    for (const listener of this.#listeners) {
      try {
        listener();
      } catch {
        // a listener's own error is no reason to hear nothing more
      }
    }
  }
}

/** Waits, at most until the signal. Does not keep a process alive. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    if (typeof timer === 'object' && 'unref' in timer) timer.unref();
    signal.addEventListener('abort', done, { once: true });
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
  });
}
