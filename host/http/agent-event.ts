import type { ReadRecord, TrailRecord } from '../audit/index.ts';
import { agentCode } from '../serving/index.ts';

/** A record of the trail as the agent may see it whose request it is about: what happened, and no word of rules, grants or people. */
export interface AgentEvent {
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly kind: 'requested' | 'decided' | 'approval' | 'intent' | 'outcome';
  readonly audit?: string;
  readonly approval?: string;
  readonly tool?: string;
  readonly requestId?: string;
  readonly session?: string;
  readonly effect?: string;
  readonly event?: string;
  readonly expiresAt?: number;
  readonly reason?: string;
  readonly outcome?: string;
  readonly code?: string;
  readonly fuel?: string;
  readonly wallMs?: number;
}

/** @returns undefined for records that are not about a request, and for those that are for operators only. Pure. */
export function agentEvent(record: TrailRecord | ReadRecord): AgentEvent | undefined {
  const { seq, at } = record;
  switch (record.kind) {
    case 'requested': {
      const { kind, audit, tool, requestId, session } = record;
      return { seq, at, kind, audit, tool, ...given({ requestId, session }) };
    }
    case 'decided': {
      const { kind, audit, effect, approval, code } = record;
      return { seq, at, kind, audit, effect, ...given({ approval, code: code === undefined ? undefined : agentCode(code) }) };
    }
    case 'approval':
      return { seq, at, ...approvalPart(record) };
    case 'intent':
      return { seq, at, kind: record.kind, audit: record.audit };
    case 'outcome': {
      const { kind, audit, outcome, code, fuel, wallMs } = record;
      return { seq, at, kind, audit, outcome, ...given({ code }), fuel, wallMs };
    }
    default:
      return undefined;
  }
}

function approvalPart(record: Extract<TrailRecord, { kind: 'approval' }>): Omit<AgentEvent, 'seq' | 'at'> {
  const { kind, approval, event } = record;
  if (record.event === 'asked') {
    return { kind, approval, event, audit: record.audit, tool: record.subject.tool, expiresAt: record.expiresAt };
  }
  const reason = record.event === 'denied' || record.event === 'revoked' ? record.reason : undefined;
  return { kind, approval, event, ...given({ reason }) };
}

type Given<T> = { readonly [Name in keyof T]?: Exclude<T[Name], undefined> };

function given<T extends { readonly [name: string]: unknown }>(values: T): Given<T> {
  // What is left are exactly the members that have a value.
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Given<T>;
}
