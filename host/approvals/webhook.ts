import { createHmac } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { CodedError, jsonText } from '../../runtime/index.ts';
import { quote } from '../policy/quote.ts';
import type { Asked } from './approval.ts';

/*
 * Questions for a program of the operator's, signed as Standard Webhooks have it, so that any of their libraries can check them.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */

/** A secret that is shorter can be guessed; the standard asks for 24 to 64 bytes. */
const SECRET_BYTES_MIN = 24;
const SECRET_PREFIX = 'whsec_';

export interface WebhookRequest {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * The request that tells of a question. Holds what the approver is shown; secrets are keyed digests in it.
 *
 * @param secret - `whsec_` and base64, or any text; at least 24 bytes either way.
 * @param nowMs - instant of this attempt; the id is the same in each attempt, by which a receiver knows what it has.
 * @throws CodedError `usage/invalid-argument` for a secret that is none.
 */
export function webhookRequest(
  asked: Asked,
  { secret, nowMs }: { readonly secret: string; readonly nowMs: number },
): WebhookRequest {
  const { kind: _kind, event: _event, ...data } = asked;
  const body = jsonText({ type: 'approval.asked', timestamp: new Date(asked.at).toISOString(), data });
  const id = `approval_${asked.approval}`;
  const timestamp = String(Math.floor(nowMs / 1000));
  const mac = createHmac('sha256', keyOf(secret)).update(`${id}.${timestamp}.${body}`).digest('base64');
  return {
    body,
    headers: {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': `v1,${mac}`,
    },
  };
}

function keyOf(secret: string): Buffer {
  const text = secret.startsWith(SECRET_PREFIX) ? secret.slice(SECRET_PREFIX.length) : undefined;
  if (text !== undefined && !/^[A-Za-z0-9+/]+={0,2}$/.test(text))
    throw invalid('the secret of a webhook is no base64 after `whsec_`');
  const key = text === undefined ? Buffer.from(secret, 'utf8') : Buffer.from(text, 'base64');
  if (key.length < SECRET_BYTES_MIN) throw invalid(`the secret of a webhook has less than ${SECRET_BYTES_MIN} bytes`);
  return key;
}

/**
 * Where a webhook may go: over https, or to this machine itself.
 *
 * @throws CodedError `usage/invalid-argument`.
 */
export function webhookUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) throw invalid(`not a URL: ${quote(text)}`);
  if (url.username !== '' || url.password !== '') throw invalid('the URL of a webhook has a user name or password in it');
  const isLoopback = ['localhost', '[::1]'].includes(url.hostname) || /^127\.\d+\.\d+\.\d+$/.test(url.hostname);
  if (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback)) return url;
  throw invalid(`a webhook needs an https URL: ${quote(url.origin)}`);
}

/** Sends one request; follows no redirects; rejects when there is no answer. */
export type Post = (
  url: string,
  body: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
) => Promise<{ readonly status: number }>;

export interface WebhookOptions {
  readonly url: string;
  readonly secret: string;
  readonly post: Post;
  /** Milliseconds since 1970; default: the system's clock. */
  readonly now?: () => number;
  /** Resolves after so many milliseconds, or at once when the signal aborts. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Signal that aborts after so many milliseconds: the time limit of one attempt. */
  readonly timeout?: (ms: number) => AbortSignal;
  /** Told once of each question that could not be delivered. Never with the URL's path or the secret. */
  readonly onError: (error: Error, asked: Asked) => void;
}

export const ATTEMPT_MS_MAX = 10_000;
/** Waits between attempts, so there is one attempt more than waits. */
const BACK_OFF_MS = [1000, 5000] as const;
/** Deliveries under way; a receiver that is slow costs questions, never memory. */
export const DELIVERIES_MAX = 100;

/** Delivers questions to one receiver, beside the calls: `send` returns at once, and what fails is told to a callback. */
export class WebhookSender {
  readonly #options: WebhookOptions;
  readonly #url: string;
  readonly #stop = new AbortController();
  readonly #underWay = new Set<Promise<void>>();

  /** @throws CodedError `usage/invalid-argument` for a URL or a secret that cannot be used. */
  constructor(options: WebhookOptions) {
    this.#options = options;
    this.#url = webhookUrl(options.url).href;
    keyOf(options.secret);
  }

  send(asked: Asked): void {
    if (this.#stop.signal.aborted) return this.#failed(new Error('the webhook was closed'), asked);
    if (this.#underWay.size >= DELIVERIES_MAX) return this.#failed(new Error('too many deliveries are under way'), asked);
    const delivery = this.#deliver(asked).catch((error: unknown) => this.#failed(error, asked));
    this.#underWay.add(delivery);
    void delivery.finally(() => this.#underWay.delete(delivery));
  }

  /** Ends: gives up what is under way, and resolves when nothing is. */
  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#underWay);
  }

  async #deliver(asked: Asked): Promise<void> {
    const { wait = waitUnref } = this.#options;
    for (let attempt = 0; ; attempt++) {
      const failure = await this.#attempt(asked);
      if (failure === undefined) return;
      const backOffMs = BACK_OFF_MS[attempt];
      if (!failure.isWorthAnother || backOffMs === undefined) throw failure.error;
      await wait(backOffMs, this.#stop.signal);
      if (this.#stop.signal.aborted) throw failure.error;
    }
  }

  async #attempt(asked: Asked): Promise<{ readonly error: Error; readonly isWorthAnother: boolean } | undefined> {
    const { secret, post, now = Date.now, timeout = AbortSignal.timeout } = this.#options;
    const { body, headers } = webhookRequest(asked, { secret, nowMs: now() });
    const signal = AbortSignal.any([this.#stop.signal, timeout(ATTEMPT_MS_MAX)]);
    try {
      const { status } = await orAborted(post(this.#url, body, headers, signal), signal);
      if (status >= 200 && status < 300) return undefined;
      // What the receiver does not want now it may want later; what it refuses it refuses again.
      return {
        error: new Error(`the webhook answered ${status}`),
        isWorthAnother: status >= 500 || status === 408 || status === 429,
      };
    } catch (error) {
      return { error: error instanceof Error ? error : new Error(String(error)), isWorthAnother: true };
    }
  }

  #failed(error: unknown, asked: Asked): void {
    try {
      this.#options.onError(error instanceof Error ? error : new Error(String(error)), asked);
    } catch {
      // A callback that throws is no reason to end the process.
    }
  }
}

/** Keeps no process alive: what is not delivered when it ends is in the trail. */
function waitUnref(ms: number, signal: AbortSignal): Promise<void> {
  return setTimeout(ms, undefined, { signal, ref: false }).catch(() => undefined);
}

/** Lets go of work that does not heed its signal. */
function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(new Error('the webhook did not answer in time'));
    if (signal.aborted) leave();
    signal.addEventListener('abort', leave, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}

function invalid(message: string): CodedError {
  return new CodedError('usage/invalid-argument', message);
}
