import { secrecyOf } from './secret-names.ts';
import { tokenIn } from './secret-tokens.ts';
import type { Span } from './text-span.ts';

/* Finds secrets in text by hand-written scanning: one pass, and each look ahead is either bounded or consumed. Native patterns go back over
   what they read, which on hostile text costs its square. */

/**
 * The parts of a text that look like secrets: values after a secret name (`password=`, `"api-key": "`, `Authorization:`, `--token `), what follows
 * `Bearer` or `Basic`, JWTs, private keys in PEM, tokens with the prefix of a known issuer, user and password in URLs.
 *
 * @returns disjoint, in order, none empty. A text that was redacted before has no more of them.
 * Thread: any. Pure. Linear in the text's length.
 */
export function findSecrets(text: string): readonly Span[] {
  const spans: Span[] = [];
  let at = 0;
  while (at < text.length) {
    if (isWordChar(text.charCodeAt(at))) {
      const end = wordEnd(text, at);
      const span = secretAtWord(text, at, end);
      if (span !== undefined) spans.push(span);
      at = Math.max(end, span?.end ?? 0);
    } else if (text.startsWith('://', at)) {
      const found = secretsInAuthority(text, at + 3);
      spans.push(...found);
      at = found.at(-1)?.end ?? at + 3;
    } else at++;
  }
  return spans;
}

function secretAtWord(text: string, start: number, end: number): Span | undefined {
  return pemKey(text, start, end) ?? namedValue(text, start, end) ?? schemeValue(text, start, end) ?? tokenIn(text, start, end);
}

/** A PEM block whose label says private key, up to its end; without one, the rest of the text. */
function pemKey(text: string, start: number, end: number): Span | undefined {
  if (end - 10 < start || !text.startsWith('-----BEGIN ', end - 10)) return undefined;
  const label = text.slice(end + 1, end + 65).split('-----', 1)[0]!;
  if (!label.includes('PRIVATE KEY')) return undefined;
  const closing = `-----END ${label}-----`;
  const found = text.indexOf(closing, end);
  return { start: end - 10, end: found < 0 ? text.length : found + closing.length };
}

/** `Bearer x` and `Basic x` outside a header line. Prose says `basic` and `bearer`, too, so the value must look like one. */
function schemeValue(text: string, start: number, end: number): Span | undefined {
  const scheme = end - start <= 6 ? text.slice(start, end).toLowerCase() : '';
  if (scheme !== 'bearer' && scheme !== 'basic') return undefined;
  const from = skip(text, end, BLANKS, 4);
  if (from === end) return undefined;
  let to = from;
  while (to < text.length && isTokenChar(text.charCodeAt(to))) to++;
  const value = text.slice(from, to);
  const telling =
    scheme === 'basic' ? isUserAndPassword(value) : value.length >= 16 || (value.length >= 6 && /[\d_~+/=]/.test(value));
  return telling ? { start: from, end: to } : undefined;
}

function isUserAndPassword(value: string): boolean {
  return value.length >= 4 && /^[A-Za-z0-9+/_-]+={0,2}$/.test(value) && Buffer.from(value, 'base64').includes(':');
}

const QUOTES = '"\'`\\';
const BLANKS = ' \t';

