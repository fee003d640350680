import { Buffer } from 'node:buffer';
import type { Readable, Writable } from 'node:stream';
import {
  isJSONRPCNotification,
  isJSONRPCRequest,
  isJSONRPCResponse,
  type JSONRPCMessage,
  parseJSONRPCMessage,
  type Transport,
} from '@modelcontextprotocol/server';
import { isCoded } from '../../runtime/index.ts';
import { MESSAGE_BYTES_MAX, readMessage } from './exact-message.ts';

/** Requests of the client that are not answered yet; one more is told to come later. */
const OPEN_REQUESTS_MAX = 256;
/** Milliseconds that requests have to be answered once no more can come. */
const END_MS_MAX = 1000;
const NEWLINE = 0x0a;

/** Errors of JSON-RPC, and one of ours in the range that it leaves to servers. */
const PARSE_ERROR = -32700;
const INVALID_REQUEST = -32600;
const BUSY = -32000;

/**
 * Messages as lines of strict JSON. A client that does not read its answers is not read either; a line that is too long is skipped to its end; the end of the
 * input ends the connection, after what was asked has been answered.
 */
export class LineTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  /** Resolves once the connection has ended, whoever ended it. */
  readonly closed: Promise<void>;
  readonly #input: Readable;
  readonly #output: Writable;
  readonly #lines = new Lines();
  readonly #open = new Set<unknown>();
  #markClosed: () => void = () => undefined;
  #isClosed = false;
  #hasEnded = false;
  #isDraining = false;
  #endTimer: NodeJS.Timeout | undefined;

  constructor(input: Readable, output: Writable) {
    this.#input = input;
    this.#output = output;
    this.closed = new Promise((resolve) => {
      this.#markClosed = resolve;
    });
  }

  async start(): Promise<void> {
    // Stays for good: a late failure to write must find a listener.
    this.#output.on('error', () => void this.close());
    this.#input.on('data', this.#onData).on('end', this.#onEnd).on('close', this.#onEnd).on('error', this.#onEnd);
    if (this.#input.readableEnded || this.#input.destroyed) this.#onEnd();
  }

  /** Resolves once the line is with the output, which has taken what came before it. */
  async send(message: JSONRPCMessage): Promise<void> {
    if (isJSONRPCResponse(message)) this.#answered(message.id);
    await this.#write(message);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#endTimer);
    this.#input.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onEnd);
    this.#input.pause();
    this.onclose?.();
    this.#markClosed();
  }

  /** Takes no more requests, lets those that are open be answered for so many milliseconds, and ends. */
  async drain(ms: number): Promise<void> {
    this.#isDraining = true;
    if (!this.#hasEnded) this.#endWithin(ms);
    await this.closed;
  }

  readonly #onData = (chunk: Buffer): void => {
    for (const line of this.#lines.take(chunk)) this.#receive(line);
  };

  readonly #onEnd = (): void => {
    if (!this.#hasEnded) this.#endWithin(END_MS_MAX);
  };

  #endWithin(ms: number): void {
    this.#hasEnded = true;
    if (this.#open.size === 0) return void this.close();
    this.#endTimer = setTimeout(() => void this.close(), ms);
  }

  #receive(line: Line): void {
    if (line === 'too long') return this.#refuse(null, PARSE_ERROR, `a message has more than ${MESSAGE_BYTES_MAX} bytes`);
    const json = this.#read(line);
    if (json === undefined) return;
    const message = messageIn(json.value);
    if (message === undefined) return this.#refuse(idIn(json.value), INVALID_REQUEST, 'this is no JSON-RPC message');
    if (isJSONRPCRequest(message)) {
      if (this.#isDraining) return this.#refuse(message.id, BUSY, 'the server ends');
      if (this.#open.size >= OPEN_REQUESTS_MAX) {
        return this.#refuse(message.id, BUSY, `${OPEN_REQUESTS_MAX} requests are not answered yet: send this one again later`);
      }
      // Two of one id would count as one, and the answer to one of them as that of both.
      if (this.#open.has(message.id)) return this.#refuse(null, INVALID_REQUEST, 'a request with this id is not answered yet');
      this.#open.add(message.id);
    }
    this.onmessage?.(message);
    // What is cancelled gets no answer.
    if (isJSONRPCNotification(message) && message.method === 'notifications/cancelled') this.#answered(message.params?.requestId);
  }

  #read(line: Buffer): { readonly value: unknown } | undefined {
    try {
      return { value: readMessage(line) };
    } catch (error) {
      this.#refuse(null, PARSE_ERROR, isCoded(error) ? error.message : 'this is no JSON');
      return undefined;
    }
  }

  #answered(id: unknown): void {
    this.#open.delete(id);
    // Not before the answer itself is written.
    if (this.#hasEnded && this.#open.size === 0) setImmediate(() => void this.close());
  }

  #refuse(id: string | number | null, code: number, message: string): void {
    void this.#write({ jsonrpc: '2.0', id, error: { code, message } });
  }

  async #write(message: object): Promise<void> {
    if (this.#isClosed) return;
    if (this.#output.write(`${JSON.stringify(message)}\n`)) return;
    this.#input.pause();
    await new Promise<void>((resolve) => {
      const done = () => {
        this.#output.off('drain', done).off('close', done).off('error', done);
        resolve();
      };
      this.#output.on('drain', done).on('close', done).on('error', done);
    });
    if (!this.#isClosed) this.#input.resume();
  }
}

type Line = Buffer | 'too long';

/** Cuts bytes into lines; never keeps more than one line's maximum. */
class Lines {
  #parts: Buffer[] = [];
  #bytes = 0;
  #isSkipping = false;

  *take(chunk: Buffer): Generator<Line> {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      const tooLong = this.#keep(chunk.subarray(from, end));
      if (tooLong) yield 'too long';
      const line = Buffer.concat(this.#parts);
      const skipped = this.#isSkipping;
      this.#clear(false);
      if (!skipped && line.some((byte) => byte > 0x20)) yield line;
      from = end + 1;
    }
    if (this.#keep(chunk.subarray(from))) yield 'too long';
  }

  /** @returns true at the moment in which the line has become too long. */
  #keep(part: Buffer): boolean {
    if (this.#isSkipping || part.length === 0) return false;
    this.#bytes += part.length;
    if (this.#bytes <= MESSAGE_BYTES_MAX) {
      this.#parts.push(part);
      return false;
    }
    this.#clear(true);
    return true;
  }

  #clear(isSkipping: boolean): void {
    this.#parts = [];
    this.#bytes = 0;
    this.#isSkipping = isSkipping;
  }
}

function messageIn(value: unknown): JSONRPCMessage | undefined {
  try {
    return parseJSONRPCMessage(value);
  } catch {
    return undefined;
  }
}

function idIn(value: unknown): string | number | null {
  const { id } = Object.assign({ id: null as unknown }, value);
  return typeof id === 'string' || typeof id === 'number' ? id : null;
}
