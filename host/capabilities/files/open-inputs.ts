import { closeSync } from 'node:fs';

/** Inputs of one call that are open at once; with the directories of its mounts that makes less than 64 descriptors. */
const OPEN_MAX = 32;

/** The inputs that a call has open, those used last; one that was closed is opened again when it is asked for. */
export class OpenInputs {
  readonly #fds = new Map<string, number>();

  /** @param open - opens it; undefined where that cannot be. */
  get(key: string, open: () => number | undefined): number | undefined {
    const fd = this.#fds.get(key) ?? open();
    this.#fds.delete(key);
    if (fd === undefined) return undefined;
    for (const [oldest, oldestFd] of this.#fds) {
      if (this.#fds.size < OPEN_MAX) break;
      this.#fds.delete(oldest);
      closeSync(oldestFd);
    }
    this.#fds.set(key, fd);
    return fd;
  }

  close(): void {
    for (const fd of this.#fds.values()) closeSync(fd);
    this.#fds.clear();
  }
}
