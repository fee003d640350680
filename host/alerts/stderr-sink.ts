import { write } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { quotedText, type Sink, visibleText } from '../outbound/index.ts';
import { quote } from '../policy/quote.ts';
import type { Parcel } from './parcel.ts';

/** Characters shown of the agent's justification and source, each. */
const WORDS_CHARS_MAX = 400;
const STDERR = 2;
/** Between two looks at a pipe that is full. */
const FULL_MS = 10;

/** Writes a line; gives up when the signal aborts. */
export type WriteLine = (line: string, signal?: AbortSignal) => void | Promise<void>;

/** Writes one visible line for each alert. */
export class StderrSink implements Sink<Parcel> {
  readonly #write: WriteLine;

  /** @param write - gets a line with its line break. */
  constructor(write: WriteLine) {
    this.#write = write;
  }

  async deliver(parcel: Parcel, signal?: AbortSignal): Promise<{ readonly done: true }> {
    await this.#write(`${stderrLine(parcel)}\n`, signal);
    return { done: true };
  }
}

/**
 * An alert as one line without its line break, some 2,000 characters at most. What the agent said is between quotes that it cannot end, and
 * named as the agent's. Parameters are left out: the trail has them.
 */
export function stderrLine(parcel: Parcel): string {
  if (parcel.kind === 'notice') return `alert: notice: ${visibleText(parcel.message, WORDS_CHARS_MAX)}`;
  const { severity, rule, agent, tool, code, audit, occurrences, justification, source } = parcel.alert;
  const times = occurrences === 1 ? '' : ` (${occurrences} times)`;
  return [
    `alert: ${severity}: rule ${quote(rule)}${times}: agent ${quote(agent)}, tool ${quote(tool)}`,
    ...(code === undefined ? [] : [quote(code)]),
    `audit ${quote(audit)}`,
    ...(justification === undefined ? [] : [`justification in the agent's words: ${quotedText(justification, WORDS_CHARS_MAX)}`]),
    ...(source === undefined ? [] : [`source in the agent's words: ${quotedText(source, WORDS_CHARS_MAX)}`]),
  ].join(', ');
}

/**
 * Writes to this process's standard error without the event loop waiting for a reader that does not read: `process.stderr` would, where it
 * is a pipe or a terminal.
 */
export async function writeStderr(line: string, signal?: AbortSignal): Promise<void> {
  const bytes = Buffer.from(line);
  for (let at = 0; at < bytes.length && signal?.aborted !== true; ) {
    const written = await writeSome(bytes, at);
    at += written;
    if (written === 0) await setTimeout(FULL_MS, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
  }
}

/** @returns how many bytes were taken; none where the pipe is full, which a descriptor that does not block says by an error. */
function writeSome(bytes: Buffer, at: number): Promise<number> {
  return new Promise((resolve, reject) => {
    write(STDERR, bytes, at, (error, written) => {
      if (error === null) resolve(written);
      else if (error.code === 'EAGAIN') resolve(0);
      else reject(error);
    });
  });
}
