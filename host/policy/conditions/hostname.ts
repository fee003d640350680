import { CodedError } from '../../../runtime/index.ts';
import { quote } from '../quote.ts';
import type { ConditionMode } from './condition-scope.ts';

/** UTF-16 units of a hostname or URL. */
const TEXT_CHARS_MAX = 8_192;

const URL_HEAD = /^(https?):\/\/([^/?#]*)/i;
/** Host and port as they are written; nothing that a URL parser would decode, cut or read in two ways. */
const AUTHORITY = /^(\[[0-9a-fA-F:.]+\]|[^\s\p{C}:@/?#%[\]\\<>^|{}"`]+)(?::([0-9]{1,5}))?$/u;
/** An ASCII name in lower case whose last label no parser takes for a number: it is what it says. */
const PLAIN_NAME = /^(?:[a-z0-9-]+\.)*[a-z][a-z0-9-]*$/;
/** What the platform's parser may make of a host; it would also let `*`, `!` and final dots through. */
const ASCII_NAME = /^(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:]+\])$/;
const WILDCARD = '*.';

/** Host of a value. `port` is undefined for a bare name without one. */
interface Host {
  readonly name: string;
  readonly port: number | undefined;
  /** The port is the scheme's own, so that a URL without it means the same. */
  readonly usualPort: boolean;
  readonly isAddress: boolean;
  /** An address is written as a parser writes it: not `0x7f.1` for `127.0.0.1`. */
  readonly canonical: boolean;
}

interface Listed {
  /** Without `*.` */
  readonly name: string;
  readonly below: boolean;
  readonly port: number | undefined;
}

/** True: on the list; false: a host that is not; undefined: no hostname and no http(s) URL, or one that can be read in two ways. */
export type HostnameTest = (text: string) => boolean | undefined;

/**
 * A list of hosts: `example.com`, `*.example.com` (one or more labels below, not `example.com` itself), an address; each alone or as `host:port`.
 *
 * The value is a hostname, `host:port`, or an absolute http or https URL. The URL parser of the platform gives its ASCII name, which is compared.
 * User names, final dots, backslashes, percent signs, white space and control characters make it no host.
 *
 * In mode `allow` an entry without a port takes values without one, or with the usual one of their scheme; an address must be written as listed. In
 * mode `restrict` it takes every port, an entry with a port takes a bare name without one, and an address is known in every spelling.
 *
 * @throws CodedError `usage/invalid-argument` for an entry that is not in lower-case ASCII, or an empty list.
 */
export function compileHostname(entries: readonly string[], mode: ConditionMode): HostnameTest {
  if (entries.length === 0)
    throw new CodedError('usage/invalid-argument', 'expected a list of one or more hostnames, got an empty one');
  const listed = entries.map(readEntry);
  const portFits = mode === 'allow' ? allowsPort : restrictsPort;
  return (text) => {
    const host = readHost(text);
    if (host === undefined) return undefined;
    if (mode === 'allow' && host.isAddress && !host.canonical) return false;
    return listed.some((entry) => nameFits(entry, host) && portFits(entry, host));
  };
}

function nameFits({ name, below }: Listed, host: Host): boolean {
  if (!below) return host.name === name;
  const head = host.name.length - name.length - 1;
  return !host.isAddress && head > 0 && host.name[head] === '.' && host.name.endsWith(name);
}

function allowsPort({ port }: Listed, host: Host): boolean {
  return port === undefined ? host.port === undefined || host.usualPort : host.port === port;
}

function restrictsPort({ port }: Listed, host: Host): boolean {
  return port === undefined || host.port === undefined || host.port === port;
}

function readEntry(entry: string): Listed {
  const below = entry.startsWith(WILDCARD);
  const host = readHost(below ? entry.slice(WILDCARD.length) : entry);
  const usable = host?.canonical && !URL_HEAD.test(entry) && !(below && host.isAddress) && host.port !== 0;
  if (!usable) {
    const ascii = host === undefined || URL_HEAD.test(entry) || host.canonical ? '' : `; its ASCII form is ${quote(host.name)}`;
    throw new CodedError(
      'usage/invalid-argument',
      `expected a hostname in lower-case ASCII such as \`example.com\`, \`*.example.com\` or \`example.com:8443\`, got ${quote(entry)}${ascii}`,
    );
  }
  return { name: host.name, below, port: host.port };
}

function readHost(text: string): Host | undefined {
  if (text.length > TEXT_CHARS_MAX) return undefined;
  const url = URL_HEAD.exec(text);
  // Browsers take a backslash for a slash, and drop tabs and line breaks wherever they are: another parser sees another host.
  if (url && /[\\\s\p{Cc}]/u.test(text)) return undefined;
  const match = AUTHORITY.exec(url ? url[2]! : text);
  if (!match) return undefined;
  const written = match[1]!;
  const name = PLAIN_NAME.test(written) && !written.includes('xn--') ? written : parsedName(written);
  if (name === undefined || name.length > 253 || !ASCII_NAME.test(name)) return undefined;
  const explicit = match[2] === undefined ? undefined : Number(match[2]);
  if (explicit !== undefined && explicit > 65_535) return undefined;
  const usual = url ? (url[1]!.length === 'https'.length ? 443 : 80) : undefined;
  const port = explicit ?? usual;
  const isAddress = name.startsWith('[') || /^[0-9.]+$/.test(name);
  return { name, port, usualPort: usual !== undefined && port === usual, isAddress, canonical: name === written };
}

function parsedName(written: string): string | undefined {
  try {
    return new URL(`http://${written}/`).hostname;
  } catch {
    return undefined;
  }
}
