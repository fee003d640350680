import type { Timers } from '../outbound/index.ts';
import type { Alert } from './alert.ts';
import { alertParcel, type BoundedAlert, boundTexts, type Parcel, summarisedNotice, withoutParameters } from './parcel.ts';

export interface ThrottleOptions {
  readonly sink: string;
  /** Length of a window. */
  readonly windowMs: number;
  /** Parcels of one window; critical ones have as many again, and one for each rule beside. */
  readonly parcelsMax: number;
  /** Kinds of alerts (rule, agent, tool and code) that are told apart in one window. */
  readonly kindsMax: number;
  readonly timers: Timers;
  readonly now: () => number;
  /** Takes what is to be delivered. */
  readonly emit: (parcel: Parcel) => void;
}

/** What one kind of alerts has in this window beside what went out at once: the last of them, and how many it stands for. */
interface Held {
  last: BoundedAlert;
  since: number;
  occurrences: number;
}

/**
 * Keeps a sink from being flooded: alerts of one kind are told once at once and once more, as a number, when the window ends; past a number
 * of parcels, further kinds wait for that end, too. The occurrences of all parcels together are those of all alerts.
 *
 * A window begins with an alert and is measured by a timer, so that a clock that is set cannot stretch it. Names in alerts may be an
 * attacker's, so no number of names makes it hold or send more: only the first critical alert of each *rule* always goes out at once.
 */
export class Throttle {
  readonly #options: ThrottleOptions;
  #timer: unknown;
  #open = false;
  #sent = 0;
  #criticalSent = 0;
  readonly #criticalRules = new Set<string>();
  readonly #kinds = new Map<string, Held | undefined>();
  #overflow = 0;
  #overflowCritical = 0;

  constructor(options: ThrottleOptions) {
    this.#options = options;
  }

  raise(alert: Alert): void {
    if (!this.#open) this.#begin();
    const kind = JSON.stringify([alert.rule, alert.agent, alert.tool, alert.code ?? null]);
    if (this.#kinds.has(kind)) {
      this.#kinds.set(kind, hold(alert, this.#kinds.get(kind)));
      return;
    }
    const atOnce = this.#mayGo(alert);
    if (this.#kinds.size < this.#options.kindsMax) this.#kinds.set(kind, atOnce ? undefined : hold(alert));
    else if (!atOnce) this.#overflowBy(alert.occurrences, alert.severity === 'critical');
    if (atOnce) this.#options.emit(alertParcel(boundTexts(alert)));
  }

  /** Ends the window now: what was held goes out. */
  end(): void {
    if (!this.#open) return;
    this.#options.timers.clear(this.#timer);
    this.#open = false;
    // Critical ones first: where not all can be told one by one, they are.
    const held = [...this.#kinds.values()].filter((entry) => entry !== undefined).sort((a, b) => rank(a) - rank(b));
    const { parcelsMax } = this.#options;
    const whole = this.#overflow === 0 && held.length <= parcelsMax ? held.length : parcelsMax - 1;
    for (const entry of held.slice(whole)) this.#overflowBy(entry.occurrences, isCritical(entry));
    const [summarised, critical] = [this.#overflow, this.#overflowCritical];
    this.#forget();
    if (held.length === 0 && summarised === 0) return;

    // What goes out now counts in the next window, which begins here.
    this.#begin();
    this.#sent = whole + (summarised > 0 ? 1 : 0);
    const { emit, now, sink } = this.#options;
    for (const { last, since, occurrences } of held.slice(0, whole)) {
      emit(alertParcel({ ...last, alert: { ...last.alert, occurrences } }, since));
    }
    if (summarised > 0) emit(summarisedNotice(now(), sink, summarised, critical));
  }

  /** Ends without telling what is held. @returns how many alerts that were. */
  close(): number {
    this.#options.timers.clear(this.#timer);
    this.#open = false;
    let lost = this.#overflow;
    for (const entry of this.#kinds.values()) lost += entry?.occurrences ?? 0;
    this.#forget();
    return lost;
  }

  /** How many alerts wait for the end of the window. */
  get held(): number {
    let held = this.#overflow;
    for (const entry of this.#kinds.values()) held += entry?.occurrences ?? 0;
    return held;
  }

  #begin(): void {
    this.#open = true;
    this.#timer = this.#options.timers.set(() => this.end(), this.#options.windowMs);
  }

  #mayGo({ severity, rule }: Alert): boolean {
    const critical = severity === 'critical';
    const firstOfRule = critical && !this.#criticalRules.has(rule);
    if (critical) this.#criticalRules.add(rule);
    if (this.#sent < this.#options.parcelsMax) {
      this.#sent += 1;
      return true;
    }
    if (firstOfRule) return true;
    if (!critical || this.#criticalSent >= this.#options.parcelsMax) return false;
    this.#criticalSent += 1;
    return true;
  }

  #overflowBy(alerts: number, critical: boolean): void {
    this.#overflow += alerts;
    if (critical) this.#overflowCritical += alerts;
  }

  #forget(): void {
    this.#kinds.clear();
    this.#criticalRules.clear();
    this.#sent = 0;
    this.#criticalSent = 0;
    this.#overflow = 0;
    this.#overflowCritical = 0;
  }
}

/** Parameters are not held: those of one alert may be a megabyte, and they are in the trail. */
function hold(alert: Alert, before?: Held): Held {
  const last = withoutParameters(boundTexts(alert));
  if (before === undefined) return { last, since: alert.at, occurrences: alert.occurrences };
  return { last, since: before.since, occurrences: before.occurrences + alert.occurrences };
}

const isCritical = ({ last }: Held): boolean => last.alert.severity === 'critical';
const rank = (held: Held): number => (isCritical(held) ? 0 : 1);
