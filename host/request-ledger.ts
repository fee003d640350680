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

/**
 * The most requests that are remembered, some 300 bytes each, which every segment of the trail carries over. Beyond it the agent that has most of them
 * forgets its oldest: no agent can make another one's be forgotten. No clock does, since a clock may be wrong.
 */
const REMEMBERED_MAX = 20_000;

type Carried = {
  readonly open: readonly OpenCall[];
  /** By agent, the oldest first. */
  readonly known: readonly (readonly [agent: string, requests: readonly (readonly [requestId: string, KnownRequest])[]])[];
  readonly components: readonly (readonly [string, string])[];
};

/**
 * Folds from the trail which calls are open and which requests came before, so that none runs twice: not after a crash, not for an agent
 * that asks again.
 */
export class RequestLedger {
  readonly #open = new Map<string, OpenCall>();
  /** By agent and by request id, the oldest first. */
  readonly #known = new Map<string, Map<string, KnownRequest>>();
  #count = 0;
  /** Where in `#known` a request is that has not ended, by audit id. */
  readonly #unended = new Map<string, { readonly agent: string; readonly requestId: string }>();
  /** The request that is not decided yet: one record follows the other. */
  #requested: RequestedEntry | undefined;
  /** By tool, the digest of the component that last ran. */
  readonly #components = new Map<string, string>();

  reset(carried: unknown): void {
    for (const map of [this.#open, this.#known, this.#unended, this.#components]) map.clear();
    this.#requested = undefined;
    const { open = [], known = [], components = [] } = (carried ?? {}) as Partial<Carried>;
    for (const call of open) this.#open.set(call.audit, call);
    this.#count = 0;
    for (const [agent, requests] of known) {
      this.#known.set(agent, new Map(requests));
      this.#count += requests.length;
      for (const [requestId, { audit, outcome }] of requests)
        if (outcome === undefined) this.#unended.set(audit, { agent, requestId });
    }
    for (const [tool, digest] of components) this.#components.set(tool, digest);
  }

  carry(): Carried {
    const known = [...this.#known].map(([agent, requests]) => [agent, [...requests]] as const);
    return { open: [...this.#open.values()], known, components: [...this.#components] };
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
      // What may be large stays in the trail: all of this is in memory, and at the head of each segment.
      const { seq: _seq, result: _result, hostAnswers: _answers, uses: _uses, usesDropped: _dropped, ...outcome } = record;
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
    this.#remember(agent, requestId, { audit, digest: requestDigest, at, isRunning: effect === 'allow' });
  }

  /** Calls that have begun and not ended. */
  openCalls(): readonly OpenCall[] {
    return [...this.#open.values()];
  }

  known(agent: string, requestId: string): KnownRequest | undefined {
    return this.#known.get(agent)?.get(requestId);
  }

  /** Digest of the component that a tool last ran; undefined before its first call. */
  lastComponent(tool: string): string | undefined {
    return this.#components.get(tool);
  }

  #remember(agent: string, requestId: string, request: KnownRequest): void {
    let own = this.#known.get(agent);
    if (own === undefined) {
      own = new Map();
      this.#known.set(agent, own);
    }
    const before = own.get(requestId);
    if (before !== undefined) this.#unended.delete(before.audit);
    else this.#count += 1;
    own.delete(requestId); // to the end
    own.set(requestId, request);
    this.#unended.set(request.audit, { agent, requestId });
    if (this.#count > REMEMBERED_MAX) this.#forgetOne();
  }

  /** The oldest that does not run, of the agent that has most. */
  #forgetOne(): void {
    let most: Map<string, KnownRequest> = new Map();
    for (const own of this.#known.values()) if (own.size > most.size) most = own;
    for (const [requestId, { audit, isRunning }] of most) {
      if (isRunning) continue;
      most.delete(requestId);
      this.#unended.delete(audit);
      this.#count -= 1;
      return;
    }
  }

  #update(audit: string, change: Partial<KnownRequest>): void {
    const place = this.#unended.get(audit);
    const own = place && this.#known.get(place.agent);
    const known = place && own?.get(place.requestId);
    if (place !== undefined && known?.audit === audit) own?.set(place.requestId, { ...known, ...change });
  }
}
