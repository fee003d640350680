import { randomUUID } from 'node:crypto';
import { BroadcastChannel } from 'node:worker_threads';
import type { CellOutcome } from '../outcome.ts';
import type { ProfileReport } from './call-profile.ts';
import type { CellPlan } from './plan.ts';

/*
 * A profile goes from its worker to the trusted side beside the frames of calls, so that these know nothing of it. Only among threads of one
 * process.
 */

/** Milliseconds that a profile may come later than its call's outcome. */
const LATE_MS_MAX = 5_000;

/** How a call ended, and where its fuel went. */
export interface ProfiledCall {
  readonly outcome: CellOutcome;
  readonly report?: ProfileReport;
}

/** A name that no other plan has. */
export function newProfileChannel(): string {
  return `cellblock profile ${randomUUID()}`;
}

/** Thread: cell worker. */
export function postProfile({ profile }: CellPlan, report: ProfileReport): void {
  const channel = new BroadcastChannel(profile as string); // asked only where it is one
  channel.postMessage(report);
  channel.close();
}

/**
 * Runs a call of a plan that has a profile, and waits for that.
 *
 * @returns no report where the call was ended from outside (a deadline, a crash): its worker had no more to say.
 */
export async function withProfile({ profile }: CellPlan, invoke: () => Promise<CellOutcome>): Promise<ProfiledCall> {
  const channel = new BroadcastChannel(profile as string); // as above
  try {
    const { promise, resolve } = pending<ProfileReport | undefined>();
    channel.onmessage = (message) => resolve((message as { readonly data: ProfileReport }).data); // of a worker of ours
    const outcome = await invoke();
    if (isFromOutside(outcome)) resolve(undefined);
    const timer = setTimeout(() => resolve(undefined), LATE_MS_MAX);
    const report = await promise;
    clearTimeout(timer);
    return report === undefined ? { outcome } : { outcome, report };
  } finally {
    channel.close();
  }
}

function isFromOutside({ error }: CellOutcome): boolean {
  return error !== undefined && /^(?:limit\/deadline|cancelled\/|failed\/|busy\/|params\/|internal\/)/.test(error.code);
}

function pending<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
