import { kindOf, type OutcomeKind } from '../../runtime/index.ts';
import type { ApprovalEntry, OutcomeEntry, TrailRecord } from '../audit/index.ts';
import type { LiveWarden } from '../serving/index.ts';

/** How a request of this process ended, as the trail has it. */
export interface EndedRequest {
  readonly audit: string;
  /** As they came: they may be anything. */
  readonly agent: string;
  readonly tool: string;
  /** `repeat`: it was answered by what an earlier request of the same id did. */
  readonly outcome: OutcomeKind | 'repeat';
  readonly code?: string;
  /** Rules that refused, as `path (file:line)`; of the policy, so nothing of the request. */
  readonly rules?: readonly string[];
  readonly approval?: string;
  /** There for a call that ran. */
  readonly ran?: Pick<OutcomeEntry, 'fuel' | 'wallMs' | 'memoryBytesPeak' | 'hostCalls'>;
}

/** What is made of the trail's records; each part may throw, and only itself is hurt. */
export interface FeedListener {
  ended?(request: EndedRequest): void;
  /** Of any process: a question may be asked by one, answered through another and used by a third. */
  approval?(entry: ApprovalEntry): void;
  /** For a request of this process. */
  alert?(severity: 'info' | 'warning' | 'critical'): void;
  reloaded?(): void;
}

/** Requests that have no end yet; the oldest beyond is forgotten. The warden admits fewer. */
const OPEN_MAX = 10_000;
/** Writers of this process: one for each policy that was in force, and calls of old ones end within a minute. */
const WRITERS_MAX = 64;

interface Open {
  readonly agent: string;
  readonly tool: string;
  approval?: string;
}

/**
 * Folds the records of a live warden into ends of requests, so that figures and log say what the trail says: of all requests of this process, by
 * whichever way they came, and of no other process that writes the same trail. What began before it was opened is not told.
 */
export class TrailFeed {
  readonly #live: LiveWarden;
  readonly #listeners: readonly FeedListener[];
  readonly #open = new Map<string, Open>();
  readonly #writers = new Set<string>();
  /** The wardens before and after a reload both hear of the records between. */
  #seq = 0;
  #folder: string;
  /** Alerts stand right behind what they are about. */
  #requested: string | undefined;
  readonly #onRecord = (record: TrailRecord): void => this.#hear(record);
  readonly #onReloaded = (): void => this.#reload();

  constructor(live: LiveWarden, listeners: readonly FeedListener[]) {
    this.#live = live;
    this.#listeners = listeners;
    this.#folder = live.current.policy.trail.folder;
    this.#writers.add(live.current.vitals.writer);
    live.events.on('record', this.#onRecord);
    live.events.on('reloaded', this.#onReloaded);
  }

  close(): void {
    this.#live.events.off('record', this.#onRecord);
    this.#live.events.off('reloaded', this.#onReloaded);
    this.#open.clear();
  }

  #reload(): void {
    const { policy, vitals } = this.#live.current;
    this.#writers.add(vitals.writer);
    if (this.#writers.size > WRITERS_MAX) forgetFirst(this.#writers);
    if (policy.trail.folder !== this.#folder) {
      this.#folder = policy.trail.folder;
      this.#seq = 0;
      this.#open.clear(); // how these end is written where nobody listens any more
    }
    this.#tell((listener) => listener.reloaded?.());
  }

  #hear(record: TrailRecord): void {
    if (record.seq <= this.#seq) return;
    this.#seq = record.seq;
    if (record.kind === 'requested') this.#requestedBy(record);
    else if (record.kind === 'decided') this.#decided(record);
    else if (record.kind === 'outcome') this.#outcome(record);
    else if (record.kind === 'approval') this.#tell((listener) => listener.approval?.(record));
    else if (record.kind === 'alert' && record.audit === this.#requested) {
      this.#tell((listener) => listener.alert?.(record.severity));
    }
  }

  #requestedBy({ audit, writer, agent, tool }: Extract<TrailRecord, { kind: 'requested' }>): void {
    const isOwn = this.#writers.has(writer);
    this.#requested = isOwn ? audit : undefined;
    if (!isOwn) return;
    if (this.#open.size >= OPEN_MAX) forgetFirst(this.#open);
    this.#open.set(audit, { agent, tool });
  }

  #decided({ audit, effect, code, rules, approval }: Extract<TrailRecord, { kind: 'decided' }>): void {
    const open = this.#open.get(audit);
    if (open === undefined) return;
    if (approval !== undefined) open.approval = approval;
    if (effect === 'allow') return; // its outcome comes
    if (effect === 'deny') this.#end(audit, { outcome: refusalKind(code), ...(code === undefined ? {} : { code }), rules });
    else this.#end(audit, { outcome: effect === 'ask' ? 'pending' : 'repeat' });
  }

  #outcome({ audit, outcome, code, ...entry }: Extract<TrailRecord, { kind: 'outcome' }>): void {
    const { fuel, wallMs, memoryBytesPeak, hostCalls } = entry;
    const ran = { fuel, wallMs, memoryBytesPeak, hostCalls };
    this.#end(audit, { outcome, ...(code === undefined ? {} : { code }), ran });
  }

  #end(audit: string, end: Pick<EndedRequest, 'outcome' | 'code' | 'rules' | 'ran'>): void {
    const open = this.#open.get(audit);
    if (open === undefined || !this.#open.delete(audit)) return;
    this.#tell((listener) => listener.ended?.({ audit, ...open, ...end }));
  }

  #tell(one: (listener: FeedListener) => void): void {
    for (const listener of this.#listeners) {
      try {
        one(listener);
      } catch {
        // A log or an exporter that is broken is nobody's call's business.
      }
    }
  }
}

/** A request that never ran may also have been cancelled, or have come when too many waited. */
function refusalKind(code: string | undefined): OutcomeKind {
  const kind = code === undefined ? 'refused' : kindOf(code);
  return kind === 'usage' ? 'failed' : kind; // as the outcome itself says it
}

function forgetFirst(held: { keys(): Iterator<string, undefined>; delete(key: string): boolean }): void {
  const first = held.keys().next();
  if (first.done !== true) held.delete(first.value);
}
