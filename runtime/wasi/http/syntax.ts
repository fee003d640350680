/*
 * What may stand where in a request. These checks are the guest's: they tell it early what it does wrong. The trusted side takes nothing
 * for checked.
 */

/** Source: RFC 9110, 5.6.2. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Source: RFC 3986, 3.1. */
const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*$/;
/** A path and query as a request line may have it: no blanks, no fragment, nothing but visible ASCII. Source: RFC 9112, 3.2. */
const PATH_WITH_QUERY = /^(?:$|[/?][!"$-~]*$)/;
/** A name, an IPv4 address or an IPv6 address in brackets, and a port. Without user names: RFC 9110, 4.2.4. */
const AUTHORITY = /^(?:[A-Za-z0-9\-._~!$&'()*+,;=%]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{0,5}))?$/;

const PORT_MAX = 65_535;

/** Headers that belong to the connection, which is the host's. Source: the default list of wasmtime-wasi-http. */
const FORBIDDEN: ReadonlySet<string> = new Set([
  'connection',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

/** A method or the name of a header. */
export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

/** @param lowerName - name of a header in lower case. */
export function isForbiddenHeader(lowerName: string): boolean {
  return FORBIDDEN.has(lowerName);
}

/** A header's value: visible bytes, blanks and tabs, and what is beyond ASCII. Source: RFC 9110, 5.5. */
export function isFieldValue(bytes: Uint8Array): boolean {
  return bytes.every((byte) => (byte >= 0x20 && byte !== 0x7f) || byte === 0x09);
}

export function isScheme(text: string): boolean {
  return SCHEME.test(text);
}

export function isPathWithQuery(text: string): boolean {
  return PATH_WITH_QUERY.test(text);
}

export function isAuthority(text: string): boolean {
  const found = AUTHORITY.exec(text);
  return found !== null && Number(found[1] ?? '') <= PORT_MAX;
}
