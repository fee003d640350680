import type { Outcome } from './receipt.ts';

/** Outcomes kept after their calls have ended: for callers that ask twice, as networks do. */
const KEPT_MAX = 256;

/** Outcomes of this process by audit id, of calls that run and of the last that ended. */
export class RecentOutcomes {
  readonly #outcomes = new Map<string, Promise<Outcome>>();

  keep(audit: string, outcome: Promise<Outcome>): void {
    this.#outcomes.set(audit, outcome);
    if (this.#outcomes.size <= KEPT_MAX) return;
    const [oldest] = this.#outcomes.keys();
    if (oldest !== undefined) this.#outcomes.delete(oldest);
  }

  of(audit: string): Promise<Outcome> | undefined {
    return this.#outcomes.get(audit);
  }
}
