import type { Header, Hop } from './decide.ts';
import { ORIGIN_HEADERS } from './header-names.ts';
import { encodedFault, targetOf } from './target.ts';

/** The next hop of a redirect. */
export interface NextHop extends Hop {
  readonly keepsBody: boolean;
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Where a response leads, by the rules of the fetch standard; undefined: it is no redirect. A text says why it cannot be followed.
 */
export function redirectOf(
  status: number,
  headers: readonly Header[],
  { method, target, headers: sent }: Hop,
): NextHop | string | undefined {
  const location = headers.find(([name]) => name === 'location')?.[1];
  if (!REDIRECTS.has(status) || location === undefined) return undefined;
  const next = nextTarget(location, target.url);
  if (typeof next === 'string') return `the redirect leads nowhere: ${next}`;
  if (target.url.protocol === 'https:' && next.url.protocol === 'http:') return 'the redirect leads from https to http';
  const becomesGet = (status === 303 && method !== 'HEAD') || ((status === 301 || status === 302) && method === 'POST');
  const isSameOrigin = next.url.origin === target.url.origin;
  const kept = sent.filter(
    ([name]) => (isSameOrigin || !ORIGIN_HEADERS.has(name)) && !(becomesGet && name.startsWith('content-')),
  );
  return { method: becomesGet ? 'GET' : method, target: next, headers: kept, keepsBody: !becomesGet };
}

function nextTarget(location: string, base: URL) {
  const fault = encodedFault(location);
  if (fault !== undefined) return fault;
  try {
    return targetOf(new URL(location, base).href);
  } catch {
    return 'it is no URL';
  }
}
