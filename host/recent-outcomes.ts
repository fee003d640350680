import type { Outcome } from './receipt.ts';

/** Outcomes kept after their calls have ended: for callers that ask twice, as networks do. */
const KEPT_MAX = 256;

/** Outcomes of this process by audit id: of all calls that run, and of the last that ended. */
export class RecentOutcomes {
  readonly #running = new Map<string, Promise<Outcome>>();
  readonly #ended = new Map<string, Promise<Outcome>>();

  keep(audit: string, outcome: Promise<Outcome>): void {
    this.#running.set(audit, outcome);
    const end = (): void => {
      this.#running.delete(audit);
      this.#ended.set(audit, outcome);
      if (this.#ended.size <= KEPT_MAX) return;
      const [oldest] = this.#ended.keys();
      if (oldest !== undefined) this.#ended.delete(oldest);
    };
    outcome.then(end, end);
  }

  of(audit: string): Promise<Outcome> | undefined {
    return this.#running.get(audit) ?? this.#ended.get(audit);
  }
}
