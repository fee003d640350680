import { createInterface, type Interface } from 'node:readline/promises';
import type { Readable, Writable } from 'node:stream';
import type { Answer, ShapeWish } from './answer.ts';
import { SHAPE_MINUTES_MAX, SHAPE_USES_MAX } from './answer.ts';
import type { Asked } from './approval.ts';
import { isObject } from './digest.ts';
import { isShownWhole, renderApproval } from './render.ts';

/** What a person at the terminal chose. */
export type Choice = Pick<Answer, 'event'> & { readonly shape?: ShapeWish };

export interface PromptOptions {
  readonly input: Readable;
  readonly output: Writable;
  readonly nowMs: number;
  /** Ends the waiting, for example when the question expires. */
  readonly signal?: AbortSignal;
}

/** Times that a word is not understood before it counts as no answer. */
const ATTEMPTS_MAX = 3;
const MENU = 'Type `once` to approve this call, `shape` to approve calls like it for a while, `deny`, or `later`: ';
/** Nobody can mean to allow what was not shown. */
const MENU_IN_PART =
  'It is too long to be shown whole, so it cannot be approved here: `cellblock approvals show ID --json` has all of it. Type `deny` or `later`: ';

/**
 * Asks the person at the terminal of `cellblock request`: only where input and output both are terminals, and only where the policy's
 * demand names the channel `terminal`.
 *
 * @returns what was typed in full; undefined when nobody was asked or nobody answered: the question then goes on waiting.
 */
export async function promptApproval(asked: Asked, options: PromptOptions): Promise<Choice | undefined> {
  const { input, output, nowMs } = options;
  if (!isTerminal(input) || !isTerminal(output) || !asked.channels.includes('terminal')) return undefined;
  const width = (output as { columns?: number }).columns || 80;
  output.write(`${renderApproval(asked, nowMs, width).join('\n')}\n\n`);
  return withQuestions(options, (ask) => choose(asked, ask));
}

/**
 * Asks for a typed `yes`, as `cellblock approvals approve` does.
 *
 * @returns true for exactly `yes`; everything else, and the end of the input, is no.
 */
export async function confirmYes(question: string, options: Omit<PromptOptions, 'nowMs'>): Promise<boolean> {
  return (await withQuestions(options, (ask) => ask(question))) === 'yes';
}

/** True for a stream that a person sits at. */
export function isTerminal(stream: Readable | Writable): boolean {
  return (stream as { isTTY?: boolean }).isTTY === true;
}

type Ask = (question: string) => Promise<string | undefined>;

/** Runs questions over one reader of lines. The end of the input, Ctrl-C and the signal answer all that are left with undefined. */
async function withQuestions<T>(
  { input, output, signal }: Omit<PromptOptions, 'nowMs'>,
  questions: (ask: Ask) => Promise<T>,
): Promise<T> {
  const reader: Interface = createInterface({ input, output, terminal: isTerminal(input) });
  const over = new AbortController();
  reader.once('close', () => over.abort());
  const either = signal === undefined ? over.signal : AbortSignal.any([over.signal, signal]);
  try {
    return await questions(async (question) => {
      if (either.aborted) return undefined;
      const line = await reader.question(question, { signal: either }).catch(() => undefined);
      return line?.trim();
    });
  } finally {
    reader.close();
  }
}

async function choose(asked: Asked, ask: Ask): Promise<Choice | undefined> {
  const isWhole = isShownWhole(asked);
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const word = (await ask(isWhole ? MENU : MENU_IN_PART))?.toLowerCase();
    if (!isWhole && (word === 'once' || word === 'shape')) continue;
    switch (word) {
      case undefined:
      case 'later':
        return undefined;
      case 'once':
        return { event: 'approved' };
      case 'deny':
        return { event: 'denied' };
      case 'shape': {
        const shape = await askShape(asked, ask);
        return shape === undefined ? undefined : { event: 'approved', shape };
      }
    }
  }
  return undefined;
}

async function askShape({ parameters }: Asked, ask: Ask): Promise<ShapeWish | undefined> {
  const names = isObject(parameters) ? Object.keys(parameters) : [];
  const free = await askValid(ask, 'Parameters that may differ, separated by spaces (empty: none): ', (text) => {
    const words = text.split(/[\s,]+/).filter((word) => word !== '');
    return words.every((word) => names.includes(word)) ? [...new Set(words)] : undefined;
  });
  if (free === undefined) return undefined;
  const minutes = await askValid(ask, `For how many minutes (1 to ${SHAPE_MINUTES_MAX}): `, countUpTo(SHAPE_MINUTES_MAX));
  if (minutes === undefined) return undefined;
  const usesMax = await askValid(ask, `For how many further calls (1 to ${SHAPE_USES_MAX}): `, countUpTo(SHAPE_USES_MAX));
  return usesMax === undefined ? undefined : { free, minutes, usesMax };
}

async function askValid<T>(ask: Ask, question: string, read: (text: string) => T | undefined): Promise<T | undefined> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const text = await ask(question);
    if (text === undefined) return undefined;
    const value = read(text);
    if (value !== undefined) return value;
  }
  return undefined;
}

function countUpTo(max: number): (text: string) => number | undefined {
  return (text) => {
    const count = /^[0-9]{1,6}$/.test(text) ? Number(text) : 0;
    return count >= 1 && count <= max ? count : undefined;
  };
}
