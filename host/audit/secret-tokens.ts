import type { Span } from './text-span.ts';

/* Tokens that say themselves what they are. */

interface TokenKind {
  readonly prefix: string;
  /** Code units after the prefix, at least. */
  readonly restMin: number;
  /** Ordinary words may begin like it: only with a digit further on. */
  readonly digit?: true;
}

/** By issuer: ourselves, GitHub, GitLab, Slack, OpenAI and Anthropic, Stripe, Google, npm, Hugging Face, PyPI, DigitalOcean, age. */
const KINDS: readonly TokenKind[] = [
  { prefix: 'cb_', restMin: 43 },
  { prefix: 'ghp_', restMin: 20 },
  { prefix: 'gho_', restMin: 20 },
  { prefix: 'ghu_', restMin: 20 },
  { prefix: 'ghs_', restMin: 20 },
  { prefix: 'ghr_', restMin: 20 },
  { prefix: 'github_pat_', restMin: 20 },
  { prefix: 'glpat-', restMin: 16 },
  { prefix: 'xoxa-', restMin: 10 },
  { prefix: 'xoxb-', restMin: 10 },
  { prefix: 'xoxe-', restMin: 10 },
  { prefix: 'xoxp-', restMin: 10 },
  { prefix: 'xoxr-', restMin: 10 },
  { prefix: 'xoxs-', restMin: 10 },
  { prefix: 'xapp-', restMin: 10 },
  { prefix: 'sk-', restMin: 20, digit: true },
  { prefix: 'sk_live_', restMin: 10 },
  { prefix: 'sk_test_', restMin: 10 },
  { prefix: 'rk_live_', restMin: 10 },
  { prefix: 'whsec_', restMin: 16 },
  { prefix: 'AIza', restMin: 30 },
  { prefix: 'npm_', restMin: 30, digit: true },
  { prefix: 'hf_', restMin: 30, digit: true },
  { prefix: 'pypi-', restMin: 40, digit: true },
  { prefix: 'dop_v1_', restMin: 30 },
  { prefix: 'AGE-SECRET-KEY-', restMin: 20 },
];

/** Most places need no look at the table. */
const STARTS: ReadonlySet<string> = new Set(KINDS.map(({ prefix }) => prefix[0]!));

/**
 * The first token inside a word (letters, digits, `-`, `_`) of a text: JWTs, whose parts are three words with dots between, identifiers of AWS
 * keys, and those above. A token begins where the word does, or after `-`, `_` or a percent escape.
 *
 * Cost: linear in the word and, for a JWT, in the words after it.
 */
export function tokenIn(text: string, start: number, end: number): Span | undefined {
  const jwt = jwtIn(text, start, end);
  const lastDigit = lastDigitOf(text, start, end);
  for (let at = start; at < (jwt?.start ?? end); at++) {
    if (!isBoundary(text, start, at)) continue;
    const kind = STARTS.has(text[at]!) ? KINDS.find(({ prefix }) => text.startsWith(prefix, at)) : undefined;
    const found = kind === undefined ? isAwsKeyId(text, at) : isLongEnough(kind, at, end, lastDigit);
    if (found) return { start: at, end: jwt?.end ?? end };
  }
  return jwt;
}

function isLongEnough({ prefix, restMin, digit }: TokenKind, at: number, end: number, lastDigit: number): boolean {
  const rest = at + prefix.length;
  return end - rest >= restMin && (digit !== true || lastDigit >= rest);
}

function isBoundary(text: string, start: number, at: number): boolean {
  if (at === start) return true;
  const before = text[at - 1];
  return before === '-' || before === '_' || (at === start + 2 && text[start - 1] === '%');
}

function isAwsKeyId(text: string, at: number): boolean {
  return text[at] === 'A' && /^A(?:KIA|SIA|BIA|CCA)[A-Z0-9]{16}(?![A-Za-z0-9])/.test(text.slice(at, at + 21));
}

/** `eyJ` is how `{"` begins in base64url: header, payload and signature; an encrypted one has five parts. */
function jwtIn(text: string, start: number, end: number): Span | undefined {
  if (text[end] !== '.') return undefined;
  const at = text.slice(start, end).indexOf('eyJ');
  if (at < 0 || end - start - at < 8) return undefined;
  const payloadEnd = partEnd(text, end + 1);
  if (payloadEnd - end < 4 || text[payloadEnd] !== '.') return undefined;
  let to = partEnd(text, payloadEnd + 1);
  while (text[to] === '.' && partEnd(text, to + 1) > to + 1) to = partEnd(text, to + 1);
  return { start: start + at, end: to };
}

function partEnd(text: string, from: number): number {
  let end = from;
  while (end < text.length && /[A-Za-z0-9_-]/.test(text[end]!)) end++;
  return end;
}

function lastDigitOf(text: string, start: number, end: number): number {
  let at = end - 1;
  while (at >= start && !(text[at]! >= '0' && text[at]! <= '9')) at--;
  return at;
}
