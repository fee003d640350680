import { createHmac } from 'node:crypto';

const SECRET_PREFIX = 'whsec_';
const SECRET_BYTES_MIN = 24;

/**
 * The key of a secret as Standard Webhooks writes it: `whsec_` and base64; the prefix may be left out, as in the reference libraries.
 *
 * @returns undefined for anything that is not base64 of 24 bytes or more.
 */
export function webhookKey(secret: string): Buffer | undefined {
  const text = secret.startsWith(SECRET_PREFIX) ? secret.slice(SECRET_PREFIX.length) : secret;
  const key = Buffer.from(text, 'base64');
  // Buffer.from skips what is not base64; a secret that is not read whole is not the one that was meant.
  return key.length >= SECRET_BYTES_MIN && key.toString('base64').replace(/=+$/, '') === text.replace(/=+$/, '')
    ? key
    : undefined;
}

/**
 * The headers that let a receiver check who sent a body, and when.
 *
 * @param id - the same at each attempt.
 * @param atMs - instant of this attempt; receivers refuse old ones.
 * Source: Standard Webhooks 1.0, symmetric signatures.
 */
export function webhookHeaders(id: string, atMs: number, body: string, key: Buffer | undefined): Record<string, string> {
  const seconds = String(Math.floor(atMs / 1000));
  const headers = { 'webhook-id': id, 'webhook-timestamp': seconds };
  if (key === undefined) return headers;
  const signature = createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64');
  return { ...headers, 'webhook-signature': `v1,${signature}` };
}
