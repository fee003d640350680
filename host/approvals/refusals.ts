/** A no to one call, or a yes to it that was taken back. Plain JSON data. */
export interface Refusal {
  readonly approval: string;
  /** Digest of the call. */
  readonly digest: string;
  readonly agent: string;
  readonly status: 'denied' | 'revoked';
  /** Instant at which the approval would have ended by itself: until then nobody is asked about this call again. */
  readonly until: number;
}

/** How many are kept at most; the oldest goes first, and its call may then be asked about again. */
export const REFUSALS_MAX = 500;

/**
 * Calls that humans said no to, so that an agent cannot ask until somebody is tired of saying it. Kept apart from the ended approvals, which are
 * forgotten after a day and give way to newer ones of any kind.
 */
export class Refusals {
  readonly #byDigest = new Map<string, Refusal>();

  /** @param nowMs - those that are over by then are dropped. */
  add(refusal: Refusal, nowMs: number): void {
    for (const { digest, until } of this.#byDigest.values()) if (until <= nowMs) this.#byDigest.delete(digest);
    this.#byDigest.delete(refusal.digest); // to the end
    this.#byDigest.set(refusal.digest, refusal);
    for (const oldest of this.#byDigest.keys()) {
      if (this.#byDigest.size <= REFUSALS_MAX) break;
      this.#byDigest.delete(oldest);
    }
  }

  /** The one that holds for a call of an agent. */
  of(digest: string, agent: string, nowMs: number): Refusal | undefined {
    const refusal = this.#byDigest.get(digest);
    return refusal?.agent === agent && nowMs < refusal.until ? refusal : undefined;
  }

  /** Those that hold, the oldest first. */
  items(nowMs: number): readonly Refusal[] {
    return [...this.#byDigest.values()].filter(({ until }) => nowMs < until);
  }

  reset(items: readonly Refusal[]): void {
    this.#byDigest.clear();
    for (const refusal of items) this.#byDigest.set(refusal.digest, refusal);
  }
}
