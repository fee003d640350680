/** Characters of an URL; servers take some 8,000. */
const URL_CHARS_MAX = 16_384;

/** Where a request goes, in the one reading that is checked, resolved and sent. */
export interface Target {
  readonly url: URL;
  /** Digits; the scheme's own where none is written. */
  readonly port: string;
}

/**
 * Reads an URL as WHATWG does, and refuses whatever two readers could read in two ways: users, backslashes, control characters, encoded slashes
 * and dots in the path, steps up with a parameter (`..;`, which some servers follow), and hosts with an empty label or none.
 *
 * @returns the target, its fragment left out; or why there is none.
 */
export function targetOf(text: string): Target | string {
  if (text.length > URL_CHARS_MAX) return `it has more than ${URL_CHARS_MAX} characters`;
  if (/[\\\s\p{Cc}\p{Cf}\p{Cs}]/u.test(text)) return 'it has a backslash, a space, a control character or half a character';
  const authority = /^(https?):\/\/([^/?#]+)/i.exec(text)?.[2];
  if (authority === undefined) return 'it is no absolute URL of https or http';
  if (authority.includes('@')) return 'it has a user';
  if (/\.(?::\d*)?$/.test(authority)) return 'its host ends in a dot';
  const url = parsed(text);
  if (url === undefined || url.hostname === '' || url.hostname.endsWith('.')) return 'it is no URL';
  if (/^\.|\.\./.test(url.hostname)) return 'its host has an empty label';
  const fault = encodedFault(text);
  if (fault !== undefined) return fault;
  if (/\/\.\.?;/.test(url.pathname)) return 'its path has a dot before a semicolon';
  url.hash = '';
  return { url, port: url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port };
}

/** As written, since the parser takes encoded steps up, and others may not. @param text - an URL, or a reference to one. */
export function encodedFault(text: string): string | undefined {
  const path = /^[^?#]*/.exec(text)![0];
  return /%2f|%5c|%2e|%00/i.test(path) ? 'its path has an encoded slash, backslash, dot or NUL' : undefined;
}

function parsed(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

/** An URL for the trail: without the values of its query, which may be anything. */
export function shownUrl({ url }: Target): string {
  const names = [...url.searchParams.keys()];
  return `${url.origin}${url.pathname}${names.length === 0 ? '' : `?${names.map((name) => `${encodeURIComponent(name)}=`).join('&')}`}`;
}
