import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';

export interface PostRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Ends the request whatever it waits for. */
  readonly signal: AbortSignal;
}

export interface PostAnswer {
  readonly status: number;
  /** What the server asks to wait before another attempt. */
  readonly retryAfterMs?: number;
}

/** Sends one request. Rejects where there is no answer. */
export type Post = (request: PostRequest) => Promise<PostAnswer>;

const RETRY_AFTER_SECONDS_MAX = 60;

/**
 * Sends one request over a connection of its own. Redirects are not followed: they are an answer like any other. Only status and
 * headers are read; the server's body is not.
 */
export const httpPost: Post = ({ url, headers, body, signal }) =>
  new Promise((resolve, reject) => {
    const secure = new URL(url).protocol === 'https:';
    const bytes = Buffer.from(body);
    const options = {
      method: 'POST',
      // No pool: its sockets would outlive the message, and a broken one would fail the next.
      agent: false as const,
      signal,
      headers: { ...headers, 'content-length': String(bytes.length) },
    };
    const sent = secure ? requestHttps(url, { ...options, rejectUnauthorized: true }) : requestHttp(url, options);
    sent.once('error', reject);
    sent.once('response', (answer) => {
      const { statusCode = 0, headers } = answer;
      answer.on('error', () => undefined);
      answer.destroy();
      resolve({ status: statusCode, ...retryAfter(headers['retry-after']) });
    });
    sent.end(bytes);
  });

function retryAfter(header: string | undefined): { readonly retryAfterMs?: number } {
  if (header === undefined || !/^\d{1,6}$/.test(header)) return {};
  return { retryAfterMs: Math.min(Number(header), RETRY_AFTER_SECONDS_MAX) * 1000 };
}

/**
 * Why nothing may be posted to an address; undefined where it may. Plain http is for this machine only: alerts and questions hold what an
 * agent said and did.
 */
export function addressProblem(url: string): string | undefined {
  if (!URL.canParse(url)) return 'its address is not a URL';
  const { protocol, hostname, username, password } = new URL(url);
  if (username !== '' || password !== '') return 'its address holds a user name or password';
  if (protocol === 'https:') return undefined;
  if (protocol !== 'http:') return 'its address is not an https URL';
  const loopback = hostname === 'localhost' || hostname === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname);
  return loopback ? undefined : 'its address is not https, which only a loopback address need not be';
}
