const FAILURES_PER_MINUTE_MAX = 30;
const MINUTE_MS = 60_000;

/** Counts failed logins of the last minute, of all who try: at most 30 are looked at. */
export class LoginBrake {
  #failures: number[] = [];

  /** Seconds after which another try is looked at; 0: now. */
  waitSeconds(nowMs: number): number {
    this.#failures = this.#failures.filter((at) => nowMs - at < MINUTE_MS && at <= nowMs);
    const [first] = this.#failures;
    if (first === undefined || this.#failures.length < FAILURES_PER_MINUTE_MAX) return 0;
    return Math.max(1, Math.ceil((first + MINUTE_MS - nowMs) / 1000));
  }

  failed(nowMs: number): void {
    if (this.#failures.length < FAILURES_PER_MINUTE_MAX) this.#failures.push(nowMs);
  }
}
