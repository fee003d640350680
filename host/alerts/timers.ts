/** Timers as this folder uses them, so that tests need no time to pass. */
export interface Timers {
  /** @param hold - the process stays alive for it; otherwise it may end first. */
  set(run: () => void, ms: number, hold?: boolean): unknown;
  clear(timer: unknown): void;
}

export const systemTimers: Timers = {
  set(run, ms, hold = false) {
    const timer = setTimeout(run, ms);
    if (!hold) timer.unref();
    return timer;
  },
  clear(timer) {
    clearTimeout(timer as NodeJS.Timeout);
  },
};
