import { CodedError } from '../../../runtime/index.ts';
import { quote } from '../../policy/quote.ts';
import { targetOf } from './target.ts';

/** What `url` of a rule stands for: one origin, or all below a domain, and a path with what is below it. */
export interface UrlPattern {
  readonly text: string;
  readonly protocol: 'http:' | 'https:';
  /** Hostname in the form of WHATWG URLs; with `below`, any name that ends in `.` and it. */
  readonly hostname: string;
  readonly below: boolean;
  /** Digits; the scheme's own where none is written. */
  readonly port: string;
  /** As written, from its first slash. */
  readonly path: string;
}

const FORM = 'an URL of https or http with a host, such as `https://api.example.com/v1`, without user, query and fragment';

/** @throws CodedError `usage/invalid-argument`. */
export function parseUrlPattern(text: string): UrlPattern {
  const wildcard = /^(https?:\/\/)\*\.(.*)$/s.exec(text);
  const target = targetOf(wildcard === null ? text : `${wildcard[1]}${wildcard[2]}`);
  if (typeof target === 'string') throw refused(text, target);
  const { url, port } = target;
  if (url.search !== '' || text.includes('?') || text.includes('#')) throw refused(text, 'it has a query or a fragment');
  if (url.hostname.includes('*')) throw refused(text, 'a star stands at the beginning only, as in `https://*.example.com`');
  if (url.pathname.includes('*')) throw refused(text, 'a path has no star: all below it is meant, but for `path: exact`');
  if (wildcard !== null && (!url.hostname.includes('.') || /^[\d.]+$|^\[/.test(url.hostname))) {
    throw refused(text, '`*.` stands before a name with two labels or more');
  }
  return {
    text,
    protocol: url.protocol as UrlPattern['protocol'],
    hostname: url.hostname,
    below: wildcard !== null,
    port,
    path: url.pathname,
  };
}

function refused(text: string, why: string): CodedError {
  return new CodedError('usage/invalid-argument', `expected ${FORM}, got ${quote(text)}: ${why}`);
}

/** Whether an URL lies in a pattern. @param exact - its path has to be the one, and none below it. */
export function isWithin(
  { url, port }: { readonly url: URL; readonly port: string },
  pattern: UrlPattern,
  exact: boolean,
): boolean {
  if (url.protocol !== pattern.protocol || port !== pattern.port) return false;
  const { hostname } = url;
  const isHost = pattern.below ? hostname.endsWith(`.${pattern.hostname}`) : hostname === pattern.hostname;
  return isHost && isPathWithin(url.pathname, pattern.path, exact);
}

/** Whole segments: `/a/b` and `/a/b/` have `/a/b` and `/a/b/c`, and not `/a/bc`. Exactly: `/a/b`, and `/a/b/` is another path. */
export function isPathWithin(path: string, pattern: string, exact: boolean): boolean {
  if (exact) return path === pattern;
  const prefix = pattern.replace(/\/$/, '');
  return path === prefix || path.startsWith(`${prefix}/`);
}
