import type { IncomingMessage } from 'node:http';
import { headersOf } from './gate.ts';
import type { Problem } from './problem.ts';

/** The token of a request: undefined where there is none, or more than one. */
export function bearerOf(incoming: IncomingMessage): string | undefined {
  const headers = headersOf(incoming, 'authorization');
  return headers.length === 1 ? /^Bearer +([^\s,]+) *$/i.exec(headers[0]!)?.[1] : undefined;
}

/** RFC 6750: what a request without a token of somebody's is answered. */
export function unauthorized(bearer: string | undefined): Problem {
  const error = bearer === undefined ? '' : ', error="invalid_token"';
  return {
    status: 401,
    detail: bearer === undefined ? 'a token is needed: `Authorization: Bearer TOKEN`' : "the token is nobody's",
    headers: { 'www-authenticate': `Bearer realm="cellblock"${error}` },
  };
}
