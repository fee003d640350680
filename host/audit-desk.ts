import {
  type BrokenTrail,
  type QueryOptions,
  type ReadRecord,
  readRecords,
  showCall,
  type TrailFilter,
  type VerifiedTrail,
  type VerifyOptions,
  verifyTrail,
} from './audit/index.ts';

/** The trail for those who read it: needs no lock and holds up no call. */
export class AuditDesk {
  /** Folder of the trail. */
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /**
   * Records in the order of the trail, each checked against its link.
   *
   * @throws CodedError `audit/broken-chain`, `audit/unreadable`.
   */
  query(filter: TrailFilter = {}, options: Pick<QueryOptions, 'signal'> = {}): AsyncGenerator<ReadRecord, void, undefined> {
    return readRecords(this.folder, filter, options);
  }

  /**
   * All records of one request.
   *
   * @param id - audit id, as receipts have it, or its beginning. @throws CodedError `usage/not-found`, `usage/ambiguous`, and as `query`.
   */
  show(id: string): Promise<{ readonly audit: string; readonly records: readonly ReadRecord[] }> {
    return showCall(this.folder, id);
  }

  /** Reads the whole trail and says whether it is as it was written, or names the first record that is not. */
  verify(options: VerifyOptions = {}): Promise<VerifiedTrail | BrokenTrail> {
    return verifyTrail(this.folder, options);
  }
}
