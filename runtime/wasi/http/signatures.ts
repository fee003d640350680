/*
 * Every function of `wasi:http` 0.2 for components that send requests, with its types. Made from the official WIT and not to be changed by
 * hand: `test/outside/wasi-signatures.mjs` compares it with that text.
 *
 * Source: github.com/WebAssembly/WASI, tag v0.2.12, without what is not stable there (`send-informational`).
 */

const HEADER_ERROR = 'variant { invalid-syntax, forbidden, immutable }';
const METHOD = 'variant { get, head, post, put, delete, connect, options, trace, patch, other(string) }';
const SCHEME = 'variant { HTTP, HTTPS, other(string) }';
const FIELD_SIZE = 'record { field-name: option<string>, field-size: option<u32> }';
const ERROR_CODE = `variant { ${[
  'DNS-timeout, DNS-error(record { rcode: option<string>, info-code: option<u16> }), destination-not-found',
  'destination-unavailable, destination-IP-prohibited, destination-IP-unroutable, connection-refused, connection-terminated',
  'connection-timeout, connection-read-timeout, connection-write-timeout, connection-limit-reached, TLS-protocol-error',
  'TLS-certificate-error, TLS-alert-received(record { alert-id: option<u8>, alert-message: option<string> })',
  'HTTP-request-denied, HTTP-request-length-required, HTTP-request-body-size(option<u64>), HTTP-request-method-invalid',
  'HTTP-request-URI-invalid, HTTP-request-URI-too-long, HTTP-request-header-section-size(option<u32>)',
  `HTTP-request-header-size(option<${FIELD_SIZE}>), HTTP-request-trailer-section-size(option<u32>)`,
  `HTTP-request-trailer-size(${FIELD_SIZE}), HTTP-response-incomplete, HTTP-response-header-section-size(option<u32>)`,
  `HTTP-response-header-size(${FIELD_SIZE}), HTTP-response-body-size(option<u64>)`,
  `HTTP-response-trailer-section-size(option<u32>), HTTP-response-trailer-size(${FIELD_SIZE})`,
  'HTTP-response-transfer-coding(option<string>), HTTP-response-content-coding(option<string>), HTTP-response-timeout',
  'HTTP-upgrade-failed, HTTP-protocol-error, loop-detected, configuration-error, internal-error(option<string>)',
].join(', ')} }`;

