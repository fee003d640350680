import { isCoded } from '../../runtime/index.ts';
import type { TrailRecord } from '../audit/index.ts';
import { tail } from '../audit/query.ts';
import type { LiveWarden } from '../serving/index.ts';
import { type RequestRow, RequestRows } from './request-row.ts';

/** Requests that the first page shows. */
const ROWS_MAX = 200;
/** Records of the trail's last segment that are looked at for what came before this console was opened. */
const RECORDS_BEFORE_MAX = 2000;

/** The newest requests of a warden, from its trail and from what it tells as it goes on; those of other processes on the trail are among them. */
export class RequestFeed {
  readonly #live: LiveWarden;
  readonly #rows = new RequestRows(ROWS_MAX);
  readonly #listener = (record: TrailRecord): void => {
    // What comes while the trail is read waits: a record must not come before the request that it belongs to.
    if (this.#early === undefined) this.#rows.apply(record);
    else if (this.#early.length < RECORDS_BEFORE_MAX) this.#early.push(record);
  };
  #early: TrailRecord[] | undefined = [];
  #loading: Promise<string | undefined> | undefined;

  constructor(live: LiveWarden) {
    this.#live = live;
    live.events.on('record', this.#listener);
  }

  /** Newest first; `problem`: why what was before this console cannot be read. */
  async newest(folder: string): Promise<{ readonly rows: readonly RequestRow[]; readonly problem?: string }> {
    this.#loading ??= this.#load(folder);
    const problem = await this.#loading;
    return { rows: this.#rows.newest(), ...(problem === undefined ? {} : { problem }) };
  }

  close(): void {
    this.#live.events.off('record', this.#listener);
  }

  async #load(folder: string): Promise<string | undefined> {
    this.#early = [];
    let problem: string | undefined;
    try {
      for await (const record of tail(folder, { last: RECORDS_BEFORE_MAX })) this.#rows.apply(record);
    } catch (error) {
      if (!isCoded(error)) throw error;
      problem = error.message;
    }
    for (const record of this.#early) this.#rows.apply(record);
    this.#early = undefined;
    return problem;
  }
}
