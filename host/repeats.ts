import { CodedError } from '../runtime/index.ts';
import type { OutcomeEntry } from './audit/entries.ts';
import type { AuditDesk } from './audit-desk.ts';
import type { Filing } from './filing.ts';
import { type Outcome, recordedOutcome } from './receipt.ts';
import { RecentOutcomes } from './recent-outcomes.ts';
import type { KnownRequest } from './request-ledger.ts';

/** Milliseconds after which somebody may ask again for a request that runs elsewhere. */
const RETRY_MS = 200;

/** Answers requests that came before, with the same `request_id`, from what is known of them. Nothing of it runs again. */
export class Repeats {
  readonly #recent = new RecentOutcomes();
  readonly #audit: AuditDesk;
  readonly #keepsResults: boolean;

  /** @param keepsResults - true where the trail keeps results. */
  constructor(audit: AuditDesk, keepsResults: boolean) {
    this.#audit = audit;
    this.#keepsResults = keepsResults;
  }

  /** Remembers a call of this process for as long as it runs, and a while longer. */
  keep(audit: string, outcome: Promise<Outcome>): void {
    this.#recent.keep(audit, outcome);
  }

  /**
   * @returns the outcome of the first one, with its receipt.
   * @throws CodedError `busy/overloaded` while it runs in another process, `failed/result-not-kept`, `cancelled/by-caller`.
   */
  async answer(filing: Filing, { audit, outcome }: KnownRequest): Promise<Outcome> {
    const known = this.#recent.of(audit);
    if (known !== undefined) return filing.orCancelled(known);
    filing.context.audit = audit;
    if (outcome === undefined) {
      throw new CodedError('busy/overloaded', 'the request with this `request_id` runs in another process', {
        data: { audit, retryAfterMs: RETRY_MS },
        help: `ask again after ${RETRY_MS} ms`,
      });
    }
    const recorded = await this.#whole(outcome);
    if (recorded.resultDigest !== undefined && recorded.result === undefined) {
      throw new CodedError('failed/result-not-kept', 'the request with this `request_id` was run, and its result is not kept', {
        data: { audit, outcome: outcome.outcome, resultDigest: outcome.resultDigest },
        help: 'set `trail: { results: keep }` in the policy to have results answered again after a restart',
      });
    }
    return recordedOutcome(recorded, filing.context);
  }

  /** What the state knows of an outcome is without its result and what capabilities did, which only the trail has. */
  async #whole(outcome: OutcomeEntry): Promise<OutcomeEntry> {
    if (outcome.resultDigest !== undefined && !this.#keepsResults) return outcome; // cannot be answered anyhow
    for await (const record of this.#audit.query({ audit: outcome.audit, kind: 'outcome' })) {
      if (record.kind === 'outcome') return record;
    }
    return outcome;
  }
}