/** Signatures in the words of `signatureOf`, by interface without version and by name as the binary has it. */
export const HTTP_SIGNATURES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'wasi:http/outgoing-handler': {
    handle: `func(request: own<outgoing-request>, options: option<own<request-options>>) -> result<own<future-incoming-response>, ${ERROR_CODE}>`,
  },
  'wasi:http/types': {
    'http-error-code': `func(err: borrow<error>) -> option<${ERROR_CODE}>`,
    '[constructor]fields': 'func() -> own<fields>',
    '[static]fields.from-list': `func(entries: list<tuple<string, list<u8>>>) -> result<own<fields>, ${HEADER_ERROR}>`,
    '[method]fields.get': 'func(self: borrow<fields>, name: string) -> list<list<u8>>',
    '[method]fields.has': 'func(self: borrow<fields>, name: string) -> bool',
    '[method]fields.set': `func(self: borrow<fields>, name: string, value: list<list<u8>>) -> result<_, ${HEADER_ERROR}>`,
    '[method]fields.delete': `func(self: borrow<fields>, name: string) -> result<_, ${HEADER_ERROR}>`,
    '[method]fields.append': `func(self: borrow<fields>, name: string, value: list<u8>) -> result<_, ${HEADER_ERROR}>`,
    '[method]fields.entries': 'func(self: borrow<fields>) -> list<tuple<string, list<u8>>>',
    '[method]fields.clone': 'func(self: borrow<fields>) -> own<fields>',
    '[method]incoming-request.method': `func(self: borrow<incoming-request>) -> ${METHOD}`,
    '[method]incoming-request.path-with-query': 'func(self: borrow<incoming-request>) -> option<string>',
    '[method]incoming-request.scheme': `func(self: borrow<incoming-request>) -> option<${SCHEME}>`,
    '[method]incoming-request.authority': 'func(self: borrow<incoming-request>) -> option<string>',
    '[method]incoming-request.headers': 'func(self: borrow<incoming-request>) -> own<fields>',
    '[method]incoming-request.consume': 'func(self: borrow<incoming-request>) -> result<own<incoming-body>, _>',
    '[constructor]outgoing-request': 'func(headers: own<fields>) -> own<outgoing-request>',
    '[method]outgoing-request.body': 'func(self: borrow<outgoing-request>) -> result<own<outgoing-body>, _>',
    '[method]outgoing-request.method': `func(self: borrow<outgoing-request>) -> ${METHOD}`,
    '[method]outgoing-request.set-method': `func(self: borrow<outgoing-request>, method: ${METHOD}) -> result<_, _>`,
    '[method]outgoing-request.path-with-query': 'func(self: borrow<outgoing-request>) -> option<string>',
    '[method]outgoing-request.set-path-with-query':
      'func(self: borrow<outgoing-request>, path-with-query: option<string>) -> result<_, _>',
    '[method]outgoing-request.scheme': `func(self: borrow<outgoing-request>) -> option<${SCHEME}>`,
    '[method]outgoing-request.set-scheme': `func(self: borrow<outgoing-request>, scheme: option<${SCHEME}>) -> result<_, _>`,
    '[method]outgoing-request.authority': 'func(self: borrow<outgoing-request>) -> option<string>',
    '[method]outgoing-request.set-authority': 'func(self: borrow<outgoing-request>, authority: option<string>) -> result<_, _>',
    '[method]outgoing-request.headers': 'func(self: borrow<outgoing-request>) -> own<fields>',
    '[constructor]request-options': 'func() -> own<request-options>',
    '[method]request-options.connect-timeout': 'func(self: borrow<request-options>) -> option<u64>',
    '[method]request-options.set-connect-timeout': 'func(self: borrow<request-options>, duration: option<u64>) -> result<_, _>',
    '[method]request-options.first-byte-timeout': 'func(self: borrow<request-options>) -> option<u64>',
    '[method]request-options.set-first-byte-timeout':
      'func(self: borrow<request-options>, duration: option<u64>) -> result<_, _>',
    '[method]request-options.between-bytes-timeout': 'func(self: borrow<request-options>) -> option<u64>',
    '[method]request-options.set-between-bytes-timeout':
      'func(self: borrow<request-options>, duration: option<u64>) -> result<_, _>',
    '[static]response-outparam.set': `func(param: own<response-outparam>, response: result<own<outgoing-response>, ${ERROR_CODE}>)`,
    '[method]incoming-response.status': 'func(self: borrow<incoming-response>) -> u16',
    '[method]incoming-response.headers': 'func(self: borrow<incoming-response>) -> own<fields>',
    '[method]incoming-response.consume': 'func(self: borrow<incoming-response>) -> result<own<incoming-body>, _>',
    '[method]incoming-body.stream': 'func(self: borrow<incoming-body>) -> result<own<input-stream>, _>',
    '[static]incoming-body.finish': 'func(this: own<incoming-body>) -> own<future-trailers>',
    '[method]future-trailers.subscribe': 'func(self: borrow<future-trailers>) -> own<pollable>',
    '[method]future-trailers.get': `func(self: borrow<future-trailers>) -> option<result<result<option<own<fields>>, ${ERROR_CODE}>, _>>`,
    '[constructor]outgoing-response': 'func(headers: own<fields>) -> own<outgoing-response>',
    '[method]outgoing-response.status-code': 'func(self: borrow<outgoing-response>) -> u16',
    '[method]outgoing-response.set-status-code': 'func(self: borrow<outgoing-response>, status-code: u16) -> result<_, _>',
    '[method]outgoing-response.headers': 'func(self: borrow<outgoing-response>) -> own<fields>',
    '[method]outgoing-response.body': 'func(self: borrow<outgoing-response>) -> result<own<outgoing-body>, _>',
    '[method]outgoing-body.write': 'func(self: borrow<outgoing-body>) -> result<own<output-stream>, _>',
    '[static]outgoing-body.finish': `func(this: own<outgoing-body>, trailers: option<own<fields>>) -> result<_, ${ERROR_CODE}>`,
    '[method]future-incoming-response.subscribe': 'func(self: borrow<future-incoming-response>) -> own<pollable>',
    '[method]future-incoming-response.get': `func(self: borrow<future-incoming-response>) -> option<result<result<own<incoming-response>, ${ERROR_CODE}>, _>>`,
  },
};

/** The resources of these interfaces; their names are none of the closed WASI's. */
export const HTTP_RESOURCES: Readonly<Record<string, string>> = Object.fromEntries(
  [
    'fields',
    'future-incoming-response',
    'future-trailers',
    'incoming-body',
    'incoming-request',
    'incoming-response',
    'outgoing-body',
    'outgoing-request',
    'outgoing-response',
    'request-options',
    'response-outparam',
  ].map((name) => [name, 'wasi:http/types']),
);
