import { ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';
import type { DoorOptions, ToolCall } from '../serving/index.ts';

/** What a call says of itself beside its arguments, in `_meta`. */
export interface CallWords {
  readonly words: Pick<ToolCall, 'justification' | 'source' | 'requestId' | 'session' | 'deadlineMs'>;
  /** Trace context of whoever calls, as it came; absent where it has none. */
  readonly trace?: NonNullable<DoorOptions['trace']>;
}

const TEXTS = {
  justification: 'cellblock/justification',
  source: 'cellblock/source',
  requestId: 'cellblock/request-id',
  session: 'cellblock/session',
} as const;
const DEADLINE = 'cellblock/deadline';

// As a request has it: Date.parse takes a time without a zone as local time, which is nobody's here.
const INSTANT = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:[Zz]|[+-]\d{2}:\d{2})$/;

/**
 * @param meta - `_meta` of a `tools/call`. What it does not say is left out; keys of others are let be.
 * @throws ProtocolError invalid params, for what is there and is not what it should be.
 */
export function callWords(meta: { readonly [key: string]: unknown } | undefined): CallWords {
  const words: { -readonly [K in keyof CallWords['words']]: CallWords['words'][K] } = {};
  for (const [word, key] of Object.entries(TEXTS)) {
    const text = meta?.[key];
    if (text === undefined) continue;
    if (typeof text !== 'string') throw invalidMeta(key, 'text');
    words[word as keyof typeof TEXTS] = text; // Object.entries gives back the keys of TEXTS as strings
  }
  const deadline = meta?.[DEADLINE];
  if (deadline !== undefined) words.deadlineMs = deadlineOf(deadline);
  const trace = traceOf(meta?.traceparent, meta?.tracestate);
  return { words, ...(trace === undefined ? {} : { trace }) };
}

function deadlineOf(deadline: unknown): number {
  const ms = typeof deadline === 'string' && INSTANT.test(deadline) ? Date.parse(deadline) : deadline;
  if (typeof ms === 'number' && Number.isSafeInteger(ms) && ms >= 0) return ms;
  throw invalidMeta(DEADLINE, 'milliseconds since 1970, or an instant such as `2026-01-31T12:00:00Z`');
}

/** What is text and no trace context is not refused: a call does not fail because somebody traces it badly. Whoever traces looks at it. */
function traceOf(traceparent: unknown, tracestate: unknown): CallWords['trace'] {
  if (traceparent === undefined) return undefined; // a tracestate alone says nothing
  if (typeof traceparent !== 'string') throw invalidMeta('traceparent', 'text');
  if (tracestate === undefined) return { traceparent };
  if (typeof tracestate !== 'string') throw invalidMeta('tracestate', 'text');
  return { traceparent, tracestate };
}

function invalidMeta(key: string, what: string): ProtocolError {
  return new ProtocolError(ProtocolErrorCode.InvalidParams, `\`${key}\` in \`_meta\` is not ${what}`, { key });
}
