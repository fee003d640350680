import type { PlainJson } from '../../runtime/index.ts';
import type { AlertEntry, DecidedEntry, RequestedEntry } from '../audit/entries.ts';

/** One alert, in the words of the trail: each text is the one that its record has, whole; secrets in parameters are keyed digests. */
export interface Alert {
  /** Id of the request in the trail. */
  readonly audit: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly rule: string;
  readonly severity: AlertEntry['severity'];
  readonly agent: string;
  readonly tool: string;
  /** Why the request was refused; absent where it was not. */
  readonly code?: string;
  /** The agent's words. */
  readonly justification?: string;
  /** The agent's words, too: what it says made it ask. */
  readonly source?: string;
  readonly parameters?: PlainJson;
  /** How many alerts this one stands for; 1 or more. */
  readonly occurrences: number;
}

/**
 * The alert that belongs to records of the trail: nothing in it is from anywhere else.
 *
 * @param raised - with the instant of its record.
 * @param decided - the decision on the same request, where there is one.
 */
export function alertFrom(
  raised: AlertEntry & { readonly at: number },
  requested: RequestedEntry,
  decided?: DecidedEntry,
): Alert {
  const { audit, at, rule, severity } = raised;
  const { agent, tool, justification, source, parameters } = requested;
  return {
    audit,
    at,
    rule,
    severity,
    agent,
    tool,
    ...(decided?.code === undefined ? {} : { code: decided.code }),
    ...(justification === undefined ? {} : { justification }),
    ...(source === undefined ? {} : { source }),
    ...(parameters === undefined ? {} : { parameters }),
    occurrences: 1,
  };
}
