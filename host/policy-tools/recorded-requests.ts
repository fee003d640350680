import type { PlainJson } from '../../runtime/index.ts';
import type { DecidedEntry, RequestedEntry } from '../audit/entries.ts';
import { readRecords } from '../audit/query.ts';

/** A request as the trail has it, and what was decided. Secrets in it are digests. */
export interface RecordedRequest {
  readonly audit: string;
  readonly agent: string;
  readonly tool: string;
  /** In the JSON of their types; absent where they were not kept, or never had types. */
  readonly parameters?: PlainJson;
  readonly justification?: string;
  readonly source?: string;
  readonly session?: string;
  /** Instant of the decision, milliseconds since 1970. */
  readonly at: number;
  readonly recorded: { readonly effect: DecidedEntry['effect']; readonly code?: string; readonly policy: string };
}

/**
 * The requests of a trail, in the order in which they were decided.
 *
 * @param sinceMs - leaves out what was filed before.
 * @throws CodedError `audit/unreadable`, `audit/broken-chain`.
 */
export function readRequests(folder: string, sinceMs?: number): AsyncGenerator<RecordedRequest, void, void> {
  // `AnyRecord` has what is looked at here of every kind of record.
  return pairRequests(readRecords(folder, sinceMs === undefined ? {} : { since: sinceMs }) as AsyncIterable<AnyRecord>);
}

/** Records of a trail, of which requests and decisions are looked at. */
export type AnyRecord = ((RequestedEntry | DecidedEntry) & { readonly at: number }) | { readonly kind: 'other' };

/** Requests whose decision has not come: a writer that died left some. The oldest is forgotten. */
const WAITING_MAX = 10_000;

/** Brings requests and their first decision together. */
export async function* pairRequests(records: AsyncIterable<AnyRecord>): AsyncGenerator<RecordedRequest, void, void> {
  const waiting = new Map<string, RequestedEntry>();
  for await (const record of records) {
    if (record.kind === 'requested') {
      waiting.set(record.audit, record);
      if (waiting.size > WAITING_MAX) waiting.delete(waiting.keys().next().value!);
    } else if (record.kind === 'decided') {
      const request = waiting.get(record.audit);
      waiting.delete(record.audit);
      if (request !== undefined) yield paired(request, record, record.at);
    }
  }
}

function paired(request: RequestedEntry, { effect, code, policy }: DecidedEntry, at: number): RecordedRequest {
  const { audit, agent, tool, parameters, justification, source, session } = request;
  return {
    audit,
    agent,
    tool,
    ...(parameters === undefined ? {} : { parameters }),
    ...(justification === undefined ? {} : { justification }),
    ...(source === undefined ? {} : { source }),
    ...(session === undefined ? {} : { session }),
    at,
    recorded: { effect, ...(code === undefined ? {} : { code }), policy },
  };
}
