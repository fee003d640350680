import type { LogLine } from '../outcome.ts';

/** Bytes of log lines kept per call, messages and levels together. */
const LOG_BYTES_MAX = 64 * 1024;
/** What a line costs beside its text, so that empty lines are not free. */
const LOG_LINE_BYTES = 32;

/** The log lines of one call: a capped beginning, and how many did not fit. */
export class CallLog {
  readonly lines: LogLine[] = [];
  dropped = 0;
  #bytes = 0;

  keep(line: LogLine): void {
    this.#bytes += LOG_LINE_BYTES + Buffer.byteLength(line.level) + Buffer.byteLength(line.message);
    if (this.#bytes <= LOG_BYTES_MAX) this.lines.push(line);
    else this.dropped += 1;
  }
}
