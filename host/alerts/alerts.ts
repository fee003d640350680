import { type Env, httpPost, type Post, systemTimers, type Timers, waitAtMost } from '../outbound/index.ts';
import type { AlertSink } from '../policy/policy.ts';
import { quote } from '../policy/quote.ts';
import type { Alert } from './alert.ts';
import { AlertLane } from './alert-lane.ts';
import { ALERT_LIMITS, type AlertLimits } from './limits.ts';
import { openSink, type SinkContext } from './open-sink.ts';
import { type WriteLine, writeStderr } from './stderr-sink.ts';
import { Throttle } from './throttle.ts';

/** Something that keeps alerts from arriving. For the operator; holds no secret and no address. */
export interface AlertProblem {
  readonly sink: string;
  readonly message: string;
}

/** What became of the alerts for one sink, each counted with its occurrences: `raised = delivered + waiting + dropped`. */
export interface SinkCounts {
  readonly raised: number;
  readonly delivered: number;
  /** Held for the end of a window, in the queue, or on their way. */
  readonly waiting: number;
  readonly dropped: number;
  /** `dead`: it never worked, for a reason that was reported. `failing`: the last delivery did not arrive. */
  readonly state: 'working' | 'failing' | 'dead';
}

export interface AlertsOptions {
  readonly sinks: readonly AlertSink[];
  /** Where the secrets are that the sinks name; read once, now. */
  readonly env: Env;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly onProblem: (problem: AlertProblem) => void;
  readonly post?: Post;
  /** Gets a line with its line break. */
  readonly stderr?: WriteLine;
  readonly timers?: Timers;
  /** From 0 to below 1. */
  readonly random?: () => number;
  readonly limits?: Partial<AlertLimits>;
}

export interface Alerts {
  /**
   * Sends an alert on its way to the sinks of these names. Returns at once, throws nothing, and no sink can make it wait: whatever goes wrong is
   * counted and reported.
   */
  raise(alert: Alert, sinkNames: readonly string[]): void;
  /** Tells what is held and waits until all has arrived or been given up, at most this long. */
  flush(graceMs: number): Promise<void>;
  /** Ends. What did not arrive is dropped, and reported. */
  close(): void;
  /** By the name of the sink. */
  counts(): ReadonlyMap<string, SinkCounts>;
}

/** A sink's throttle and lane; neither where it is dead. */
interface Road {
  readonly name: string;
  readonly working: { readonly throttle: Throttle; readonly lane: AlertLane } | undefined;
  raised: number;
  /** Beside what the lane dropped. */
  dropped: number;
}

/** Names of unknown sinks that are reported, each once. */
const UNKNOWN_MAX = 100;

/**
 * Opens the sinks of a policy. A sink that cannot work is reported to `onProblem` now, and the others work.
 *
 * @returns owned by the caller, who closes it.
 */
export function createAlerts(options: AlertsOptions): Alerts {
  const limits = { ...ALERT_LIMITS, ...options.limits };
  const timers = options.timers ?? systemTimers;
  const report = (sink: string, message: string): void => {
    try {
      options.onProblem({ sink, message });
    } catch {
      // Whoever listens is broken; a call must not pay for it.
    }
  };
  const context: SinkContext = {
    env: options.env,
    now: options.now,
    post: options.post ?? httpPost,
    stderr: options.stderr ?? writeStderr,
    timers,
    limits,
  };
  const roads = new Map<string, Road>();
  for (const spec of options.sinks) {
    if (roads.has(spec.name)) report(spec.name, 'there are two sinks of this name; the second is not used');
    else roads.set(spec.name, openRoad(spec, context, options.random ?? Math.random, report));
  }
  return new SinkAlerts(roads, timers, report);
}

function openRoad(
  spec: AlertSink,
  context: SinkContext,
  random: () => number,
  report: (sink: string, message: string) => void,
): Road {
  const { name } = spec;
  const opened = openSink(spec, context);
  if ('problem' in opened) {
    report(name, `it gets no alerts: ${opened.problem}`);
    return { name, working: undefined, raised: 0, dropped: 0 };
  }
  const { timers, now, limits } = context;
  const lane = new AlertLane({
    name,
    sink: opened.sink,
    itemsMax: limits.queueParcelsMax,
    bytesMax: limits.queueBytesMax,
    attemptsMax: limits.attemptsMax,
    backoffMs: limits.backoffMs,
    timers,
    now,
    random,
    onProblem: (message) => report(name, message),
  });
  const throttle = new Throttle({
    sink: name,
    windowMs: limits.windowMs,
    parcelsMax: limits.parcelsPerWindowMax,
    kindsMax: limits.kindsPerWindowMax,
    timers,
    now,
    emit: (parcel) => lane.push(parcel),
  });
  return { name, working: { throttle, lane }, raised: 0, dropped: 0 };
}

class SinkAlerts implements Alerts {
  readonly #roads: ReadonlyMap<string, Road>;
  readonly #timers: Timers;
  readonly #report: (sink: string, message: string) => void;
  readonly #unknown = new Set<string>();
  #closed = false;

  constructor(roads: ReadonlyMap<string, Road>, timers: Timers, report: (sink: string, message: string) => void) {
    this.#roads = roads;
    this.#timers = timers;
    this.#report = report;
  }

  raise(alert: Alert, sinkNames: readonly string[]): void {
    for (const name of new Set(sinkNames)) {
      const road = this.#roads.get(name);
      if (road === undefined) this.#reportUnknown(name);
      else this.#raiseOn(road, alert);
    }
  }

  async flush(graceMs: number): Promise<void> {
    const lanes = this.#working().map(({ throttle, lane }) => {
      throttle.end();
      return lane.idle();
    });
    await waitAtMost(Promise.all(lanes), graceMs, this.#timers);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const road of this.#roads.values()) {
      if (road.working === undefined) continue;
      const { throttle, lane } = road.working;
      const held = throttle.close();
      const lost = held + lane.waiting;
      road.dropped += held;
      lane.close();
      if (lost > 0)
        this.#report(road.name, `closed before ${lost === 1 ? '1 alert' : `${lost} alerts`} arrived; the trail has them`);
    }
  }

  counts(): ReadonlyMap<string, SinkCounts> {
    return new Map([...this.#roads].map(([name, road]) => [name, countsOf(road)]));
  }

  #working(): { readonly throttle: Throttle; readonly lane: AlertLane }[] {
    return [...this.#roads.values()].flatMap(({ working }) => (working === undefined ? [] : [working]));
  }

  #raiseOn(road: Road, alert: Alert): void {
    road.raised += alert.occurrences;
    if (road.working === undefined || this.#closed) {
      road.dropped += alert.occurrences;
      return;
    }
    try {
      road.working.throttle.raise(alert);
    } catch {
      road.dropped += alert.occurrences;
      this.#report(road.name, 'an alert could not be written down; the trail has it');
    }
  }

  #reportUnknown(name: string): void {
    if (this.#unknown.has(name) || this.#unknown.size >= UNKNOWN_MAX) return;
    this.#unknown.add(name);
    this.#report(name, `there is no sink of the name ${quote(name)}`);
  }
}

function countsOf({ working, raised, dropped }: Road): SinkCounts {
  if (working === undefined) return { raised, delivered: 0, waiting: 0, dropped, state: 'dead' };
  const { throttle, lane } = working;
  return {
    raised,
    delivered: lane.delivered,
    waiting: throttle.held + lane.waiting,
    dropped: dropped + lane.dropped,
    state: lane.failing ? 'failing' : 'working',
  };
}
