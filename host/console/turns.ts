import { CodedError } from '../../runtime/index.ts';

const WAITING_MAX = 8;

/** Work that reads much of the trail, or many components: one after the other, so that operators who look do not hold up calls. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** @throws CodedError `busy/overloaded` where eight wait already; and what the work throws. */
  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#waiting >= WAITING_MAX) {
      throw new CodedError('busy/overloaded', 'other operators read the trail just now', { data: { retryAfterMs: 5000 } });
    }
    this.#waiting += 1;
    const mine = this.#last.then(work).finally(() => {
      this.#waiting -= 1;
    });
    this.#last = mine.catch(() => undefined);
    return mine;
  }
}
