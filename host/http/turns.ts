import { CodedError } from '../../runtime/index.ts';

/** How much of something each principal has at one time, and all together. */
export class Turns {
  readonly #each: number;
  readonly #all: number;
  readonly #what: string;
  readonly #taken = new Map<string, number>();
  #total = 0;

  /** @param what - in the plural, for the error. @param all - default: no bound but `each`. */
  constructor(what: string, each: number, all = Number.POSITIVE_INFINITY) {
    this.#what = what;
    this.#each = each;
    this.#all = all;
  }

  /** @returns gives it back, once. @throws CodedError `busy/overloaded`. */
  take(key: string): () => void {
    const taken = this.#taken.get(key) ?? 0;
    if (taken >= this.#each || this.#total >= this.#all) {
      throw new CodedError('busy/overloaded', `too many ${this.#what} are open`, { data: { retryAfterMs: 1000 } });
    }
    this.#taken.set(key, taken + 1);
    this.#total += 1;
    let isTaken = true;
    return () => {
      if (!isTaken) return;
      isTaken = false;
      this.#total -= 1;
      const left = (this.#taken.get(key) ?? 1) - 1;
      if (left === 0) this.#taken.delete(key);
      else this.#taken.set(key, left);
    };
  }
}
