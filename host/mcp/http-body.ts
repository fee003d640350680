import { Buffer } from 'node:buffer';
import { isJsonContentType } from '@modelcontextprotocol/server';
import { isCoded } from '../../runtime/index.ts';
import { MESSAGE_BYTES_MAX, readMessage } from './exact-message.ts';

/** An answer before any message was read, in the form of JSON-RPC. */
export function refusal(status: number, code: number, message: string, headers: Readonly<Record<string, string>> = {}): Response {
  return Response.json({ jsonrpc: '2.0', error: { code, message }, id: null }, { status, headers });
}

/** @returns the message or batch of a POST, read strictly, or the answer to what is none. */
export async function bodyOf(request: Request): Promise<{ readonly message: unknown } | Response> {
  if (!isJsonContentType(request.headers.get('content-type')))
    return refusal(415, -32000, 'the content type is application/json');
  const bytes = await bytesOf(request);
  if (bytes === undefined) return refusal(413, -32000, `a message has at most ${MESSAGE_BYTES_MAX} bytes`);
  try {
    return { message: readMessage(bytes) };
  } catch (error) {
    return refusal(400, -32700, isCoded(error) ? error.message : 'this is no JSON');
  }
}

/** Reads no further than the maximum, whatever the headers say. */
async function bytesOf({ headers, body }: Request): Promise<Uint8Array | undefined> {
  if (Number(headers.get('content-length')) > MESSAGE_BYTES_MAX) return undefined;
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of body ?? []) {
    bytes += part.byteLength;
    if (bytes > MESSAGE_BYTES_MAX) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts);
}
