import type { Post, PostAnswer } from './http-post.ts';
import type { Delivery, Sink } from './lane.ts';
import type { Timers } from './timers.ts';

export interface HttpSinkOptions {
  readonly url: string;
  readonly post: Post;
  /** For one attempt, from the first byte to the answer's headers. */
  readonly timeoutMs: number;
  readonly timers: Timers;
}

/** Turns something into what is posted, once for each attempt. The body is JSON. */
export type Render<Item> = (item: Item) => { readonly body: string; readonly headers: Readonly<Record<string, string>> };

/** Posts each thing to a server. Times out by itself, so that even a `post` which never answers holds nothing up for longer. */
export class HttpSink<Item> implements Sink<Item> {
  readonly #options: HttpSinkOptions;
  readonly #render: Render<Item>;

  constructor(options: HttpSinkOptions, render: Render<Item>) {
    this.#options = options;
    this.#render = render;
  }

  async deliver(item: Item, signal: AbortSignal): Promise<Delivery> {
    const { url, post, timeoutMs, timers } = this.#options;
    const { body, headers } = this.#render(item);
    const abort = new AbortController();
    let onEnd = (): void => undefined;
    const ended = new Promise<Delivery>((resolve) => {
      onEnd = () => {
        abort.abort();
        resolve({ done: false, reason: `no answer within ${timeoutMs} ms`, again: true });
      };
    });
    signal.addEventListener('abort', onEnd, { once: true });
    const timer = timers.set(onEnd, timeoutMs);
    try {
      const answer = post({ url, headers: { ...headers, 'content-type': 'application/json' }, body, signal: abort.signal });
      return await Promise.race([answer.then(judge), ended]);
    } finally {
      timers.clear(timer);
      signal.removeEventListener('abort', onEnd);
    }
  }
}

function judge({ status, retryAfterMs }: PostAnswer): Delivery {
  if (status >= 200 && status < 300) return { done: true };
  // A refusal or a redirect will be the same next time; a server that is busy or broken may be better soon.
  const again = status === 408 || status === 429 || status >= 500;
  return { done: false, reason: `status ${status}`, again, ...(retryAfterMs === undefined ? {} : { afterMs: retryAfterMs }) };
}
