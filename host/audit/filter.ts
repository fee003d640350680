import type { SegmentRecord } from './chain.ts';
import type { TrailRecord } from './trail.ts';

/** Which records are wanted; all that is given must hold. */
export interface TrailFilter {
  /** Instants of writing, milliseconds since 1970; `until` is exclusive. */
  readonly since?: number;
  readonly until?: number;
  /** Records behind this one only: the `seq` of the last that was read. */
  readonly afterSeq?: number;
  readonly kind?: string;
  /** Of the request that the record belongs to, exactly. */
  readonly agent?: string;
  /** As `agent`; `tool` also takes all functions of it. */
  readonly tool?: string;
  /** How a call ended; `refused` and `pending` also for the decisions. */
  readonly outcome?: string;
  /** A code, or its area such as `denied`. */
  readonly code?: string;
  /** Beginnings of ids. */
  readonly audit?: string;
  readonly approval?: string;
  readonly shape?: string;
  /** Anywhere in names and texts of the record, whatever the case of letters. */
  readonly text?: string;
}

/** What a record can be found by. */
export interface RecordKeys {
  readonly seq: number;
  readonly at: number;
  readonly kind: string;
  readonly agent: string | undefined;
  readonly tool: string | undefined;
  readonly outcome: string | undefined;
  readonly code: string | undefined;
  readonly audit: string | undefined;
  readonly approval: string | undefined;
  readonly shape: string | undefined;
}

/** Who asked for what. */
export interface Asker {
  readonly agent: string;
  readonly tool: string;
}

/** Remembers who asked, since only the first record of a request says so. */
export interface Askers {
  byAudit(audit: string): Asker | undefined;
  byApproval(approval: string): Asker | undefined;
  remember(asker: Asker, ids: { readonly audit?: string; readonly approval?: string }): void;
}

/** In memory: some hundred bytes for each request that was seen. */
export class AskersInMemory implements Askers {
  private readonly audits = new Map<string, Asker>();
  private readonly approvals = new Map<string, Asker>();

  byAudit(audit: string): Asker | undefined {
    return this.audits.get(audit);
  }

  byApproval(approval: string): Asker | undefined {
    return this.approvals.get(approval);
  }

  remember(asker: Asker, { audit, approval }: { readonly audit?: string; readonly approval?: string }): void {
    if (audit !== undefined) this.audits.set(audit, asker);
    if (approval !== undefined) this.approvals.set(approval, asker);
  }
}

/** The fields of all kinds of records, as they may be there. */
type Loose = { readonly [Field in keyof RecordKeys]?: unknown } & { readonly effect?: unknown; readonly subject?: unknown };

/** @param askers - told of requests and approvals, asked for the rest. Records must come in order. */
export function keysOf(record: TrailRecord | SegmentRecord, askers: Askers): RecordKeys {
  const loose = record as Loose;
  const audit = textOf(loose.audit);
  const approval = textOf(loose.approval);
  const own = record.kind === 'requested' ? record : (loose.subject as Partial<Asker> | undefined);
  let asker: Partial<Asker> | undefined;
  if (typeof own?.agent === 'string' && typeof own.tool === 'string') {
    asker = { agent: own.agent, tool: own.tool };
    const ids = {
      ...(record.kind === 'requested' && audit !== undefined ? { audit } : {}),
      ...(record.kind !== 'approval' || approval === undefined ? {} : { approval }),
    };
    askers.remember(asker as Asker, ids);
  } else {
    asker =
      (audit === undefined ? undefined : askers.byAudit(audit)) ??
      (approval === undefined ? undefined : askers.byApproval(approval));
  }
  return {
    seq: record.seq,
    at: record.at,
    kind: record.kind,
    agent: asker?.agent,
    tool: asker?.tool,
    outcome: outcomeOf(loose),
    code: textOf(loose.code),
    audit,
    approval,
    shape: textOf(loose.shape),
  };
}

function outcomeOf({ kind, outcome, effect }: Loose): string | undefined {
  if (kind !== 'decided') return textOf(outcome);
  return effect === 'deny' ? 'refused' : effect === 'ask' ? 'pending' : undefined;
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** Whether a record is wanted, but for `text`. */
export function matchesKeys(keys: RecordKeys, filter: TrailFilter): boolean {
  if (keys.at < (filter.since ?? Number.NEGATIVE_INFINITY) || keys.at >= (filter.until ?? Number.POSITIVE_INFINITY)) return false;
  if (keys.seq <= (filter.afterSeq ?? 0)) return false;
  if (!isOneOf(keys.kind, filter.kind) || !isOneOf(keys.agent, filter.agent) || !isOneOf(keys.outcome, filter.outcome))
    return false;
  if (!isWithin(keys.tool, filter.tool, '.') || !isWithin(keys.code, filter.code, '/')) return false;
  return begins(keys.audit, filter.audit) && begins(keys.approval, filter.approval) && begins(keys.shape, filter.shape);
}

const isOneOf = (value: string | undefined, wanted: string | undefined): boolean => wanted === undefined || value === wanted;
const begins = (value: string | undefined, wanted: string | undefined): boolean =>
  wanted === undefined || value?.startsWith(wanted) === true;
const isWithin = (value: string | undefined, wanted: string | undefined, separator: string): boolean =>
  wanted === undefined || value === wanted || value?.startsWith(wanted + separator) === true;

/** Whether names and texts of a record have the text. @param wanted - in lower case. */
export function hasText(value: unknown, wanted: string): boolean {
  if (typeof value === 'string') return value.toLowerCase().includes(wanted);
  if (typeof value === 'number') return String(value).includes(wanted);
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(
    ([name, item]) => (!Array.isArray(value) && name.toLowerCase().includes(wanted)) || hasText(item, wanted),
  );
}
