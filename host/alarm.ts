import type { CodedError } from '../runtime/index.ts';
import { type Alerts, alertFrom, type SinkCounts } from './alerts/index.ts';
import type { DecidedEntry, RequestedEntry } from './audit/entries.ts';
import type { TrailRecord } from './audit/trail.ts';
import type { Filing } from './filing.ts';
import type { Policy } from './policy/index.ts';
import type { Trail } from './trail.ts';

/**
 * Rings for each alert record that this process writes, with what the trail says of its request; and for a trail that cannot be written,
 * which no record can tell.
 */
export class Alarm {
  readonly #alerts: Alerts;
  readonly #writer: string;
  readonly #policy: Policy;
  /** The records of the request that is being written: they come one after another. */
  #requested: RequestedEntry | undefined;
  #decided: DecidedEntry | undefined;

  constructor(alerts: Alerts, { journal, state }: Trail, policy: Policy) {
    this.#alerts = alerts;
    this.#writer = journal.writer;
    this.#policy = policy;
    state.onRecord((record) => this.#hear(record));
  }

  #hear(record: TrailRecord): void {
    if (record.kind === 'requested') {
      this.#requested = record.writer === this.#writer ? record : undefined; // another process rings for its own
      this.#decided = undefined;
    } else if (record.kind === 'decided') this.#decided = record;
    else if (record.kind === 'alert' && record.audit === this.#requested?.audit) {
      this.#alerts.raise(alertFrom(record, this.#requested, this.#decided), record.sinks);
    }
  }

  /** As `Alerts.counts`. */
  counts(): ReadonlyMap<string, SinkCounts> {
    return this.#alerts.counts();
  }

  /** Nothing runs any more: everybody who can be told is told. */
  trailUnavailable({ audit, snapshot }: Filing, { code }: CodedError): void {
    const alert = {
      audit,
      at: Date.now(),
      rule: 'trail',
      severity: 'critical',
      agent: snapshot?.agent ?? '',
      tool: snapshot?.toolName ?? '',
      code,
      occurrences: 1,
    } as const;
    this.#alerts.raise(alert, [...this.#policy.alertSinks.keys()]);
  }

  /** Sends what waits, as far as it goes within two seconds. */
  async close(): Promise<void> {
    await this.#alerts.flush(GRACE_MS);
    await this.#alerts.close();
  }
}

const GRACE_MS = 2000;
