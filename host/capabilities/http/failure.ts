/** Why an exchange has no answer, or no more of one. */
export interface HttpFailure {
  /** A case of `wasi:http` `error-code`, by its WIT name. */
  readonly code: string;
  /** For the tool's author: no secret, no address and no path of this machine. */
  readonly message: string;
  /** What `cellblock:host/http` says. */
  readonly kind: 'denied' | 'invalid' | 'unreachable' | 'timed-out' | 'too-large' | 'too-many-redirects';
  /** With `too-large`: the most. */
  readonly limit?: number;
}

/** Thrown within an exchange. */
export class ExchangeError extends Error {
  readonly failure: HttpFailure;

  constructor(failure: HttpFailure) {
    super(failure.message);
    this.failure = failure;
  }
}

export const denied = (message: string): HttpFailure => ({ kind: 'denied', code: 'HTTP-request-denied', message });
export const invalid = (code: string, message: string): HttpFailure => ({ kind: 'invalid', code, message });
export const tooLarge = (what: 'request' | 'response', limit: number): HttpFailure => ({
  kind: 'too-large',
  code: what === 'request' ? 'HTTP-request-body-size' : 'HTTP-response-body-size',
  message: `the body of the ${what} has more than ${limit} bytes`,
  limit,
});
export const timedOut = (code = 'HTTP-response-timeout'): HttpFailure => ({
  kind: 'timed-out',
  code,
  message: 'the time of the exchange is over',
});

const unreachable = (code: string, message: string): HttpFailure => ({ kind: 'unreachable', code, message });

/** By the code of Node and of undici; what is not here is a broken connection. */
const BY_CODE: Readonly<Record<string, HttpFailure>> = {
  ENOTFOUND: unreachable('DNS-error', 'the name has no address'),
  EAI_AGAIN: unreachable('DNS-timeout', 'the name could not be looked up'),
  ECONNREFUSED: unreachable('connection-refused', 'the connection was refused'),
  ECONNRESET: unreachable('connection-terminated', 'the connection was reset'),
  EPIPE: unreachable('connection-terminated', 'the connection was closed'),
  EHOSTUNREACH: unreachable('destination-unavailable', 'the host cannot be reached'),
  ENETUNREACH: unreachable('destination-IP-unroutable', 'the network cannot be reached'),
  ETIMEDOUT: timedOut('connection-timeout'),
  UND_ERR_CONNECT_TIMEOUT: timedOut('connection-timeout'),
  UND_ERR_HEADERS_TIMEOUT: timedOut('HTTP-response-timeout'),
  UND_ERR_BODY_TIMEOUT: timedOut('connection-read-timeout'),
  UND_ERR_HEADERS_OVERFLOW: unreachable('HTTP-response-header-section-size', 'the headers of the response are too large'),
  UND_ERR_REQ_CONTENT_LENGTH_MISMATCH: invalid('HTTP-request-body-size', 'the body has not the length that its header says'),
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: unreachable('HTTP-response-incomplete', 'the response has not the length that it says'),
  UND_ERR_SOCKET: unreachable('connection-terminated', 'the connection was closed'),
  Z_DATA_ERROR: unreachable('HTTP-response-content-coding', 'the response cannot be decompressed'),
  Z_BUF_ERROR: unreachable('HTTP-response-incomplete', 'the compressed response ends too early'),
};

/** What a guest is told of an error, whatever its text says. */
export function failureOf(error: unknown): HttpFailure {
  if (error instanceof ExchangeError) return error.failure;
  const code = codeOf(error);
  if (Object.hasOwn(BY_CODE, code)) return BY_CODE[code]!;
  const { name } = (error ?? {}) as { readonly name?: unknown };
  // The parser's errors have no code in some versions of undici.
  if (code.startsWith('HPE_') || name === 'HTTPParserError') return unreachable('HTTP-protocol-error', 'the response is no HTTP');
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER') {
    return unreachable('TLS-protocol-error', 'TLS failed: what the server answered is no TLS; it may speak plain `http`');
  }
  if (/^(ERR_TLS|CERT|UNABLE_TO|SELF_SIGNED|DEPTH_ZERO|ERR_SSL|HOSTNAME|INVALID_CA|UNSUPPORTED_CERT)/.test(code)) {
    return unreachable('TLS-certificate-error', `TLS failed: ${code}`);
  }
  if (code === 'EPROTO') return unreachable('TLS-protocol-error', 'TLS failed');
  return unreachable('connection-terminated', 'the exchange failed');
}

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  const { code, cause, errors } = error as {
    readonly code?: unknown;
    readonly cause?: unknown;
    readonly errors?: readonly unknown[];
  };
  if (typeof code === 'string' && code !== 'UND_ERR') return code;
  return codeOf(cause ?? errors?.[0]);
}
