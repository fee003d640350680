import { CodedError } from '../error.ts';
import { JsonParser } from './json-parser.ts';
import type { JsonValue } from './json-value.ts';

export interface JsonLimits {
  /** Size of the text in UTF-8 bytes; default 4 MiB. Not a limit on the memory that the parsed value takes. */
  readonly bytesMax?: number;
  /** Arrays and objects inside each other; default 128, far above what a WIT type needs. */
  readonly depthMax?: number;
}

const BYTES_MAX = 4 * 1024 * 1024;
const DEPTH_MAX = 128;

/**
 * Reads one strict JSON text (RFC 8259): the one JSON reader of every surface that hands us bytes.
 *
 * Stricter than `JSON.parse`: duplicate keys, lone surrogates (raw or escaped), invalid UTF-8 and a byte order mark are
 * refused. Numbers keep their source text. No recursion, so depth is bounded by `depthMax` alone.
 *
 * @param text - UTF-8 bytes or a string; read only.
 * @throws CodedError `params/malformed-json`, `params/too-large`; `data` has `offset`, and `line` and `column` from 1,
 * all in UTF-16 units of the text (`offset` alone is in bytes where the UTF-8 itself is broken). Never the text.
 */
export function parseJson(text: string | Uint8Array, limits: JsonLimits = {}): JsonValue {
  const bytesMax = limits.bytesMax ?? BYTES_MAX;
  if (byteLength(text, bytesMax) > bytesMax) {
    throw new CodedError('params/too-large', `the JSON text is longer than ${bytesMax} bytes`, { data: { bytesMax } });
  }
  const source = typeof text === 'string' ? text : decodeUtf8(text);
  return new JsonParser(source, limits.depthMax ?? DEPTH_MAX).parse();
}

/**
 * Writes plain JSON-able data, as `toJson` gives it, on one line.
 *
 * Differs from `JSON.stringify` in one thing: -0 is written `-0`, so that floats come back as they were.
 *
 * @throws CodedError `internal/invariant` for anything that JSON cannot say.
 */
export function jsonText(value: unknown): string {
  if (Object.is(value, -0)) return '-0';
  if (value === null || typeof value === 'boolean' || typeof value === 'string' || Number.isFinite(value)) {
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map(jsonText).join(',')}]`;
  if (typeof value === 'object') {
    return `{${Object.entries(value)
      .map(([key, item]) => `${JSON.stringify(key)}:${jsonText(item)}`)
      .join(',')}}`;
  }
  throw new CodedError('internal/invariant', `a ${typeof value} cannot be written as JSON`);
}

function byteLength(text: string | Uint8Array, bytesMax: number): number {
  if (typeof text !== 'string') return text.byteLength;
  // A UTF-16 unit takes 1 to 3 bytes, so most texts need no count.
  if (text.length > bytesMax || text.length * 3 <= bytesMax) return text.length;
  return Buffer.byteLength(text);
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    // `ignoreBOM` keeps the mark in the text, where it is then an unexpected character.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    const data = { offset: brokenUtf8Offset(bytes) };
    throw new CodedError('params/malformed-json', `the JSON text is not valid UTF-8 at byte ${data.offset}`, { cause, data });
  }
}

/** Where a forgiving decoder has put a replacement character, the text written again differs from the bytes. */
function brokenUtf8Offset(bytes: Uint8Array): number {
  const again = new TextEncoder().encode(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes));
  return again.findIndex((byte, index) => byte !== bytes[index]);
}
