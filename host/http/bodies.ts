import { CodedError, JsonNumber, type JsonValue, parseJson } from '../../runtime/index.ts';

/** The bodies of one server that are in memory. */
export class BodyStore {
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Room for the body of one request. */
  hold(): HeldBody {
    let held = 0;
    return {
      add: (bytes) => {
        if (this.#bytes + bytes > this.#bytesMax) {
          throw new CodedError('busy/overloaded', 'too many large requests are being read', { data: { retryAfterMs: 1000 } });
        }
        this.#bytes += bytes;
        held += bytes;
      },
      free: () => {
        this.#bytes -= held;
        held = 0;
      },
    };
  }
}

export interface HeldBody {
  /** @throws CodedError `busy/overloaded`. */
  add(bytes: number): void;
  free(): void;
}

/**
 * Reads a body to its end.
 *
 * @throws CodedError `params/too-large` as soon as it is, `busy/overloaded`, `usage/invalid-argument` where the client went away.
 */
export async function readBody({ body }: Request, bytesMax: number, held: HeldBody): Promise<Uint8Array<ArrayBuffer>> {
  if (body === null) return new Uint8Array();
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read().catch((cause: unknown) => {
      throw new CodedError('usage/invalid-argument', 'the body ended early', { cause });
    });
    if (done) return Buffer.concat(chunks);
    bytes += value.byteLength;
    // The stream is left as it is: to cancel it would close the connection before the answer is sent.
    if (bytes > bytesMax) throw new CodedError('params/too-large', `a body here has at most ${bytesMax} bytes`);
    held.add(value.byteLength);
    chunks.push(value);
  }
}

/** Strict JSON as plain data, for bodies whose numbers are small. @throws CodedError `params/malformed-json`, `params/too-large`. */
export function plainJson(bytes: Uint8Array): unknown {
  return plain(parseJson(bytes));
}

function plain(value: JsonValue): unknown {
  if (value instanceof JsonNumber) return Number(value.text);
  if (value instanceof Map) return Object.fromEntries([...value].map(([name, item]) => [name, plain(item)]));
  return Array.isArray(value) ? value.map(plain) : value;
}
