import type { Post } from './http-post.ts';
import type { Delivery, Sink } from './lane.ts';
import type { Parcel } from './parcel.ts';
import { slackMessage } from './slack-message.ts';
import type { Timers } from './timers.ts';
import { webhookHeaders } from './webhook-signature.ts';

export interface HttpSinkOptions {
  readonly url: string;
  readonly post: Post;
  /** For one attempt, from the first byte to the answer's headers. */
  readonly timeoutMs: number;
  readonly timers: Timers;
}

/** Turns a parcel into what is posted. */
type Render = (parcel: Parcel) => { readonly body: string; readonly headers: Readonly<Record<string, string>> };

/** Posts each alert to a server. Times out by itself, so that even a `post` which never answers holds nothing up for longer. */
export class HttpSink implements Sink {
  readonly #options: HttpSinkOptions;
  readonly #render: Render;

  constructor(options: HttpSinkOptions, render: Render) {
    this.#options = options;
    this.#render = render;
  }

  async deliver(parcel: Parcel, signal: AbortSignal): Promise<Delivery> {
    const { url, post, timeoutMs, timers } = this.#options;
    const { body, headers } = this.#render(parcel);
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

/** A webhook by Standard Webhooks. @param key - undefined: unsigned. @param now - instant of an attempt. */
export function webhookRender(key: Buffer | undefined, now: () => number): Render {
  return ({ id, at, kind, json }) => {
    const body = `{"type":"cellblock.${kind}","timestamp":${JSON.stringify(new Date(at).toISOString())},"data":${json}}`;
    return { body, headers: webhookHeaders(id, now(), body, key) };
  };
}

/** A message for Slack's incoming webhooks, or what speaks like them. */
export const slackRender: Render = (parcel) => ({ body: JSON.stringify(slackMessage(parcel)), headers: {} });

function judge({ status, retryAfterMs }: { readonly status: number; readonly retryAfterMs?: number }): Delivery {
  if (status >= 200 && status < 300) return { done: true };
  // A refusal or a redirect will be the same next time; a server that is busy or broken may be better soon.
  const again = status === 408 || status === 429 || status >= 500;
  return { done: false, reason: `status ${status}`, again, ...(retryAfterMs === undefined ? {} : { afterMs: retryAfterMs }) };
}
