import { isCoded } from '../../runtime/index.ts';
import type { TrailRecord } from '../audit/index.ts';
import { tail } from '../audit/query.ts';
import type { LiveWarden } from '../serving/index.ts';
import { type RequestRow, RequestRows } from './request-row.ts';

/** Requests that the first page shows. */
const ROWS_MAX = 200;
/** Records of the trail's last segment that are looked at for what came before this console was opened. */
const RECORDS_BEFORE_MAX = 2000;
/** Milliseconds after which what could not be read is tried again, by the next who looks. */
const RETRY_MS = 10_000;

/** The newest requests of a warden, from its trail and from what it tells as it goes on; those of other processes on the trail are among them. */
export class RequestFeed {
  readonly #live: LiveWarden;
  #rows = new RequestRows(ROWS_MAX);
  readonly #listener = (record: TrailRecord): void => {
    // What comes while the trail is read waits: a record must not come before the request that it belongs to.
    if (this.#early === undefined) this.#rows.apply(record);
    else if (this.#early.length < RECORDS_BEFORE_MAX) this.#early.push(record);
  };
  #early: TrailRecord[] | undefined = [];
  #loading: Promise<string | undefined> | undefined;
  #retryAtMs = Number.POSITIVE_INFINITY;

  constructor(live: LiveWarden) {
    this.#live = live;
    live.events.on('record', this.#listener);
  }

  /** Newest first; `problem`: why what was before this console cannot be read. */
  async newest(folder: string): Promise<{ readonly rows: readonly RequestRow[]; readonly problem?: string }> {
    if (performance.now() >= this.#retryAtMs) this.#loading = undefined;
    this.#loading ??= this.#load(folder);
    const problem = await this.#loading;
    return { rows: this.#rows.newest(), ...(problem === undefined ? {} : { problem }) };
  }

  close(): void {
    this.#live.events.off('record', this.#listener);
  }

  async #load(folder: string): Promise<string | undefined> {
    this.#early = [];
    this.#retryAtMs = Number.POSITIVE_INFINITY;
    this.#rows = new RequestRows(ROWS_MAX); // what a page before could not read is older than what has come since
    let problem: string | undefined;
    try {
      for await (const record of tail(folder, { last: RECORDS_BEFORE_MAX })) this.#rows.apply(record);
    } catch (error) {
      problem = isCoded(error) ? error.message : 'an error of the system';
      this.#retryAtMs = performance.now() + RETRY_MS;
    }
    for (const record of this.#early) this.#rows.apply(record);
    this.#early = undefined;
    return problem;
  }
}
