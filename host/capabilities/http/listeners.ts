/** Who wants to hear once of the next change. One that stops waiting takes itself out: a guest may wait a million times for what never comes. */
export class Listeners {
  #listeners = new Set<() => void>();

  /** @returns takes it back. */
  add(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  wake(): void {
    const listeners = this.#listeners;
    this.#listeners = new Set();
    for (const listener of listeners) listener();
  }
}
