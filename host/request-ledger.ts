import type { DecidedEntry, OutcomeEntry, RequestedEntry } from './audit/entries.ts';
import type { TrailRecord } from './audit/trail.ts';

/** A call that was allowed and has not ended. */
export interface OpenCall {
  readonly audit: string;
  readonly writer: string;
}

/** What is known of a request that came with a `request_id`. */
export interface KnownRequest {
  readonly audit: string;
  /** Over everything that the agent said; see `DecidedEntry.requestDigest`. */
  readonly digest: string;
  readonly at: number;
  /** Absent while it runs, or while a human is asked. Without result and answers, which the trail has. */
  readonly outcome?: OutcomeEntry;
  /** True between intent and outcome. */
  readonly isRunning: boolean;
}

/** How long a `request_id` is remembered. */
const REMEMBERED_MS = 24 * 3_600_000;
/** The most that are remembered, the newest: some 300 bytes each, which every segment of the trail carries over. */
const REMEMBERED_MAX = 20_000;

type Carried = {
  readonly open: readonly OpenCall[];
  readonly known: readonly (readonly [string, KnownRequest])[];
  readonly components: readonly (readonly [string, string])[];
};

/**
 * Folds from the trail which calls are open and which requests came before, so that none runs twice: not after a crash, not for an agent
 * that asks again.
 */
export class RequestLedger {
  readonly #open = new Map<string, OpenCall>();
  /** By agent and request id, the oldest first. */
  readonly #known = new Map<string, KnownRequest>();
  /** Keys of `#known` by audit id, while the request has not ended. */
  readonly #unended = new Map<string, string>();
  /** The request that is not decided yet: one record follows the other. */
  #requested: RequestedEntry | undefined;
  /** By tool, the digest of the component that last ran. */
  readonly #components = new Map<string, string>();

  reset(carried: unknown): void {
    for (const map of [this.#open, this.#known, this.#unended, this.#components]) map.clear();
    this.#requested = undefined;
    const { open = [], known = [], components = [] } = (carried ?? {}) as Partial<Carried>;
    for (const call of open) this.#open.set(call.audit, call);
    for (const [key, request] of known) {
      this.#known.set(key, request);
      if (request.outcome === undefined) this.#unended.set(request.audit, key);
    }
    for (const [tool, digest] of components) this.#components.set(tool, digest);
  }

  carry(): Carried {
    return { open: [...this.#open.values()], known: [...this.#known], components: [...this.#components] };
  }

  apply(record: TrailRecord): void {
    if (record.kind === 'requested') {
      this.#requested = record;
    } else if (record.kind === 'decided') {
      const requested = this.#requested;
      this.#requested = undefined;
      if (requested?.audit === record.audit) this.#decided(requested, record);
    } else if (record.kind === 'intent') {
      this.#components.set(record.tool, record.component);
    } else if (record.kind === 'outcome') {
      this.#open.delete(record.audit);
      const { seq: _seq, result: _result, hostAnswers: _answers, ...outcome } = record;
      this.#update(record.audit, { isRunning: false, outcome });
      this.#unended.delete(record.audit);
    }
  }

  #decided(
    { audit, writer, agent, requestId }: RequestedEntry,
    { effect, requestDigest, at }: DecidedEntry & { at: number },
  ): void {
    // Its intent follows in the same write; where a crash tore that, it is open all the same.
    if (effect === 'allow') this.#open.set(audit, { audit, writer });
    // A refused request may be asked again: perhaps the policy has changed.
    if (requestId === undefined || requestDigest === undefined || effect === 'deny' || effect === 'repeat') return;
    this.#remember(keyOf(agent, requestId), { audit, digest: requestDigest, at, isRunning: effect === 'allow' });
  }

  /** Calls that have begun and not ended. */
  openCalls(): readonly OpenCall[] {
    return [...this.#open.values()];
  }

  /** @param nowMs - instant; requests older than a day are forgotten. */
  known(agent: string, requestId: string, nowMs: number): KnownRequest | undefined {
    const found = this.#known.get(keyOf(agent, requestId));
    return found !== undefined && (found.outcome === undefined || found.at > nowMs - REMEMBERED_MS) ? found : undefined;
  }

  /** Digest of the component that a tool last ran; undefined before its first call. */
  lastComponent(tool: string): string | undefined {
    return this.#components.get(tool);
  }

  #remember(key: string, request: KnownRequest): void {
    this.#known.delete(key); // to the end
    this.#known.set(key, request);
    this.#unended.set(request.audit, key);
    for (const [oldest, { at, audit, isRunning }] of this.#known) {
      if (this.#known.size <= REMEMBERED_MAX && at > request.at - REMEMBERED_MS) break;
      if (isRunning) continue;
      this.#known.delete(oldest);
      this.#unended.delete(audit);
    }
  }

  #update(audit: string, change: Partial<KnownRequest>): void {
    const key = this.#unended.get(audit);
    const known = key === undefined ? undefined : this.#known.get(key);
    if (key !== undefined && known !== undefined && known.audit === audit) this.#known.set(key, { ...known, ...change });
  }
}

function keyOf(agent: string, requestId: string): string {
  return `${agent.length} ${agent}${requestId}`;
}
