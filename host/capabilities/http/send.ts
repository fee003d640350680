import type { HostCallContext, HostFunction, WitValue } from '../../../runtime/index.ts';
import type { CallHttp } from './call-http.ts';
import type { Header } from './decide.ts';
import type { Exchange } from './exchange.ts';
import { ExchangeError, type HttpFailure } from './failure.ts';

/** Bytes that an answer has beside its body. */
const OVERHEAD_BYTES = 256 * 1024;
const PIECE_BYTES = 1024 * 1024;

/** `send` of `cellblock:host/http`: one request, and the whole response. */
export function sendFunction(httpOf: (context: HostCallContext) => CallHttp): HostFunction {
  return async ([asked], context) => {
    const { method, url, headers, body } = asked as {
      method: string;
      url: string;
      headers: readonly { name: string; value: string }[];
      body: { some: Uint8Array } | null;
    }; // by the signature
    let exchange: Exchange | undefined;
    try {
      const pairs = headers.map(({ name, value }): Header => [name, value]);
      exchange = httpOf(context).start({ method, url, headers: pairs, ...(body === null ? {} : { body: body.some }) });
      const head = await exchange.head();
      const bytes = await wholeBody(exchange, Math.max(0, context.answerBytesMax - OVERHEAD_BYTES));
      const told = head.headers.map(([name, value]) => ({ name, value }));
      return { ok: { status: head.status, headers: told, body: bytes } };
    } catch (error) {
      if (!(error instanceof ExchangeError)) throw error;
      return { err: errorOf(error.failure) };
    } finally {
      exchange?.end();
    }
  };
}

async function wholeBody(exchange: Exchange, bytesMax: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for (;;) {
    const piece = await exchange.read(PIECE_BYTES);
    if (piece === undefined) break;
    bytes += piece.length;
    if (bytes > bytesMax) {
      const message = `the response has more than ${bytesMax} bytes, which is what one host call can carry`;
      throw new ExchangeError({ kind: 'too-large', code: 'HTTP-response-body-size', message, limit: bytesMax });
    }
    pieces.push(piece);
  }
  return pieces.length === 1 ? pieces[0]! : new Uint8Array(Buffer.concat(pieces));
}

function errorOf({ kind, message, limit }: HttpFailure): WitValue {
  switch (kind) {
    case 'timed-out':
    case 'too-many-redirects':
      return { tag: kind };
    case 'too-large':
      return { tag: kind, value: BigInt(limit ?? 0) };
    default:
      return { tag: kind, value: message };
  }
}
