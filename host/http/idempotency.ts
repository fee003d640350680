import { CodedError, isCoded, type JsonValue, parseJson } from '../../runtime/index.ts';

const KEY_HEADER = 'idempotency-key';
const KEY = /^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/;

/**
 * The key of a request, which is its `request_id`: the plain text, or a string of structured headers, in quotes.
 *
 * @throws CodedError `usage/invalid-argument`.
 * Source: draft-ietf-httpapi-idempotency-key-header.
 */
export function idempotencyKey({ headers }: Request): string | undefined {
  const header = headers.get(KEY_HEADER);
  if (header === null) return undefined;
  const key = /^"(.*)"$/.exec(header)?.[1] ?? header;
  if (KEY.test(key)) return key;
  throw new CodedError(
    'usage/invalid-argument',
    'an Idempotency-Key has 1 to 256 visible characters, no quotes, backslashes or spaces',
  );
}

/**
 * Puts the key into the request as its `request_id`. All other bytes stay as they came. A body that is no JSON object stays as it is, for the warden to
 * refuse and to write down.
 *
 * @throws CodedError `params/request-id-conflict` where the body has another one.
 */
export function withRequestId(body: Uint8Array, key: string): Uint8Array {
  const json = parsedBody(body);
  if (!(json instanceof Map)) return body;
  const own = json.get('request_id');
  if (own === key) return body;
  if (own !== undefined) {
    throw new CodedError('params/request-id-conflict', 'the `request_id` of the body is not the Idempotency-Key', {
      help: 'send one of the two, or the same in both',
    });
  }
  const brace = body.indexOf(0x7b); // what is before it in a JSON object is white space
  const member = Buffer.from(`${JSON.stringify('request_id')}:${JSON.stringify(key)}${json.size === 0 ? '' : ','}`);
  return Buffer.concat([body.subarray(0, brace + 1), member, body.subarray(brace + 1)]);
}

function parsedBody(body: Uint8Array): JsonValue | undefined {
  try {
    return parseJson(body, { bytesMax: body.byteLength });
  } catch (error) {
    if (isCoded(error)) return undefined;
    throw error;
  }
}
