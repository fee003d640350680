import type * as Http from '@bytecodealliance/preview2-shim/interfaces/wasi-http-types';

/** `wasi:http` `error-code`. */
export type ErrorCode = Http.ErrorCode;

/** Why an exchange has no answer, as the trusted side says it. */
export interface HttpFailure {
  /** A case of `error-code` by its WIT name. */
  readonly code: string;
  /** For whoever debugs; no secrets. */
  readonly message: string;
}

/** What a case carries when only a message is known. */
type Payload = (message: string) => unknown;

const none: Payload = () => undefined;
const fieldSize: Payload = () => ({});
const said: Payload = (message) => message;

/** Cases with a payload. */
const PAYLOADS: Readonly<Record<string, Payload>> = {
  'DNS-error': () => ({}),
  'TLS-alert-received': (message) => ({ alertMessage: message }),
  'HTTP-request-body-size': none,
  'HTTP-request-header-section-size': none,
  'HTTP-request-header-size': none,
  'HTTP-request-trailer-section-size': none,
  'HTTP-request-trailer-size': fieldSize,
  'HTTP-response-header-section-size': none,
  'HTTP-response-header-size': fieldSize,
  'HTTP-response-body-size': none,
  'HTTP-response-trailer-section-size': none,
  'HTTP-response-trailer-size': fieldSize,
  'HTTP-response-transfer-coding': none,
  'HTTP-response-content-coding': none,
  'internal-error': said,
};

const PLAIN: ReadonlySet<string> = new Set([
  'DNS-timeout',
  'destination-not-found',
  'destination-unavailable',
  'destination-IP-prohibited',
  'destination-IP-unroutable',
  'connection-refused',
  'connection-terminated',
  'connection-timeout',
  'connection-read-timeout',
  'connection-write-timeout',
  'connection-limit-reached',
  'TLS-protocol-error',
  'TLS-certificate-error',
  'HTTP-request-denied',
  'HTTP-request-length-required',
  'HTTP-request-method-invalid',
  'HTTP-request-URI-invalid',
  'HTTP-request-URI-too-long',
  'HTTP-response-incomplete',
  'HTTP-response-timeout',
  'HTTP-upgrade-failed',
  'HTTP-protocol-error',
  'loop-detected',
  'configuration-error',
]);

/** The `error-code` of a failure. A name that WIT does not have becomes `internal-error` with everything that is known. */
export function errorCodeOf({ code, message }: HttpFailure): ErrorCode {
  if (PLAIN.has(code)) return { tag: code } as ErrorCode; // a case without a payload
  const payload = Object.hasOwn(PAYLOADS, code) ? PAYLOADS[code] : undefined;
  if (payload === undefined) return { tag: 'internal-error', val: `${code}: ${message}` };
  return { tag: code, val: payload(message) } as ErrorCode; // the table has the payload of its case
}
