import { ApprovalBook } from './approvals/index.ts';
import type { TrailRecord, TrailState } from './audit/trail.ts';
import { RequestLedger } from './request-ledger.ts';
import { UsageLedger } from './usage.ts';

/** Everything that decisions depend on beside policy and request, folded from the trail. */
export class WardenState implements TrailState {
  readonly approvals = new ApprovalBook();
  readonly usage = new UsageLedger();
  readonly requests = new RequestLedger();
  /** Number of the last record that is known; 0: none yet. */
  seq = 0;
  readonly #listeners = new Set<(record: TrailRecord) => void>();

  /** Hears each record once it is in the file, of whichever process. A listener throws nothing. @returns undoes it. */
  onRecord(listener: (record: TrailRecord) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  reset(carried: unknown): void {
    const { approvals, usage, requests } = (carried ?? {}) as { readonly [part: string]: unknown };
    this.approvals.reset(approvals);
    this.usage.reset(usage);
    this.requests.reset(requests);
  }

  apply(record: TrailRecord): void {
    this.seq = record.seq;
    this.approvals.apply(record);
    this.usage.apply(record);
    this.requests.apply(record);
  }

  committed(records: readonly TrailRecord[]): void {
    for (const record of records) for (const listener of this.#listeners) listener(record);
  }

  carry(): unknown {
    return { approvals: this.approvals.carry(), usage: this.usage.carry(), requests: this.requests.carry() };
  }
}
