import { JsonNumber, type JsonValue, parseJson } from '../../runtime/index.ts';
import { exactText } from '../serving/index.ts';

/*
 * The SDK reads messages by JSON.parse, which rounds 64-bit numbers and lets the last of two equal keys win: then what was approved, shown and run
 * could be three things. So each message is read by the strict reader first, and the SDK gets a message in which the arguments of a call are
 * one text. Only our own handler looks at them.
 */

/** Bytes of one message or batch as JSON text, over HTTP as over stdio. */
export const MESSAGE_BYTES_MAX = 8 * 1024 * 1024;

/**
 * Reads one JSON-RPC message, or a batch.
 *
 * @param text - UTF-8.
 * @returns plain data for the SDK, which checks whether it is JSON-RPC; the arguments of a call as `argumentsJsonOf` takes them.
 * @throws CodedError `params/malformed-json` (duplicate keys, too), `params/too-large`.
 */
export function readMessage(text: Uint8Array): unknown {
  const json = parseJson(text, { bytesMax: MESSAGE_BYTES_MAX });
  return Array.isArray(json) ? json.map(messageOf) : messageOf(json);
}

/** @param args - `arguments` of a `tools/call` that `readMessage` has read. @returns their exact JSON text. */
export function argumentsJsonOf(args: { readonly [name: string]: unknown } | undefined): string {
  return typeof args?.json === 'string' ? args.json : '{}';
}

function messageOf(json: JsonValue): unknown {
  const params = json instanceof Map && json.get('method') === 'tools/call' ? json.get('params') : undefined;
  if (!(json instanceof Map) || !(params instanceof Map)) return plain(json);
  const args = params.get('arguments');
  // Arguments that are no object go on as they are: the SDK refuses them.
  if (!(args instanceof Map)) return plain(json);
  const exact = new Map([...params, ['arguments', new Map([['json', exactText(args)]])]]);
  return plain(new Map([...json, ['params', exact]]));
}

/** Entries become own properties, so `__proto__` is a key like any other. Depth is bounded by the reader. */
function plain(json: JsonValue): unknown {
  if (json instanceof JsonNumber) return Number(json.text);
  if (json instanceof Map) return Object.fromEntries([...json].map(([name, item]) => [name, plain(item)]));
  return Array.isArray(json) ? json.map(plain) : json;
}
