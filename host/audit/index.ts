/** The trail: what was asked, decided, approved and run, in a chain that shows every change. */

export { type Checkpoint, readCheckpointFile } from './checkpoint.ts';
export type * from './entries.ts';
export type { TrailFilter } from './filter.ts';
export { type JournalOptions, openJournal, type SyncMode } from './journal.ts';
export { openRedactionKey } from './keys.ts';
export { type QueryOptions, type ReadRecord, readRecords, showCall } from './query.ts';
export { createRedactor, type Redactor } from './redact.ts';
export type { Journal, TrailRecord, TrailState, Until } from './trail.ts';
export type { BrokenTrail, VerifiedTrail, VerifyOptions } from './verified-trail.ts';
export { verifyTrail } from './verify.ts';
