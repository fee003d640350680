import type { ReadRecord, TrailRecord } from '../audit/index.ts';

/** One request as a line of a table: folded from its records. */
export interface RequestRow {
  readonly audit: string;
  /** Instant at which it was filed, milliseconds since 1970. */
  readonly at: number;
  readonly agent: string;
  readonly tool: string;
  readonly effect?: 'allow' | 'ask' | 'deny' | 'repeat';
  readonly rules: readonly string[];
  readonly approval?: string;
  /** What became of the question that it waits for. */
  readonly answer?: 'approved' | 'denied' | 'revoked' | 'expired' | 'used';
  readonly outcome?: string;
  readonly code?: string;
  readonly fuel?: string;
  readonly wallMs?: number;
}

/** The newest requests, at most `rowsMax`: older ones are forgotten. */
export class RequestRows {
  readonly #rows = new Map<string, RequestRow>();
  /** Requests by the question that they wait for: the same call filed again waits for the same one. */
  readonly #asking = new Map<string, Set<string>>();
  readonly #rowsMax: number;

  constructor(rowsMax: number) {
    this.#rowsMax = rowsMax;
  }

  /** The same record twice changes nothing. */
  apply(entry: TrailRecord | ReadRecord): void {
    if (entry.kind === 'requested') this.#add(entry);
    else if (entry.kind === 'decided') {
      const { effect, rules, approval, code } = entry;
      if (effect === 'ask' && approval !== undefined) this.#wait(entry.audit, approval);
      this.#change(entry.audit, {
        effect,
        rules,
        ...(approval === undefined ? {} : { approval }),
        ...(code === undefined ? {} : { code }),
      });
    } else if (entry.kind === 'outcome') {
      const { outcome, code, fuel, wallMs } = entry;
      this.#change(entry.audit, { outcome, fuel, wallMs, ...(code === undefined ? {} : { code }) });
    } else if (entry.kind === 'approval') {
      if (entry.event === 'asked') this.#wait(entry.audit, entry.approval);
      else for (const audit of this.#asking.get(entry.approval) ?? []) this.#change(audit, { answer: entry.event });
    }
  }

  /** Newest first. */
  newest(): readonly RequestRow[] {
    return [...this.#rows.values()].reverse();
  }

  #add({ audit, at, agent, tool }: Extract<TrailRecord, { kind: 'requested' }>): void {
    if (this.#rows.has(audit)) return;
    this.#rows.set(audit, { audit, at, agent, tool, rules: [] });
    if (this.#rows.size <= this.#rowsMax) return;
    const [oldest = ''] = this.#rows.keys();
    // A call that runs may have asked more than once.
    for (const [approval, audits] of this.#asking) if (audits.delete(oldest) && audits.size === 0) this.#asking.delete(approval);
    this.#rows.delete(oldest);
  }

  #wait(audit: string, approval: string): void {
    if (!this.#rows.has(audit)) return;
    const audits = this.#asking.get(approval);
    if (audits === undefined) this.#asking.set(approval, new Set([audit]));
    else audits.add(audit);
  }

  #change(audit: string, change: Partial<RequestRow>): void {
    const row = this.#rows.get(audit);
    if (row !== undefined) this.#rows.set(audit, { ...row, ...change });
  }
}
