/** Timers as what goes out uses them, so that tests need no time to pass. */
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

/** Waits for work, but no longer than so many milliseconds; the process stays alive for it. */
export async function waitAtMost(work: Promise<unknown>, ms: number, timers: Timers): Promise<void> {
  let timer: unknown;
  const grace = new Promise<void>((resolve) => {
    timer = timers.set(resolve, ms, true);
  });
  await Promise.race([work, grace]);
  timers.clear(timer);
}
