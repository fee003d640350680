import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { Network } from './connections.ts';
import type { Header } from './decide.ts';
import { ExchangeError, type HttpFailure } from './failure.ts';

/** A request as it would leave: after its scope was asked, with the secrets of its rule in the headers. */
export interface AnsweredRequest {
  readonly method: string;
  readonly url: string;
  /** Names in small letters. */
  readonly headers: readonly Header[];
  /** Undefined where there is none. */
  readonly body: Uint8Array | undefined;
}

/** A response, or why there is none. */
export type HttpAnswer =
  | { readonly status: number; readonly headers: readonly Header[]; readonly body: Uint8Array }
  | HttpFailure;

/** @throws CodedError, which ends the call. */
export type AnswerRequest = (request: AnsweredRequest) => HttpAnswer;

/** A network on which somebody else's function answers, for the tests of tools: everything before and after it is as with the real one. */
export class AnsweredNetwork implements Network {
  readonly #answer: AnswerRequest;

  constructor(answer: AnswerRequest) {
    this.#answer = answer;
  }

  for(): ReturnType<Network['for']> {
    return { request: (options) => this.#request(options) };
  }

  async close(): Promise<void> {}

  async #request({ origin, path, method, headers, body }: Dispatcher.RequestOptions): Promise<Dispatcher.ResponseData> {
    const answer = this.#answer({
      method,
      url: `${String(origin)}${path}`,
      headers: pairsOf(headers as readonly string[]), // as `Exchange` gives them: names and values in turn
      body: await bytesOf(body as Uint8Array | Readable | null), // the same
    });
    if ('kind' in answer) throw new ExchangeError(answer);
    const response = {
      statusCode: answer.status,
      headers: answer.headers.flat(),
      body: Readable.from(answer.body.length === 0 ? [] : [Buffer.from(answer.body)], { objectMode: false }),
    };
    return response as unknown as Dispatcher.ResponseData; // all of it that an exchange reads
  }
}

function pairsOf(flat: readonly string[]): readonly Header[] {
  const pairs: Header[] = [];
  for (let at = 0; at + 1 < flat.length; at += 2) pairs.push([flat[at]!, flat[at + 1]!]);
  return pairs;
}

async function bytesOf(body: Uint8Array | Readable | null): Promise<Uint8Array | undefined> {
  if (body === null || body instanceof Uint8Array) return body ?? undefined;
  const pieces: Buffer[] = [];
  for await (const piece of body) pieces.push(piece as Buffer); // of a stream without an encoding
  return new Uint8Array(Buffer.concat(pieces));
}