/** The value after a secret name and `=` or `:`, or after a secret option. */
function namedValue(text: string, start: number, end: number): Span | undefined {
  const option = text.startsWith('--', start) && text.charCodeAt(end) === 0x20 && text.charCodeAt(end + 1) !== 0x2d;
  const separator = option ? { at: end + 1, isHeader: false } : afterSeparator(text, end);
  if (separator === undefined || !isSecretHere(text, start, end) || isMarker(text, separator.at)) return undefined;
  const opening = skip(text, separator.at, '[{(', 2);
  const quote = /^\\{0,3}["'`]/.exec(text.slice(opening, opening + 4))?.[0] ?? '';
  const name = text.slice(Math.max(start, end - 16), end).toLowerCase();
  const isAuthorization = name.endsWith('authorization');
  const from = isAuthorization ? afterScheme(text, opening + quote.length) : opening + quote.length;
  if (isMarker(text, from)) return undefined;
  const wholeLine = separator.isHeader && (isAuthorization || name.endsWith('cookie'));
  const to = quote === '' ? bareEnd(text, from, wholeLine) : quotedEnd(text, from, quote);
  return isNothing(text, from, to) ? undefined : { start: from, end: to };
}

function isSecretHere(text: string, start: number, end: number): boolean {
  if (end - start < 3) return false; // no secret name is that short
  const word = text.slice(Math.max(start, end - 96), end);
  if (secrecyOf(word) !== 'no') return true;
  const before = text[start - 1];
  return (before === '?' || before === '&') && /^(?:key|sig|signature)$/i.test(word);
}

/** Place after `=`, `:`, `==` or `=>` with blanks around; undefined where there is none of them, or a `://`. */
function afterSeparator(text: string, end: number): { readonly at: number; readonly isHeader: boolean } | undefined {
  const at = skip(text, skip(text, end, QUOTES, 3), BLANKS, 2);
  if ((text[at] !== '=' && text[at] !== ':') || text.startsWith('://', at)) return undefined;
  return { at: skip(text, skip(text, at, ':=>', 2), BLANKS, 4), isHeader: text[at] === ':' };
}

/** End of a value without quotes. What only ends a sentence or list is not part of it. */
function bareEnd(text: string, from: number, wholeLine: boolean): number {
  let to = from;
  while (to < text.length && !isBareEnd(text, to, wholeLine)) to++;
  while (to > from && (wholeLine ? BLANKS : ',.)]}').includes(text[to - 1]!)) to--;
  return to;
}

function isBareEnd(text: string, at: number, wholeLine: boolean): boolean {
  const char = text[at]!;
  if (char === '\n' || char === '\r' || '"\'`<>'.includes(char)) return true;
  if (char === '\\') return `"'nr`.includes(text[at + 1] ?? ' ');
  return !wholeLine && (char === '&' || char === ';' || /\s/.test(char));
}

/** End of a value in quotes: the same quote again, else the end of the line. Behind a bare quote, `\"` does not end it. */
function quotedEnd(text: string, from: number, quote: string): number {
  let to = from;
  while (to < text.length && text[to] !== '\n' && !text.startsWith(quote, to))
    to += quote.length === 1 && text[to] === '\\' ? 2 : 1;
  return Math.min(to, text.length);
}

/** What a secret became, by an earlier pass. Looked for before anything is scanned, so that it costs no more than its own length. */
function isMarker(text: string, at: number): boolean {
  return text.startsWith('[redacted ', at) && /^\[redacted hmac-sha256:[0-9a-f]{16}\]/.test(text.slice(at, at + 40));
}

const SCHEMES = ['bearer ', 'basic ', 'digest ', 'token ', 'negotiate '] as const;

/** A header's scheme is no secret, and one token has one digest however it is sent. */
function afterScheme(text: string, from: number): number {
  const head = text.slice(from, from + 12).toLowerCase();
  const scheme = SCHEMES.find((item) => head.startsWith(item));
  return scheme === undefined ? from : skip(text, from + scheme.length, BLANKS, 4);
}

/** Nothing to hide: empty, or a word for nothing. */
function isNothing(text: string, from: number, to: number): boolean {
  return to <= from || (to - from <= 9 && /^(?:null|none|nil|true|false|undefined)$/i.test(text.slice(from, to)));
}

const SLACK_HOOK = 'hooks.slack.com/services/';

/** User and password of a URL, and the path that is a webhook's only secret. */
function secretsInAuthority(text: string, start: number): readonly Span[] {
  if (text.startsWith(SLACK_HOOK, start)) {
    const from = start + SLACK_HOOK.length;
    let to = from;
    while (to < text.length && (isWordChar(text.charCodeAt(to)) || text[to] === '/')) to++;
    return to > from ? [{ start: from, end: to }] : [];
  }
  let end = start;
  let at = -1;
  while (end < text.length && !/[\s/?#"'`<>\\]/.test(text[end]!)) if (text[end++] === '@') at = end - 1;
  if (at <= start) return [];
  const colon = text.slice(start, at).indexOf(':');
  const parts =
    colon < 0
      ? [{ start, end: at }]
      : [
          { start, end: start + colon },
          { start: start + colon + 1, end: at },
        ];
  return parts.filter((part) => part.end > part.start);
}

/** Skips at most `max` of the given characters. */
function skip(text: string, from: number, chars: string, max: number): number {
  let at = from;
  while (at < text.length && at - from < max && chars.includes(text[at]!)) at++;
  return at;
}

function wordEnd(text: string, start: number): number {
  let end = start + 1;
  while (end < text.length && isWordChar(text.charCodeAt(end))) end++;
  return end;
}

/** Letters and digits of ASCII, `-` and `_`. */
function isWordChar(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) ||
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x30 && code <= 0x39) ||
    code === 0x2d ||
    code === 0x5f
  );
}

/** `token68` of RFC 9110: word characters and `.`, `~`, `+`, `/`, `=`. */
function isTokenChar(code: number): boolean {
  return isWordChar(code) || code === 0x2e || code === 0x7e || code === 0x2b || code === 0x2f || code === 0x3d;
}
