import { write } from 'node:fs';
import { quotedText, type Sink, visibleText } from '../outbound/index.ts';
import { quote } from '../policy/quote.ts';
import type { Parcel } from './parcel.ts';

/** Characters shown of the agent's justification and source, each. */
const WORDS_CHARS_MAX = 400;
const STDERR = 2;

/** Writes one visible line for each alert. */
export class StderrSink implements Sink<Parcel> {
  readonly #write: (line: string) => void | Promise<void>;

  /** @param write - gets a line with its line break. */
  constructor(write: (line: string) => void | Promise<void>) {
    this.#write = write;
  }

  async deliver(parcel: Parcel): Promise<{ readonly done: true }> {
    await this.#write(`${stderrLine(parcel)}\n`);
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
export async function writeStderr(line: string): Promise<void> {
  const bytes = Buffer.from(line);
  for (let at = 0; at < bytes.length; ) {
    at += await new Promise<number>((resolve, reject) => {
      write(STDERR, bytes, at, (error, written) => (error === null ? resolve(written) : reject(error)));
    });
  }
}
