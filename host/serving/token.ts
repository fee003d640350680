import { createHash, randomBytes } from 'node:crypto';

/** Tokens begin like this, so that scanners of secrets and people know what they have found. */
const PREFIX = 'cb_';
const TOKEN = /^cb_[A-Za-z0-9_-]{43}$/;

/** A fresh token: 256 random bits, `cb_` before them. */
export function newToken(): string {
  return `${PREFIX}${randomBytes(32).toString('base64url')}`;
}

/** True for what looks like a token of ours. */
export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

/** What the policy has in place of the token. A token is random, so a plain hash of it gives nothing away. */
export function tokenDigest(token: string): string {
  return `sha256:${createHash('sha256').update(token, 'utf8').digest('hex')}`;
}
