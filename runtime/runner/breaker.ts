import { CodedError } from '../error.ts';

/** Crashes of one component within `WINDOW_MS`, after which it is not run for `OPEN_MS`. */
const CRASHES_MAX = 3;
const WINDOW_MS = 60_000;
const OPEN_MS = 30_000;

/** Components that are remembered; the one that crashed least recently is forgotten first. */
const REMEMBERED_MAX = 1000;

/**
 * Keeps a component that ends its runner again and again from taking everybody's time: it is refused for a while, and one more
 * crash after that refuses it again.
 */
export class Breaker {
  /** By digest: instants of its latest crashes, oldest first. */
  readonly #crashes = new Map<string, number[]>();
  readonly #now: () => number;

  /** @param now - milliseconds on a clock that does not go back. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** @throws CodedError `failed/runner-crashed` while the component is refused. */
  check(digest: string): void {
    const crashes = this.#crashes.get(digest) ?? [];
    const last = crashes.at(-1) ?? Number.NEGATIVE_INFINITY;
    const retryAfterMs = Math.ceil(last + OPEN_MS - this.#now());
    if (crashes.length < CRASHES_MAX || retryAfterMs <= 0) return;
    throw new CodedError(
      'failed/runner-crashed',
      `the component ended its runner ${crashes.length} times within ${WINDOW_MS / 1000} s`,
      {
        data: { crashes: crashes.length, retryAfterMs },
        help: 'see what the runner said when it ended; the component is tried again later',
      },
    );
  }

  /** Notes that a runner ended while it worked for a component. */
  crashed(digest: string): void {
    const now = this.#now();
    const recent = (this.#crashes.get(digest) ?? []).filter((instant) => now - instant < WINDOW_MS).slice(1 - CRASHES_MAX);
    this.#crashes.delete(digest);
    this.#crashes.set(digest, [...recent, now]);
    for (const oldest of this.#crashes.keys()) {
      if (this.#crashes.size <= REMEMBERED_MAX) break;
      this.#crashes.delete(oldest);
    }
  }

  /** Does something for a component, unless it is refused, and notes if the runner ends meanwhile. */
  async watch<T>(digest: string, work: () => Promise<T>): Promise<T> {
    this.check(digest);
    try {
      return await work();
    } catch (error) {
      if ((error as { code?: unknown } | null)?.code === 'failed/runner-crashed') this.crashed(digest);
      throw error;
    }
  }
}
