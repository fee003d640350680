import { fstatSync, write } from 'node:fs';
import { Writable } from 'node:stream';

/** Bytes of lines that wait for the destination; lines beyond are dropped, and counted. */
const WAITING_BYTES_MAX = 1024 * 1024;
const STDERR = 2;
/** Between two looks at a terminal that takes nothing. */
const FULL_MS = 10;

/**
 * Hands lines to a destination that may be slow, full or gone: never throws, never waits, holds at most a mebibyte, and says in the log itself how
 * many lines are missing once it goes on.
 */
export class LogStream {
  readonly #destination: Writable;
  #waitingBytes = 0;
  #isGone = false;
  #dropped = 0;
  #untold = 0;
  readonly #onError = (): void => {
    this.#isGone = true;
  };

  /** @param destination - stays its owner's: it is never ended. */
  constructor(destination: Writable) {
    this.#destination = destination;
    destination.on('error', this.#onError);
  }

  /** Lines that went nowhere. */
  get dropped(): number {
    return this.#dropped;
  }

  write(line: string): void {
    const bytes = Buffer.byteLength(line);
    if (this.#isGone || this.#waitingBytes + bytes > WAITING_BYTES_MAX) {
      this.#dropped += 1;
      this.#untold += 1;
      return;
    }
    if (this.#untold > 0) this.#tellDropped();
    this.#pass(line, bytes);
  }

  /** Waits until what is written has arrived, at most this long. */
  async flush(graceMs: number): Promise<void> {
    const untilMs = performance.now() + graceMs;
    while (this.#waitingBytes > 0 && !this.#isGone && performance.now() < untilMs) {
      await new Promise((resolve) => setTimeout(resolve, FULL_MS));
    }
  }

  #tellDropped(): void {
    const line = `${JSON.stringify({ level: 40, time: Date.now(), msg: 'log lines were dropped', lines: this.#untold })}\n`;
    this.#untold = 0;
    this.#pass(line, Buffer.byteLength(line));
  }

  #pass(line: string, bytes: number): void {
    this.#waitingBytes += bytes;
    try {
      this.#destination.write(line, () => {
        this.#waitingBytes -= bytes;
      });
    } catch {
      this.#isGone = true;
      this.#dropped += 1;
    }
  }
}

/**
 * Standard error, as a stream that holds up nobody: `process.stderr` does not wait for the reader of a pipe, but for a terminal or a file it does. And a
 * write to a pipe by way of a descriptor would keep the process from ending as long as its reader does not read.
 */
export function stderrStream(): Writable {
  try {
    const kind = fstatSync(STDERR);
    return kind.isFIFO() || kind.isSocket() ? process.stderr : descriptorStream(STDERR);
  } catch {
    return new Writable({ write: (_chunk, _encoding, done) => done() }); // it is closed
  }
}

/** What has come together meanwhile is written at once. */
function descriptorStream(descriptor: number): Writable {
  return new Writable({
    write: (chunk: Buffer, _encoding, done) => writeAll(descriptor, chunk, 0, done),
    writev: (chunks, done) => writeAll(descriptor, Buffer.concat(chunks.map(({ chunk }) => chunk as Buffer)), 0, done),
  });
}

/** A full disk costs these lines, and not those after them. */
function writeAll(descriptor: number, bytes: Buffer, at: number, done: (error?: Error) => void): void {
  write(descriptor, bytes, at, (error, written) => {
    if (error?.code === 'EAGAIN') setTimeout(() => writeAll(descriptor, bytes, at, done), FULL_MS).unref();
    else if (error !== null) done(/^(?:EPIPE|EBADF|EIO)$/.test(error.code ?? '') ? error : undefined);
    else if (at + written < bytes.length) writeAll(descriptor, bytes, at + written, done);
    else done();
  });
}
