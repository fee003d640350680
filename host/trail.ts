import { expiryEntries } from './approvals/index.ts';
import type { OutcomeEntry, TrailEntry } from './audit/entries.ts';
import { openJournal, type SyncMode } from './audit/index.ts';
import type { Journal } from './audit/trail.ts';
import { WardenState } from './trail-state.ts';

/** A trail that is open for writing, with everything that is known from it. */
export interface Trail {
  readonly journal: Journal;
  readonly state: WardenState;
  /**
   * Leaves an outcome to be written when the disk is well again: of a call whose records were refused, and which may be in the trail
   * all the same, since a sync that fails does not say what it has written.
   */
  owe(outcome: OutcomeEntry): void;
  /** Writes what is owed, if anything is. @throws CodedError as `Journal.transact`. */
  pay(): Promise<void>;
  close(): Promise<void>;
}

export interface TrailOptions {
  readonly folder: string;
  readonly sync: SyncMode;
  readonly segmentBytesMax: number;
  /** Version of this package. */
  readonly version: string;
  /** Digest of the policy that decides; absent for commands that only administer. */
  readonly policy?: string;
  readonly reduced?: readonly string[];
}

/**
 * Opens the trail of a policy, and ends what a process that died has left: its open calls become `failed/interrupted`, since whether they
 * had their effect is not known, and are never run again.
 *
 * @throws CodedError `failed/audit-unavailable`, `audit/broken-chain`: then nothing may run.
 */
export async function openTrail(options: TrailOptions): Promise<Trail> {
  const { folder, sync, segmentBytesMax, version, policy, reduced } = options;
  const state = new WardenState();
  const journal = await openJournal({
    folder,
    sync,
    segmentBytesMax,
    state,
    noteOpened: policy === undefined ? 'first-entry' : 'at-once',
    opened: { version, ...(policy === undefined ? {} : { policy }), ...(reduced === undefined ? {} : { reduced }) },
  });
  const owed = new Map<string, OutcomeEntry>();
  const tidy = async (): Promise<void> => {
    const paid = [...owed.keys()];
    await journal.transact((nowMs) => [...openOnes(owed, state), ...overdue(journal, state, nowMs)], 'durable');
    for (const audit of paid) owed.delete(audit);
  };
  await tidy().catch(async (error: unknown) => {
    await journal.close().catch(() => undefined);
    throw error;
  });
  // Another process may die while this one goes on.
  const timer = setInterval(() => void tidy().catch(() => undefined), TIDY_MS).unref();
  const owe = (outcome: OutcomeEntry): void => {
    if (owed.size < OWED_MAX) owed.set(outcome.audit, outcome);
  };
  const pay = async (): Promise<void> => {
    if (owed.size > 0) await tidy();
  };
  const close = async (): Promise<void> => {
    clearInterval(timer);
    await pay().catch(() => undefined);
    await journal.close();
  };
  return { journal, state, owe, pay, close };
}

/** Outcomes that wait for a disk; what is beyond is `interrupted` once this process has ended. */
const OWED_MAX = 10_000;

/** Those whose call is open in the trail. */
function openOnes(owed: ReadonlyMap<string, OutcomeEntry>, state: WardenState): readonly OutcomeEntry[] {
  return state.requests.openCalls().flatMap(({ audit }) => owed.get(audit) ?? []);
}

/** How often a process looks for what others have left. */
const TIDY_MS = 30_000;

/** What time and dead processes have ended, and nobody has written down. */
function overdue(journal: Journal, state: WardenState, nowMs: number): readonly TrailEntry[] {
  return [...interruptedCalls(journal, state), ...expiryEntries(state.approvals, nowMs)];
}

function interruptedCalls(journal: Journal, state: WardenState): readonly OutcomeEntry[] {
  const calls = state.requests.openCalls();
  const gone = new Set(
    [...new Set(calls.map(({ writer }) => writer))].filter((writer) => writer !== journal.writer && !journal.isWriting(writer)),
  );
  const abandoned = calls.filter(({ writer }) => gone.has(writer));
  return abandoned.map(({ audit }) => ({
    kind: 'outcome',
    audit,
    outcome: 'failed',
    code: 'failed/interrupted',
    message: 'the host ended while the call ran',
    fuel: '0',
    memoryBytesPeak: 0,
    wallMs: 0,
    hostCalls: 0,
  }));
}
