/** Headers that belong to the connection or that only the host sets: no policy gives them to a tool. */
const HOST_HEADERS: ReadonlySet<string> = new Set([
  'host',
  'connection',
  'content-length',
  'expect',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'trailers',
  'transfer-encoding',
  'upgrade',
]);

export function isHostHeader(name: string): boolean {
  return HOST_HEADERS.has(name) || name.startsWith('proxy-') || name.startsWith(':');
}

/** Headers that every tool may set. */
export const FREE_HEADERS: ReadonlySet<string> = new Set(['accept', 'content-type']);

/** What is left out where a redirect leads to another origin: it was meant for the first one. */
export const ORIGIN_HEADERS: ReadonlySet<string> = new Set(['authorization', 'cookie', 'origin', 'referer']);

/** Of the connection, not of the response. */
export const HOP_HEADERS: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Why a header cannot be sent as it stands; undefined: it can. */
export function headerFault(name: string, value: string): string | undefined {
  if (!TOKEN.test(name)) return 'a name of a header has characters that none may have';
  if (!VALUE.test(value)) return `the header \`${name}\` has line breaks or other characters that no value may have`;
  return undefined;
}
